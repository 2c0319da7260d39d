package races_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
)

const crowd = 200

// outcome names how an answer was met.
func outcome(f mfa.Flow, err error) string {
	for _, known := range []error{mfa.ErrNotValid, mfa.ErrFlowExpired, mfa.ErrLocked, mfa.ErrBusy, mfa.ErrBadInput, mfa.ErrEnrollmentExpired, mfa.ErrNoEnrollment} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return err.Error()
	}
	return string(f.Status)
}

// together makes n requests at one moment and counts how they were met.
func together(n int, request func(i int) string) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	barrier := make(chan struct{})
	counts := map[string]int{}
	for i := range n {
		all.Go(func() {
			<-barrier
			what := request(i)
			mu.Lock()
			defer mu.Unlock()
			counts[what]++
		})
	}
	close(barrier)
	all.Wait()
	return counts
}

// refusals are how the losers of a race may be met. Busy means that nothing was
// looked at; who is told so may try again.
var refusals = []error{mfa.ErrNotValid, mfa.ErrFlowExpired, mfa.ErrLocked, mfa.ErrBusy}

func wantOnce(t *testing.T, counts map[string]int, n int) {
	t.Helper()
	sum := 0
	for _, r := range refusals {
		sum += counts[r.Error()]
	}
	if counts["passed"] != 1 || sum != n-1 {
		t.Errorf("%d equal answers: %v", n, counts)
	}
}

// verify answers flow number i of some with the same code.
func (s *site) verify(flows []mfa.Flow, option, code string) func(int) string {
	return func(i int) string {
		f := flows[i%len(flows)]
		return outcome(s.engine(i/len(flows)).Verify(s.t.Context(), f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{}))
	}
}

func TestC02_A06_OneCode(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 8} {
		t.Run(fmt.Sprint(n, " flows"), func(t *testing.T) {
			onEveryStore(t, func(t *testing.T, s *site) {
				u, phone, _ := s.member()
				flows := s.flows(u, n)
				wantOnce(t, together(crowd, s.verify(flows, option(t, flows[0], "totp"), phone.Code())), crowd)
			})
		})
	}
}

func TestC02_A11_A13_L03_OneRecoveryCode(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, s *site) {
		u, _, codes := s.member()
		flows := s.flows(u, 8)
		const guesses = 30
		wantOnce(t, together(guesses, s.verify(flows, option(t, flows[0], "recovery"), codes[0])), guesses)
		again := s.flows(u, 1)[0]
		for _, spelling := range []string{codes[0], strings.ToUpper(codes[0]), strings.ReplaceAll(codes[0], "-", ""), " " + codes[0]} {
			_, err := s.engine(1).Verify(t.Context(), again.Token, mfa.Answer{Option: option(t, again, "recovery"), Code: spelling}, mfa.Client{})
			if !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked) {
				t.Errorf("spent: %v", err)
			}
			s.clock.Advance(2 * time.Hour)
			again = s.flows(u, 1)[0]
		}
	}, withCodes(t))
}

// L-07: each guess costs a slow digest, and few run at a time; all come to an end.
// What the store is does not matter for that.
func TestL07_ParallelRecoveryGuessesFinish(t *testing.T) {
	t.Parallel()
	a, b := stores.All["memory"](t)
	s := newSite(t, []mfa.Store{a, b}, withCodes(t))
	u, _, codes := s.member()
	flows := s.flows(u, 5)
	const guesses, limit = 50, 5
	counts := together(guesses, s.verify(flows, option(t, flows[0], "recovery"), "0000-0000-0000-0000"))
	taken := counts[mfa.ErrNotValid.Error()]
	if taken == 0 || taken > limit || taken+counts[mfa.ErrLocked.Error()]+counts[mfa.ErrBusy.Error()] != guesses {
		t.Errorf("%d guesses: %v", guesses, counts)
	}
	s.clock.Advance(2 * time.Hour)
	if got := s.answer(1, s.flows(u, 1)[0], "recovery", codes[9]); got != "passed" {
		t.Errorf("the owner, later: %s", got)
	}
}

// After a success neither a spelling of the code nor an earlier step works, on
// either engine; the next step does.
func TestT01_A04_T12_NothingOfASpentCodeWorks(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, s *site) {
		u, phone, _ := s.member()
		s.clock.Advance(phone.Period) // so that there is an unspent earlier step
		code, earlier := phone.Code(), phone.CodeAt(s.clock.Now().Add(-phone.Period))
		f := s.flows(u, 1)[0]
		totp := option(t, f, "totp")
		if got := outcome(s.engine(0).Verify(t.Context(), f.Token, mfa.Answer{Option: totp, Code: code}, mfa.Client{})); got != "passed" {
			t.Fatalf("the right code: %s", got)
		}
		wrong := 0
		for i, again := range []string{code, " " + code, code + " ", code[:3] + " " + code[3:], earlier,
			code + "\n", code + "\x00", code + "\u00a0", "+" + code, code + ".0", strings.Map(func(r rune) rune { return r - '0' + '０' }, code)} {
			f := s.flows(u, 1)[0]
			got := outcome(s.engine(i).Verify(t.Context(), f.Token, mfa.Answer{Option: totp, Code: again}, mfa.Client{}))
			switch got {
			case mfa.ErrNotValid.Error():
				wrong++
			case mfa.ErrBadInput.Error(), mfa.ErrLocked.Error():
			default:
				t.Errorf("%q: %s", again, got)
			}
		}
		if wrong != 5 {
			t.Errorf("%d of the spellings were looked at and refused, want 5", wrong)
		}
		s.clock.Advance(time.Minute)
		f = s.flows(u, 1)[0]
		if got := outcome(s.engine(1).Verify(t.Context(), f.Token, mfa.Answer{Option: totp, Code: phone.Code()}, mfa.Client{})); got != "passed" {
			t.Errorf("a later step: %s", got)
		}
	})
}

// C-07, A-17, A-19: parallel wrong codes are serial wrong codes.
func TestC07_A17_A19_ParallelWrongCodes(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, s *site) {
		u, phone, _ := s.member()
		flows := s.flows(u, 8)
		totp := option(t, flows[0], "totp")
		wrong := wrongFor(phone.CodeAt, s.clock.Now())
		const guesses, limit = 500, 5
		counts := together(guesses, s.verify(flows, totp, wrong))
		taken := counts[mfa.ErrNotValid.Error()]
		if taken == 0 || taken > limit || taken+counts[mfa.ErrLocked.Error()]+counts[mfa.ErrBusy.Error()] != guesses {
			t.Errorf("%d wrong codes: %v", guesses, counts)
		}
		if got := outcome(s.engine(1).Verify(t.Context(), flows[0].Token, mfa.Answer{Option: totp, Code: phone.Code()}, mfa.Client{})); got != mfa.ErrLocked.Error() {
			t.Errorf("a right code then: %s", got)
		}
	})
}

// wrongFor is a code that no step near now has.
func wrongFor(at func(time.Time) string, now time.Time) string {
	for n := 0; ; n++ {
		code, near := fmt.Sprintf("%06d", n), false
		for i := -10; i <= 10; i++ {
			near = near || at(now.Add(time.Duration(i)*30*time.Second)) == code
		}
		if !near {
			return code
		}
	}
}

// many users at once, each with their own codes, all get in.
func TestA16_ManyUsersAtOnce(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, s *site) {
		const users = 12
		type one struct {
			flow mfa.Flow
			code string
		}
		var all []one
		for range users {
			u, phone, _ := s.member()
			s.clock.Advance(-phone.Period) // EnrollTOTP moves it on
			all = append(all, one{code: phone.CodeAt(s.clock.Now().Add(phone.Period)), flow: s.flows(u, 1)[0]})
		}
		counts := together(users*20, func(i int) string {
			o := all[i%users]
			return outcome(s.engine(i/users).Verify(t.Context(), o.flow.Token, mfa.Answer{Option: option(t, o.flow, "totp"), Code: o.code}, mfa.Client{}))
		})
		if counts["passed"] != users {
			t.Errorf("%d users: %v", users, counts)
		}
	})
}

// One pending enrolment is confirmed once, and its code serves nothing else.
func TestC02_OneActivation(t *testing.T) {
	t.Parallel()
	onEveryStore(t, func(t *testing.T, s *site) {
		u, phone, _ := s.member()
		f := s.flows(u, 1)[0]
		passed, err := s.engine(0).Verify(t.Context(), f.Token, mfa.Answer{Option: option(t, f, "totp"), Code: phone.Code()}, mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		caller := mfa.Caller{User: u, Authentication: passed.Authentication}
		second, err := s.engine(0).Enroll(t.Context(), caller, mfa.Enroll{Method: "totp"})
		if err != nil {
			t.Fatal(err)
		}
		tablet := scan(t, second, s.clock.Now)
		const n = 50
		counts := together(n, func(i int) string {
			_, err := s.engine(i).Activate(t.Context(), caller, second.ID, mfa.Answer{Code: tablet.Code()})
			if err == nil {
				return "activated"
			}
			return outcome(mfa.Flow{}, err)
		})
		if counts["activated"] != 1 || counts["activated"]+counts[mfa.ErrNoEnrollment.Error()]+counts[mfa.ErrBusy.Error()] != n {
			t.Errorf("%d confirmations: %v", n, counts)
		}
		list, err := s.engine(1).Enrollments(t.Context(), u.ID)
		if err != nil || len(list) != 2 {
			t.Errorf("enrolled: %+v, %v; want two apps", list, err)
		}
	})
}
