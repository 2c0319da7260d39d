package mfahttp

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/mfakit/mfa"
)

// beginPasskey is for whoever opens a login page, so it stores nothing.
func (h *Handler) beginPasskey(c *call) error {
	native, err := isNative(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	begun, err := h.engine.BeginPasskey(c.r.Context(), h.Client(c.r))
	if err != nil {
		return err
	}
	own := timed(map[string]any{}, begun.Expires, time.Time{})
	if native {
		own["token"] = begun.Token
	} else {
		// Each tab of a login page begins one when it is shown, and any may finish it.
		kept := joinTokens(begun.Token, cookieValue(c.r, h.cookies.passkey))
		h.cookies.set(c.w, h.cookies.passkey, kept, begun.Expires.Sub(h.now()))
	}
	out, err := merged(begun.Challenge, own)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, out)
}

func (h *Handler) finishPasskey(c *call) error {
	token, inBody, err := h.passkeyToken(c.r)
	if err != nil {
		return err
	}
	var in struct {
		Credential json.RawMessage `json:"credential"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	if in.Credential == nil {
		return badRequest(`member "credential" is missing`)
	}
	a, err := toAnswer(nil, in.Credential)
	if err != nil {
		return err
	}
	flow, err := h.engine.FinishPasskey(c.r.Context(), token, a, h.Client(c.r))
	if errors.Is(err, mfa.ErrNotValid) {
		return mfa.ErrNotValid // and nothing besides: whose it is, or was, is not told to strangers
	}
	if err != nil {
		return err
	}
	if !inBody {
		h.cookies.set(c.w, h.cookies.passkey, "", 0)
	}
	return h.answerFlow(c.w, c.r, http.StatusOK, flow, inBody)
}

// passkeyToken finds what begin gave, and says whether its client keeps tokens
// itself. Two are refused, as with flows.
func (h *Handler) passkeyToken(r *http.Request) (token string, inBody bool, err error) {
	native, err := isNative(r)
	if err != nil {
		return "", false, err
	}
	cookie, header := cookieValue(r, h.cookies.passkey), headerToken(r)
	switch {
	case cookie != "" && header != "":
		return "", false, badRequest("a passkey cookie and a token in a header together")
	case cookie == "" && header == "":
		return "", false, mfa.ErrNoFlow
	}
	return cookie + header, native || header != "", nil
}

// signals is what a page tells the browser's passkeys of the user's own, so that
// it stops offering what was removed.
func (h *Handler) signals(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	signals, err := h.engine.Signals(c.r.Context(), caller)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, signals)
}
