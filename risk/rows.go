package risk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mfakit/mfa"
)

// Every process writes one row of its own, risk/0, risk/1 and so on, and reads those of
// all others: no row has two writers, so none is hot. A process takes the first
// row that is absent, that its writer has released, or that nobody has written for
// deadAfter, and goes on from what it holds.
const (
	rowPrefix = "risk/"
	maxSlots  = 1000

	deadAfter = 10 * time.Minute
	beatAfter = 3 * time.Minute // a row without news is written that often, so that it does not look dead

	// A row that has not changed at this many readings is read at every one of as many only.
	quietAfter = 20
)

// rows is this process's side of the exchange. One exchange is at work at a time.
type rows struct {
	mu    sync.Mutex
	store mfa.Store
	seal  func(plain []byte, key string) ([]byte, error)
	open  func(sealed []byte, key string) ([]byte, error)
	log   *slog.Logger

	me       uint64
	slot     int    // -1: none
	version  int64  // of the row there, as this process wrote it
	written  int64  // when, in seconds since 1970
	released bool   // with a word that it may be taken
	writes   uint64 // that are known to have arrived
	writers  []writer
	saved    *tally // what the row holds; nil without a slot
	homeless *tally // what was not saved before the slot was lost; nil: nothing
	flight   *flight

	others map[int]*other
	latest int64 // the epoch of what this process knows
	end    int   // the first slot that was absent
	turn   int   // of readings
}

// A flight is a write whose end is not known yet. It is tried again with the same
// version until it is: if an earlier try arrives late after all, it is the same one.
type flight struct {
	slot         int
	old, version int64
	writes       uint64   // its number among this process's
	base         *tally   // what the row held; nil: nothing
	writers      []writer // of the base
	what         *tally   // what it adds to that
	unsure       bool     // some try may have arrived
}

// An other is a row of another process, as it was last read.
type other struct {
	version int64
	row     *row // nil: it does not open
	since   time.Time
	moved   bool // it was seen to change
	quiet   int  // readings without a change
}

func newRows(c Config) *rows {
	return &rows{
		store: c.Store, log: c.Logger, me: randomID(), slot: -1, others: map[int]*other{},
		seal: func(plain []byte, key string) ([]byte, error) { return c.Keys.Seal(plain, c.Deployment, "risk", key) },
		open: func(sealed []byte, key string) ([]byte, error) { return c.Keys.Open(sealed, c.Deployment, "risk", key) },
	}
}

func randomID() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:])
}

func randomVersion() int64 { return int64(randomID()>>1 | 1) }

func rowKey(slot int) string { return fmt.Sprintf("%s%d", rowPrefix, slot) }

// load reads a row. A row that does not open is a nil row without an error.
func (r *rows) load(ctx context.Context, slot int) (*row, int64, error) {
	item, err := r.store.Load(ctx, rowKey(slot))
	if err != nil {
		return nil, 0, err
	}
	if o := r.others[slot]; o != nil && o.version == item.Version {
		return o.row, item.Version, nil
	}
	plain, err := r.open(item.Value, rowKey(slot))
	var got *row
	if err == nil {
		got, err = decodeRow(plain)
	}
	switch {
	case errors.Is(err, mfa.ErrNewerVersion):
		r.log.Info("risk: a row is of a newer version, and left alone", "key", rowKey(slot))
	case err != nil:
		r.log.Error("risk: a row does not open, and is left alone", "key", rowKey(slot), "error", err)
	}
	return got, item.Version, nil
}

// keep remembers a row that was read. One that a wrong clock brought into a later
// epoch would age all others.
func (r *rows) keep(slot int, got *row, version int64, now time.Time) {
	if got != nil {
		got.epoch = min(got.epoch, max(epochOf(now), r.latest))
	}
	o := r.others[slot]
	switch {
	case o == nil:
		r.others[slot] = &other{version: version, row: got, since: now}
	case o.version == version:
		o.quiet++
	default:
		*o = other{version: version, row: got, since: now, moved: true}
	}
}

// read reads the others' rows, upward until one is absent.
func (r *rows) read(ctx context.Context, now time.Time) error {
	r.turn++
	var errs []error
	for slot := range maxSlots {
		if slot == r.slot || r.flight != nil && slot == r.flight.slot {
			continue // what is there is known, and counted otherwise
		}
		if o := r.others[slot]; o != nil && o.quiet >= quietAfter && (r.turn+slot)%quietAfter != 0 {
			continue
		}
		got, version, err := r.load(ctx, slot)
		if errors.Is(err, mfa.ErrNotFound) {
			r.end = slot
			for k := range r.others {
				if k >= slot {
					delete(r.others, k)
				}
			}
			return errors.Join(errs...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("risk: %s: %w", rowKey(slot), err))
			if slot >= r.end || ctx.Err() != nil {
				return errors.Join(errs...) // where the rows end is not known
			}
			continue
		}
		r.keep(slot, got, version, now)
	}
	return errors.Join(append(errs, errFull)...)
}

// dead says whether a row may be taken: its writer is gone by what it says, or
// nothing was seen of it for long. Neither clock alone is trusted where the row was
// seen to change.
func (o *other) dead(now time.Time) bool {
	if o.row == nil {
		return false
	}
	watched := now.Sub(o.since)
	silent := now.Sub(time.Unix(o.row.at, 0))
	return o.row.released || watched >= deadAfter || silent >= deadAfter && !o.moved
}

// claim is the slot to take, and what is there.
func (r *rows) claim(now time.Time) (slot int, held *other) {
	for slot := range r.end {
		if o := r.others[slot]; o != nil && o.dead(now) {
			return slot, o
		}
	}
	return r.end, nil
}

// prepare makes the next write of what is new.
func (r *rows) prepare(what *tally, now time.Time) error {
	f := &flight{slot: r.slot, old: r.version, version: randomVersion(), writes: r.writes + 1, base: r.saved, writers: r.writers, what: what}
	if f.slot < 0 {
		slot, held := r.claim(now)
		f.slot, f.old, f.base, f.writers = slot, 0, nil, nil
		if held != nil {
			f.old, f.base, f.writers = held.version, held.row.tally, held.row.writers
		}
	}
	if f.slot >= maxSlots {
		r.homeless = what
		return errFull
	}
	r.flight = f
	return nil
}

var errFull = errors.New("risk: there are too many rows")

// send tries the write.
func (r *rows) send(ctx context.Context, now time.Time, last bool) error {
	f := r.flight
	whole := &row{at: now.Unix(), released: last, writers: signed(f.writers, writer{r.me, f.writes}), tally: &tally{}}
	if f.base != nil {
		whole.tally = f.base.clone()
	}
	whole.merge(f.what)
	whole.book.forget(dayOf(now))
	key := rowKey(f.slot)
	sealed, err := r.seal(whole.encode(), key)
	if err != nil {
		return fmt.Errorf("risk: %s: %w", key, err)
	}
	err = r.store.Save(ctx, key, f.old, mfa.Item{Value: sealed, Version: f.version})
	if err == nil {
		r.landed(whole)
		return nil
	}
	f.unsure = f.unsure || !errors.Is(err, mfa.ErrConflict)
	if settled := r.settle(ctx, whole, now); settled != nil {
		return errors.Join(fmt.Errorf("risk: %s: %w", key, err), settled)
	}
	return nil
}

// overdue says whether a row without news is to be written all the same.
func (r *rows) overdue(now time.Time, last bool) bool {
	since := now.Sub(time.Unix(r.written, 0))
	return r.slot >= 0 && !r.released && (last || since < 0 || since >= beatAfter)
}

// landed takes note of a write that is known to have arrived.
func (r *rows) landed(whole *row) {
	f := r.flight
	r.slot, r.version, r.writes = f.slot, f.version, f.writes
	r.written, r.released, r.writers, r.saved = whole.at, whole.released, whole.writers, whole.tally
	r.flight = nil
	delete(r.others, f.slot)
}

var errUnsettled = errors.New("risk: the write is tried again")

// settle finds out by reading how a write ended. With an error it is still open.
func (r *rows) settle(ctx context.Context, whole *row, now time.Time) error {
	f := r.flight
	got, version, err := r.load(ctx, f.slot)
	switch {
	case errors.Is(err, mfa.ErrNotFound):
		if f.old == 0 {
			return errUnsettled
		}
		r.evicted(false) // somebody has removed the row, and wants it forgotten
		r.end = min(r.end, f.slot)
		return nil
	case err != nil:
		return err
	case version == f.version:
		r.landed(whole)
		return nil
	case version == f.old:
		return errUnsettled
	}
	r.keep(f.slot, got, version, now)
	switch {
	case got == nil:
		r.evicted(f.unsure)
	case got.writesOf(r.me) >= f.writes:
		r.evicted(true)
	case len(got.writers) > 0 && got.writers[0].id == r.me && f.slot == r.slot:
		// The store has gone back to an earlier write of this process. Nobody wrote since.
		f.old = version
		delete(r.others, f.slot)
		return errUnsettled
	default:
		r.evicted(f.unsure && len(got.writers) == maxWriters && got.writesOf(r.me) == 0)
	}
	return nil
}

// evicted leaves a slot that another process has. What the flight held is kept for
// the next slot unless it has arrived, or may have.
func (r *rows) evicted(arrived bool) {
	f := r.flight
	if !arrived {
		r.homeless = f.what
	}
	r.flight, r.writes = nil, f.writes
	if f.slot == r.slot {
		r.slot, r.version, r.saved, r.writers = -1, 0, nil, nil
	}
}
