package main

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// methodName is a method in words, as a heading has it.
func methodName(method string) string {
	switch method {
	case string(mfa.Password):
		return "Password"
	case totp.Name:
		return "Authenticator app"
	case webauthn.Name:
		return "Security key or passkey"
	case recovery.Name:
		return "Recovery code"
	}
	return method
}

func methodNames(e mfa.Authentication) string {
	var names []string
	for _, p := range e.Proofs {
		if name := methodName(p.Method); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// owned is what an account has enrolled, each kind oldest first.
type owned struct {
	Apps      []mfa.Enrollment
	Keys      []mfa.Enrollment
	CodesLeft int
}

// Methods are all that a person has chosen to sign in with.
func (o owned) Methods() []mfa.Enrollment { return slices.Concat(o.Apps, o.Keys) }

// Single says that losing one thing would lock its owner out, but for the codes.
func (o owned) Single() bool { return len(o.Apps)+len(o.Keys) == 1 }

func (a *app) enrolled(r *http.Request, s session) (owned, error) {
	var out owned
	list, err := a.engine.Enrollments(r.Context(), s.Account.ID)
	slices.SortFunc(list, func(x, y mfa.Enrollment) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), strings.Compare(x.ID, y.ID))
	})
	for _, e := range list {
		switch e.Method {
		case recovery.Name:
			out.CodesLeft = e.Remaining
		case webauthn.Name:
			out.Keys = append(out.Keys, e)
		default:
			out.Apps = append(out.Apps, e)
		}
	}
	return out, err
}

// addable is what an account may add.
type addable struct {
	App, Key bool
	Note     *keyNote // why no key, where there is something to say about it
}

// addable asks the policy, so that a page offers nothing that is refused then.
// The engine decides all the same.
func (a *app) addable(r *http.Request, s session, o owned) addable {
	client := a.mfa.Client(r)
	client.DeviceToken = ""
	d := a.policy.Decide(mfa.Subject{User: s.Account.user(), Client: client, Enrollments: o.Methods(), Now: a.clock.Now()})
	allowed := func(method string) bool { return len(d.Methods) == 0 || slices.Contains(d.Methods, method) }
	second := slices.ContainsFunc(o.Methods(), func(e mfa.Enrollment) bool { return !slices.Contains(d.NotFirst, e.Method) })
	now := func(method string) bool { return allowed(method) && (second || !slices.Contains(d.NotFirst, method)) }
	out := addable{App: now(totp.Name)}
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
