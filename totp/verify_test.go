package totp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestT01_StepIsSpentOnce follows one app through codes given by their step,
// relative to the clock's.
func TestT01_StepIsSpentOnce(t *testing.T) {
	f := newFactor(t, Config{})
	type try struct {
		step int64
		ok   bool
	}
	tests := map[string][]try{
		"same code twice":             {{0, true}, {0, false}, {0, false}},
		"earlier code after later":    {{0, true}, {-1, false}, {0, false}},
		"later code after earlier":    {{-1, true}, {0, true}, {1, true}},
		"previous, current, previous": {{-1, true}, {0, true}, {-1, false}},
		"next spends the two before":  {{1, true}, {0, false}, {-1, false}, {1, false}},
		"wrong code between":          {{0, true}, {9, false}, {0, false}, {1, true}},
	}
	for name, tries := range tests {
		t.Run(name, func(t *testing.T) {
			state := encode(t, plain())
			for i, try := range tries {
				got, err := signIn(f, state, reference(t, plain(), noonStep+try.step), noon)
				if !try.ok {
					wantNotValid(t, err, "")
					continue
				}
				if err != nil {
					t.Fatalf("try %d: %v", i, err)
				}
				state = got.State
				if last := decode(t, state).LastStep; last != noonStep+try.step {
					t.Errorf("try %d: last step %d, want %d", i, last, noonStep+try.step)
				}
			}
		})
	}
}

func TestA01_CodeIsSpentForItsWholeStep(t *testing.T) {
	f := newFactor(t, Config{})
	code := reference(t, plain(), noonStep)
	got, err := signIn(f, encode(t, plain()), code, noon)
	if err != nil {
		t.Fatal(err)
	}
	for d := -45 * time.Second; d <= 45*time.Second; d += time.Second {
		_, err := signIn(f, got.State, code, noon.Add(d))
		wantNotValid(t, err, "")
	}
}

func TestA08_EnrolmentsCodeDoesNotSignIn(t *testing.T) {
	f := newFactor(t, Config{})
	c, step := enroll(t, f, mfa.User{ID: "u"})
	s := decode(t, step.Pending)
	if s.LastStep != 0 || s.Secret != c.Secret {
		t.Fatalf("pending state is not that of the challenge")
	}
	code := reference(t, s, noonStep)
	got, err := confirm(f, step.Pending, code, noon)
	if err != nil {
		t.Fatal(err)
	}
	if got.EnrollmentID != "" || !slices.Equal(got.AMR, []string{"otp"}) {
		t.Errorf("verified %q by %q", got.EnrollmentID, got.AMR)
	}
	for _, step := range []int64{-1, 0} {
		_, err = signIn(f, got.State, reference(t, s, noonStep+step), noon)
		wantNotValid(t, err, "")
	}
	if _, err = signIn(f, got.State, reference(t, s, noonStep+1), noon.Add(30*time.Second)); err != nil {
		t.Error(err)
	}
}

// TestT01_TwoStepsWithOneCode: steps 910737 and 910738 of the RFC's secret
// share a code. It is good once, as the later step's.
func TestT01_TwoStepsWithOneCode(t *testing.T) {
	f := newFactor(t, Config{})
	const step = 910737
	code := reference(t, plain(), step)
	if next := reference(t, plain(), step+1); next != code {
		t.Fatalf("the codes differ")
	}
	now := time.Unix(step*30, 0)
	got, err := signIn(f, encode(t, plain()), code, now)
	if err != nil {
		t.Fatal(err)
	}
	if last := decode(t, got.State).LastStep; last != step+1 {
		t.Errorf("last step %d, want the later, %d", last, step+1)
	}
	for _, later := range []time.Duration{0, 30 * time.Second, time.Minute} {
		_, err := signIn(f, got.State, code, now.Add(later))
		wantNotValid(t, err, "")
	}
}

func TestT02_Window(t *testing.T) {
	tests := []struct {
		noSkew bool
		offset time.Duration // of the phone's clock
		ok     bool
	}{
		{false, -60 * time.Second, false},
		{false, -30 * time.Second, true},
		{false, 0, true},
		{false, 30 * time.Second, true},
		{false, 60 * time.Second, false},
		{true, -60 * time.Second, false},
		{true, -30 * time.Second, false},
		{true, 0, true},
		{true, 30 * time.Second, false},
		{true, 60 * time.Second, false},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint("noskew_", test.noSkew, "_", test.offset), func(t *testing.T) {
			f := newFactor(t, Config{NoSkew: test.noSkew})
			step := noon.Add(test.offset).Unix() / 30
			_, err := signIn(f, encode(t, plain()), reference(t, plain(), step), noon)
			if test.ok && err != nil {
				t.Error(err)
			}
			if !test.ok && !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("error %v, want ErrNotValid", err)
			}
		})
	}
}

func TestT06_CountersBeyond2038(t *testing.T) {
	f := newFactor(t, Config{})
	for _, unix := range []int64{1<<31 - 1, 1 << 31, 1 << 32, 20_000_000_000, 1 << 40} {
		code := reference(t, plain(), unix/30)
		got, err := signIn(f, encode(t, plain()), code, time.Unix(unix, 0))
		if err != nil {
			t.Fatalf("T=%d: %v", unix, err)
		}
		if last := decode(t, got.State).LastStep; last != unix/30 {
			t.Errorf("T=%d: last step %d", unix, last)
		}
		_, err = signIn(f, got.State, code, time.Unix(unix, 0))
		wantNotValid(t, err, "")
	}
}

// TestClockBefore1970 is a machine whose clock is not set: an error that does
// not blame the user, and no panic. The first steps of all have fewer before them.
func TestClockBefore1970(t *testing.T) {
	f := newFactor(t, Config{})
	for _, now := range []time.Time{{}, time.Unix(-1, 0), time.Unix(-1<<40, 0)} {
		_, err := signIn(f, encode(t, plain()), "123456", now)
		if err == nil || errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%v: error %v", now, err)
		}
	}
	for _, step := range []int64{1, 2} {
		if _, err := signIn(f, encode(t, plain()), reference(t, plain(), step), time.Unix(30, 0)); err != nil {
			t.Errorf("step %d: %v", step, err)
		}
	}
	_, err := signIn(f, encode(t, plain()), "000000", time.Unix(0, 0))
	wantNotValid(t, err, "")
}

func TestClockSkewHint(t *testing.T) {
	f := newFactor(t, Config{})
	const none, skew = mfa.Hint(""), mfa.HintClockSkew
	tests := []struct {
		step             int64 // relative to the clock's
		signIn, enrolled mfa.Hint
	}{
		{-21, none, none},
		{-20, skew, skew},
		{-2, skew, skew},
		{2, none, skew},
		{20, none, skew},
		{21, none, none},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.step), func(t *testing.T) {
			code := reference(t, plain(), noonStep+test.step)
			_, err := signIn(f, encode(t, plain()), code, noon)
			wantNotValid(t, err, test.signIn)
			_, err = confirm(f, encode(t, plain()), code, noon)
			wantNotValid(t, err, test.enrolled)
		})
	}
}

func TestClockSkewHint_NotForSpentSteps(t *testing.T) {
	f := newFactor(t, Config{})
	s := plain()
	s.LastStep = noonStep - 5
	for step, want := range map[int64]mfa.Hint{-6: "", -5: "", -4: mfa.HintClockSkew} {
		_, err := signIn(f, encode(t, s), reference(t, s, noonStep+step), noon)
		wantNotValid(t, err, want)
	}
}

// TestClockSkewHint_Reach: the reach is a time, whatever the period.
func TestClockSkewHint_Reach(t *testing.T) {
	f := newFactor(t, Config{NoSkew: true})
	for _, period := range []int{10, 30, 45, 60, 120} {
		s := plain()
		s.Period = period
		now := noon.Unix() / int64(period)
		reach := int64(600 / period)
		_, err := signIn(f, encode(t, s), reference(t, s, now-1), noon)
		wantNotValid(t, err, mfa.HintClockSkew)
		_, err = signIn(f, encode(t, s), reference(t, s, now-reach), noon)
		wantNotValid(t, err, mfa.HintClockSkew)
		_, err = signIn(f, encode(t, s), reference(t, s, now-reach-1), noon)
		wantNotValid(t, err, "")
	}
}

// TestSeveralApps: normally an option covers one app, but all that are passed
// in are looked at, and the one that matched is named.
func TestSeveralApps(t *testing.T) {
	f := newFactor(t, Config{})
	second := plain()
	second.Secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	third := second
	third.Digits = 8
	r := mfa.VerifyRequest{Purpose: mfa.ForAuthentication, Now: noon, Enrollments: []mfa.Enrolled{
		{ID: "first", State: encode(t, plain())}, {ID: "second", State: encode(t, second)}, {ID: "third", State: encode(t, third)},
	}}
	for id, s := range map[string]State{"first": plain(), "second": second, "third": third} {
		r.Answer.Code = reference(t, s, noonStep)
		got, err := f.Verify(context.Background(), r)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		s.LastStep = noonStep
		if got.EnrollmentID != id || decode(t, got.State) != s {
			t.Errorf("%s: named %s", id, got.EnrollmentID)
		}
	}
	r.Answer.Code = reference(t, second, noonStep-3)
	_, err := f.Verify(context.Background(), r)
	wantNotValid(t, err, mfa.HintClockSkew)
	r.Enrollments = nil
	_, err = f.Verify(context.Background(), r)
	wantBadInput(t, err)
}

// TestA06_FactorIsPure: the same request gives the same answer from any number
// of goroutines, so that what decides between them is the store's
// compare-and-swap alone.
func TestA06_FactorIsPure(t *testing.T) {
	f := newFactor(t, Config{})
	state := encode(t, plain())
	before := string(state)
	code := reference(t, plain(), noonStep)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			got, err := signIn(f, state, code, noon)
			if err != nil || !strings.Contains(string(got.State), fmt.Sprint(noonStep)) {
				t.Errorf("%s, %v", got.State, err)
			}
		})
	}
	wg.Wait()
	if string(state) != before {
		t.Error("the request's state was changed")
	}
}

func TestPurposeIsNamed(t *testing.T) {
	f := newFactor(t, Config{})
	_, err := f.Verify(context.Background(), mfa.VerifyRequest{Pending: encode(t, plain()), Answer: mfa.Answer{Code: "123456"}, Now: noon})
	if err == nil || errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("error %v", err)
	}
}

// TestDamagedState is not the user's fault: no guess is counted, and the error quotes nothing.
func TestDamagedState(t *testing.T) {
	f := newFactor(t, Config{})
	for _, state := range []string{
		"", "null", "[]", `{`, `{"secret":"CANARY0189"`,
		`{"secret":"","algorithm":"SHA1","digits":6,"period":30}`,
		`{"secret":"CANARY0189","algorithm":"SHA1","digits":6,"period":30}`,
		`{"secret":"CANARYCANARY","algorithm":"CANARY","digits":6,"period":30}`,
		`{"secret":"CANARYCANARY","algorithm":"SHA1","digits":7,"period":30}`,
		`{"secret":"CANARYCANARY","algorithm":"SHA1","digits":6,"period":0}`,
		`{"secret":"CANARYCANARY","algorithm":"SHA1","digits":6,"period":30,"last_step":-1}`,
		`{"secret":"` + strings.Repeat("CANARY", 200) + `","algorithm":"SHA1","digits":6,"period":30}`,
	} {
		for name, verify := range map[string]verifyFunc{"sign in": signIn, "confirm": confirm} {
			_, err := verify(f, []byte(state), "123456", noon)
			if err == nil || errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s, %.80s: error %v", name, state, err)
			}
		}
	}
}
