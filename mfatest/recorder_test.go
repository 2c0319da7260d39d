package mfatest_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

func TestRecorderRemembers(t *testing.T) {
	ctx := context.Background()
	var r mfatest.Recorder
	for _, e := range []mfa.Event{
		{ID: "1", Type: mfa.EventEnrolled}, {ID: "2", Type: mfa.EventFailed},
		{ID: "1", Type: mfa.EventEnrolled},               // again
		{Type: mfa.EventFailed}, {Type: mfa.EventFailed}, // without an identifier nothing is known of them
	} {
		if err := r.Observe(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Events(); len(got) != 4 || got[0].ID != "1" || got[1].ID != "2" {
		t.Errorf("%v", got)
	}
	if got := r.ByType(mfa.EventFailed); len(got) != 3 {
		t.Errorf("%v", got)
	}
	if got := r.ByType(mfa.EventReset); len(got) != 0 {
		t.Errorf("%v", got)
	}
	r.Events()[0].ID = "changed"
	if r.Events()[0].ID != "1" {
		t.Error("Events is not a copy")
	}
}

func TestRecorderFails(t *testing.T) {
	ctx := context.Background()
	var r mfatest.Recorder
	r.Fail(2)
	e := mfa.Event{ID: "1", Type: mfa.EventEnrolled}
	for range 2 {
		if err := r.Observe(ctx, e); !errors.Is(err, mfatest.ErrObserver) {
			t.Errorf("%v", err)
		}
	}
	if len(r.Events()) != 0 {
		t.Error("it remembers what it refused")
	}
	if err := r.Observe(ctx, e); err != nil || len(r.Events()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestRecorderIsWaitedFor(t *testing.T) {
	var r mfatest.Recorder
	const observers, each = 8, 50
	var all sync.WaitGroup
	for i := range observers {
		all.Go(func() {
			for j := range each {
				_ = r.Observe(context.Background(), mfa.Event{ID: strconv.Itoa(i*each + j), Type: mfa.EventFailed})
				_ = r.Observe(context.Background(), mfa.Event{Type: mfa.EventEnrolled})
			}
		})
		all.Go(func() {
			if got, err := r.Await(context.Background(), mfa.EventFailed, observers*each); err != nil || len(got) != observers*each {
				t.Errorf("%d events: %v", len(got), err)
			}
		})
	}
	all.Wait()

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	got, err := r.Await(ended, mfa.EventFailed, observers*each+1)
	if !errors.Is(err, context.Canceled) || len(got) != observers*each {
		t.Errorf("%d events: %v", len(got), err)
	}
	if _, err := r.Await(ended, mfa.EventFailed, observers*each); err != nil {
		t.Errorf("what is there already needs no waiting: %v", err)
	}
}

func TestClock(t *testing.T) {
	start := time.Unix(1000, 0)
	c := mfatest.NewClock(start)
	for range 2 {
		if !c.Now().Equal(start) {
			t.Error("it does not stand still")
		}
	}
	if got := c.Advance(time.Minute); !got.Equal(start.Add(time.Minute)) || !c.Now().Equal(got) {
		t.Errorf("%v", got)
	}
	if got := c.Advance(-2 * time.Minute); !got.Equal(start.Add(-time.Minute)) {
		t.Errorf("%v", got)
	}
	c.Set(start)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { c.Advance(time.Second); c.Now() })
	}
	all.Wait()
	if !c.Now().Equal(start.Add(100 * time.Second)) {
		t.Errorf("%v", c.Now())
	}
}
