package mfa

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// load reads and opens a user's value.
func (e *Engine) load(ctx context.Context, user string) (*state, error) {
	key := userKey(user)
	item, err := e.store.Load(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return decodeState(user, 0, nil, e.now())
	}
	if err != nil {
		return nil, storeError(ctx, "load", err)
	}
	plain, err := e.unseal(sealUser, key, item.Value)
	if err != nil {
		return nil, err
	}
	return decodeState(user, item.Version, plain, e.now())
}

// look is load for an operation that changes nothing.
func (e *Engine) look(ctx context.Context, user string) (*state, error) {
	st, err := e.load(ctx, user)
	if err != nil {
		return nil, err
	}
	return st, st.openAll()
}

func storeError(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %s: %w", ErrStore, what, err)
}

// commit is the engine's one way to change a user's state: load, decide in
// memory, save by compare-and-swap, and only then answer. Where another writer
// came first, or where a save's outcome is not known, it starts again from the
// load, which also shows whether an earlier save did happen. So an answer that
// was not counted was never given, and one that was lost is not given twice.
//
// An ErrNotValid or ErrRefused that decide returns is told once what it changed (a
// failure counted, a challenge spent) is saved; any other error means that nothing is.
func commit[T any](ctx context.Context, e *Engine, user string, decide func(*state) (T, error)) (T, error) {
	e.jobs.begin()
	defer e.jobs.end()
	if e.closed.Load() {
		var zero T
		return zero, ErrClosed
	}
	return commitAlways(ctx, e, user, decide)
}

// commitAlways is commit for what has to be done even while the engine closes.
func commitAlways[T any](ctx context.Context, e *Engine, user string, decide func(*state) (T, error)) (T, error) {
	type attempt struct {
		version int64
		value   T
		err     error
		events  []Event
		deltas  [][]byte
		gone    []leftover
	}
	var zero T
	leave, _, err := e.turns.enter(ctx, user)
	if err != nil {
		return zero, err
	}
	defer leave()
	var tried []attempt
	faults := 0
	var fault error
	for try := range saveTries {
		if try > 0 {
			if err := e.wait(ctx, jitter(savePause, savePauseMax, try)); err != nil {
				return zero, err
			}
		}
		st, err := e.load(ctx, user)
		if errors.Is(err, ErrStore) {
			if faults++; faults < faultTries && len(tried) > 0 {
				continue
			}
		}
		if err != nil {
			return zero, err
		}
		for _, t := range tried {
			if st.landed(t.version) {
				e.release(ctx, t.gone)
				e.count(t.deltas)
				e.tell(st, t.events)
				return t.value, t.err
			}
		}
		if faults >= faultTries {
			return zero, fault
		}
		value, verdict := decide(st)
		if !st.changed() || verdict != nil && !errors.Is(verdict, ErrNotValid) && !errors.Is(verdict, ErrRefused) {
			return value, verdict
		}
		gone, err := e.reserve(ctx, st)
		if err != nil {
			if fault, faults = err, faults+1; errors.Is(err, ErrStore) && faults < faultTries && ctx.Err() == nil {
				continue
			}
			return zero, err
		}
		version := newVersion()
		err = e.save(ctx, st, version)
		switch {
		case err == nil:
			e.release(ctx, gone)
			e.count(st.deltas)
			e.tell(st, st.events)
			return value, verdict
		case errors.Is(err, ErrNotDurable):
			return zero, fmt.Errorf("%w: %w", ErrBusy, ErrNotDurable)
		case errors.Is(err, ErrTooLarge):
			return zero, err
		case ctx.Err() != nil:
			return zero, ctx.Err() // nobody is there to be told
		case !errors.Is(err, ErrConflict):
			fault, faults = err, faults+1
		}
		// A conflict, too, may be the answer to a save that a client library
		// repeated by itself after the first had happened.
		tried = append(tried, attempt{version, value, verdict, st.events, st.deltas, gone})
	}
	return zero, ErrBusy
}

// save seals st and writes it over the version it was loaded from.
func (e *Engine) save(ctx context.Context, st *state, version int64) error {
	if err := st.stamp(version); err != nil {
		return err
	}
	key := userKey(st.user)
	sealed, err := e.keys.seal(e.associated(sealUser, key), st.size(), st.encode)
	if err != nil {
		return err
	}
	err = e.store.Save(ctx, key, st.version, Item{Value: sealed, Version: version})
	if err == nil || errors.Is(err, ErrConflict) {
		return err
	}
	return fmt.Errorf("%w: save: %w", ErrStore, err)
}

// jitter is a pause around mean·2^(try-1), at most most, drawn evenly from its
// upper half so that waiters do not meet again.
func jitter(mean, most time.Duration, try int) time.Duration {
	d := min(float64(mean)*math.Pow(2, float64(try-1)), float64(most))
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(d/2 + d/2*float64(binary.BigEndian.Uint64(b[:]))/math.MaxUint64)
}
