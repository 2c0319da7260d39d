package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

// A fact is something that a person has asked for.
type fact struct {
	tried bool // it may hold
	acked bool // it was acknowledged: it holds
}

// A code is one that works once.
type code struct {
	text     string
	tries    int
	accepted int // how often it was
}

// A life is one person, from their enrolment to the removal of their app. It
// notes what was acknowledged; a request whose answer was a fault may or may not
// have happened.
type life struct {
	*storm
	n      int
	user   mfa.User
	client mfa.Client
	uri    string // of the app, once it is enrolled
	phone  *mfatest.Authenticator
	app    string // the enrollment

	enrolled, removed fact
	codes             [2]*code // of the app: the one that confirms it, and the next
	recovery          []*code

	// How many wrong codes in a row are counted against the app: between the two,
	// as answers to some were lost.
	failsLeast, failsMost int
}

func (s *storm) newLife(n int) *life {
	return &life{
		storm:  s,
		n:      n,
		user:   mfa.User{ID: fmt.Sprintf("%s-%d", s.name, n), Name: "ada@example.com"},
		client: mfa.Client{IP: netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 1})}, // each network's failures are limited
	}
}

// outcome is the storm's, for a request that changes what is known of this life.
func (l *life) outcome(request func(context.Context, *mfa.Engine) error) error {
	l.tell(true)
	return l.storm.outcome(request)
}

// acknowledged notes that a request was, and what is known since then.
func (l *life) acknowledged() bool {
	l.tell(false)
	return l.storm.acknowledged()
}

func (l *life) tell(underWay bool) {
	if l.told != nil {
		l.told(l.record(underWay))
	}
}

// lead is the whole life. False: the storm is over, or it was lost what came of
// something that the rest needs.
func (l *life) lead() bool {
	if !l.enroll() {
		return false
	}
	_, known := l.passes("totp", l.codes[1])
	for range l.n % 3 {
		l.guesses()
	}
	auth, passed := l.passes("recovery", l.recovery[0])
	if !passed || l.n%2 == 0 {
		return known && passed
	}
	return l.removes(auth)
}

// faulty says whether an error leaves open what happened.
func faulty(err error) bool {
	return errors.Is(err, mfa.ErrStore) || errors.Is(err, mfa.ErrBusy) || errors.Is(err, context.DeadlineExceeded)
}

func (l *life) enroll() bool {
	flow, ok := l.signIn()
	if !ok {
		return false
	}
	if flow.Status != mfa.StatusPassed {
		return l.problem("%s, who is new, is asked: %s", l.user.ID, flow.Status)
	}
	caller := mfa.Caller{User: l.user, Authentication: flow.Authentication, Client: l.client}
	var begun mfa.Enrolling
	ok = l.insist(func(ctx context.Context, e *mfa.Engine) (err error) {
		begun, err = e.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
		return err
	})
	if !ok {
		return false
	}
	var err error
	l.uri = begun.Challenge.(*totp.Challenge).URI
	if l.phone, err = mfatest.NewAuthenticator(l.uri, l.site.clock.Now); err != nil {
		return l.problem("%v", err)
	}
	now := l.site.clock.Now()
	l.app = begun.ID
	l.codes = [2]*code{{text: l.phone.CodeAt(now)}, {text: l.phone.CodeAt(now.Add(l.phone.Period))}}
	return l.activate(caller)
}

func (l *life) activate(caller mfa.Caller) bool {
	var done mfa.Activated
	l.enrolled.tried = true
	err := l.outcome(func(ctx context.Context, e *mfa.Engine) (err error) {
		l.codes[0].tries++
		done, err = e.Activate(ctx, caller, l.app, mfa.Answer{Code: l.codes[0].text})
		return err
	})
	switch {
	case err == nil:
		l.enrolled.acked = true
		l.codes[0].accepted++
		for _, text := range done.RecoveryCodes {
			l.recovery = append(l.recovery, &code{text: text})
		}
		if len(l.recovery) != allCodes {
			return l.problem("%s got %d recovery codes", l.user.ID, len(l.recovery))
		}
		return l.acknowledged()
	case errors.Is(err, mfa.ErrNoEnrollment) && l.codes[0].tries > 1:
		return false // it was confirmed, and the codes that came with it are lost
	case errors.Is(err, errOver):
		return false
	}
	return l.problem("%s activates: %v", l.user.ID, err)
}

// signIn begins a sign-in, as often as it takes.
func (l *life) signIn() (flow mfa.Flow, ok bool) {
	ok = l.insist(func(ctx context.Context, e *mfa.Engine) (err error) {
		flow, err = e.SignIn(ctx, mfa.SignIn{User: l.user, First: mfa.Password, Client: l.client})
		return err
	})
	return flow, ok
}

// optionOf is a flow's option of a method.
func optionOf(f mfa.Flow, method string) string {
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	return ""
}

// challenged begins a sign-in in which a method is asked for.
func (l *life) challenged(method string) (flow mfa.Flow, option string, ok bool) {
	if flow, ok = l.signIn(); !ok {
		return flow, "", false
	}
	if option = optionOf(flow, method); option == "" {
		return flow, "", l.problem("%s is not asked for %s: %+v", l.user.ID, method, flow)
	}
	return flow, option, true
}

// passes signs in with a code that was not used. Where its answer is lost, it is
// tried again, first in the same flow: it may have been spent, and is accepted at
// most once. False: it was not, or it is not known what of it was.
func (l *life) passes(method string, c *code) (auth mfa.Authentication, ok bool) {
	flow, option, ok := l.challenged(method)
	if !ok {
		return auth, false
	}
	for {
		var answer mfa.Flow
		before := c.tries
		err := l.outcome(func(ctx context.Context, e *mfa.Engine) (err error) {
			c.tries++
			answer, err = e.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: c.text}, l.client)
			return err
		})
		l.counts(method, c, c.tries-before, err)
		switch {
		case err == nil:
			if c.accepted++; c.accepted > 1 {
				return auth, l.problem("%s: a code of %s was accepted %d times", l.user.ID, method, c.accepted)
			}
			if answer.Status != mfa.StatusPassed {
				return auth, l.problem("%s: a right code of %s leaves %s", l.user.ID, method, answer.Status)
			}
			return answer.Authentication, l.acknowledged()
		case errors.Is(err, errOver):
			return auth, false
		case c.tries == 1:
			return auth, l.problem("%s: a right code of %s: %v", l.user.ID, method, err)
		case errors.Is(err, mfa.ErrFlowExpired): // the flow is spent, but nobody was let in on it
			if flow, option, ok = l.challenged(method); !ok {
				return auth, false
			}
		case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrLocked):
			return auth, false // the code was spent
		default:
			return auth, l.problem("%s: a code of %s, again: %v", l.user.ID, method, err)
		}
	}
}

// counts notes what answers with a right code of a method, tries of them, have
// done to the count of the app's failures; err is what the last was answered with.
func (l *life) counts(method string, c *code, tries int, err error) {
	switch {
	case method != totp.Name:
	case err == nil:
		l.failsLeast, l.failsMost = 0, 0
	case errors.Is(err, mfa.ErrNotValid): // one that was lost has ended them, and the others are new ones
		l.failsLeast, l.failsMost = 1, max(1, c.tries-1)
	default:
		l.failsLeast, l.failsMost = 0, l.failsMost+tries
	}
}

// guesses answers with a wrong code.
func (l *life) guesses() {
	flow, option, ok := l.challenged(totp.Name)
	if !ok {
		return
	}
	tries := 0
	err := l.outcome(func(ctx context.Context, e *mfa.Engine) (err error) {
		tries++
		_, err = e.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: l.wrong()}, l.client)
		return err
	})
	switch {
	case errors.Is(err, mfa.ErrNotValid):
		l.failsLeast++
		l.failsMost += tries
		l.acknowledged()
	case errors.Is(err, mfa.ErrLocked), errors.Is(err, errOver):
		l.failsMost += tries
	default:
		l.problem("%s: a wrong code: %v", l.user.ID, err)
	}
}

// wrong is a code that the app does not show in these minutes.
func (l *life) wrong() string { return wrongFor(l.phone, l.site.clock.Now()) }

func wrongFor(phone *mfatest.Authenticator, now time.Time) string {
	for n := 0; ; n++ {
		text, near := fmt.Sprintf("%06d", n), false
		for step := -20; step <= 20; step++ {
			near = near || phone.CodeAt(now.Add(time.Duration(step)*phone.Period)) == text
		}
		if !near {
			return text
		}
	}
}

func (l *life) removes(auth mfa.Authentication) bool {
	l.removed.tried = true
	caller := mfa.Caller{User: l.user, Authentication: auth, Client: l.client}
	tries := 0
	err := l.outcome(func(ctx context.Context, e *mfa.Engine) error {
		tries++
		_, err := e.Remove(ctx, caller, l.app)
		return err
	})
	switch {
	case err == nil:
		l.removed.acked = true
		return l.acknowledged()
	case errors.Is(err, errOver):
		return false
	case tries > 1 && (errors.Is(err, mfa.ErrNoEnrollment) || errors.Is(err, mfa.ErrRequirement)):
		return false // it was removed, and the evidence went with it
	}
	return l.problem("%s removes: %v", l.user.ID, err)
}
