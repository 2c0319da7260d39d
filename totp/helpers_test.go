package totp

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// noon is a time in the middle of a step.
var noon = time.Date(2026, 11, 21, 12, 0, 15, 0, time.UTC)

const noonStep = 59_842_080 // noon / 30 s; TestNoonStep holds it

const rfcSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

func TestNoonStep(t *testing.T) {
	if got := noon.Unix() / 30; got != noonStep {
		t.Fatalf("noon is in step %d", got)
	}
}

func newFactor(t testing.TB, c Config) *Factor {
	t.Helper()
	if c.Issuer == "" {
		c.Issuer = "Example"
	}
	f, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// reference computes a code by the letter of RFC 4226 §5.3, for tests to hold
// the package to.
func reference(t testing.TB, s State, step int64) string {
	t.Helper()
	key, err := noPadding.DecodeString(s.Secret)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[Algorithm]func() hash.Hash{SHA1: sha1.New, SHA256: sha256.New, SHA512: sha512.New}
	mac := hmac.New(hashes[s.Algorithm], key)
	_ = binary.Write(mac, binary.BigEndian, uint64(step))
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & 0x7fffffff
	if s.Digits == 8 {
		return fmt.Sprintf("%08d", n%100_000_000)
	}
	return fmt.Sprintf("%06d", n%1_000_000)
}

// plain is a usual state, whose codes in the tests' windows all differ.
func plain() State { return State{Secret: rfcSecret, Algorithm: SHA1, Digits: 6, Period: 30} }

func encode(t testing.TB, s State) []byte {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t testing.TB, data []byte) State {
	t.Helper()
	s, err := decodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A verifyFunc is signIn or confirm.
type verifyFunc func(f *Factor, state []byte, code string, now time.Time) (mfa.Verified, error)

// signIn answers a challenge for one app at a time.
func signIn(f *Factor, state []byte, code string, now time.Time) (mfa.Verified, error) {
	return f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose:     mfa.ForAuthentication,
		Enrollments: []mfa.Enrolled{{ID: "app", State: state}},
		Answer:      mfa.Answer{Code: code},
		Now:         now,
	})
}

// confirm answers a pending enrolment.
func confirm(f *Factor, pending []byte, code string, now time.Time) (mfa.Verified, error) {
	return f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose: mfa.ForEnrollment,
		ID:      "app",
		Pending: pending,
		Answer:  mfa.Answer{Code: code},
		Now:     now,
	})
}

func enroll(t testing.TB, f *Factor, u mfa.User) (*Challenge, mfa.Step) {
	t.Helper()
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{User: u, ID: "app", Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := step.Challenge.(*Challenge)
	if !ok {
		t.Fatalf("the challenge is a %T", step.Challenge)
	}
	return c, step
}

// wantNotValid checks that err counts as a guess, and its hint.
func wantNotValid(t testing.TB, err error, hint mfa.Hint) {
	t.Helper()
	var n *mfa.NotValidError
	if !errors.As(err, &n) || !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("error %v, want ErrNotValid", err)
	} else if n.Hint != hint {
		t.Errorf("hint %q, want %q", n.Hint, hint)
	}
}

func wantBadInput(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("error %v, want ErrBadInput", err)
	}
}
