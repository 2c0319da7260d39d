package mfahttp

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Headers of clients that are not browsers. FlowHeader carries the flow's token
// where Authorization carries the host's own session; elsewhere Authorization:
// Bearer does.
const (
	ClientHeader = "Mfa-Client" // "native" with the request that begins a flow
	FlowHeader   = "Mfa-Flow"
)

// deviceAge is how long a browser keeps the device token. It only has to come
// back often enough to be known; browsers cut at 400 days.
const deviceAge = 365 * 24 * time.Hour

// Several sign-ins by passkey and several resets may be under way in one browser,
// so their cookies are lists: of the newest of them, with dots between.
const (
	maxKept      = 3
	maxKeptBytes = 2000 // browsers drop cookies above 4096, and servers headers above 8 KiB
)

// cookies are the names and attributes of the cookies.
type cookies struct {
	secure                       bool
	flow, device, passkey, reset string
}

// newCookies takes the __Host- prefix wherever browsers honour it: such a cookie
// cannot be planted by a subdomain or by plain http.
func newCookies(secure bool) cookies {
	if secure {
		return cookies{true, "__Host-mfa-flow", "__Host-mfa-device", "__Host-mfa-passkey", "__Host-mfa-reset"}
	}
	return cookies{false, "mfa-flow", "mfa-device", "mfa-passkey", "mfa-reset"}
}

func (c cookies) set(w http.ResponseWriter, name, value string, age time.Duration) {
	seconds := int(age / time.Second)
	if seconds < 1 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

// joinTokens puts a token before those that the browser has kept, up to the bounds.
func joinTokens(newest, kept string) string {
	out := newest
	for i, token := range strings.SplitN(kept, ".", maxKept) {
		if i == maxKept-1 || token == "" || len(out)+1+len(token) > maxKeptBytes {
			break
		}
		out += "." + token
	}
	return out
}

func cookieValue(r *http.Request, name string) string {
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// FlowToken returns the token of the flow that the request belongs to, for the
// engine's methods. Empty: there is none, or there are two.
func (h *Handler) FlowToken(r *http.Request) string {
	token, err := h.flowToken(r)
	if err != nil {
		return ""
	}
	return token
}

// flowToken finds the token of a request that answers a flow. Two of them are
// refused: which one was meant is not for us to guess.
func (h *Handler) flowToken(r *http.Request) (string, error) {
	cookie, header := cookieValue(r, h.cookies.flow), headerToken(r)
	if cookie != "" && header != "" {
		return "", badRequest("a flow cookie and a flow token together")
	}
	return cookie + header, nil
}

// sessionFlowToken finds the token of a flow beside a session. There,
// Authorization is the session's.
func (h *Handler) sessionFlowToken(r *http.Request) string {
	if header := r.Header.Get(FlowHeader); header != "" {
		return header
	}
	return cookieValue(r, h.cookies.flow)
}

// headerToken is the token of a client that keeps it itself.
func headerToken(r *http.Request) string {
	if token := r.Header.Get(FlowHeader); token != "" {
		return token
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// isNative says whether the client asks for its flow's token in the answer's
// body. A request with an Origin or a Cookie comes from a browser, where a
// script could read that body, so it is refused.
func isNative(r *http.Request) (bool, error) {
	switch r.Header.Get(ClientHeader) {
	case "":
		return false, nil
	case "native":
	default:
		return false, badRequest(ClientHeader + " is not native")
	}
	if len(r.Header.Values("Origin")) > 0 || len(r.Header.Values("Cookie")) > 0 {
		return false, badRequest(ClientHeader + ": native comes with neither Origin nor Cookie")
	}
	return true, nil
}

// inBody says whether the client gets the flow's tokens in the answer's body:
// one that asks for it, and one that has just sent this flow's token by itself.
func (h *Handler) inBody(r *http.Request, flow mfa.Flow) (bool, error) {
	native, err := isNative(r)
	if err != nil || native {
		return native, err
	}
	return flow.Token != "" && flow.Token == headerToken(r), nil
}

// Proceed carries what became of a flow to the client and to the host: it keeps
// the flow's token and the device token in cookies, and when the flow has passed
// it calls [Host.Passed] and ends the flow's cookie. Call it with each flow that the
// engine returns, of whatever status, before anything is written: the device
// token changes with each sign-in, one that is denied too. [Handler.WriteFlow] does
// it by itself.
//
// Of a flow that approved an action (flow.Action) the host is not told: the session
// and its evidence stay as they are, and [Handler.Redeem] takes the approval.
func (h *Handler) Proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	inBody, err := h.inBody(r, flow)
	if err != nil {
		return err
	}
	return h.proceed(w, r, flow, inBody)
}

func (h *Handler) proceed(w http.ResponseWriter, r *http.Request, flow mfa.Flow, inBody bool) error {
	if flow.Status == mfa.StatusPassed {
		if err := h.passed(w, r, flow); err != nil {
			return err
		}
	}
	if inBody {
		return nil
	}
	if flow.DeviceToken != "" {
		h.cookies.set(w, h.cookies.device, flow.DeviceToken, deviceAge)
	}
	carried := cookieValue(r, h.cookies.flow)
	switch {
	case flow.Status == mfa.StatusPassed:
		if carried != "" {
			h.ClearFlow(w)
		}
	case flow.Token != "" && flow.Token != carried:
		h.cookies.set(w, h.cookies.flow, flow.Token, flow.Expires.Sub(h.now()))
	}
	return nil
}

// passed hands a passed flow to the host. A step-up serves the session that
// asked for it and no other: not that of somebody who signed in meanwhile, and
// not one that was ended.
func (h *Handler) passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error {
	if flow.Purpose == mfa.SteppingUp {
		user, _, err := h.session(r)
		if err != nil {
			return err
		}
		if user.ID != flow.User {
			return mfa.ErrCaller
		}
	}
	if flow.Action != nil {
		return nil
	}
	if err := h.host.Passed(w, r, flow); err != nil {
		return errors.Join(errHost, err)
	}
	return nil
}

// ClearFlow ends the browser's flow cookie: for a page that lets the user give up a
// sign-in, and for signing out.
func (h *Handler) ClearFlow(w http.ResponseWriter) {
	h.cookies.set(w, h.cookies.flow, "", 0)
}
