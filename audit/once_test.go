package audit_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
)

type observer func(mfa.Event) error

func (f observer) Observe(_ context.Context, e mfa.Event) error { return f(e) }

func TestOnce(t *testing.T) {
	var told []string
	fault := errors.New("down")
	var fail error
	o := audit.Once(observer(func(e mfa.Event) error {
		if fail == nil {
			told = append(told, e.ID)
		}
		return fail
	}))
	tell := func(id string, notice bool, want error) {
		t.Helper()
		if err := o.Observe(t.Context(), mfa.Event{ID: id, Notice: notice, Type: mfa.EventReset}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", id, err, want)
		}
	}
	fail = fault
	tell("a", true, fault) // not taken: it comes again
	tell("a", true, fault)
	fail = nil
	tell("a", true, nil)
	tell("a", true, nil) // an acknowledgement that was lost
	tell("b", true, nil)
	tell("a", true, nil)
	for range 2 { // nothing is known of those that have no ID, and others do not come again
		tell("", true, nil)
		tell("c", false, nil)
	}
	if got := len(told); got != 6 || told[0] != "a" || told[1] != "b" {
		t.Errorf("told %q", told)
	}
}

func TestOnce_ForgetsTheOldest(t *testing.T) {
	told := map[string]int{}
	o := audit.Once(observer(func(e mfa.Event) error { told[e.ID]++; return nil }))
	const kept = 4096
	for i := range kept + 1 {
		_ = o.Observe(t.Context(), mfa.Event{ID: strconv.Itoa(i), Notice: true})
	}
	for _, id := range []string{"1", strconv.Itoa(kept), "0"} {
		_ = o.Observe(t.Context(), mfa.Event{ID: id, Notice: true})
	}
	if told["0"] != 2 || told["1"] != 1 || told[strconv.Itoa(kept)] != 1 {
		t.Errorf("told %d, %d, %d times", told["0"], told["1"], told[strconv.Itoa(kept)])
	}
}

// The engine stops waiting for an observer that is slow, and offers the notice
// again while the first try is still on its way.
func TestOnce_WhileItIsBeingTold(t *testing.T) {
	in, out := make(chan struct{}), make(chan error)
	calls := 0
	o := audit.Once(observer(func(mfa.Event) error {
		calls++
		in <- struct{}{}
		return <-out
	}))
	e := mfa.Event{ID: "a", Notice: true}
	for _, result := range []error{errFull, nil} {
		done := make(chan error)
		go func() { done <- o.Observe(context.Background(), e) }()
		<-in
		if err := o.Observe(t.Context(), e); err == nil {
			t.Error("what may still fail counts as taken")
		}
		out <- result
		if err := <-done; !errors.Is(err, result) {
			t.Errorf("got %v", err)
		}
	}
	if err := o.Observe(t.Context(), e); err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestOnce_AfterAPanic(t *testing.T) {
	panics := true
	calls := 0
	o := audit.Once(observer(func(mfa.Event) error {
		if calls++; panics {
			panic("oops")
		}
		return nil
	}))
	e := mfa.Event{ID: "a", Notice: true}
	func() {
		defer func() { _ = recover() }()
		_ = o.Observe(t.Context(), e)
	}()
	panics = false
	for range 2 {
		if err := o.Observe(t.Context(), e); err != nil {
			t.Error(err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
}
