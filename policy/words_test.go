package policy_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// TestWhatDecisionsSayInWords is how a Difference names the parts that are not in every
// policy.
func TestWhatDecisionsSayInWords(t *testing.T) {
	for want, d := range map[string]mfa.Decision{
		"require: assurance level 1 instead of nothing":                             {Require: mfa.Requirement{AAL: mfa.AAL1}},
		"require: a proof by totp instead of nothing":                               {Require: mfa.Requirement{Methods: []string{"totp"}}},
		"grace: may be put off instead of none":                                     {Grace: mfa.Grace{Skip: true}},
		"grace: may be put off, 1 times instead of none":                            {Grace: mfa.Grace{Skip: true, Left: 1}},
		"remember: 24h0m0s instead of nothing":                                      {Remember: mfa.Remember{For: 24 * time.Hour}},
		"remember: 24h0m0s, idle for 1h0m0s instead of nothing":                     {Remember: mfa.Remember{For: 24 * time.Hour, Idle: time.Hour}},
		"remember: 24h0m0s, sessions too instead of nothing":                        {Remember: mfa.Remember{For: 24 * time.Hour, Session: true}},
		"remember: 24h0m0s, sessions too, insecurely instead of nothing":            {Remember: mfa.Remember{For: 24 * time.Hour, Session: true, InsecureLong: true}},
		"at_least: 2 instead of 1":                                                  {AtLeast: 2},
		"nudge: 1 instead of none":                                                  {Nudge: 1},
		"changes: proofs no older than 5m0s instead of nothing":                     {Change: mfa.Requirement{MaxAge: 5 * time.Minute}},
		"first_enrollment: the password instead of nothing":                         {FirstEnrollment: mfa.Requirement{Password: true}},
		"prerequisites: webauthn after totp or sms instead of none":                 {Prerequisites: map[string][]string{"webauthn": {"totp", "sms"}}},
		"prerequisites: sms after totp; webauthn after totp or sms instead of none": {Prerequisites: map[string][]string{"webauthn": {"totp", "sms"}, "sms": {"totp"}}},
	} {
		var what []string
		s := &policy.Shadow{
			Live:      decider(func(mfa.Subject) mfa.Decision { return mfa.Decision{} }),
			Candidate: decider(func(mfa.Subject) mfa.Decision { return d }),
			Report:    func(d policy.Difference) { what = d.What },
		}
		s.Decide(mfa.Subject{})
		if !reflect.DeepEqual(what, []string{want}) {
			t.Errorf("%q, want %q", what, want)
		}
	}
}
