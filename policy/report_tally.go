package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// A tally is a report in the making. What it keeps depends on the number of times
// and groups, never on that of users. It is not safe for concurrent use.
type tally struct {
	users    int
	times    []timeTally
	failures sample[Failure]
}

type timeTally struct {
	at              time.Time
	total           Counts
	phases, cohorts groups
	lockedOut       sample[LockedOut]
}

func newTally(at []time.Time, size int) *tally {
	t := &tally{times: make([]timeTally, len(at)), failures: sample[Failure]{size: size}}
	for i := range at {
		t.times[i] = timeTally{at: at[i], lockedOut: sample[LockedOut]{size: size}}
	}
	return t
}

// count enters a user, with an outlook for each time.
func (t *tally) count(u mfa.User, cohorts []string, seen []mfa.Outlook) {
	t.users++
	cohorts = cleanAll(cohorts)
	for i := range seen {
		o, reason := outcomeOf(u, seen[i])
		phase := clean(seen[i].Decision.Phase, maxGroupBytes)
		at := &t.times[i]
		at.total.add(o, reason)
		at.phases.add([]string{phase}, o, reason)
		at.cohorts.add(cohorts, o, reason)
		if o == lockedOut {
			at.lockedOut.offer(u.ID, func(id string) LockedOut { return LockedOut{id, phase, clean(reason, maxGroupBytes)} })
		}
	}
}

// fail enters a user of whom nothing is known, at any time. No rule has decided
// about them, so they are in no phase.
func (t *tally) fail(u mfa.User, cohorts []string, err error) {
	t.users++
	t.failures.offer(u.ID, func(id string) Failure { return Failure{id, err} })
	cohorts = cleanAll(cohorts)
	for i := range t.times {
		t.times[i].total.add(failed, "")
		t.times[i].cohorts.add(cohorts, failed, "")
	}
}

func (t *tally) report(title string) *Report {
	r := &Report{Title: title, Users: t.users, Failures: t.failures.kept}
	for i := range t.times {
		at := &t.times[i]
		r.Times = append(r.Times, Forecast{At: at.at, Total: at.total, Phases: at.phases.list(), Cohorts: at.cohorts.list(), LockedOut: at.lockedOut.kept})
	}
	return r
}

// groups are counters by name, and one for all names that are too many.
type groups struct {
	named map[string]*Counts
	more  Counts
}

// add counts a user in each of the groups, which are different ones; in that of
// all others at most once.
func (g *groups) add(names []string, o outcome, reason string) {
	more := false
	for _, n := range names {
		c := g.named[n]
		if c == nil && len(g.named) < maxGroups {
			if g.named == nil {
				g.named = map[string]*Counts{}
			}
			c = new(Counts)
			g.named[n] = c
		}
		if c == nil {
			more = true
			continue
		}
		c.add(o, reason)
	}
	if more {
		g.more.add(o, reason)
	}
}

func (g *groups) list() []Group {
	var out []Group
	for _, n := range slices.Sorted(maps.Keys(g.named)) {
		out = append(out, Group{Name: n, Counts: *g.named[n]})
	}
	if g.more.Users > 0 {
		out = append(out, Group{More: true, Counts: g.more})
	}
	return out
}

// A sample keeps those whose IDs have the smallest hashes: which ones is neither
// a matter of their order, which would show the oldest accounts alone, nor of
// which goroutine was the fastest.
type sample[T any] struct {
	size  int // below 1: nobody is kept
	ranks []uint64
	kept  []T
}

func (s *sample[T]) offer(id string, make func(id string) T) {
	id = clean(id, maxIDBytes)
	sum := sha256.Sum256([]byte(id))
	rank := binary.BigEndian.Uint64(sum[:])
	at, _ := slices.BinarySearchFunc(s.ranks, rank, func(a, b uint64) int {
		if a == b {
			return -1 // behind its like
		}
		return cmp.Compare(a, b)
	})
	if at >= s.size {
		return
	}
	s.ranks = slices.Insert(s.ranks, at, rank)
	s.kept = slices.Insert(s.kept, at, make(id))
	if len(s.kept) > s.size {
		s.ranks, s.kept = s.ranks[:s.size], s.kept[:s.size]
	}
}
