package ops

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
)

const (
	defaultParallel = 4
	maxParallel     = 256
	maxFailures     = 100 // that are kept with their errors
)

// users is the prefix of the keys under which the engine keeps users.
const users = "user/"

// Options say how a walk is done. The zero value is fine.
type Options struct {
	// Parallel is how many users are worked on at a time, 1 to 256; 0: 4.
	Parallel int

	// After goes on after this user: Stats.Last of a walk that was stopped.
	// Empty: from the start.
	After string

	// Progress is called after each user, by one goroutine at a time; a slow one
	// slows the walk. Nil: nobody is told.
	Progress func(Stats)
}

// Stats are what a walk has done.
type Stats struct {
	Users    int       // that were worked on, those that failed included
	Failed   int       // of these
	Failures []Failure // the first 100
	// Last is the last user up to whom all are done, in the walk's order. It is
	// the After of a walk that goes on; those beyond it that were done as well are done again.
	Last string
}

// A Failure is a user with whom something went wrong. Err holds no secret.
type Failure struct {
	User string
	Err  error
}

// walk calls do for each user of a store.
func walk(ctx context.Context, store mfa.Store, o Options, do func(ctx context.Context, user string) error) (Stats, error) {
	scanner, ok := store.(mfa.Scanner)
	if !ok {
		return Stats{Last: o.After}, errors.New("ops: the store cannot be walked: it is no mfa.Scanner")
	}
	if o.Parallel < 0 || o.Parallel > maxParallel {
		return Stats{Last: o.After}, fmt.Errorf("ops: Parallel is %d, and must be 1 to %d", o.Parallel, maxParallel)
	}
	if o.Parallel == 0 {
		o.Parallel = defaultParallel
	}
	after := ""
	if o.After != "" {
		after = userKey(o.After)
	}
	b := &book{stats: Stats{Last: o.After}, early: map[int]string{}, progress: o.Progress}
	tasks := make(chan task)
	var workers sync.WaitGroup
	for range o.Parallel {
		workers.Go(func() {
			for t := range tasks {
				err := t.bad
				if err == nil {
					err = do(ctx, t.user)
				}
				if err == nil || ctx.Err() == nil { // one that was cut off is not done
					b.enter(t, err)
				}
			}
		})
	}
	n := 0
	err := scanner.Scan(ctx, users, after, func(key string, _ mfa.Item) error {
		t := task{n: n}
		t.user, t.bad = userOf(key)
		n++
		select {
		case tasks <- t:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	close(tasks)
	workers.Wait()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("ops: the walk was stopped: %w", err)
	}
	return b.stats, err
}

// A task is the n-th user of a walk.
type task struct {
	n    int
	user string
	bad  error // the key is none of the engine's
}

// A book keeps what is done. Workers finish out of order, so what is ahead
// waits until the users before it are done too.
type book struct {
	mu       sync.Mutex
	stats    Stats
	next     int            // the first task that is not done
	early    map[int]string // users of tasks after it that are
	progress func(Stats)
}

func (b *book) enter(t task, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stats.Users++
	if err != nil {
		b.stats.Failed++
		if len(b.stats.Failures) < maxFailures {
			b.stats.Failures = append(b.stats.Failures, Failure{t.user, err})
		}
	}
	b.early[t.n] = t.user
	for user, done := b.early[b.next]; done; user, done = b.early[b.next] {
		delete(b.early, b.next)
		b.stats.Last = user
		b.next++
	}
	if b.progress != nil {
		told := b.stats
		told.Failures = append([]Failure(nil), b.stats.Failures...)
		b.progress(told)
	}
}

func userKey(id string) string { return users + url.PathEscape(id) }

// userOf is the user of a key. For a key that the engine did not make, the part
// after the prefix comes with the error.
func userOf(key string) (string, error) {
	escaped := strings.TrimPrefix(key, users)
	id, err := url.PathUnescape(escaped)
	if err != nil || id == "" || userKey(id) != key {
		return escaped, errors.New("ops: the key is no user's")
	}
	return id, nil
}
