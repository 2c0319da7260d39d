package sim

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// An instance is one process: an engine, its connection and its clock. After a crash
// another one has its place.
type instance struct {
	*mfa.Engine
	w    *world
	slot int
	life int           // the how manieth in this place
	died chan struct{} // closed by a crash
	dead atomic.Bool
	calm atomic.Bool // it ends cleanly, and nothing goes wrong with that
}

func (in *instance) isDead() bool { return in.dead.Load() }
func (in *instance) isCalm() bool { return in.calm.Load() }

// A clock is that of one place in the fleet: right, but for its offset.
type clock struct{ set []setAt }

type setAt struct {
	at     time.Time
	offset time.Duration
}

func (c *clock) offset() time.Duration {
	if len(c.set) == 0 {
		return 0
	}
	return c.set[len(c.set)-1].offset
}

// start makes a process in a place of the fleet. w.mu is held.
func (w *world) start(slot int) *instance {
	in := &instance{w: w, slot: slot, died: make(chan struct{})}
	if was := w.fleet[slot]; was != nil {
		in.life = was.life + 1
	}
	config := mfa.Config{
		Store: &line{in, w.db}, Keys: w.kit.keys, Factors: w.kit.factors(w.plan.set.recovery), Policy: w.plan.set.rules, Risk: &scorer{w},
		Observers: []mfa.Observer{&watch{in}}, Users: w.users, Support: supportDesk, Now: in.now, Wait: in.wait, Logger: slog.New(&logbook{w}),
	}
	var err error
	if in.Engine, err = mfa.New(config); err != nil {
		panic(err) // the simulator's own mistake
	}
	w.fleet[slot] = in
	return in
}

func (in *instance) now() time.Time {
	in.w.mu.Lock()
	defer in.w.mu.Unlock()
	return time.Now().Add(in.w.clocks[in.slot].offset())
}

// wait is the engine's pause between tries: as long as the plan has it, since the
// engine's own choice is random.
func (in *instance) wait(ctx context.Context, most time.Duration) error {
	if in.isDead() {
		return errDead
	}
	u := in.use(ctx, "pause", "")
	d := u.d.between(100*time.Microsecond, 4*time.Millisecond)
	if u.c == nil && most >= time.Second {
		d += time.Second // before a notice is offered again
	}
	err := nap(ctx, d)
	if in.isDead() {
		return errDead
	}
	return err
}

// happen lets an incident happen.
func (w *world) happen(i incident) {
	w.mu.Lock()
	in := w.fleet[i.on]
	w.count("incident: " + string(i.kind))
	switch i.kind {
	case crash:
		w.tellf("instance %d crashes, and another takes its place", i.on+1)
		in.dead.Store(true)
		close(in.died)
		w.start(i.on)
		w.graves = append(w.graves, in)
	case restart:
		w.tellf("instance %d is restarted", i.on+1)
		w.start(i.on)
		in.calm.Store(true)
		w.mu.Unlock()
		_ = in.Close(context.Background())
		return
	case clockSet:
		w.tellf("instance %d's clock is set to be off by %v", i.on+1, i.amount.Round(time.Millisecond))
		c := &w.clocks[i.on]
		c.set = append(c.set, setAt{time.Now(), i.amount})
	case deaf:
		w.tellf("observers are out for %v", i.amount.Round(time.Millisecond))
		w.deafUntil = later(w.deafUntil, time.Now().Add(i.amount))
	case sendsOut:
		w.tellf("carriers are out for %v", i.amount.Round(time.Millisecond))
		w.muteUntil = later(w.muteUntil, time.Now().Add(i.amount))
	}
	w.mu.Unlock()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// reading is between what a clock can have shown from one moment to another. w.mu is held.
func (w *world) reading(slot int, from, to time.Time) (low, high time.Time) {
	least, most := time.Duration(1<<62), time.Duration(-1<<62)
	current := time.Duration(0)
	for _, s := range w.clocks[slot].set {
		switch {
		case !s.at.After(from):
			current = s.offset
		case !s.at.After(to):
			least, most = min(least, s.offset), max(most, s.offset)
		}
	}
	return from.Add(min(least, current)), to.Add(max(most, current))
}
