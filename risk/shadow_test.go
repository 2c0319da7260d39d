package risk

import (
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestShadowEnds(t *testing.T) {
	for _, c := range []struct {
		name       string
		shadow     time.Duration
		after      time.Duration
		want       bool
		beforeThat bool
	}{
		{"by default", defaultShadow, 14*day - time.Second, true, true},
		{"by default, after it", defaultShadow, 14 * day, false, true},
		{"a day", day, day + time.Second, false, true},
		{"never", -1, 0, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPopulation(Config{Budget: defaultBudget, Shadow: c.shadow, Now: time.Now})
			if got := p.shadow(rowsNoon); got != c.beforeThat {
				t.Errorf("at first: %t", got)
			}
			if got := p.shadow(rowsNoon.Add(c.after)); got != c.want {
				t.Errorf("after %s: %t", c.after, got)
			}
		})
	}
}

// TestShadowBeginsOnce for all processes, and outlives them.
func TestShadowBeginsOnce(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.sync(a)
	if !a.shadow(f.clock.Now()) {
		t.Error("the first sign-in decides")
	}
	f.sync(a)
	f.clock.Advance(13 * day)
	b := f.process()
	if b.shadow(f.clock.Now()) {
		t.Error("a process that has not read the rows watches: who makes it restart is let in")
	}
	f.sync(b)
	if !b.shadow(f.clock.Now()) {
		t.Error("a process decides before the deployment's time")
	}
	f.sync(b)
	f.clock.Advance(day)
	for _, p := range []*population{a, b, f.stored()} {
		if p.shadow(f.clock.Now()) {
			t.Error("the time is over, and one goes on watching")
		}
	}
	f.sync(a)
	c := f.process()
	f.sync(c)
	if c.shadow(f.clock.Now()) {
		t.Error("a restart begins a new time")
	}
}

// TestAClockThatWasAhead does not make the time longer.
func TestAClockThatWasAhead(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.sync(a)
	a.shadow(f.clock.Now().Add(365 * day))
	f.sync(a)
	if !a.shadow(f.clock.Now()) {
		t.Error("the time has not begun")
	}
	if a.shadow(f.clock.Now().Add(14 * day)) {
		t.Error("it is longer than it should be")
	}
	f.sync(a)
	b := f.stored()
	if b.shadow(f.clock.Now().Add(14 * day)) {
		t.Error("it is longer for another")
	}
}

// TestShadowIsKeptWithoutOtherNews: that scoring has begun is news by itself.
func TestShadowIsKeptWithoutOtherNews(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 1)
	f.sync(a)
	a.shadow(f.clock.Now())
	f.sync(a)
	f.clock.Advance(14 * day)
	if f.stored().shadow(f.clock.Now()) {
		t.Error("the time begins again with the next process")
	}
}
