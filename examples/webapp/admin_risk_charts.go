package main

import (
	"fmt"
	"math"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
)

// The drawings are in pixels downwards and in per cent across, so that their letters
// are as large on a phone as on a desk. The numbers stand in tables beside them.
const (
	plotTop    = 16  // of the tallest column
	plotBottom = 136 // the base line
	plotHeight = 160 // with the labels below it
	plotLeast  = 2   // pixels of what there is any of
)

// levelFills are legible on white and on black, and differ in lightness for those who
// see no colours.
var levelFills = map[mfa.RiskLevel]string{
	mfa.RiskLow:      "#9fb3c8",
	mfa.RiskUnknown:  "#8d7bb8",
	mfa.RiskElevated: "#f2c14e",
	mfa.RiskHigh:     "#e8761e",
	mfa.RiskSevere:   "#b3152b",
}

// A column is a part of a drawing.
type column struct {
	X, Width  string // in per cent
	Y, Height int
	Fill      string
	Title     string
}

// A mark is a word or a line at a place across.
type mark struct {
	X, Anchor string
	Y         int
	Text      string
}

// shownDays are drawn, up to the last that there was a sign-in on.
const shownDays = 30

// A timeline is the sign-ins of each day, the levels on top of each other.
type timeline struct {
	Columns []column
	Marks   []mark
	Legend  []column
	Desc    string
}

func drawTimeline(days []riskDay) (t timeline) {
	if len(days) == 0 {
		return t
	}
	last := days[len(days)-1].Day
	first := last.AddDate(0, 0, 1-shownDays)
	most := uint64(1)
	for _, d := range days {
		if !d.Day.Before(first) {
			most = max(most, d.All)
		}
	}
	wide := 100.0 / shownDays
	for _, d := range days {
		if d.Day.Before(first) {
			continue
		}
		x := wide * math.Round(d.Day.Sub(first).Hours()/24)
		y := plotBottom
		for i, n := range d.Levels {
			if n == 0 {
				continue
			}
			high := max(plotLeast, int(n*(plotBottom-plotTop)/most))
			y -= high
			t.Columns = append(t.Columns, column{X: percent(x + wide/10), Width: percent(wide * 0.8), Y: y, Height: high, Fill: levelFills[riskLevels[i]],
				Title: fmt.Sprintf("%s, %s: %d", dayText(d.Day), riskLevels[i], n)})
		}
	}
	t.Marks = []mark{{"0%", "start", plotHeight - 8, dayText(first)}, {"100%", "end", plotHeight - 8, dayText(last)}, {"0%", "start", 12, fmt.Sprint(most)}}
	for i, level := range riskLevels {
		t.Legend = append(t.Legend, column{Y: 4 + 22*i, Height: 14, Fill: levelFills[level], Title: string(level)})
	}
	t.Desc = fmt.Sprintf("Columns for the days from %s to %s, of sign-ins by level; the tallest has %d. The numbers are in the table below.", dayText(first), dayText(last), most)
	return t
}

func dayText(t time.Time) string { return t.UTC().Format("2 Jan") }

// A histogram is how many legitimate sign-ins scored how much, with the lines at which
// levels begin.
type histogram struct {
	Columns []column
	Lines   []mark // where a level begins
	Marks   []mark // below
	Desc    string
}

// binWidth is that of risk.ScoreBin.
const binWidth = 0.25

func drawHistogram(r risk.Report) (h histogram) {
	from, to := -6.0, math.Ceil(r.Thresholds.Severe)+1
	most := uint64(1)
	for _, b := range r.Scores {
		from, to = math.Min(from, math.Floor(b.From)), math.Max(to, math.Ceil(b.From+binWidth))
		most = max(most, b.Votes)
	}
	across := func(score float64) float64 { return 100 * (score - from) / (to - from) }
	limits := limitsOf(r.Thresholds)
	for _, b := range r.Scores {
		if b.Votes == 0 {
			continue
		}
		level := mfa.RiskLow
		for _, l := range limits {
			if b.From >= l.from {
				level = l.level
			}
		}
		high := max(plotLeast, int(b.Votes*(plotBottom-plotTop-40)/most))
		h.Columns = append(h.Columns, column{X: percent(across(b.From)), Width: percent(across(from + binWidth)), Y: plotBottom - high, Height: high,
			Fill: levelFills[level], Title: fmt.Sprintf("%.2f: %d", b.From, b.Votes)})
	}
	for i, l := range limits { // the last one on top, so that no word is across a line
		text := string(l.level)
		if i == 0 {
			text = "budget, " + text
		}
		h.Lines = append(h.Lines, mark{percent(across(l.from)), "end", 12 + 14*(len(limits)-1-i), text})
	}
	for _, score := range []float64{from, 0, to} {
		anchor := map[float64]string{from: "start", 0: "middle", to: "end"}[score]
		h.Marks = append(h.Marks, mark{percent(across(score)), anchor, plotHeight - 8, fmt.Sprintf("%g", score)})
	}
	t := r.Thresholds
	h.Desc = fmt.Sprintf("How many sign-ins that passed scored how much, from %g to %g. Levels begin at %.2f (elevated, the budget), %.2f (high) and %.2f (severe).",
		from, to, t.Elevated, t.High, t.Severe)
	return h
}
