package risk

import (
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// busy is a scorer that has learned much, and a history at its bounds.
func busy(t testing.TB) (*Scorer, []byte) {
	t.Helper()
	s := scorer(t)
	for n := range 3000 {
		learn(t, s, nil, from(crowded(n), []string{chromeWindows, safariPhone, firefoxLinux}[n%3], noon))
	}
	var history []byte
	for n := range 400 {
		ip, ua := crowded(n%37), []string{chromeWindows, firefoxLinux, safariPhone}[n%3]
		history = learn(t, s, history, from(ip, ua, noon.Add(time.Duration(n-400)*7*time.Hour)))
	}
	if h := must(parseHistory(history)); len(h.list) != maxEntries {
		t.Fatal(len(h.list))
	}
	return s, history
}

// attempts are sign-ins with little and with much to say.
func attempts() map[string]mfa.Attempt {
	strange := from("203.0.113.9", firefoxLinux+" x", noon.Add(12*time.Hour))
	strange.AccountFailures, strange.NetworkFailures, strange.SystemAlarm = 9, 90, true
	return map[string]mfa.Attempt{"home": from(crowded(399%37), safariPhone, noon), "strange": strange}
}

func TestScoringAllocatesLittle(t *testing.T) {
	s, history := busy(t)
	for name, a := range attempts() {
		for kind, h := range map[string][]byte{"full": history, "none": nil} {
			got := testing.AllocsPerRun(500, func() {
				if _, _, err := s.Score(t.Context(), a, h); err != nil {
					t.Fatal(err)
				}
			})
			t.Logf("%s, history %s: %g allocations", name, kind, got)
			if got > 40 {
				t.Errorf("%s, history %s: %g allocations, at most 40", name, kind, got)
			}
		}
	}
	n := 0 // a header never seen before is parsed
	got := testing.AllocsPerRun(500, func() {
		n++
		if _, _, err := s.Score(t.Context(), from("203.0.113.9", fmt.Sprintf("%s Edg/%d.0", chromeWindows, n), noon), history); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("a new browser: %g allocations", got)
}

func BenchmarkScore(b *testing.B) {
	s, history := busy(b)
	for name, a := range attempts() {
		for kind, h := range map[string][]byte{"full": history, "none": nil} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := s.Score(b.Context(), a, h); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkLearn(b *testing.B) {
	s, history := busy(b)
	_, seen, err := s.Score(b.Context(), from("203.0.113.9", firefoxLinux, noon), history)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Learn(history, seen, "activity"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewBrowser(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parseAgent(agentKey{userAgent: chromeWindows, brands: `"Chromium";v="126", "Google Chrome";v="126"`, mobile: "?0", platform: `"Windows"`})
	}
}
