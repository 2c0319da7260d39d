package mfa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// A message has ten seconds, whatever becomes of the request that asked for it.
func TestA88_ASendHasTenSeconds(t *testing.T) {
	w := newTextWorld(t, nil)
	u := person("u")
	w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	for name, parent := range map[string]func() (context.Context, context.CancelFunc){
		"no deadline":    func() (context.Context, context.CancelFunc) { return context.WithCancel(bg) },
		"a later one":    func() (context.Context, context.CancelFunc) { return context.WithTimeout(bg, time.Hour) },
		"an earlier one": func() (context.Context, context.CancelFunc) { return context.WithTimeout(bg, 5*time.Second) },
	} {
		ctx, cancel := parent()
		w.tower.does(func(sending context.Context, _ mfa.Message) error {
			at, ok := sending.Deadline()
			if left := time.Until(at); !ok || left > 10*time.Second || left < 5*time.Second {
				t.Errorf("%s: %v left, %v", name, left, ok)
			}
			cancel()
			if sending.Err() != nil {
				t.Errorf("%s: it ends with the request", name)
			}
			return fmt.Errorf("gave up: %w", context.DeadlineExceeded) // what a sender that hangs comes back with
		})
		_, err := w.Challenge(ctx, f.Token, option(t, f, "sms"), mfa.Client{})
		failed := new(*mfa.DeliveryError)
		if !asError(err, failed) || (*failed).Reason != mfa.SendTimeout {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each fault of a sender is told as what it is, with whether another try helps,
// and the flow goes on.
func TestReasonsOfFailedDeliveries(t *testing.T) {
	for _, c := range []struct {
		err    error
		reason string
		retry  bool
	}{
		{&mfa.SendError{Reason: mfa.SendBadDestination}, mfa.SendBadDestination, false},
		{&mfa.SendError{Reason: mfa.SendOptedOut}, mfa.SendOptedOut, false},
		{&mfa.SendError{Reason: mfa.SendThrottled, Retry: true, After: time.Second}, mfa.SendThrottled, true},
		{&mfa.SendError{Reason: mfa.SendUnauthorized, Elsewhere: true}, mfa.SendUnauthorized, true},
		{&mfa.SendError{Reason: mfa.SendRefused}, mfa.SendRefused, false},
		{fmt.Errorf("wrapped: %w", &mfa.SendError{Reason: mfa.SendTimeout}), mfa.SendTimeout, true},
		{&mfa.SendError{Reason: mfa.SendBadAnswer}, mfa.SendBadAnswer, true},
		{&mfa.SendError{Reason: "own"}, "own", false},
		{context.DeadlineExceeded, mfa.SendTimeout, true},
		{errors.New("odd"), "failed", true},
	} {
		t.Run(c.reason, func(t *testing.T) {
			w := newTextWorld(t, nil)
			u := person("u")
			id := w.withNumber(u, fresh())
			f := w.signIn(u, from(1))
			w.tower.fails(c.err)
			_, err := w.ask(f)
			failed := new(*mfa.DeliveryError)
			if !asError(err, failed) || (*failed).Reason != c.reason || (*failed).Retry != c.retry || !errors.Is(err, mfa.ErrDelivery) {
				t.Fatalf("%v: %+v", err, *failed)
			}
			again, err := w.Flow(bg, f.Token)
			w.want(again, err, mfa.StatusChallenge)
			if len(again.Options) != 2 { // the recovery codes, too
				t.Errorf("options %v", methods(again.Options))
			}
			// It may have gone out all the same: the code is as good as any.
			out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
			w.want(out, err, mfa.StatusPassed)
			w.drain()
			list := w.events.ByType(mfa.EventChallengeUnsent)
			if len(list) != 1 || list[0].Reason != c.reason || list[0].Method != "sms" || list[0].User != "u" || len(w.events.ByType(mfa.EventChallengeSent)) != 0 {
				t.Errorf("%+v", list)
			}
		})
	}
}

// An enrolment whose message did not go out stands, and can be asked for again.
func TestAnEnrolmentOutlivesItsMessage(t *testing.T) {
	w := newTextWorld(t, nil)
	c := w.password(person("u"))
	w.tower.fails(errCarrier)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
	is(t, err, mfa.ErrDelivery)
	if p.ID == "" || p.Challenge == nil || !p.ResendAt.IsZero() {
		t.Fatalf("%+v", p)
	}
	dead := w.tower.code()
	w.tower.fails(nil)
	asked, err := w.Resend(bg, c, p.ID)
	if err != nil || !asked.ResendAt.Equal(w.clock.Now().Add(time.Minute)) { // it is the second of this hour
		t.Fatalf("%v, %v", err, asked.ResendAt)
	}
	is(t, second(w.Resend(bg, c, p.ID)), mfa.ErrTooSoon)
	is(t, second(w.Activate(bg, c, p.ID, mfa.Answer{Code: dead})), mfa.ErrNotValid)
	is(t, second(w.Activate(bg, c, p.ID, mfa.Answer{Code: w.tower.code()})), nil)
}

// What is said of a message is true also where it never went out.
func TestAFailedMessageIsNotSaidToBeSent(t *testing.T) {
	w := newTextWorld(t, nil)
	u := person("u")
	w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	w.tower.fails(&mfa.SendError{Reason: mfa.SendBadDestination})
	is(t, second(w.ask(f)), mfa.ErrDelivery)
	if o := w.shown(f); o.Sent && o.Delivery != mfa.DeliveryFailed {
		t.Errorf("sent %v, delivery %q", o.Sent, o.Delivery)
	}
	w.tower.fails(nil)
	is(t, second(w.ask(f)), nil)
	if o := w.shown(f); !o.Sent || o.Delivery != mfa.DeliveryUnknown {
		t.Errorf("then sent %v, delivery %q", o.Sent, o.Delivery)
	}
}

// shown is the flow's option for text messages.
func (w *textWorld) shown(f mfa.Flow) mfa.Option {
	w.t.Helper()
	now, err := w.Flow(bg, f.Token)
	w.want(now, err, mfa.StatusChallenge)
	i := slices.IndexFunc(now.Options, func(o mfa.Option) bool { return o.Method == "sms" })
	return now.Options[i]
}

// A destination is free again after whatever has ended the request.
func TestA88_NoFaultKeepsADestinationBusy(t *testing.T) {
	for name, tamper := range map[string]func(w *textWorld, users *tap, budgets *guard){
		"sender fails": func(w *textWorld, _ *tap, _ *guard) { w.tower.fails(errCarrier) },
		"sender panics": func(w *textWorld, _ *tap, _ *guard) {
			w.tower.does(func(context.Context, mfa.Message) error { panic("boom") })
		},
		"user's save fails": func(_ *textWorld, s *tap, _ *guard) { s.onSaves(func(int, func() error) error { return errWire }) },
		"user's save conflicts": func(_ *textWorld, s *tap, _ *guard) {
			s.onSaves(func(int, func() error) error { return mfa.ErrConflict })
		},
		"user's save panics": func(_ *textWorld, s *tap, _ *guard) { s.onSaves(func(int, func() error) error { panic("boom") }) },
		"not durable": func(_ *textWorld, s *tap, _ *guard) {
			s.onSaves(func(int, func() error) error { return mfa.ErrNotDurable })
		},
		"budget's save fails":  func(_ *textWorld, _ *tap, g *guard) { g.save = func(func() error) error { return errWire } },
		"budget's save panics": func(_ *textWorld, _ *tap, g *guard) { g.save = func(func() error) error { panic("boom") } },
		"budget does not load": func(_ *textWorld, _ *tap, g *guard) {
			g.load = func(mfa.Item, error) (mfa.Item, error) { return mfa.Item{}, errWire }
		},
		"hook refuses": func(w *textWorld, _ *tap, _ *guard) {
			w.texts.before = func(context.Context) error { return &mfa.RefusedError{} }
		},
		"hook panics": func(w *textWorld, _ *tap, _ *guard) { w.texts.before = func(context.Context) error { panic("boom") } },
	} {
		t.Run(name, func(t *testing.T) {
			g := &guard{Store: memory.New()}
			s := &tap{Store: g}
			w := newTextWorld(t, nil, silent, withStore(s))
			u := person("u")
			w.withNumber(u, fresh())
			f := w.signIn(u, mfa.Client{})
			tamper(w, s, g)
			func() {
				defer func() { _ = recover() }()
				_, err := w.ask(f)
				if err == nil {
					t.Error("no error")
				}
			}()
			s.reset()
			g.load, g.save, w.texts.before = nil, nil, nil
			w.tower.fails(nil)
			is(t, second(w.ask(f)), nil)
		})
	}
}

// A wrong answer sends a new code by itself where the factor wants it, within
// the same limits, and the old one is dead.
func TestC05_A62_AWrongAnswerSendsANewCode(t *testing.T) {
	w := newTextWorld(t, nil, withPolicy(required))
	w.texts.resend = true
	u := person("u")
	id := w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	resent := func() (*mfa.Asked, int) {
		t.Helper()
		_, err := w.verify(f, id, mistaken, mfa.Client{})
		nv := new(*mfa.NotValidError)
		if !asError(err, nv) || (*nv).Resend {
			t.Fatalf("%v", err)
		}
		return (*nv).Resent, (*nv).AttemptsLeft
	}
	if asked, left := resent(); asked != nil || left != 4 || w.tower.count() != 1 {
		t.Fatalf("in the pause: %v, %d left, %d sent", asked, left, w.tower.count())
	}
	w.clock.Advance(30 * time.Second)
	old := w.tower.code()
	asked, left := resent()
	if asked == nil || left != 3 || w.tower.count() != 2 || !asked.ResendAt.Equal(w.clock.Now().Add(time.Minute)) || asked.Challenge == nil {
		t.Fatalf("%+v, %d left, %d sent", asked, left, w.tower.count())
	}
	is(t, second(w.verify(f, id, old, mfa.Client{})), mfa.ErrNotValid) // it counts like any other
	w.clock.Advance(time.Minute)
	resent()
	w.clock.Advance(2 * time.Minute)
	sent := w.tower.count()
	if asked, left := resent(); left != 0 || asked != nil || w.tower.count() != sent {
		t.Errorf("locked: %v, %d left", asked, left)
	}
	locked(t, second(w.verify(f, id, w.tower.code(), mfa.Client{})))
	w.clock.Advance(time.Minute)
	out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
	w.want(out, err, mfa.StatusPassed)
}

// At the limit a wrong answer is a wrong answer, and nothing is sent.
func TestO05_AWrongAnswerAtTheLimitOfSending(t *testing.T) {
	w := newTextWorld(t, all(mfa.Budget{Hour: 1}))
	w.texts.resend = true
	u := person("u")
	id := w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	w.clock.Advance(time.Minute)
	_, err := w.verify(f, id, mistaken, mfa.Client{})
	nv := new(*mfa.NotValidError)
	if !asError(err, nv) || (*nv).Resent != nil || (*nv).Resend || w.tower.count() != 1 {
		t.Fatalf("%v, %d sent", err, w.tower.count())
	}
	out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
	w.want(out, err, mfa.StatusPassed)
}

// Where the new code could not be handed over, the answer says that the old one
// is dead nonetheless.
func TestAWrongAnswerWhoseNewCodeDidNotGoOut(t *testing.T) {
	w := newTextWorld(t, nil)
	w.texts.resend = true
	u := person("u")
	id := w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	old := w.tower.code()
	w.clock.Advance(time.Minute)
	w.tower.fails(errCarrier)
	_, err := w.verify(f, id, mistaken, mfa.Client{})
	nv := new(*mfa.NotValidError)
	if !asError(err, nv) || (*nv).Resend {
		t.Fatal(err)
	}
	if _, err = w.verify(f, id, old, mfa.Client{}); err != nil && (*nv).Resent == nil {
		t.Error("the old code is dead, and nobody was told")
	}
}

// Confirmations of an enrolment: nothing internal is left in the error.
func TestAWrongConfirmationTellsNothingInternal(t *testing.T) {
	w := newTextWorld(t, nil)
	w.texts.resend = true
	c := w.password(person("u"))
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
	is(t, err, nil)
	w.clock.Advance(time.Minute)
	sent := w.tower.count()
	_, err = w.Activate(bg, c, p.ID, mfa.Answer{Code: mistaken})
	nv := new(*mfa.NotValidError)
	if !asError(err, nv) || (*nv).Resend || ((*nv).Resent != nil) != (w.tower.count() > sent) {
		t.Errorf("%+v, %d sent since", *nv, w.tower.count()-sent)
	}
}

// C-20, A-53: neither number nor code nor address is in an error, an event, a
// log or an answer, whatever fails.
func TestC20_A53_NoCodeAndNoNumberAnywhere(t *testing.T) {
	const number, place = "+447798765432", "canary@secret.example"
	var log bytes.Buffer
	w := newTextWorld(t, func(to string) []mfa.Budget {
		return []mfa.Budget{{Name: mfa.BudgetDestination, Key: to, Hour: 6}, {Name: mfa.BudgetNetwork, Hour: 50},
			{Name: "prefix", Key: to[:5], Label: to[:5], Hour: 5, Leased: true, MinSent: 3, MinVerified: 50, Warn: 50}}
	}, func(c *mfa.Config) {
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	var out strings.Builder
	saw := func(v any, err error) {
		data, _ := json.Marshal(v)
		fmt.Fprintf(&out, "%s %+v %#v %v %+v\n", data, v, v, err, err)
		for ; err != nil; err = errors.Unwrap(err) {
			data, _ := json.Marshal(err)
			fmt.Fprintf(&out, "%s %T %+v\n", data, err, err)
		}
	}
	u := mfa.User{ID: "u", Name: "Ada", Email: place, EmailVerified: true, Phone: number}
	for i, fault := range []error{nil, errCarrier, context.DeadlineExceeded, errors.New("odd"), nil, nil, nil} {
		w.tower.fails(fault)
		c := w.password(u)
		p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}})
		saw(p, err)
		saw(w.Resend(bg, c, p.ID))
		saw(w.Activate(bg, c, p.ID, mfa.Answer{Code: mistaken}))
		w.clock.Advance(time.Duration(i) * 5 * time.Minute)
	}
	w.tower.fails(nil)
	w.clock.Advance(24 * time.Hour)
	c := w.password(u)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}})
	saw(p, err)
	saw(w.Activate(bg, c, p.ID, mfa.Answer{Code: w.tower.code()}))
	f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	saw(f, err)
	w.clock.Advance(time.Hour)
	for range 5 {
		saw(w.ask(f))
		saw(w.Flow(bg, f.Token))
		saw(w.verify(f, p.ID, mistaken, mfa.Client{}))
	}
	saw(w.Activity(bg, "u"))
	saw(w.Enrollments(bg, "u"))
	w.drain()
	for _, ev := range w.events.Events() {
		if ev.Email = ""; ev.Type == mfa.EventSendLimit || ev.Type == mfa.EventSendStopped || ev.Type == mfa.EventSendBudget {
			fmt.Fprintf(&out, "saw %s\n", ev.Type)
		}
		saw(ev, nil)
	}
	text := out.String() + log.String()
	for _, must := range []string{"saw send.limit", "saw send.stopped", "saw send.budget", "challenge.unsent", "could not be sent", "too many messages"} {
		if !strings.Contains(text, must) {
			t.Errorf("this run has not seen %q", must)
		}
	}
	for _, m := range w.tower.all() {
		saw := strings.Contains(text, m.Text[len(m.Text)-textDigits:])
		if saw || strings.Contains(text, m.Report) {
			t.Errorf("a code or a report's token is in %q", text)
		}
	}
	for _, canary := range []string{number, number[1:], number[3:], number[4:], "9876543"} {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("a number is in %q", text[max(0, i-200):i+20])
		}
	}
	if strings.Contains(log.String(), place) {
		t.Error("an address is in the log")
	}
}
