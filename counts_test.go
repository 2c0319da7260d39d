package mfa

import (
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/codec"
)

// One moment of a clock that was a year ahead is forgotten, and spoils no count of
// those that come after it.
func TestAClockThatWasAheadSpoilsNoCount(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	wrong := start.Add(366 * 24 * time.Hour)
	t.Run("failures of a network", func(t *testing.T) {
		var c count
		c.add(hourOf(wrong), 1)
		for h := range 200 * 24 {
			c.add(hourOf(start.Add(time.Duration(h)*time.Hour)), 1)
		}
		if len(c.Hours) > systemHours+1 {
			t.Errorf("%d hours are kept", len(c.Hours))
		}
		data, err := codec.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := codec.Unmarshal(data, &count{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("failures of an account", func(t *testing.T) {
		var a tally
		a.add(start.Add(30 * 24 * time.Hour))
		for h := range 14 {
			now := start.Add(time.Duration(h) * 2 * time.Hour)
			if a.left(guessBudget, false, now) == 0 {
				t.Fatalf("after %d mistakes, one each two hours, none is left until %v", h, a.until(guessBudget, false, now))
			}
			a.add(now)
		}
	})
}
