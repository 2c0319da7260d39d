package sim

import (
	"slices"
	"strings"
	"testing"
)

// TestSameSeedSameStory: a story that cannot be told again cannot be looked into.
func TestSameSeedSameStory(t *testing.T) {
	k := kitFor(t)
	for seed := range uint64(60) {
		first, second := run(t, k, planFor(seed)), run(t, k, planFor(seed))
		if first.tell() != second.tell() {
			at := parting(first.story, second.story)
			t.Errorf("seed %d tells two stories, which part at line %d:\n%s\nor\n%s", seed, at, around(first.story, at), around(second.story, at))
		}
	}
}

// parting is the first line in which two stories are not the same.
func parting(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// around is a line of a story, and those before it.
func around(story []string, at int) string {
	return strings.Join(story[max(0, at-4):min(len(story), at+1)], "\n")
}

// TestShrinkLeavesWhatMatters: of a story that takes two visits, an incident and a fault
// to break something, nothing else is told.
func TestShrinkLeavesWhatMatters(t *testing.T) {
	runs := 0
	again := func(p *plan) result {
		runs++
		r := result{plan: p}
		for _, fault := range []string{"1.1", "2.1", "3.1", "3.2", "7.1"} {
			if !p.muted[fault] {
				r.faults = append(r.faults, fault)
			}
		}
		long := slices.ContainsFunc(p.visits, func(v planned) bool { return v.id == 3 && v.limit >= 4 })
		second := slices.ContainsFunc(p.visits, func(v planned) bool { return v.id == 7 })
		crashed := slices.ContainsFunc(p.incidents, func(i incident) bool { return i.id == 2 })
		switch {
		case long && second && crashed && !p.muted["3.2"]:
			r.breach = &breach{codeOnce, "twice"}
		case second:
			r.breach = &breach{flowOver, "something else"}
		}
		return r
	}
	p := &plan{muted: map[string]bool{}}
	for id := range 10 {
		p.visits = append(p.visits, planned{id: id, limit: 1 << 30})
		p.incidents = append(p.incidents, incident{id: id})
	}
	got := shrink(again, again(p), 500)
	var visits, limits []int
	for _, v := range got.plan.visits {
		visits, limits = append(visits, v.id), append(limits, v.limit)
	}
	if got.breach == nil || got.breach.invariant != codeOnce || !slices.Equal(visits, []int{3, 7}) || !slices.Equal(limits, []int{4, 1}) ||
		len(got.plan.incidents) != 1 || !slices.Equal(got.faults, []string{"3.2"}) {
		t.Errorf("after %d runs: visits %v of at most %v calls, %d incidents, faults %v, %v", runs, visits, limits, len(got.plan.incidents), got.faults, got.breach)
	}
}
