package ops

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mfakit/mfa/internal/pause"
)

const (
	// Unlimited, as a Rate, sets no limit: as fast as the store goes.
	Unlimited = -1
	// defaultRate leaves a small database most of what it can do, and takes half
	// an hour for a million items.
	defaultRate = 500
	// grain is what need not be waited for: timers are not that fine.
	grain = 5 * time.Millisecond
)

// A Clock is how a walk that is limited knows the time. The zero value is the
// computer's.
type Clock struct {
	Now  func() time.Time                                 // nil: time.Now
	Wait func(ctx context.Context, d time.Duration) error // nil: a timer
}

func (c Clock) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// A pace keeps work to a rate, on the average: what was done is paid for before
// the next is begun. Nil keeps to none.
type pace struct {
	clock Clock
	each  time.Duration

	mu   sync.Mutex
	next time.Time // when all that was done is paid for
}

// newPace is a pace of so many in a second.
func newPace(rate int, c Clock) (*pace, error) {
	switch {
	case rate == Unlimited:
		return nil, nil
	case rate < 0:
		return nil, fmt.Errorf("ops: Rate is %d, and must be 1 or more, 0 for %d in a second, or Unlimited", rate, defaultRate)
	case rate == 0:
		rate = defaultRate
	}
	if c.Wait == nil {
		c.Wait = pause.For
	}
	return &pace{clock: c, each: max(time.Second/time.Duration(rate), 1)}, nil
}

// wait waits until what was done is paid for, or ctx ends.
func (p *pace) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	d := p.next.Sub(p.clock.now())
	p.mu.Unlock()
	if d <= grain {
		return nil
	}
	return p.clock.Wait(ctx, d)
}

// spend counts one that was done.
func (p *pace) spend() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.clock.now(); p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(p.each)
}
