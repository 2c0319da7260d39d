package policy_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

var (
	app      = mfa.Enrollment{ID: "1", Method: "totp"}
	dead     = mfa.Enrollment{ID: "2", Method: "totp", Disabled: true}
	key      = mfa.Enrollment{ID: "3", Method: "webauthn"}
	address  = mfa.Enrollment{ID: "4", Method: "email", Implicit: true}
	recovery = mfa.Enrollment{ID: "5", Method: "recovery"}
)

func TestWhoIsAsked(t *testing.T) {
	none, any := mfa.Requirement{}, mfa.Requirement{SecondFactor: true}
	strong := mfa.Requirement{SecondFactor: true, AAL: mfa.AAL2, PhishingResistant: true}
	for name, tc := range map[string]struct {
		policy policy.Policy
		has    []mfa.Enrollment
		want   mfa.Requirement
	}{
		"zero value requires":              {policy.Policy{}, nil, any},
		"required, none enrolled":          {base(policy.Rules{Mode: policy.Required}), nil, any},
		"required, enrolled":               {base(policy.Rules{Mode: policy.Required}), []mfa.Enrollment{app}, any},
		"a mode that is none requires":     {base(policy.Rules{Mode: "Offer"}), nil, any},
		"offer, none enrolled":             {base(policy.Rules{Mode: policy.Offer}), nil, none},
		"offer, enrolled":                  {base(policy.Rules{Mode: policy.Offer}), []mfa.Enrollment{app}, any},
		"offer, disabled is still asked":   {base(policy.Rules{Mode: policy.Offer}), []mfa.Enrollment{dead}, any},
		"offer, only an implicit address":  {base(policy.Rules{Mode: policy.Offer}), []mfa.Enrollment{address}, none},
		"offer, only recovery codes":       {base(policy.Rules{Mode: policy.Offer}), []mfa.Enrollment{recovery}, none},
		"offer of much, none enrolled":     {base(policy.Rules{Mode: policy.Offer, AAL: mfa.AAL2, PhishingResistant: true}), nil, none},
		"offer of much, enrolled":          {base(policy.Rules{Mode: policy.Offer, AAL: mfa.AAL2, PhishingResistant: true}), []mfa.Enrollment{key}, strong},
		"required of much, none enrolled":  {base(policy.Rules{AAL: mfa.AAL2, PhishingResistant: true}), nil, strong},
		"what changes ask is not for this": {base(policy.Rules{Mode: policy.Offer, Changes: policy.Changes{Password: true}}), nil, none},
	} {
		got := tc.policy.Decide(mfa.Subject{Enrollments: tc.has}).Require
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestMethodsAlwaysHaveRecovery(t *testing.T) {
	for _, tc := range []struct{ methods, want []string }{
		{nil, nil},
		{[]string{}, nil},
		{[]string{"totp"}, []string{"totp", "recovery"}},
		{[]string{"webauthn", "totp"}, []string{"webauthn", "totp", "recovery"}},
		{[]string{"recovery", "totp"}, []string{"recovery", "totp"}},
	} {
		p := base(policy.Rules{Methods: tc.methods})
		if got := p.Decide(mfa.Subject{}).Methods; !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%v: %v, want %v", tc.methods, got, tc.want)
		}
	}
}

func TestDecisionIsACopy(t *testing.T) {
	methods := make([]string, 1, 8)
	methods[0] = "totp"
	p := base(policy.Rules{Methods: methods, FirstEnrollment: policy.FirstEnrollment{Methods: methods}})
	d := p.Decide(mfa.Subject{})
	d.Methods[0], d.FirstEnrollment.Methods[0] = "x", "x"
	if methods[0] != "totp" || methods[:2][1] != "" {
		t.Error("a decision shares memory with its policy")
	}
}

func TestWhatChangesAsk(t *testing.T) {
	changes := policy.Changes{Password: true, Methods: []string{"webauthn"}, MaxAge: 5 * time.Minute}
	without := mfa.Requirement{Password: true, MaxAge: 5 * time.Minute}
	with := without
	with.Methods = []string{"webauthn", "recovery"}
	for name, tc := range map[string]struct {
		changes policy.Changes
		has     []mfa.Enrollment
		want    mfa.Requirement
	}{
		"nothing":                            {policy.Changes{}, []mfa.Enrollment{app, key}, mfa.Requirement{}},
		"nothing enrolled":                   {changes, nil, without},
		"another enrolled":                   {changes, []mfa.Enrollment{app, recovery}, without},
		"the method is enrolled":             {changes, []mfa.Enrollment{app, key}, with},
		"mode and methods are not for these": {changes, []mfa.Enrollment{key}, with},
	} {
		p := base(policy.Rules{Mode: policy.Offer, Methods: []string{"totp"}, Changes: tc.changes})
		if got := p.Decide(mfa.Subject{Enrollments: tc.has}).Change; !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestRestOfTheDecision(t *testing.T) {
	p := policy.Policy{Rules: policy.Rules{
		FirstEnrollment: policy.FirstEnrollment{Methods: []string{"email"}},
		SessionLifetime: 120 * time.Hour,
	}}
	d := p.Decide(mfa.Subject{})
	if !reflect.DeepEqual(d.FirstEnrollment, mfa.Requirement{Methods: []string{"email"}}) {
		t.Errorf("%+v", d.FirstEnrollment)
	}
	if d.SessionLifetime != 120*time.Hour || d.Implicit != nil {
		t.Errorf("%+v", d)
	}
	zero := policy.Policy{}
	if d := zero.Decide(mfa.Subject{}); !reflect.DeepEqual(d, mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}) {
		t.Errorf("%+v", d)
	}
}
