package recovery

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

func TestMethod(t *testing.T) {
	m := cheap(t).Method()
	if m.Name != "recovery" || m.Label == "" || m.Kind != mfa.Have || !m.Together || !m.Recovery {
		t.Errorf("%+v", m)
	}
	if m.Guessable || m.PhishingResistant || m.Restricted || m.Channel != "" {
		t.Errorf("%+v", m)
	}
}

func TestChallengeAsksNothing(t *testing.T) {
	step, err := cheap(t).Challenge(context.Background(), mfa.ChallengeRequest{})
	if err != nil || step.Challenge != nil || step.Pending != nil || step.Delivery != nil || step.Done != nil {
		t.Errorf("%v", err)
	}
}

func TestL03_EachCodeWorksOnce(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	for i, c := range codes {
		v, err := guess(f, state, c, nil)
		if err != nil {
			t.Fatalf("code %d: %v", i, err)
		}
		if v.EnrollmentID != "set1" || v.Remaining != len(codes)-1-i {
			t.Errorf("code %d: enrollment %q, %d left", i, v.EnrollmentID, v.Remaining)
		}
		if len(v.AMR) != 1 || v.AMR[0] != "otp" || v.UserVerified {
			t.Errorf("code %d: AMR %v", i, v.AMR)
		}
		if s := decode(t, v.State); s.Total != 10 || len(s.Hashes) != v.Remaining {
			t.Errorf("code %d: %d hashes kept of %d", i, len(s.Hashes), s.Total)
		}
		state = v.State
		for _, spelling := range []string{c, strings.ToUpper(c), strings.ReplaceAll(c, "-", ""), " " + c + " "} {
			if _, err := guess(f, state, spelling, nil); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("code %d, spent: %v", i, err)
			}
		}
	}
}

func TestL03_A31_CodeOfAnotherUserFails(t *testing.T) {
	f := cheap(t)
	codes, _ := enroll(t, f, "set1")
	_, other := enroll(t, f, "set1")
	for _, c := range codes {
		if _, err := guess(f, other, c, nil); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%v", err)
		}
	}
}

// TestA11_A13_ParallelUseIsAcceptedOnce stands in for the engine's save: what
// decides is that the state without the code replaces the one it was read from.
func TestA11_A13_ParallelUseIsAcceptedOnce(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	var stored atomic.Pointer[[]byte]
	stored.Store(&state)
	var accepted, refused atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 100 {
		all.Go(func() {
			<-start
			var r request
			for {
				read := stored.Load()
				v, err := guess(f, *read, codes[3], r.slow)
				if err != nil {
					if !errors.Is(err, mfa.ErrNotValid) {
						t.Error(err)
					}
					refused.Add(1)
					return
				}
				if stored.CompareAndSwap(read, &v.State) {
					accepted.Add(1)
					return
				}
			}
		})
	}
	close(start)
	all.Wait()
	if accepted.Load() != 1 || refused.Load() != 99 {
		t.Errorf("accepted %d times, refused %d times", accepted.Load(), refused.Load())
	}
	if s := decode(t, *stored.Load()); len(s.Hashes) != 9 {
		t.Errorf("%d codes left", len(s.Hashes))
	}
}

func TestL05_NewSetEndsTheOld(t *testing.T) {
	f := cheap(t)
	old, oldState := enroll(t, f, "set1")
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{
		ID: "set2", Existing: []mfa.Enrolled{{ID: "set1", State: oldState}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range old {
		if _, err := guess(f, step.Done.State, c, nil); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("an old code: %v", err)
		}
	}
	for _, c := range step.Codes {
		if _, err := guess(f, step.Done.State, c, nil); err != nil {
			t.Errorf("a new code: %v", err)
		}
	}
}

func TestL07_OneDigestPerGuess(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	for name, tc := range map[string]struct {
		typed string
		want  int
	}{
		"right":                           {codes[9], 1},
		"wrong":                           {"0123-4567-89ab-cdef", 1},
		"malformed, and so not looked at": {"not a code", 0},
	} {
		var r request
		for range 5 { // the engine calls again when its save finds a conflict
			_, _ = guess(f, state, tc.typed, r.slow)
		}
		if len(r.names) != tc.want {
			t.Errorf("%s: %d digests", name, len(r.names))
		}
	}
}

func TestL07_DigestIsOfOneSet(t *testing.T) {
	f := cheap(t)
	_, state := enroll(t, f, "set1")
	codes, regenerated := enroll(t, f, "set1")
	var r request
	if _, err := guess(f, state, codes[0], r.slow); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	if _, err := guess(f, regenerated, codes[0], r.slow); err != nil {
		t.Errorf("within one request, the digest for another set was used: %v", err)
	}
	for _, name := range r.names {
		if strings.Contains(name, strings.ReplaceAll(codes[0], "-", "")) {
			t.Error("the name of a digest holds the code")
		}
	}
}

// TestL07_SetIsDrawnOncePerRequest: codes that were shown belong to the state
// that was saved, even if the engine had to ask twice.
func TestL07_SetIsDrawnOncePerRequest(t *testing.T) {
	f := cheap(t)
	var r request
	first, err := f.Enroll(context.Background(), mfa.EnrollRequest{ID: "set1", Slow: r.slow})
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Enroll(context.Background(), mfa.EnrollRequest{ID: "set1", Slow: r.slow})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.names) != 1 {
		t.Errorf("drawn %d times", len(r.names))
	}
	if strings.Join(first.Codes, " ") != strings.Join(again.Codes, " ") || string(first.Done.State) != string(again.Done.State) {
		t.Error("two calls for one request gave two sets")
	}
	if _, err := guess(f, first.Done.State, first.Codes[0], nil); err != nil {
		t.Error(err)
	}
}

func TestSlowErrorIsHandedUp(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	slow := func(context.Context, string, func() ([]byte, error)) ([]byte, error) {
		return nil, context.Canceled
	}
	if _, err := guess(f, state, codes[0], slow); !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a digest that was not computed: %v", err)
	}
	if _, err := f.Enroll(context.Background(), mfa.EnrollRequest{Slow: slow}); !errors.Is(err, context.Canceled) {
		t.Errorf("a set that was not drawn: %v", err)
	}
}

func TestA36_StoredHashIsNoCode(t *testing.T) {
	f := cheap(t)
	_, state := enroll(t, f, "set1")
	s := decode(t, state)
	for i, h := range s.Hashes {
		for name, typed := range map[string]string{
			"raw":                  string(h),
			"hexadecimal":          hex.EncodeToString(h),
			"half of the hex":      hex.EncodeToString(h[:8]),
			"base64":               base64.StdEncoding.EncodeToString(h),
			"base64 for URLs":      base64.RawURLEncoding.EncodeToString(h),
			"own base32":           encoding.EncodeToString(h),
			"own base32, cut":      encoding.EncodeToString(h)[:codeLength],
			"own base32 of 80 bit": encoding.EncodeToString(h[:codeBytes]),
		} {
			_, err := guess(f, state, typed, nil)
			if !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBadInput) {
				t.Errorf("hash %d as %s: %v", i, name, err)
			}
		}
	}
}

func TestRefusedRequests(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	one := mfa.Enrolled{ID: "set1", State: state}
	ctx := context.Background()
	for name, r := range map[string]mfa.VerifyRequest{
		"confirmation":    {Purpose: mfa.ForEnrollment, Enrollments: []mfa.Enrolled{one}},
		"no purpose":      {Enrollments: []mfa.Enrolled{one}},
		"no set":          {Purpose: mfa.ForAuthentication},
		"two sets":        {Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{one, one}},
		"state is broken": {Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "set1", State: []byte("{")}}},
	} {
		r.Answer.Code = codes[0]
		if _, err := f.Verify(ctx, r); err == nil || errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%s: %v; it must not count as a guess", name, err)
		}
	}
	if _, err := f.Enroll(ctx, mfa.EnrollRequest{Implicit: true}); !errors.Is(err, mfa.ErrRefused) {
		t.Errorf("implicit: %v", err)
	}
}

func TestImportedStateWorks(t *testing.T) {
	f := cheap(t)
	codes, state := enroll(t, f, "set1")
	spent, err := guess(f, state, codes[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{Params: mfa.EnrollParams{Import: spent.State}})
	if err != nil || step.Codes != nil || step.Done.Remaining != 9 {
		t.Fatalf("%v", err)
	}
	if _, err := guess(f, step.Done.State, codes[1], nil); err != nil {
		t.Errorf("a code that was left: %v", err)
	}
	if _, err := guess(f, step.Done.State, codes[0], nil); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a code that was spent: %v", err)
	}
	_, err = f.Enroll(context.Background(), mfa.EnrollRequest{Params: mfa.EnrollParams{Import: []byte("null")}})
	if !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("import of nothing: %v", err)
	}
}

// FuzzVerify: no answer makes it panic, and none is taken but the codes of the set.
func FuzzVerify(f *testing.F) {
	factor := cheap(f)
	codes, state := enroll(f, factor, "set1")
	ours := map[code]bool{}
	for _, c := range codes {
		n, err := parseCode(c)
		if err != nil {
			f.Fatal(err)
		}
		ours[n] = true
		f.Add(c)
	}
	for _, s := range []string{"", "0123-4567-89ab-cdef", "0123456789abcdef\x00", "OIL0 oil1 ---- zzzz zzzz", "٠123456789abcdef", strings.Repeat("-", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		v, err := guess(factor, state, typed, nil)
		n, bad := parseCode(typed)
		switch {
		case bad != nil:
			if !errors.Is(err, mfa.ErrBadInput) {
				t.Errorf("malformed: %v", err)
			}
		case ours[n]:
			if err != nil || v.Remaining != 9 {
				t.Errorf("right: %v", err)
			}
		default:
			if !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("wrong: %v", err)
			}
		}
	})
}

// BenchmarkGuess is what a guess costs at the cost of real sets.
func BenchmarkGuess(b *testing.B) {
	f, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	_, state := enroll(b, f, "set1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := guess(f, state, "0123-4567-89ab-cdef", nil); !errors.Is(err, mfa.ErrNotValid) {
			b.Fatal(err)
		}
	}
}
