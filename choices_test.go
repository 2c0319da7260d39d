package mfa_test

import (
	"slices"
	"testing"

	"github.com/mfakit/mfa"
)

func TestChoices_AreWhatEnrollTakes(t *testing.T) {
	d := mfa.Decision{NotFirst: []string{"key"}, Forbidden: []string{"email"}, Nudge: 3}
	w := newWorld(t, granting(&d))
	u := person("ada")
	u.Phone = "+4791234589"
	first := w.signIn(u, from(1))
	caller := mfa.Caller{User: u, Authentication: first.Authentication, Client: from(1)}

	got, err := w.Choices(bg, caller)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(got.Methods, "key") || !slices.Contains(got.Later, "key") {
		t.Errorf("a key comes second: %+v", got)
	}
	if slices.Contains(got.Methods, "email") || slices.Contains(got.Later, "email") || got.More != 0 {
		t.Errorf("what is forbidden is never open, and nobody who has nothing is asked for more: %+v", got)
	}
	if got.Phone != "••• 89" || got.Email != "a•••@example.com" {
		t.Errorf("on file: %q, %q", got.Phone, got.Email)
	}

	a := w.enroll(caller, mfa.Enroll{})
	caller.Authentication = a.auth
	got, err = w.Choices(bg, caller)
	if err != nil || !slices.Contains(got.Methods, "key") || got.Later != nil || got.More != 2 {
		t.Errorf("beside an app: %+v, %v", got, err)
	}
	is(t, second(w.Enroll(bg, caller, mfa.Enroll{Method: got.Methods[0]})), mfa.ErrRequirement) // to look takes less than to change
}

func TestChoices_OfFlowsAndOfNobody(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	f := w.signIn(u, from(1))
	if f.Status != mfa.StatusEnroll {
		t.Fatal(f.Status)
	}
	got, err := w.Choices(bg, mfa.Caller{FlowToken: f.Token, Client: from(1)})
	if err != nil || !slices.Equal(got.Methods, f.Methods) || got.Email == "" {
		t.Errorf("%+v, %v; the flow offers %v", got, err, f.Methods)
	}
	is(t, second(w.Choices(bg, mfa.Caller{})), mfa.ErrCaller)
	is(t, second(w.Choices(bg, mfa.Caller{User: u, Actor: "eve"})), mfa.ErrCaller)

	// A sign-in that waits for a code learns nothing of the account.
	w.enroll(mfa.Caller{FlowToken: f.Token, Client: from(1)}, mfa.Enroll{})
	w.next()
	waiting := w.signIn(u, from(2))
	is(t, second(w.Choices(bg, mfa.Caller{FlowToken: waiting.Token, Client: from(2)})), mfa.ErrRequirement)
}
