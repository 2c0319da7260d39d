package main

import (
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

// An activityLine is an entry of the history in words, for staff and for an export: its
// owner sees it on a page of package mfahttp/pages.
type activityLine struct {
	Text string
	Time time.Time
	From string

	// Of a sign-in.
	ID       string // by which a verdict on it is given; empty: it is none
	Device   string
	Level    mfa.RiskLevel // empty: nobody scored it
	Class    string        // of its badge
	Score    string
	Watched  bool // the level decided nothing
	NotMe    bool // it was said to be somebody else's
	WasMe    bool
	Evidence []bar
}

func toLine(l *words.Language, h mfa.Activity) activityLine {
	out := activityLine{Text: pages.What(l, h), Time: h.Time, From: h.Place}
	if h.IP.IsValid() {
		if out.From != "" {
			out.From += ", "
		}
		out.From += h.IP.String()
	}
	switch h.Type {
	case mfa.EventFlowPassed, mfa.EventFlowDenied, mfa.EventFailed:
	default:
		return out
	}
	out.ID, out.Device, out.NotMe, out.WasMe = h.ID, pages.Device(l, h.UserAgent), h.Verdict == mfa.NotMe, h.Verdict == mfa.WasMe
	if h.Risk != nil {
		out.Level, out.Class, out.Watched = h.Risk.Level, levelClasses[h.Risk.Level], h.Risk.Shadow
		out.Score, out.Evidence = weightText(h.Risk.Score), bars(h.Risk.Reasons)
	}
	return out
}

// levelClasses are the looks of the badges of levels.
var levelClasses = map[mfa.RiskLevel]string{
	mfa.RiskLow: "good", mfa.RiskUnknown: "warn", mfa.RiskElevated: "warn", mfa.RiskHigh: "bad", mfa.RiskSevere: "bad",
}
