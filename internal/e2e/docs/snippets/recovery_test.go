package snippets

import (
	"errors"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

func TestRecoveryBySupport(t *testing.T) {
	agreed := false
	ranks := map[string]int{"carol": 2, "boss": 3}
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		*c = withSupport(*c, func(id string) int { return ranks[id] }, func(mfa.SupportRequest) bool { return agreed })
	})
	_, codes := m.EnrollTOTP(t, ada)
	boss := mfa.User{ID: "boss"}
	m.EnrollTOTP(t, boss)

	if _, _, err := help(t.Context(), m.Engine, boss); !errors.Is(err, mfa.ErrSupport) {
		t.Errorf("a higher rank: %v", err)
	}
	reset := mfa.Reset{User: ada, Actor: "carol"}
	if err := m.Reset(t.Context(), reset); !errors.Is(err, mfa.ErrSupport) {
		t.Errorf("alone: %v", err)
	}
	code, expires, err := help(t.Context(), m.Engine, ada)
	if err != nil || expires.Before(m.Clock.Now()) {
		t.Fatal(err, expires)
	}
	for _, by := range []struct{ method, code string }{{"bypass", code}, {"recovery", codes[0]}} {
		flow, err := m.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range flow.Options {
			if o.Method == by.method {
				if flow, err = m.Verify(t.Context(), flow.Token, mfa.Answer{Option: o.ID, Code: by.code}, mfa.Client{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if flow.Status != mfa.StatusPassed || !wasLost(flow) {
			t.Errorf("%s: %v, %v", by.method, flow.Status, wasLost(flow))
		}
	}
	if agreed = true; m.Reset(t.Context(), reset) != nil {
		t.Error("two people cannot reset")
	}
	if flow, err := m.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password}); err != nil || wasLost(flow) {
		t.Errorf("an ordinary sign-in: %v", err)
	}
}
