package totp

import (
	"context"
	"encoding/base32"
	"errors"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

func imported(state string) mfa.EnrollRequest {
	return mfa.EnrollRequest{User: mfa.User{ID: "u"}, ID: "app", Params: mfa.EnrollParams{Import: []byte(state)}, Now: noon}
}

func TestT09_SecretIsOursAndPending(t *testing.T) {
	f := newFactor(t, Config{})
	seen := map[string]bool{}
	for range 100 {
		step, err := f.Enroll(context.Background(), mfa.EnrollRequest{
			User:     mfa.User{ID: "u"},
			Params:   mfa.EnrollParams{Phone: rfcSecret, Email: rfcSecret},
			Existing: []mfa.Enrolled{{ID: "other", State: encode(t, plain())}},
			Now:      noon,
		})
		if err != nil {
			t.Fatal(err)
		}
		c := step.Challenge.(*Challenge)
		if step.Done != nil || step.Delivery != nil || step.Codes != nil || step.Hint != "" {
			t.Fatal("the enrolment does more than wait for its code")
		}
		if s := decode(t, step.Pending); s != (State{Secret: c.Secret, Algorithm: SHA1, Digits: 6, Period: 30}) {
			t.Fatal("the pending state is not the challenge's")
		}
		if seen[c.Secret] || c.Secret == rfcSecret {
			t.Fatal("the secret is not new")
		}
		seen[c.Secret] = true
		if secret, err := noPadding.DecodeString(c.Secret); err != nil || len(secret) != 20 {
			t.Fatalf("%d bytes, %v; want 20 (T-04)", len(secret), err)
		}
	}
}

// TestA29_AbandonedSetupChangesNothing: what is pending does not sign in, and
// what is active still does.
func TestA29_AbandonedSetupChangesNothing(t *testing.T) {
	f := newFactor(t, Config{})
	active := encode(t, plain())
	_, step := enroll(t, f, mfa.User{ID: "u"})
	r := mfa.VerifyRequest{Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "app", State: active}}, Pending: step.Pending, Now: noon}
	r.Answer.Code = reference(t, decode(t, step.Pending), noonStep)
	_, err := f.Verify(context.Background(), r)
	wantNotValid(t, err, "")
	r.Answer.Code = reference(t, plain(), noonStep)
	if _, err := f.Verify(context.Background(), r); err != nil {
		t.Error(err)
	}
	r.Purpose = mfa.ForEnrollment
	_, err = f.Verify(context.Background(), r)
	wantNotValid(t, err, "")
}

func TestEnroll_FollowsTheConfig(t *testing.T) {
	f := newFactor(t, Config{Algorithm: SHA512, Digits: 8, Period: 60e9})
	c, step := enroll(t, f, mfa.User{ID: "u"})
	s := decode(t, step.Pending)
	if s.Algorithm != SHA512 || s.Digits != 8 || s.Period != 60 {
		t.Errorf("pending %s %d %d", s.Algorithm, s.Digits, s.Period)
	}
	if !strings.HasSuffix(c.URI, "&algorithm=SHA512&digits=8&period=60") {
		t.Error("the link does not say so")
	}
	if _, err := confirm(f, step.Pending, reference(t, s, noon.Unix()/60), noon); err != nil {
		t.Error(err)
	}
	// Whoever enrolled before the settings changed keeps theirs.
	if _, err := signIn(f, encode(t, plain()), reference(t, plain(), noonStep), noon); err != nil {
		t.Error(err)
	}
}

func TestEnroll_NotImplicit(t *testing.T) {
	f := newFactor(t, Config{})
	for _, r := range []mfa.EnrollRequest{{Implicit: true, Now: noon}, imported(`{"secret":"` + rfcSecret + `"}`)} {
		r.Implicit = true
		step, err := f.Enroll(context.Background(), r)
		if !errors.Is(err, mfa.ErrRefused) || step.Done != nil {
			t.Errorf("error %v, want ErrRefused", err)
		}
	}
}

func TestT04_ImportedSecretsHave128Bits(t *testing.T) {
	strict, loose := newFactor(t, Config{}), newFactor(t, Config{InsecureShortSecrets: true})
	for bytes, ok := range map[int]struct{ strict, loose bool }{
		0: {false, false}, 9: {false, false}, 10: {false, true}, 15: {false, true},
		16: {true, true}, 20: {true, true}, 32: {true, true}, 128: {true, true}, 129: {false, false},
	} {
		state := `{"secret":"` + noPadding.EncodeToString([]byte(strings.Repeat("k", bytes))) + `"}`
		for f, ok := range map[*Factor]bool{strict: ok.strict, loose: ok.loose} {
			_, err := f.Enroll(context.Background(), imported(state))
			if ok && err != nil {
				t.Errorf("%d bytes: %v", bytes, err)
			}
			if !ok {
				wantBadInput(t, err)
			}
		}
	}
}

func TestImport(t *testing.T) {
	f := newFactor(t, Config{})
	sixteen := []byte("0123456789abcdef")
	padded := base32.StdEncoding.EncodeToString(sixteen)
	canonical := strings.TrimRight(padded, "=")
	tests := map[string]struct {
		json string
		want State
	}{
		"secret alone":     {`{"secret":"` + rfcSecret + `"}`, plain()},
		"all":              {`{"secret":"` + rfcSecret + `","algorithm":"SHA256","digits":8,"period":60,"last_step":7}`, State{rfcSecret, SHA256, 8, 60, 7}},
		"grouped":          {`{"secret":"gezd gnbv gy3t qojq gezd gnbv gy3t qojq"}`, plain()},
		"padded":           {`{"secret":"` + padded + `"}`, State{canonical, SHA1, 6, 30, 0}},
		"spare bits":       {`{"secret":"` + canonical[:25] + `Z"}`, State{canonical[:25] + "Y", SHA1, 6, 30, 0}},
		"last step is now": {`{"secret":"` + rfcSecret + `","last_step":59842081}`, State{rfcSecret, SHA1, 6, 30, noonStep + 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			step, err := f.Enroll(context.Background(), imported(test.json))
			if err != nil {
				t.Fatal(err)
			}
			if step.Done == nil || step.Challenge != nil || step.Pending != nil || step.Done.AMR != nil {
				t.Fatal("an import is active at once, shows nothing and proves nothing")
			}
			if got := decode(t, step.Done.State); got != test.want {
				t.Errorf("got %q %d %d %d", got.Algorithm, got.Digits, got.Period, got.LastStep)
			}
		})
	}
}

// TestImport_KeepsTheLastStep: what was spent elsewhere is spent here.
func TestImport_KeepsTheLastStep(t *testing.T) {
	f := newFactor(t, Config{})
	step, err := f.Enroll(context.Background(), imported(`{"secret":"`+rfcSecret+`","last_step":59842080}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = signIn(f, step.Done.State, reference(t, plain(), noonStep), noon)
	wantNotValid(t, err, "")
	if _, err = signIn(f, step.Done.State, reference(t, plain(), noonStep+1), noon); err != nil {
		t.Error(err)
	}
}

func TestImport_Refused(t *testing.T) {
	f := newFactor(t, Config{})
	for name, json := range map[string]string{
		"empty":               ``,
		"null":                `null`,
		"array":               `[]`,
		"string":              `"CANARY"`,
		"no secret":           `{}`,
		"not JSON":            `otpauth://totp/a?secret=CANARY`,
		"cut":                 `{"secret":"CANARY`,
		"two values":          `{"secret":"` + rfcSecret + `"}{}`,
		"trailing text":       `{"secret":"` + rfcSecret + `"} CANARY`,
		"unknown member":      `{"secret":"` + rfcSecret + `","CANARY":1}`,
		"number for a string": `{"secret":12345678901234567890}`,
		"string for a number": `{"secret":"` + rfcSecret + `","digits":"CANARY"}`,
		"not base32":          `{"secret":"CANARY0189CANARY0189CANARY0189CANARY"}`,
		"base32 of 1 letter":  `{"secret":"` + rfcSecret + `C"}`,
		"tab in the secret":   `{"secret":"` + rfcSecret[:8] + `\t` + rfcSecret[8:] + `"}`,
		"newline in it":       `{"secret":"` + rfcSecret[:8] + `\n` + rfcSecret[8:] + `"}`,
		"long s in it":        `{"secret":"ſ` + rfcSecret[1:] + `"}`,
		"padding inside":      `{"secret":"` + rfcSecret[:8] + `=` + rfcSecret[8:] + `"}`,
		"algorithm":           `{"secret":"` + rfcSecret + `","algorithm":"MD5"}`,
		"digits":              `{"secret":"` + rfcSecret + `","digits":7}`,
		"period":              `{"secret":"` + rfcSecret + `","period":-30}`,
		"negative last step":  `{"secret":"` + rfcSecret + `","last_step":-1}`,
		"future last step":    `{"secret":"` + rfcSecret + `","last_step":59842082}`,
		"time as last step":   `{"secret":"` + rfcSecret + `","last_step":1795262415}`,
		"too large":           `{"secret":"` + rfcSecret + `"` + strings.Repeat(" ", 1024) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			step, err := f.Enroll(context.Background(), imported(json))
			wantBadInput(t, err)
			if step.Done != nil || step.Pending != nil {
				t.Error("something is enrolled")
			}
			if err != nil && (strings.Contains(err.Error(), "CANARY") || strings.Contains(err.Error(), rfcSecret)) {
				t.Errorf("the error quotes the import: %v", err)
			}
		})
	}
}
