package policy_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// FuzzParse: no file makes it panic, and what is taken is valid and is written
// as what reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{whole, example(f), `{}`, `{"mode":"required"}`, `{"changes":{"max_age":"5m"}}`, `[`, `{"aal":2,"aal":2}`, `{"methods":["sms"],"accept_restricted":true}`, `{"methods":["sms"]}`, `{"methods":["totp"],"not_first":["totp"]}`, "{\"mode\":\"\xff\"}", `{"x":[[[{}]]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "policy: ") {
				t.Errorf("%v", err)
			}
			return
		}
		var known []string
		rules := []policy.Rules{p.Rules}
		for _, ph := range p.Phases {
			rules = append(rules, ph.Rules)
		}
		for _, r := range rules {
			known = slices.Concat(known, r.Methods, r.Suggested, r.Forbidden, r.Implicit, r.NotFirst, r.Changes.Methods, r.FirstEnrollment.Methods)
			for name, before := range r.Prerequisites {
				known = append(append(known, name), before...)
			}
		}
		// What methods leave together is no matter of a file alone, and neither are functions.
		if err := p.Validate(known); err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.Contains(line, ": leave") && !strings.Contains(line, "has no condition") {
					t.Errorf("taken, and not valid: %v", line)
				}
			}
		}
		p.Decide(mfa.Subject{User: mfa.User{ID: "ada"}})
		policy.Lint(p, nil)
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := policy.Parse(b); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%s: %v", b, err)
		}
	})
}
