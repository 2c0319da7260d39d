package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

var (
	errWire = errors.New("sim: connection lost")
	errDead = errors.New("sim: this process is dead")
)

// nap lets time pass, until ctx ends. In a bubble of synctest that takes no time, and
// decides who comes next.
func nap(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A database is what all instances share: it does what the contract of mfa.Store
// says, and remembers what there was.
type database struct {
	*memory.Store
	mu     sync.Mutex
	before map[string][]mfa.Item // all versions of users' values, in their order
}

func newDatabase() *database {
	return &database{Store: memory.New(), before: map[string][]mfa.Item{}}
}

func (d *database) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := d.Store.Save(context.WithoutCancel(ctx), key, old, item)
	if err == nil && strings.HasPrefix(key, "user/") {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.before[key] = append(d.before[key], item)
	}
	return err
}

// versions are all that was ever saved under key.
func (d *database) versions(key string) []mfa.Item {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.before[key]
}

// A line is one process's connection to the database, on which everything can go
// wrong: the way there, the way back, and the process itself.
type line struct {
	in *instance
	db *database
}

// moment is how long a message is on its way.
func moment(d draw) time.Duration { return d.between(200*time.Microsecond, 3*time.Millisecond) }

func (l *line) Load(ctx context.Context, key string) (mfa.Item, error) {
	u := l.in.use(ctx, "load", key)
	if err := u.travel(ctx); err != nil {
		return mfa.Item{}, err
	}
	item, err := l.db.Load(ctx, key)
	w := u.weather
	switch {
	case u.fault(w.hang, "hangs"):
		return mfa.Item{}, u.hang(ctx)
	case u.fault(w.load, "fails"):
		return mfa.Item{}, errWire
	case l.in.w.plan.set.dishonest && u.stale():
		if all := l.db.versions(key); len(all) > 1 && err == nil && u.fault(500, "is stale") {
			item = all[len(all)-2]
			item.Value = append([]byte(nil), item.Value...)
		}
	}
	if back := u.travel(ctx); back != nil {
		return mfa.Item{}, back
	}
	return item, err
}

func (l *line) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	item.Value = append([]byte(nil), item.Value...)
	u := l.in.use(ctx, "save", key)
	if err := u.travel(ctx); err != nil {
		return err
	}
	w := u.weather
	answer := error(nil)
	switch {
	case u.fault(w.conflict, "conflicts"):
		return fmt.Errorf("sim: %w", mfa.ErrConflict)
	case u.fault(w.fail, "fails"):
		return errWire
	case u.fault(w.late, "lands late"):
		after := u.d.between(time.Millisecond, 50*time.Millisecond)
		l.in.w.background(func() { // the database gets to it when nobody waits any more
			_ = nap(context.Background(), after)
			_ = l.db.Save(context.Background(), key, old, item)
		})
		return errWire
	case u.fault(w.hang, "hangs"):
		return u.hang(ctx)
	case u.fault(w.notDurable, "is not durable"):
		answer = mfa.ErrNotDurable
		if u.d.odds(500) {
			return fmt.Errorf("sim: %w", answer) // and lost with the machine
		}
	case u.fault(w.lost, "loses its answer"):
		answer = errWire
	case u.fault(w.lostConflict, "is repeated, and conflicts with itself"):
		answer = mfa.ErrConflict
	}
	err := l.db.Save(ctx, key, old, item)
	if back := u.travel(ctx); back != nil {
		return back
	}
	if err == nil && answer != nil {
		return fmt.Errorf("sim: %w", answer)
	}
	return err
}

func (l *line) Delete(ctx context.Context, key string, old int64) error {
	u := l.in.use(ctx, "delete", key)
	if err := u.travel(ctx); err != nil {
		return err
	}
	if u.fault(u.weather.fail, "fails") {
		return errWire
	}
	err := l.db.Delete(context.WithoutCancel(ctx), key, old)
	if back := u.travel(ctx); back != nil {
		return back
	}
	return err
}

// A use is one call of the store.
type use struct {
	in      *instance
	c       *call // nil: work in the background
	d       draw
	what    string
	name    string // of its faults
	weather weather
}

// use names a call of the store by whose it is and the how manieth, so that its
// faults are the same in every run of the plan.
func (in *instance) use(ctx context.Context, what, key string) *use {
	u := &use{in: in, what: what, weather: in.w.weather()}
	if c := callOf(ctx); c != nil {
		c.uses++
		u.c, u.d, u.name = c, c.d, fmt.Sprintf("%s.%d", c.name(), c.uses)
	} else {
		in.w.mu.Lock()
		at := fmt.Sprint(in.slot, ".", in.life, " ", what, " ", key)
		in.w.behind[at]++
		u.name = fmt.Sprint("behind ", at, " ", in.w.behind[at])
		in.w.mu.Unlock()
		u.d = drawFor(in.w.plan.seed, u.name)
	}
	if u.what += " of " + kindOf(key); in.isCalm() {
		u.weather = weather{name: "calm"}
	}
	return u
}

// kindOf is the first part of a key, which holds nobody's name.
func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, "/")
	return kind
}

// travel is the way to the database, or back. A process that has died meanwhile hears
// nothing any more.
func (u *use) travel(ctx context.Context) error {
	if u.in.isDead() {
		return errDead
	}
	err := nap(ctx, moment(u.d))
	if u.in.isDead() {
		return errDead
	}
	return err
}

// hang keeps its caller waiting until that gives up.
func (u *use) hang(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-u.in.died:
		return errDead
	}
}

func (u *use) stale() bool { return u.c != nil && u.weather.name != "calm" && u.d.odds(120) }

// fault draws whether this goes wrong, and notes that it did.
func (u *use) fault(permille int, what string) bool {
	if permille == 0 || !u.d.odds(permille) || u.in.w.plan.muted[u.name] {
		return false
	}
	u.in.w.faulted(u, what)
	return true
}
