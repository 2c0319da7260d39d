package mfa

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/mfakit/mfa/internal/codec"
)

// meters count failures by network and over the whole system. They are kept
// in the store, so that they hold over processes and restarts, but no request
// waits for them: a process counts in memory, adds to the store after the
// answer, and learns from it what the others have counted.
type meters struct {
	mu       sync.Mutex
	networks map[string]*meter
	system   meter
}

// A meter is one count, as this process knows it.
type meter struct {
	count   count     // as it was last read
	pending int       // failures of this process that are not in the store yet
	last    time.Time // the last failure
	read    time.Time
	busy    bool // a job is at it
	told    int64
}

// count is the stored form: failures by hour, newest last.
type count struct {
	Hours []hourly `cbor:"1,keyasint,omitempty"`
}

type hourly struct {
	_ struct{} `cbor:",toarray"`
	H int64    // hours since 1970
	F int
}

const (
	secondsPerHour = 60 * 60
	systemMeter    = "system"
)

func hourOf(t time.Time) int64 { return t.Unix() / secondsPerHour }

func (c *count) in(hour int64) int {
	for _, h := range c.Hours {
		if h.H == hour {
			return h.F
		}
	}
	return 0
}

func (c *count) add(hour int64, n int) {
	for i := range c.Hours {
		if c.Hours[i].H == hour {
			c.Hours[i].F += n
			return
		}
	}
	c.Hours = slices.DeleteFunc(c.Hours, func(h hourly) bool { return h.H <= hour-systemHours-1 || h.H > hour+1 })
	c.Hours = append(c.Hours, hourly{H: hour, F: n})
}

// mean is the mean of the day before hour.
func (c *count) mean(hour int64) int {
	total := 0
	for _, h := range c.Hours {
		if h.H < hour && h.H >= hour-systemHours {
			total += h.F
		}
	}
	return total / systemHours
}

// networkOf is what counts as one network: an IPv4 /24 or an IPv6 /48. Invalid: none.
func networkOf(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	p, _ := ip.Prefix(bits)
	return p
}

// network is the name under which a client's network is counted; empty: none.
func (e *Engine) network(c Client) string {
	p := networkOf(c.IP)
	if !p.IsValid() {
		return ""
	}
	return e.keys.indexOf("network", p.String())
}

func addrFrom(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a
}

// network is the meter of a network; nil: no address, or too many to keep.
func (m *meters) network(key string) *meter {
	n := m.networks[key]
	if n == nil {
		if len(m.networks) >= meterNetworks {
			for k, o := range m.networks { // any that has nothing to lose
				if o.pending == 0 && !o.busy {
					delete(m.networks, k)
					break
				}
			}
		}
		if len(m.networks) >= meterNetworks {
			return nil
		}
		n = &meter{}
		m.networks[key] = n
	}
	return n
}

func (m *meters) alarmed(now time.Time) bool {
	hour := hourOf(now)
	c := &m.system.count
	return c.in(hour)+m.system.pending > max(systemFloor, systemFactor*c.mean(hour))
}

// networkUntil is when a guess from this network is taken; zero: now.
func (e *Engine) networkUntil(key string, now time.Time) time.Time {
	if key == "" {
		return time.Time{}
	}
	e.meters.mu.Lock()
	defer e.meters.mu.Unlock()
	n := e.meters.networks[key]
	if n == nil {
		return time.Time{}
	}
	allowed := networkAllowance
	if e.meters.alarmed(now) {
		allowed = networkAlarmed
	}
	over := n.count.in(hourOf(now)) + n.pending - allowed
	if over < 0 {
		return time.Time{}
	}
	pause := networkDelayMax
	if over < 6 {
		pause = min(pause, time.Second<<over)
	}
	if until := n.last.Add(pause); until.After(now) {
		return until
	}
	return time.Time{}
}

// networkFailed counts a failure, and adds to the store after the answer.
func (e *Engine) networkFailed(key string, c Client, now time.Time) {
	m := &e.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	m.system.pending++
	if !m.system.busy && (m.system.pending >= meterFlushCount || now.Sub(m.system.read) >= meterFlush) {
		m.system.busy = e.later(func(ctx context.Context) { e.flush(ctx, systemMeter, &m.system, Client{}) })
	}
	if key == "" {
		return
	}
	if n := m.network(key); n != nil {
		n.pending++
		n.last = now
		if !n.busy {
			n.busy = e.later(func(ctx context.Context) { e.flush(ctx, key, n, c) })
		}
	}
}

// networkSeen reads a network's count again, after the answer, where what this
// process knows is old.
func (e *Engine) networkSeen(key string, c Client, now time.Time) {
	if key == "" {
		return
	}
	m := &e.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.network(key); n != nil && !n.busy && now.Sub(n.read) >= meterFresh {
		n.busy = e.later(func(ctx context.Context) { e.flush(ctx, key, n, c) })
	}
	if s := &m.system; !s.busy && now.Sub(s.read) >= meterFresh {
		s.busy = e.later(func(ctx context.Context) { e.flush(ctx, systemMeter, s, Client{}) })
	}
}

// flush adds what is pending to the stored count and learns the sum, until what
// has come meanwhile is in too.
func (e *Engine) flush(ctx context.Context, name string, n *meter, c Client) {
	e.counting <- struct{}{}
	defer func() { <-e.counting }()
	enough := 1
	if name == systemMeter {
		enough = meterFlushCount
	}
	for more := true; more; {
		now := e.now()
		e.meters.mu.Lock()
		pending := n.pending
		e.meters.mu.Unlock()
		total, err := e.addCount(ctx, name, pending, now)
		e.meters.mu.Lock()
		var alarm Event
		if err == nil {
			n.pending -= pending
			n.count, n.read = total, now
			alarm = n.alarm(name, e.meters.alarmed(now), now)
		}
		more = err == nil && n.pending >= enough
		n.busy = more
		e.meters.mu.Unlock()
		if err != nil {
			e.log.Warn("mfa: failures stay counted in this process only", "error", err)
		}
		if alarm.Type != "" {
			alarm.ID, alarm.Time, alarm.App, alarm.IP, alarm.Place = newID(), now, c.App, c.IP, c.Place
			e.later(func(ctx context.Context) { e.deliver(ctx, "", []Event{alarm}) })
		}
	}
}

// alarm is the event to raise, at most once an hour in this process.
func (n *meter) alarm(name string, alarmed bool, now time.Time) Event {
	hour := hourOf(now)
	failures := n.count.in(hour) + n.pending
	raise := alarmed
	kind := EventSystemFailures
	if name != systemMeter {
		raise, kind = failures >= networkAllowance, EventNetworkFailures
	}
	if !raise || n.told == hour {
		return Event{}
	}
	n.told = hour
	return Event{Type: kind, Count: failures}
}

// addCount adds n to a stored count and returns the sum. With nothing to add it only reads.
func (e *Engine) addCount(ctx context.Context, name string, n int, now time.Time) (count, error) {
	key := "limit/" + e.keys.indexOf("meter", name)
	for range saveTries {
		var c count
		item, err := e.store.Load(ctx, key)
		switch {
		case err == nil:
			plain, err := e.unseal(sealMeter, key, item.Value)
			if err != nil {
				return c, err
			}
			if err := codec.Unmarshal(plain, &c); err != nil {
				return c, stateError(err)
			}
		case !errors.Is(err, ErrNotFound):
			return c, storeError(ctx, "load", err)
		}
		if n == 0 {
			return c, nil
		}
		c.add(hourOf(now), n)
		plain, err := codec.Marshal(c)
		if err != nil {
			return c, err
		}
		sealed, err := e.seal(sealMeter, key, plain)
		if err != nil {
			return c, err
		}
		err = e.store.Save(ctx, key, item.Version, Item{Value: sealed, Version: newVersion(), Expires: now.Add(2 * systemHours * time.Hour)})
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, ErrConflict) {
			return c, storeError(ctx, "save", err) // perhaps written, perhaps counted twice at the next flush
		}
		if err := e.wait(ctx, jitter(savePause, savePauseMax, 1)); err != nil {
			return c, err
		}
	}
	return count{}, ErrBusy
}

// flushMeters adds all that is pending, at the end of a process.
func (e *Engine) flushMeters(ctx context.Context) error {
	m := &e.meters
	var errs []error
	m.mu.Lock()
	pending := map[string]int{systemMeter: m.system.pending}
	m.system.pending = 0
	for key, n := range m.networks {
		if n.pending > 0 {
			pending[key], n.pending = n.pending, 0
		}
	}
	m.mu.Unlock()
	for name, n := range pending {
		if n > 0 {
			_, err := e.addCount(ctx, name, n, e.now())
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
