package policy_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// phased is a policy of a base and phases, whose first enrollments ask for a code by mail.
func phased(r policy.Rules, phases ...policy.Phase) policy.Policy {
	p := ruled(r)
	p.Phases = phases
	return p
}

// TestLintTellsEachOnce: what is an error already is not told again in other words, and
// what is wrong in one phase is told of the other.
func TestLintTellsEachOnce(t *testing.T) {
	texts := []mfa.Method{totpMethod, recoveryMethod, smsMethod, callMethod, mailMethod}
	methods := func(name string, m ...string) policy.Phase {
		return policy.Phase{Name: name, Apps: []string{name}, Rules: policy.Rules{Methods: m}}
	}
	accepted := phased(policy.Rules{Methods: []string{"sms"}}, methods("b", "call"))
	accepted.AcceptRestricted = true
	checkLint(t, map[string]lintCase{
		"texts alone in a phase":             {phased(policy.Rules{}, methods("a", "sms")), texts, []string{`error: phase "a": methods: leave nothing but text messages`}},
		"calls alone in another":             {phased(policy.Rules{}, methods("a", "sms"), methods("b", "call")), texts, []string{`error: phase "a": methods: leave nothing but text messages`, `error: phase "b": methods: nothing but call`}},
		"texts alone in a phase by its base": {phased(policy.Rules{Methods: []string{"sms"}}, policy.Phase{Name: "a", Apps: []string{"a"}, Rules: policy.Rules{Nudge: 2}}), texts, []string{"error: methods: leave nothing but text messages"}},
		"texts accepted, calls in a phase":   {accepted, texts, []string{"warning: accept_restricted: ", "warning: methods: nothing but sms", `warning: phase "b": methods: nothing but call`}},
		"recovery codes alone":               {ruled(policy.Rules{Methods: []string{"recovery"}}), usual, []string{"error: methods: recovery codes alone"}},
		"nothing may be the first":           {ruled(policy.Rules{Methods: []string{"totp"}, NotFirst: []string{"totp"}}), usual, []string{"error: not_first: leaves no method that may be the first"}},
		"nothing to begin with":              {ruled(policy.Rules{Methods: []string{"totp", "webauthn"}, Prerequisites: map[string][]string{"totp": {"webauthn"}, "webauthn": {"totp"}}}), usual, []string{"error: prerequisites: leave no method to begin with", "error: prerequisites.totp: can never be enrolled", "error: prerequisites.webauthn: can never be enrolled"}},
		"an empty prerequisite":              {ruled(policy.Rules{Prerequisites: map[string][]string{"totp": {}}}), usual, []string{"error: prerequisites.totp: an empty list"}},
		"a bound key that is none":           {ruled(policy.Rules{AAL: mfa.AAL3}), []mfa.Method{{Name: "token", Kind: mfa.Have, DeviceBound: true}, keyMethod, mailMethod}, []string{"error: aal: nobody can reach level 3"}},
		"many of an offer":                   {ruled(policy.Rules{Mode: policy.Offer, AtLeast: 9}), usual, []string{"warning: at_least: has no effect: nowhere"}},
	})
}

// TestLintOfWhatHasNoEffectHere looks at bounds, and at what only seems to have none.
func TestLintOfWhatHasNoEffectHere(t *testing.T) {
	late := func(r policy.Rules) policy.Phase { return policy.Phase{Name: "a", From: noon, Rules: r} }
	required := policy.Rules{Mode: policy.Required}
	checkLint(t, map[string]lintCase{
		"a day, idle for a day":            {ruled(policy.Rules{Remember: policy.Remember{Days: 1, Idle: 24 * time.Hour}}), usual, []string{"warning: remember.idle: has no effect"}},
		"a day, idle for less":             {ruled(policy.Rules{Remember: policy.Remember{Days: 1, Idle: 23 * time.Hour}}), usual, nil},
		"a nudge to the one that is asked": {ruled(policy.Rules{Nudge: 1, AtLeast: 1}), usual, []string{"note: nudge: has no effect"}},
		"a nudge where none is demanded":   {ruled(policy.Rules{AtLeast: 1}), usual, nil},
		"the base's grace by date":         {ruled(policy.Rules{Grace: policy.Grace{Until: noon}}), usual, nil},
		"one enrollment, in an offer": {phased(policy.Rules{Mode: policy.Offer}, late(policy.Rules{Mode: policy.Adaptive, AtLeast: 1})), usual,
			nil},
		"two enrollments, in an offer": {phased(policy.Rules{Mode: policy.Offer}, late(policy.Rules{Mode: policy.Adaptive, AtLeast: 2})), usual,
			[]string{`warning: phase "a": at_least: has no effect in mode adaptive`}},
		"a grace that ended, in an offer": {phased(policy.Rules{Mode: policy.Offer}, late(policy.Rules{Mode: policy.Adaptive, Grace: policy.Grace{Until: noon.Add(-time.Hour)}})), usual,
			[]string{`warning: phase "a": grace: has no effect in mode adaptive`}},
		"a grace that ends as it begins": {phased(policy.Rules{Mode: policy.Offer}, late(policy.Rules{Mode: policy.Required, Grace: policy.Grace{Until: noon}})), usual,
			[]string{`warning: phase "a": grace.until: has ended`}},
		"a grace for nobody": {phased(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 1}}, late(policy.Rules{Mode: policy.Adaptive})), usual,
			[]string{"warning: grace: has no effect: nowhere"}},
		"a grace for a phase":       {phased(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 1}}, late(required)), usual, nil},
		"a grace that is another's": {phased(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 1}}, late(policy.Rules{Mode: policy.Required, Grace: policy.Grace{Skips: 2}})), usual, []string{"warning: grace: has no effect: nowhere"}},
		"one for nobody":            {ruled(policy.Rules{Mode: policy.Offer, AtLeast: 1}), usual, nil},
		"two for a phase":           {phased(policy.Rules{Mode: policy.Offer, AtLeast: 2}, late(required)), usual, nil},
		"two for a phase of three":  {phased(policy.Rules{Mode: policy.Offer, AtLeast: 2}, late(policy.Rules{Mode: policy.Required, AtLeast: 3})), usual, []string{"warning: at_least: has no effect: nowhere"}},
		"two for a phase of one":    {phased(policy.Rules{Mode: policy.Offer, AtLeast: 2}, late(policy.Rules{Mode: policy.Required, AtLeast: 1})), usual, []string{"warning: at_least: has no effect: nowhere"}},
	})
}

// TestLintOfWhatNeverDecides: of a phase for nobody nothing else is told, and one percent is
// somebody.
func TestLintOfWhatNeverDecides(t *testing.T) {
	off := policy.Rules{Mode: policy.Off}
	of := func(share int) policy.Policy {
		p := phased(policy.Rules{}, policy.Phase{Name: "a", Cohorts: []string{"c"}})
		p.Cohorts = []policy.Cohort{{Name: "c", Share: policy.Percent(share)}}
		return p
	}
	checkLint(t, map[string]lintCase{
		"a share of nothing": {phased(policy.Rules{}, policy.Phase{Name: "a", Share: policy.Percent(0), Rules: off}), usual,
			[]string{`note: phase "a": mode: off`, `warning: phase "a": never decides: its share is 0`}},
		"a share of one": {phased(policy.Rules{Mode: policy.Offer}, policy.Phase{Name: "a", Share: policy.Percent(1), Rules: policy.Rules{Mode: policy.Required}}), usual, nil},
		"under another": {phased(policy.Rules{}, policy.Phase{Name: "a", Rules: off}, policy.Phase{Name: "b", Rules: policy.Rules{Mode: policy.Required}}), usual,
			[]string{`note: phase "a": mode: off`, `warning: phase "a": never decides: phase "b"`}},
		"a cohort of one":     {of(1), usual, nil},
		"a cohort of nothing": {of(0), usual, []string{`warning: phase "a": never decides: its cohorts have nobody`, `warning: cohorts[0]: "c" has nobody in it: its share is 0`}},
	})
}
