package pages

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/words"
)

// An activityLine is an entry of the history in words.
type activityLine struct {
	Text  string
	Time  time.Time
	From  string
	Count int

	// Of a sign-in.
	ID      string // by which it can be disputed; empty: it cannot
	Device  string
	Level   *level // nil: nobody scored it
	Reasons []reason
	Verdict mfa.Verdict
}

// A reason is why a sign-in looked as it did: what was seen, and what is usual, which is
// for its owner alone.
type reason struct{ Seen, Usual string }

// A level is how a sign-in looked: words, and the class of the badge that they are on.
type level struct{ Text, Class string }

// levelClasses are the looks of the levels, beside what they say.
var levelClasses = map[mfa.RiskLevel]string{
	mfa.RiskLow: "good", mfa.RiskUnknown: "warn", mfa.RiskElevated: "warn", mfa.RiskHigh: "bad", mfa.RiskSevere: "bad",
}

// lines are entries of the history in words.
func (v *visit) lines(history []mfa.Activity) []activityLine {
	out := make([]activityLine, 0, len(history))
	for _, h := range history {
		out = append(out, v.line(h))
	}
	return out
}

// identified are the events whose label is an identifier, and nothing for people.
var identified = map[mfa.EventType]bool{
	mfa.EventDeviceRemembered: true, mfa.EventDeviceForgotten: true, mfa.EventDeviceReused: true, mfa.EventSendLimit: true, mfa.EventVerdict: true,
	mfa.EventNewDevice: true,
}

func (v *visit) line(h mfa.Activity) activityLine {
	l := activityLine{Text: What(v.words, h), Time: h.Time, Count: h.Count, From: v.from(h.Place, h.IP), Verdict: h.Verdict}
	switch h.Type {
	case mfa.EventFlowPassed, mfa.EventFlowDenied, mfa.EventFailed:
		l.ID, l.Device = h.ID, v.deviceName(h.UserAgent)
	default:
		return l
	}
	if h.Risk == nil || h.Risk.Shadow { // what decides nothing is nothing that its owner could act on
		return l
	}
	if class, ok := levelClasses[h.Risk.Level]; ok {
		l.Level = &level{v.text("page.risk." + string(h.Risk.Level)), class}
	}
	for _, r := range h.Risk.Reasons {
		if seen := v.reason(r); seen != "" && r.Weight >= 0 {
			l.Reasons = append(l.Reasons, reason{seen, v.usual(r)})
		}
	}
	return l
}

// What says of an entry of the history what happened, by the event and the method: to
// what, how often, and whether support did it. It is for pages of the host's own that show
// a history, such as those of its support.
func What(l *words.Language, h mfa.Activity) string {
	id := "page.activity." + string(h.Type)
	text := string(h.Type)
	switch {
	case l.Has(id + "." + h.Method):
		text = l.Text(id + "." + h.Method)
	case l.Has(id):
		text = l.Text(id)
	}
	// A name that only says again what it is says nothing.
	if label := l.Label(h.Label); label != "" && h.Method != methodRecovery && !identified[h.Type] && label != methodName(l, h.Method) {
		text = l.Text("page.activity.labelled", "what", text, "label", label)
	}
	if h.Actor != "" {
		text = l.Text("page.activity.by_support", "what", text)
	}
	if h.Count > 1 {
		text = l.Text("page.activity.times", "what", text, "n", h.Count)
	}
	return text
}

// from is where a request came from: the place, and the address.
func (v *visit) from(place string, ip netip.Addr) string {
	switch {
	case !ip.IsValid():
		return place
	case place == "":
		return ip.String()
	}
	return v.text("page.activity.from", "place", place, "address", ip.String())
}

// usual is what is usual beside a reason, in the catalogue's words, or else in the scorer's.
func (v *visit) usual(r mfa.RiskReason) string {
	if r.Usual == "" {
		return ""
	}
	return sentence(v.saidOf("risk."+r.Code+".usual", r.UsualWith, r.Usual))
}

func (v *visit) activityPage() error {
	c, err := v.holder()
	if err != nil {
		return err
	}
	history, err := v.engine.Activity(v.r.Context(), c.User.ID)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "activity", view{Title: v.text("page.activity.title"), Data: v.lines(history)})
}

// dispute is for owners who see a sign-in that was not theirs. Somebody has their
// password, and nobody can tell which of the sessions is whose: all end, this one too.
func (v *visit) dispute() error {
	if err := v.api.Dispute(v.w, v.r, v.r.PathValue("id")); err != nil {
		return v.unproved(err, "")
	}
	v.api.ClearFlow(v.w)
	return v.signedOut("disputed")
}
