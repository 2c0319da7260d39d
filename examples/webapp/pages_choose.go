package main

import (
	"net/http"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// setupPages are where each method is set up, what a link there says, and what
// helps to choose, the safer ones first.
var setupPages = []struct {
	method string
	otherWay
	Hint string
}{
	{totp.Name, otherWay{"/setup/app", "Set up an authenticator app"}, "Codes from an app on your phone. It works without a network."},
	{webauthn.Name, otherWay{"/setup/key", "Add a security key or passkey"}, "The safest: it does not work on forged pages."},
	{sms.Name, otherWay{"/setup/sms", "Get codes by text message"}, "Needs nothing but a phone. The least safe with a phone, as numbers can be taken over."},
	{emailcode.Name, otherWay{"/setup/email", "Get codes by mail"}, "Stops whoever has nothing but your password."},
}

// setupLinks lead to where these methods are set up; keys only where they work.
func (a *app) setupLinks(r *http.Request, methods []string) []otherWay {
	var out []otherWay
	for _, p := range setupPages {
		if slices.Contains(methods, p.method) && (p.method != webauthn.Name || a.keysHere(r) == nil) {
			out = append(out, p.otherWay)
		}
	}
	return out
}

// setupPage is where setting something up begins. A sign-in that asks for it says
// what it takes; somebody who is signed in gets the page for an authenticator app,
// if that is open to them.
func (a *app) setupPage(w http.ResponseWriter, r *http.Request) error {
	caller, err := a.mfa.Caller(r)
	if err != nil {
		return err
	}
	if caller.FlowToken != "" {
		asks, err := a.asks(r, caller)
		if err != nil {
			return err
		}
		return a.choosePage(w, r, caller, asks)
	}
	return a.changing(w, r, func(s session) error {
		own, err := a.enrolled(r, s)
		if err != nil {
			return err
		}
		add := a.addable(r, s, own)
		if add.App {
			return a.askName(w, r, caller, nil)
		}
		return a.choosePage(w, r, caller, mfa.Flow{Methods: add.methods()})
	})
}

// choosePage lets somebody choose among the methods that a flow asks for. Where there
// is but one, it leads there.
func (a *app) choosePage(w http.ResponseWriter, r *http.Request, caller mfa.Caller, asks mfa.Flow) error {
	links := a.setupLinks(r, asks.Methods)
	note := a.keysHere(r)
	switch {
	case len(links) == 1:
		http.Redirect(w, r, links[0].URL, http.StatusSeeOther)
		return nil
	case len(links) == 0 && slices.Contains(asks.Methods, webauthn.Name) && note != nil:
		return a.noKeys(w, r, caller, *note)
	case len(links) == 0:
		return mfa.ErrMethodNotAllowed
	}
	hints := map[string]string{}
	for _, p := range setupPages {
		hints[p.URL] = p.Hint
	}
	return a.render(w, r, http.StatusOK, "choose", view{Title: "Choose a second factor", Email: caller.User.Email, Aside: asideOf(asks), Data: struct {
		Required bool
		Ways     []otherWay
		Hints    map[string]string // by URL
	}{caller.User.ID == "", links, hints}})
}
