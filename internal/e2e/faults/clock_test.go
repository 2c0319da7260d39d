package faults_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// off is how far ahead one instance's clock is.
const off = 5 * time.Minute

// skewed is a site whose second engine's clock is ahead.
func skewed(t *testing.T, ahead time.Duration, open func(testing.TB) mfa.Store) *site {
	t.Helper()
	s := newSite(t, open)
	s.engines[1] = s.engine(s.open(t), func() time.Time { return s.clock.Now().Add(ahead) })
	return s
}

// member is a user with an app, enrolled at the first engine.
func (s *site) member(id string) (mfa.User, *mfatest.Authenticator) {
	s.t.Helper()
	u := mfa.User{ID: id, Name: "ada@example.com"}
	phone, _ := (&mfatest.Engine{Engine: s.engines[0], Clock: s.clock}).EnrollTOTP(s.t, u)
	return u, phone
}

func (s *site) flow(e *mfa.Engine, u mfa.User) mfa.Flow {
	s.t.Helper()
	f, err := e.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil || f.Status != mfa.StatusChallenge {
		s.t.Fatalf("sign in: %s, %v", f.Status, err)
	}
	return f
}

func (s *site) verify(e *mfa.Engine, f mfa.Flow, text string) (mfa.Flow, error) {
	return e.Verify(ctx, f.Token, mfa.Answer{Option: optionOf(f, totp.Name), Code: text}, mfa.Client{})
}

// A code that is right by one clock or the other is accepted once over both, and
// ends what came before it on both.
func TestC02_T01_ClockOff_OneCode(t *testing.T) {
	t.Parallel()
	s := skewed(t, off, opener("pgx", testserver.PostgresDatabase(t), onPostgres))
	for id, ahead := range map[string]time.Duration{"right": 0, "ahead": off} {
		u, phone := s.member(id)
		text := phone.CodeAt(s.clock.Now().Add(ahead))
		if passed := s.race(u, text); passed != 1 {
			t.Errorf("a code that is %s was accepted %d times", id, passed)
		}
		s.clock.Advance(time.Minute)
		f := s.flow(s.engines[0], u)
		if _, err := s.verify(s.engines[0], f, phone.Code()); ahead > 0 && !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked) {
			t.Errorf("the code of a step before one that was accepted: %v", err)
		}
		s.clock.Advance(2 * off)
		f = s.flow(s.engines[0], u)
		if got, err := s.verify(s.engines[0], f, phone.Code()); err != nil || got.Status != mfa.StatusPassed {
			t.Errorf("a code after all of them: %s, %v", got.Status, err)
		}
	}
}

// race answers with one code in many flows, on both engines, and returns how often
// it was accepted.
func (s *site) race(u mfa.User, text string) (passed int) {
	s.t.Helper()
	var flows []mfa.Flow
	for i := range 4 {
		flows = append(flows, s.flow(s.engines[i%2], u))
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 2 * len(flows) { // more would use up what the account has in an hour
		all.Go(func() {
			f, err := s.verify(s.engines[i%2], flows[i/2], text)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && f.Status == mfa.StatusPassed:
				passed++
			case !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked) && !errors.Is(err, mfa.ErrFlowExpired) && !errors.Is(err, mfa.ErrBusy):
				s.t.Errorf("%s, %v", f.Status, err)
			}
		})
	}
	all.Wait()
	return passed
}

// Whoever goes from one instance to the other gets no more guesses than at two
// whose clocks agree.
func TestC07_A17_ClockOff_Guesses(t *testing.T) {
	t.Parallel()
	var agreed int
	for _, ahead := range []time.Duration{0, off, -off} {
		m := memory.New()
		s := skewed(t, ahead, func(testing.TB) mfa.Store { return m })
		u, phone := s.member("u")
		answered := s.guesses(u, phone)
		if ahead == 0 {
			agreed = answered
		}
		if answered < failsUntilLocked || answered > agreed {
			t.Errorf("%v ahead: %d guesses, want at most %d", ahead, answered, agreed)
		}
	}
}

// guesses tries wrong codes at both engines for two hours, as often as they are
// answered.
func (s *site) guesses(u mfa.User, phone *mfatest.Authenticator) (answered int) {
	s.t.Helper()
	for range 2 * 60 {
		for _, e := range s.engines {
			f := s.flow(e, u)
			for {
				_, err := s.verify(e, f, wrongFor(phone, s.clock.Now()))
				if errors.Is(err, mfa.ErrLocked) {
					break
				}
				if !errors.Is(err, mfa.ErrNotValid) {
					s.t.Fatal(err)
				}
				answered++
			}
		}
		s.clock.Advance(time.Minute)
	}
	return answered
}

// Evidence that the instance ahead has given is none on the other, until that one's clock
// shows the same: a session of the past is not brought back by a clock of the future.
func TestClockOff_Evidence(t *testing.T) {
	t.Parallel()
	m := memory.New()
	s := skewed(t, off, func(testing.TB) mfa.Store { return m })
	u, phone := s.member("u")
	got, err := s.verify(s.engines[1], s.flow(s.engines[1], u), phone.CodeAt(s.clock.Now().Add(off)))
	if err != nil {
		t.Fatal(err)
	}
	session := mfa.Caller{User: u, Authentication: got.Authentication}
	if _, err := s.engines[0].RecoveryCodes(ctx, session); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("evidence of the future: %v", err)
	}
	if _, err := s.engines[1].RecoveryCodes(ctx, session); err != nil {
		t.Errorf("where it was given: %v", err)
	}
	s.clock.Advance(off)
	if _, err := s.engines[0].RecoveryCodes(ctx, session); err != nil {
		t.Errorf("when it is of the past: %v", err)
	}
}
