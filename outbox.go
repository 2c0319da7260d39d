package mfa

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// note tells of something that happened in this try. Security notices go into
// the user's outbox in the same save; all of them reach the observers after it.
func (e *Engine) note(st *state, ev Event, u User, c Client) error {
	st.head.Erased = false // there is something to erase again
	ev.ID, ev.Time, ev.User, ev.Generation = newID(), st.now, st.user, st.head.Generation
	ev.App, ev.IP, ev.Place, ev.UserAgent = c.App, c.IP, c.Place, c.UserAgent
	if ev.Notice {
		ev.Name, ev.Email = u.Name, u.Email
	} else {
		ev.Also = nil
	}
	if err := st.record(ev); err != nil {
		return err
	}
	ev.Activity = st.noted
	if len(e.observers) == 0 {
		return nil
	}
	if ev.Notice {
		if err := st.openOutbox(); err != nil {
			return err
		}
		if len(st.outbox) >= maxOutbox {
			i := dispensable(st.outbox)
			st.outbox = slices.Delete(st.outbox, i, i+1)
		}
		st.outbox = append(st.outbox, ev)
		st.touch(secOutbox)
	}
	st.events = append(st.events, ev)
	return nil
}

// dispensable is the notice to do without when there are too many: the oldest of
// a kind that a later one repeats, so that what can be done again and again does
// not push out what was done once; else the oldest.
func dispensable(list []Event) int {
	for i, ev := range list {
		if slices.ContainsFunc(list[i+1:], func(o Event) bool { return o.Type == ev.Type && o.Method == ev.Method }) {
			return i
		}
	}
	return 0
}

// tell hands a saved state's events to the observers, after the answer, and
// with them the notices that a process which died has left.
func (e *Engine) tell(st *state, events []Event) {
	if len(e.observers) == 0 {
		return
	}
	if len(st.raw[secOutbox]) > 1 && st.openOutbox() == nil {
		for _, ev := range st.outbox {
			if st.now.Sub(ev.Time) > noticeAge && !slices.ContainsFunc(events, func(o Event) bool { return o.ID == ev.ID }) {
				events = append(events, ev)
			}
		}
	}
	if len(events) > 0 {
		e.later(func(ctx context.Context) { e.deliver(ctx, st.user, events) })
	}
}

// later runs f after the answer. What does not fit into the bound is left: notices to
// the outbox, counts to the next flush.
func (e *Engine) later(f func(context.Context)) bool {
	if e.waiting.Add(1) > maxJobs {
		e.waiting.Add(-1)
		return false
	}
	e.jobs.begin()
	go func() {
		defer e.jobs.end()
		defer e.waiting.Add(-1)
		defer func() {
			if p := recover(); p != nil { // a host's sender, or its store: nobody is there to catch it
				e.log.Error("mfa: work after an answer panicked", "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			}
		}()
		f(context.Background())
	}()
	return true
}

// deliver offers events to all observers, notices a few times until each has
// taken them, and acknowledges those that all took.
func (e *Engine) deliver(ctx context.Context, user string, events []Event) {
	var waiting []offer
	for _, ev := range events {
		if _, busy := e.inFlight.LoadOrStore(ev.ID, make(chan struct{})); !busy {
			waiting = append(waiting, offer{ev, e.observers})
		}
	}
	var taken []string
	pause := noticePause
	for try := 1; len(waiting) > 0; try++ {
		var left []offer
		for _, o := range waiting {
			o.left = e.observe(ctx, o)
			switch {
			case !o.ev.Notice: // told once, taken or not
				e.offeredNow(o.ev.ID)
			case len(o.left) == 0:
				taken = append(taken, o.ev.ID)
			default:
				left = append(left, o)
			}
		}
		if waiting = left; try == noticeTries || len(waiting) == 0 || e.wait(ctx, pause) != nil {
			break
		}
		pause *= 5
	}
	if len(taken) > 0 {
		if err := e.acknowledge(ctx, user, taken); err != nil {
			e.log.Warn("mfa: notices could not be acknowledged, and will come again", "user", user, "error", err)
		}
	}
	for _, id := range taken {
		e.offeredNow(id)
	}
	for _, o := range waiting {
		e.offeredNow(o.ev.ID)
		e.log.Warn("mfa: a notice stays in the outbox", "event", o.ev)
	}
}

// offeredNow ends the offering of an event in this process.
func (e *Engine) offeredNow(id string) {
	if done, ok := e.inFlight.LoadAndDelete(id); ok {
		close(done.(chan struct{}))
	}
}

// awaitOffers waits for those of the events that this process is offering already.
func (e *Engine) awaitOffers(ctx context.Context, events []Event) {
	for _, ev := range events {
		if done, ok := e.inFlight.Load(ev.ID); ok {
			select {
			case <-done.(chan struct{}):
			case <-ctx.Done():
				return
			}
		}
	}
}

// An offer is an event, and the observers who have not taken it.
type offer struct {
	ev   Event
	left []Observer
}

// observe offers an event once, and returns those who did not take it. A slot
// is held only while observers are at it, and each has its time.
func (e *Engine) observe(ctx context.Context, o offer) (left []Observer) {
	e.observing <- struct{}{}
	defer func() { <-e.observing }()
	for _, observer := range o.left {
		if err := observeOnce(ctx, observer, o.ev); err != nil {
			e.log.Warn("mfa: observer failed", "event", o.ev, "error", err)
			left = append(left, observer)
		}
	}
	return left
}

// observeOnce does not let an observer that hangs or panics take others with it.
func observeOnce(ctx context.Context, o Observer, ev Event) error {
	ctx, cancel := context.WithTimeout(ctx, observeTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := errors.New("mfa: observer ended its goroutine")
		defer func() {
			if p := recover(); p != nil {
				err = errors.New("mfa: observer panicked")
			}
			done <- err
		}()
		err = o.Observe(ctx, ev)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) acknowledge(ctx context.Context, user string, ids []string) error {
	_, err := commitAlways(ctx, e, user, func(st *state) (struct{}, error) {
		if err := st.openOutbox(); err != nil {
			return struct{}{}, err
		}
		before := len(st.outbox)
		st.outbox = slices.DeleteFunc(st.outbox, func(ev Event) bool { return slices.Contains(ids, ev.ID) })
		if len(st.outbox) != before {
			st.touch(secOutbox)
		}
		return struct{}{}, nil
	})
	return err
}

// Redeliver offers the security notices that are still in a user's outbox to
// the observers, and waits for them. It is for walks over a store, after
// processes died; a user's next operation does the same by itself.
func (e *Engine) Redeliver(ctx context.Context, user string) error {
	st, err := e.load(ctx, user)
	if err != nil {
		return err
	}
	if err := st.openOutbox(); err != nil || len(st.outbox) == 0 {
		return err
	}
	e.awaitOffers(ctx, st.outbox)
	if st, err = e.load(ctx, user); err == nil {
		err = st.openOutbox()
	}
	if err != nil {
		return err
	}
	e.deliver(ctx, user, st.outbox)
	e.awaitOffers(ctx, st.outbox) // of those that have begun since
	if st, err = e.load(ctx, user); err == nil {
		err = st.openOutbox()
	}
	if err == nil && len(st.outbox) > 0 {
		err = errors.New("mfa: some notices were not taken")
	}
	return err
}

// owed says whether the owner has to be told of failures, and takes it as done.
func (st *state) owed() bool {
	h := &st.head
	if h.Untold < tellAt || st.now.Unix() < h.Told+int64(tellPause/time.Second) {
		return false
	}
	h.Untold, h.Told = 0, st.now.Unix()
	return true
}

// lockOwed says whether the owner has to be told of a lock, and takes it as done.
func (st *state) lockOwed() bool {
	if st.now.Unix() < st.head.LockTold+int64(lockedPause/time.Second) {
		return false
	}
	st.head.LockTold = st.now.Unix()
	st.touch(secHead)
	return true
}
