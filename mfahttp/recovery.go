package mfahttp

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// resetAsked is a delayed reset that waits.
type resetAsked struct {
	Ready   time.Time `json:"ready_at"`
	Expires time.Time `json:"expires_at"`
	Ticket  string    `json:"ticket,omitempty"` // native clients only
}

// requestReset asks for a delayed reset, in a sign-in that cannot be finished.
func (h *Handler) requestReset(c *call) error {
	token, inBody, err := h.resetToken(c)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	asked, err := h.askReset(c, token, inBody)
	if err != nil {
		return err
	}
	out := resetAsked{Ready: asked.Ready.UTC(), Expires: asked.Expires.UTC()}
	if inBody {
		out.Ticket = asked.Ticket
	}
	return writeJSON(c.w, http.StatusAccepted, out)
}

// RequestReset asks for a delayed reset in the browser's sign-in, as POST recovery does,
// and keeps its ticket in a cookie: for pages. [mfa.ErrNoFlow], [mfa.ErrFlowExpired],
// a *[Problem] reset_not_granted where the policy has none.
func (h *Handler) RequestReset(w http.ResponseWriter, r *http.Request) (mfa.ResetRequest, error) {
	c := &call{w: w, r: r}
	token, err := h.token(c)
	if err != nil {
		return mfa.ResetRequest{}, err
	}
	return h.askReset(c, token, false)
}

func (h *Handler) askReset(c *call, token string, inBody bool) (mfa.ResetRequest, error) {
	asked, err := h.engine.RequestReset(c.r.Context(), token, h.Client(c.r))
	if err != nil {
		return mfa.ResetRequest{}, h.refuseReset(err)
	}
	if !inBody && asked.Ticket != "" {
		// Several people may share a browser, and one of them may ask again.
		kept := joinTokens(asked.Ticket, cookieValue(c.r, h.cookies.reset))
		h.cookies.set(c.w, h.cookies.reset, kept, asked.Expires.Sub(h.now()))
	}
	return asked, nil
}

// resetToken finds the flow of a call, and says whether its client keeps tokens itself.
func (h *Handler) resetToken(c *call) (token string, inBody bool, err error) {
	if token, err = h.token(c); err != nil {
		return "", false, err
	}
	inBody, err = h.inBody(c.r, mfa.Flow{Token: token})
	return token, inBody, err
}

// refuseReset tells what stands in the way of a reset, in words of its own.
func (h *Handler) refuseReset(err error) error {
	if errors.Is(err, mfa.ErrMethodNotAllowed) {
		return errNoReset
	}
	if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) {
		p := h.problem(&mfa.WaitError{Until: wait.Until})
		p.Detail = "one was cancelled not long ago"
		return p
	}
	if errors.Is(err, mfa.ErrNotValid) {
		return mfa.ErrNotValid // there are no attempts to be counted
	}
	return err
}

func (h *Handler) cancelReset(c *call) error {
	caller, err := h.sessionCaller(c.r)
	if err != nil {
		return err
	}
	if err := c.noBody(); err != nil {
		return err
	}
	if err := h.engine.CancelReset(c.r.Context(), caller); err != nil {
		return err
	}
	return noContent(c.w)
}

// claim takes a reset whose time is over.
func (h *Handler) claim(c *call) error {
	token, inBody, err := h.resetToken(c)
	if err != nil {
		return err
	}
	var in struct {
		Link   string `json:"link"`
		Ticket string `json:"ticket"`
	}
	if err := c.decode(&in); err != nil {
		return err
	}
	kept := cookieValue(c.r, h.cookies.reset)
	switch {
	case in.Link == "":
		return badRequest(`member "link" is missing`)
	case in.Ticket != "" && kept != "":
		return badRequest("a reset cookie and a ticket together")
	}
	flow, err := h.claimReset(c, token, in.Link, kept+in.Ticket)
	if err != nil {
		return err
	}
	return h.answerFlow(c.w, c.r, http.StatusOK, flow, inBody)
}

// claimReset tries the tickets that a client has: which of them is of this user,
// only the engine knows. Each is 256 bits of chance, so trying is no guessing.
func (h *Handler) claimReset(c *call, token, link, kept string) (flow mfa.Flow, err error) {
	tickets := strings.SplitN(kept, ".", maxKept)
	for _, ticket := range tickets {
		flow, err = h.engine.ClaimReset(c.r.Context(), token, link, ticket, h.Client(c.r))
		if !errors.Is(err, mfa.ErrNotValid) {
			break
		}
	}
	if err != nil {
		return mfa.Flow{}, h.refuseReset(err)
	}
	if len(tickets) == 1 && cookieValue(c.r, h.cookies.reset) != "" {
		h.cookies.set(c.w, h.cookies.reset, "", 0)
	}
	return flow, nil
}
