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

// addable is what an account may add.
type addable struct {
	App, Key, Phone, Address bool
	Note                     *keyNote // why no key, where there is something to say about it
	More                     int      // how many methods there should be beside those that there are; 0: enough
}

// addable asks the policy, so that a page offers nothing that is refused then.
// The engine decides all the same.
func (a *app) addable(r *http.Request, s session, o owned) addable {
	client := a.mfa.Client(r)
	client.DeviceToken = ""
	d := a.policy.Decide(mfa.Subject{User: s.Account.user(), Client: client, Enrollments: o.Methods(), Now: a.clock.Now()})
	allowed := func(method string) bool {
		return !d.Closed && (len(d.Methods) == 0 || slices.Contains(d.Methods, method)) && !slices.Contains(d.Forbidden, method)
	}
	has := func(which func(method string) bool) bool {
		return slices.ContainsFunc(o.Methods(), func(e mfa.Enrollment) bool { return which(e.Method) })
	}
	second := has(func(method string) bool { return !slices.Contains(d.NotFirst, method) })
	now := func(method string) bool {
		before := d.Prerequisites[method]
		return allowed(method) && (second || !slices.Contains(d.NotFirst, method)) &&
			(len(before) == 0 || has(func(method string) bool { return slices.Contains(before, method) }))
	}
	out := addable{
		App:     now(totp.Name),
		Phone:   a.senders.sms != nil && now(sms.Name),
		Address: a.senders.mail != nil && now(emailcode.Name),
	}
	if n := len(o.Methods()); n > 0 {
		out.More = max(0, d.Nudge-n)
	}
	switch {
	case !allowed(webauthn.Name):
	case !now(webauthn.Name):
		out.Note = &keyNote{Text: "A security key or passkey can be added after another method, such as an authenticator app."}
	default:
		out.Note = a.keysHere(r)
		out.Key = out.Note == nil
	}
	return out
}

// methods are those that can be added on the page that is asked for.
func (d addable) methods() []string {
	var out []string
	for _, m := range []struct {
		ok   bool
		name string
	}{{d.App, totp.Name}, {d.Key, webauthn.Name}, {d.Phone, sms.Name}, {d.Address, emailcode.Name}} {
		if m.ok {
			out = append(out, m.name)
		}
	}
	return out
}
