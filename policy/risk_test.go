package policy_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// levels are those of a sign-in that was scored.
var levels = []mfa.RiskLevel{mfa.RiskLow, mfa.RiskUnknown, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere}

// D-06: a known browser is let in unasked at a low risk alone, and a familiar network
// is not even heard of. Who has nothing is asked for nothing, or would have to enrol.
func TestD06_AdaptiveAsksWhereTheRiskAsks(t *testing.T) {
	adaptive := policy.Rules{Mode: policy.Adaptive}
	level, address := adaptive, adaptive
	level.AAL, address.Implicit = mfa.AAL2, []string{"email"}
	leveled := mfa.Requirement{SecondFactor: true, AAL: mfa.AAL2}
	for name, tc := range map[string]struct {
		rules           policy.Rules
		has             []mfa.Enrollment
		known           bool
		low, where, not mfa.Requirement // at a low risk; where it asks; in shadow
	}{
		"known browser":                {adaptive, []mfa.Enrollment{app}, true, notAsked, asked, notAsked},
		"known browser, a dead app":    {adaptive, []mfa.Enrollment{dead}, true, notAsked, asked, notAsked},
		"known browser, an address":    {address, nil, true, notAsked, asked, notAsked},
		"known browser, none":          {adaptive, nil, true, notAsked, notAsked, notAsked},
		"known browser, codes alone":   {adaptive, []mfa.Enrollment{recovery}, true, notAsked, notAsked, notAsked},
		"known browser, of a level":    {level, []mfa.Enrollment{app}, true, leveled, leveled, leveled},
		"unknown browser":              {adaptive, []mfa.Enrollment{app}, false, asked, asked, asked},
		"unknown browser, an address":  {address, nil, false, asked, asked, asked},
		"unknown browser, none":        {adaptive, nil, false, notAsked, notAsked, notAsked},
		"unknown browser, of a level":  {level, []mfa.Enrollment{app}, false, leveled, leveled, leveled},
		"unknown browser, level, none": {level, nil, false, notAsked, notAsked, notAsked},
	} {
		p := base(tc.rules)
		s := mfa.Subject{User: ada, Enrollments: tc.has, Known: tc.known, Now: noon}
		want := func(at string, risk mfa.Assessment, want mfa.Requirement) {
			t.Helper()
			if s.Risk = risk; !reflect.DeepEqual(p.Decide(s).Require, want) {
				t.Errorf("%s, %s: %+v", name, at, p.Decide(s).Require)
			}
		}
		want("not scored", mfa.Assessment{}, tc.low)
		want("low", mfa.Assessment{Level: mfa.RiskLow, Score: 99}, tc.low)
		for _, l := range levels[1:] {
			want(string(l), mfa.Assessment{Level: l}, tc.where)
			want(string(l)+" in shadow", mfa.Assessment{Level: l, Shadow: true}, tc.not)
		}
		want("a level that is new", mfa.Assessment{Level: "extreme"}, tc.where)
	}
}

// D-06: whatever a policy says, a risk changes nothing of it but what has to be
// proved, and adds to that.
func TestD06_RiskOnlyAdds(t *testing.T) {
	rounds(t, 10_000, func(d *draw) (bool, string) {
		p, s := risingPolicy(d), subject(d)
		p.AAL, p.PhishingResistant, p.DenySevere = pick(d, 0, 0, mfa.AAL2), d.chance(10), d.chance(30)
		p.Remember.Days, p.Grace = d.below(31), graceful(d).Grace
		if d.chance(20) {
			p.FirstEnrollment.Methods = []string{"email"}
		}
		s.Risk = mfa.Assessment{Level: pick(d, "", mfa.RiskLow)}
		low := p.Decide(s)
		s.Risk = mfa.Assessment{Level: pick(d, levels[1:]...), Score: float64(d.below(9) - 4)}
		high := p.Decide(s)
		adds := reflect.DeepEqual(low.Require.And(high.Require), high.Require)
		before, after := low, high
		before.Require, after.Require = mfa.Requirement{}, mfa.Requirement{}
		if !adds || !reflect.DeepEqual(before, after) {
			return true, fmt.Sprintf("%+v at %s: %+v, then %+v", s, s.Risk.Level, low, high)
		}
		return !reflect.DeepEqual(low, high), ""
	})
}

// D-06: who denies what is severe says so, in every mode, and of people alone.
func TestD06_DenySevereHoldsInEveryMode(t *testing.T) {
	for _, mode := range append(rising, "") {
		for _, has := range [][]mfa.Enrollment{nil, {key}} {
			for _, known := range []bool{true, false} {
				for _, level := range append(levels, "") {
					p := base(policy.Rules{Mode: mode, DenySevere: true})
					s := mfa.Subject{User: ada, Enrollments: has, Known: known, Now: noon, Risk: mfa.Assessment{Level: level}}
					if !p.Decide(s).DenySevere {
						t.Errorf("%s, %v, known %v, at %q: not denied", mode, has, known, level)
					}
					if p = base(policy.Rules{Mode: mode}); p.Decide(s).DenySevere {
						t.Errorf("%s: denied, and nobody has said so", mode)
					}
				}
			}
		}
	}
	phased := policy.Policy{Rules: policy.Rules{Mode: policy.Offer}, Phases: []policy.Phase{{Name: "a", Apps: []string{"web"}, Rules: policy.Rules{DenySevere: true}}}}
	for app, want := range map[string]bool{"web": true, "mobile": false} {
		if got := phased.Decide(mfa.Subject{User: ada, Client: mfa.Client{App: app}, Now: noon}).DenySevere; got != want {
			t.Errorf("of a phase for the web, in %s: %v", app, got)
		}
	}
	p := policy.Policy{Rules: policy.Rules{DenySevere: true}, ExemptService: func(mfa.Subject) bool { return true }}
	if d := p.Decide(mfa.Subject{User: mfa.User{ID: "robot", Kind: mfa.Service}, Now: noon}); d.DenySevere || !d.Exempt {
		t.Errorf("a service account: %+v", d)
	}
}

func TestLintOfWhatIsDenied(t *testing.T) {
	denies := func(mode policy.Mode, support string, phases ...policy.Phase) policy.Policy {
		p := ruled(policy.Rules{Mode: mode, DenySevere: true})
		p.Support, p.Phases = support, phases
		return p
	}
	const nowhere = "deny_severe: whoever is denied, owners too, is not told where to turn"
	own := policy.Phase{Name: "a", Apps: []string{"web"}, Rules: policy.Rules{Mode: policy.Required, DenySevere: true}}
	off := policy.Phase{Name: "a", Apps: []string{"mobile"}, Rules: policy.Rules{Mode: policy.Off}}
	one := denies(policy.Offer, "", own)
	one.DenySevere = false
	checkLint(t, map[string]lintCase{
		"with support":                {denies(policy.Adaptive, "call us"), usual, nil},
		"without":                     {denies(policy.Adaptive, ""), usual, []string{"warning: " + nowhere}},
		"without, in a phase":         {one, usual, []string{`warning: phase "a": ` + nowhere}},
		"without, told once":          {denies(policy.Offer, "", own), usual, []string{"warning: " + nowhere}},
		"in mode off":                 {denies(policy.Off, "call us"), usual, []string{"note: deny_severe: in mode off too: ", "note: mode: off"}},
		"in mode off without support": {denies(policy.Off, ""), usual, []string{"warning: " + nowhere, "note: deny_severe: in mode off too: ", "note: mode: off"}},
		"in a phase that is off": {denies(policy.Required, "call us", off), usual, []string{
			`note: phase "a": deny_severe: in mode off too: `, `note: phase "a": mode: off: `, `note: phase "a": mode: off asks less`,
		}},
	})
}

// None of the ready policies denies for a risk. One of the products promises that
// people who travel are asked, and never kept out.
func TestReadyPolicies_NobodyIsDeniedForARisk(t *testing.T) {
	for _, name := range []string{"accessibility", "adaptive", "contact-centre", "distribution", "health", "logistics"} {
		p := product(t, name)
		if p.DenySevere || slices.ContainsFunc(p.Phases, func(ph policy.Phase) bool { return ph.DenySevere }) {
			t.Error(name)
		}
	}
	p := product(t, "logistics")
	has := []mfa.Enrollment{app}
	for at, phase := range map[string]string{"2025-09-27T12:00:00Z": "adaptive", "2025-11-30T00:00:00Z": "everybody"} {
		for _, level := range levels {
			s := mfa.Subject{User: ada, Enrollments: has, Known: true, Now: instant(at), Risk: mfa.Assessment{Level: level}}
			d := p.Decide(s)
			if want := level != mfa.RiskLow || phase == "everybody"; d.Require.SecondFactor != want {
				t.Errorf("%s at %s: asked %v", at, level, d.Require.SecondFactor)
			}
			if s.Enrollments = nil; phase == "adaptive" && p.Decide(s).Require.SecondFactor {
				t.Errorf("%s at %s: who has nothing has to enrol", at, level)
			}
		}
	}
}
