package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// An aside is what a page of a flow says and offers beside its question.
type aside struct {
	Remember string   // for how long this browser can be remembered, in words; empty: not at all
	Skip     *later   // nil: what is asked for cannot be put off
	Lost     bool     // there is a way for somebody who has lost everything
	Support  *contact // where to turn; nil: the policy does not say
	Action   string   // what is being approved; empty: nothing
	Why      []string // why more is asked than usual; none: it is not
}

// later is an enrolment that may be put off.
type later struct{ Left string }

// A contact is where help is: words, or a page.
type contact struct{ Text, URL string }

// asideOf reads it from a flow.
func asideOf(flow mfa.Flow) *aside {
	out := &aside{Lost: flow.Reset != nil, Support: supportOf(flow.Support), Why: whyAsked(flow.Risk)}
	if flow.Remember > 0 {
		out.Remember = days(flow.Remember)
	}
	if flow.Grace.Skip {
		out.Skip = &later{leftOf(flow.Grace)}
	}
	if flow.Action != nil {
		out.Action = flow.Action.Text
	}
	return out
}

// supportOf makes an address that is a page into a link, and leaves words alone.
func supportOf(text string) *contact {
	switch {
	case text == "":
		return nil
	case strings.HasPrefix(text, "https://") && !strings.ContainsAny(text, " \t"):
		return &contact{text, text}
	}
	return &contact{Text: text}
}

// leftOf says for how long, and how often, an enrolment can still be put off.
func leftOf(g mfa.Grace) string {
	var often, until string
	switch {
	case g.Left == 1:
		often = " once more"
	case g.Left > 1:
		often = fmt.Sprintf(" %d more times", g.Left)
	}
	if !g.Until.IsZero() {
		until = " until " + g.Until.UTC().Format("2 January 2006, 15:04 UTC")
	}
	if often+until == "" {
		return "You can put this off for now."
	}
	return "You can put this off" + often + until + "."
}

// days is a span of days in words, and of hours where it is shorter than two days.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return span(d)
	}
	return fmt.Sprintf("%d days", d/day)
}
