package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// sample is how many verifications are counted one by one.
const sample = 50

// alone counts the statements of verifications while nothing else goes on.
func (c *crowd) alone(ctx context.Context, report *Report) error {
	count := c.site.counter()
	if count == nil {
		return nil
	}
	report.Statements = &Statements{Source: count.source}
	if !count.exact {
		return nil
	}
	begun := make([]*signingIn, min(sample, len(c.people)))
	for n := range begun {
		if err := c.await(ctx, n); err != nil {
			return err
		}
		var err error
		if begun[n], err = c.login(ctx, n); err != nil {
			return fmt.Errorf("load: the first logins: %w", err)
		}
	}
	before, err := count.read(ctx)
	if err != nil {
		return err
	}
	for _, s := range begun {
		if err := c.verify(ctx, s); err != nil {
			return fmt.Errorf("load: the first codes: %w", err)
		}
	}
	after, err := count.read(ctx)
	report.Statements.PerVerification = float64(after-before) / float64(len(begun))
	return err
}

// meters are what the clients write down.
type meters struct {
	mu                    sync.Mutex
	login, verify, signIn *hdrhistogram.Histogram // of microseconds
	errors                map[string]int64
	done, failed          atomic.Int64
}

func newMeters() *meters {
	histogram := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(2*patience/time.Microsecond), 3) }
	return &meters{login: histogram(), verify: histogram(), signIn: histogram(), errors: map[string]int64{}}
}

func (m *meters) passed(login, verify time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for h, took := range map[*hdrhistogram.Histogram]time.Duration{m.login: login, m.verify: verify, m.signIn: login + verify} {
		_ = h.RecordValue(min(took.Microseconds(), h.HighestTrackableValue()))
	}
	m.done.Add(1)
}

// kinds bounds how many different errors are told apart.
const kinds = 32

func (m *meters) refused(at string, err error) {
	what := at + ": " + describe(err)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.errors[what] == 0 && len(m.errors) >= kinds {
		what = "others"
	}
	m.errors[what]++
	m.failed.Add(1)
}

// describe is short enough to be counted by.
func describe(err error) string {
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return op.Op + " " + op.Err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection ended"
	}
	return err.Error()
}

func (m *meters) latency(h *hdrhistogram.Histogram) Latency {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Latency{P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max())}
}

func (m *meters) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.latency(m.signIn)
	return fmt.Sprintf("%d sign-ins, p50 %.1f ms, p99 %.1f ms, %d errors", m.done.Load(), l.P50, l.P99, m.failed.Load())
}

// drive signs everybody in again and again, and fills the report.
func (c *crowd) drive(ctx context.Context, report *Report) error {
	m, began := newMeters(), time.Now()
	until, cancel := context.WithDeadline(ctx, began.Add(c.options.For))
	defer cancel()
	var before int64
	var err error
	if report.Statements != nil {
		if before, err = c.site.counter().read(ctx); err != nil {
			return err
		}
	}
	last := int64(0)
	line := follow(c.options.Progress, func(passed time.Duration) string {
		done := m.done.Load()
		now := done - last
		last = done
		return fmt.Sprintf("%3.0f s  %5d/s  %s", passed.Seconds(), now, m)
	})
	var all sync.WaitGroup
	for client := range c.options.Clients {
		all.Go(func() { c.keepOn(until, client, m) })
	}
	all.Wait()
	line.end()
	c.http.close()
	took := time.Since(began)
	report.Interrupted = ctx.Err() != nil
	report.Seconds = round(took.Seconds())
	report.SignIns = m.done.Load()
	report.PerSecond = round(float64(report.SignIns) / took.Seconds())
	report.Login, report.Verify, report.SignIn = m.latency(m.login), m.latency(m.verify), m.latency(m.signIn)
	report.Errors = m.errors
	if report.Statements != nil && report.SignIns > 0 {
		after, err := c.site.counter().read(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		report.Statements.PerSignIn = round(float64(after-before) / float64(report.SignIns))
	}
	return nil
}

// keepOn signs one client's people in until ctx ends. What was begun is finished,
// so that the end of a run is no error.
func (c *crowd) keepOn(ctx context.Context, client int, m *meters) {
	finish := context.WithoutCancel(ctx)
	for n := client; ctx.Err() == nil; n += c.options.Clients {
		if n >= len(c.people) {
			n = client
		}
		if err := c.await(ctx, n); err != nil {
			if ctx.Err() == nil {
				m.refused("clock", err)
			}
			continue
		}
		began := time.Now()
		s, err := c.login(finish, n)
		if err != nil {
			m.refused("login", err)
			continue
		}
		loggedIn := time.Now()
		if err := c.verify(finish, s); err != nil {
			m.refused("verification", err)
			continue
		}
		m.passed(loggedIn.Sub(began), time.Since(loggedIn))
	}
}

func round(f float64) float64 { return math.Round(f*100) / 100 }
