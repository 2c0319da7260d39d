package pages

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// An aside is what a page of a flow says and offers beside its question.
type aside struct {
	Remember time.Duration // for how long this browser can be remembered; 0: not at all
	Skip     string        // until when, and how often, what is asked for can be put off, in words; empty: it cannot
	Lost     bool          // there is a way for somebody who has lost everything
	Support  *contact      // where to turn; nil: the policy does not say
	Action   string        // what is being approved; empty: nothing
	Why      []string      // why more is asked than usual; none: it is not
	Next     string        // where the flow leads
	Until    time.Time     // when the flow ends (WCAG 2.2, 2.2.1); zero: it has ended
}

// A contact is where help is: words, or a page.
type contact struct{ Text, URL string }

// asideOf reads it from a flow that leads to back.
func (v *visit) asideOf(flow mfa.Flow, back string) *aside {
	out := &aside{Lost: flow.Reset != nil, Support: supportOf(flow.Support), Why: v.whyAsked(flow.Risk), Remember: flow.Remember, Next: back}
	if flow.Grace.Skip {
		out.Skip = v.leftOf(flow.Grace)
	}
	if flow.Action != nil {
		out.Action = flow.Action.Text
	}
	if flow.Status == mfa.StatusChallenge || flow.Status == mfa.StatusEnroll {
		out.Until = flow.Expires
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
func (v *visit) leftOf(g mfa.Grace) string {
	until := ""
	if !g.Until.IsZero() {
		until = v.words.Time(g.Until.In(v.zone))
	}
	return v.text("page.later.left", "n", g.Left, "until", until)
}

// whyAsked are the reasons why a sign-in is asked for more, for whoever is signing in.
// That may be a stranger who has the password: it is what was seen and speaks against
// them, which they know, and never what is usual for the owner, nor what speaks for
// them, which would confirm a guess.
func (v *visit) whyAsked(a mfa.Assessment) []string {
	if !a.Asks() {
		return nil
	}
	var out []string
	for _, r := range a.Reasons {
		// What was there before may weigh against whoever comes with it, where many have it.
		if r.Weight >= 0 && !strings.HasPrefix(r.Code, "known_") {
			if text := v.reason(r); text != "" {
				out = append(out, text)
			}
		}
	}
	if len(out) == 0 && a.Level == mfa.RiskUnknown {
		out = append(out, v.text("page.why.unknown"))
	}
	return out
}

// reason is what was seen, as a sentence: in the catalogue's words, or else in the
// scorer's.
func (v *visit) reason(r mfa.RiskReason) string {
	return sentence(v.saidOf("risk."+r.Code, r.With, r.Text))
}

// saidOf is a message with the variables that a reason was kept with, or what its scorer
// says where the catalogue does not know it, or too little was kept.
func (v *visit) saidOf(id string, with map[string]string, text string) string {
	if !v.words.Has(id) {
		return text
	}
	if said := v.text(id, with); text == "" || !strings.Contains(said, "{") {
		return said
	}
	return text
}

// sentence makes one of a reason, which has neither a capital nor a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}
