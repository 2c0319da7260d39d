package policy

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the template and the style sheet
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed report.tmpl
var reportHTML string

//go:embed report.css
var reportStyle string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"figure":  figure,
	"percent": percent,
	"when":    when,
	"rfc3339": func(t time.Time) string { return t.Format(time.RFC3339) },
	"why":     why,
	"span":    func(columns []string) int { return len(columns) + 2 },
	"brief":   func(err error) string { return clean(err.Error(), maxErrorBytes) },
}).Parse(reportHTML))

// ReportCSP is the Content-Security-Policy under which the page of
// [Report.WriteHTML] works: it loads and runs nothing, and has one style sheet,
// its own. The page also says so itself, for where it is opened as a file.
func ReportCSP() string {
	sum := sha256.Sum256([]byte(reportStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
}

// WriteHTML writes the report as one page: the chart, and tables of the totals, the
// phases, the cohorts, and those who would be locked out. It needs nothing beside
// itself and has no script; see [ReportCSP]. It names users by their ID: it is for those
// who may see them.
func (r *Report) WriteHTML(w io.Writer) error {
	var page bytes.Buffer
	if err := reportTemplate.ExecuteTemplate(&page, "page", r.page()); err != nil {
		return err
	}
	_, err := w.Write(page.Bytes())
	return err
}

type pageView struct {
	Title   string
	CSP     string
	Style   template.CSS
	Users   int
	Times   int
	Facts   []factView
	Chart   template.HTML
	Columns []string
	Totals  []rowView
	Groups  []tableView
	Reasons []string
	Locked  []lockedView
	Failed  []Failure
}

// A factView is what the reader should know first.
type factView struct {
	Bad  bool
	Text string
}

type tableView struct {
	ID, Title, Name, Note string
	Times                 []timeView
}

type timeView struct {
	At   time.Time
	Rows []rowView
}

type rowView struct {
	At    time.Time
	Name  string
	More  bool
	Users int
	Cells []int
}

type lockedView struct {
	At     time.Time
	Total  int
	Why    []int
	Sample []LockedOut
}

func (r *Report) page() pageView {
	shown := r.shown()
	v := pageView{Title: r.Title, CSP: ReportCSP(), Style: template.CSS(reportStyle), Users: r.Users, Times: len(r.Times),
		Facts: r.facts(), Chart: r.Chart(), Failed: r.Failures}
	if v.Title == "" {
		v.Title = "Policy preview"
	}
	for _, o := range shown {
		v.Columns = append(v.Columns, outcomes[o].label)
	}
	whys := r.whys()
	for _, why := range whys {
		v.Reasons = append(v.Reasons, reasons[why].label)
	}
	phases := tableView{ID: "phases", Title: "Phases", Name: "Phase", Note: "The rule of the policy that decides about a user."}
	cohorts := tableView{ID: "cohorts", Title: "Cohorts", Name: "Cohort", Note: "A user may be in several cohorts, or in none."}
	for i := range r.Times {
		f := &r.Times[i]
		v.Totals = append(v.Totals, rowOf(f.At, Group{Counts: f.Total}, shown))
		phases.add(f.At, f.Phases, shown)
		cohorts.add(f.At, f.Cohorts, shown)
		if f.Total.LockedOut > 0 {
			locked := lockedView{At: f.At, Total: f.Total.LockedOut, Sample: f.LockedOut}
			for _, why := range whys {
				locked.Why = append(locked.Why, *reasons[why].of(&f.Total))
			}
			v.Locked = append(v.Locked, locked)
		}
	}
	for _, t := range []tableView{phases, cohorts} {
		if len(t.Times) > 0 {
			v.Groups = append(v.Groups, t)
		}
	}
	return v
}

// whys are the indexes of the reasons that there are at any time.
func (r *Report) whys() []int {
	var out []int
	for i, why := range reasons {
		if slices.ContainsFunc(r.Times, func(f Forecast) bool { return *why.of(&f.Total) > 0 }) {
			out = append(out, i)
		}
	}
	return out
}

func (t *tableView) add(at time.Time, all []Group, shown []outcome) {
	if len(all) == 0 {
		return
	}
	v := timeView{At: at}
	for _, g := range all {
		v.Rows = append(v.Rows, rowOf(at, g, shown))
	}
	t.Times = append(t.Times, v)
}

func rowOf(at time.Time, g Group, shown []outcome) rowView {
	row := rowView{At: at, Name: g.Name, More: g.More, Users: g.Users}
	for _, o := range shown {
		row.Cells = append(row.Cells, *outcomes[o].of(&g.Counts))
	}
	return row
}

func (r *Report) facts() []factView {
	var worst, denied, missed *Forecast
	for i := range r.Times {
		f := &r.Times[i]
		if f.Total.LockedOut > 0 && (worst == nil || f.Total.LockedOut > worst.Total.LockedOut) {
			worst = f
		}
		if f.Total.DeniedServices > 0 && (denied == nil || f.Total.DeniedServices > denied.Total.DeniedServices) {
			denied = f
		}
		if f.Total.Failed > 0 {
			missed = f
		}
	}
	var facts []factView
	switch {
	case worst != nil:
		facts = append(facts, factView{true, fmt.Sprintf("%s would be locked out on %s (%s).", people(worst.Total.LockedOut), when(worst.At), percent(worst.Total.LockedOut, worst.Total.Users))})
	case r.Users > 0 && missed == nil:
		facts = append(facts, factView{false, "Nobody would be locked out."})
	case missed != nil:
		facts = append(facts, factView{true, "Of those who could be looked at, nobody would be locked out."})
	}
	if denied != nil {
		facts = append(facts, factView{true, fmt.Sprintf("Service accounts that would be denied on %s: %s.", when(denied.At), figure(denied.Total.DeniedServices))})
	}
	if missed != nil {
		facts = append(facts, factView{true, fmt.Sprintf("Users who could not be looked at: %s. The numbers are not complete.", figure(missed.Total.Failed))})
	}
	return facts
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return figure(n) + " people"
}

// inWords is what there is, for those who cannot see the chart.
func inWords(c *Counts) string {
	var said []string
	for o := range outcomes {
		if n := *outcomes[o].of(c); n > 0 {
			said = append(said, outcomes[o].label+" "+figure(n))
		}
	}
	if said == nil {
		return "no users"
	}
	return strings.Join(said, ", ")
}

// why is a reason in words, where it is one of those that have some.
func why(reason string) string {
	for _, r := range reasons {
		if r.reason == reason && reason != "" {
			return r.label
		}
	}
	return reason
}

func when(t time.Time) string { return t.Format("2 Jan 2006, 15:04 MST") }

// figure is n with its thousands apart.
func figure(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rough is n where there is little room.
func rough(n int) string {
	switch {
	case n < 10_000:
		return figure(n)
	case n < 1_000_000:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.FormatFloat(float64(n/100_000)/10, 'f', 1, 64) + "M"
}

// percent is n of all. What is not nothing, and not all, never looks as if it were.
func percent(n, all int) string {
	switch p := 100 * float64(n) / float64(max(all, 1)); {
	case n > 0 && p < 0.1:
		return "<0.1%"
	case n < all && p > 99.9:
		return ">99.9%"
	case n == all && all > 0:
		return "100%"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
}
