package quota

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 2, 0, 0, time.UTC)

// TestNeverMoreThanTheLimit drives a counter with sends as fast as it lets them
// through, and looks at every hour and day afterwards.
func TestNeverMoreThanTheLimit(t *testing.T) {
	l := Limit{Hour: 7, Day: 40}
	var c Counter
	var sent []time.Time
	for now := noon; now.Before(noon.Add(72 * time.Hour)); now = now.Add(37 * time.Second) {
		if c.Left(now, l) > 0 {
			c.Add(now, 1)
			sent = append(sent, now)
		} else if until := c.Until(now, l); !until.After(now) {
			t.Fatalf("nothing left at %v, and until is %v", now, until)
		}
	}
	within := func(from time.Time, window time.Duration) (n int) {
		for _, s := range sent {
			if !s.Before(from) && s.Before(from.Add(window)) {
				n++
			}
		}
		return n
	}
	mostDay := 0
	for _, s := range sent {
		if n := within(s, time.Hour); n > l.Hour {
			t.Fatalf("%d in the hour after %v", n, s)
		}
		n := within(s, 24*time.Hour)
		mostDay = max(mostDay, n)
		if n > l.Day {
			t.Fatalf("%d in the day after %v", n, s)
		}
	}
	if mostDay != l.Day {
		t.Errorf("at most %d in a day: the limit of %d is not used", mostDay, l.Day)
	}
	if len(c.Fine) > 14 || len(c.Coarse) > 14 {
		t.Errorf("%d and %d buckets", len(c.Fine), len(c.Coarse))
	}
}

func TestUntilIsTheFirstMoment(t *testing.T) {
	l := Limit{Hour: 3}
	var c Counter
	c.Add(noon, 2)
	c.Add(noon.Add(20*time.Minute), 1)
	now := noon.Add(21 * time.Minute)
	until := c.Until(now, l)
	if c.Left(until, l) != 2 || c.Left(until.Add(-time.Second), l) != 0 {
		t.Errorf("until %v: %d left, and %d a second before", until, c.Left(until, l), c.Left(until.Add(-time.Second), l))
	}
}

func TestNoBoundAndNothing(t *testing.T) {
	var c Counter
	c.Add(noon, 1_000_000)
	if c.Left(noon, Limit{}) < 1_000_000 || !c.Until(noon, Limit{}).IsZero() {
		t.Error("no bound is a bound")
	}
	if l := (Limit{Hour: 10}).less(100); c.Left(noon, l) != 0 || !c.Until(noon, l).After(noon) {
		t.Error("a limit of which all is kept back lets something through")
	}
}

func TestClockThatGoesBack(t *testing.T) {
	var c Counter
	c.Add(noon, 3)
	c.Add(noon.Add(-30*time.Minute), 2)
	if n := c.Hour(noon); n != 5 {
		t.Errorf("%d", n)
	}
}

func TestReserveIsForKnownDestinations(t *testing.T) {
	terms := Terms{Limit: Limit{Hour: 10}, Reserve: 25}
	var v Value
	strangers, known := 0, 0
	for v.Ask(noon, terms, false).Left > 0 {
		v.Take(noon, terms, false, 1, 1)
		strangers++
	}
	for v.Ask(noon, terms, true).Left > 0 {
		v.Take(noon, terms, true, 1, 0)
		known++
	}
	if strangers != 7 || known != 3 {
		t.Errorf("%d and %d", strangers, known)
	}
}

// TestBreaker: a prefix of which nothing comes back stops by itself, one of which enough
// comes back never does, and a stopped one is tried again.
func TestBreaker(t *testing.T) {
	terms := Terms{Limit: Limit{Hour: 1000}, Reserve: 20, MinSent: 40, MinGood: 25}
	var pumped, sound Value
	sent := 0
	for pumped.Ask(noon, terms, false).Left > 0 && sent < 500 {
		pumped.Take(noon, terms, false, 1, 1)
		sent++
	}
	if v := pumped.Ask(noon, terms, false); sent != 40 || v.Left != 0 || !v.Until.Equal(noon.Add(time.Hour)) {
		t.Errorf("%d sent, %+v", sent, v)
	}
	if pumped.Ask(noon, terms, true).Left == 0 {
		t.Error("strangers have shut out customers")
	}
	if pumped.Ask(noon.Add(time.Hour), terms, false).Left == 0 {
		t.Error("it is never tried again")
	}
	for i := range 500 {
		if opened, _ := sound.Take(noon, terms, false, 1, 1); opened {
			t.Fatalf("opened after %d of which a third came back", i)
		}
		if i%3 == 0 {
			sound.Good.Add(noon, 1)
		}
	}
	for range 200 {
		if opened, _ := sound.Take(noon, terms, true, 1, 0); opened {
			t.Fatal("messages to customers opened it")
		}
	}
}

func TestWarnsOnceADay(t *testing.T) {
	terms := Terms{Limit: Limit{Day: 10}, Warn: 80}
	var v Value
	warnings := 0
	for i := range 10 {
		if _, warn := v.Take(noon, terms, true, 1, 0); warn {
			if warnings++; i != 7 {
				t.Errorf("warned at %d", i+1)
			}
		}
	}
	if warnings != 1 {
		t.Errorf("%d warnings", warnings)
	}
	if _, warn := v.Take(noon.Add(24*time.Hour), Terms{Limit: Limit{Day: 1}, Warn: 80}, true, 1, 0); !warn {
		t.Error("no warning the day after")
	}
}

func TestBlocksLeaveLittle(t *testing.T) {
	for _, limit := range []int{1, 10, 100, 1000, 100_000} {
		left, unused := limit, 0
		for left > 0 {
			b := Terms{}.Block(left, 1<<20)
			if b > left {
				t.Fatalf("a block of %d of %d", b, left)
			}
			left -= b
			unused = b
		}
		if unused > 1 {
			t.Errorf("limit %d: the last block is %d", limit, unused)
		}
	}
}

// Messages that were counted by a clock that was a year ahead do not stand in the way
// of those that come after it.
func TestAClockThatWasAheadIsForgotten(t *testing.T) {
	l := Limit{Hour: 5, Day: 10}
	var c Counter
	c.Add(noon.Add(365*24*time.Hour), 10)
	for d := range 40 {
		now := noon.Add(time.Duration(d) * 24 * time.Hour)
		if c.Left(now, l) == 0 {
			t.Fatalf("after %d messages, one a day, none is left until %v", d, c.Until(now, l))
		}
		c.Add(now, 1)
	}
}
