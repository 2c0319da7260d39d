package mfatest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/mfakit/mfa"
)

// ErrObserver is what a [Recorder] refuses events with when it is told to fail.
var ErrObserver = errors.New("mfatest: observer was told to fail")

// A Recorder is an [mfa.Observer] that remembers what it was told. The zero
// value is ready for use, by any number of goroutines.
//
// Engines tell observers after they have answered, so an event may not be there
// yet when a call returns: use Await, or close the engine before looking.
type Recorder struct {
	mu      sync.Mutex
	events  []mfa.Event
	fail    int           // how many more events to refuse
	changed chan struct{} // closed at the next event; nil while nobody waits
}

// Format prints how many events there are, with any verb.
func (r *Recorder) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "mfatest.Recorder(%d events)", len(r.Events()))
}

var _ mfa.Observer = (*Recorder)(nil)

// Observe remembers e, and never waits. An event that is offered again is
// remembered once, by its ID.
func (r *Recorder) Observe(_ context.Context, e mfa.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		return ErrObserver
	}
	if slices.ContainsFunc(r.events, func(known mfa.Event) bool { return known.ID == e.ID && e.ID != "" }) {
		return nil
	}
	r.events = append(r.events, e)
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
	return nil
}

// Fail makes the recorder refuse the next n calls of Observe with
// [ErrObserver]. It remembers nothing of what it refuses.
func (r *Recorder) Fail(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = n
}

// Events is all that was observed so far, in the order in which it was told.
func (r *Recorder) Events() []mfa.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// ByType is what was observed so far of one type.
func (r *Recorder) ByType(kind mfa.EventType) []mfa.Event {
	return slices.DeleteFunc(r.Events(), func(e mfa.Event) bool { return e.Type != kind })
}

// Await returns the events of one type as soon as there are n, whoever's they are,
// or an error when ctx ends before.
func (r *Recorder) Await(ctx context.Context, kind mfa.EventType, n int) ([]mfa.Event, error) {
	found, err := r.AwaitFunc(ctx, func(e mfa.Event) bool { return e.Type == kind }, n)
	if err != nil {
		return found, fmt.Errorf("%w (%s)", err, kind)
	}
	return found, nil
}

// AwaitFunc returns the events that match as soon as there are n, or an error when
// ctx ends before. It is for tests in which more than one user is about.
func (r *Recorder) AwaitFunc(ctx context.Context, match func(mfa.Event) bool, n int) ([]mfa.Event, error) {
	for {
		next := r.next()
		found := slices.DeleteFunc(r.Events(), func(e mfa.Event) bool { return !match(e) })
		if len(found) >= n {
			return found, nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return found, fmt.Errorf("mfatest: %d events, waited for %d: %w", len(found), n, ctx.Err())
		}
	}
}

// next is closed at the next event.
func (r *Recorder) next() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}
