package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// of any number of equal answers one is accepted.
func TestA12_OneSentCode(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	id := w.withNumber(u, fresh())
	two := []*textWorld{w, w.process()}
	for range 5 {
		f := w.signIn(u, mfa.Client{})
		is(t, second(w.ask(f)), nil)
		errs := parallel(100, func(i int) error { return second(two[i%2].verify(f, id, w.tower.code(), mfa.Client{})) })
		if n := tallyOf(errs, nil, mfa.ErrNotValid, mfa.ErrFlowExpired, mfa.ErrLocked, mfa.ErrBusy); n[0] != 1 || n[5] != 0 {
			t.Errorf("%v", n)
		}
		w.clock.Advance(time.Hour)
	}
}

// A code is of its flow and its purpose alone.
func TestA58_ASentCodeServesOneFlow(t *testing.T) {
	w := newTextWorld(t, nil)
	u := person("u")
	id := w.withNumber(u, fresh())
	f, g := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	code := w.tower.code()
	is(t, second(w.verify(g, id, code, mfa.Client{})), mfa.ErrNotValid)
	w.clock.Advance(time.Minute)
	is(t, second(w.ask(g)), nil)
	is(t, second(w.verify(g, id, code, mfa.Client{})), mfa.ErrNotValid)
	c := mfa.Caller{User: u, Authentication: w.entered(u)}
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
	is(t, err, nil)
	is(t, second(w.Activate(bg, c, p.ID, mfa.Answer{Code: code})), mfa.ErrNotValid)
	out, err := w.verify(f, id, code, mfa.Client{})
	w.want(out, err, mfa.StatusPassed)
}

// somebody who always guesses the same code, and has a new one made each
// time or in each flow, has the account's few guesses and no more; the owner hears of it.
func TestC05_A18_A58_A61_A62_NewCodesResetNothing(t *testing.T) {
	for name, how := range map[string]struct {
		flows  int // in parallel
		resend bool
	}{"one flow": {1, true}, "many flows": {9, true}, "without resends": {9, false}, "by itself": {1, true}} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, nil)
			w.texts.resend = name == "by itself"
			u := person("u")
			id := w.withNumber(u, fresh())
			var wrong []time.Time
			started, refused := w.clock.Now(), 0
			for w.clock.Now().Before(started.Add(12 * time.Hour)) {
				var flows []mfa.Flow
				for i := range how.flows {
					flows = append(flows, w.signIn(u, from(i)))
				}
				for range 10 {
					for i, f := range flows {
						if how.resend {
							_, _ = w.Challenge(bg, f.Token, id, from(i))
						}
						switch _, err := w.verify(f, id, mistaken, from(i)); {
						case errors.Is(err, mfa.ErrNotValid):
							wrong = append(wrong, w.clock.Now())
						case errors.Is(err, mfa.ErrLocked):
							refused++
						default:
							t.Fatal(err)
						}
					}
					w.clock.Advance(40 * time.Second)
				}
				w.clock.Advance(20 * time.Minute)
			}
			if n := densest(wrong, time.Hour); n > 15 || len(wrong) > 75 || len(wrong) < 10 || refused == 0 {
				t.Errorf("%d guesses in an hour, %d in all, %d refused", n, len(wrong), refused)
			}
			w.drain()
			if len(w.events.ByType(mfa.EventManyFailures)) == 0 {
				t.Error("the owner was not told")
			}
		})
	}
}

// a hundred wrong codes for an enrolment, with new codes between, are as
// many as for a sign-in: few.
func TestA58_A61_WrongConfirmations(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	wrong := 0
	for range 100 {
		c := w.password(u)
		p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
		if errors.Is(err, mfa.ErrSendLimit) {
			w.clock.Advance(time.Minute)
			continue
		}
		is(t, err, nil)
		for range 10 {
			err := second(w.Activate(bg, c, p.ID, mfa.Answer{Code: mistaken}))
			if errors.Is(err, mfa.ErrNotValid) {
				wrong++
			}
			_, _ = w.Resend(bg, c, p.ID)
		}
	}
	if wrong == 0 || wrong > 40 { // in not quite two hours
		t.Errorf("%d guesses", wrong)
	}
}
