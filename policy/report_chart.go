package policy

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
)

// The chart is drawn in pixels downwards and in per cent across, so that its
// letters are as large on a narrow page as on a wide one.
const (
	chartRow    = 50 // a time: a line of text, and a bar below it
	chartText   = 14 // its base line
	chartBar    = 22 // the top of the bar
	chartHeight = 20 // of a bar
	chartAxis   = 26
	chartLegend = 24 // a line of it
	chartLeast  = 1  // per cent: a narrower part would not be seen, and locked out may be one in a million
)

// A look tells an outcome from the others for those who see no colours too: by how
// light it is, and by dashed lines across it, which need no pattern to refer
// to and no style sheet. Fills are legible on white and on black.
type look struct {
	Fill  string
	Ink   string
	Lines []lookLine
}

type lookLine struct {
	Y     int // from the middle of the bar
	Width float64
	Dash  string // as in stroke-dasharray; empty: a whole line
	Round bool   // dots
}

const (
	dark  = "#1a1d26"
	light = "#fff"
)

var looks = []look{
	passed:        {"#b4bdc9", dark, nil},
	exempt:        {"#8fcfc4", dark, []lookLine{{0, 3, "0 8", true}}},
	asked:         {"#2f6fdb", light, nil},
	mayPutOff:     {"#f2d64b", dark, []lookLine{{-5, 3, "0 7", true}, {5, 3, "0 7", true}}},
	mustEnroll:    {"#e8871e", dark, []lookLine{{0, chartHeight, "1.5 6", false}}},
	deniedService: {"#7d4fb3", light, []lookLine{{0, 2, "", false}}},
	lockedOut:     {"#b3152b", light, []lookLine{{0, chartHeight, "1.5 4.5", false}}},
	failed:        {"#3a3f4b", light, []lookLine{{-5, 1.5, "4 3", false}, {5, 1.5, "4 3", false}}},
}

type chartView struct {
	Title, Desc string
	Height      int
	Bars        []chartRowView
	Axis        []chartTick
	AxisY       int
	Legend      []chartPart
}

type chartRowView struct {
	When      string
	LockedOut string
	TextY     int
	Y         int
	Parts     []chartPart
}

type chartPart struct {
	Label        string
	X, Width     string // with their units
	Y, Height    int
	TextX, TextY int // of the label, in the legend
	Fill, Ink    string
	Lines        []chartLine
}

type chartLine struct {
	X1, X2 string
	Y      int
	Width  float64
	Dash   string
	Round  bool
}

type chartTick struct{ X, Anchor, Label string }

// Chart is the timeline of the report, as SVG to be put into a page: a bar for each
// time, in parts for what sign-ins would meet, with a legend. It is as wide as its
// place, from 280 pixels on, and needs no script, no style sheet and no identifiers: a
// Content-Security-Policy without any exception shows it. Text and outlines have the colour
// and font of the text around it. The numbers are in its description, for those who
// cannot see it; show a table beside it for those who can.
func (r *Report) Chart() template.HTML {
	var out bytes.Buffer
	if err := reportTemplate.ExecuteTemplate(&out, "chart", r.chart()); err != nil {
		panic("policy: chart: " + err.Error()) // the template and its data are both ours
	}
	return template.HTML(out.String()) // #nosec G203 -- html/template has escaped it
}

func (r *Report) chart() chartView {
	v := chartView{Title: "What sign-ins would meet"}
	shown := r.shown()
	said := []string{fmt.Sprintf("One bar for each time, for %s users. Parts below %d%% are drawn as %[2]d%%.", figure(r.Users), chartLeast)}
	for i := range r.Times {
		f := &r.Times[i]
		top := i * chartRow
		row := chartRowView{When: when(f.At), TextY: top + chartText, Y: top + chartBar, Parts: chartParts(&f.Total, shown, top+chartBar)}
		if n := f.Total.LockedOut; n > 0 {
			row.LockedOut = rough(n) + " locked out" // beside the time, on the narrowest page
		}
		v.Bars = append(v.Bars, row)
		said = append(said, row.When+": "+inWords(&f.Total)+".")
	}
	v.Desc = strings.Join(said, " ")
	v.AxisY = len(r.Times)*chartRow + 12
	v.Axis = []chartTick{{"0%", "start", "0%"}, {"50%", "middle", "50%"}, {"100%", "end", "100%"}}
	v.Height = len(r.Times)*chartRow + chartAxis
	for _, o := range shown {
		v.Legend = append(v.Legend, legend(o, v.Height))
		v.Height += chartLegend
	}
	return v
}

// shown are the outcomes that there are at any time.
func (r *Report) shown() []outcome {
	var out []outcome
	for o := range outcomes {
		if slices.ContainsFunc(r.Times, func(f Forecast) bool { return *outcomes[o].of(&f.Total) > 0 }) {
			out = append(out, outcome(o))
		}
	}
	return out
}

func chartParts(c *Counts, shown []outcome, y int) []chartPart {
	var parts []chartPart
	x := 0.0
	widths := shares(c, shown)
	for i, o := range shown {
		if widths[i] == 0 {
			continue
		}
		n := *outcomes[o].of(c)
		p := part(o, y)
		p.Label = fmt.Sprintf("%s: %s (%s)", outcomes[o].label, figure(n), percent(n, c.Users))
		p.X, p.Width = across(x), across(widths[i])
		for _, l := range looks[o].Lines {
			p.Lines = append(p.Lines, chartLine{across(x), across(x + widths[i]), y + chartHeight/2 + l.Y, l.Width, l.Dash, l.Round})
		}
		parts = append(parts, p)
		x += widths[i]
	}
	return parts
}

// shares are the widths of outcomes in per cent: what would be too narrow to be seen
// takes its width from the others.
func shares(c *Counts, shown []outcome) []float64 {
	widths := make([]float64, len(shown))
	narrow, wide := 0.0, 0.0
	for i, o := range shown {
		n := *outcomes[o].of(c)
		if n <= 0 || c.Users <= 0 {
			continue
		}
		widths[i] = 100 * float64(n) / float64(c.Users)
		if widths[i] <= chartLeast {
			widths[i] = chartLeast
			narrow += chartLeast
		} else {
			wide += widths[i]
		}
	}
	for i := range widths {
		if widths[i] > chartLeast {
			widths[i] *= (100 - narrow) / wide
		}
	}
	return widths
}

func part(o outcome, y int) chartPart {
	return chartPart{Y: y, Height: chartHeight, Fill: looks[o].Fill, Ink: looks[o].Ink}
}

const swatch = 28 // pixels across

func legend(o outcome, y int) chartPart {
	p := part(o, y)
	p.Label, p.X, p.Width = outcomes[o].label, "1", strconv.Itoa(swatch)
	p.TextX, p.TextY = swatch+10, y+15
	for _, l := range looks[o].Lines {
		p.Lines = append(p.Lines, chartLine{"1", strconv.Itoa(swatch + 1), y + chartHeight/2 + l.Y, l.Width, l.Dash, l.Round})
	}
	return p
}

func across(percent float64) string {
	return strconv.FormatFloat(percent, 'f', 2, 64) + "%"
}
