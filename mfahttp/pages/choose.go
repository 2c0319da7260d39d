package pages

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/mfakit/mfa"
)

// setupPages are where each method is set up.
var setupPages = map[string]string{
	methodApp:  "/setup/app",
	methodKey:  "/setup/key",
	methodText: "/setup/sms",
	methodMail: "/setup/email",
}

// A way is a method to set up: the page, what the link there says, and what helps
// to choose.
type way struct{ Method, URL, Text, Hint string }

// ways are those of the methods that have a page here, in the policy's order.
func (v *visit) ways(methods []string) []way {
	var out []way
	for _, m := range methods {
		if path := setupPages[m]; path != "" {
			out = append(out, way{m, v.path(path), v.text("page.add." + m), v.text("page.add." + m + ".hint")})
		}
	}
	return out
}

// waysOf are the ways of a set-up, whose links know where all of it leads.
func (v *visit) waysOf(s *setup, methods []string) []way {
	out := v.ways(methods)
	for i := range out {
		out[i].URL = v.link(s, setupPages[out[i].Method])
	}
	return out
}

// others are the ways besides a method.
func (v *visit) others(s *setup, methods []string, method string) []way {
	return slices.DeleteFunc(v.waysOf(s, methods), func(w way) bool { return w.Method == method })
}

// choosing is the page at which somebody chooses what to set up.
type choosing struct {
	Step     string
	Required bool // they cannot go on without
	Ways     []way
}

// choose lets somebody choose among what they may set up. Where there is but one way, it
// leads there.
func (v *visit) choose(s *setup) error {
	ways := v.waysOf(s, s.Methods)
	switch len(ways) {
	case 0:
		return mfa.ErrMethodNotAllowed
	case 1:
		return v.redirect(ways[0].URL)
	}
	return v.render(http.StatusOK, "choose", view{Title: v.text("page.choose.title"), Aside: v.asideFor(s), Public: !s.signedIn(),
		Data: choosing{v.step(s, 1), !s.signedIn(), ways}})
}

// suggesting is the page that suggests a second way after the first.
type suggesting struct {
	Ways  []way
	Later string // where it leads without
}

// more suggests a second way to somebody who has just set up the first, so that losing
// it does not lock them out. It asks for nothing: what it leads to does.
func (v *visit) more() error {
	if _, err := v.api.SessionCaller(v.r); err != nil {
		return err
	}
	s, err := v.setup()
	if err != nil {
		return err
	}
	later := cmp.Or(s.back, v.path("/settings"))
	ways := v.waysOf(s, s.Methods)
	// Another of the same kind gets lost with the first one, but for keys, of which
	// people are told to have two.
	other := slices.DeleteFunc(slices.Clone(ways), func(w way) bool {
		return w.Method != methodKey && slices.ContainsFunc(s.own, func(e mfa.Enrollment) bool { return e.Method == w.Method })
	})
	if len(other) == 0 {
		return v.redirect(later)
	}
	return v.render(http.StatusOK, "more", view{Title: v.text("page.more.title"), Data: suggesting{other, later}})
}
