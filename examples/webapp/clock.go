package main

import (
	"sync"
	"time"
)

// maxAhead is how far the clock can be moved in all: dates stay within what
// JSON and databases can hold.
const maxAhead = 200 * 366 * 24 * time.Hour

// A clock is the one clock of the app: sessions, delays, messages and the
// engine all read it, so that none of them can disagree when -dev moves it.
// It starts at the machine's time again when the app does.
type clock struct {
	mu    sync.Mutex
	still time.Time     // where it stands, in tests; zero: it goes with the machine's
	ahead time.Duration // never negative
}

// Now is the time as the app sees it.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still.Add(c.ahead)
	}
	return time.Now().Add(c.ahead)
}

// advance moves the clock forward, unless that is too far.
func (c *clock) advance(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d < 0 || d > maxAhead-c.ahead {
		return false
	}
	c.ahead += d
	return true
}
