package pages

import (
	"net/http"

	"github.com/mfakit/mfa"
)

// SignIn begins a sign-in for somebody whose first factor was right, and goes on as
// [Pages.Proceed] does: it stands in the host's login where a session was begun before.
// s.Client is taken from the request. Errors get a page; a host with pages of its own
// for them calls [mfa.Engine.SignIn] and Proceed itself.
func (p *Pages) SignIn(w http.ResponseWriter, r *http.Request, s mfa.SignIn, back string) {
	s.Client = p.api.Client(r)
	flow, err := p.engine.SignIn(r.Context(), s)
	if err == nil {
		err = p.Proceed(w, r, flow, back)
	}
	if err != nil {
		p.visit(w, r).fail(err)
	}
}
