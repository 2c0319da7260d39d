package ops_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
)

// patient requires a second factor, and grants a delayed reset.
type patient struct{}

func (patient) Decide(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, DelayedReset: 72 * time.Hour}
}

func TestResets_TellsThoseWhoseTimeIsOver(t *testing.T) {
	ctx := context.Background()
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Policy = patient{} })
	user := func(id string) mfa.User {
		u := user(id)
		u.EmailVerified = true
		return u
	}
	ask := func(id string) {
		f, err := m.SignIn(ctx, mfa.SignIn{User: user(id), First: mfa.Password})
		if err == nil {
			_, err = m.RequestReset(ctx, f.Token, mfa.Client{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"early", "late", "none", "gone"} {
		if _, err := m.Import(ctx, mfa.Import{User: user(id), Source: "test", Items: []mfa.ImportItem{{ID: "1", Method: "totp",
			State: []byte(`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`)}}}); err != nil {
			t.Fatal(err)
		}
	}
	ask("early")
	ask("gone")
	m.Clock.Advance(48 * time.Hour)
	ask("late")
	m.Clock.Advance(24 * time.Hour)
	find := func(_ context.Context, id string) (mfa.User, error) {
		if id == "gone" {
			return mfa.User{}, mfa.ErrNotFound
		}
		return user(id), nil
	}
	for range 2 {
		if stats, err := ops.Resets(ctx, m.Store, m.Engine, find, ops.Options{}); err != nil || stats.Users != 4 || stats.Failed != 0 {
			t.Fatalf("%+v, %v", stats, err)
		}
	}
	list, err := m.Events.Await(ctx, mfa.EventResetReady, 1)
	if err != nil || len(list) != 1 || list[0].User != "early" || !list[0].Notice {
		t.Fatalf("%v, %v", list, err)
	}
	m.Clock.Advance(48 * time.Hour)
	if _, err := ops.Resets(ctx, m.Store, m.Engine, find, ops.Options{}); err != nil {
		t.Fatal(err)
	}
	if list, err = m.Events.Await(ctx, mfa.EventResetReady, 2); err != nil || list[1].User != "late" {
		t.Fatalf("%v, %v", list, err)
	}
	broken := errors.New("directory is down")
	stats, err := ops.Resets(ctx, m.Store, m.Engine, func(context.Context, string) (mfa.User, error) { return mfa.User{}, broken }, ops.Options{})
	if err != nil || stats.Failed != 4 || !errors.Is(stats.Failures[0].Err, broken) {
		t.Errorf("%+v, %v", stats, err)
	}
	if _, err := ops.Resets(ctx, m.Store, m.Engine, nil, ops.Options{}); err == nil {
		t.Error("without a way to find users")
	}
}
