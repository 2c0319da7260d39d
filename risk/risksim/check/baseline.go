package check

import (
	"fmt"
	"math"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/freeman"
)

// A published figure of the baseline: the median share of their first 12 and 39
// sign-ins in which users were asked, when so much of an attacker's is caught.
type published struct {
	attacker string
	recall   float64
	at       [2]float64 // after 12 and after 39
	decides  bool       // the others only tell
}

var histories = [2]int{12, 39}

// baseline is read off the published figures (Wiefling et al. 2022: address and
// user agent, one global threshold), so within two hundredths.
var baseline = []published{
	{"naive", 0.99, [2]float64{0.17, 0.03}, true},
	{"vpn", 0.99, [2]float64{0.25, 0.05}, true},
	{"targeted", 0.99, [2]float64{0.33, 0.08}, true},
	{"naive", 0.995, [2]float64{0.25, 0.05}, false},
	{"vpn", 0.995, [2]float64{0.33, 0.08}, false},
	{"targeted", 0.995, [2]float64{0.42, 0.10}, false},
	{"verytargeted", 0.90, [2]float64{1, 0.67}, false},
}

// The tolerance of a median of twelfths is one sign-in of twelve, and of the
// figures as they were read; that of one of thirty-ninths is two.
var tolerance = [2]float64{0.09, 0.05}

// Baseline plays the file through the instrument with the published scorer.
// audit says of each attacker whether it can be told from what it replaces.
func Baseline(open func() (evaluate.Rows, error), seed uint64) (lines []Line, err error) {
	r, err := evaluate.Run(evaluate.Config{
		Open: open, Scorers: []evaluate.Scorer{freeman.New()}, Seed: seed, Resamples: 40,
	})
	if err != nil {
		return nil, err
	}
	attackers := map[string]*evaluate.AttackerReport{}
	for i := range r.Scorers[0].Attackers {
		a := &r.Scorers[0].Attackers[i]
		attackers[a.Attacker] = a
	}
	for _, p := range baseline {
		for i, n := range histories {
			l := Line{
				Name:      fmt.Sprintf("asked of the first %d, %s, %g %% caught", n, p.attacker, 100*p.recall),
				Published: p.at[i], Got: reauth(attackers[p.attacker], p.recall, n), Tolerance: tolerance[i],
			}
			l.Tells = !p.decides
			lines = append(lines, l)
		}
	}
	for _, a := range r.Audit {
		if a.Required && a.AUC != nil {
			lines = append(lines, Line{
				Name: "told from donors without history, AUC, " + a.Attacker, Published: 0.5, Got: a.AUC.Value, Tolerance: 0.03,
			})
		}
	}
	return lines, nil
}

// reauth is NaN where the report has no such figure.
func reauth(a *evaluate.AttackerReport, recall float64, history int) float64 {
	if a == nil {
		return math.NaN()
	}
	for _, c := range a.Challenged {
		if math.Abs(c.Recall-recall) > 1e-9 {
			continue
		}
		for _, r := range c.Reauth {
			if r.History == history && r.Median != nil {
				return r.Median.Value
			}
		}
	}
	return math.NaN()
}
