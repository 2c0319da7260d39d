package mfatest_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
)

var ada = mfa.User{ID: "7", Name: "ada@example.com"}

func TestEngineSignsIn(t *testing.T) {
	ctx := t.Context()
	m := mfatest.NewEngine(t)
	phone, codes := m.EnrollTOTP(t, ada)
	if len(codes) != 10 {
		t.Errorf("%d recovery codes", len(codes))
	}
	for range 3 {
		flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
		if err != nil || flow.Status != mfa.StatusChallenge {
			t.Fatalf("%s: %v", flow.Status, err)
		}
		right := phone.Answer(flow)
		wrong := right
		wrong.Code = phone.CodeAt(m.Clock.Now().Add(-100 * phone.Period))
		if _, err := m.Verify(ctx, flow.Token, wrong, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
			t.Fatalf("an old code: %v", err)
		}
		flow, err = m.Verify(ctx, flow.Token, right, mfa.Client{})
		if err != nil || flow.Status != mfa.StatusPassed || flow.Authentication.AAL() != mfa.AAL2 {
			t.Fatalf("%s: %v", flow.Status, err)
		}
		m.Clock.Advance(phone.Period)
	}
}

func TestEngineTakesRecoveryCodesOnce(t *testing.T) {
	ctx := t.Context()
	m := mfatest.NewEngine(t)
	_, codes := m.EnrollTOTP(t, ada)
	answer := func() (mfa.Flow, error) {
		flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range flow.Options {
			if o.Method == "recovery" {
				return m.Verify(ctx, flow.Token, mfa.Answer{Option: o.ID, Code: codes[0]}, mfa.Client{})
			}
		}
		t.Fatal("recovery codes are not offered")
		return flow, nil
	}
	if flow, err := answer(); err != nil || flow.Status != mfa.StatusPassed {
		t.Fatalf("%s: %v", flow.Status, err)
	}
	if _, err := answer(); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a spent code: %v", err)
	}
	list, err := m.Enrollments(ctx, ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, e := range list {
		left += e.Remaining
	}
	if left != 9 {
		t.Errorf("%d codes left", left)
	}
	if _, err := m.Events.Await(ctx, mfa.EventRecoveryUsed, 1); err != nil {
		t.Error(err)
	}
}

func TestEngineEnrolsUnderAPolicyThatRequires(t *testing.T) {
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Policy = &policy.Policy{Rules: policy.Rules{Methods: []string{"totp"}}} })
	flow, err := m.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil || flow.Status != mfa.StatusEnroll {
		t.Fatalf("%s: %v", flow.Status, err)
	}
	phone, codes := m.EnrollTOTP(t, ada)
	if phone.Account != ada.Name || len(codes) != 10 {
		t.Errorf("%v, %d recovery codes", phone, len(codes))
	}
}

func TestEngineOffersRefusedNoticesAgain(t *testing.T) {
	m := mfatest.NewEngine(t)
	m.EnrollTOTP(t, ada)
	if _, err := m.Events.Await(t.Context(), mfa.EventEnrolled, 1); err != nil {
		t.Fatal(err)
	}
	m.Events.Fail(1)
	if err := m.Reset(t.Context(), mfa.Reset{User: ada, Actor: "support", Reason: "lost phone"}); err != nil {
		t.Fatal(err)
	}
	got, err := m.Events.Await(t.Context(), mfa.EventReset, 1)
	if err != nil || got[0].User != ada.ID || got[0].Actor != "support" {
		t.Errorf("%v: %v", got, err)
	}
}

func TestEngineIsTheOptions(t *testing.T) {
	store := new(countingStore)
	m := mfatest.NewEngine(t, func(c *mfa.Config) { store.Store, c.Store = c.Store, store })
	if m.Store != store {
		t.Error("the option's store is not the engine's")
	}
	m.EnrollTOTP(t, ada)
	if store.saves.Load() == 0 {
		t.Error("the option's store was not used")
	}
}

type countingStore struct {
	mfa.Store
	saves atomic.Int64
}

func (s *countingStore) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	s.saves.Add(1)
	return s.Store.Save(ctx, key, old, item)
}

func TestEngineThatCannotBeMadeEndsTheTest(t *testing.T) {
	defer func() {
		if r := recover(); fmt.Sprint(r) != "mfatest: mfa: Config.Factors is empty" {
			t.Errorf("%v", r)
		}
	}()
	mfatest.NewEngine(new(example), func(c *mfa.Config) { c.Factors = nil })
	t.Error("it was made")
}
