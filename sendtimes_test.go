package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfakit/mfa"
)

// What strangers have a number sent makes its owner wait no second longer. The
// strangers wait for the owner's messages as for their own.
func TestO05_A87_StrangersMakeNoOwnerWait(t *testing.T) {
	w := newTextWorld(t, nil)
	u, to := person("u"), fresh()
	w.withNumber(u, to)
	strangers := 0
	disturb := func() {
		t.Helper()
		if err := w.process().ring(to, from(strangers)); err == nil {
			strangers++
			is(t, w.ring(to, mfa.Client{}), mfa.ErrTooSoon) // for the next of them
		} else if waits(t, err).Limit {
			t.Fatal(err)
		}
	}
	disturb()
	for n, pause := range []time.Duration{30, 60, 120, 240, 480} {
		f := w.process().signIn(u, from(n))
		asked, err := w.ask(f)
		next := w.clock.Now().Add(pause * time.Second)
		if err != nil || !asked.ResendAt.Equal(next) {
			t.Fatalf("message %d: %v, again at %v; want %v", n+1, err, asked.ResendAt, next)
		}
		if wait := waits(t, w.ring(to, mfa.Client{})); wait.Limit || wait.Until.Before(next) {
			t.Errorf("message %d: strangers wait until %v, the owner until %v", n+1, wait.Until, next)
		}
		for range 4 {
			w.clock.Advance(pause * time.Second / 4)
			if w.clock.Now().Before(next) {
				disturb()
				if wait := waits(t, second(w.ask(f))); wait.Limit || !wait.Until.Equal(next) {
					t.Fatalf("message %d again: %+v, want %v", n+1, wait, next)
				}
			}
		}
		w.clock.Advance(8 * time.Minute) // while the owner thinks
		disturb()
	}
	if strangers < 6 {
		t.Errorf("only %d messages to strangers: this proves nothing", strangers)
	}
}

// Of one number's own bound a part is kept for whom it is known: whoever has
// codes sent to somebody else's number does not keep its owner out.
func TestO05_A87_ReserveOfOneNumber(t *testing.T) {
	w := newTextWorld(t, func(to string) []mfa.Budget {
		return []mfa.Budget{{Name: mfa.BudgetDestination, Key: to, Hour: 10, Day: 20, Reserve: 30}}
	})
	u, to := person("u"), fresh()
	w.withNumber(u, to)
	began, strangers := w.clock.Now(), 0
	for {
		err := w.ring(to, from(strangers))
		if err == nil {
			strangers++
			continue
		}
		wait := waits(t, err)
		if wait.Limit {
			break
		}
		w.clock.Set(wait.Until)
	}
	f, owners := w.signIn(u, mfa.Client{}), 0
	for {
		asked, err := w.ask(f)
		if err != nil {
			if wait := waits(t, err); !wait.Limit || !wait.Until.After(w.clock.Now()) {
				t.Errorf("%+v", wait)
			}
			break
		}
		owners++
		w.clock.Set(asked.ResendAt)
		if f, err = w.Flow(bg, f.Token); err != nil {
			f = w.signIn(u, mfa.Client{})
		}
	}
	if strangers != 7 || owners != 3 || w.clock.Now().Sub(began) >= time.Hour {
		t.Errorf("%d to strangers and %d to the owner in %v", strangers, owners, w.clock.Now().Sub(began))
	}
	w.clock.Advance(8 * time.Minute)
	is(t, w.ring(to, mfa.Client{}), mfa.ErrSendLimit)
	is(t, w.ring(fresh(), mfa.Client{}), nil) // another number has its own
	w.drain()
	for _, e := range w.events.ByType(mfa.EventSendLimit) {
		if e.Reason != mfa.BudgetDestination || e.User == "" || e.Label != "" {
			t.Errorf("%+v", e)
		}
	}
}

// customer has a code sent for the sign-in of a user whose number is known.
func (w *textWorld) customer() error {
	u := person("customer-" + fresh())
	w.withNumber(u, fresh())
	return second(w.ask(w.signIn(u, mfa.Client{})))
}

// One event says that what is open to strangers is nearly used up, even where
// what is kept for the known ones is untouched; these alone raise it later.
func TestO05_WarnsOfTheStrangersShare(t *testing.T) {
	for name, leased := range map[string]bool{"exact": false, "leased": true} {
		t.Run(name, func(t *testing.T) {
			b := mfa.Budget{Hour: 20, Day: 200, Reserve: 50, Warn: 80, Leased: leased} // 10 are open to strangers
			w := newTextWorld(t, all(b))
			part := func(what string, want int, send func(p *textWorld)) {
				t.Helper()
				p := w.process()
				send(p)
				is(t, p.Close(bg), nil)
				list := p.events.ByType(mfa.EventSendBudget)
				if len(list) != want || want == 1 && (list[0].Reason != "system" || list[0].User != "") {
					t.Errorf("%s: %d warnings, want %d: %v", what, len(list), want, list)
				}
			}
			ring := func(p *textWorld) { is(t, p.ring(fresh(), mfa.Client{}), nil) }
			known := func(p *textWorld) { is(t, p.customer(), nil) }
			many := func(n int, send func(*textWorld)) func(*textWorld) {
				return func(p *textWorld) {
					for range n {
						send(p)
					}
				}
			}
			part("seven strangers", 0, many(7, ring))
			part("the eighth", 1, ring)
			part("two more", 0, many(2, ring))
			part("one too many", 0, func(p *textWorld) { is(t, p.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit) })
			part("what is kept", 0, many(10, known))
			w.clock.Advance(24 * time.Hour)
			part("fifteen customers", 0, many(15, known))
			part("the sixteenth", 1, known)
			part("the rest", 0, many(4, known))
		})
	}
}

// The question before a message has three seconds, and no more than its request.
func TestO07_BeforeHasThreeSeconds(t *testing.T) {
	for name, c := range map[string]struct{ request, want time.Duration }{
		"no deadline":    {0, 3 * time.Second},
		"a later one":    {time.Hour, 3 * time.Second},
		"an earlier one": {2 * time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // in which no time passes by itself
				w := newTextWorld(t, nil)
				ctx := bg
				if c.request > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.request)
					defer cancel()
				}
				asked := 0
				w.texts.before = func(ctx context.Context) error {
					asked++
					if at, ok := ctx.Deadline(); !ok || !at.Equal(time.Now().Add(c.want)) {
						t.Errorf("until %v, %v; want %v", at, ok, time.Now().Add(c.want))
					}
					return nil
				}
				caller := w.password(person("u"))
				p, err := w.Enroll(ctx, caller, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
				is(t, err, nil)
				w.clock.Advance(time.Minute)
				is(t, second(w.Resend(ctx, caller, p.ID)), nil)
				if asked != 2 {
					t.Errorf("asked %d times", asked)
				}
			})
		})
	}
}

// A question that is not answered in time refuses the message: nothing is
// charged, saved or sent, there is nothing to send again, and asking again may help.
func TestO07_A88_BeforeThatHangs(t *testing.T) {
	for name, hang := range map[string]func(ctx context.Context, never chan struct{}) error{
		"until its time is up": func(ctx context.Context, _ chan struct{}) error { <-ctx.Done(); return ctx.Err() },
		"for good":             func(_ context.Context, never chan struct{}) error { <-never; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := make(chan struct{})
				defer close(never)
				w := newTextWorld(t, all(mfa.Budget{Hour: 2}), silent)
				u := person("u")
				w.withNumber(u, fresh())
				f, was := w.signIn(u, mfa.Client{}), value(t, w.store, "u").Version
				w.texts.before = func(ctx context.Context) error { return hang(ctx, never) }
				p, begun := w.Enroll(bg, w.password(person("v")), mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
				for what, err := range map[string]error{"sign-in": second(w.ask(f)), "enrolment": begun} {
					if failed := (*mfa.DeliveryError)(nil); !asError(err, &failed) || failed.Reason != mfa.SendTimeout || !failed.Retry {
						t.Errorf("%s: %v", what, err)
					}
				}
				if p.ID != "" || p.Challenge != nil {
					t.Errorf("an enrolment that is not there: %+v", p)
				}
				is(t, second(w.store.Load(bg, "user/v")), mfa.ErrNotFound)
				if w.tower.count() != 0 || value(t, w.store, "u").Version != was {
					t.Errorf("%d sent, or something saved", w.tower.count())
				}
				w.texts.before = nil
				is(t, second(w.ask(f)), nil) // at once
				is(t, w.ring(fresh(), mfa.Client{}), nil)
				is(t, w.ring(fresh(), mfa.Client{}), mfa.ErrSendLimit)
			})
		})
	}
}

// Reports come in any order, through any process. What arrived has arrived, what
// failed is not on its way, and what is no news is not saved.
func TestReportsInAnyOrder(t *testing.T) {
	rank := map[mfa.DeliveryState]int{mfa.DeliveryOnItsWay: 1, mfa.DeliveryFailed: 2, mfa.DeliveryDelivered: 3}
	for first := range rank {
		for then := range rank {
			for last := range rank {
				t.Run(fmt.Sprint(first, ", ", then, ", ", last), func(t *testing.T) {
					w := newTextWorld(t, nil, silent)
					u := person("u")
					w.withNumber(u, fresh())
					f := w.signIn(u, mfa.Client{})
					is(t, second(w.ask(f)), nil)
					shown := mfa.DeliveryUnknown
					for _, said := range []mfa.DeliveryState{first, then, last} {
						news, was := rank[said] > rank[shown], value(t, w.store, "u").Version
						if news {
							shown = said
						}
						is(t, w.process().told(0, said), nil)
						if o := w.shown(f); !o.Sent || o.Delivery != shown {
							t.Errorf("said %s: shown %v %q, want %q", said, o.Sent, o.Delivery, shown)
						}
						if saved := value(t, w.store, "u").Version != was; saved != news {
							t.Errorf("said %s: saved %v", said, saved)
						}
					}
				})
			}
		}
	}
}

// A message that could not be handed over is failed; where a report says later
// that it arrived all the same, it has arrived.
func TestReportsOfWhatWasNotHandedOver(t *testing.T) {
	for name, c := range map[string]struct {
		err         error
		first, last mfa.DeliveryState // shown before the carrier says that it has it, and after
	}{
		"refused": {&mfa.SendError{Reason: mfa.SendRefused}, mfa.DeliveryFailed, mfa.DeliveryFailed},
		"odd":     {errors.New("odd"), mfa.DeliveryFailed, mfa.DeliveryFailed},
		"timeout": {&mfa.SendError{Reason: mfa.SendTimeout}, mfa.DeliveryUnknown, mfa.DeliveryOnItsWay}, // it may have gone out
	} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, nil)
			u := person("u")
			w.withNumber(u, fresh())
			f := w.signIn(u, mfa.Client{})
			w.tower.fails(c.err)
			is(t, second(w.ask(f)), mfa.ErrDelivery)
			if o := w.shown(f); o.Delivery != c.first {
				t.Errorf("shown %q, want %q", o.Delivery, c.first)
			}
			is(t, w.told(0, mfa.DeliveryOnItsWay), nil)
			if o := w.shown(f); o.Delivery != c.last {
				t.Errorf("then %q, want %q", o.Delivery, c.last)
			}
			is(t, w.told(0, mfa.DeliveryDelivered), nil)
			if o := w.shown(f); o.Delivery != mfa.DeliveryDelivered {
				t.Errorf("at last %q", o.Delivery)
			}
		})
	}
}
