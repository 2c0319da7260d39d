package mfa

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// distinct is how many keys a stranger brings: ten times what any bound allows.
const distinct = 100_000

// TestC18_WhatAProcessRemembersIsBounded fills what outlives a request with as many
// keys as a stranger may bring. What is bounded elsewhere: names of browsers in risk,
// identifiers in internal/recent (of notify and audit) and in otelmfa.
func TestC18_WhatAProcessRemembersIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	t.Run("networks", func(t *testing.T) {
		m := meters{networks: map[string]*meter{}}
		for i := range distinct {
			n := m.network(fmt.Sprint(i))
			if n == nil {
				t.Fatalf("there is no room for the network %d, though none has anything to lose", i)
			}
			n.count.add(hourOf(now), 1)
		}
		bounded(t, len(m.networks), meterNetworks)
		for _, n := range m.networks {
			n.pending = 1
		}
		if m.network("one more") != nil {
			t.Error("a network is counted that has no room")
		}
		bounded(t, len(m.networks), meterNetworks)
	})
	t.Run("hours", func(t *testing.T) {
		var c count
		for i := range int64(distinct) {
			c.add(i, 1)
		}
		bounded(t, len(c.Hours), systemHours+1)
	})
	t.Run("blocks", func(t *testing.T) {
		l := newLeases()
		for i := range distinct {
			l.put(fmt.Sprint(i), i%2 == 0, 10, 1, now)
		}
		bounded(t, len(l.blocks), maxLeases)
		l.put("in a day", false, 10, 1, now.Add(48*time.Hour)) // all others have run out
		bounded(t, len(l.blocks), 1)
	})
	t.Run("right answers and messages", func(t *testing.T) {
		l := newLeases()
		for i := range distinct {
			key := fmt.Sprint(i)
			l.addGood(key, 1)
			l.addOut(key, 2, true)
			l.wentOut(&charge{budgets: []Budget{{MinSent: 1}}, keys: []string{"x" + key}}, 0)
		}
		bounded(t, len(l.good), maxLeases)
		bounded(t, len(l.out), maxLeases)
	})
	t.Run("destinations", func(t *testing.T) {
		l := newLeases()
		for i := range distinct {
			c := &charge{budgets: []Budget{{Name: BudgetDestination}}, keys: []string{fmt.Sprint(i)}}
			if !l.reserveDestination(c) {
				t.Fatal("a destination is busy that nobody sends to")
			}
			l.releaseDestination(c)
		}
		bounded(t, len(l.busy), 0)
	})
	t.Run("turns", func(t *testing.T) {
		turns := newTurns()
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		for i := range distinct {
			user := fmt.Sprint(i)
			leave, _, err := turns.enter(context.Background(), user)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := turns.enter(gone, user); err == nil {
				t.Fatal("two are at it")
			}
			leave()
		}
		bounded(t, len(turns.keys), 0)
	})
}

func newLeases() *leases {
	return &leases{blocks: map[string]*block{}, good: map[string]int{}, out: map[string]int{}, busy: map[string]bool{}}
}

func bounded(t *testing.T, n, most int) {
	t.Helper()
	if n > most {
		t.Errorf("%d are kept, at most %d", n, most)
	}
	if most > 0 && n == 0 {
		t.Error("nothing is kept: nothing was tried")
	}
}
