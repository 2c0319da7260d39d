package risk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A storm is a random run of processes that learn, exchange rows, stop, come back
// and die, over a store that conflicts, fails, loses answers, writes late, and in whose
// calls other processes are served. It is the same for the same seed.
type storm struct {
	*fleet
	rng   *rand.Rand
	store *moody
	lives []*life
	depth int
	trace []string

	died, moved, unsure int
}

// A life is one process from its start to its end. It learns of one value alone.
type life struct {
	n            int
	p            *population
	learned      int // sign-ins
	acknowledged int // of them, those before an exchange that went well
	dead         bool
	busy         bool // an exchange of it is at work
}

// moody is a store with moods.
type moody struct {
	mfa.Store
	s    *storm
	calm bool
	late []func() // writes that have not arrived yet
}

func (m *moody) Load(ctx context.Context, key string) (mfa.Item, error) {
	if !m.calm && m.s.rng.IntN(100) < 4 {
		return mfa.Item{}, errDown
	}
	return m.Store.Load(ctx, key)
}

func (m *moody) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	save := func() error { return m.Store.Save(ctx, key, old, item) }
	if m.calm {
		return save()
	}
	lost := func(err, answer error) error {
		if err != nil {
			return err
		}
		return fmt.Errorf("test: %w", answer)
	}
	switch n := m.s.rng.IntN(100); {
	case n < 8:
		return fmt.Errorf("test: %w", mfa.ErrConflict) // which is a lie
	case n < 16:
		return errDown
	case n < 24:
		return lost(save(), errDown)
	case n < 30:
		return lost(save(), mfa.ErrConflict)
	case n < 35:
		return lost(save(), mfa.ErrNotDurable)
	case n < 43:
		m.late = append(m.late, func() { _ = save() })
		return errDown
	case n < 53: // somebody comes before
		m.s.nested()
		return save()
	case n < 63: // somebody comes between the write and its lost answer
		err := save()
		m.s.nested()
		return lost(err, errDown)
	}
	return save()
}

func newStorm(t testing.TB, seed uint64) *storm {
	f := newFleet(t)
	s := &storm{fleet: f, rng: rand.New(rand.NewPCG(seed, 5))}
	s.store = &moody{Store: f.store, s: s}
	f.store = s.store
	for range 3 {
		s.start()
	}
	return s
}

func (s *storm) start() {
	l := &life{n: len(s.lives), p: s.process()}
	s.lives = append(s.lives, l)
	s.note("process %d starts", l.n)
}

func (s *storm) note(format string, args ...any) {
	s.trace = append(s.trace, strings.Repeat("  ", s.depth)+fmt.Sprintf(format, args...))
}

func (s *storm) nested() {
	if s.depth < 2 {
		s.depth++
		s.step()
		s.depth--
	}
}

func (s *storm) alive() []*life {
	return slices.DeleteFunc(slices.Clone(s.lives), func(l *life) bool { return l.dead })
}

func (s *storm) step() {
	alive := s.alive()
	l := alive[s.rng.IntN(len(alive))]
	switch n := s.rng.IntN(100); {
	case n < 30:
		k := 1 + s.rng.IntN(3)
		s.learn(l.p, l.n, k)
		l.learned += k
		s.note("process %d learns %d", l.n, k)
	case n < 75:
		s.swap(l, false)
	case n < 85:
		s.clock.Advance(time.Duration(1+s.rng.IntN(60)) * time.Second)
	case n < 88:
		s.clock.Advance(deadAfter + time.Duration(s.rng.IntN(60))*time.Second)
		s.note("eleven minutes")
	case n < 89:
		s.clock.Advance(-time.Duration(s.rng.IntN(7200)) * time.Second)
	case n < 93:
		if len(alive) < 5 {
			s.start()
		}
	case n < 97:
		if late := s.store.late; len(late) > 0 {
			s.store.late = late[1:]
			late[0]()
			s.note("a late write arrives")
		}
	case n < 98:
		if s.swap(l, true) == nil {
			s.note("process %d ends well", l.n)
			l.dead = len(alive) > 1
		}
	default:
		if len(alive) > 1 && !l.busy {
			l.dead = true
			s.died++
			s.note("process %d dies", l.n)
		}
	}
	s.look()
}

func (s *storm) swap(l *life, last bool) error {
	if l.busy {
		return errDown
	}
	l.busy = true
	before, slot := l.learned, l.p.rows.slot
	err := l.p.exchange(bg, last)
	l.busy = false
	s.note("process %d exchanges: slot %d to %d: %v", l.n, slot, l.p.rows.slot, err)
	if err == nil {
		l.acknowledged = before
	}
	if f := l.p.rows.flight; f != nil {
		s.unsure++
	}
	if slot >= 0 && slot != l.p.rows.slot {
		s.moved++
	}
	return err
}

// look: nobody sees more than there is, and everybody sees all of their own.
func (s *storm) look() {
	for _, l := range s.alive() {
		if l.busy {
			continue
		}
		for _, of := range s.lives {
			got := int(l.p.count(featASN, testKey(of.n)))
			if got > of.learned || of == l && got != of.learned {
				s.t.Errorf("process %d knows %d of %d's %d sign-ins", l.n, got, of.n, of.learned)
			}
		}
	}
}

// settle ends the storm, and compares what is there with what was learned.
func (s *storm) settle() {
	s.store.calm = true
	for _, late := range s.store.late {
		late()
	}
	for range 2 {
		for _, l := range s.alive() {
			if err := s.swap(l, false); err != nil {
				s.t.Errorf("process %d in the end: %v", l.n, err)
			}
		}
	}
	p := s.stored()
	for _, l := range s.lives {
		got := int(p.count(featASN, testKey(l.n)))
		if got > l.learned || got < l.acknowledged || !l.dead && got != l.learned {
			s.t.Errorf("process %d learned %d, %d of it acknowledged; %d are there", l.n, l.learned, l.acknowledged, got)
		}
	}
	s.look()
}

// TestRowsInAStorm holds many storms to the promise: nothing is lost but the last
// interval of a process that died, and nothing is counted twice.
func TestRowsInAStorm(t *testing.T) {
	const seeds, steps = 24, 80
	died, moved, unsure := 0, 0, 0
	for seed := range uint64(seeds) {
		s := newStorm(t, seed)
		for range steps {
			s.step()
		}
		s.settle()
		died, moved, unsure = died+s.died, moved+s.moved, unsure+s.unsure
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(s.trace, "\n"))
		}
	}
	t.Logf("%d seeds of %d steps: %d processes died, %d lost their rows, %d writes stayed open", seeds, steps, died, moved, unsure)
	if died < seeds/2 || moved < seeds/4 || unsure < seeds {
		t.Error("too little went wrong for this to prove anything")
	}
}
