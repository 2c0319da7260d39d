package main

import (
	"context"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/sms"
)

// bypassMethod is the engine's name for codes that support gives out.
const bypassMethod = "bypass"

// sends says whether codes of this method have to be sent.
func sends(method string) bool { return method == sms.Name || method == emailcode.Name }

// isOwn says whether an enrollment is one that a person has chosen to sign in with.
func isOwn(e mfa.Enrollment) bool {
	return !e.Implicit && e.Method != recovery.Name && e.Method != bypassMethod
}

// ownMethods counts what an account has to sign in with besides its password.
func (a *app) ownMethods(ctx context.Context, user string) (n int, err error) {
	list, err := a.engine.Enrollments(ctx, user)
	for _, e := range list {
		if isOwn(e) {
			n++
		}
	}
	return n, err
}

// proofs are the methods that evidence rests on, each once.
func proofs(e mfa.Authentication) []string {
	var out []string
	for _, p := range e.Proofs {
		if !slices.Contains(out, p.Method) {
			out = append(out, p.Method)
		}
	}
	return out
}

// Method is a method in words, as a heading has it.
func (v view) Method(method string) string {
	for _, id := range []string{"method." + method, "host.method." + method} {
		if v.words.Has(id) {
			return v.T(id)
		}
	}
	return method
}
