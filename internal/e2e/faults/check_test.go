package faults_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
)

// A checker looks at what became of lives, as a process that has begun since then
// sees it, and collects what is wrong.
type checker struct {
	*mfa.Engine
	site  *site
	found []string
}

// check ends the test where something is wrong, or where the fault that was to
// happen hit nobody.
func (s *storm) check(t *testing.T) {
	t.Helper()
	if s.lost.Load() == 0 {
		t.Error("no request has met the fault")
	}
	for _, p := range s.wrong() {
		t.Error(p)
	}
}

// wrong is all that is, now that the storm is over.
func (s *storm) wrong() []string {
	s.site.t.Helper()
	c := &checker{Engine: s.site.engine(s.site.open(s.site.t), s.site.clock.Now), site: s.site, found: s.problems}
	counts := map[string]int{}
	for _, l := range s.lives {
		counts[l.stage()]++
		c.look(l)
	}
	s.site.clock.Advance(locksEnd)
	for _, l := range s.lives {
		c.lives(l)
	}
	s.site.t.Logf("%s: %d steps acknowledged, %d requests met the fault, lives: %v", s.name, s.acks, s.lost.Load(), counts)
	return c.found
}

// stage names how far a life has come.
func (l *life) stage() string {
	switch {
	case l.removed.acked:
		return "removed"
	case l.removed.tried:
		return "perhaps removed"
	case l.enrolled.acked && l.recovery[0].accepted > 0:
		return "signed in by recovery code"
	case l.enrolled.acked && l.codes[1].accepted > 0:
		return "signed in"
	case l.enrolled.acked:
		return "enrolled"
	case l.enrolled.tried:
		return "perhaps enrolled"
	}
	return "new"
}

func (c *checker) wrong(l *life, format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf("%s (%s): %s", l.user.ID, l.stage(), fmt.Sprintf(format, args...)))
}

func (c *checker) signIn(l *life) (mfa.Flow, bool) {
	f, err := c.SignIn(context.Background(), mfa.SignIn{User: l.user, First: mfa.Password, Client: l.client})
	if err != nil {
		c.wrong(l, "sign-in: %v", err)
	}
	return f, err == nil
}

func (c *checker) answer(l *life, f mfa.Flow, method, text string) error {
	_, err := c.Verify(context.Background(), f.Token, mfa.Answer{Option: optionOf(f, method), Code: text}, l.client)
	return err
}

// look holds a life to what was acknowledged of it.
func (c *checker) look(l *life) {
	f, ok := c.signIn(l)
	if !ok {
		return
	}
	list, err := c.Enrollments(context.Background(), l.user.ID)
	if err != nil {
		c.wrong(l, "enrollments: %v", err)
		return
	}
	has := false
	for _, r := range list {
		has = has || r.ID == l.app
	}
	switch {
	case l.enrolled.acked && !l.removed.tried && !has:
		c.wrong(l, "the app that was enrolled is gone")
	case l.removed.acked && has:
		c.wrong(l, "the app that was removed is back")
	case !l.enrolled.tried && has:
		c.wrong(l, "there is an app that nobody confirmed")
	}
	if asked := f.Status == mfa.StatusChallenge; asked != has {
		c.wrong(l, "with app: %t, and the sign-in is %s", has, f.Status)
	}
	if has && l.enrolled.acked {
		c.lookAtCounts(l, f)
		c.lookAtCodes(l, f)
	}
}

// failsUntilLocked is how many wrong codes in a row are answered before the next has to wait.
const failsUntilLocked = 5

// lookAtCounts holds the count of failures to those that were acknowledged.
func (c *checker) lookAtCounts(l *life, f mfa.Flow) {
	err := c.answer(l, f, totp.Name, l.wrong())
	var refused *mfa.NotValidError
	switch {
	case l.failsLeast >= failsUntilLocked && errors.Is(err, mfa.ErrLocked):
	case errors.As(err, &refused):
		counted := failsUntilLocked - refused.AttemptsLeft - 1
		if counted < l.failsLeast || counted > l.failsMost {
			c.wrong(l, "%d wrong codes are counted, want %d to %d", counted, l.failsLeast, l.failsMost)
		}
	case l.failsMost >= failsUntilLocked && errors.Is(err, mfa.ErrLocked):
	default:
		c.wrong(l, "a wrong code: %v", err)
	}
}

// lookAtCodes holds each spent code to being refused.
func (c *checker) lookAtCodes(l *life, f mfa.Flow) {
	refused := func(method string, k *code) {
		if k.accepted == 0 {
			return
		}
		err := c.answer(l, f, method, k.text)
		if err == nil {
			c.wrong(l, "a spent code of %s is accepted again", method)
		} else if !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked) {
			c.wrong(l, "a spent code of %s: %v", method, err)
		}
	}
	// The latest first: one that is older than a spent one is no proof.
	refused(totp.Name, l.codes[1])
	refused(totp.Name, l.codes[0])
	refused("recovery", l.recovery[0])
}

// locksEnd is when nobody has to wait any more, however often they guessed.
const locksEnd = 2 * time.Hour

// lives has those who still have an app sign in with it later, and those who were
// shown recovery codes with one that they never used.
func (c *checker) lives(l *life) {
	if !l.enrolled.acked || l.removed.tried {
		return
	}
	for method, text := range map[string]string{totp.Name: l.phone.Code(), "recovery": l.unused()} {
		f, ok := c.signIn(l)
		if !ok {
			return
		}
		if err := c.answer(l, f, method, text); err != nil {
			c.wrong(l, "an unused code of %s, later: %v", method, err)
		}
	}
}

// unused is a recovery code that was not.
func (l *life) unused() string {
	last := len(l.recovery) - 1
	text := l.recovery[last].text
	l.recovery = l.recovery[:last]
	return text
}

// checkLater has the people of earlier storms sign in again.
func (s *storm) checkLater(t *testing.T, before []*storm) {
	t.Helper()
	c := &checker{Engine: s.site.engines[0], site: s.site}
	s.site.clock.Advance(locksEnd)
	for _, earlier := range before {
		for _, l := range earlier.lives {
			c.lives(l)
		}
	}
	for _, p := range c.found {
		t.Error(p)
	}
}
