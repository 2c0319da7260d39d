package mfa_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A teller is a scorer that says what a test wants. What it learns is a line for each
// sign-in: the activity and what was seen.
type teller struct {
	mu      sync.Mutex
	say     func(mfa.Attempt, string) (mfa.Assessment, error)
	seen    []mfa.Attempt
	counted []string
	learns  func(history string) error
}

func telling(level mfa.RiskLevel) *teller {
	return &teller{say: func(mfa.Attempt, string) (mfa.Assessment, error) { return mfa.Assessment{Level: level}, nil }}
}

func (s *teller) becomes(a mfa.Assessment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say = func(mfa.Attempt, string) (mfa.Assessment, error) { return a, err }
}

func (s *teller) Score(_ context.Context, a mfa.Attempt, history []byte) (mfa.Assessment, []byte, error) {
	s.mu.Lock()
	s.seen = append(s.seen, a)
	say := s.say
	s.mu.Unlock()
	said, err := say(a, string(history))
	return said, []byte(a.Client.IP.String()), err
}

func (s *teller) Learn(history, seen []byte, activity string) ([]byte, []byte, error) {
	if s.learns != nil {
		if err := s.learns(string(history)); err != nil {
			return nil, nil, err
		}
	}
	line := activity + " " + string(seen) + "\n"
	return append(slices.Clone(history), line...), []byte("+" + string(seen)), nil
}

func (s *teller) Unlearn(history []byte, activity string) ([]byte, []byte, error) {
	var left, gone []byte
	for line := range bytes.Lines(history) {
		if bytes.HasPrefix(line, []byte(activity+" ")) {
			gone = append(gone, bytes.TrimSpace(line[len(activity)+1:])...)
		} else {
			left = append(left, line...)
		}
	}
	if gone == nil {
		return left, nil, nil
	}
	return left, append([]byte("-"), gone...), nil
}

func (s *teller) Count(delta []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted = append(s.counted, string(delta))
}

func (s *teller) last() mfa.Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[len(s.seen)-1]
}

func withRisk(s mfa.Scorer) func(*mfa.Config) { return func(c *mfa.Config) { c.Risk = s } }

var levels = []mfa.RiskLevel{mfa.RiskLow, mfa.RiskUnknown, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere}

// D-06: risk raises what a policy asks, and never lowers it: whoever has a factor is
// asked for it from "unknown" upwards, in a known browser too; a remembered one passes
// where the risk is no more than elevated.
func TestD06_RiskRaises(t *testing.T) {
	free := func(mfa.Subject) mfa.Decision { return mfa.Decision{} }
	remembers := func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: mfa.Remember{For: 30 * day}}
	}
	for _, row := range []struct {
		name   string
		policy func(mfa.Subject) mfa.Decision
		asked  []mfa.RiskLevel
	}{
		{"where nobody is asked", free, levels[1:]},
		{"where everybody is asked", required, levels},
		{"in a remembered browser", remembers, []mfa.RiskLevel{mfa.RiskUnknown, mfa.RiskHigh, mfa.RiskSevere}},
	} {
		for _, level := range levels {
			t.Run(row.name+": "+string(level), func(t *testing.T) {
				s := telling(mfa.RiskLow)
				w := newWorld(t, withPolicy(row.policy), withRisk(s))
				u := person("ada")
				a := w.withApp(u)
				b := w.browser(u, 1)
				b.enter(a, true)
				s.becomes(mfa.Assessment{Level: level}, nil)
				want := mfa.StatusPassed
				if slices.Contains(row.asked, level) {
					want = mfa.StatusChallenge
				}
				f := b.signIn()
				w.want(f, nil, want)
				if f.Risk.Level != level {
					t.Errorf("the flow's level is %q", f.Risk.Level)
				}
				if got := f.Remember > 0; want == mfa.StatusChallenge && row.name == "in a remembered browser" && got != (level == mfa.RiskUnknown) {
					t.Errorf("it can be remembered: %t", got)
				}
			})
		}
	}
}

// D-06: risk alone makes nobody enrol: that is what a stranger with a password would
// want. And a requirement that the user cannot meet is not made.
func TestD06_RiskAsksForWhatThereIs(t *testing.T) {
	s := telling(mfa.RiskHigh)
	w := newWorld(t, withRisk(s))
	u := person("bob")
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed) // has nothing
	w.next()
	s.becomes(mfa.Assessment{Level: mfa.RiskLow}, nil)
	a := w.withApp(u)
	s.becomes(mfa.Assessment{Level: mfa.RiskHigh}, nil)
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusChallenge)
	if got := methods(f.Options); !slices.Contains(got, "totp") {
		t.Errorf("without a key the options are %v", got)
	}
	s.becomes(mfa.Assessment{Level: mfa.RiskLow}, nil)
	w.enrollKey(w.session(u, a), "key")
	for _, level := range levels {
		s.becomes(mfa.Assessment{Level: level}, nil)
		f := w.signIn(u, from(1))
		w.want(f, nil, mfa.StatusChallenge)
		if got := methods(f.Options); slices.Contains(got, "totp") != (level != mfa.RiskHigh && level != mfa.RiskSevere) || !slices.Contains(got, "key") {
			t.Errorf("with a key, at %s, the options are %v", level, got)
		}
	}
}

// D-06: where the policy says that an app cannot ask, and for programs, risk asks nothing;
// what is denied is denied all the same.
func TestD06_RiskWhereNobodyCanBeAsked(t *testing.T) {
	s := telling(mfa.RiskLow)
	deny := false
	w := newWorld(t, withRisk(s), withPolicy(func(sub mfa.Subject) mfa.Decision {
		return mfa.Decision{InsecureIgnoreRisk: sub.Client.App == "mobile", DenySevere: deny, Exempt: true}
	}))
	u := person("ada")
	w.withApp(u)
	s.becomes(mfa.Assessment{Level: mfa.RiskSevere}, nil)
	mobile := from(1)
	mobile.App = "mobile"
	w.want(w.signIn(u, from(1)), nil, mfa.StatusChallenge)
	w.want(w.signIn(u, mobile), nil, mfa.StatusPassed)
	program := u // a person's account that has become a program's
	program.Kind = mfa.Service
	f, err := w.SignIn(bg, mfa.SignIn{User: program, First: mfa.ClientCredentials, Client: from(1)})
	w.want(f, err, mfa.StatusPassed)
	deny = true
	w.want(w.signIn(u, mobile), nil, mfa.StatusDenied)
}

// D-06: a policy may deny what is severe, and nothing else is denied for its risk.
func TestD06_SevereIsDeniedWhereThePolicySaysSo(t *testing.T) {
	for _, deny := range []bool{false, true} {
		for _, level := range levels {
			s := telling(level)
			w := newWorld(t, withRisk(s), withPolicy(func(mfa.Subject) mfa.Decision {
				return mfa.Decision{DenySevere: deny, Support: "call us"}
			}))
			f := w.signIn(person("ada"), from(1))
			if denied := deny && level == mfa.RiskSevere; (f.Status == mfa.StatusDenied) != denied {
				t.Errorf("%s, denying %t: %s", level, deny, f.Status)
			} else if denied && (f.Reason != mfa.ReasonRisk || f.Support != "call us") {
				t.Errorf("reason %q, support %q", f.Reason, f.Support)
			}
		}
	}
}

// D-06: a scorer that fails in whatever way leaves the sign-in unknown, which asks.
func TestD06_AScorerThatFailsAsks(t *testing.T) {
	good := mfa.Assessment{Level: mfa.RiskLow}
	hang := make(chan struct{})
	defer close(hang)
	for name, say := range map[string]func(mfa.Attempt, string) (mfa.Assessment, error){
		"an error":        func(mfa.Attempt, string) (mfa.Assessment, error) { return good, errors.New("no geo") },
		"a panic":         func(mfa.Attempt, string) (mfa.Assessment, error) { panic("no geo") },
		"no level":        func(mfa.Attempt, string) (mfa.Assessment, error) { return mfa.Assessment{}, nil },
		"a made up level": func(mfa.Attempt, string) (mfa.Assessment, error) { return mfa.Assessment{Level: "fine"}, nil },
		"no number": func(mfa.Attempt, string) (mfa.Assessment, error) {
			return mfa.Assessment{Level: mfa.RiskLow, Score: math.NaN()}, nil
		},
		"no answer": func(mfa.Attempt, string) (mfa.Assessment, error) { <-hang; return good, nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := telling(mfa.RiskLow)
			w := newWorld(t, withRisk(s), withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{} }))
			u := person("ada")
			w.withApp(u)
			w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
			s.mu.Lock()
			s.say = say
			s.mu.Unlock()
			f := w.signIn(u, from(1))
			w.want(f, nil, mfa.StatusChallenge)
			if f.Risk.Level != mfa.RiskUnknown {
				t.Errorf("the level is %q", f.Risk.Level)
			}
		})
	}
}

// D-06: whoever guesses until the factor is disabled is asked no less for it, and
// enrols nothing in its place.
func TestD06_DisabledFactorIsAskedFor(t *testing.T) {
	s := telling(mfa.RiskLow)
	w := newWorld(t, withRisk(s), withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{Forbidden: []string{"recovery"}} }))
	u := person("ada")
	a := w.withApp(u)
	s.becomes(mfa.Assessment{Level: mfa.RiskHigh}, nil)
	w.want(w.signIn(u, mfa.Client{}), nil, mfa.StatusChallenge)
	w.disable(u, a.id, func() string { return w.wrong(a) })
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusDenied)
	if f.Reason != mfa.ReasonDisabled {
		t.Errorf("reason %q", f.Reason)
	}
}

// A watching scorer that fails decides nothing either.
func TestShadowOfAScorerThatFails(t *testing.T) {
	s := &watching{teller: telling(mfa.RiskLow)}
	w := newWorld(t, withRisk(s), withPolicy(func(mfa.Subject) mfa.Decision { return mfa.Decision{} }))
	u := person("ada")
	w.withApp(u)
	s.say = func(mfa.Attempt, string) (mfa.Assessment, error) { panic("no geo") }
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusPassed)
	if f.Risk.Level != mfa.RiskUnknown || !f.Risk.Shadow {
		t.Errorf("the flow says %+v", f.Risk)
	}
	s.acts = true
	w.want(w.signIn(u, from(1)), nil, mfa.StatusChallenge)
}

type watching struct {
	*teller
	acts bool
}

func (s *watching) Watching(time.Time) bool { return !s.acts }

// A scorer that panics while it learns or counts changes nothing, and the sign-in passes.
func TestAScorerThatPanicsLearnsNothing(t *testing.T) {
	s := telling(mfa.RiskLow)
	s.learns = func(string) error { panic("no memory") }
	w := newWorld(t, withRisk(s))
	u := person("ada")
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
	s.learns = nil
	w = w.twin(withRisk(&panicking{s}))
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
}

type panicking struct{ *teller }

func (*panicking) Count([]byte) { panic("no memory") }

// In shadow nothing is decided, the policy hears nothing, and all of it is recorded.
func TestShadowDecidesNothing(t *testing.T) {
	s := telling(mfa.RiskLow)
	var heard []mfa.Assessment
	w := newWorld(t, withRisk(s), withPolicy(func(sub mfa.Subject) mfa.Decision {
		heard = append(heard, sub.Risk)
		return mfa.Decision{DenySevere: true}
	}))
	u := person("ada")
	w.withApp(u)
	heard = nil
	s.becomes(mfa.Assessment{Level: mfa.RiskSevere, Shadow: true, Score: 9}, nil)
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
	if len(heard) == 0 || heard[0].Level != "" || heard[0].Asks() {
		t.Errorf("the policy heard %+v", heard)
	}
	list, err := w.Activity(bg, u.ID)
	if err != nil || list[0].Risk == nil || list[0].Risk.Level != mfa.RiskSevere || !list[0].Risk.Shadow || list[0].Risk.Score != 9 {
		t.Errorf("recorded is %+v, %v", list[0].Risk, err)
	}
	w.drain()
	started := w.events.ByType(mfa.EventFlowStarted)
	if !slices.ContainsFunc(started, func(e mfa.Event) bool { return e.Risk != nil && e.Risk.Shadow && e.Risk.Score == 9 }) {
		t.Errorf("the events are %v", started)
	}
}

// What the scorer is told of a sign-in.
func TestAttempt(t *testing.T) {
	s := telling(mfa.RiskLow)
	w := newWorld(t, withRisk(s))
	u := person("ada")
	u.Attributes = map[string]string{"team": "blue"}
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.Hints = mfa.Hints{Brands: `"Chromium";v="142"`, Mobile: "?0", Platform: strings.Repeat(`"Linux"`, 99)}
	b.enter(a, false)
	if got := s.last(); got.Known || got.First != mfa.Password || got.Client.Hints.Mobile != "?0" || len(got.Client.Hints.Platform) > 64 ||
		got.User.Attributes["team"] != "blue" || !got.Now.Equal(w.clock.Now().Add(-30*time.Second)) {
		t.Errorf("at first: %+v", got)
	}
	f := b.signIn()
	for range 3 {
		_, err := w.verify(f, a.id, w.wrong(a), b.Client)
		is(t, err, mfa.ErrNotValid)
	}
	if _, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.EmailLink, Client: b.Client, WrongPasswords: 7}); err != nil {
		t.Fatal(err)
	}
	got := s.last()
	if !got.Known || got.First != mfa.EmailLink || got.AccountFailures != 3 || got.NetworkFailures != 3 || got.WrongPasswords != 7 || got.SystemAlarm {
		t.Errorf("later: %+v", got)
	}
	if got.Client.DeviceToken != "" {
		t.Error("it got the device's token")
	}
	w.clock.Advance(3 * time.Hour)
	w.signIn(u, mfa.Client{IP: netip.MustParseAddr("::ffff:10.9.9.9")})
	if got := s.last(); got.Known || got.AccountFailures != 0 || got.NetworkFailures != 0 || !got.Client.IP.Is4() {
		t.Errorf("elsewhere, hours later: %+v", got)
	}
}

// Only what passed, challenge included, is learned, in the save that passes it; and
// each is counted once, whatever the store does.
func TestLearnsWhatPassed(t *testing.T) {
	s := telling(mfa.RiskElevated)
	store := &tap{Store: newWorld(t).store}
	w := newWorld(t, withRisk(s), withStore(store), silent)
	u := person("ada")
	a := w.withApp(u) // the first sign-in has passed by the password alone
	if len(s.counted) != 1 {
		t.Fatalf("counted %q", s.counted)
	}
	f := w.signIn(u, from(1))
	w.want(f, nil, mfa.StatusChallenge)
	store.onSaves(func(n int, save func() error) error {
		if n == 1 { // it happens, and its answer is lost
			if err := save(); err != nil {
				return err
			}
			return errors.New("connection lost")
		}
		return save()
	})
	out, err := w.verify(f, a.id, a.Code(), from(1))
	w.want(out, err, mfa.StatusPassed)
	if want := []string{"+invalid IP", "+10.0.1.7"}; !slices.Equal(s.counted, want) {
		t.Errorf("counted %q, want %q", s.counted, want)
	}
	store.reset()
	w.next()
	w.signIn(u, from(2))
	loads, saves := store.counts()
	if loads != 1 || saves != 1 {
		t.Errorf("a sign-in that is scored costs %d loads and %d saves", loads, saves)
	}
	// A step-up teaches nothing.
	_, err = w.StepUp(bg, mfa.StepUp{User: u, Authentication: out.Authentication, Client: from(3)})
	is(t, err, nil)
	if len(s.counted) != 2 {
		t.Errorf("counted %q", s.counted)
	}
}

// D-06: whoever has the password and fails the challenge a thousand times teaches nothing.
func TestD06_FailedChallengesTeachNothing(t *testing.T) {
	s := telling(mfa.RiskElevated)
	var known string
	s.say = func(_ mfa.Attempt, history string) (mfa.Assessment, error) {
		known = history
		return mfa.Assessment{Level: mfa.RiskElevated}, nil
	}
	w := newWorld(t, withRisk(s))
	u := person("ada")
	a := w.withApp(u)
	w.enter(u, a, from(1))
	w.signIn(u, from(1))
	before, counted := known, len(s.counted)
	for i := range 1000 {
		f := w.signIn(u, from(7))
		if _, err := w.verify(f, a.id, w.wrong(a), from(7)); err == nil {
			t.Fatal("a wrong code is right")
		}
		w.clock.Advance(time.Duration(i%7) * time.Minute)
	}
	w.signIn(u, from(1))
	if known != before || len(s.counted) != counted {
		t.Errorf("learned is %q, was %q; counted %d, was %d", known, before, len(s.counted), counted)
	}
}

// A scorer whose history is too large, or who fails to learn, learns nothing, and the
// sign-in passes.
func TestHistoryIsBounded(t *testing.T) {
	s := telling(mfa.RiskLow)
	var known string
	s.say = func(_ mfa.Attempt, history string) (mfa.Assessment, error) {
		known = history
		return mfa.Assessment{Level: mfa.RiskLow}, nil
	}
	w := newWorld(t, withRisk(s))
	u := person("ada")
	for n := range 200 {
		w.want(w.signIn(u, from(n)), nil, mfa.StatusPassed)
	}
	if len(known) > 2<<10 || len(known) < 1<<10 {
		t.Errorf("the history has %d bytes", len(known))
	}
	before := known
	s.learns = func(string) error { return errors.New("no") }
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
	w.want(w.signIn(u, from(1)), nil, mfa.StatusPassed)
	if known != before {
		t.Error("it changed")
	}
}

// Erasing a user takes what was learned of them along.
func TestEraseTakesWhatWasLearned(t *testing.T) {
	s := telling(mfa.RiskLow)
	known := "not asked"
	s.say = func(_ mfa.Attempt, history string) (mfa.Assessment, error) {
		known = history
		return mfa.Assessment{Level: mfa.RiskLow}, nil
	}
	w := newWorld(t, withRisk(s))
	u := person("ada")
	w.signIn(u, from(1))
	w.signIn(u, from(1))
	if known == "" {
		t.Fatal("nothing was learned")
	}
	is(t, w.Erase(bg, u.ID), nil)
	w.signIn(u, from(1))
	if known != "" {
		t.Errorf("still known is %q", known)
	}
}

// What is kept with an activity is bounded, and the words only where they matter.
func TestRiskInTheActivity(t *testing.T) {
	s := telling(mfa.RiskLow)
	w := newWorld(t, withRisk(s))
	u := person("ada")
	reasons := []mfa.RiskReason{}
	for i := range 9 {
		reasons = append(reasons, mfa.RiskReason{Code: fmt.Sprintf("code_%d", i), Text: strings.Repeat("first ", 99), Usual: "you usually\x1b do", Weight: math.Inf(1),
			With: map[string]string{"a": strings.Repeat("long ", 99), "b": "\x1b[2J", "c": "3", "d": "4", "e": "5"}, UsualWith: map[string]string{strings.Repeat("name", 9): "x"}})
	}
	for _, level := range []mfa.RiskLevel{mfa.RiskLow, mfa.RiskElevated} {
		s.becomes(mfa.Assessment{Level: level, Score: 3.5, Reasons: reasons, Place: "Bucharest, Romania"}, nil)
		f := w.signIn(u, from(1))
		w.want(f, nil, mfa.StatusPassed)
		list, err := w.Activity(bg, u.ID)
		is(t, err, nil)
		got := list[0]
		if got.Place != "Bucharest, Romania" || got.ID == "" || got.Risk == nil || got.Risk.Score != 3.5 || got.Risk.Level != level || len(got.Risk.Reasons) != 5 {
			t.Fatalf("%s: %+v, %+v", level, got, got.Risk)
		}
		for i, r := range got.Risk.Reasons {
			if words := level == mfa.RiskElevated && i < 3; (r.Text != "") != words || len(r.Text) > 120 || strings.Contains(r.Usual, "\x1b") || r.Weight != 0 || r.Code == "" {
				t.Errorf("%s, reason %d: %+v", level, i, r)
			} else if (len(r.With) > 0) != words || (len(r.UsualWith) > 0) != words {
				t.Errorf("%s, reason %d: variables of words that are not kept, or the reverse: %+v", level, i, r)
			}
			if words := r.With; len(words) > 4 || len(words["a"]) > 64 || words["b"] != "" && words["b"] != "[2J" || words["e"] != "" || r.UsualWith[strings.Repeat("name", 9)] != "" {
				t.Errorf("%s, reason %d is not bounded: %+v", level, i, r)
			}
		}
		if r := f.Risk.Reasons[0]; len(f.Risk.Reasons) != 5 || r.String() != r.Text+"; you usually do" {
			t.Errorf("%s: the flow has %d reasons, %q", level, len(f.Risk.Reasons), r)
		}
	}
}
