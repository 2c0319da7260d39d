package evaluate

import (
	"fmt"
	"math"
)

// summarise turns what was scored into a report.
func summarise(c *Config, p *plan, s *sample) *Report {
	r := &Report{Version: Version, Data: p.data, Warnings: []string{}, Comparisons: []Comparison{}}
	r.Protocol = protocolOf(c, p, s)
	r.Audit = audits(c, s)

	byScorer := make([][]*match, len(s.columns))
	var all []*match
	for i, col := range s.columns {
		byScorer[i] = matches(s, col)
		all = append(all, byScorer[i]...)
	}
	bootstrap(c, p.users.Len(), all)
	beginnings := earlyOf(s, p.users.Len())
	for i, col := range s.columns {
		report := ScorerReport{Name: col.scorer.Name(), Cost: costOf(col.scorer, s.costs)}
		if n, ok := col.scorer.(Noter); ok {
			report.Notes = n.Notes()
		}
		report.Attackers = reportsOf(c, beginnings, col, byScorer[i])
		r.Scorers = append(r.Scorers, report)
	}
	for i := 1; i < len(byScorer); i++ {
		for j := range byScorer[0] {
			r.Comparisons = append(r.Comparisons, compare(s.columns[0], s.columns[i], byScorer[0][j], byScorer[i][j]))
		}
	}
	r.warn()
	return r
}

func protocolOf(c *Config, p *plan, s *sample) Protocol {
	out := Protocol{
		Seed: c.Seed, Resamples: c.Resamples, Window: c.Window,
		ThresholdsFrom: timeOf(p.thresholds), TestFrom: timeOf(p.testing),
		Attacks: map[string]Attacks{},
	}
	for _, l := range s.legit {
		if l.phase == test {
			if l.size > 0 {
				out.TestKnown++
			} else {
				out.TestFirst++
			}
		}
	}
	for by, name := range attackerNames {
		a := Attacks{Made: int64(len(s.attacks[by]))}
		if by < int(simulated) {
			a.Unmatched = s.missed[by]
		}
		out.Attacks[name] = a
	}
	return out
}

func audits(c *Config, s *sample) []Audit {
	var all []Audit
	for by, name := range attackerNames {
		var a Audit
		if attacker(by) < simulated {
			legit, attack := s.audit[by].sameHalf(c.Seed)
			a = audit(c, name, legit, attack)
			a.Required = true
		} else { // takeovers replace nothing
			a = audit(c, name, s.audit[naive].legit, s.audit[by].attack)
		}
		all = append(all, a)
	}
	return all
}

func reportsOf(c *Config, e *early, col *column, all []*match) []AttackerReport {
	var reports []AttackerReport
	var cuts []cut
	var point scale
	for _, m := range all { // one pass over the beginnings serves all cuts
		if m.says() && m.name != attackerNames[first] && m.name != attackerNames[firstTakeover] {
			point.attack.weigh(m.attack, nil)
			for _, share := range recalls {
				cuts = append(cuts, point.attack.cut(share))
			}
		}
	}
	counted := tally(c, e, col, cuts)
	at := 0
	for _, m := range all {
		a := AttackerReport{Attacker: m.name, AUC: m.figure(mAUC)}
		if n := len(m.attack.list) + len(m.attack.silent); n > 0 {
			a.Silent = float64(len(m.attack.silent)) / float64(n)
		}
		for i, x := range budgets {
			a.Recall = append(a.Recall, AtBudget{x, m.figure(mRecall + i), m.figure(mHeld + i), m.figure(mHeldAsked + i)})
		}
		for i, share := range recalls {
			r := AtRecall{Recall: share, Challenged: m.figure(mChallenged + i)}
			if m.says() && m.name != attackerNames[first] && m.name != attackerNames[firstTakeover] {
				r.Reauth = counted.reauths(c, at)
				at++
			}
			a.Challenged = append(a.Challenged, r)
		}
		if m.says() {
			a.Curve, a.Histogram = curveOf(m), histogramOf(m)
		}
		reports = append(reports, a)
	}
	return reports
}

// curveOf has twelve points to each power of ten.
func curveOf(m *match) []CurvePoint {
	var legit, attack weighing
	legit.weigh(m.legit, nil)
	attack.weigh(m.attack, nil)
	var points []CurvePoint
	for i := -48; i <= 0; i++ {
		x := math.Pow(10, float64(i)/12)
		points = append(points, CurvePoint{x, recall(&attack, legit.cut(x), x)})
	}
	return points
}

const histogramBins = 50

// histogramOf reaches from the 0.1th to the 99.9th percentile of both together.
func histogramOf(m *match) *Histogram {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range []*ranking{m.legit, m.attack} {
		n := len(r.list)
		high = max(high, float64(r.list[n/1000].score))
		low = min(low, float64(r.list[n-1-n/1000].score))
	}
	if low == high {
		low, high = low-0.5, high+0.5
	}
	h := &Histogram{}
	for i := range histogramBins + 1 {
		h.Edges = append(h.Edges, low+(high-low)*float64(i)/histogramBins)
	}
	share := func(r *ranking) []float64 {
		out := make([]float64, histogramBins)
		for _, s := range r.list {
			bin := int(float64(histogramBins) * (float64(s.score) - low) / (high - low))
			out[max(0, min(histogramBins-1, bin))] += 1 / float64(len(r.list))
		}
		return out
	}
	h.Legitimate, h.Attacks = share(m.legit), share(m.attack)
	return h
}

// compare is how far a is ahead of b.
func compare(ca, cb *column, a, b *match) Comparison {
	out := Comparison{Scorer: ca.scorer.Name(), Against: cb.scorer.Name(), Attacker: a.name}
	difference := func(metric int, chance float64) *Figure {
		if !a.says() {
			return nil
		}
		if !b.says() { // chance
			return figureOf(a.point[metric]-chance, func(i int) float64 { return a.reps[i][metric] - chance }, len(a.reps))
		}
		return figureOf(a.point[metric]-b.point[metric], func(i int) float64 { return a.reps[i][metric] - b.reps[i][metric] }, len(a.reps))
	}
	out.AUC = difference(mAUC, 0.5)
	for i, x := range budgets {
		out.Recall = append(out.Recall, Difference{x, difference(mRecall+i, x)})
	}
	return out
}

// few is how many attacks leave an interval so wide that it says little.
const few = 100

// warn says what a reader should know before quoting a figure.
func (r *Report) warn() {
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	for _, a := range r.Audit {
		switch {
		case a.Required && a.Verdict == AuditFail:
			add("audit: %s attackers can be told from what they replace without the victim's history (AUC %.3f): the figures against them measure how they were made", a.Attacker, a.AUC.Value)
		case a.Required && a.Verdict == AuditTooFew:
			add("audit: %s: %d are too few to say whether they can be told without the victim's history", a.Attacker, a.Tried)
		}
	}
	for by, name := range attackerNames {
		a := r.Protocol.Attacks[name]
		if a.Made < few {
			add("%s: %d attacks: intervals are wide", name, a.Made)
		}
		if attacker(by) < simulated && a.Unmatched > a.Made {
			add("%s: for %d of %d sign-ins no donor was found: what is measured are the ones that have many like them", name, a.Unmatched, a.Unmatched+a.Made)
		}
	}
	if r.Data.OutOfOrder > 0 {
		add("%d rows stand behind a later one and were taken as they came", r.Data.OutOfOrder)
	}
}
