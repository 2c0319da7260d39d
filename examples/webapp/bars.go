package main

import (
	"math"
	"strconv"

	"github.com/mfakit/mfa"
)

// widest is the weight whose bar fills its half: more is not told apart.
const widest = 8

// A bar is a piece of evidence, drawn to the right where it speaks against the user,
// to the left where it speaks for them.
type bar struct {
	Text, Usual string
	Weight      string // with its sign
	X, Width    string // in per cent
	Against     bool
}

// bars draws reasons, the heaviest first. What weighs nothing is a line in the middle.
func bars(reasons []mfa.RiskReason) []bar {
	var out []bar
	for _, r := range reasons {
		half := 50 * min(math.Abs(r.Weight), widest) / widest
		b := bar{Text: reasonText(r), Usual: r.Usual, Weight: weightText(r.Weight), X: percent(50), Width: percent(max(half, 0.5)), Against: r.Weight > 0}
		if !b.Against {
			b.X = percent(50 - max(half, 0.5))
		}
		out = append(out, b)
	}
	return out
}

// weightText is a weight with its sign, which is a minus and no hyphen.
func weightText(w float64) string {
	text := strconv.FormatFloat(math.Abs(w), 'f', 1, 64)
	switch {
	case text == "0.0":
		return "0"
	case w < 0:
		return "−" + text
	}
	return "+" + text
}

func percent(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) + "%" }
