package risk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

var _ mfa.Observer = (*Scorer)(nil)

// Observe implements [mfa.Observer]: it counts scored sign-ins for [Scorer.Report], by
// day, level and outcome, and their reasons. It keeps no user. It never fails.
func (s *Scorer) Observe(_ context.Context, e mfa.Event) error {
	if e.Risk == nil {
		return nil
	}
	switch e.Type {
	case mfa.EventFlowStarted:
		s.pop.record(e, outcomeStarted)
	case mfa.EventFlowPassed:
		s.pop.record(e, outcomePassed)
	case mfa.EventFlowDenied:
		s.pop.record(e, outcomeDenied)
	}
	return nil
}

func (p *population) record(e mfa.Event, o outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view.Load().book.note(e.Time, o, e.Risk)
	if p.pending != nil {
		p.pending.book.note(e.Time, o, e.Risk)
		p.pending.changed = true
	}
}

// A Report is what was scored in the last 90 days, in all processes together.
type Report struct {
	Days    []DayReport    `json:"days"`    // oldest first; days without a scored sign-in are left out
	Reasons []ReasonReport `json:"reasons"` // the commonest first; at most 32, of which "other" is all that found no room

	// Scores is the histogram of what legitimate sign-ins scored, one a user and day,
	// lowest first, from the first to the last bin that is not empty. Those from
	// Thresholds.Elevated up are to be Budget of them.
	Scores     []ScoreBin `json:"scores"`
	Thresholds Thresholds `json:"thresholds"`
	Budget     float64    `json:"budget"`
	Above      float64    `json:"above"` // the share of Scores that is elevated or more; 0 without Scores

	// ShadowUntil is when scores begin to decide; zero: they do, or nobody was scored yet.
	ShadowUntil time.Time `json:"shadow_until,omitzero"`

	Processes int `json:"processes"` // whose rows this is from, ended ones included; 0 without a Store
	Unread    int `json:"unread"`    // rows that do not open, or are of a newer version
}

// A DayReport is one day, in UTC, with all levels, the lowest first.
type DayReport struct {
	Day    time.Time     `json:"day"`
	Levels []LevelReport `json:"levels"`
}

// A LevelReport counts the sign-ins of one level. Those in shadow had no effect
// for their level, and are not among the first three.
type LevelReport struct {
	Level   mfa.RiskLevel `json:"level"`
	Started uint64        `json:"started"`
	Passed  uint64        `json:"passed"`
	Denied  uint64        `json:"denied"` // by the policy; whoever gave up is in none of both

	Shadow       uint64 `json:"shadow"`        // started in shadow
	ShadowPassed uint64 `json:"shadow_passed"` // and passed
	ShadowDenied uint64 `json:"shadow_denied"` // and were denied, for another reason than their level

	// WouldAsk are those in shadow whose level asks for a second factor, and WouldDeny
	// those of them which a policy with Decision.DenySevere would have turned away.
	WouldAsk  uint64 `json:"would_ask"`
	WouldDeny uint64 `json:"would_deny"`
}

// A ReasonReport counts the sign-ins that a reason was given for, shadow included.
type ReasonReport struct {
	Code    string `json:"code"`
	Started uint64 `json:"started"`
	Passed  uint64 `json:"passed"`
	Denied  uint64 `json:"denied"`
}

// A ScoreBin counts scores from From up to, but not including, From + 0.25. The
// first and the last bin of all hold what lies beyond too.
type ScoreBin struct {
	From  float64 `json:"from"`
	Votes uint64  `json:"votes"`
}

// Report reads the rows of all processes and adds this one's news. It writes
// nothing. What another process has not written yet, at most half a minute's, is not in it.
func (s *Scorer) Report(ctx context.Context) (Report, error) {
	p := s.pop
	var r Report
	if p.rows != nil {
		p.rows.mu.Lock()
		defer p.rows.mu.Unlock()
		if err := p.fetch(ctx); err != nil {
			return Report{}, err
		}
		p.rebuild()
		r.Processes, r.Unread = p.rows.count()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view.Load()
	today := dayOf(p.clock())
	r.Budget, r.Thresholds = p.budget, thresholdsOf(&v.scores, p.budget)
	r.addDays(&v.book, today)
	r.addReasons(&v.book, today)
	r.addScores(v)
	if first := p.first.Load(); first != 0 && p.watch > 0 {
		if until := time.Unix(first, 0).Add(p.watch).UTC(); p.clock().Before(until) {
			r.ShadowUntil = until
		}
	}
	return r, nil
}

// count is how many rows there are, and how many of them do not open.
func (r *rows) count() (all, unread int) {
	if r.slot >= 0 {
		all = 1
	}
	for _, o := range r.others {
		if all++; o.row == nil {
			unread++
		}
	}
	return all - unread, unread
}

func (r *Report) addDays(b *book, today int64) {
	for i := range b.days {
		d := &b.days[i]
		if d.day <= today-bookDays {
			continue
		}
		day := DayReport{Day: time.Unix(d.day*daySeconds, 0).UTC()}
		for l, level := range bookLevels {
			earnest, shadow := d.flows[0][l], d.flows[1][l]
			n := LevelReport{
				Level: level, Started: earnest[outcomeStarted], Passed: earnest[outcomePassed], Denied: earnest[outcomeDenied],
				Shadow: shadow[outcomeStarted], ShadowPassed: shadow[outcomePassed], ShadowDenied: shadow[outcomeDenied],
			}
			if level != mfa.RiskLow {
				n.WouldAsk = n.Shadow
			}
			if level == mfa.RiskSevere {
				n.WouldDeny = n.Shadow
			}
			day.Levels = append(day.Levels, n)
		}
		r.Days = append(r.Days, day)
	}
}

func (r *Report) addReasons(b *book, today int64) {
	for _, c := range b.reasons {
		n := ReasonReport{Code: c.code}
		for _, w := range c.terms {
			if (w.term+1)*termDays > today-bookDays+1 {
				n.Started += w.flows[outcomeStarted]
				n.Passed += w.flows[outcomePassed]
				n.Denied += w.flows[outcomeDenied]
			}
		}
		if n.Started|n.Passed|n.Denied != 0 {
			r.Reasons = append(r.Reasons, n)
		}
	}
	slices.SortStableFunc(r.Reasons, func(a, b ReasonReport) int { return cmp.Compare(b.Started, a.Started) })
}

func (r *Report) addScores(t *tally) {
	all, above, last := 0.0, 0.0, 0
	for i := range t.scores {
		n := max(t.scores[i].Load(), 0)
		if n > 0 {
			last = len(r.Scores) + 1
		}
		if n == 0 && last == 0 {
			continue
		}
		from := scoreOf(uint8(i))
		r.Scores = append(r.Scores, ScoreBin{From: from, Votes: uint64(n)})
		all += float64(n)
		above += float64(n) * min(max((from+binWidth-r.Thresholds.Elevated)/binWidth, 0), 1)
	}
	if r.Scores = r.Scores[:last]; all > 0 {
		r.Above = above / all
	}
}

// String is the report for a terminal: a table of days, the reasons, and the histogram with
// the lines at which levels begin.
func (r Report) String() string {
	var b strings.Builder
	t := r.Thresholds
	origin := fmt.Sprintf("from %d votes", t.Votes)
	if t.Shipped {
		origin += ", too few yet: mostly as shipped"
	}
	fmt.Fprintf(&b, "elevated from %.2f, high from %.2f, severe from %.2f (%s)\n", t.Elevated, t.High, t.Severe, origin)
	fmt.Fprintf(&b, "budget %.2f %%, used %.2f %%\n", 100*r.Budget, 100*r.Above)
	if !r.ShadowUntil.IsZero() {
		fmt.Fprintf(&b, "in shadow until %s\n", r.ShadowUntil.Format(time.RFC3339))
	}
	if r.Unread > 0 {
		fmt.Fprintf(&b, "%d rows could not be read\n", r.Unread)
	}
	fmt.Fprintf(&b, "\n%-10s  %-8s  %8s  %8s  %8s  %8s  %9s  %10s\n", "day", "level", "started", "passed", "denied", "shadow", "would ask", "would deny")
	for _, d := range r.Days {
		for _, l := range d.Levels {
			if l.Started|l.Passed|l.Denied|l.Shadow|l.ShadowPassed|l.ShadowDenied != 0 {
				fmt.Fprintf(&b, "%s  %-8s  %8d  %8d  %8d  %8d  %9d  %10d\n", d.Day.Format(time.DateOnly), l.Level, l.Started, l.Passed, l.Denied, l.Shadow, l.WouldAsk, l.WouldDeny)
			}
		}
	}
	fmt.Fprintf(&b, "\n%-40s  %8s  %8s  %8s\n", "reason", "started", "passed", "denied")
	for _, c := range r.Reasons {
		fmt.Fprintf(&b, "%-40s  %8d  %8d  %8d\n", c.Code, c.Started, c.Passed, c.Denied)
	}
	r.drawScores(&b)
	return b.String()
}

// drawScores draws the histogram, four bins a line.
func (r Report) drawScores(b *strings.Builder) {
	const perLine, width = 4, 50
	type line struct {
		from  float64
		votes uint64
	}
	var lines []line
	most := uint64(1)
	for _, s := range r.Scores {
		from := binLeast + binWidth*perLine*float64(int((s.From-binLeast)/(binWidth*perLine)))
		if n := len(lines); n == 0 || lines[n-1].from != from {
			lines = append(lines, line{from: from})
		}
		l := &lines[len(lines)-1]
		l.votes += s.Votes
		most = max(most, l.votes)
	}
	fmt.Fprintf(b, "\n%6s  %8s\n", "score", "votes")
	levels := []struct {
		name string
		from float64
	}{{"elevated", r.Thresholds.Elevated}, {"high", r.Thresholds.High}, {"severe", r.Thresholds.Severe}}
	for _, l := range lines {
		bar := strings.Repeat("#", int((l.votes*width+most-1)/most))
		for _, level := range levels {
			if level.from >= l.from && level.from < l.from+binWidth*perLine {
				bar += fmt.Sprintf(" <- %s from %.2f", level.name, level.from)
			}
		}
		fmt.Fprintf(b, "%6.1f  %8d  %s\n", l.from, l.votes, bar)
	}
}
