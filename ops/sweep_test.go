package ops_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
)

// keep puts items of some age into a store, and says which should be left.
func keep(t *testing.T, s site) (left []string) {
	t.Helper()
	now := s.clock.Now()
	for key, c := range map[string]struct {
		expires time.Time
		kept    bool
	}{
		"limit/long ago":    {now.Add(-24 * time.Hour), false},
		"spent/long ago":    {now.Add(-24 * time.Hour), false},
		"limit/an hour ago": {now.Add(-time.Hour - time.Second), false},
		// An instance whose clock is behind still counts by it.
		"limit/just now":   {now.Add(-time.Hour), true},
		"spent/just now":   {now.Add(-time.Second), true},
		"limit/to come":    {now.Add(time.Second), true},
		"limit/never":      {time.Time{}, true},
		"claim/never":      {time.Time{}, true},
		"meta/never":       {time.Time{}, true},
		"spentandlimit/it": {time.Time{}, true},
	} {
		if err := s.store.Save(t.Context(), key, 0, mfa.Item{Value: []byte("x"), Version: 7, Expires: c.expires}); err != nil {
			t.Fatal(err)
		}
		if c.kept {
			left = append(left, key)
		}
	}
	slices.Sort(left)
	return left
}

func TestSweep_WhatHasExpired(t *testing.T) {
	for name, limited := range map[string]func(mfa.Store) mfa.Store{
		"by the store":  func(s mfa.Store) mfa.Store { return s },
		"alone":         func(s mfa.Store) mfa.Store { return plainDropper{s, s.(*memory.Store)} },
		"one by one":    func(s mfa.Store) mfa.Store { return walkable{s, s.(mfa.Scanner)} },
		"one at a time": func(s mfa.Store) mfa.Store { return walkable{s, s.(mfa.Scanner)} },
	} {
		s := quickSite(t)
		m := s.process(t, &mfatest.Recorder{})
		want := keep(t, s)
		o := ops.SweepOptions{ExpiredOnly: true, Clock: ops.Clock{Now: s.clock.Now}}
		if name == "one at a time" {
			o.Parallel = 1
		}
		stats, err := ops.Sweep(t.Context(), limited(s.store), m.Engine, o)
		if err != nil || stats.Expired != 3 || stats.Claims != 0 || stats.Failed != 0 {
			t.Errorf("%s: %+v, %v", name, stats, err)
		}
		if got := slices.Sorted(maps.Keys(dump(t, s.store))); !slices.Equal(got, want) {
			t.Errorf("%s: left are %q, want %q", name, got, want)
		}
	}
}

// plainDropper cannot be walked.
type plainDropper struct {
	mfa.Store
	drops *memory.Store
}

func (p plainDropper) DropExpired(ctx context.Context, before time.Time) (int, error) {
	return p.drops.DropExpired(ctx, before)
}

// What does not expire is never looked at, whatever stands beside it.
func TestSweep_NeverTouchesUsers(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	long := s.clock.Now().Add(-1000 * time.Hour)
	for _, key := range []string{"user/1", "bulk/1", "meta/1", "risk/1", "users/1"} {
		if err := s.store.Save(t.Context(), key, 0, mfa.Item{Value: []byte("x"), Version: 7, Expires: long}); err != nil {
			t.Fatal(err)
		}
	}
	stats, err := ops.Sweep(t.Context(), walkable{s.store, s.store.(mfa.Scanner)}, m.Engine, ops.SweepOptions{Clock: ops.Clock{Now: s.clock.Now}})
	if all := dump(t, s.store); err != nil || len(all) != 5 || stats.Expired != 0 {
		t.Errorf("%+v, %v; left are %v", stats, err, slices.Sorted(maps.Keys(all)))
	}
}

// A process that dies in the middle of an enrolment leaves claims to nobody. They
// go once nobody can still be about to make them good; those that are in use stay.
func TestSweep_Orphans(t *testing.T) {
	s := quickSite(t)
	store := &hooked{Store: s.store.(*memory.Store)}
	s.store = store
	m := s.process(t, &mfatest.Recorder{})
	keys := []*fob{withKey(t, m, user("a")), withKey(t, m, user("b"))}
	count := func() (n int) {
		for key := range dump(t, s.store) {
			if strings.HasPrefix(key, "claim/") || strings.HasPrefix(key, "bulk/") {
				n++
			}
		}
		return n
	}
	kept := count()
	dies := errors.New("the process dies")
	for _, id := range []string{"c", "e"} {
		c := caller(t, m, user(id))
		f := &fob{user: user(id), assertion: assertion{ID: "lost-" + id}}
		e, err := m.Enroll(t.Context(), c, mfa.Enroll{Method: "pass"})
		if err != nil {
			t.Fatal(err)
		}
		store.onSave(func(key string) error {
			if strings.HasPrefix(key, "user/") {
				return dies
			}
			return nil
		})
		if _, err := m.Activate(t.Context(), c, e.ID, f.sign(e.Challenge)); !errors.Is(err, dies) {
			t.Fatal(err)
		}
		store.onSave(nil)
	}
	before := count()
	o := ops.SweepOptions{Rate: ops.Unlimited, Clock: ops.Clock{Now: s.clock.Now}}
	stats, err := ops.Sweep(t.Context(), s.store, m.Engine, o)
	if err != nil || stats.Claims != before || stats.Orphans != 0 || stats.Failed != 0 || count() != before {
		t.Fatalf("at once: %+v, %v", stats, err)
	}
	s.clock.Advance(2 * time.Hour)
	stats, err = ops.Sweep(t.Context(), s.store, m.Engine, o)
	if err != nil || stats.Claims != before || stats.Orphans != before-kept || stats.Orphans < 5 || stats.Failed != 0 || count() != kept {
		t.Errorf("of %d claims and attachments: %+v, %v", before, stats, err)
	}
	if last := slices.Max(slices.Collect(maps.Keys(dump(t, s.store)))); !strings.HasPrefix(stats.Last, "claim/pass/") || stats.Last > last {
		t.Errorf("the last is %q", stats.Last)
	}
	for _, k := range keys {
		if err := byKey(t.Context(), m, k); err != nil {
			t.Error(err)
		}
	}
	if f := withKey(t, m, user("d")); byKey(t.Context(), m, f) != nil {
		t.Error("nobody can enrol any more")
	}
	// It goes on where it was stopped.
	stats, err = ops.Sweep(t.Context(), s.store, m.Engine, ops.SweepOptions{After: stats.Last, Rate: ops.Unlimited})
	if err != nil || stats.Claims >= before {
		t.Errorf("%+v, %v", stats, err)
	}
}

// What is written between the look and the deletion stays, and what fails is told.
func TestSweep_ChangedMeanwhile(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	for i := range 5 {
		if err := s.store.Save(t.Context(), fmt.Sprint("limit/", i), 0, mfa.Item{Value: []byte("x"), Version: 7, Expires: s.clock.Now().Add(-24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	store := &busy{walkable: walkable{s.store, s.store.(mfa.Scanner)}}
	stats, err := ops.Sweep(t.Context(), store, m.Engine, ops.SweepOptions{ExpiredOnly: true, Clock: ops.Clock{Now: s.clock.Now}})
	if err != nil || stats.Expired != 3 || stats.Failed != 1 || stats.Failures[0].Key != "limit/3" || !errors.Is(stats.Failures[0].Err, errBusy) {
		t.Errorf("%+v, %v", stats, err)
	}
	if left := slices.Sorted(maps.Keys(dump(t, s.store))); !slices.Equal(left, []string{"limit/1", "limit/3"}) {
		t.Errorf("left are %q", left)
	}
	// A claim that does not open is nobody's to delete.
	if err := s.store.Save(t.Context(), "claim/pass/x", 0, mfa.Item{Value: []byte("\x01x"), Version: 7}); err != nil {
		t.Fatal(err)
	}
	stats, err = ops.Sweep(t.Context(), s.store, m.Engine, ops.SweepOptions{})
	if err != nil || stats.Claims != 1 || stats.Orphans != 0 || stats.Failed != 1 || !errors.Is(stats.Failures[0].Err, mfa.ErrSealed) {
		t.Errorf("%+v, %v", stats, err)
	}
}

// A busy store has one key that is changed whenever somebody is about to delete it,
// and one that cannot be deleted.
type busy struct{ walkable }

var errBusy = errors.New("locked")

func (b *busy) Delete(ctx context.Context, key string, old int64) error {
	switch key {
	case "limit/1":
		if err := b.Save(ctx, key, old, mfa.Item{Value: []byte("new"), Version: old + 1}); err != nil {
			return err
		}
	case "limit/3":
		return errBusy
	}
	return b.walkable.Delete(ctx, key, old)
}

func TestSweep_Errors(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	down := errors.New("down")
	for name, c := range map[string]struct {
		store  mfa.Store
		engine *mfa.Engine
		o      ops.SweepOptions
	}{
		"no engine":            {store: s.store},
		"no store":             {engine: m.Engine},
		"no Scanner":           {store: plain{s.store}, engine: m.Engine},
		"no Scanner, expired":  {store: plain{s.store}, engine: m.Engine, o: ops.SweepOptions{ExpiredOnly: true}},
		"no Scanner, orphans":  {store: plainDropper{s.store, s.store.(*memory.Store)}, engine: m.Engine},
		"the store is down":    {store: downDropper{s.store, down}, engine: m.Engine},
		"grace is too short":   {store: s.store, engine: m.Engine, o: ops.SweepOptions{Grace: time.Minute}},
		"grace is below 0":     {store: s.store, engine: m.Engine, o: ops.SweepOptions{Grace: -time.Hour}},
		"rate is below 0":      {store: s.store, engine: m.Engine, o: ops.SweepOptions{Rate: -2}},
		"too many at one time": {store: s.store, engine: m.Engine, o: ops.SweepOptions{Parallel: 257}},
	} {
		c.o.After = "bulk/x"
		stats, err := ops.Sweep(t.Context(), c.store, c.engine, c.o)
		if err == nil || stats.Last != "bulk/x" || name == "the store is down" && !errors.Is(err, down) {
			t.Errorf("%s: %+v, %v", name, stats, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ops.Sweep(ctx, s.store, m.Engine, ops.SweepOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type downDropper struct {
	mfa.Store
	err error
}

func (d downDropper) DropExpired(context.Context, time.Time) (int, error) { return 0, d.err }
