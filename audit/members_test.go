package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
)

// fields says by which member each field of an event is exported; empty: it is
// left out, on purpose.
var fields = map[string]string{
	"ID": "id", "Type": "type", "Notice": "notice", "Time": "time", "User": "user", "Actor": "actor", "Reason": "reason",
	"Method": "method", "Enrollment": "enrollment", "Replaced": "replaced", "Label": "label", "Hint": "hint", "OldHint": "old_hint", "First": "first",
	"App": "app", "IP": "ip", "Place": "place", "UserAgent": "user_agent", "Generation": "generation", "Count": "count",
	"Until": "until", "Device": "device", "Activity": "activity", "Risk": "risk",
	"Name": "", "Email": "", "Also": "", // whom to tell, and where: no business of a trail
}

// TestEveryFieldIsDecidedOn fails for a field that is new: give it a member, or
// leave it out on purpose. Each member comes from its field and from no other.
func TestEveryFieldIsDecidedOn(t *testing.T) {
	full := event()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[mfa.Event]()) {
		member, known := fields[f.Name]
		if !known {
			t.Errorf("mfa.Event.%s: no member, and not left out on purpose", f.Name)
			continue
		}
		v := reflect.ValueOf(&full).Elem().FieldByIndex(f.Index)
		if v.IsZero() {
			t.Errorf("mfa.Event.%s is not in the event of the tests", f.Name)
		}
		var without mfa.Event
		reflect.ValueOf(&without).Elem().FieldByIndex(f.Index).Set(v)
		var out file
		if err := audit.JSON(&out).Observe(t.Context(), without); err != nil {
			t.Fatal(err)
		}
		for name, value := range parse(t, out.String())[0] {
			if name != member && name != "time" {
				t.Errorf("mfa.Event.%s is exported as %s: %v", f.Name, name, value)
			}
			if name == member {
				known = false // found
			}
		}
		if known && member != "" {
			t.Errorf("mfa.Event.%s is not exported as %s", f.Name, member)
		}
	}
}

// What strangers write stays on its line, does nothing to a terminal, and is
// still there for a program.
func TestTextsThatAreNoText(t *testing.T) {
	for _, text := range []string{
		"a\nb", "a\r\n{\"type\":\"account.reset\"}", "a\x00b", "a\tb", "\x1b[2J\x1b]0;x\x07", "\u009b31m", "a\x7fb", "a\u2028b\u2029c",
		"\u202Etxt.exe", "a\u2066b\u2069", "zero\u200Bwidth", "\uFEFFx", "soft\u00ADhyphen", "tag\U000E0041", "private\uE000", "no\u00A0break",
		`"},{"`, `back\slash`, "<script>alert(1)</script>&", "\xff\xfebad", "José 北京 😀",
	} {
		e := event()
		e.User, e.Actor, e.Reason, e.App, e.Place, e.UserAgent = text, text, text, text, text, text
		e.Label, e.Hint, e.OldHint, e.Method, e.Enrollment, e.ID, e.Type = text, text, text, text, text, text, mfa.EventType(text)
		e.Device, e.Activity = text, text
		e.Risk = &mfa.Assessment{Level: mfa.RiskLevel(text), Reasons: []mfa.RiskReason{{Code: text, Text: text, Usual: text}}}
		var trail file
		if err := audit.JSON(&trail).Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		lines := parse(t, trail.String())
		if len(lines) != 1 || lines[0]["notice"] != true {
			t.Fatalf("%q: %v", text, lines)
		}
		for _, member := range []string{"user", "actor", "reason", "app", "place", "user_agent", "method", "enrollment", "id", "type", "device", "activity"} {
			if lines[0][member] != string([]rune(text)) { // with U+FFFD for what is no text
				t.Errorf("%q came back as %q of %s", text, lines[0][member], member)
			}
		}
		onlyPrints(t, text, trail.String())
		want := map[string]any{"level": string([]rune(text)), "score": 0.0, "reasons": []any{map[string]any{"code": string([]rune(text)), "weight": 0.0}}}
		if !reflect.DeepEqual(lines[0]["risk"], want) {
			t.Errorf("%q came back as %v of the risk", text, lines[0]["risk"])
		}
		for _, format := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return bare{b} },
		} {
			var b bytes.Buffer
			if err := audit.Slog(format(&b)).Observe(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			onlyPrints(t, text, b.String())
		}
	}
}

func onlyPrints(t *testing.T, text, out string) {
	t.Helper()
	inner, ok := strings.CutSuffix(out, "\n")
	for _, r := range inner {
		if !ok || !strconv.IsPrint(r) {
			t.Errorf("%q gives %q", text, out)
			return
		}
	}
}

// C20: users call things what they like, and factors should mask.
func TestC20_LabelsAndHints(t *testing.T) {
	for _, c := range []struct {
		kind        mfa.EventType
		label, hint string
		want        string
	}{
		{mfa.EventRenamed, "Ada's phone", "+47 ••• ••34", "Ada's phone|+47 ••• ••34"},
		{mfa.EventRenamed, "+47 998 87 766", "+4799887766", "…66|…66"},
		{mfa.EventRenamed, "old: 99887766", "", "old: …66|"},
		{mfa.EventRenamed, "ada@example.org", "a•••@example.org", "|a•••@example.org"},
		{mfa.EventRenamed, "https://evil.example/", "", "|"},
		{mfa.EventRenamed, "YubiKey 5 NFC", "", "YubiKey 5 NFC|"},
		{mfa.EventRenamed, "הטלפון", "", "הטלפון|"},
		{"key.lost", "+4799887766", "+4799887766", "…66|…66"},
		{mfa.EventSendLimit, "+353861", "", "+353861|"},
		{mfa.EventSendStopped, "+353861", "", "+353861|"},
		{mfa.EventSendBudget, "+353861", "", "+353861|"},
		{mfa.EventDeviceForgotten, "d234567x", "", "d234567x|"},
		{mfa.EventVerdict, "222333444", "", "222333444|"},
		{mfa.EventApproved, "Pay 1,000,000.00 NOK", "", "Pay 1,000,000.00 NOK|"},
		{mfa.EventUndone, "998 87 766", "", "…66|"},
	} {
		var trail file
		e := mfa.Event{Type: c.kind, Label: c.label, Hint: c.hint, OldHint: c.hint}
		if err := audit.JSON(&trail).Observe(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		l := parse(t, trail.String())[0]
		if got := text(l["label"]) + "|" + text(l["hint"]); got != c.want || l["hint"] != l["old_hint"] {
			t.Errorf("%s, %q, %q: got %q, %q", c.kind, c.label, c.hint, got, l["old_hint"])
		}
	}
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// The two exporters say the same.
func TestSlogHasTheMembersOfJSON(t *testing.T) {
	var trail file
	var log bytes.Buffer
	for _, o := range []mfa.Observer{audit.JSON(&trail), audit.Slog(slog.NewJSONHandler(&log, nil))} {
		if err := o.Observe(t.Context(), event()); err != nil {
			t.Fatal(err)
		}
	}
	var record struct {
		Level, Msg string
		Time       string
		MFA        line `json:"mfa"`
	}
	if err := json.Unmarshal(log.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	want := parse(t, trail.String())[0]
	if record.Time != "2026-03-01T12:00:30.125999999Z" || record.Level != "WARN" || record.Msg != "mfa: enrollment.replaced" {
		t.Errorf("%+v", record)
	}
	delete(want, "time")
	if !reflect.DeepEqual(record.MFA, want) {
		t.Errorf("got %v, want %v", record.MFA, want)
	}
}

// A number that is none cannot be said in JSON, and breaks no line.
func TestRiskOfNoNumber(t *testing.T) {
	for _, n := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e-9, math.MaxFloat64} {
		e := mfa.Event{Type: mfa.EventFlowStarted, Risk: &mfa.Assessment{Level: mfa.RiskHigh, Score: n, Reasons: []mfa.RiskReason{{Code: "a", Weight: n}}}}
		var trail file
		var log bytes.Buffer
		for _, o := range []mfa.Observer{audit.JSON(&trail), audit.Slog(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))} {
			if err := o.Observe(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		want := `"risk":{"level":"high","score":0,"reasons":[{"code":"a","weight":0}]}`
		if parse(t, log.String()); !strings.Contains(trail.String(), want) || !strings.Contains(log.String(), want) {
			t.Errorf("%g: %s%s", n, trail.String(), log.String())
		}
	}
}

// What prints values prints a risk in a few words, and what was handed over stays.
func TestRiskInALog(t *testing.T) {
	var log bytes.Buffer
	e := mfa.Event{Type: mfa.EventFlowPassed, Risk: &mfa.Assessment{Level: mfa.RiskLow, Score: -2.5, Reasons: []mfa.RiskReason{
		{Code: "known\u202edevice", Weight: -4}, {Code: "new_network", Weight: 1.5},
	}}}
	if err := audit.Slog(slog.NewTextHandler(&log, nil)).Observe(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want := `mfa.risk.level=low mfa.risk.score=-2.5 mfa.risk.reasons="[known\\u202edevice -4 new_network +1.5]"`
	if !strings.HasSuffix(log.String(), want+"\n") {
		t.Errorf("%s, want %s", log.String(), want)
	}
	if e.Risk.Reasons[0].Code != "known\u202edevice" {
		t.Error("the event was changed")
	}
}
