package check

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// A Line compares one figure with what was published of it.
type Line struct {
	Name      string
	Published float64 // NaN: nothing was
	Got       float64
	Tolerance float64 // to either side
	Tells     bool    // it is shown, and decides nothing
}

// OK says whether the figure is within its tolerance, or decides nothing.
func (l *Line) OK() bool {
	return l.Tells || math.IsNaN(l.Published) || math.Abs(l.Got-l.Published) <= l.Tolerance
}

// Lines are the marginals beside the published ones.
func (m *Marginals) Lines() []Line {
	day := 24 * time.Hour
	none := math.NaN()
	return []Line{
		{Name: "rows that succeed", Published: 0.40, Got: share(m.Successful, m.Rows), Tolerance: 0.03},
		{Name: "users with one sign-in", Published: 0.40, Got: m.Once(), Tolerance: 0.02},
		{Name: "sign-ins per user, median", Published: 2, Got: m.SignIns(0.5), Tolerance: 0},
		{Name: "sign-ins per user, p90", Published: 9, Got: m.SignIns(0.9), Tolerance: 1},
		{Name: "sign-ins per user, p99", Published: 28, Got: m.SignIns(0.99), Tolerance: 3},
		{Name: "new address, gap under 1 minute", Published: 0.023, Got: m.NewIP(0), Tolerance: 0.01},
		{Name: "new address, 1 to 10 minutes", Published: none, Got: m.NewIP(2 * time.Minute)},
		{Name: "new address, 10 to 60 minutes", Published: 0.106, Got: m.NewIP(20 * time.Minute), Tolerance: 0.02},
		{Name: "new address, 1 to 6 hours", Published: none, Got: m.NewIP(2 * time.Hour)},
		{Name: "new address, 6 to 24 hours", Published: none, Got: m.NewIP(12 * time.Hour)},
		{Name: "new address, 1 to 7 days", Published: none, Got: m.NewIP(2 * day)},
		{Name: "new address, 7 to 30 days", Published: none, Got: m.NewIP(10 * day)},
		{Name: "new address, over 30 days", Published: 0.74, Got: m.NewIP(40 * day), Tolerance: 0.04},
		{Name: "new user agent string", Published: 0.52, Got: m.NewAgent(), Tolerance: 0.05},
		{Name: "rows from NO", Published: 0.42, Got: m.Country("NO"), Tolerance: 0.03},
		{Name: "rows from US", Published: 0.28, Got: m.Country("US"), Tolerance: 0.03},
		{Name: "rows from RU", Published: 0.05, Got: m.Country("RU"), Tolerance: 0.015},
		{Name: "rows from BR", Published: 0.04, Got: m.Country("BR"), Tolerance: 0.015},
		{Name: "rows without round-trip time", Published: 0.96, Got: share(m.WithoutRTT, m.Rows), Tolerance: 0.02},
		{Name: "takeovers from RO", Published: 0.56, Got: share(m.TakeoverFrom["RO"], m.Takeovers), Tolerance: 0.12},
		{Name: "takeovers by desktop", Published: 0.85, Got: share(m.TakeoverDesktop, m.Takeovers), Tolerance: 0.1},
		{Name: "takeovers without an earlier success", Published: 0.35, Got: share(m.TakeoverUnknown, m.Takeovers), Tolerance: 0.1},
		{Name: "takeovers", Published: none, Got: float64(m.Takeovers)},
		{Name: "networks", Published: none, Got: float64(m.ASNs)},
		{Name: "sign-ins per user, mean", Published: none, Got: share(m.legit, int64(len(m.perUser)))},
	}
}

// Print writes lines as a table, and says whether all that decide are within
// their tolerance.
func Print(w io.Writer, lines []Line) (bool, error) {
	all := true
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\tpublished\tgot\ttolerance\t")
	for _, l := range lines {
		published, tolerance, verdict := fmt.Sprintf("%.3g", l.Published), fmt.Sprintf("±%.3g", l.Tolerance), "ok"
		switch {
		case math.IsNaN(l.Published):
			published, tolerance, verdict = "-", "-", ""
		case l.Tells:
			tolerance, verdict = "-", ""
		case !l.OK():
			verdict, all = "OFF", false
		}
		fmt.Fprintf(t, "%s\t%s\t%.3g\t%s\t%s\n", l.Name, published, l.Got, tolerance, verdict)
	}
	return all, t.Flush()
}
