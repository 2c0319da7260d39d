package mfatest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/totp"
)

// A user signs up, adds an authenticator app, and signs in with it. In a test,
// t is the *testing.T.
func Example() {
	t := new(example)
	defer t.end()
	ctx := context.Background()
	m := mfatest.NewEngine(t)
	ada := mfa.User{ID: "7", Name: "ada@example.com"}

	// The first sign-in passes: there is nothing to ask for.
	flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	t.check(err)
	fmt.Println(flow.Status, flow.Authentication.AMR())

	// Her settings page shows a QR code, which her phone scans.
	session := mfa.Caller{User: ada, Authentication: flow.Authentication}
	enrolling, err := m.Enroll(ctx, session, mfa.Enroll{Method: "totp"})
	t.check(err)
	phone, err := mfatest.NewAuthenticator(enrolling.Challenge.(*totp.Challenge).URI, m.Clock.Now)
	t.check(err)
	fmt.Println(phone)

	// A code confirms it, and brings recovery codes.
	activated, err := m.Activate(ctx, session, enrolling.ID, mfa.Answer{Code: phone.Code()})
	t.check(err)
	fmt.Println(activated.Enrollment.Method, len(activated.RecoveryCodes), "recovery codes")

	// The next day, the password alone is not enough.
	m.Clock.Advance(24 * time.Hour)
	flow, err = m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	t.check(err)
	fmt.Println(flow.Status)
	flow, err = m.Verify(ctx, flow.Token, phone.Answer(flow), mfa.Client{})
	t.check(err)
	fmt.Println(flow.Status, flow.Authentication.AMR())

	// Events come after the answer, so a test waits for them.
	_, err = m.Events.Await(ctx, mfa.EventEnrolled, 1)
	t.check(err)

	// Output:
	// passed [pwd]
	// mfatest.Authenticator(Test: ada@example.com)
	// totp 10 recovery codes
	// challenge
	// passed [pwd otp mfa]
}

// Every user with a verified address is asked for a code that is mailed there.
func ExampleInbox() {
	t := new(example)
	defer t.end()
	ctx := context.Background()
	var inbox mfatest.Inbox
	mails, err := emailcode.New(emailcode.Config{AppName: "Example", Sender: &inbox})
	t.check(err)
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append(c.Factors, mails)
		c.Policy = &policy.Policy{Rules: policy.Rules{Implicit: []string{emailcode.Name}}}
	})
	ada := mfa.User{ID: "7", Name: "Ada", Email: "ada@example.com", EmailVerified: true}

	flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
	t.check(err)
	option := flow.Options[0].ID
	_, err = m.Challenge(ctx, flow.Token, option, mfa.Client{})
	t.check(err)
	mail, _ := inbox.Last(ada.Email)
	fmt.Println(mail.Subject)

	answer := mfa.Answer{Option: option, Code: inbox.Code(ada.Email)}
	flow, err = m.Verify(ctx, flow.Token, answer, mfa.Client{})
	t.check(err)
	fmt.Println(flow.Status, flow.Authentication.AMR())

	// Output:
	// Your code for Example
	// passed [pwd email]
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
