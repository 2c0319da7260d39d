package words

import (
	"math"
	"testing"
	"time"
)

func TestTimesSpansListsAndNumbers(t *testing.T) {
	cet := time.FixedZone("CET", 3600)
	at := time.Date(2026, time.March, 1, 9, 5, 59, 0, cet)
	west := at.In(time.FixedZone("-03", -3*3600))
	three := []string{"SMS", "TOTP", "E-Mail"}
	for tag, want := range map[string]struct{ time, west, date, list, n4, n5, second, minutes string }{
		"en": {"1 March 2026, 09:05 CET", "1 March 2026, 05:05 UTC-03", "1 March 2026", "SMS, TOTP or E-Mail", "1,234", "12,345", "1 second", "5 minutes"},
		"de": {"1. März 2026, 09:05 Uhr CET", "1. März 2026, 05:05 Uhr UTC-03", "1. März 2026", "SMS, TOTP oder E-Mail", "1.234", "12.345", "1 Sekunde", "5 Minuten"},
		"es": {"1 de marzo de 2026, 09:05 CET", "1 de marzo de 2026, 05:05 UTC-03", "1 de marzo de 2026", "SMS, TOTP o E-Mail", "1234", "12.345", "1 segundo", "5 minutos"},
		"ar": {"1 مارس 2026، 09:05 \u2068CET\u2069", "1 مارس 2026، 05:05 \u2068UTC-03\u2069", "1 مارس 2026", "\u2068SMS\u2069، \u2068TOTP\u2069 أو \u2068E-Mail\u2069", "1,234", "12,345", "ثانية واحدة", "5 دقائق"},
	} {
		l := Default().Pick(tag)
		for got, want := range map[string]string{
			l.Time(at): want.time, l.Time(west): want.west, l.Date(at): want.date, l.List(three): want.list,
			l.Number(1234): want.n4, l.Number(-12345): "-" + want.n5, l.Span(0): want.second, l.Span(5 * time.Minute): want.minutes,
		} {
			if got != want {
				t.Errorf("%s: %q, want %q", tag, got, want)
			}
		}
	}
	l := Default().Pick()
	if l.List(nil) != "" || l.List(three[:1]) != "SMS" || l.List(three[:2]) != "SMS or TOTP" || l.Number(0) != "0" || l.Number(999) != "999" ||
		l.Number(-1000) != "-1,000" || l.Number(1_000_000) != "1,000,000" || l.Number(math.MinInt) != "-9,223,372,036,854,775,808" {
		t.Error("short lists, small numbers")
	}
}

// TestSpansAreRoundedUp: nobody waits less than they are told to.
func TestSpansAreRoundedUp(t *testing.T) {
	l := Default().Pick()
	for d, want := range map[time.Duration]string{
		-time.Hour: "1 second", 0: "1 second", 1: "1 second", time.Second: "1 second", time.Second + 1: "2 seconds", 59 * time.Second: "59 seconds",
		59*time.Second + 1: "1 minute", time.Minute: "1 minute", time.Minute + 1: "2 minutes", 59 * time.Minute: "59 minutes", time.Hour: "1 hour",
		time.Hour + 1: "61 minutes", 90 * time.Minute: "90 minutes", 99*time.Minute + 1: "2 hours", 2 * time.Hour: "2 hours", 24 * time.Hour: "24 hours", 47 * time.Hour: "47 hours",
		47*time.Hour + 1: "2 days", 48 * time.Hour: "2 days", 48*time.Hour + 1: "3 days", 30 * 24 * time.Hour: "30 days", math.MaxInt64: "106,752 days",
	} {
		if got := l.Span(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
