package pages

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// A setup is somebody who sets something up: a session, or a sign-in that asks for it.
type setup struct {
	mfa.Choices
	caller mfa.Caller
	flow   mfa.Flow         // the one that asks; the zero value for a session
	own    []mfa.Enrollment // what they have set up already
	back   string           // where it leads in the end; empty: nobody said
}

// setup finds out who asks, and what they may set up.
func (v *visit) setup() (*setup, error) {
	caller, err := v.api.Caller(v.r)
	if err != nil {
		return nil, err
	}
	s := &setup{caller: caller, back: v.wanted()}
	user := caller.User.ID
	if caller.FlowToken != "" {
		if s.flow, err = v.engine.Flow(v.r.Context(), caller.FlowToken); err != nil {
			return nil, err
		}
		user = s.flow.User
	}
	if s.Choices, err = v.engine.Choices(v.r.Context(), caller); err != nil {
		return nil, v.unproved(err, "")
	}
	list, err := v.engine.Enrollments(v.r.Context(), user)
	if err != nil {
		return nil, err
	}
	s.own = chosen(list)
	return s, nil
}

// chosen are the enrollments that a user manages, the oldest first.
func chosen(list []mfa.Enrollment) []mfa.Enrollment {
	list = slices.DeleteFunc(slices.Clone(list), func(e mfa.Enrollment) bool {
		return e.Implicit || e.Method == methodRecovery || e.Method == methodBypass
	})
	slices.SortFunc(list, func(a, b mfa.Enrollment) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return list
}

// signedIn says whether a session asks.
func (s *setup) signedIn() bool { return s.caller.FlowToken == "" }

// first says whether it is the first way that they set up.
func (s *setup) first() bool { return len(s.own) == 0 }

// replaced is the enrollment that another is to replace, if it is still there.
func (s *setup) replaced(id string) string {
	if slices.ContainsFunc(s.own, func(e mfa.Enrollment) bool { return e.ID == id }) {
		return id
	}
	return ""
}

// link is the address of a page of the set-up, which knows where all of it leads in the end.
func (v *visit) link(s *setup, path string) string {
	if s.back == "" {
		return v.path(path)
	}
	return v.path(path) + "?" + url.Values{"return": {s.back}}.Encode()
}

// begins is a page at which a set-up begins. A session that would have to prove itself
// again is asked first, and not after the work is done.
func begins(show func(*visit, *setup) error) page {
	return func(v *visit) error {
		s, err := v.setup()
		if err != nil {
			return err
		}
		if s.signedIn() {
			return v.changing(func(mfa.Caller) error { return show(v, s) })
		}
		return show(v, s)
	}
}

// posts is a form of a set-up. What lacks evidence by then, or has taken too long, goes
// back to where it began.
func posts(take func(*visit, *setup) error, again func(*visit, *setup, error) error) page {
	return func(v *visit) error {
		s, err := v.setup()
		if err != nil {
			return err
		}
		err = take(v, s)
		switch {
		case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment):
			return again(v, s, onField("", mfa.ErrEnrollmentExpired))
		}
		return err
	}
}

// unproved leads whoever lacks evidence to where it is given, and to a page then; a
// session whose evidence is void is none. Any other error is what it was.
func (v *visit) unproved(err error, page string) error {
	lack := (*mfa.RequirementError)(nil)
	switch {
	case !errors.As(err, &lack):
		return err
	case page == "" || slices.Contains(lack.Missing, mfa.MissingSignIn):
		return mfahttp.ErrNoSession
	}
	return v.redirect(v.returning("/confirm", page))
}

// confirmed hands on what a confirmed enrolment has changed, shows the recovery codes that
// came with it, and leads on.
func (v *visit) confirmed(s *setup, done mfa.Activated) error {
	next, err := v.after(s, done)
	if err != nil {
		return err
	}
	if len(done.RecoveryCodes) > 0 {
		return v.showCodes(s.caller.User, v.step(s, 3), done.RecoveryCodes, next)
	}
	return v.redirect(next)
}

// after is where a set-up leads: on in the flow that asked for it; to the suggestion of
// a second way after the first one; to where the host wanted it to lead.
func (v *visit) after(s *setup, done mfa.Activated) (string, error) {
	if done.Flow != nil {
		if err := v.api.Proceed(v.w, v.r, *done.Flow); err != nil {
			return "", err
		}
		s.back = cmp.Or(s.back, v.config.Home)
		if done.Flow.Status != mfa.StatusPassed {
			return v.nextPage(*done.Flow, s.back), nil
		}
	} else if err := v.api.Renewed(v.w, v.r, done.Authentication); err != nil {
		return "", err
	}
	said := url.Values{"said": {saying(done.Enrollment.Method)}}
	switch {
	case s.first() && s.back != "":
		said.Set("return", s.back)
		fallthrough
	case s.first():
		return v.path("/setup/more") + "?" + said.Encode(), nil
	case s.back != "":
		return s.back, nil
	}
	return v.path("/settings") + "?" + said.Encode(), nil
}

// saying is what the next page tells of a method that was set up.
func saying(method string) string {
	if s := map[string]string{methodKey: "key", methodText: "phone", methodMail: "mailbox"}[method]; s != "" {
		return s
	}
	return "added"
}

// step says where a page stands in a first set-up: choosing, where there is a choice,
// setting up, and keeping the recovery codes. Later ones are too short to count.
func (v *visit) step(s *setup, n int) string {
	of := 3
	if len(v.ways(s.Methods)) < 2 {
		n, of = n-1, of-1
	}
	if !s.first() || n < 1 {
		return ""
	}
	return v.text("page.setup.step", "n", n, "of", of)
}

// asideFor is what the pages of a set-up that a sign-in asks for say beside it; nil for a
// session.
func (v *visit) asideFor(s *setup) *aside {
	if s.signedIn() {
		return nil
	}
	return v.asideOf(s.flow, cmp.Or(s.back, v.config.Home))
}
