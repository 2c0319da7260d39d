package recent

import (
	"strconv"
	"sync"
	"testing"
)

func TestTheOldestIsForgotten(t *testing.T) {
	const limit = 3
	r := New(limit)
	for i := range 10 {
		id := strconv.Itoa(i)
		if r.Has(id) {
			t.Errorf("%s is known before it was added", id)
		}
		r.Add(id)
		r.Add(id) // twice takes no room
		for j := range i + 1 {
			if want := j > i-limit; r.Has(strconv.Itoa(j)) != want {
				t.Errorf("after %d: %d is known: %t", i, j, !want)
			}
		}
		if len(r.ring) > limit || len(r.known) > limit {
			t.Errorf("%d and %d are kept", len(r.ring), len(r.known))
		}
	}
}

func TestThereIsAlwaysRoomForOne(t *testing.T) {
	r := New(0)
	r.Add("a")
	r.Add("b")
	if r.Has("a") || !r.Has("b") {
		t.Error("want the last one, and no other")
	}
}

func TestManyAtOnce(t *testing.T) {
	r := New(50)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 100 {
				r.Add(strconv.Itoa(i*100 + j))
				r.Has(strconv.Itoa(j))
			}
		})
	}
	all.Wait()
	if len(r.ring) != 50 || len(r.known) != 50 {
		t.Errorf("%d and %d are kept", len(r.ring), len(r.known))
	}
}
