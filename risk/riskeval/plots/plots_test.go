package plots

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
)

// report has one scorer with a figure, and one that says nothing.
func report() *evaluate.Report {
	f := &evaluate.Figure{Value: 0.5, Low: 0.4, High: 0.6}
	speaking := evaluate.AttackerReport{
		Attacker: "naive", AUC: f,
		Curve:      []evaluate.CurvePoint{{Challenged: 0.0001, Recall: 0}, {Challenged: 1, Recall: 1}},
		Challenged: []evaluate.AtRecall{{Recall: 0.99, Challenged: f, Reauth: []evaluate.Reauth{{History: 0, Median: f}, {History: 1, Median: f}, {History: 12, Median: f}, {History: 39}}}},
		Histogram:  &evaluate.Histogram{Edges: []float64{0, 1, 2}, Legitimate: []float64{0.5, 0.5}, Attacks: []float64{0, 1}},
	}
	return &evaluate.Report{
		Protocol: evaluate.Protocol{Attacks: map[string]evaluate.Attacks{"naive": {Made: 5}}},
		Scorers: []evaluate.ScorerReport{
			{Name: "speaking", Attackers: []evaluate.AttackerReport{speaking}},
			{Name: "silent", Attackers: []evaluate.AttackerReport{{Attacker: "naive"}}},
		},
	}
}

func TestWriteDrawsWhatThereIs(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, report()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"recall": "any network, any agent", "reauthentication": "99 % caught", "scores": "speaking: naive"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) || strings.Contains(string(text), "silent") {
			t.Errorf("%s.svg wants %q, and nothing of what says nothing", name, want)
		}
	}
}

func TestWriteDrawsNothingOfNothing(t *testing.T) {
	r := report()
	r.Scorers = r.Scorers[1:]
	dir := t.TempDir()
	if err := Write(dir, r); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d files", len(files))
	}
}

func TestMediansLeaveOutTheFirstSignIn(t *testing.T) {
	if got := medians(report().Scorers[0].Attackers[0]); len(got) != 2 || got[0].X != 1 || got[1].X != 12 || got[1].Y != 0.5 {
		t.Errorf("%v", got)
	}
}

func TestWriteSaysWhereItCannot(t *testing.T) {
	if err := Write(filepath.Join(t.TempDir(), "absent"), report()); err == nil {
		t.Error("no error")
	}
}
