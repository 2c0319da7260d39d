package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
)

// colors are of Okabe and Ito, which most people who see fewer colors can tell apart.
var colors = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0x56, 0xb4, 0xe9, 0xff},
}

// dashes tell the lines apart without colors.
var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}, {vg.Points(8), vg.Points(2), vg.Points(2), vg.Points(2)}}

var gray = color.Gray{0xa0}

func panel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle.Font.Size = vg.Points(12)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	return p
}

func line(i int, points plotter.XYs) (*plotter.Line, error) {
	l, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	l.Color, l.Dashes, l.Width = colors[i%len(colors)], dashes[i%len(dashes)], vg.Points(1.8)
	return l, nil
}

// headroom is what a line of the legend takes of the panel, above what is drawn.
const headroom = 0.09

// inRows sets panels in rows of three.
func inRows(panels []*plot.Plot) [][]*plot.Plot {
	const columns = 3
	var rows [][]*plot.Plot
	for len(panels) > 0 {
		row := make([]*plot.Plot, columns)
		n := copy(row, panels)
		panels = panels[n:]
		rows = append(rows, row)
	}
	return rows
}

// measured are the attackers against whom some scorer has a figure.
func measured(r *evaluate.Report) []int {
	var all []int
	for i := range r.Scorers[0].Attackers {
		for _, s := range r.Scorers {
			if s.Attackers[i].AUC != nil {
				all = append(all, i)
				break
			}
		}
	}
	return all
}

// titles are the attackers in words.
var titles = map[string]string{
	"naive":            "any network, any agent",
	"vpn":              "the victim's country",
	"targeted":         "the victim's country, ASN and agent",
	"first":            "any network, victim without history",
	"verytargeted":     "takeovers",
	"first_takeover":   "takeovers, victim without history",
	"verytargeted_all": "all takeovers",
}

func titleOf(r *evaluate.Report, attacker int) string {
	name := r.Scorers[0].Attackers[attacker].Attacker
	if words, ok := titles[name]; ok {
		return name + ": " + words
	}
	return name
}

// recall is the share of attacks that are asked, over the share of legitimate sign-ins that are.
func recall(r *evaluate.Report) ([][]*plot.Plot, error) {
	var panels []*plot.Plot
	for _, a := range measured(r) {
		p := panel(titleOf(r, a), "legitimate sign-ins asked", "attacks asked")
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, percents{0.0001, 0.001, 0.01, 0.1, 1}
		p.Y.Tick.Marker = percents{0, 0.2, 0.4, 0.6, 0.8, 1}
		p.Legend.Top, p.Legend.Left = true, true
		for i, s := range r.Scorers {
			var points plotter.XYs
			for _, c := range s.Attackers[a].Curve {
				points = append(points, plotter.XY{X: c.Challenged, Y: c.Recall})
			}
			if len(points) == 0 {
				continue
			}
			l, err := line(i, points)
			if err != nil {
				return nil, err
			}
			p.Add(l)
			p.Legend.Add(s.Name, l)
		}
		chance := plotter.NewFunction(func(x float64) float64 { return x })
		chance.Color, chance.Samples = gray, 500
		p.Add(chance)
		p.Legend.Add("chance", chance)
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0.0001, 1, 0, 1+headroom*float64(len(r.Scorers)+1)
		panels = append(panels, p)
	}
	return inRows(panels), nil
}

// shownRecall is the share of attacks caught at which re-authentication is drawn.
const shownRecall = 0.99

// reauthentication is the median share of their first sign-ins in which users were asked.
func reauthentication(r *evaluate.Report) ([][]*plot.Plot, error) {
	var panels []*plot.Plot
	for _, a := range measured(r) {
		p := panel(fmt.Sprintf("%s, %.0f %% caught", r.Scorers[0].Attackers[a].Attacker, 100*shownRecall), "sign-ins after the first", "of them asked, median of users")
		p.Y.Tick.Marker = percents{0, 0.2, 0.4, 0.6, 0.8, 1}
		p.Legend.Top = true
		drawn := false
		for i, s := range r.Scorers {
			points := medians(s.Attackers[a])
			if len(points) == 0 {
				continue
			}
			l, err := line(i, points)
			if err != nil {
				return nil, err
			}
			dots, err := plotter.NewScatter(points)
			if err != nil {
				return nil, err
			}
			dots.Shape, dots.Color, dots.Radius = draw.CircleGlyph{}, l.Color, vg.Points(2.5)
			p.Add(l, dots)
			p.Legend.Add(s.Name, l)
			drawn = true
		}
		if !drawn {
			continue
		}
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 40, 0, 1+headroom*float64(len(r.Scorers))
		panels = append(panels, p)
	}
	return inRows(panels), nil
}

func medians(a evaluate.AttackerReport) (points plotter.XYs) {
	for _, c := range a.Challenged {
		if c.Recall != shownRecall {
			continue
		}
		for _, h := range c.Reauth {
			if h.Median != nil && h.History > 0 {
				points = append(points, plotter.XY{X: float64(h.History), Y: h.Median.Value})
			}
		}
	}
	return points
}

// scores are histograms: a row for each scorer, a panel for each attacker.
func scores(r *evaluate.Report) ([][]*plot.Plot, error) {
	var rows [][]*plot.Plot
	for _, s := range r.Scorers {
		var row []*plot.Plot
		for _, a := range measured(r) {
			if _, ok := r.Protocol.Attacks[s.Attackers[a].Attacker]; !ok {
				continue // taken together of others that are drawn
			}
			h := s.Attackers[a].Histogram
			if h == nil {
				row = append(row, nil)
				continue
			}
			p := panel(s.Name+": "+s.Attackers[a].Attacker, "score", "share of sign-ins")
			p.Legend.Top = true
			for i, shares := range [][]float64{h.Legitimate, h.Attacks} {
				l, err := line(i, outline(h.Edges, shares))
				if err != nil {
					return nil, err
				}
				p.Add(l)
				p.Legend.Add([]string{"legitimate", "attacks"}[i], l)
			}
			p.Y.Min, p.Y.Max = 0, max(slices.Max(h.Legitimate), slices.Max(h.Attacks))*(1+2*headroom)
			row = append(row, p)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// outline draws a histogram as steps.
func outline(edges, shares []float64) plotter.XYs {
	points := plotter.XYs{{X: edges[0], Y: 0}}
	for i, share := range shares {
		points = append(points, plotter.XY{X: edges[i], Y: share}, plotter.XY{X: edges[i+1], Y: share})
	}
	return append(points, plotter.XY{X: edges[len(edges)-1], Y: 0})
}

// percents are ticks at shares, written in percent.
type percents []float64

// Ticks implements plot.Ticker.
func (p percents) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range p {
		if v >= low-1e-12 && v <= high+1e-12 {
			ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%g %%", math.Round(v*1e6)/1e4)})
		}
	}
	return ticks
}
