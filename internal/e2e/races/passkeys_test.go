package races_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

const origin = "https://app.example"

// withKeys has keys in place of apps, and users who are known by their ID.
func withKeys(t testing.TB) func(*mfa.Config) {
	t.Helper()
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "app.example", Origins: []string{origin}}})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *mfa.Config) {
		c.Factors = []mfa.Factor{keys}
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) { return mfa.User{ID: id}, 0, nil }
	}
}

// W-01, A-77, A-81: a challenge is answered once, in an enrolment, as a second
// factor, and as all that a sign-in asks for.
func TestC02_W01_A77_A81_OnePasskeyAnswer(t *testing.T) {
	t.Parallel()
	const n = 60
	onEveryStore(t, func(t *testing.T, s *site) {
		u := mfa.User{ID: rand.Text(), Name: "ada@example.com"}
		phone := authenticator.New(authenticator.Options{Origin: origin, Synced: true})
		f, err := s.engine(0).SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		session := mfa.Caller{User: u, Authentication: f.Authentication}
		begun, err := s.engine(0).Enroll(t.Context(), session, mfa.Enroll{Method: webauthn.Name})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := phone.Enroll(begun.Challenge)
		if err != nil {
			t.Fatal(err)
		}
		counts := together(n, func(i int) string {
			_, err := s.engine(i).Activate(t.Context(), session, begun.ID, answer)
			return activation(err)
		})
		if counts["activated"] != 1 || counts["activated"]+counts[mfa.ErrNoEnrollment.Error()]+counts[mfa.ErrBusy.Error()] != n {
			t.Fatalf("%d equal registrations: %v", n, counts)
		}

		flow := s.flows(u, 1)[0]
		asked, err := s.engine(1).Challenge(t.Context(), flow.Token, option(t, flow, webauthn.Name), mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err = phone.Answer(flow, asked.Challenge); err != nil {
			t.Fatal(err)
		}
		wantOnce(t, together(n, func(i int) string {
			return outcome(s.engine(i).Verify(t.Context(), flow.Token, answer, mfa.Client{}))
		}), n)

		passkey, err := s.engine(0).BeginPasskey(t.Context(), mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err = phone.SignIn(passkey.Challenge); err != nil {
			t.Fatal(err)
		}
		wantOnce(t, together(n, func(i int) string {
			return outcome(s.engine(i).FinishPasskey(t.Context(), passkey.Token, answer, mfa.Client{}))
		}), n)
	}, withKeys(t))
}
