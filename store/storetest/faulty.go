package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// cuts is how often a case cuts the connections.
const cuts = 12

// faultyCases are the rules of a store whose connections are lost.
func faultyCases(cut func()) []testCase {
	with := func(f func(ctx context.Context, s mfa.Store, cut func()) error) func(context.Context, mfa.Store, mfa.Store) error {
		return func(ctx context.Context, s, _ mfa.Store) error { return f(ctx, s, cut) }
	}
	return []testCase{
		{
			name: "a lost connection tells no lie", check: with(cutOperations), read: "unknown-outcomes",
			rule:  "an operation that lost its connection fails with an error that is not mfa.ErrNotFound, nor mfa.ErrConflict unless another version is there; what it may have written is there whole, or not at all",
			often: "an error of the connection is told as a missing row, a nil answer or no changed row",
		},
		{
			name: "the store comes back after a cut", check: with(comesBack), read: "unknown-outcomes",
			rule:  "a store connects again by itself",
			often: "a single connection, opened once; prepared statements that belong to one; a pool without a bound on the age of what is idle",
		},
		{
			name: "nothing acknowledged is undone over cut connections", check: with(cutJournal), read: "unknown-outcomes",
			rule:  "what was acknowledged stays, and nothing is written that was refused, whoever else writes",
			often: "the adapter or its client repeats a Save without the condition on the version, or in a transaction that began anew",
		},
		{
			name: "scan says that it was cut", check: with(cutScans), read: "scan", needs: scans,
			rule:  "a walk that did not reach its end returns an error",
			often: "rows.Err is not looked at after the loop, or a lost page is taken for the last",
		},
		{
			name: "a code is accepted once over cut connections", check: with(cutSignIns), read: "unknown-outcomes",
			rule:  "whatever connections are lost, no code is accepted twice, no enrolled user is let in unasked, and a right code is not called wrong",
			often: "an error of the connection that is told as mfa.ErrNotFound, or a Save that is repeated without its condition",
		},
	}
}

// tried is a note of how many outcomes were not known.
func tried(lost int64) error {
	return note(fmt.Sprintf("the outcomes of %d operations were not known", lost))
}

// cutting returns a function to be called after each step of a case, from any
// goroutine. It cuts the connections after every so many of them, while others
// go on.
func cutting(every int64, cut func()) (step func()) {
	var mu sync.Mutex
	steps := int64(0)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if steps++; steps%every == 0 && steps <= cuts*every {
			cut()
		}
	}
}

// eventually repeats what only reads until it succeeds or ctx ends.
func eventually(ctx context.Context, read func() error) error {
	for {
		err := read()
		if err == nil || ctx.Err() != nil || errors.Is(err, mfa.ErrNotFound) {
			return err
		}
		_ = waitBriefly(ctx, time.Millisecond)
	}
}

// A ledger is what the only writer of a key knows of it: the item that is there
// for sure, and those that may have taken its place since.
type ledger struct {
	key   string
	sure  mfa.Item // Version 0: the key is absent
	maybe []mfa.Item
	made  []mfa.Item // by creates whose answers were lost: one may come even after a Delete
	lost  int64
}

// settle reads the key until an answer comes, and takes what is there for sure.
// Where several writes may still be under way, it stays open which of them comes.
func (l *ledger) settle(ctx context.Context, s mfa.Store) error {
	for ctx.Err() == nil {
		got, err := s.Load(ctx, l.key)
		switch {
		case errors.Is(err, mfa.ErrConflict):
			return fmt.Errorf("load: error %q, which a Load does not return", err)
		case errors.Is(err, mfa.ErrNotFound):
			if l.sure.Version != 0 {
				return fmt.Errorf("load: nothing under the key (error %q), where an item was acknowledged", err)
			}
			return nil
		case err != nil:
			l.lost++
			_ = waitBriefly(ctx, time.Millisecond)
			continue
		}
		if got.Version == l.sure.Version {
			return sameItem(got, l.sure)
		}
		for _, item := range l.maybe {
			if got.Version == item.Version {
				l.sure, l.maybe = item, nil // all others were over the one before
				return sameItem(got, item)
			}
		}
		return fmt.Errorf("load: version %d, want %d or one of %d that may have been written since", got.Version, l.sure.Version, len(l.maybe))
	}
	return ctx.Err()
}

// save writes the next item, and settles what came of it.
func (l *ledger) save(ctx context.Context, s mfa.Store, value string) error {
	old, next := l.sure, newItem(value)
	err := s.Save(ctx, l.key, old.Version, next)
	switch {
	case err == nil:
		l.sure, l.maybe = next, nil
		if err := l.settle(ctx, s); err != nil {
			return fmt.Errorf("after a Save that was acknowledged: %w", err)
		}
		return nil
	case errors.Is(err, mfa.ErrNotFound):
		return fmt.Errorf("save: error %q", err)
	case !errors.Is(err, mfa.ErrConflict):
		l.lost++
		l.maybe = append(l.maybe, next)
		if old.Version == 0 {
			l.made = append(l.made, next)
		}
		if err := l.settle(ctx, s); err != nil {
			return fmt.Errorf("after a Save whose answer was lost: %w", err)
		}
		return nil
	}
	// Its own earlier try, or the client library's, may be what was there first.
	l.maybe = append(l.maybe, next)
	if err := l.settle(ctx, s); err != nil {
		return fmt.Errorf("after a Save that was refused: %w", err)
	}
	if l.sure.Version == old.Version {
		return errors.New("a Save was refused, and the version that it named is still there, with no other writer")
	}
	return nil
}

// remove deletes the key until that is acknowledged.
func (l *ledger) remove(ctx context.Context, s mfa.Store) error {
	for ctx.Err() == nil && l.sure.Version != 0 {
		err := s.Delete(ctx, l.key, l.sure.Version)
		switch {
		case err == nil:
			l.sure, l.maybe = mfa.Item{}, l.made
			if err := l.settle(ctx, s); err != nil {
				return fmt.Errorf("after a Delete that was acknowledged: %w", err)
			}
			return nil
		case errors.Is(err, mfa.ErrNotFound):
			return fmt.Errorf("delete: error %q", err)
		case errors.Is(err, mfa.ErrConflict):
			if len(l.maybe) == 0 {
				return fmt.Errorf("delete of the version that is there, with no other writer: error %q", err)
			}
			if err := l.settle(ctx, s); err != nil {
				return err
			}
		default:
			l.lost++
			_ = waitBriefly(ctx, time.Millisecond)
		}
	}
	return ctx.Err()
}

// cutOperations gives each goroutine keys of its own, so that it knows what must
// be there, while connections are cut.
func cutOperations(ctx context.Context, s mfa.Store, cut func()) error {
	const writers, keys, each = 8, 3, 12
	var lost atomic.Int64
	step := cutting(writers, cut)
	err := together(ctx, s, s, writers, func(w int, _ mfa.Store) error {
		for k := range keys {
			l := &ledger{key: fmt.Sprintf("user/%d-%d", w, k)}
			for n := range each {
				if err := l.save(ctx, s, strconv.Itoa(n)); err != nil {
					return err
				}
				step()
			}
			if err := l.remove(ctx, s); err != nil {
				return err
			}
			lost.Add(l.lost)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tried(lost.Load())
}

// comesBack asks for success within the time of the case.
func comesBack(ctx context.Context, s mfa.Store, cut func()) error {
	l := &ledger{key: "user/a"}
	for n := range cuts {
		if n%2 == 1 {
			cut()
		}
		was := l.sure.Version
		for l.sure.Version == was {
			if ctx.Err() != nil {
				return errors.New("the store does not work again after its connections were cut")
			}
			if err := l.save(ctx, s, strconv.Itoa(n)); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	return tried(l.lost)
}

// cutJournal appends to one journal from several goroutines while connections
// are cut. Here others come between a lost Save and its repetition.
func cutJournal(ctx context.Context, s mfa.Store, cut func()) error {
	const writers, each = 8, 20
	j := &journal{key: "user/a"}
	start := &ledger{key: j.key}
	for start.sure.Version == 0 && ctx.Err() == nil {
		if err := start.save(ctx, s, ""); err != nil {
			return err
		}
	}
	step := cutting(writers, cut)
	err := together(ctx, s, s, writers, func(int, mfa.Store) error {
		for done := 0; done < each && ctx.Err() == nil; {
			switch err := j.add(ctx, ctx, s); {
			case err == nil:
				done++
				step()
			case errors.Is(err, mfa.ErrNotFound):
				return fmt.Errorf("of a key that is there: %w", err)
			case !errors.Is(err, mfa.ErrConflict):
				_ = waitBriefly(ctx, time.Millisecond)
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	var there []string
	err = eventually(ctx, func() (err error) {
		there, _, err = j.entries(ctx, s)
		return err
	})
	if err == nil {
		err = j.audit(there, true)
	}
	if err != nil {
		return err
	}
	return tried(int64(len(j.unknown)))
}

// cutScans cuts in the middle of walks.
func cutScans(ctx context.Context, s mfa.Store, cut func()) error {
	var keys []string
	for i := range pastPages {
		keys = append(keys, fmt.Sprintf("user/%04d", i))
	}
	if err := createAll(ctx, s, keys); err != nil { // nothing is cut yet
		return err
	}
	var lost int64
	for n := range cuts {
		at, seen := n*pastPages/cuts, 0
		err := s.(mfa.Scanner).Scan(ctx, "user/", "", func(key string, _ mfa.Item) error {
			if seen == len(keys) || key != keys[seen] {
				return fmt.Errorf("%w: %q as number %d", errVisit, key, seen+1)
			}
			if seen == at {
				cut()
			}
			seen++
			return nil
		})
		switch {
		case errors.Is(err, errVisit):
			return err
		case err != nil:
			lost++
		case seen != pastPages:
			return fmt.Errorf("scan visits %d of %d keys when its connection is cut at number %d, and returns no error", seen, pastPages, at+1)
		}
	}
	err := eventually(ctx, func() error { return wantScan(ctx, s, "user/02", "", keys[200:]) })
	if err != nil {
		return err
	}
	return tried(lost)
}

var errVisit = errors.New("scan visits another key than the next")

// cutSignIns signs people in while connections are cut.
func cutSignIns(ctx context.Context, s mfa.Store, cut func()) error {
	w := &watched{Store: s, step: cutting(20, cut)}
	if err := signIns(ctx, w, w); err != nil {
		return err
	}
	return tried(w.lost.Load())
}

// watched counts the operations of a store whose outcomes are not known.
type watched struct {
	mfa.Store
	step func()
	lost atomic.Int64
}

func (w *watched) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := w.Store.Load(ctx, key)
	return item, w.saw(err)
}

func (w *watched) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return w.saw(w.Store.Save(ctx, key, old, item))
}

func (w *watched) saw(err error) error {
	if err != nil && !errors.Is(err, mfa.ErrNotFound) && !errors.Is(err, mfa.ErrConflict) {
		w.lost.Add(1)
	}
	w.step()
	return err
}
