package mfahttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func writtenProblem(t *testing.T, err error) (*httptest.ResponseRecorder, map[string]any, string) {
	t.Helper()
	var log bytes.Buffer
	h := &Handler{now: func() time.Time { return noon }, log: slog.New(slog.NewTextHandler(&log, nil))}
	w := httptest.NewRecorder()
	h.WriteError(w, httptest.NewRequest("POST", "/mfa/flow/verify", nil), err)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return w, body, log.String()
}

// sentTo is a challenge with members that are not its own to set.
type sentTo struct {
	Destination string `json:"destination"`
	Left        int    `json:"attempts_left"`
	Code        string `json:"code"`
}

func (sentTo) Method() string { return "letter" }

func TestErrorsBecomeProblems(t *testing.T) {
	later := noon.Add(90*time.Second + time.Millisecond)
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  string
		member string // of the body, as JSON
	}{
		{mfa.ErrBadInput, 400, "bad_request", "", ""},
		{fmt.Errorf("%w: label is too long", mfa.ErrBadInput), 400, "bad_request", "", `"detail":"label is too long"`},
		{ErrNoSession, 401, "unauthenticated", "", ""},
		{mfa.ErrCaller, 401, "unauthenticated", "", ""},
		{mfa.ErrNotValid, 401, "code_not_valid", "", ""},
		{&mfa.NotValidError{AttemptsLeft: 0}, 401, "code_not_valid", "", `"attempts_left":0`},
		{&mfa.NotValidError{Hint: mfa.HintClockSkew, AttemptsLeft: 3}, 401, "code_not_valid", "", `"hint":"clock_skew"`},
		{&mfa.RequirementError{Require: mfa.Requirement{MaxAge: 10 * time.Minute, SecondFactor: true}, Missing: []string{"second_factor"}},
			403, "requirement", "", `"requirement":{"max_age":600,"second_factor":true}`},
		{&mfa.RequirementError{Missing: []string{mfa.MissingPassword}}, 403, "requirement", "", `"missing":["password"]`},
		{&mfa.NotValidError{AttemptsLeft: 2, Resent: &mfa.Asked{Challenge: sentTo{"+1 ••• 99", 7, "x"}, Expires: later, ResendAt: later}}, 401, "code_not_valid", "",
			`"attempts_left":2,"code":"code_not_valid","destination":"+1 ••• 99","detail":"wrong, spent or expired","expires_at":"2026-03-04T12:01:30.001Z",` +
				`"resend_at":"2026-03-04T12:01:30.001Z","resent":true`},
		{&mfa.NotValidError{AttemptsLeft: 1, Resent: &mfa.Asked{}}, 401, "code_not_valid", "", `"resent":true`},
		{mfa.ErrNoFlow, 404, "no_flow", "", ""},
		{mfa.ErrNoOption, 404, "no_option", "", ""},
		{mfa.ErrNoEnrollment, 404, "no_enrollment", "", ""},
		{mfa.ErrNoDevice, 404, "no_device", "", ""},
		{mfa.ErrNoActivity, 404, "no_activity", "", ""},
		{ErrNoAction, 404, "no_action", "", ""},
		{fmt.Errorf("%w: of a higher rank", mfa.ErrSupport), 403, "support_refused", "", `"detail":"support may not do that"`},
		{&mfa.RequirementError{Missing: []string{mfa.MissingApproval}}, 403, "requirement", "", `"missing":["approval"]`},
		{mfa.ErrEnrollmentRequired, 409, "enrollment_required", "", ""},
		{mfa.ErrTooMany, 409, "too_many", "", ""},
		{mfa.ErrTooLarge, 409, "too_many", "", ""},
		{mfa.ErrFlowExpired, 410, "flow_expired", "", ""},
		{mfa.ErrEnrollmentExpired, 410, "enrollment_expired", "", ""},
		{&mfa.RefusedError{Reason: "country_not_allowed", Detail: "not this country"}, 422, "destination_refused", "", `"reason":"country_not_allowed"`},
		{&mfa.RefusedError{Subject: mfa.SubjectDestination, Reason: "toll"}, 422, "destination_refused", "", `"reason":"toll"`},
		{&mfa.RefusedError{Subject: mfa.SubjectAuthenticator, Reason: "already_registered", Detail: "This key is registered already."},
			422, "authenticator_refused", "", `"detail":"This key is registered already.","reason":"already_registered"`},
		{&mfa.RefusedError{Reason: "fixed_line", Methods: []string{"totp", "webauthn"}}, 422, "destination_refused", "",
			`"methods":["totp","webauthn"],"reason":"fixed_line"`},
		{&mfa.RefusedError{Reason: "fixed_line", Methods: []string{}}, 422, "destination_refused", "", `"methods":[]`},
		{mfa.ErrMethodNotAllowed, 422, "method_not_allowed", "", ""},
		{&mfa.LockedError{Until: later}, 429, "locked", "91", `"locked_until":"2026-03-04T12:01:30.001Z"`},
		{&mfa.LockedError{Until: noon.Add(-time.Second)}, 429, "locked", "1", ""},
		{&mfa.LockedError{Disabled: true}, 429, "locked", "86400", `"disabled":true`},
		{&mfa.WaitError{Until: later}, 429, "too_soon", "91", `"resend_at":"2026-03-04T12:01:30.001Z"`},
		{&mfa.WaitError{Until: later, Limit: true}, 429, "send_limit", "91", ""},
		{mfa.ErrDelivery, 502, "delivery_failed", "", ""},
		{&mfa.DeliveryError{Reason: mfa.SendUnreachable, Retry: true}, 502, "delivery_failed", "", `"reason":"unreachable","retry":true`},
		{&mfa.DeliveryError{Reason: mfa.SendOptedOut}, 502, "delivery_failed", "", `"reason":"opted_out","retry":false`},
		{mfa.ErrBusy, 503, "busy", "1", ""},
		{mfa.ErrClosed, 503, "busy", "1", ""},
		{context.DeadlineExceeded, 503, "busy", "1", ""},
		{fmt.Errorf("%w: disk is full", mfa.ErrStore), 503, "busy", "1", ""},
		{fmt.Errorf("%w: %w", mfa.ErrStore, context.Canceled), 503, "busy", "1", ""},
		{mfa.ErrSealed, 500, "internal", "", ""},
		{mfa.ErrNewerVersion, 503, "busy", "1", `"detail":"another instance`},
		{errors.New("pq: password of the database is hunter2"), 500, "internal", "", ""},
		{errors.Join(errHost, ErrNoSession), 500, "internal", "", ""},
		{errors.Join(errHost, context.Canceled), 503, "busy", "1", ""},
		{errors.Join(errHost, &Problem{Status: 403, Code: "suspended"}), 403, "suspended", "", ""},
		{&Problem{Status: 401, Code: "invalid_credentials", Members: map[string]any{"left": 2}}, 401, "invalid_credentials", "", `"left":2`},
	} {
		t.Run(c.code+"/"+c.err.Error(), func(t *testing.T) {
			w, body, log := writtenProblem(t, fmt.Errorf("wrapped: %w", c.err))
			if w.Code != c.status || body["code"] != c.code || body["status"] != float64(c.status) || body["type"] != "about:blank" || body["title"] == "" {
				t.Errorf("%d %v", w.Code, body)
			}
			if got := w.Header().Get("Retry-After"); got != c.retry {
				t.Errorf("Retry-After is %q, want %q", got, c.retry)
			}
			if w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), c.member) {
				t.Errorf("%v %s lacks %s", w.Header(), w.Body, c.member)
			}
			if logged := c.status == 500 || strings.Contains(c.err.Error(), "disk") || errors.Is(c.err, mfa.ErrNewerVersion); logged != (log != "") {
				t.Errorf("logged: %q", log)
			}
		})
	}
}

func TestC20_InternalErrorsTellNothing(t *testing.T) {
	w, body, log := writtenProblem(t, errors.New("pq: canary-7391"))
	if strings.Contains(w.Body.String(), "canary") || body["detail"] != nil {
		t.Errorf("the answer tells: %s", w.Body)
	}
	if !strings.Contains(log, "canary-7391") {
		t.Error("and nobody learns of it")
	}
}
