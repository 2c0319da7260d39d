package main

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
)

// A destination is a kind of place that codes are sent to.
type destination struct {
	method string
	field  string // of the form, and its id
	title  string
	change string // the title where another one takes the place of one that there is
	onFile func(account) string
}

var destinations = []destination{
	{sms.Name, "phone", "Codes by text message", "Change number", func(a account) string { return ending(a.Phone) }},
	{emailcode.Name, "email", "Codes by mail", "Change address", func(a account) string { return maskAddress(a.Email) }},
}

func destinationOf(method string) (destination, error) {
	i := slices.IndexFunc(destinations, func(d destination) bool { return d.method == method })
	if i < 0 {
		return destination{}, mfa.ErrNoEnrollment
	}
	return destinations[i], nil
}

// ending tells a number from others without giving it away: its last two digits.
func ending(phone string) string {
	if len(phone) < 2 {
		return ""
	}
	return "the number ending in " + phone[len(phone)-2:]
}

// maskAddress is for pages that somebody sees who has proved nothing but a password.
func maskAddress(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	if local == "" {
		return ""
	}
	return local[:1] + "•••@" + domain
}

// maskedTo is where a code went, as the factor says it.
func maskedTo(c mfa.Challenge) string {
	switch c := c.(type) {
	case *sms.Challenge:
		return c.Destination
	case *emailcode.Challenge:
		return c.Destination
	}
	return ""
}

// offered is what an account has on file for codes of this kind, unless it gets
// them there already; empty: nothing.
func (a *app) offered(r *http.Request, caller mfa.Caller, d destination) (string, error) {
	id, err := a.userOf(r.Context(), caller)
	if err != nil {
		return "", err
	}
	acc, err := a.accounts.byID(r.Context(), id)
	if err != nil {
		return "", err
	}
	list, err := a.engine.Enrollments(r.Context(), id)
	on := d.onFile(acc)
	if err != nil || on == "" {
		return "", err
	}
	if slices.ContainsFunc(list, func(e mfa.Enrollment) bool { return e.Method == d.method && (e.Hint == on || endsAlike(e.Hint, on)) }) {
		return "", nil
	}
	return on, nil
}

// endsAlike says whether two masked numbers may be the same one.
func endsAlike(x, y string) bool {
	return len(x) > 2 && len(y) > 2 && x[len(x)-2:] == y[len(y)-2:] && isDigit(x[len(x)-1])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// userOf is who sets something up: of a session, or of a flow that asks for it.
func (a *app) userOf(ctx context.Context, caller mfa.Caller) (string, error) {
	if caller.User.ID != "" {
		return caller.User.ID, nil
	}
	flow, err := a.engine.Flow(ctx, caller.FlowToken)
	return flow.User, err
}
