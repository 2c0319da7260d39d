package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var errWire = errors.New("connection reset by peer")

// tapped is a world over a store that can be tampered with.
func tapped(t *testing.T, options ...func(*mfa.Config)) (*world, *tap) {
	t.Helper()
	s := &tap{}
	w := newWorld(t, append(options, func(c *mfa.Config) { s.Store, c.Store = c.Store, s })...)
	return w, s
}

func TestOneLoadAndOneSave(t *testing.T) {
	for _, n := range []int{1, 20} {
		t.Run(fmt.Sprint(n, " enrollments"), func(t *testing.T) {
			w, s := tapped(t, silent)
			u := person("u")
			a := w.withApp(u)
			last := a
			for range n - 2 { // recovery codes are one, too
				last = w.enroll(w.session(u, last), mfa.Enroll{})
			}
			if list, _ := w.Enrollments(bg, u.ID); len(list) != max(n, 2) {
				t.Fatalf("%d enrollments", len(list))
			}
			exactly := func(what string, loads, saves int, f func()) {
				t.Helper()
				s.reset()
				f()
				if l, v := s.counts(); l != loads || v != saves {
					t.Errorf("%s: %d loads and %d saves, want %d and %d", what, l, v, loads, saves)
				}
			}
			var f mfa.Flow
			var err error
			exactly("sign-in", 1, 1, func() { f = w.signIn(u, from(1)) })
			exactly("wrong code", 1, 1, func() { _, err = w.verify(f, a.id, w.wrong(a), from(1)); is(t, err, mfa.ErrNotValid) })
			exactly("malformed", 1, 0, func() { _, err = w.verify(f, a.id, "x", from(1)); is(t, err, mfa.ErrBadInput) })
			exactly("empty", 0, 0, func() { _, err = w.verify(f, a.id, "", from(1)); is(t, err, mfa.ErrBadInput) })
			exactly("no option", 1, 0, func() { _, err = w.verify(f, "x", "123456", from(1)); is(t, err, mfa.ErrNoOption) })
			exactly("recovery code", 1, 1, func() {
				f := w.signIn(u, mfa.Client{})
				s.reset()
				f, err = w.verify(f, "recovery", a.codes[0], from(1))
				w.want(f, err, mfa.StatusPassed)
			})
			exactly("look", 1, 0, func() { _, err = w.Flow(bg, f.Token) })
			exactly("right code", 1, 1, func() { f, err = w.verify(f, a.id, a.Code(), from(1)); w.want(f, err, mfa.StatusPassed) })
			auth := f.Authentication
			exactly("passed at once", 1, 0, func() {
				f, err = w.StepUp(bg, mfa.StepUp{User: u, Authentication: auth, Require: mfa.Requirement{AAL: mfa.AAL2}})
				w.want(f, err, mfa.StatusPassed)
			})
			exactly("satisfies", 1, 0, func() {
				err = w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: auth}, mfa.Requirement{})
			})
			f = w.signIn(u, mfa.Client{})
			for range 5 {
				_, err = w.verify(f, a.id, w.wrong(a), mfa.Client{})
			}
			exactly("locked", 1, 0, func() { _, err = w.verify(f, a.id, a.Code(), mfa.Client{}); is(t, err, mfa.ErrLocked) })
			exactly("no flow", 0, 0, func() { _, err = w.Verify(bg, "x", mfa.Answer{Code: "1"}, mfa.Client{}); is(t, err, mfa.ErrNoFlow) })
			exactly("a password alone", 1, 1, func() { w.want(w.signIn(person("plain"), mfa.Client{}), nil, mfa.StatusPassed) })
		})
	}
}

func TestConflicts(t *testing.T) {
	for _, n := range []int{1, 5, 15} {
		w, s := tapped(t, silent)
		u := person("u")
		a := w.withApp(u)
		f := w.signIn(u, mfa.Client{})
		s.onSaves(func(i int, save func() error) error {
			if i <= n {
				return fmt.Errorf("test: %w", mfa.ErrConflict)
			}
			return save()
		})
		f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
		w.want(f, err, mfa.StatusPassed)
		loads, saves := s.counts()
		p := w.pauses.all()
		if loads != n+1 || saves != n+1 || len(p) != n {
			t.Errorf("%d conflicts: %d loads, %d saves, pauses %v", n, loads, saves, p)
		}
		for i, d := range p {
			if d <= 0 || d > 200*time.Millisecond || i == 0 && d > 2*time.Millisecond {
				t.Errorf("pause %d is %v", i, d)
			}
		}
	}
}

func TestEndlessConflictsAreBusy(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	s.onSaves(func(int, func() error) error { return mfa.ErrConflict })
	got, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	if is(t, err, mfa.ErrBusy); got.Status != "" || got.Authentication.User != "" {
		t.Errorf("%v", got)
	}
	if loads, saves := s.counts(); loads != 16 || saves != 16 || len(w.pauses.all()) != 15 {
		t.Errorf("%d loads, %d saves, %d pauses", loads, saves, len(w.pauses.all()))
	}
	s.reset()
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{}) // nothing was accepted: the code is good still
	w.want(f, err, mfa.StatusPassed)
}

// A save that happened and whose answer was lost is resolved by reading.
func TestLostAnswers(t *testing.T) {
	for name, lost := range map[string]error{
		"unknown error": errWire,
		// A client library that repeats by itself: the first one happened.
		"retried by the driver": fmt.Errorf("test: %w", mfa.ErrConflict),
	} {
		for what, first := range map[string]int{"first": 1, "third": 3} {
			t.Run(name+", "+what, func(t *testing.T) {
				w, s := tapped(t, silent)
				u := person("u")
				a := w.withApp(u)
				f := w.signIn(u, mfa.Client{})
				x := w.twin(func(c *mfa.Config) { c.Store = s })
				tamper := func() {
					s.onSaves(func(i int, save func() error) error {
						switch {
						case i < first && errors.Is(lost, mfa.ErrConflict):
							return mfa.ErrConflict // did not happen
						case i < first:
							return errWire
						case i == first:
							if err := save(); err != nil {
								t.Error(err)
							}
							return lost
						}
						return save()
					})
				}
				tamper()
				_, err := x.verify(f, a.id, x.wrong(a), mfa.Client{})
				if nv := new(*mfa.NotValidError); !asError(err, nv) || (*nv).AttemptsLeft != 4 {
					t.Fatalf("wrong code: %v", err)
				}
				tamper()
				done, err := x.verify(f, a.id, a.Code(), mfa.Client{})
				x.want(done, err, mfa.StatusPassed)
				if done.Authentication.AAL() != mfa.AAL2 {
					t.Error("no evidence")
				}
				s.reset()
				again := x.signIn(u, mfa.Client{})
				_, err = x.verify(again, a.id, a.Code(), mfa.Client{})
				is(t, err, mfa.ErrNotValid) // spent
				x.drain()
				if v, p, bad := len(x.events.ByType(mfa.EventVerified)), len(x.events.ByType(mfa.EventFlowPassed)), len(x.events.ByType(mfa.EventFailed)); v != 1 || p != 1 || bad != 2 {
					t.Errorf("%d verified, %d passed, %d failed", v, p, bad)
				}
			})
		}
	}
}

// Another writer comes between the save and the reading back.
func TestLostAnswerAndAnotherWriter(t *testing.T) {
	for _, writers := range []int{1, 10, 30} {
		t.Run(fmt.Sprint(writers), func(t *testing.T) {
			w, s := tapped(t, silent)
			u := person("u")
			a := w.withApp(u)
			f := w.signIn(u, mfa.Client{})
			x := w.twin(silent) // not through the tap's hook
			x.Engine = w.untapped(s)
			s.onSaves(func(i int, save func() error) error {
				err := save()
				if i == 1 {
					for range writers { // each writes the value once
						g := x.signIn(person("u"), from(i))
						if writers < 5 {
							_, _ = x.verify(g, a.id, "000000", mfa.Client{})
						}
					}
					return errWire
				}
				return err
			})
			got, err := w.verify(f, a.id, a.Code(), mfa.Client{})
			if writers >= 16 {
				// Neither the list of versions nor, as spent flows go first, the flow can tell
				// any more. What may never happen is a second acceptance.
				if err == nil && got.Status == mfa.StatusPassed {
					t.Log("told as passed")
				}
			} else {
				w.want(got, err, mfa.StatusPassed)
			}
			s.reset()
			g := w.signIn(u, mfa.Client{})
			if _, err := w.verify(g, a.id, a.Code(), mfa.Client{}); err == nil {
				t.Error("accepted twice")
			}
		})
	}
}

// Versions are found in the flow, too, when more writers came than the list remembers.
func TestLostAnswerIsFoundInTheFlow(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	f := w.signIn(u, mfa.Client{})
	x := w.untapped(s)
	s.onSaves(func(i int, save func() error) error {
		err := save()
		if i == 1 {
			for n := range 20 {
				if _, err := x.Rename(bg, c, a.id, fmt.Sprint("n", n)); err != nil {
					t.Error(err)
				}
			}
			return errWire
		}
		return err
	})
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	if _, saves := s.counts(); saves != 1 {
		t.Errorf("%d saves", saves)
	}
}

func TestSavesThatFail(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	x := w.twin(func(c *mfa.Config) { c.Store = s })
	s.onSaves(func(i int, save func() error) error {
		if i < 3 {
			return errWire
		}
		return save()
	})
	f, err := x.verify(f, a.id, a.Code(), mfa.Client{})
	x.want(f, err, mfa.StatusPassed)

	w.next()
	f = x.signIn(u, mfa.Client{})
	s.onSaves(func(int, func() error) error { return errWire })
	got, err := x.verify(f, a.id, a.Code(), mfa.Client{})
	if is(t, err, mfa.ErrStore); !errors.Is(err, errWire) || got.Status != "" {
		t.Errorf("%v, %v", got, err)
	}
	if loads, saves := s.counts(); saves != 3 || loads != 4 {
		t.Errorf("%d loads, %d saves", loads, saves)
	}
	s.reset()
	f, err = x.verify(f, a.id, a.Code(), mfa.Client{})
	x.want(f, err, mfa.StatusPassed)
	x.drain()
	if n := len(x.events.ByType(mfa.EventVerified)); n != 2 {
		t.Errorf("%d events of 2 right codes", n)
	}
}

// What the last save that is tried did is read before it is told, too.
func TestTheLastSaveIsReadBackToo(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	s.onSaves(func(i int, save func() error) error {
		if i == 3 {
			_ = save()
		}
		return errWire
	})
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

func TestNotDurableLetsNobodyIn(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	x := w.twin(func(c *mfa.Config) { c.Store = s })
	s.onSaves(func(_ int, save func() error) error {
		if err := save(); err != nil {
			return err
		}
		return fmt.Errorf("test: %w", mfa.ErrNotDurable)
	})
	got, err := x.verify(f, a.id, a.Code(), mfa.Client{})
	if is(t, err, mfa.ErrBusy); got.Status != "" || got.Authentication.User != "" {
		t.Errorf("%v", got)
	}
	if loads, saves := s.counts(); loads != 1 || saves != 1 {
		t.Errorf("%d loads, %d saves: it is not resolved by reading", loads, saves)
	}
	got, err = x.SignIn(bg, mfa.SignIn{User: person("plain"), First: mfa.Password})
	if is(t, err, mfa.ErrBusy); got.Authentication.User != "" {
		t.Errorf("%v", got)
	}
	s.reset()
	g := x.signIn(u, mfa.Client{})
	_, err = x.verify(g, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	x.drain()
	if n := len(x.events.ByType(mfa.EventVerified)); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestLoadsThatFail(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	f := w.signIn(u, mfa.Client{})
	s.reset()
	s.onLoad = func(int, string, func() (mfa.Item, error)) (mfa.Item, error) { return mfa.Item{}, errWire }
	for name, call := range map[string]func() error{
		"sign-in": func() error { _, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password}); return err },
		"verify":  func() error { _, err := w.verify(f, a.id, a.Code(), mfa.Client{}); return err },
		"flow":    func() error { _, err := w.Flow(bg, f.Token); return err },
		"satisfies": func() error {
			return w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: c.Authentication}, mfa.Requirement{})
		},
		"enrollments": func() error { _, err := w.Enrollments(bg, u.ID); return err },
		"activity":    func() error { _, err := w.Activity(bg, u.ID); return err },
		"remove":      func() error { _, err := w.Remove(bg, c, a.id); return err },
		"redeliver":   func() error { return w.Redeliver(bg, u.ID) },
	} {
		if err := call(); !errors.Is(err, mfa.ErrStore) || !errors.Is(err, errWire) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The answer is lost, and the first reading back fails.
	s.reset()
	s.onSave = func(i int, _ string, _ int64, _ mfa.Item, save func() error) error {
		_ = save()
		return errWire
	}
	s.onLoad = func(n int, _ string, load func() (mfa.Item, error)) (mfa.Item, error) {
		if n == 2 {
			return mfa.Item{}, errWire
		}
		return load()
	}
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

func TestWhoGoesAwayIsNotLetIn(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	ctx, cancel := context.WithCancel(bg)
	s.onSaves(func(_ int, save func() error) error {
		err := save()
		cancel()
		if err == nil {
			err = errWire
		}
		return err
	})
	_, err := w.Verify(ctx, f.Token, mfa.Answer{Option: a.id, Code: a.Code()}, mfa.Client{})
	is(t, err, context.Canceled)
	s.reset()
	g := w.signIn(u, mfa.Client{})
	_, err = w.verify(g, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
}

// holdFirstSave has the first Save of a user's value say that it is inside, and wait
// until leave is closed.
func (s *tap) holdFirstSave() (inside, leave chan struct{}) {
	inside, leave = make(chan struct{}), make(chan struct{})
	s.onSaves(func(i int, save func() error) error {
		if i == 1 {
			close(inside)
			<-leave
		}
		return save()
	})
	return inside, leave
}

func TestWaitingInLineEndsWithTheRequest(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	inside, leave := s.holdFirstSave()
	first := make(chan error, 1)
	go func() {
		_, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
		first <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(bg)
	second := make(chan error, 1)
	go func() {
		_, err := w.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
		second <- err
	}()
	cancel()
	is(t, <-second, context.Canceled)
	close(leave)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if loads, saves := s.counts(); loads != 1 || saves != 1 {
		t.Errorf("%d loads, %d saves", loads, saves)
	}
}

// C-18: whoever sends a thousand requests at a time for one user keeps nobody else
// waiting, and no request beyond the bound waits at all.
func TestC18_ALongLineIsOneUsersOwn(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	inside, leave := s.holdFirstSave()
	const line = 1024
	ctx, cancel := context.WithCancel(bg)
	errs := make(chan error, line+1)
	enter := func(ctx context.Context) {
		_, err := w.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
		errs <- err
	}
	go enter(bg)
	<-inside
	for range line {
		go enter(ctx)
	}
	is(t, <-errs, mfa.ErrBusy) // the one too many
	for i := range 2 * line {
		w.signIn(person(fmt.Sprint("other", i)), mfa.Client{})
	}
	cancel()
	for range line - 1 {
		is(t, <-errs, context.Canceled)
	}
	close(leave)
	is(t, <-errs, nil)
	w.signIn(u, mfa.Client{})
}

// A store that now and then returns what was there before can make the engine
// refuse, and never accept a code twice.
func TestStaleReadsOnlyRefuse(t *testing.T) {
	w, s := tapped(t, silent)
	u := person("u")
	a := w.withApp(u)
	var older []mfa.Item
	f := w.signIn(u, mfa.Client{})
	g := w.signIn(u, mfa.Client{})
	s.reset()
	n := 0
	s.onLoad = func(_ int, _ string, load func() (mfa.Item, error)) (mfa.Item, error) {
		item, err := load()
		older = append(older, item)
		if n++; n%2 == 0 {
			return older[max(0, len(older)-3)], err
		}
		return item, err
	}
	accepted, answered := 0, 0
	for range 40 {
		for _, flow := range []mfa.Flow{f, g} {
			if _, err := w.verify(flow, a.id, a.Code(), mfa.Client{}); err == nil {
				accepted++
			} else if errors.Is(err, mfa.ErrNotValid) {
				answered++
			}
		}
	}
	if accepted != 1 || answered > 5 {
		t.Errorf("accepted %d times, %d answers", accepted, answered)
	}
}

// Nothing is changed that a newer version wrote.
func TestNewerVersions(t *testing.T) {
	ring, err := mfa.NewKeyRingFrom(glass{}, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(v []byte) []byte{
		"seal":          func(v []byte) []byte { v[0] = 2; return v },
		"value":         func(v []byte) []byte { v[34] = 2; return v }, // 1 byte of form, 32 of glass, the array's head
		"more sections": func(v []byte) []byte { v[35]++; return append(v, 0x40) },
		"field in a section": func(v []byte) []byte {
			// The head's map gets one more pair: {…, 99: 0}.
			head := int(v[37])
			out := slices.Clone(v[:36])
			out = append(out, 0x58, byte(head+3), v[38]+1)
			out = append(out, v[39:38+head]...)
			out = append(out, 0x18, 99, 0)
			return append(out, v[38+head:]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, silent, func(c *mfa.Config) { c.Keys = ring })
			u := person("u")
			a := w.withApp(u)
			c := w.session(u, a)
			f := w.signIn(u, mfa.Client{})
			item := value(t, w.store, u.ID)
			if item.Value[33] != 0x82 || item.Value[34] != 1 || item.Value[35] != 0x89 || item.Value[36] != 0x58 {
				t.Fatalf("the value's form is not the one that this test knows: %x", item.Value[:40])
			}
			newer := mfa.Item{Value: edit(slices.Clone(item.Value)), Version: 42}
			if err := w.store.Save(bg, "user/u", item.Version, newer); err != nil {
				t.Fatal(err)
			}
			for call, err := range map[string]error{
				"sign-in":   second(w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})),
				"verify":    second(w.verify(f, a.id, a.Code(), mfa.Client{})),
				"satisfies": w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: c.Authentication}, mfa.Requirement{}),
				"reset":     w.Reset(bg, mfa.Reset{User: u, Actor: "x"}),
				"erase":     w.Erase(bg, u.ID),
				"remove":    second(w.Remove(bg, c, a.id)),
				"list":      second(w.Enrollments(bg, u.ID)),
			} {
				if !errors.Is(err, mfa.ErrNewerVersion) {
					t.Errorf("%s: %v", call, err)
				}
			}
			if now := value(t, w.store, u.ID); now.Version != 42 || string(now.Value) != string(newer.Value) {
				t.Error("it was changed")
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestNewNamesWhatIsWrong(t *testing.T) {
	ring, _ := mfa.NewKeyRing()
	w := newWorld(t)
	good := mfa.Config{Store: w.store, Keys: ring, Factors: []mfa.Factor{keyFactor{}, quickRecovery{}}}
	for want, edit := range map[string]func(c *mfa.Config){
		"Config.Store":      func(c *mfa.Config) { c.Store = nil },
		"Config.Keys":       func(c *mfa.Config) { c.Keys = nil },
		"Config.Factors is": func(c *mfa.Config) { c.Factors = nil },
		"Factors[1] is nil": func(c *mfa.Config) { c.Factors = []mfa.Factor{keyFactor{}, nil} },
		"taken":             func(c *mfa.Config) { c.Factors = []mfa.Factor{keyFactor{}, keyFactor{}} },
		"nothing but":       func(c *mfa.Config) { c.Factors = []mfa.Factor{quickRecovery{}} },
		"Deployment":        func(c *mfa.Config) { c.Deployment = "a\x00b" },
		"no name":           func(c *mfa.Config) { c.Factors = []mfa.Factor{named{"Nö"}} },
		"is taken":          func(c *mfa.Config) { c.Factors = []mfa.Factor{named{"password"}} },
		"for recovery":      func(c *mfa.Config) { c.Factors = []mfa.Factor{named{"recovery"}} },
	} {
		c := good
		edit(&c)
		if _, err := mfa.New(c); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "mfa: ") {
			t.Errorf("%q: %v", want, err)
		}
	}
	if _, err := mfa.New(good); err != nil {
		t.Error(err)
	}
}

type named struct{ name string }

func (n named) Method() mfa.Method { return mfa.Method{Name: n.name, Kind: mfa.Have} }
func (named) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}
func (named) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}
func (named) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrNotValid
}
