// Package mfatest is for the tests of programs that use package mfa: an engine
// that is ready to go, a clock that is told the time, an authenticator app in
// code, an inbox for all that is sent, and an observer that remembers. A sign-in
// with a second factor is tested in ten lines:
//
//	m := mfatest.NewEngine(t)
//	user := mfa.User{ID: "7", Name: "ada@example.com"}
//	phone, codes := m.EnrollTOTP(t, user)
//
//	flow, err := m.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password})
//	// flow.Status is mfa.StatusChallenge
//	flow, err = m.Verify(ctx, flow.Token, phone.Answer(flow), mfa.Client{})
//	// flow.Status is mfa.StatusPassed
//
// A host that builds its engine itself, as most do, gives it Clock.Now, a
// [Recorder] and an [Inbox], and reads the otpauth URI off its own page into
// [NewAuthenticator].
//
// The package is for tests alone: nothing of it belongs in a program.
package mfatest

import (
	"context"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// TB is the part of testing.TB that is needed here; a *testing.T, *testing.B or
// *testing.F is one.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// An Engine is an [mfa.Engine] for a test, with what it was made of.
type Engine struct {
	*mfa.Engine
	Clock  *Clock    // the engine's clock; begins at noon (UTC) of 1 January 2026
	Events *Recorder // has seen all events that the engine told of
	Store  mfa.Store // what the engine keeps; a memory.Store, if no option says otherwise
}

// NewEngine makes an engine with keys of its own, on a store in memory, with
// authenticator apps (issuer "Test") and recovery codes, and closes it when the
// test ends. Pauses between tries take no time. Each option may change the
// configuration before the engine is made:
//
//	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Policy = ours })
//
// It ends the test if the engine cannot be made.
func NewEngine(t TB, options ...func(*mfa.Config)) *Engine {
	t.Helper()
	m := &Engine{
		Clock:  NewClock(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)),
		Events: new(Recorder),
	}
	config, err := m.config()
	if err != nil {
		t.Fatalf("mfatest: %v", err)
	}
	for _, option := range options {
		option(&config)
	}
	m.Store = config.Store
	if m.Engine, err = mfa.New(config); err != nil {
		t.Fatalf("mfatest: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Fatalf("mfatest: close: %v", err)
		}
	})
	return m
}

func (m *Engine) config() (mfa.Config, error) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		return mfa.Config{}, err
	}
	apps, err := totp.New(totp.Config{Issuer: "Test"})
	if err != nil {
		return mfa.Config{}, err
	}
	codes, err := recovery.New(recovery.Config{})
	if err != nil {
		return mfa.Config{}, err
	}
	return mfa.Config{
		Store:     memory.New(),
		Keys:      keys,
		Factors:   []mfa.Factor{apps, codes},
		Observers: []mfa.Observer{m.Events},
		Now:       m.Clock.Now,
		Wait:      func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Support:   func(context.Context, mfa.SupportRequest) error { return nil },
	}, nil
}

// EnrollTOTP sets an authenticator app up for a user who has none, as the user
// would after signing in with a password, and returns it with the recovery
// codes that came with it. The clock then moves on to the app's next code, as
// the one that confirmed the enrolment is spent. It ends the test if the engine
// does not agree.
func (m *Engine) EnrollTOTP(t TB, user mfa.User) (*Authenticator, []string) {
	t.Helper()
	ctx := context.Background()
	flow, err := m.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password})
	if err != nil {
		t.Fatalf("mfatest: sign in: %v", err)
	}
	caller := mfa.Caller{User: user, Authentication: flow.Authentication}
	if flow.Status == mfa.StatusEnroll {
		caller = mfa.Caller{FlowToken: flow.Token}
	}
	enrolling, err := m.Enroll(ctx, caller, mfa.Enroll{Method: totp.Name})
	if err != nil {
		t.Fatalf("mfatest: enroll: %v", err)
	}
	challenge, ok := enrolling.Challenge.(*totp.Challenge)
	if !ok {
		t.Fatalf("mfatest: enroll: the challenge is a %T", enrolling.Challenge)
	}
	phone, err := NewAuthenticator(challenge.URI, m.Clock.Now)
	if err != nil {
		t.Fatalf("mfatest: enroll: %v", err)
	}
	activated, err := m.Activate(ctx, caller, enrolling.ID, mfa.Answer{Code: phone.Code()})
	if err != nil {
		t.Fatalf("mfatest: activate: %v", err)
	}
	m.Clock.Advance(phone.Period)
	return phone, activated.RecoveryCodes
}
