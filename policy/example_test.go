package policy_test

import (
	"fmt"

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
	// policy: line 2: mode: unknown mode "of"; there are "offer" and "required"
}
