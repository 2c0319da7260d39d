package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// errLost is the error of an operation whose outcome is not known.
var errLost = errors.New("storetest: the connection was lost")

// A fault is what happens to one operation.
type fault int

const (
	none       fault = iota
	unsent           // the operation is not done
	lostAnswer       // it is done, and its answer is lost
	repeated         // a client library repeats it by itself, and returns the second answer
	notDurable       // it is done, and perhaps on one machine only
)

// A lossy store is a store whose operations on users fail as plan says. Its plan
// is asked once for each.
type lossy struct {
	mfa.Store
	plan func(save bool) fault
}

func (l *lossy) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := l.Store.Load(ctx, key)
	if strings.HasPrefix(key, "user/") && l.plan(false) != none {
		return mfa.Item{}, errLost
	}
	return item, err
}

func (l *lossy) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	f := none
	if strings.HasPrefix(key, "user/") {
		f = l.plan(true)
	}
	if f == unsent {
		return errLost
	}
	err := l.Store.Save(ctx, key, old, item)
	switch f {
	case lostAnswer:
		if err == nil {
			err = errLost
		}
	case repeated:
		err = l.Store.Save(ctx, key, old, item)
	case notDurable:
		if err == nil {
			err = mfa.ErrNotDurable
		}
	}
	return err
}

// lostAnswers has the engine answer while the outcome of its Save is not known:
// each answer must be true, and the only one.
func lostAnswers(ctx context.Context, a, b mfa.Store) error {
	var armed atomic.Int64 // the fault of the next Save
	failing := &lossy{Store: a, plan: func(save bool) fault {
		if !save {
			return none
		}
		return fault(armed.Swap(int64(none)))
	}}
	engines, err := newEngines(failing, b)
	if err != nil {
		return err
	}
	faulty, sound := engines[0], engines[1]
	for f, what := range []string{
		none:       "when nothing is lost",
		unsent:     "when a Save was not sent",
		lostAnswer: "when the answer to a Save was lost",
		repeated:   "when a client library repeated a Save by itself",
		notDurable: "when a Save was perhaps not durable",
	} {
		p, err := newPerson(ctx, sound, "fault-"+strconv.Itoa(f))
		if err == nil {
			err = lostOnce(ctx, faulty, sound, p, fault(f), func() { armed.Store(int64(f)) })
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func lostOnce(ctx context.Context, faulty, sound *mfa.Engine, p *person, f fault, arm func()) error {
	flow, err := p.begin(ctx, sound)
	if err != nil {
		return err
	}
	// A wrong code is counted once, whatever happens to the answer.
	arm()
	counted := answer(ctx, faulty, flow, "1000000")
	if f == notDurable {
		if !errors.Is(counted, mfa.ErrBusy) {
			return fmt.Errorf("a wrong code: %s, want mfa.ErrBusy", told(counted))
		}
	} else if left(counted) < 0 {
		return fmt.Errorf("a wrong code: %s, want mfa.ErrNotValid", told(counted))
	}
	again := answer(ctx, sound, flow, "1000000")
	switch {
	case left(again) < 0:
		return fmt.Errorf("a second wrong code: %s, want mfa.ErrNotValid", told(again))
	case left(counted) >= 0 && left(again) != left(counted)-1:
		return fmt.Errorf("wrong codes are not counted once each: %d attempts are left after the first, %d after the second", left(counted), left(again))
	}
	// The right code is accepted once.
	arm()
	err = answer(ctx, faulty, flow, p.code())
	switch {
	case f == notDurable && !errors.Is(err, mfa.ErrBusy):
		return fmt.Errorf("the right code: %s, want mfa.ErrBusy", told(err))
	case f != notDurable && err != nil:
		return fmt.Errorf("the right code: %w", err)
	}
	return p.spent(ctx, sound)
}

// left is how many attempts an ErrNotValid leaves; -1: it is none.
func left(err error) int {
	var v *mfa.NotValidError
	if errors.As(err, &v) {
		return v.AttemptsLeft
	}
	return -1
}

func told(err error) string {
	if err == nil {
		return "accepted"
	}
	return "error " + strconv.Quote(err.Error())
}

// spent checks that the person's code is not accepted again. Too many trials
// whose outcome was not known may have locked the option, which is no lie.
func (p *person) spent(ctx context.Context, e *mfa.Engine) error {
	flow, err := p.begin(ctx, e)
	if err != nil {
		return err
	}
	switch err := answer(ctx, e, flow, p.code()); {
	case err == nil:
		return errTwice
	case !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked):
		return fmt.Errorf("a spent code: %w, want mfa.ErrNotValid", err)
	}
	return nil
}

// acceptedOnce sends a right code to two engines at once, in several flows.
func acceptedOnce(ctx context.Context, a, b mfa.Store) error {
	return atOnce(ctx, a, b, (*person).code, func(passed, _ int64) error {
		switch {
		case passed > 1:
			return fmt.Errorf("one code was accepted %d times", passed)
		case passed == 0:
			return errors.New("a right code was accepted by nobody")
		}
		return nil
	})
}

// guessesCounted sends wrong codes. The engine answers five of them, and then
// asks for patience.
func guessesCounted(ctx context.Context, a, b mfa.Store) error {
	const limit = 5
	wrong := func(*person) string { return "1000000" }
	return atOnce(ctx, a, b, wrong, func(passed, refused int64) error {
		switch {
		case passed > 0:
			return errors.New("a wrong code was accepted")
		case refused > limit:
			return fmt.Errorf("%d guesses were answered, and the limit is %d: some were not counted", refused, limit)
		}
		return nil
	})
}

// atOnce has two engines answer the same code in several flows of one person at
// once, and lets verdict see how many answers were yes and how many no.
func atOnce(ctx context.Context, a, b mfa.Store, code func(*person) string, verdict func(passed, refused int64) error) error {
	const flows = 8 // the engine keeps at most ten of a user's in progress
	engines, err := newEngines(a, b)
	if err != nil {
		return err
	}
	for r := range rounds / 2 {
		p, err := newPerson(ctx, engines[0], "person-"+strconv.Itoa(r))
		if err != nil {
			return err
		}
		begun := make([]mfa.Flow, flows)
		for i := range begun {
			if begun[i], err = p.begin(ctx, engines[i%2]); err != nil {
				return err
			}
		}
		var passed, refused atomic.Int64
		err = together(ctx, a, b, flows, func(i int, _ mfa.Store) error {
			switch err := answer(ctx, engines[i%2], begun[i], code(p)); {
			case err == nil:
				passed.Add(1)
			case errors.Is(err, mfa.ErrNotValid):
				refused.Add(1)
			case !errors.Is(err, mfa.ErrLocked) && !errors.Is(err, mfa.ErrBusy):
				return fmt.Errorf("the engine's answer to a code: %w", err)
			}
			return nil
		})
		if err == nil {
			err = verdict(passed.Load(), refused.Load())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// throughFaults signs several people in at once while one operation in six
// fails in one way or another.
func throughFaults(ctx context.Context, a, b mfa.Store) error {
	plan := func(save bool) fault {
		var n [1]byte
		rand.Read(n[:])
		switch m := n[0] % 24; {
		case m == 0:
			return unsent
		case m < 3 && save:
			return lostAnswer
		case m == 3 && save:
			return repeated
		}
		return none
	}
	return signIns(ctx, &lossy{a, plan}, &lossy{b, plan})
}

// signIns has people sign in over stores that fail, each with one code after
// the other. Whatever fails, a code must not be accepted twice, and a right one
// that cannot have been spent must not be called wrong.
func signIns(ctx context.Context, a, b mfa.Store) error {
	const people, codes = 6, 5
	engines, err := newEngines(a, b)
	if err != nil {
		return err
	}
	return together(ctx, a, b, people, func(i int, _ mfa.Store) error {
		p, err := insist(ctx, func() (*person, error) {
			return newPerson(ctx, engines[i%2], "person-"+strconv.Itoa(i)+"-"+strconv.FormatInt(newVersion(), 36))
		})
		if err != nil {
			return err
		}
		for range codes {
			err := p.signIn(ctx, engines[i%2])
			if errors.Is(err, mfa.ErrLocked) {
				return nil // see spent; the clock stands still, so that it stays so
			}
			if err != nil {
				return err
			}
			p.next++
		}
		return nil
	})
}

// signIn tries the person's next code until it is known to be spent.
func (p *person) signIn(ctx context.Context, e *mfa.Engine) error {
	for lost := false; ; {
		flow, err := insist(ctx, func() (mfa.Flow, error) { return p.begin(ctx, e) })
		if err != nil {
			return err
		}
		err = answer(ctx, e, flow, p.code())
		if unknown(err) && ctx.Err() == nil {
			lost = true
			_ = waitBriefly(ctx, time.Millisecond)
			continue
		}
		if errors.Is(err, mfa.ErrNotValid) && lost {
			err = nil // one of those whose outcome was not known has spent it
		}
		if err != nil {
			return fmt.Errorf("a right code that was not spent: %w", err)
		}
		_, err = insist(ctx, func() (struct{}, error) { return struct{}{}, p.spent(ctx, e) })
		return err
	}
}

// insist repeats f until it is known how it went.
func insist[T any](ctx context.Context, f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err == nil || !unknown(err) || ctx.Err() != nil {
			return v, err
		}
		_ = waitBriefly(ctx, time.Millisecond)
	}
}
