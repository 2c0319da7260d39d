package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// riskPage tells staff how sign-ins look, and whom the score asks, or would ask.
func (a *app) riskPage(w http.ResponseWriter, r *http.Request, v visit) error {
	data := riskData{Off: a.scorer == nil, Forever: a.config.risk == riskShadow}
	if !data.Off {
		report, err := a.scorer.Report(r.Context())
		if err != nil {
			return err
		}
		data.read(report)
		if a.known.files != nil {
			data.Files = a.known.files.Status()
		}
	}
	return a.render(w, r, http.StatusOK, "adminrisk", view{Title: "Risk", Email: v.Account.Email, Data: data})
}

// riskData is a report in words and drawings.
type riskData struct {
	Off     bool // nothing is scored
	Forever bool // it never decides

	Shadow    time.Time // until when it decides nothing; zero: it decides
	Decided   asked     // sign-ins whose level had an effect
	Watched   asked     // those whose level had none
	Denied    uint64    // of those that were decided, by the policy
	WouldDeny uint64
	Days      []riskDay
	Timeline  timeline
	Reasons   []reasonLine
	Histogram histogram
	Votes     int
	Shipped   bool
	Budget    string
	Above     string
	Limits    []limit
	Processes int
	Unread    int
	Files     []geo.Status // that know of addresses
}

// Levels are the columns of the table.
func (riskData) Levels() [5]mfa.RiskLevel { return riskLevels }

// asked counts the sign-ins whose risk asked for more.
type asked struct{ Asked, All uint64 }

// Share is in words, with one digit.
func (n asked) Share() string {
	if n.All == 0 {
		return "none"
	}
	return percentOf(float64(n.Asked) / float64(n.All))
}

func percentOf(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// A riskDay is a day's sign-ins, by level, the lowest first.
type riskDay struct {
	Day    time.Time
	Levels [5]uint64 // with those that were only watched
	All    uint64
	Denied uint64
}

// Short is the day without its year, for narrow pages.
func (d riskDay) Short() string { return dayText(d.Day) }

// riskLevels are the levels as they are drawn, the lowest first.
var riskLevels = [5]mfa.RiskLevel{mfa.RiskLow, mfa.RiskUnknown, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere}

// A limit is where a level begins.
type limit struct {
	Level mfa.RiskLevel
	From  string
}

// A reasonLine is how often a reason was given.
type reasonLine struct {
	Text                    string
	Started, Passed, Denied uint64
	Width                   string // of its bar, in per cent of the commonest
}

func (d *riskData) read(r risk.Report) {
	d.Shadow, d.Processes, d.Unread = r.ShadowUntil, r.Processes, r.Unread
	for _, day := range r.Days {
		d.Days = append(d.Days, d.add(day))
	}
	d.Timeline = drawTimeline(d.Days)
	for _, reason := range r.Reasons {
		line := reasonLine{Text: strings.ReplaceAll(reason.Code, "_", " "), Started: reason.Started, Passed: reason.Passed, Denied: reason.Denied}
		line.Width = percent(100 * float64(reason.Started) / float64(max(1, r.Reasons[0].Started)))
		d.Reasons = append(d.Reasons, line)
	}
	d.Histogram = drawHistogram(r)
	d.Votes, d.Shipped = r.Thresholds.Votes, r.Thresholds.Shipped
	d.Budget, d.Above = percentOf(r.Budget), percentOf(r.Above)
	for _, l := range limitsOf(r.Thresholds) {
		d.Limits = append(d.Limits, limit{l.level, fmt.Sprintf("%.2f", l.from)})
	}
}

// add counts a day.
func (d *riskData) add(r risk.DayReport) riskDay {
	day := riskDay{Day: r.Day}
	for _, l := range r.Levels {
		for i, level := range riskLevels {
			if l.Level == level {
				day.Levels[i] += l.Started + l.Shadow
			}
		}
		day.All += l.Started + l.Shadow
		day.Denied += l.Denied + l.ShadowDenied
		d.Decided.All += l.Started
		d.Watched.All += l.Shadow
		if l.Level != mfa.RiskLow {
			d.Decided.Asked += l.Started
		}
		d.Watched.Asked += l.WouldAsk
		d.Denied += l.Denied
		d.WouldDeny += l.WouldDeny
	}
	return day
}

type levelFrom struct {
	level mfa.RiskLevel
	from  float64
}

func limitsOf(t risk.Thresholds) []levelFrom {
	return []levelFrom{{mfa.RiskElevated, t.Elevated}, {mfa.RiskHigh, t.High}, {mfa.RiskSevere, t.Severe}}
}
