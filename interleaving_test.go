package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// A storm is a random run: browsers, a guesser and a clock over two processes and
// a store that conflicts, fails, loses answers and returns what is stale, and in
// whose saves other requests are served. It is the same for the same seed.
type storm struct {
	t       testing.TB
	rng     *rand.Rand
	w       [2]*world // two processes
	store   *chaos
	depth   int
	user    mfa.User
	flows   []*passage
	spares  []string // recovery codes, spent ones too
	trusted []mfa.Authentication

	apps    map[string]*app // all that there ever were, by ID
	there   map[string]fate
	spent   map[string]int // how often each code was accepted
	answers []time.Time    // of wrong answers
	oldest  uint64         // evidence of an older generation is known to be void
	trace   []string
	passes  int
	refused int
}

// A passage is a flow as its browser sees it.
type passage struct {
	token  string
	proved bool // an answer in it was accepted
	passed bool
}

// What is known of an enrollment.
type fate int

const (
	present fate = iota + 1 // acknowledged
	absent                  // its end was acknowledged
	unsure                  // a request about it ended without an answer
)

// chaos is a store in memory with moods.
type chaos struct {
	mfa.Store
	s      *storm
	calm   bool
	before map[string]mfa.Item
}

func (c *chaos) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := c.Store.Load(ctx, key)
	if !strings.HasPrefix(key, "user/") || c.calm { // counts are written after the answer, by others
		return item, err
	}
	switch n := c.s.rng.IntN(100); {
	case n < 3:
		return mfa.Item{}, errWire
	case n < 6 && err == nil && c.before[key].Version != 0:
		return c.before[key], nil
	}
	return item, err
}

func (c *chaos) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	save := func() error {
		was, _ := c.Store.Load(ctx, key)
		err := c.Store.Save(ctx, key, old, item)
		if err == nil {
			c.before[key] = was
		}
		return err
	}
	if !strings.HasPrefix(key, "user/") || c.calm { // counts are written after the answer, by others
		return c.Store.Save(ctx, key, old, item)
	}
	n := c.s.rng.IntN(100)
	switch {
	case n < 8:
		return fmt.Errorf("test: %w", mfa.ErrConflict)
	case n < 14:
		return errWire
	case n < 18:
		return c.then(save(), errWire)
	case n < 22:
		return c.then(save(), mfa.ErrConflict)
	case n < 24:
		return c.then(save(), mfa.ErrNotDurable)
	case n < 34: // somebody comes before
		c.s.nested()
		return save()
	case n < 42: // somebody comes between the save and its lost answer
		err := save()
		c.s.nested()
		return c.then(err, errWire)
	}
	return save()
}

func (c *chaos) then(err, lost error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("test: %w", lost)
}

func newStorm(t testing.TB, seed uint64) *storm {
	s := &storm{t: t, rng: rand.New(rand.NewPCG(seed, 7)), user: person("u"), apps: map[string]*app{}, there: map[string]fate{}, spent: map[string]int{}}
	s.store = &chaos{Store: memory.New(), s: s, calm: true, before: map[string]mfa.Item{}}
	strict := withPolicy(required)
	s.w[0] = newWorld(t, silent, strict, withStore(s.store))
	s.w[1] = s.w[0].twin(silent, strict, withStore(s.store))
	a := s.w[0].withApp(s.user)
	s.apps[a.id], s.there[a.id], s.spares = a, present, a.codes
	s.trusted = append(s.trusted, a.flow.Authentication)
	s.store.calm = false
	return s
}

// nested serves a request of the other process in the middle of this one.
func (s *storm) nested() {
	if s.depth > 0 {
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	s.step(1)
}

func (s *storm) note(format string, args ...any) {
	s.trace = append(s.trace, strings.Repeat("  ", s.depth)+fmt.Sprintf(format, args...))
}

func (s *storm) now() time.Time { return s.w[0].clock.Now() }

func pick[T any](s *storm, list []T) (v T) {
	if len(list) == 0 {
		return v
	}
	return list[s.rng.IntN(len(list))]
}

func (s *storm) app() *app {
	return pick(s, s.order())
}

// order is the apps in the order of their making: a map has none.
func (s *storm) order() []*app {
	return slices.SortedFunc(maps.Values(s.apps), func(a, b *app) int { return a.made - b.made })
}

func (s *storm) step(process int) {
	w := s.w[process]
	switch n := s.rng.IntN(100); {
	case n < 20:
		f, err := w.SignIn(bg, mfa.SignIn{User: s.user, First: mfa.Password})
		s.note("sign in: %v %v", f.Status, err)
		s.honest(err)
		if err == nil {
			if f.Status == mfa.StatusPassed {
				s.t.Errorf("passed on a password alone")
			}
			s.flows = append(s.flows, &passage{token: f.Token})
		}
	case n < 50:
		s.answer(w, s.app())
	case n < 62:
		s.guess(w)
	case n < 68:
		s.spare(w)
	case n < 78:
		s.change(w)
	case n < 82:
		s.distrust(w)
	case n < 96:
		s.w[0].clock.Advance(time.Duration(1+s.rng.IntN(60)) * time.Second)
	case n < 98:
		s.w[0].clock.Advance(time.Duration(1+s.rng.IntN(60)) * time.Minute)
	default:
		s.w[0].clock.Advance(-time.Duration(1+s.rng.IntN(20)) * time.Second)
	}
}

// honest: no error is of a kind that nobody could act on.
func (s *storm) honest(err error) {
	for _, known := range []error{nil, mfa.ErrBusy, mfa.ErrStore, mfa.ErrNotValid, mfa.ErrLocked, mfa.ErrFlowExpired, mfa.ErrNoOption,
		mfa.ErrRequirement, mfa.ErrNoEnrollment, mfa.ErrEnrollmentExpired, mfa.ErrEnrollmentRequired, mfa.ErrMethodNotAllowed} {
		if known == nil && err == nil || known != nil && errors.Is(err, known) {
			return
		}
	}
	s.t.Errorf("unexpected error %v", err)
}

// outcome judges what an answer in a flow came to.
func (s *storm) outcome(p *passage, f mfa.Flow, err error) (accepted bool) {
	s.honest(err)
	if err != nil {
		if f.Status != "" || f.Authentication.User != "" {
			s.t.Errorf("an error with a flow: %v %v", err, f)
		}
		s.refused++
		return false
	}
	if f.Status == mfa.StatusDenied {
		return false
	}
	p.proved = true
	if f.Status == mfa.StatusPassed {
		if p.passed {
			s.t.Errorf("one flow passed twice")
		}
		if a := f.Authentication; a.AAL() < mfa.AAL2 || a.User != s.user.ID || len(a.Proofs) < 2 {
			s.t.Errorf("passed without the evidence: %+v", a)
		}
		p.passed = true
		s.passes++
		s.trusted = append(s.trusted, f.Authentication)
	}
	return true
}

func (s *storm) answer(w *world, a *app) {
	p := pick(s, s.flows)
	if p == nil {
		return
	}
	at := s.now().Add(time.Duration(s.rng.IntN(3)-1) * 30 * time.Second)
	f, err := w.Verify(bg, p.token, mfa.Answer{Option: a.id, Code: a.CodeAt(at)}, mfa.Client{})
	s.note("answer by %d for step %d: %v %v", a.made, at.Unix()/30, f.Status, err)
	if errors.Is(err, mfa.ErrNotValid) {
		s.wrong()
	}
	if s.outcome(p, f, err) {
		s.accept(fmt.Sprint(a.id, " ", at.Unix()/30))
		if s.there[a.id] == absent {
			s.t.Errorf("an app passed that was removed")
		}
	}
}

func (s *storm) accept(code string) {
	if s.spent[code]++; s.spent[code] > 1 {
		s.t.Errorf("a code was accepted %d times", s.spent[code])
	}
}

// wrong counts an answer, and holds it to the account's limits: 15 in an hour
// from devices that are not known, and one an app in its pauses.
func (s *storm) wrong() {
	s.answers = append(s.answers, s.now())
	n := 0
	for _, t := range s.answers {
		if d := s.now().Sub(t); d >= 0 && d < time.Hour-time.Minute { // the clock goes back by less than that
			n++
		}
	}
	if n > 15 {
		s.t.Errorf("%d wrong answers within an hour", n)
	}
}

func (s *storm) guess(w *world) {
	p, a := pick(s, s.flows), s.app()
	if p == nil {
		return
	}
	f, err := w.Verify(bg, p.token, mfa.Answer{Option: a.id, Code: a.wrong(s.now())}, mfa.Client{})
	s.note("guess: %v %v", f.Status, err)
	s.honest(err)
	if err == nil {
		s.t.Errorf("a wrong code was accepted")
	}
	if errors.Is(err, mfa.ErrNotValid) {
		s.wrong()
	}
}

func (s *storm) spare(w *world) {
	p, code := pick(s, s.flows), pick(s, s.spares)
	if p == nil {
		return
	}
	f, err := w.Verify(bg, p.token, mfa.Answer{Option: "recovery", Code: code}, mfa.Client{})
	s.note("recovery code: %v %v", f.Status, err)
	if s.outcome(p, f, err) {
		s.accept(code)
	}
}

// change enrols, replaces or removes with evidence from some session.
func (s *storm) change(w *world) {
	c := mfa.Caller{User: s.user, Authentication: pick(s, s.trusted)}
	list := s.order()
	old := list[s.rng.IntN(len(list))]
	switch {
	case s.rng.IntN(3) > 0:
		r := mfa.Enroll{Method: "totp"}
		if s.rng.IntN(2) == 0 {
			r.Replaces = old.id
		}
		s.enrol(w, c, r)
	default:
		auth, err := w.Remove(bg, c, old.id)
		s.note("remove %d: %v", old.made, err)
		s.honest(err)
		s.judge(old.id, absent, err)
		if err == nil {
			s.voided(auth)
		}
	}
}

func (s *storm) enrol(w *world, c mfa.Caller, r mfa.Enroll) {
	p, err := w.Enroll(bg, c, r)
	s.honest(err)
	if err != nil {
		s.note("enrol: %v", err)
		return
	}
	a := s.w[0].phone(p)
	a.made = len(s.apps)
	s.apps[a.id], s.there[a.id] = a, absent
	done, err := w.Activate(bg, c, p.ID, mfa.Answer{Code: a.Code()})
	s.note("enrol %d, in the place of %q: %v", a.made, r.Replaces, err)
	s.honest(err)
	if errors.Is(err, mfa.ErrNotValid) {
		s.wrong()
	}
	s.judge(a.id, present, err)
	if r.Replaces != "" {
		s.judge(r.Replaces, absent, err)
	}
	if err == nil {
		s.spent[fmt.Sprint(a.id, " ", s.now().Unix()/30)]++ // the code that confirmed
		if r.Replaces != "" {
			s.voided(done.Authentication)
		}
	}
}

// judge keeps what is known of an enrollment after a request about it.
func (s *storm) judge(id string, then fate, err error) {
	switch {
	case err == nil:
		s.there[id] = then
	case errors.Is(err, mfa.ErrBusy) || errors.Is(err, mfa.ErrStore):
		if s.there[id] != then {
			s.there[id] = unsure
		}
	}
}

// voided: what an acknowledged change made void stays so.
func (s *storm) voided(renewed mfa.Authentication) {
	s.oldest = max(s.oldest, renewed.Generation)
	s.trusted = append(s.trusted, renewed)
}

func (s *storm) distrust(w *world) {
	a := pick(s, s.trusted)
	calm := s.store.calm
	s.store.calm = true // a stale read would be the store's fault
	err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: s.user.ID}, Authentication: a}, mfa.Requirement{})
	s.store.calm = calm
	s.note("satisfies: %v", err)
	if err == nil && a.Generation < s.oldest {
		s.t.Errorf("evidence of generation %d holds after %d", a.Generation, s.oldest)
	}
}

// settle compares what was acknowledged with what is there.
func (s *storm) settle() {
	s.store.calm = true
	list, err := s.w[0].Enrollments(bg, s.user.ID)
	if err != nil {
		s.t.Errorf("in the end: %v", err)
	}
	found := map[string]bool{}
	for _, r := range list {
		found[r.ID] = true
	}
	for id, f := range s.there {
		if f == present && !found[id] || f == absent && found[id] {
			s.t.Errorf("app %d: there is %t, acknowledged as %d (1 there, 2 gone)", s.apps[id].made, found[id], f)
		}
	}
}

// TestInterleavings holds many storms to the invariants: a code is accepted at
// most once, wrong answers stay within the limits, nothing passes without the
// evidence that is asked for, and no acknowledged change is lost.
func TestInterleavings(t *testing.T) {
	const seeds, steps = 300, 60
	passes, refused := 0, 0
	for seed := range uint64(seeds) {
		failed := t.Failed()
		s := newStorm(t, seed)
		for range steps {
			s.step(0)
		}
		s.settle()
		passes, refused = passes+s.passes, refused+s.refused
		if t.Failed() && !failed {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(s.trace, "\n"))
		}
	}
	t.Logf("%d seeds of %d steps: %d flows passed, %d answers refused", seeds, steps, passes, refused)
	if passes < seeds {
		t.Error("too little passes for this to prove anything")
	}
}
