package policy_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// rollout is a report with something of everything: a pilot, a wider phase and one
// for all, people out of reach, service accounts, and rows that cannot be read.
func rollout(t *testing.T) *policy.Report {
	t.Helper()
	at := []time.Time{
		time.Date(2025, time.September, 20, 12, 0, 0, 0, time.UTC),
		time.Date(2025, time.September, 27, 12, 0, 0, 0, time.UTC),
		time.Date(2025, time.October, 13, 12, 0, 0, 0, time.UTC),
		time.Date(2025, time.October, 31, 12, 0, 0, 0, time.UTC),
		time.Date(2025, time.November, 14, 12, 0, 0, 0, time.UTC),
	}
	foresee := func(u mfa.User, now time.Time) (mfa.Outlook, error) {
		n := numberOf(u)
		step := slices.IndexFunc(at, now.Equal)
		switch {
		case n%400 == 399:
			return mfa.Outlook{}, errors.New(`no such column: "<phone>"`)
		case u.Kind == mfa.Service && n%5 == 0:
			return denied("services", "service_account"), nil
		case u.Kind == mfa.Service:
			return in("services", mfa.StatusPassed), nil
		case n%700 == 699:
			return denied("disabled", mfa.ReasonDisabled), nil
		case n%100 < 12+8*step:
			return in("enrolled", mfa.StatusChallenge), nil
		case step == 0 || step == 1 && n%100 >= 40:
			return in("before", mfa.StatusPassed), nil
		case step == 4 && n%300 == 298:
			return enrol("everybody", false), nil
		case step == 4:
			return enrol("everybody", false, "totp"), nil
		case step == 3:
			return enrol("everybody", n%100 < 80, "totp"), nil
		default:
			return enrol("early", true, "totp"), nil
		}
	}
	people := func(yield func(mfa.User, error) bool) {
		for i := range 4000 {
			u := mfa.User{ID: fmt.Sprintf("%d", i)}
			if i%50 == 49 {
				u.Kind = mfa.Service
			}
			if !yield(u, nil) {
				return
			}
		}
	}
	return preview(t, policy.PreviewConfig{
		Title: "Rollout in autumn", Engine: foresight(foresee), Users: people, At: at, Sample: 3,
		Groups: func(u mfa.User) []string { return []string{[]string{"Cork", "Oslo", "São Paulo"}[numberOf(u)%3]} },
	})
}

const attack = `</title></style><script>alert(1)</script>"'&{{.}}`

// attacked is a report of which every name is meant to break out.
func attacked(t *testing.T) *policy.Report {
	t.Helper()
	locked := func(mfa.User, time.Time) (mfa.Outlook, error) { return denied(attack, attack), nil }
	failed := errors.New(attack)
	users := func(yield func(mfa.User, error) bool) {
		_ = yield(mfa.User{ID: attack}, nil) && yield(mfa.User{ID: attack}, failed)
	}
	return preview(t, policy.PreviewConfig{
		Title: attack, Engine: foresight(locked), Users: users, Groups: func(mfa.User) []string { return []string{attack} },
		At: []time.Time{march.In(time.FixedZone(attack, 3600))},
	})
}

func page(t *testing.T, r *policy.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what it was; look at it, and run this test with -update", file)
	}
}

func TestReportIsAsItWas(t *testing.T) {
	r := rollout(t)
	sums(t, r)
	golden(t, "report.html", page(t, r))
	var table bytes.Buffer
	if err := r.WriteCSV(&table); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.csv", strings.ReplaceAll(table.String(), "\r\n", "\n"))
}

func TestPageEscapesWhatComesFromOutside(t *testing.T) {
	r := attacked(t)
	for name, got := range map[string]string{"page": page(t, r), "chart": string(r.Chart())} {
		if strings.Contains(strings.ToLower(got), "<script") || strings.Contains(got, `"'`) {
			t.Errorf("%s: an attack came through:\n%s", name, got)
		}
	}
	got := page(t, r)
	// The heading, a phase, a cohort; an ID, a phase and a reason; an ID and an error. The
	// name of the time zone is in the times, and not counted.
	escaped := "&lt;/title&gt;&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
	inNames := strings.Count(got, "<bdi>"+escaped)
	if inNames != 8 || !strings.Contains(got, "<title>"+escaped) {
		t.Errorf("%d names are escaped:\n%s", inNames, got)
	}
	// As text, it is all there: nothing was dropped for being odd.
	if !strings.Contains(got, "&#34;&#39;&amp;{{.}}") {
		t.Errorf("the end of a name is gone:\n%s", got)
	}
}

// TestPageIsSelfContained reads the page as a browser under its policy would.
func TestPageIsSelfContained(t *testing.T) {
	for name, r := range map[string]*policy.Report{"rollout": rollout(t), "attacked": attacked(t)} {
		got := page(t, r)
		styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(got, -1)
		if len(styles) != 1 {
			t.Fatalf("%s: %d style sheets", name, len(styles))
		}
		sum := sha256.Sum256([]byte(styles[0][1]))
		if hash := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(policy.ReportCSP(), hash) {
			t.Errorf("%s: the policy %q does not let the style sheet be used, which is %s", name, policy.ReportCSP(), hash)
		}
		for _, never := range []string{`(?i)<script`, `(?i)<link`, `(?i)<img`, `(?i)<iframe`, `(?i)<[^>]*\s(style|src|href|on[a-z]+)\s*=`, `(?i)url\(`, `(?i)@import`, `https?:`} {
			if found := regexp.MustCompile(never).FindString(got); found != "" {
				t.Errorf("%s: the page has %q", name, found)
			}
		}
		ids := map[string]bool{}
		for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(got, -1) {
			if ids[id[1]] {
				t.Errorf("%s: two elements are %q", name, id[1])
			}
			ids[id[1]] = true
		}
		for _, id := range regexp.MustCompile(` aria-labelledby="([^"]*)"`).FindAllStringSubmatch(got, -1) {
			if !ids[id[1]] {
				t.Errorf("%s: no element is %q", name, id[1])
			}
		}
	}
	if csp := policy.ReportCSP(); !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
		t.Error(csp)
	}
}

// TestChartStandsAlone parses the chart, and looks at what it is drawn of.
func TestChartStandsAlone(t *testing.T) {
	r := rollout(t)
	chart := string(r.Chart())
	if strings.Contains(chart, " id=") || strings.Contains(chart, " class=") || strings.Contains(chart, "style") {
		t.Error("the chart needs something of its page")
	}
	var desc, title string
	bars := map[int]float64{} // by y: the sum of widths
	d := xml.NewDecoder(strings.NewReader(chart))
	depth := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			if depth == 1 && attribute(e, "role") != "img" {
				t.Error("the chart is no image for those who cannot see it")
			}
			switch text := ""; {
			case depth == 2 && (e.Name.Local == "title" || e.Name.Local == "desc"):
				if err := d.DecodeElement(&text, &e); err != nil {
					t.Fatal(err)
				}
				depth--
				if e.Name.Local == "title" {
					title = text
				} else {
					desc = text
				}
			case e.Name.Local == "rect" && strings.HasSuffix(attribute(e, "width"), "%"):
				y, _ := strconv.Atoi(attribute(e, "y"))
				w, err := strconv.ParseFloat(strings.TrimSuffix(attribute(e, "width"), "%"), 64)
				if err != nil || w < 0.99 {
					t.Errorf("a part is %s wide", attribute(e, "width"))
				}
				bars[y] += w
			}
		}
	}
	if title == "" || !strings.Contains(desc, "4,000 users") {
		t.Errorf("title %q, description %q", title, desc)
	}
	for _, f := range r.Times {
		if f.Total.LockedOut > 0 && !strings.Contains(desc, fmt.Sprintf("Locked out %d", f.Total.LockedOut)) {
			t.Errorf("the description does not have %d", f.Total.LockedOut)
		}
	}
	if len(bars) != len(r.Times) {
		t.Errorf("%d bars for %d times", len(bars), len(r.Times))
	}
	for y, w := range bars {
		if w < 99.9 || w > 100.1 {
			t.Errorf("the bar at %d is %.2f%% wide", y, w)
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// TestOneInAMillionIsSeen looks for the single person who is locked out.
func TestOneInAMillionIsSeen(t *testing.T) {
	r := &policy.Report{Users: 1_000_000, Times: []policy.Forecast{{At: march, Total: policy.Counts{
		Users: 1_000_000, Asked: 999_999, LockedOut: 1, NoMethod: 1,
	}}}}
	chart, got := string(r.Chart()), page(t, r)
	for _, want := range []string{`width="1.00%"`, `width="99.00%"`, "1 locked out", "Locked out: 1 (&lt;0.1%)", "Asked for a proof: 999,999 (&gt;99.9%)"} {
		if !strings.Contains(chart, want) {
			t.Errorf("the chart does not have %s:\n%s", want, chart)
		}
	}
	if want := "1 person would be locked out on 1 Mar 2026, 12:00 UTC (&lt;0.1%)."; !strings.Contains(got, want) {
		t.Errorf("the page does not say %s", want)
	}
}

func TestPageSaysWhatMattersFirst(t *testing.T) {
	at := func(all ...policy.Counts) *policy.Report {
		r := &policy.Report{Users: all[0].Users}
		for i, c := range all {
			r.Times = append(r.Times, policy.Forecast{At: march.AddDate(0, i, 0), Total: c})
		}
		return r
	}
	for name, c := range map[string]struct {
		report *policy.Report
		want   []string
		never  string
	}{
		"all is well": {at(policy.Counts{Users: 2, Passed: 2}), []string{"<li>Nobody would be locked out."}, "bad"},
		"the worst":   {at(policy.Counts{Users: 2, Passed: 1, LockedOut: 1}, policy.Counts{Users: 2, LockedOut: 2}), []string{"2 people would be locked out on 1 Apr 2026"}, "Nobody"},
		"services":    {at(policy.Counts{Users: 1, DeniedServices: 1}), []string{"Nobody would", "denied on 1 Mar 2026, 12:00 UTC: 1."}, "looked at"},
		"not all are known": {at(policy.Counts{Users: 2000, Passed: 1, Failed: 1999}),
			[]string{"Of those who could be looked at, nobody", "could not be looked at: 1,999. The numbers are not complete."}, ">Nobody"},
		"nobody at all": {at(policy.Counts{}), []string{"0 users, at 1 point in time."}, "obody"},
		"nothing":       {&policy.Report{}, []string{"0 users, at 0 points in time.", "<h1><bdi>Policy preview"}, "obody"},
	} {
		got := page(t, c.report)
		got = got[strings.Index(got, "<body>"):]
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the page does not say %q", name, want)
			}
		}
		if strings.Contains(got, c.never) {
			t.Errorf("%s: the page says %q", name, c.never)
		}
	}
}

func TestCSVRoundTrip(t *testing.T) {
	names := []string{`a "quoted", b`, "line\nbreak", "ünïcode", "", " ", "'", "plain-name", "a=b"}
	r := &policy.Report{Users: 40, Times: []policy.Forecast{{At: march.Add(time.Nanosecond).In(time.FixedZone("", 7200)), Total: policy.Counts{
		Users: 36, Passed: 1, Exempt: 2, Asked: 3, MayPutOff: 4, MustEnroll: 5, DeniedServices: 6, LockedOut: 7, Failed: 8,
		Unreachable: 9, Disabled: 10, NoMethod: 11, Other: 12,
	}}}}
	for i, n := range names {
		r.Times[0].Cohorts = append(r.Times[0].Cohorts, policy.Group{Name: n, Counts: policy.Counts{Users: i}})
	}
	r.Times[0].Phases = []policy.Group{{Name: "p"}, {More: true}}
	r.Times[0].Cohorts = append(r.Times[0].Cohorts, policy.Group{More: true})
	rows := readCSV(t, r)
	if got := strings.Join(rows[0], " "); got != "at group name users passed exempt asked may_put_off must_enroll denied_services locked_out failed unreachable disabled no_method other" {
		t.Error(got)
	}
	if got := strings.Join(rows[1], " "); got != "2026-03-01T14:00:00.000000001+02:00 total  36 1 2 3 4 5 6 7 8 9 10 11 12" {
		t.Error(got)
	}
	if rows[2][1] != "phase" || rows[2][2] != "p" || rows[3][1] != "more_phases" || rows[len(rows)-1][1] != "more_cohorts" || len(rows) != 5+len(names) {
		t.Errorf("%q", rows)
	}
	for i, n := range names {
		if row := rows[4+i]; row[1] != "cohort" || row[2] != n || row[3] != strconv.Itoa(i) {
			t.Errorf("%q came back as %q", n, row)
		}
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	for _, bad := range []string{`=HYPERLINK("x")`, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "|cmd", "%0", "＝1", "＋1", "－1", "＠x", "=", "-"} {
		r := &policy.Report{Times: []policy.Forecast{{At: march, Phases: []policy.Group{{Name: bad}}}}}
		got := readCSV(t, r)[2][2]
		if want := "'" + strings.ReplaceAll(bad, "\r", ""); strings.ReplaceAll(got, "\r", "") != want {
			t.Errorf("%q is written as %q", bad, got)
		}
	}
}

func readCSV(t *testing.T, r *policy.Report) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(out.String(), "\n")
	if strings.Count(out.String(), "\r\n") != lines {
		t.Error("a line does not end as RFC 4180 says")
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// full is a disk with no room, after so many bytes.
type full int

func (f *full) Write(p []byte) (int, error) {
	if *f -= full(len(p)); *f < 0 {
		return 0, errFull
	}
	return len(p), nil
}

var errFull = errors.New("no room")

func TestWritersTellErrors(t *testing.T) {
	r := rollout(t)
	for _, room := range []full{0, 4096} {
		left := room
		if err := r.WriteCSV(&left); room == 0 && !errors.Is(err, errFull) {
			t.Errorf("CSV with room for %d: %v", room, err)
		}
		left = room
		if err := r.WriteHTML(&left); !errors.Is(err, errFull) {
			t.Errorf("HTML with room for %d: %v", room, err)
		}
	}
}

func TestNumbersAreLegible(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		got := page(t, &policy.Report{Users: n})
		if !strings.Contains(got, " "+want+" users") {
			t.Errorf("%d is not written as %s", n, want)
		}
	}
}

func TestChartHasRoomForItsNumbers(t *testing.T) {
	for n, want := range map[int]string{1: "1", 9999: "9,999", 10_000: "10k", 999_999: "999k", 1_000_000: "1.0M", 12_345_678: "12.3M"} {
		r := &policy.Report{Users: n, Times: []policy.Forecast{{At: march, Total: policy.Counts{Users: n, LockedOut: n}}}}
		if got := string(r.Chart()); !strings.Contains(got, ">"+want+" locked out</text>") {
			t.Errorf("%d is not written as %s", n, want)
		}
	}
}
