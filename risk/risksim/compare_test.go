package main

import (
	"testing"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/freeman"
	"github.com/mfakit/mfa/risk/riskeval/library"
	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/riskeval/rules"
	"github.com/mfakit/mfa/risk/risksim/world"
)

// TestTheLibraryStaysAhead is the small form of what scripts/measure-risk does with
// 200,000 users: a change of the scorer that loses to the published model is noticed.
// The seed is none that the scorer was tuned on.
func TestTheLibraryStaysAhead(t *testing.T) {
	name := file(t, "a.csv", world.Config{Users: 15_000, Days: world.Year, Seed: 201})
	own, err := library.New()
	if err != nil {
		t.Fatal(err)
	}
	r, err := evaluate.Run(evaluate.Config{
		Open:    func() (evaluate.Rows, error) { return rba.Open(name) },
		Scorers: []evaluate.Scorer{own, freeman.New(), rules.New()}, Seed: 1, Attacks: 3000, Resamples: 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]evaluate.AttackerReport{}
	for _, s := range r.Scorers {
		got[s.Name] = map[string]evaluate.AttackerReport{}
		for _, a := range s.Attackers {
			got[s.Name][a.Attacker] = a
		}
	}
	for _, attacker := range []string{"naive", "vpn", "targeted"} {
		ours := figures(got["default"][attacker])
		if len(ours) != 3 {
			t.Fatalf("%s: %v", attacker, ours)
		}
		for _, other := range []string{"freeman", "rules"} {
			theirs := figures(got[other][attacker])
			t.Logf("%s: default %.3f, %s %.3f", attacker, ours, other, theirs)
			for i, what := range []string{"AUC", "recall at 1 %", "recall at 5 %"} {
				if len(theirs) != 3 || ours[i] <= theirs[i] {
					t.Errorf("%s, %s: default %.3f, %s %.3f", attacker, what, ours, other, theirs)
				}
			}
		}
	}
}

// figures are AUC and recall at 1 % and 5 % of legitimate sign-ins asked.
func figures(a evaluate.AttackerReport) (out []float64) {
	if a.AUC != nil {
		out = append(out, a.AUC.Value)
	}
	for _, at := range a.Recall {
		if (at.Budget == 0.01 || at.Budget == 0.05) && at.OnTest != nil {
			out = append(out, at.OnTest.Value)
		}
	}
	return out
}
