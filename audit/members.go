package audit

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/shown"
)

const maxShown = 64 // characters of a label, a hint

// timeFormat has one width, so that lines sort by time as text.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// members are an event's, in their order, without its time and without those
// that are empty.
func members(e mfa.Event) []slog.Attr {
	list := make([]slog.Attr, 0, 24)
	text := func(name, value string) {
		if value != "" {
			list = append(list, slog.String(name, value))
		}
	}
	number := func(name string, value slog.Value, empty bool) {
		if !empty {
			list = append(list, slog.Attr{Key: name, Value: value})
		}
	}
	text("type", string(e.Type))
	text("id", e.ID)
	number("notice", slog.BoolValue(true), !e.Notice)
	text("user", e.User)
	text("actor", e.Actor)
	text("reason", e.Reason)
	text("method", e.Method)
	text("enrollment", e.Enrollment)
	text("replaced", e.Replaced)
	text("label", label(e))
	text("hint", hint(e.Hint))
	text("old_hint", hint(e.OldHint))
	number("first", slog.BoolValue(true), !e.First)
	number("count", slog.IntValue(e.Count), e.Count == 0)
	if !e.Until.IsZero() {
		text("until", stamp(e.Until))
	}
	text("app", e.App)
	if e.IP.IsValid() {
		text("ip", e.IP.String())
	}
	text("place", e.Place)
	text("user_agent", e.UserAgent)
	number("generation", slog.Uint64Value(e.Generation), e.Generation == 0)
	text("device", e.Device)
	text("activity", e.Activity)
	if e.Risk != nil {
		list = append(list, slog.Attr{Key: "risk", Value: risk(e.Risk)})
	}
	return list
}

// A reason is what is kept of mfa.RiskReason.
type reason struct {
	Code   string  `json:"code"`
	Weight float64 `json:"weight"`
}

// String is for handlers that print values.
func (r reason) String() string { return fmt.Sprintf("%s %+g", r.Code, r.Weight) }

// risk is what is kept of an assessment: the codes, with what each weighed, and none
// of the sentences. Those are for the user and change with their words, and they tell
// of earlier sign-ins, of where somebody usually is, for as long as the trail is kept.
func risk(a *mfa.Assessment) slog.Value {
	list := []slog.Attr{slog.String("level", string(a.Level)), slog.Float64("score", short(a.Score))}
	if a.Shadow {
		list = append(list, slog.Bool("shadow", true))
	}
	if len(a.Reasons) > 0 {
		reasons := make([]reason, 0, len(a.Reasons))
		for _, r := range a.Reasons {
			reasons = append(reasons, reason{r.Code, short(r.Weight)})
		}
		list = append(list, slog.Any("reasons", reasons))
	}
	return slog.GroupValue(list...)
}

// short is a number with the three digits after the point that mean something; 0
// for what is none, which JSON could not say.
func short(n float64) float64 {
	if n = math.Round(n*1000) / 1000; math.IsNaN(n) || math.IsInf(n, 0) || n == 0 {
		return 0 // and not -0
	}
	return n
}

// label is what a user calls an enrollment, which may be their number or their
// address. Budgets (the first digits of numbers), devices, actions and activities
// are not named by users.
func label(e mfa.Event) string {
	switch family, _, _ := strings.Cut(string(e.Type), "."); family {
	case "send", "device", "action", "signin":
		return e.Label
	}
	return shown.Line(shown.Text(e.Label, maxShown)) // without the marks that serve display
}

// hint is a masked number or address. A factor that did not mask it is not
// believed.
func hint(text string) string { return shown.Line(shown.Hint(text, maxShown)) }

func stamp(t time.Time) string { return t.UTC().Format(timeFormat) }

// printable says whether nothing in a text can end a line, steer a terminal, turn
// text around or hide.
func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

// visible is a text in which what cannot be seen is escaped, for handlers that
// write texts as they are.
func visible(text string) string {
	if printable(text) {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}
