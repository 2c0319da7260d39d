package mfahttp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// maxLinkMember is far above what links carry.
const maxLinkMember = 2048 // bytes

// getLink shows the page that a mailed link opens. Scanners of mail open links,
// some of them often, so it asks nobody and changes nothing: what counts is that
// its button is pressed.
func (h *Handler) getLink(c *call) error {
	page, err := h.linkOf(c.r.URL.RawQuery)
	if err != nil {
		return h.refuseLink(c, page, err)
	}
	page.Button, page.Text = true, h.approvedBy(c.r, page)
	return h.writeLink(c, http.StatusOK, page)
}

// approvedBy is what the button approves in this browser's flow. Of another browser's
// nothing is told here; the mail says it.
func (h *Handler) approvedBy(r *http.Request, page LinkPage) string {
	token := cookieValue(r, h.cookies.flow)
	if token == "" || page.Flow != "" {
		return ""
	}
	flow, err := h.engine.Flow(r.Context(), token)
	if err != nil || flow.Action == nil {
		return ""
	}
	return flow.Action.Text
}

// linkOf reads what a link or its form carries. A member that comes twice could
// mean one thing to the page and another to us.
func (h *Handler) linkOf(encoded string) (LinkPage, error) {
	page := LinkPage{Action: h.prefix + "/link"}
	q, err := url.ParseQuery(encoded)
	if err != nil {
		return page, badRequest("the link cannot be read")
	}
	for name, to := range map[string]*string{"option": &page.Option, "token": &page.Token, "flow": &page.Flow} {
		if len(q[name]) > 1 || len(q.Get(name)) > maxLinkMember {
			return LinkPage{Action: page.Action}, badRequest("member " + name + " comes twice or is too long")
		}
		*to = q.Get(name)
	}
	if page.Option == "" || page.Token == "" {
		return page, badRequest("the link lacks option or token")
	}
	return page, nil
}

// postLink is the pressed button.
func (h *Handler) postLink(c *call) error {
	page := LinkPage{Action: h.prefix + "/link"}
	encoded, err := h.readForm(c)
	if err != nil {
		return h.refuseLink(c, page, err)
	}
	if page, err = h.linkOf(encoded); err != nil {
		return h.refuseLink(c, page, err)
	}
	flow, here, err := h.answerLink(c.r, page)
	if err != nil {
		return h.refuseLink(c, page, err)
	}
	if !here {
		page.Done = true
		return h.writeLink(c, http.StatusOK, page)
	}
	if err := h.Proceed(c.w, c.r, flow); err != nil {
		return h.refuseLink(c, page, err)
	}
	private(c.w)
	http.Redirect(c.w, c.r, h.linkDone, http.StatusSeeOther)
	return nil
}

// answerLink has the link checked, and says whether it is this browser that goes on.
//
// A link that names its flow is checked against that one and no other: an option
// is named alike in all flows of its user, and this browser may have another one
// of the same user, in which the link would count as a failure.
func (h *Handler) answerLink(r *http.Request, page LinkPage) (flow mfa.Flow, here bool, err error) {
	ctx, client, token := r.Context(), h.Client(r), cookieValue(r, h.cookies.flow)
	answer := mfa.Answer{Option: page.Option, Code: page.Token}
	if page.Flow == "" {
		if token == "" {
			return mfa.Flow{}, false, mfa.ErrNoFlow
		}
		flow, err = h.engine.Verify(ctx, token, answer, client)
		return flow, true, err
	}
	if err := h.engine.VerifyElsewhere(ctx, page.Flow, answer, client); err != nil || token == "" {
		return mfa.Flow{}, false, err
	}
	switch flow, err = h.engine.Flow(ctx, token); {
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		return mfa.Flow{}, false, nil
	case err != nil || !flow.Approved:
		return mfa.Flow{}, false, err
	}
	flow, err = h.engine.Continue(ctx, token, client)
	if errors.Is(err, mfa.ErrFlowExpired) { // the page that waits in this browser was faster
		return mfa.Flow{}, false, nil
	}
	return flow, true, err
}
