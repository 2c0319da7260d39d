package policy_test

import (
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func ExampleParse() {
	p, err := policy.Parse([]byte(`{
		"mode": "offer",
		"methods": ["totp"],
		"changes": {"password": true},
		"session_lifetime": "12h"
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Validate([]string{"totp", "recovery"}); err != nil {
		fmt.Println(err)
		return
	}
	newcomer := p.Decide(mfa.Subject{})
	fmt.Println("asked:", newcomer.Require.SecondFactor, "may enrol:", newcomer.Methods)
	enrolled := p.Decide(mfa.Subject{Enrollments: []mfa.Enrollment{{Method: "totp"}}})
	fmt.Println("asked:", enrolled.Require.SecondFactor)

	_, err = policy.Parse([]byte("{\n\t\"mode\": \"of\"\n}"))
	fmt.Println(err)
	// Output:
	// asked: false may enrol: [totp recovery]
	// asked: true
	// policy: line 2: mode: unknown mode "of"; there are off, offer, adaptive and required
}

// A rollout: offered to all, prompted for by a quarter, then required.
func ExamplePolicy() {
	october, november := time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC), time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	p := policy.Policy{
		Rules: policy.Rules{Mode: policy.Offer},
		Phases: []policy.Phase{
			{
				Name: "prompted", From: october, Share: policy.Percent(25),
				Rules: policy.Rules{Mode: policy.Required, Grace: policy.Grace{Until: november, Skips: 5}},
			},
			{Name: "all", From: november, Rules: policy.Rules{Mode: policy.Required}},
		},
	}
	ada := mfa.User{ID: "user-0"}
	for _, now := range []time.Time{october.Add(-time.Second), october, november} {
		d := p.Decide(mfa.Subject{User: ada, Skips: 2, Now: now})
		fmt.Printf("%s: phase %q, has to enrol: %v, may put it off: %v (%d)\n",
			now.Format(time.DateTime), d.Phase, d.Require.SecondFactor, d.Grace.Skip, d.Grace.Left)
	}
	// Output:
	// 2025-09-30 23:59:59: phase "", has to enrol: false, may put it off: false (0)
	// 2025-10-01 00:00:00: phase "prompted", has to enrol: true, may put it off: true (3)
	// 2025-11-01 00:00:00: phase "all", has to enrol: true, may put it off: false (0)
}

// What an operator changes while the service runs.
func ExampleLive() {
	live, err := policy.NewLive(&policy.Policy{Rules: policy.Rules{Mode: policy.Offer}}, []string{"totp", "webauthn", "recovery"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, file := range []string{
		"{\n  \"mode\": \"required\",\n  \"methods\": [\"sms\"]\n}",
		"{\n  \"mode\": \"adaptive\"\n}",
	} {
		if err := live.Replace([]byte(file)); err != nil {
			fmt.Println(err)
		}
		fmt.Println("now:", live.Current().Mode)
	}
	// Output:
	// policy: line 3: methods[0]: "sms" is not configured; there are totp, webauthn, recovery
	// now: offer
	// now: adaptive
}

func ExampleLint() {
	p, err := policy.Parse([]byte(`{
		"mode": "required",
		"aal": 2,
		"methods": ["email"],
		"remember": {"days": 30},
		"phases": [{"name": "later", "from": "2025-10-31T00:00:00Z", "mode": "offer"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range policy.Lint(p, []mfa.Method{
		{Name: "email", Channel: mfa.ChannelEmail},
		{Name: "totp", Kind: mfa.Have},
	}) {
		fmt.Println(f)
	}
	// Output:
	// warning: remember: has no effect: an assurance level and resistance to phishing are asked for in remembered browsers too
	// error: aal: nobody can reach level 2: email is no second kind of proof beside a password
	// note: first_enrollment: whoever has the password of an account without a second proof can enrol one of their own; a code to the address on file prevents it
	// error: phase "later": mode: offer takes back what the base asks of everybody: required
}

func ExampleShadow() {
	p := &policy.Shadow{
		Live:      &policy.Policy{Rules: policy.Rules{Mode: policy.Offer}},
		Candidate: &policy.Policy{Rules: policy.Rules{Mode: policy.Required, Grace: policy.Grace{Skips: 3}}},
		Report:    func(d policy.Difference) { fmt.Println(d) },
	}
	d := p.Decide(mfa.Subject{
		User: mfa.User{ID: "ada"}, Client: mfa.Client{App: "web"},
		Now: time.Date(2025, 10, 1, 12, 0, 0, 0, time.UTC),
	})
	fmt.Println("asked:", d.Require.SecondFactor)
	// Output:
	// 2025-10-01T12:00:00Z "ada" "web": require: a second proof instead of nothing; grace: may be put off, 3 times instead of none
	// asked: false
}
