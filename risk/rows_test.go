package risk

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

var bg = context.Background()

// A fleet is a deployment: some processes over one store.
type fleet struct {
	t     testing.TB
	store mfa.Store
	keys  *mfa.KeyRing
	clock *mfatest.Clock
	log   bytes.Buffer
}

func newFleet(t testing.TB) *fleet {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix((rowsNoon.Unix()/epochLength)*epochLength+epochLength/2, 0) // nothing ages unless it is made to
	return &fleet{t: t, store: memory.New(), keys: keys, clock: mfatest.NewClock(start)}
}

func (f *fleet) config() Config {
	return Config{
		Keys: f.keys, Store: f.store, Deployment: "fleet", Now: f.clock.Now,
		Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
}

func (f *fleet) scorer() *Scorer {
	f.t.Helper()
	s, err := New(f.config())
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fleet) process() *population { f.t.Helper(); return f.scorer().pop }

// learn counts n sign-ins that tell of a process.
func (f *fleet) learn(p *population, from, n int) {
	d := voteOf(featASN, testKey(from))
	d.At = f.clock.Now().Unix() / 60
	for range n {
		p.add(d)
	}
}

func (f *fleet) sync(p *population) {
	f.t.Helper()
	if err := p.exchange(bg, false); err != nil {
		f.t.Fatal(err)
	}
}

// holds wants a process to know that n sign-ins tell of another.
func (f *fleet) holds(p *population, from, n int) {
	f.t.Helper()
	if got := p.count(featASN, testKey(from)); got != float64(n) {
		f.t.Errorf("of process %d %g sign-ins are known, want %d", from, got, n)
	}
}

// stored is what the rows hold, for a process that comes new.
func (f *fleet) stored() *population {
	f.t.Helper()
	p := f.process()
	if err := p.fetch(bg); err != nil {
		f.t.Fatal(err)
	}
	p.rebuild()
	return p
}

func (f *fleet) item(slot int) mfa.Item {
	f.t.Helper()
	item, err := f.store.Load(bg, rowKey(slot))
	if err != nil {
		f.t.Fatal(err)
	}
	return item
}

func TestWhatOneLearnsAllKnow(t *testing.T) {
	f := newFleet(t)
	a, b := f.process(), f.process()
	f.learn(a, 1, 5)
	f.holds(a, 1, 5) // at once
	f.sync(a)
	f.learn(b, 2, 7)
	f.sync(b)
	f.holds(b, 1, 5)
	f.holds(b, 2, 7)
	f.sync(a)
	f.holds(a, 1, 5)
	f.holds(a, 2, 7)
	f.learn(a, 1, 1)
	f.sync(a)
	f.sync(b)
	f.holds(b, 1, 6)
	if a.rows.slot != 0 || b.rows.slot != 1 {
		t.Errorf("slots %d and %d", a.rows.slot, b.rows.slot)
	}
	if a.total() != 13 || b.total() != 13 {
		t.Errorf("totals %g and %g", a.total(), b.total())
	}
}

// A tallying store counts who wrote what.
type tallying struct {
	mfa.Store
	saves, refused map[string]int
}

func (s *tallying) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := s.Store.Save(ctx, key, old, item)
	if s.saves[key]++; err != nil {
		s.refused[key]++
	}
	return err
}

// TestNoRowIsHot: each process writes one row, its own, and none waits for another.
func TestNoRowIsHot(t *testing.T) {
	f := newFleet(t)
	s := &tallying{f.store, map[string]int{}, map[string]int{}}
	f.store = s
	var all []*population
	for range 6 {
		all = append(all, f.process())
	}
	const rounds = 8
	for range rounds {
		for i, p := range all {
			f.learn(p, i, 3)
			f.sync(p)
		}
		f.clock.Advance(syncEvery)
	}
	for i := range all {
		if n := s.saves[rowKey(i)]; n != rounds {
			t.Errorf("row %d was written %d times in %d rounds", i, n, rounds)
		}
	}
	if len(s.saves) != len(all) || len(s.refused) != 0 {
		t.Errorf("rows %v, refused %v", s.saves, s.refused)
	}
	p := f.stored()
	for i := range all {
		f.holds(p, i, 3*rounds)
	}
}

func TestAnIdleProcessWritesLittle(t *testing.T) {
	f := newFleet(t)
	s := &tallying{f.store, map[string]int{}, map[string]int{}}
	f.store = s
	a, b := f.process(), f.process()
	f.sync(b)
	if len(s.saves) != 0 {
		t.Error("who has nothing to say takes a row")
	}
	f.learn(a, 1, 1)
	for range 40 { // twenty minutes
		f.sync(a)
		f.sync(b)
		f.clock.Advance(syncEvery)
	}
	if n := s.saves[rowKey(0)]; n > 8 {
		t.Errorf("%d writes without news in twenty minutes", n)
	}
	f.learn(b, 2, 1)
	f.sync(b)
	if b.rows.slot != 1 {
		t.Error("an idle process lost its row")
	}
}

// TestAPausedProcess comes back to a row that another has taken since.
func TestAPausedProcess(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 5)
	f.sync(a)
	f.learn(a, 1, 2) // not saved when it stops
	f.clock.Advance(deadAfter + time.Second)
	b := f.process()
	f.learn(b, 2, 3)
	f.sync(b)
	if b.rows.slot != 0 {
		t.Fatalf("the dead row was not taken, but %d", b.rows.slot)
	}
	f.holds(b, 1, 5)
	f.learn(a, 1, 1)
	f.sync(a)
	if a.rows.slot != 1 {
		t.Errorf("it goes on in row %d", a.rows.slot)
	}
	f.holds(a, 1, 8)
	f.holds(a, 2, 3)
	p := f.stored()
	f.holds(p, 1, 8)
	f.holds(p, 2, 3)
	f.sync(b)
	f.holds(b, 1, 8)
}

// TestALiveRowIsNotTaken, whatever the clocks say, while it is seen to change.
func TestALiveRowIsNotTaken(t *testing.T) {
	f := newFleet(t)
	a, b := f.process(), f.process()
	for range 5 {
		f.learn(a, 1, 1)
		f.sync(a)
		f.sync(b)
		f.clock.Advance(syncEvery)
	}
	ahead := f.clock.Now().Add(time.Hour)
	b.clock = func() time.Time { return ahead }
	for _, o := range b.rows.others {
		o.since = ahead.Add(-time.Minute)
	}
	f.learn(b, 2, 1)
	f.sync(b)
	if b.rows.slot != 1 {
		t.Errorf("a process whose clock is ahead has taken row %d", b.rows.slot)
	}
}

func TestTheClockGoesBack(t *testing.T) {
	f := newFleet(t)
	a, b := f.process(), f.process()
	f.clock.Advance(2 * epochLength * time.Second)
	f.learn(a, 1, 4)
	f.sync(a)
	f.learn(b, 2, 4)
	f.sync(b)
	f.clock.Advance(-3 * epochLength * time.Second)
	f.learn(a, 1, 1)
	f.learn(b, 2, 1)
	for range 30 {
		f.sync(a)
		f.sync(b)
		f.clock.Advance(syncEvery)
	}
	if a.rows.slot != 0 || b.rows.slot != 1 {
		t.Errorf("slots %d and %d", a.rows.slot, b.rows.slot)
	}
	f.holds(a, 1, 5)
	f.holds(a, 2, 5)
	c := f.process() // knows the time before alone
	f.learn(c, 3, 1)
	f.sync(c)
	f.holds(c, 1, 5)
	f.holds(c, 3, 1)
}

// TestAWrongClockAgesNobody: a row from the far future counts as of now.
func TestAWrongClockAgesNobody(t *testing.T) {
	f := newFleet(t)
	a, wrong := f.process(), f.process()
	f.learn(a, 1, 100)
	f.sync(a)
	f.sync(wrong) // it knows that row 0 is alive
	wrong.clock = func() time.Time { return f.clock.Now().AddDate(50, 0, 0) }
	wrong.rows.others[0].since = wrong.clock()
	wrong.rows.others[0].moved = true
	d := voteOf(featASN, testKey(2))
	d.At = wrong.clock().Unix() / 60
	wrong.add(d)
	f.sync(wrong)
	if wrong.rows.slot != 1 {
		t.Fatalf("it took row %d", wrong.rows.slot)
	}
	f.sync(a)
	f.holds(a, 1, 100)
	f.holds(a, 2, 1)
	f.holds(f.stored(), 1, 100)
}

func TestWithoutAStore(t *testing.T) {
	f := newFleet(t)
	f.store = nil
	s := f.scorer()
	f.learn(s.pop, 1, 2)
	if err := s.Sync(bg); err != nil {
		t.Error(err)
	}
	f.holds(s.pop, 1, 2)
	if _, err := s.Report(bg); err != nil {
		t.Error(err)
	}
}
