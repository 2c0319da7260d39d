package mfahttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A Problem is an error answer (RFC 9457), and an error. Hosts make their own
// for what the API does not know ("invalid_credentials") and give them to
// [Handler.WriteError].
type Problem struct {
	Status  int            // of HTTP
	Code    string         // stable, for programs
	Detail  string         // for developers; never a secret
	Retry   time.Duration  // when to try again, as Retry-After in whole seconds; 0: not said
	Members map[string]any // further members; type, title, status, code and detail are taken
	allow   string         // the Allow header of a 405
}

func (p *Problem) Error() string { return "mfahttp: " + p.Code }

func badRequest(detail string) error {
	return &Problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: detail}
}

var (
	errNotJSON  = badRequest("the body is not JSON")
	errTooLarge = &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the body is larger than 64 KiB"}
	errHost     = errors.New("mfahttp: the host failed")

	// errNoSkip has the code of a removal that the policy refuses, but here the person
	// is not let in.
	errNoSkip  = &Problem{Status: http.StatusForbidden, Code: "enrollment_required", Detail: "the enrolment cannot be put off"}
	errNoReset = &Problem{Status: http.StatusForbidden, Code: "reset_not_granted", Detail: "there is no reset for this user"}
)

// problems is what clients are told of each error, the first that matches. It
// is documented in openapi.yaml; what is not here is a 500 without details.
var problems = []struct {
	err     error
	problem Problem
}{
	{ErrNoSession, Problem{Status: 401, Code: "unauthenticated", Detail: "nobody is signed in"}},
	{mfa.ErrCaller, Problem{Status: 401, Code: "unauthenticated", Detail: "the flow is not the signed-in user's, or not one that may enrol"}},
	{mfa.ErrNotValid, Problem{Status: 401, Code: "code_not_valid", Detail: "wrong, spent or expired"}},
	{mfa.ErrRequirement, Problem{Status: 403, Code: "requirement", Detail: "more evidence is needed"}},
	{mfa.ErrSupport, Problem{Status: 403, Code: "support_refused", Detail: "support may not do that"}},
	{mfa.ErrNoFlow, Problem{Status: 404, Code: "no_flow", Detail: "there is no such flow"}},
	{mfa.ErrNoOption, Problem{Status: 404, Code: "no_option", Detail: "the flow has no such option"}},
	{mfa.ErrNoEnrollment, Problem{Status: 404, Code: "no_enrollment", Detail: "there is no such enrollment"}},
	{mfa.ErrNoDevice, Problem{Status: 404, Code: "no_device", Detail: "there is no such device"}},
	{mfa.ErrNoActivity, Problem{Status: 404, Code: "no_activity", Detail: "there is no such sign-in"}},
	{ErrNoAction, Problem{Status: 404, Code: "no_action", Detail: "there is no such action"}},
	{mfa.ErrEnrollmentRequired, Problem{Status: 409, Code: "enrollment_required", Detail: "an enrollment is needed"}},
	{mfa.ErrTooMany, Problem{Status: 409, Code: "too_many", Detail: "there are as many as there may be"}},
	{mfa.ErrTooLarge, Problem{Status: 409, Code: "too_many", Detail: "there is no room for more"}},
	{mfa.ErrFlowExpired, Problem{Status: 410, Code: "flow_expired", Detail: "the flow has expired or was used"}},
	{mfa.ErrEnrollmentExpired, Problem{Status: 410, Code: "enrollment_expired", Detail: "the enrolment has expired or was used"}},
	{mfa.ErrRefused, Problem{Status: 422, Code: "destination_refused", Detail: "not accepted"}},
	{mfa.ErrMethodNotAllowed, Problem{Status: 422, Code: "method_not_allowed", Detail: "this method is not open to the user"}},
	{mfa.ErrLocked, Problem{Status: 429, Code: "locked", Detail: "too many failures"}},
	{mfa.ErrTooSoon, Problem{Status: 429, Code: "too_soon", Detail: "too soon to send again"}},
	{mfa.ErrSendLimit, Problem{Status: 429, Code: "send_limit", Detail: "too many messages"}},
	{mfa.ErrDelivery, Problem{Status: 502, Code: "delivery_failed", Detail: "the message could not be sent"}},
	{mfa.ErrBusy, Problem{Status: 503, Code: "busy", Detail: "nothing was accepted; try again", Retry: time.Second}},
	{mfa.ErrClosed, Problem{Status: 503, Code: "busy", Detail: "shutting down; try again", Retry: time.Second}},
	{context.DeadlineExceeded, Problem{Status: 503, Code: "busy", Detail: "it took too long; try again", Retry: time.Second}},
	{context.Canceled, Problem{Status: 503, Code: "busy", Detail: "the request was given up", Retry: time.Second}},
	{mfa.ErrStore, Problem{Status: 503, Code: "busy", Detail: "nothing was accepted; try again", Retry: time.Second}},
	// While an upgrade rolls, the next try may meet an instance that can read it.
	{mfa.ErrNewerVersion, Problem{Status: 503, Code: "busy", Detail: "another instance of this service is newer; try again", Retry: time.Second}},
	{mfa.ErrBadInput, Problem{Status: 400, Code: "bad_request"}},
}

// codeAuthenticatorRefused is what an [mfa.ErrRefused] is where it is about an authenticator.
const codeAuthenticatorRefused = "authenticator_refused"

// disabledRetry is for clients that know Retry-After alone: waiting does not
// help, so they had better not ask soon.
const disabledRetry = 24 * time.Hour

// problem says what a client is told of err.
func (h *Handler) problem(err error) *Problem {
	if own := (*Problem)(nil); errors.As(err, &own) {
		return own
	}
	ofHost := errors.Is(err, errHost)
	for _, known := range problems {
		if ofHost && known.problem.Code != "busy" {
			continue // its errors are its own affair, even where they are also the engine's
		}
		if errors.Is(err, known.err) {
			p := known.problem
			p.Members = map[string]any{}
			h.describe(&p, err)
			return &p
		}
	}
	return &Problem{Status: 500, Code: "internal"}
}

// describe adds what the error itself knows.
func (h *Handler) describe(p *Problem, err error) {
	var (
		notValid *mfa.NotValidError
		locked   *mfa.LockedError
		wait     *mfa.WaitError
		lacks    *mfa.RequirementError
		refused  *mfa.RefusedError
		delivery *mfa.DeliveryError
	)
	switch {
	case errors.As(err, &notValid):
		p.Members["attempts_left"] = notValid.AttemptsLeft
		if notValid.Hint != "" {
			p.Members["hint"] = notValid.Hint
		}
		if notValid.Resent != nil {
			p.Members = resent(*notValid.Resent, p.Members)
		}
	case errors.As(err, &locked):
		p.Members["disabled"] = locked.Disabled
		p.Retry = disabledRetry
		if !locked.Until.IsZero() {
			p.Members["locked_until"] = locked.Until.UTC()
			p.Retry = h.until(locked.Until)
		}
	case errors.As(err, &wait):
		p.Members["resend_at"] = wait.Until.UTC()
		p.Retry = h.until(wait.Until)
	case errors.As(err, &lacks):
		p.Members["missing"] = lacks.Missing
		p.Members["requirement"] = requirementJSON(lacks.Require)
	case errors.As(err, &refused):
		if refused.Subject == mfa.SubjectAuthenticator {
			p.Code = codeAuthenticatorRefused
		}
		p.Members["reason"] = refused.Reason
		if refused.Methods != nil {
			p.Members["methods"] = refused.Methods
		}
		p.Detail = refused.Detail
	case errors.As(err, &delivery):
		p.Members["reason"] = delivery.Reason
		p.Members["retry"] = delivery.Retry
	case p.Code == "bad_request":
		_, p.Detail, _ = strings.Cut(err.Error(), mfa.ErrBadInput.Error()+": ")
	}
}

// resent adds what a new code's challenge says, with own winning over it.
func resent(asked mfa.Asked, own map[string]any) map[string]any {
	own = timed(own, asked.Expires, asked.ResendAt)
	own["resent"] = true
	if all, err := merged(asked.Challenge, own); err == nil {
		return all
	}
	return own // what a factor asks with is no object: its answers fail, this one need not
}

// until is at least a second: Retry-After: 0 would be an invitation.
func (h *Handler) until(t time.Time) time.Duration { return max(t.Sub(h.now()), time.Second) }

// WriteError answers with the problem that err is: one of the engine's errors,
// [ErrNoSession] or a *[Problem]. Anything else is a 500 without details. That is
// logged, and so is a store that failed.
func (h *Handler) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	p := h.problem(err)
	h.logFault(r, p, err)
	p.write(w)
}

// logFault tells the operator what the client is not told.
func (h *Handler) logFault(r *http.Request, p *Problem, err error) {
	ours := errors.Is(err, mfa.ErrStore) && !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrNewerVersion)
	if ours || p.Status == http.StatusInternalServerError {
		h.log.ErrorContext(r.Context(), "mfahttp: request failed", "method", r.Method, "error", err)
	}
}

func (p *Problem) write(w http.ResponseWriter) {
	body := map[string]any{}
	maps.Copy(body, p.Members)
	body["type"] = "about:blank"
	body["title"] = http.StatusText(p.Status)
	body["status"] = p.Status
	body["code"] = p.Code
	if p.Detail != "" {
		body["detail"] = p.Detail
	}
	p.retryAfter(w)
	if p.allow != "" {
		w.Header().Set("Allow", p.allow)
	}
	raw, err := json.Marshal(body)
	if err != nil { // a host's own members
		raw = fmt.Appendf(nil, `{"type":"about:blank","status":%d}`, p.Status)
	}
	answer(w, p.Status, "application/problem+json", raw)
}

func (p *Problem) retryAfter(w http.ResponseWriter) {
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.Retry.Seconds()))))
	}
}

// Problem is what a client would be told of an error of the engine's, of [ErrNoSession]
// or of a *[Problem], for pages that tell it in words of their own. It logs nothing.
func (h *Handler) Problem(err error) *Problem { return h.problem(err) }
