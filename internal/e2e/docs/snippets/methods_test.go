package snippets

import (
	"context"
	"os"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/store/memory"
)

// Under the policies of docs/methods.md the first sign-in of somebody who has nothing but
// an address is asked for a code to it: as the second proof, or before the first enrolment.
func TestMethodsInPolicies(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/methods.md")
	if err != nil {
		t.Fatal(err)
	}
	files := parts(string(page), "json")
	want := []mfa.Status{mfa.StatusChallenge, mfa.StatusChallenge, mfa.StatusChallenge}
	if len(files) != len(want) {
		t.Fatalf("%d policies", len(files))
	}
	for i, file := range files {
		p, err := policy.ParseFor([]byte(file), []string{"webauthn", "totp", "sms", "email", "recovery"})
		if err != nil {
			t.Fatal(err)
		}
		ring, err := mfa.NewKeyRing()
		if err != nil {
			t.Fatal(err)
		}
		engine, err := everyMethod(memory.New(), ring, p, &mfatest.Inbox{}, &mfatest.Inbox{}, func(context.Context, string) (mfa.User, uint64, error) {
			return ada, 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		flow, err := engine.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
		if err != nil || flow.Status != want[i] {
			t.Errorf("policy %d: %q, want %q, %v", i, flow.Status, want[i], err)
		}
		if _, err := engine.BeginPasskey(t.Context(), mfa.Client{}); err != nil {
			t.Error(err)
		}
		if err := engine.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
