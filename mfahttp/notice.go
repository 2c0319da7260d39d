package mfahttp

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// A Repudiator is a [Host] that wants to know when somebody has said that it was not
// them: by the link of a security mail, or of a sign-in in their history.
type Repudiator interface {
	// Repudiated is called when a link has undone a first enrolment or cancelled a
	// delayed reset, and when a signed-in user has disputed a sign-in, after
	// [Host.Renewed]. Somebody else has the user's password: the host ends the user's
	// sessions, and has the password changed before the next one. The person who
	// pressed a link's button is signed in by nothing here, and need not be the user;
	// who disputed was signed in, and may be the stranger all the same. So neither of
	// them chooses the new password here: whoever reads the user's mail does.
	//
	// It is called once, and an error of it is not made good: what must not be lost
	// belongs to an [mfa.Observer], which the notices of the same moment
	// (mfa.EventUndone, mfa.EventResetCanceled, mfa.EventVerdict) reach at least once.
	Repudiated(w http.ResponseWriter, r *http.Request, user string) error
}

// NoticeURL is the address of the link in a security mail, for a token of
// [mfa.Engine.LinkToken]: a page of this handler. Empty for the empty token, as
// most mails have no link. Whoever has it can use it: it is for the mail alone.
func (h *Handler) NoticeURL(token string) string {
	if token == "" {
		return ""
	}
	return h.origin + h.prefix + "/notice?" + url.Values{"token": {token}}.Encode()
}

// getNotice shows the page that a security mail's link opens. As with getLink, it
// changes nothing, and asks nobody who they are: people open their mail anywhere.
func (h *Handler) getNotice(c *call) error {
	page, err := h.noticeOf(c.r.URL.RawQuery)
	if err != nil {
		return h.refuseNotice(c, page, err)
	}
	page.SignIn = page.Kind == mfa.EventResetReady &&
		(cookieValue(c.r, h.cookies.flow) == "" || cookieValue(c.r, h.cookies.reset) == "")
	page.Button = !page.SignIn
	return h.writeNotice(c, http.StatusOK, page)
}

// noticeOf reads what a link or its form carries.
func (h *Handler) noticeOf(encoded string) (NoticePage, error) {
	page := NoticePage{Action: h.prefix + "/notice"}
	q, err := url.ParseQuery(encoded)
	if err != nil || len(q["token"]) != 1 || q.Get("token") == "" || len(q.Get("token")) > maxLinkMember {
		return page, badRequest("the link lacks its token")
	}
	kind, err := h.engine.LinkEvent(q.Get("token"))
	if err != nil {
		return page, err
	}
	page.Kind, page.Token = kind, q.Get("token")
	return page, nil
}

// postNotice is the pressed button.
func (h *Handler) postNotice(c *call) error {
	page := NoticePage{Action: h.prefix + "/notice"}
	encoded, err := h.readForm(c)
	if err != nil {
		return h.refuseNotice(c, page, err)
	}
	if page, err = h.noticeOf(encoded); err != nil {
		return h.refuseNotice(c, page, err)
	}
	if page.Kind == mfa.EventResetReady {
		return h.claimByLink(c, page)
	}
	user, err := h.engine.Repudiate(c.r.Context(), page.Token, h.Client(c.r))
	if err != nil {
		return h.refuseNotice(c, page, err)
	}
	page.Done = true
	status := http.StatusOK
	if err := h.repudiated(c, user); err != nil {
		status, page.Problem = http.StatusInternalServerError, h.speak(c.r).Text("page.notice.error.host")
		h.logFault(c.r, &Problem{Status: status}, err)
	}
	return h.writeNotice(c, status, page)
}

// repudiated tells a host that wants to know.
func (h *Handler) repudiated(c *call, user string) error {
	host, ok := h.host.(Repudiator)
	if !ok {
		return nil
	}
	if err := host.Repudiated(c.w, c.r, user); err != nil {
		return errors.Join(errHost, err)
	}
	return nil
}

// claimByLink takes a delayed reset with what this browser has: the flow that the
// password has begun, and the ticket.
func (h *Handler) claimByLink(c *call, page NoticePage) error {
	token := cookieValue(c.r, h.cookies.flow)
	if token == "" {
		return h.refuseNotice(c, page, mfa.ErrNoFlow)
	}
	flow, err := h.claimReset(c, token, page.Token, cookieValue(c.r, h.cookies.reset))
	if err != nil {
		return h.refuseNotice(c, page, err)
	}
	if err := h.proceed(c.w, c.r, flow, false); err != nil {
		return h.refuseNotice(c, page, err)
	}
	private(c.w)
	http.Redirect(c.w, c.r, h.linkDone, http.StatusSeeOther)
	return nil
}
