package policy_test

import (
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func TestLintOfPhases(t *testing.T) {
	may, june := instant("2025-05-01T00:00:00Z"), instant("2025-06-01T00:00:00Z")
	offer, adaptive, required, off := policy.Rules{Mode: policy.Offer}, policy.Rules{Mode: policy.Adaptive}, policy.Rules{Mode: policy.Required}, policy.Rules{Mode: policy.Off}
	cohorts := []policy.Cohort{
		{Name: "x", Users: map[string]bool{"ada": true}}, {Name: "y", EmailDomains: []string{"example.com"}},
		{Name: "old", CreatedBefore: may}, {Name: "none", Share: policy.Percent(0)},
	}
	// rollout is a policy of phases, from an offer, that has every cohort in use.
	rollout := func(phases ...policy.Phase) policy.Policy {
		p := ruled(offer)
		p.Phases, p.Cohorts = phases, cohorts[:2]
		p.Phases = append(p.Phases, policy.Phase{Name: "last", Apps: []string{"tv"}, Cohorts: []string{"x", "y"}, Rules: required})
		return p
	}
	with := func(p policy.Policy, more ...policy.Cohort) policy.Policy {
		p.Cohorts = append(p.Cohorts[:len(p.Cohorts):len(p.Cohorts)], more...)
		return p
	}
	of := func(r policy.Rules, phases ...policy.Phase) policy.Policy {
		p := ruled(r)
		p.Phases = phases
		return p
	}
	never := func(name, why string) []string {
		return []string{`warning: phase "` + name + `": never decides: ` + why}
	}
	checkLint(t, map[string]lintCase{
		"rising":                            {rollout(policy.Phase{Name: "a", From: may, Rules: adaptive}, policy.Phase{Name: "b", From: june, Rules: required}), usual, nil},
		"widening":                          {rollout(policy.Phase{Name: "a", From: may, Cohorts: []string{"x"}, Rules: adaptive}, policy.Phase{Name: "b", From: june, Share: policy.Percent(50), Rules: adaptive}, policy.Phase{Name: "c", From: june, Share: policy.Percent(60), Rules: adaptive}), usual, nil},
		"share of none":                     {rollout(policy.Phase{Name: "a", Share: policy.Percent(0), Rules: required}), usual, never("a", "its share is 0")},
		"shadowed":                          {rollout(policy.Phase{Name: "a", From: june, Rules: adaptive}, policy.Phase{Name: "b", From: may, Rules: required}), usual, never("a", `phase "b" comes later`)},
		"shadowed on the same day":          {rollout(policy.Phase{Name: "a", From: may, Rules: adaptive}, policy.Phase{Name: "b", From: may, Rules: required}), usual, never("a", `phase "b" comes later`)},
		"shadowed, of fewer":                {rollout(policy.Phase{Name: "a", Cohorts: []string{"x"}, Apps: []string{"web"}, CreatedFrom: june, Share: policy.Percent(5), Rules: adaptive}, policy.Phase{Name: "b", Cohorts: []string{"y", "x"}, Apps: []string{"mobile", "web"}, CreatedFrom: may, Rules: required}), usual, never("a", `phase "b" comes later`)},
		"not shadowed by fewer apps":        {rollout(policy.Phase{Name: "a", Rules: adaptive}, policy.Phase{Name: "b", Apps: []string{"web"}, Rules: required}), usual, nil},
		"not shadowed by other apps":        {rollout(policy.Phase{Name: "a", Apps: []string{"web", "mobile"}, Rules: adaptive}, policy.Phase{Name: "b", Apps: []string{"web"}, Rules: required}), usual, nil},
		"not shadowed by other cohorts":     {rollout(policy.Phase{Name: "a", Cohorts: []string{"x"}, Rules: adaptive}, policy.Phase{Name: "b", Cohorts: []string{"y"}, Rules: required}), usual, nil},
		"not shadowed by newer accounts":    {rollout(policy.Phase{Name: "a", CreatedFrom: may, Rules: adaptive}, policy.Phase{Name: "b", CreatedFrom: june, Rules: required}), usual, nil},
		"not shadowed by a share":           {rollout(policy.Phase{Name: "a", Share: policy.Percent(10), Rules: adaptive}, policy.Phase{Name: "b", Share: policy.Percent(90), Rules: required}), usual, nil},
		"of a cohort of none":               {with(rollout(policy.Phase{Name: "a", Cohorts: []string{"none"}, Rules: required}), cohorts[3]), usual, append(never("a", "its cohorts have nobody in them"), `warning: cohorts[2]: "none" has nobody in it: its share is 0`)},
		"of cohorts of which one is some":   {with(rollout(policy.Phase{Name: "a", Cohorts: []string{"none", "x"}, Rules: required}), cohorts[3]), usual, []string{`warning: cohorts[2]: "none" has nobody in it`}},
		"of new accounts of an old cohort":  {with(rollout(policy.Phase{Name: "a", CreatedFrom: may, Cohorts: []string{"old"}, Rules: required}), cohorts[2]), usual, never("a", "its accounts are made after those of its cohorts")},
		"cohort of no time":                 {with(rollout(policy.Phase{Name: "a", Cohorts: []string{"z"}, Rules: required}), policy.Cohort{Name: "z", CreatedFrom: june, CreatedBefore: may}), usual, append(never("a", "its cohorts have nobody in them"), `warning: cohorts[2]: "z" has nobody in it: created_from is not before created_before`)},
		"cohort without conditions":         {with(rollout(policy.Phase{Name: "a", Cohorts: []string{"z"}, Rules: required}), policy.Cohort{Name: "z"}), usual, append([]string{"error: cohorts[2]: has no condition"}, never("a", "its cohorts have nobody in them")...)},
		"cohort that nothing is for":        {with(rollout(), policy.Cohort{Name: "z", Match: func(mfa.User) bool { return true }}), usual, []string{`note: cohorts[2]: no phase is for "z"`}},
		"off after required":                {rollout(policy.Phase{Name: "a", From: may, Rules: required}, policy.Phase{Name: "b", From: june, Rules: off}), usual, []string{`note: phase "b": mode: off`, `error: phase "b": mode: off takes back what phase "a" asks of the same users: required`}},
		"offer after required, of more":     {rollout(policy.Phase{Name: "a", From: may, Cohorts: []string{"x"}, Rules: required}, policy.Phase{Name: "b", From: june, Rules: offer}), usual, []string{`error: phase "b": mode: offer takes back what phase "a"`}},
		"offer after required, of others":   {rollout(policy.Phase{Name: "a", From: may, Cohorts: []string{"x"}, Rules: required}, policy.Phase{Name: "b", From: june, Cohorts: []string{"y"}, Rules: offer}), usual, nil},
		"adaptive after required, in time":  {rollout(policy.Phase{Name: "a", From: june, Rules: required}, policy.Phase{Name: "b", From: may, Apps: []string{"web"}, Rules: adaptive}), usual, nil},
		"adaptive before required, in time": {rollout(policy.Phase{Name: "a", From: june, Rules: required}, policy.Phase{Name: "b", From: may, Rules: adaptive}), usual, never("a", `phase "b" comes later`)},
		"offer of what the base requires":   {of(policy.Rules{}, policy.Phase{Name: "a", From: may, Rules: offer}), usual, []string{`error: phase "a": mode: offer takes back what the base asks of everybody: required`}},
		"off for one app":                   {of(policy.Rules{}, policy.Phase{Name: "a", Apps: []string{"mobile"}, Rules: off}), usual, []string{`note: phase "a": mode: off`, `note: phase "a": mode: off asks less of some users than the base does: required`}},
		"a mode that is none is required":   {of(policy.Rules{Mode: "x"}, policy.Phase{Name: "a", Rules: required}), usual, []string{`error: mode: unknown mode "x"`}},
		"phase's fault is the phase's":      {of(policy.Rules{}, policy.Phase{Name: "a", Rules: required}, policy.Phase{Name: "b", From: may, Rules: policy.Rules{Methods: []string{"push"}}}), usual, []string{`error: phase "b": methods[0]: "push" is not configured`, `error: phase "b": methods: nobody can enrol anything`}},
		"phases of one name":                {of(policy.Rules{}, policy.Phase{Name: "a"}, policy.Phase{Name: "a", From: may}), usual, []string{`error: phase "a": name: there are two of the name "a"`}},
		"phase of a cohort that is not one": {of(policy.Rules{}, policy.Phase{Name: "a", Cohorts: []string{"z"}}), usual, []string{`error: phase "a": cohorts[0]: there is no cohort "z"`}},
	})
}
