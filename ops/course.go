package ops

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/mfakit/mfa"
)

const (
	defaultParallel = 4
	maxParallel     = 256
	maxFailures     = 100 // that are kept with their errors
	// ahead is how many items for each worker may be done before one that takes long.
	ahead = 64
)

// A course is what is gone over, and what is done there. T is what comes of one item.
type course[T any] struct {
	// source shows items, one after the other, until visit returns an error, which
	// it then returns.
	source   func(ctx context.Context, visit func(key string, item mfa.Item) error) error
	parallel int
	pace     *pace // nil: as fast as it goes

	// do is called by several goroutines. An error does not stop the walk.
	do func(ctx context.Context, key string, item mfa.Item) (T, error)

	// The rest is called by one goroutine at a time: enter for each item as it is
	// done, then settle for each that is done with all before it, in the source's
	// order, then told. An error of settle ends the walk. Nil: nothing.
	enter  func(key string, v T, err error)
	settle func(key string, v T, err error) error
	told   func()
}

// run is one walk. The error says why it did not come to its end. What was cut off
// by that is neither entered nor settled.
func (c course[T]) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if c.parallel < 0 || c.parallel > maxParallel {
		return fmt.Errorf("ops: Parallel is %d, and must be 1 to %d", c.parallel, maxParallel)
	}
	if c.parallel == 0 {
		c.parallel = defaultParallel
	}
	b := &book[T]{course: &c, early: map[int]done[T]{}, room: make(chan struct{}, ahead*c.parallel)}
	tasks := make(chan task)
	var workers sync.WaitGroup
	for range c.parallel {
		workers.Go(func() {
			for t := range tasks {
				if ctx.Err() != nil {
					continue
				}
				if err := c.pace.wait(ctx); err != nil {
					stop(err)
					continue
				}
				v, err := c.do(ctx, t.key, t.item)
				if err != nil && ctx.Err() != nil {
					continue // one that was cut off is not done
				}
				if err := b.enter(t.n, done[T]{t.key, v, err}); err != nil {
					stop(err)
				}
			}
		})
	}
	n := 0
	err := c.source(ctx, func(key string, item mfa.Item) error {
		select {
		case b.room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case tasks <- task{n, key, item}:
		case <-ctx.Done():
			return ctx.Err()
		}
		n++
		return nil
	})
	close(tasks)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("ops: the walk was stopped: %w", err)
	}
	return nil
}

// A task is the n-th item of a walk.
type task struct {
	n    int
	key  string
	item mfa.Item
}

// done is what came of an item.
type done[T any] struct {
	key string
	v   T
	err error
}

// A book keeps what is done. Workers finish out of order, so what is ahead
// waits until the items before it are done too; room bounds how much that is.
type book[T any] struct {
	mu     sync.Mutex
	course *course[T]
	room   chan struct{}
	next   int             // the first task that is not done
	early  map[int]done[T] // of tasks after it
	failed error
}

func (b *book[T]) enter(n int, d done[T]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed != nil {
		return b.failed
	}
	if b.course.enter != nil {
		b.course.enter(d.key, d.v, d.err)
	}
	b.early[n] = d
	for first, ok := b.early[b.next]; ok; first, ok = b.early[b.next] {
		if b.course.settle != nil {
			if b.failed = b.course.settle(first.key, first.v, first.err); b.failed != nil {
				return b.failed
			}
		}
		delete(b.early, b.next)
		b.next++
		<-b.room
	}
	if b.course.told != nil {
		b.course.told()
	}
	return nil
}

// scanned is the source that walks a store's keys.
func scanned(store mfa.Store, prefix, after string) (func(context.Context, func(string, mfa.Item) error) error, error) {
	scanner, ok := store.(mfa.Scanner)
	if !ok {
		return nil, errors.New("ops: the store cannot be walked: it is no mfa.Scanner")
	}
	return func(ctx context.Context, visit func(string, mfa.Item) error) error {
		return scanner.Scan(ctx, prefix, after, visit)
	}, nil
}

// A KeyFailure is an item with which something went wrong. Err holds no secret.
type KeyFailure struct {
	Key string
	Err error
}

// appendFailure keeps the first of many.
func appendFailure[F any](list []F, f F) []F {
	if len(list) >= maxFailures {
		return list
	}
	return append(list, f)
}
