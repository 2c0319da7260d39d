package authenticator_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

// A user adds a security key, signs in with password and key, adds her phone's
// passkey, and signs in with that and nothing else. In a test, t is the
// *testing.T.
func Example() {
	t := new(example)
	defer t.end()
	ctx := context.Background()
	ada := mfa.User{ID: "7", Name: "ada@example.com"}
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{
		ID: "example.com", Name: "Example", Origins: []string{"https://www.example.com"},
	}})
	t.check(err)
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append(c.Factors, keys)
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) {
			if id != ada.ID {
				return mfa.User{}, 0, mfa.ErrNotFound
			}
			return ada, 0, nil
		}
	})

	// She has signed in, and adds her key on the settings page.
	flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	t.check(err)
	session := mfa.Caller{User: ada, Authentication: flow.Authentication}
	key := authenticator.New(authenticator.Options{Origin: "https://www.example.com"})
	enrolling, err := m.Enroll(ctx, session, mfa.Enroll{Method: webauthn.Name})
	t.check(err)
	answer, err := key.Enroll(enrolling.Challenge)
	t.check(err)
	activated, err := m.Activate(ctx, session, enrolling.ID, answer)
	t.check(err)
	fmt.Println(activated.Enrollment.Method, "enrolled")

	// The next day, the password alone is not enough.
	m.Clock.Advance(24 * time.Hour)
	flow, err = m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	t.check(err)
	fmt.Println(flow.Status)
	asked, err := m.Challenge(ctx, flow.Token, flow.Options[0].ID, mfa.Client{})
	t.check(err)
	answer, err = key.Answer(flow, asked.Challenge)
	t.check(err)
	flow, err = m.Verify(ctx, flow.Token, answer, mfa.Client{})
	t.check(err)
	fmt.Println(flow.Status, flow.Authentication.AMR())

	// A look-alike gets nothing out of it, whatever it passes on.
	_, err = key.At("https://www.examp1e.com").Answer(flow, asked.Challenge)
	fmt.Println(errors.Is(err, authenticator.ErrSecurity))

	// She adds her phone, which keeps a passkey.
	session = mfa.Caller{User: ada, Authentication: flow.Authentication}
	phone := authenticator.New(authenticator.Options{Origin: "https://www.example.com", Synced: true})
	enrolling, err = m.Enroll(ctx, session, mfa.Enroll{Method: webauthn.Name})
	t.check(err)
	answer, err = phone.Enroll(enrolling.Challenge)
	t.check(err)
	_, err = m.Activate(ctx, session, enrolling.ID, answer)
	t.check(err)

	// From here on she types nothing at all.
	passkey, err := m.BeginPasskey(ctx, mfa.Client{})
	t.check(err)
	answer, err = phone.SignIn(passkey.Challenge)
	t.check(err)
	flow, err = m.FinishPasskey(ctx, passkey.Token, answer, mfa.Client{})
	t.check(err)
	fmt.Println(flow.Status, flow.User, flow.Authentication.AMR())

	// Output:
	// webauthn enrolled
	// challenge
	// passed [pwd hwk user mfa]
	// true
	// passed 7 [swk user mfa]
}

// example stands in for the *testing.T that an example does not have.
type example struct{ cleanup []func() }

func (*example) Helper()                           {}
func (*example) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (e *example) Cleanup(f func())                { e.cleanup = append(e.cleanup, f) }

func (e *example) check(err error) {
	if err != nil {
		e.Fatalf("%v", err)
	}
}

func (e *example) end() {
	for _, f := range e.cleanup {
		f()
	}
}
