package risk

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var errDown = errors.New("test: the store is down")

// A failing store answers with errors, if it has any.
type failing struct {
	mfa.Store
	load, save error
}

func (s *failing) Load(ctx context.Context, key string) (mfa.Item, error) {
	if s.load != nil {
		return mfa.Item{}, s.load
	}
	return s.Store.Load(ctx, key)
}

func (s *failing) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.save != nil {
		return s.save
	}
	return s.Store.Save(ctx, key, old, item)
}

// losing is a failing store whose next write arrives, and whose answer does not.
type losing struct {
	failing
	lose bool
}

func (s *losing) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	err := s.failing.Save(ctx, key, old, item)
	if err == nil && s.lose {
		s.lose = false
		s.load = errDown
		return errDown
	}
	return err
}

// TestALostAnswer: a write has arrived, and its process does not know. It counts once
// in between, and finds out, whether its row is still its own by then or not.
func TestALostAnswer(t *testing.T) {
	for _, first := range []bool{true, false} { // the write that takes the row, or a later one
		for _, taken := range []bool{false, true} {
			f := newFleet(t)
			store := &losing{failing: failing{Store: f.store}}
			f.store = store
			a := f.process()
			want := 3
			f.learn(a, 1, 3)
			if !first {
				f.sync(a)
				f.learn(a, 1, 4)
				want += 4
			}
			store.lose = true
			if err := a.exchange(bg, false); !errors.Is(err, errDown) {
				t.Fatalf("%v", err)
			}
			f.holds(a, 1, want)
			store.load = nil
			if err := a.fetch(bg); err != nil { // as for a report
				t.Fatal(err)
			}
			a.rebuild()
			f.holds(a, 1, want)
			f.learn(a, 1, 1)
			if taken {
				f.clock.Advance(deadAfter + time.Second)
				b := f.process()
				f.learn(b, 2, 1)
				f.sync(b)
				f.holds(b, 1, want)
			}
			want++
			f.sync(a)
			f.holds(a, 1, want)
			f.holds(f.stored(), 1, want)
			if slot := a.rows.slot; taken != (slot == 1) {
				t.Errorf("first %t, taken %t: row %d", first, taken, slot)
			}
			f.sync(a)
			p := f.stored()
			f.holds(p, 1, want)
			if me := a.rows.me; taken && p.rows.others[0].row.writesOf(me) >= p.rows.others[1].row.writesOf(me) {
				t.Error("two writes of a process have the same number")
			}
		}
	}
}

// TestALostAnswerAndAnUnreadableRow: whether a write has arrived cannot be known any more.
// It is left out rather than counted twice.
func TestALostAnswerAndAnUnreadableRow(t *testing.T) {
	f := newFleet(t)
	store := &losing{failing: failing{Store: f.store}}
	f.store = store
	a := f.process()
	f.learn(a, 1, 3)
	store.lose = true
	if err := a.exchange(bg, false); err == nil {
		t.Fatal("the answer was not lost")
	}
	store.load = nil
	if err := store.Store.Save(bg, rowKey(0), f.item(0).Version, mfa.Item{Value: []byte("?"), Version: 9}); err != nil {
		t.Fatal(err)
	}
	f.learn(a, 1, 1)
	f.sync(a)
	f.holds(a, 1, 1)
	if a.rows.slot != 1 {
		t.Errorf("row %d", a.rows.slot)
	}
}

func TestRowsUnderOtherKeys(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 5)
	f.sync(a)
	before := f.item(0)
	ours := f.keys
	f.keys, _ = mfa.NewKeyRing()
	b := f.process()
	f.learn(b, 2, 3)
	f.clock.Advance(time.Hour) // however old it is
	f.sync(b)
	if b.rows.slot != 1 {
		t.Errorf("it took row %d", b.rows.slot)
	}
	if after := f.item(0); !bytes.Equal(after.Value, before.Value) || after.Version != before.Version {
		t.Error("a row under other keys was written")
	}
	if n := strings.Count(f.log.String(), "left alone"); n != 1 {
		t.Errorf("logged %d times: %s", n, &f.log)
	}
	f.sync(b)
	if n := strings.Count(f.log.String(), "left alone"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	f.holds(b, 2, 3)
	f.keys = ours
	f.holds(f.stored(), 1, 5)
}

func TestNewerRowsAreLeftAlone(t *testing.T) {
	f := newFleet(t)
	plain := (&row{tally: &tally{}}).encode()
	plain[0] = rowVersion + 1
	newer, err := f.keys.Seal(plain, "fleet", "risk", rowKey(0))
	if err != nil {
		t.Fatal(err)
	}
	sealedNewer := append([]byte{255}, newer[1:]...)
	for slot, value := range [][]byte{newer, sealedNewer} {
		if err := f.store.Save(bg, rowKey(slot), 0, mfa.Item{Value: value, Version: 7}); err != nil {
			t.Fatal(err)
		}
	}
	f.clock.Advance(time.Hour)
	a := f.process()
	f.learn(a, 1, 2)
	f.sync(a)
	f.clock.Advance(time.Hour)
	f.sync(a)
	if a.rows.slot != 2 {
		t.Errorf("it took row %d", a.rows.slot)
	}
	for slot := range 2 {
		if f.item(slot).Version != 7 {
			t.Errorf("row %d was written", slot)
		}
	}
	f.holds(a, 1, 2)
}

// TestARowThatIsMovedDoesNotOpen: rows are sealed to their key and deployment.
func TestARowThatIsMovedDoesNotOpen(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 5)
	f.sync(a)
	if err := f.store.Save(bg, rowKey(1), 0, f.item(0)); err != nil {
		t.Fatal(err)
	}
	f.holds(f.stored(), 1, 5) // not 10
}

// TestARemovedRow is forgotten: what was in it is not brought back.
func TestARemovedRow(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 5)
	f.sync(a)
	if err := f.store.Delete(bg, rowKey(0), f.item(0).Version); err != nil {
		t.Fatal(err)
	}
	f.learn(a, 1, 2)
	f.sync(a)
	f.holds(a, 1, 2)
	f.holds(f.stored(), 1, 2)
}

// TestTheStoreGoesBack: writes that were answered are gone, as after a failover.
// Their process has them, and writes them again.
func TestTheStoreGoesBack(t *testing.T) {
	f := newFleet(t)
	a := f.process()
	f.learn(a, 1, 5)
	f.sync(a)
	early := f.item(0)
	f.learn(a, 1, 3)
	f.sync(a)
	if err := f.store.Delete(bg, rowKey(0), f.item(0).Version); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Save(bg, rowKey(0), 0, early); err != nil {
		t.Fatal(err)
	}
	f.learn(a, 1, 1)
	f.sync(a)
	f.holds(a, 1, 9)
	f.holds(f.stored(), 1, 9)
	if a.rows.slot != 0 {
		t.Errorf("it went to row %d", a.rows.slot)
	}
}
