package risk

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func scoredEvent(at time.Time, typ mfa.EventType, level mfa.RiskLevel, shadow bool, codes ...string) mfa.Event {
	a := &mfa.Assessment{Level: level, Shadow: shadow}
	for _, c := range codes {
		a.Reasons = append(a.Reasons, mfa.RiskReason{Code: c})
	}
	return mfa.Event{Type: typ, Time: at, User: "somebody", Risk: a}
}

func observe(t *testing.T, s *Scorer, e mfa.Event, n int) {
	t.Helper()
	for range n {
		if err := s.Observe(bg, e); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReport: what two processes saw stands in one report, by day and level, which
// either gives, and one that scores nothing too.
func TestReport(t *testing.T) {
	f := newFleet(t)
	a, b, admin := f.scorer(), f.scorer(), f.scorer()
	now := f.clock.Now()
	yesterday := now.Add(-day)
	observe(t, a, scoredEvent(yesterday, mfa.EventFlowStarted, mfa.RiskSevere, true, "new_country", "new_device"), 3)
	observe(t, a, scoredEvent(yesterday, mfa.EventFlowPassed, mfa.RiskSevere, true, "new_country", "new_device"), 2)
	observe(t, a, scoredEvent(yesterday, mfa.EventFlowStarted, mfa.RiskLow, true), 10)
	observe(t, a, scoredEvent(yesterday, mfa.EventFlowStarted, mfa.RiskUnknown, true), 1)
	if err := a.Sync(bg); err != nil {
		t.Fatal(err)
	}
	observe(t, b, scoredEvent(now, mfa.EventFlowStarted, mfa.RiskElevated, false, "new_country"), 4)
	observe(t, b, scoredEvent(now, mfa.EventFlowDenied, mfa.RiskElevated, false, "new_country"), 1)
	if err := b.Sync(bg); err != nil {
		t.Fatal(err)
	}
	observe(t, a, scoredEvent(now, mfa.EventFlowPassed, mfa.RiskElevated, false, "new_country"), 2) // not in a row yet
	observe(t, a, mfa.Event{Type: mfa.EventFlowPassed, Time: now}, 5)                               // nobody has scored it
	observe(t, a, scoredEvent(now, mfa.EventVerified, mfa.RiskLow, false), 5)                       // no flow's outcome
	votes(a.pop, -2, 970)
	votes(a.pop, 5, 30)

	r, err := a.Report(bg)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Days) != 2 || !r.Days[0].Day.Equal(yesterday.Truncate(day)) {
		t.Fatalf("days %+v", r.Days)
	}
	level := func(day int, l mfa.RiskLevel) LevelReport {
		for _, x := range r.Days[day].Levels {
			if x.Level == l {
				return x
			}
		}
		return LevelReport{}
	}
	for _, c := range []struct {
		day  int
		want LevelReport
	}{
		{0, LevelReport{Level: mfa.RiskLow, Shadow: 10}},
		{0, LevelReport{Level: mfa.RiskUnknown, Shadow: 1, WouldAsk: 1}},
		{0, LevelReport{Level: mfa.RiskSevere, Shadow: 3, ShadowPassed: 2, WouldAsk: 3, WouldDeny: 3}},
		{1, LevelReport{Level: mfa.RiskElevated, Started: 4, Passed: 2, Denied: 1}},
		{1, LevelReport{Level: mfa.RiskLow}},
	} {
		if got := level(c.day, c.want.Level); got != c.want {
			t.Errorf("day %d: %+v, want %+v", c.day, got, c.want)
		}
	}
	if want := []ReasonReport{{"new_country", 7, 4, 1}, {"new_device", 3, 2, 0}}; !slices.Equal(r.Reasons, want) {
		t.Errorf("reasons %+v", r.Reasons)
	}
	if len(r.Scores) != 29 || r.Scores[0] != (ScoreBin{-2, 970}) || r.Scores[28] != (ScoreBin{5, 30}) {
		t.Errorf("scores %+v", r.Scores)
	}
	if r.Budget != defaultBudget || r.Thresholds.Votes != 1_000 || r.Above < 0.02 || r.Above > 0.04 {
		t.Errorf("budget %g, thresholds %+v, above %g", r.Budget, r.Thresholds, r.Above)
	}
	if r.Processes != 2 || r.Unread != 0 || !r.ShadowUntil.IsZero() {
		t.Errorf("%+v", r)
	}
	data, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(data), `"would_deny":3`) {
		t.Errorf("%s, %v", data, err)
	}

	if err := a.Sync(bg); err != nil {
		t.Fatal(err)
	}
	whole := r.String()
	for name, s := range map[string]*Scorer{"a": a, "b": b, "admin": admin} {
		r, err := s.Report(bg)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.String(); got != whole {
			t.Errorf("%s reports\n%s\nnot\n%s", name, got, whole)
		}
	}
	if len(admin.pop.rows.others) != 2 || admin.pop.rows.slot >= 0 {
		t.Error("a report has taken a row")
	}
}

// TestReportForATerminal is the whole text.
func TestReportForATerminal(t *testing.T) {
	r := Report{
		Budget: 0.03, Above: 0.025, Unread: 1, ShadowUntil: rowsNoon,
		Thresholds: Thresholds{Elevated: 3.1, High: 6, Severe: 9.05, Votes: 40, Shipped: true},
		Days:       []DayReport{{Day: rowsNoon, Levels: []LevelReport{{Level: mfa.RiskLow}, {Level: mfa.RiskHigh, Started: 12, Passed: 9, Denied: 1, Shadow: 3, WouldAsk: 3}}}},
		Reasons:    []ReasonReport{{"new_country", 12, 9, 1}},
		Scores:     []ScoreBin{{1.75, 40}, {2, 20}, {2.25, 5}, {3, 1}},
	}
	want := `elevated from 3.10, high from 6.00, severe from 9.05 (from 40 votes, too few yet: mostly as shipped)
budget 3.00 %, used 2.50 %
in shadow until 2026-05-01T12:00:00Z
1 rows could not be read

day         level      started    passed    denied    shadow  would ask  would deny
2026-05-01  high            12         9         1         3          3           0

reason                                     started    passed    denied
new_country                                     12         9         1

 score     votes
   1.0        40  ##################################################
   2.0        25  ################################
   3.0         1  ## <- elevated from 3.10
`
	if got := r.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestReportSaysWhenShadowEnds(t *testing.T) {
	f := newFleet(t)
	s := f.scorer()
	f.sync(s.pop)
	s.pop.shadow(f.clock.Now())
	r, err := s.Report(bg)
	if err != nil || !r.ShadowUntil.Equal(f.clock.Now().Add(14*day)) {
		t.Errorf("until %v, %v", r.ShadowUntil, err)
	}
	f.clock.Advance(15 * day)
	if r, err = s.Report(bg); err != nil || !r.ShadowUntil.IsZero() {
		t.Errorf("until %v, %v", r.ShadowUntil, err)
	}
}

func TestReportWithoutTheStore(t *testing.T) {
	f := newFleet(t)
	f.store = &failing{f.store, errDown, nil}
	if _, err := f.scorer().Report(bg); !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
}

// TestReportIsBounded: 90 days, and 32 reasons with all others under one name,
// however many there were.
func TestReportIsBounded(t *testing.T) {
	f := newFleet(t)
	s := f.scorer()
	start := f.clock.Now()
	for d := range 200 {
		at := start.Add(time.Duration(d) * day)
		f.clock.Set(at)
		observe(t, s, scoredEvent(at, mfa.EventFlowStarted, mfa.RiskHigh, false, "usual", "usual", fmt.Sprintf("hosts_own_%d", d), strings.Repeat("x", 1000), ""), 1)
		if d%10 == 0 {
			f.sync(s.pop)
		}
	}
	observe(t, s, scoredEvent(start, mfa.EventFlowStarted, mfa.RiskHigh, false), 1)                           // long ago
	observe(t, s, scoredEvent(start.AddDate(5000, 0, 0), mfa.EventFlowStarted, mfa.RiskLevel("?"), false), 1) // no time that can be
	r, err := s.Report(bg)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Days) > bookDays || len(r.Days) < bookDays-2 || len(r.Reasons) > maxReasons {
		t.Errorf("%d days, %d reasons", len(r.Days), len(r.Reasons))
	}
	if oldest := r.Days[0].Day; f.clock.Now().Sub(oldest) > bookDays*day {
		t.Errorf("the oldest day is %s", oldest)
	}
	var usual, other, all uint64
	for _, c := range r.Reasons {
		all += c.Started
		switch c.Code {
		case "usual":
			usual = c.Started
		case otherReason:
			other = c.Started
		}
	}
	if usual < 90 || usual > 90+2*termDays {
		t.Errorf("the usual reason was given %d times in 90 days", usual)
	}
	if other < usual || all < 3*usual {
		t.Errorf("%d others, %d in all", other, all)
	}
}

// TestTheBookTakesAnyOrder of days, and drops the oldest.
func TestTheBookTakesAnyOrder(t *testing.T) {
	var b book
	a := &mfa.Assessment{Level: mfa.RiskLow, Reasons: []mfa.RiskReason{{Code: "c"}}}
	for i := range 300 {
		b.note(time.Unix(int64(i*37%300)*daySeconds, 0), outcomeStarted, a)
	}
	if len(b.days) != bookDays || b.days[0].day != 210 || b.days[bookDays-1].day != 299 {
		t.Errorf("%d days from %d", len(b.days), b.days[0].day)
	}
	if n := len(b.reasons[0].terms); n != bookTerms {
		t.Errorf("%d terms", n)
	}
	b.forget(299 + bookDays + termDays)
	if len(b.days) != 0 || len(b.reasons) != 0 {
		t.Error("something is left in the end")
	}
}
