package risk

import (
	"math"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// Levels are quantiles of the scores of the deployment's own legitimate sign-ins: no
// number of log-odds means the same for a bank as for a club, but how many of its
// people are asked does. Those who choose what they score could move a quantile.
// So a user votes once a day, the shipped scores weigh as much as shippedVotes
// votes, and no threshold leaves its floor and ceiling whoever votes.
const (
	highPart   = 6  // of the budget: one in six of those who are elevated
	severePart = 60 // and one in sixty

	shippedVotes = 500
	leastApart   = 1.0 // between two thresholds
)

// limits are where a threshold may be.
type limits struct{ floor, ceiling float64 }

var (
	elevatedLimits = limits{1.5, 6}
	highLimits     = limits{4, 10}
	severeLimits   = limits{7, 14}
)

func (l limits) hold(x float64) float64 { return min(max(x, l.floor), l.ceiling) }

// shippedTail says which share of legitimate sign-ins scores at least so much, where a
// deployment does not know better: what simulated ones score, of which none shows a device's token. In between, the
// logarithm of the share is linear.
var shippedTail = [...]struct{ score, share float64 }{
	{-10, 1},
	{-2.4, 0.5},
	{0.3, 0.2},
	{2.1, 0.1},
	{3.6, 0.05},
	{4.7, 0.03},
	{6.5, 0.01},
	{7.65, 0.005},
	{10.3, 0.001},
	{11.3, 0.0005},
	{16, 0.00002},
}

// shippedAbove is the share that scores at least x.
func shippedAbove(x float64) float64 {
	last := len(shippedTail) - 1
	if x <= shippedTail[0].score {
		return 1
	}
	for i := range last {
		a, b := shippedTail[i], shippedTail[i+1]
		if x < b.score {
			part := (x - a.score) / (b.score - a.score)
			return math.Exp((1-part)*math.Log(a.share) + part*math.Log(b.share))
		}
	}
	return 0
}

// shippedBins are the shipped votes by bin.
var shippedBins = func() (votes [bins]float64) {
	for i := range votes {
		above := 0.0
		if i < bins-1 {
			above = shippedAbove(scoreOf(uint8(i)) + binWidth)
		}
		votes[i] = shippedVotes * (shippedAbove(scoreOf(uint8(i))) - above)
	}
	return votes
}()

// Thresholds are the scores from which a level begins.
type Thresholds struct {
	Elevated float64 `json:"elevated"`
	High     float64 `json:"high"`
	Severe   float64 `json:"severe"`
	Votes    int     `json:"votes"`   // legitimate sign-ins that they were taken from, one a user and day
	Shipped  bool    `json:"shipped"` // there are too few of them: the thresholds are mostly those that come with the library
}

// Thresholds are those that hold now.
func (s *Scorer) Thresholds() Thresholds { return s.pop.figures.Load().thresholds }

// thresholdsOf takes the thresholds from a histogram of scores.
func thresholdsOf(scores *[bins]atomic.Int64, budget float64) Thresholds {
	var all [bins]float64
	votes, sum := 0.0, 0.0
	for i := range all {
		n := float64(max(scores[i].Load(), 0))
		votes += n
		all[i] = n + shippedBins[i]
		sum += all[i]
	}
	t := Thresholds{Votes: int(votes), Shipped: votes < shippedVotes}
	t.Elevated = elevatedLimits.hold(exceededBy(&all, budget*sum))
	t.High = highLimits.hold(max(exceededBy(&all, budget/highPart*sum), t.Elevated+leastApart))
	t.Severe = severeLimits.hold(max(exceededBy(&all, budget/severePart*sum), t.High+leastApart))
	return t
}

// exceededBy is the score that as many votes reach, evenly spread within a bin.
func exceededBy(all *[bins]float64, votes float64) float64 {
	for i := bins - 1; i >= 0; i-- {
		if n := all[i]; n >= votes && n > 0 {
			return scoreOf(uint8(i)) + binWidth*(1-votes/n)
		}
		votes -= all[i]
	}
	return binLeast
}

// levelOf is the level of a score; hard is how many pieces of hard evidence there
// are, a host's denial counting as two.
func (p *population) levelOf(score float64, hard int) mfa.RiskLevel {
	t := &p.figures.Load().thresholds
	switch {
	case hard >= 2 || score >= t.Severe:
		return mfa.RiskSevere
	case score >= t.High:
		return mfa.RiskHigh
	case score >= t.Elevated:
		return mfa.RiskElevated
	case math.IsNaN(score):
		return mfa.RiskUnknown
	}
	return mfa.RiskLow
}
