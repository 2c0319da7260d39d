package rules

import (
	"testing"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

var noon = time.Date(2020, 6, 1, 12, 0, 0, 0, time.UTC)

func row(country, browser, os string, after time.Duration) *rba.Row {
	return &rba.Row{User: "u", Country: country, Browser: browser, OS: os, Device: "desktop", Time: noon.Add(after)}
}

func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		row  *rba.Row
		want float64
	}{
		"as ever":                       {row("NO", "Chrome 80.0.1", "Windows 10", 3*time.Hour), 0},
		"a newer version":               {row("NO", "Chrome 99.0.1", "Windows 11", 3*time.Hour), 0},
		"another browser":               {row("NO", "Firefox 80", "Windows 10", 3*time.Hour), 1},
		"another system":                {row("NO", "Chrome 80", "Android 9", 3*time.Hour), 1},
		"a new country":                 {row("US", "Chrome 80", "Windows 10", 3*time.Hour), 1},
		"a known country in time":       {row("SE", "Chrome 80", "Windows 10", 2*time.Hour), 0},
		"a known country too soon":      {row("SE", "Chrome 80", "Windows 10", 30*time.Minute), 1},
		"a clock that went back":        {row("SE", "Chrome 80", "Windows 10", -30*time.Minute), 1},
		"a clock that went far back":    {row("SE", "Chrome 80", "Windows 10", -3*time.Hour), 0},
		"a country that is not known":   {row("", "Chrome 80", "Windows 10", 30*time.Minute), 0},
		"the country of the last, soon": {row("NO", "Chrome 80", "Windows 10", time.Minute), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			s.Update(row("SE", "Chrome 80", "Windows 10", -24*time.Hour))
			s.Update(row("NO", "Chrome 80", "Windows 10", 0))
			if got, ok := s.Score(c.row); !ok || got != c.want {
				t.Errorf("got %v, %v, want %v", got, ok, c.want)
			}
		})
	}
}

func TestRulesAskAtTheFirstSignInAndLearnOnlyWhenTold(t *testing.T) {
	s := New()
	r := row("NO", "Chrome 80", "Windows 10", 0)
	for range 2 {
		if got, ok := s.Score(r); !ok || got != 1 {
			t.Errorf("got %v, %v", got, ok)
		}
	}
	s.Update(r)
	if got, _ := s.Score(r); got != 0 {
		t.Error("not learned")
	}
	s.Update(row("", "Chrome 80", "Windows 10", time.Hour))
	if got, _ := s.Score(row("US", "Chrome 80", "Windows 10", 61*time.Minute)); got != 1 {
		t.Error("a sign-in from nowhere made a country known")
	}
	if perUser, _ := s.Sizes(); perUser <= 0 {
		t.Error(perUser)
	}
}
