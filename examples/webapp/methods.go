package main

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// bypassMethod is the engine's name for codes that support gives out.
const bypassMethod = "bypass"

// methodName is a method in words, as a heading has it.
func methodName(method string) string {
	switch method {
	case string(mfa.Password):
		return "Password"
	case totp.Name:
		return "Authenticator app"
	case webauthn.Name:
		return "Security key or passkey"
	case sms.Name:
		return "Text message"
	case emailcode.Name:
		return "Code by mail"
	case recovery.Name:
		return "Recovery code"
	case bypassMethod:
		return "Code from support"
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
	Phones    []mfa.Enrollment
	Addresses []mfa.Enrollment
	CodesLeft int
}

// Methods are all that a person has chosen to sign in with.
func (o owned) Methods() []mfa.Enrollment {
	return slices.Concat(o.Apps, o.Keys, o.Phones, o.Addresses)
}

// Single says that losing one thing would lock its owner out, but for the codes.
func (o owned) Single() bool { return len(o.Methods()) == 1 }

// find is one of Methods.
func (o owned) find(id string) (mfa.Enrollment, error) {
	for _, e := range o.Methods() {
		if e.ID == id {
			return e, nil
		}
	}
	return mfa.Enrollment{}, mfa.ErrNoEnrollment
}

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
		case sms.Name:
			out.Phones = append(out.Phones, e)
		case emailcode.Name:
			out.Addresses = append(out.Addresses, e)
		default:
			out.Apps = append(out.Apps, e)
		}
	}
	return out, err
}
