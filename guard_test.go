package mfa_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// where a budget cannot be read or written, nothing is sent.
func TestA94_NothingIsSentWithoutTheGuard(t *testing.T) {
	garbage := mfa.Item{Value: []byte("garbage"), Version: 3}
	for name, hook := range map[string]func(g *guard){
		"load fails": func(g *guard) { g.load = func(mfa.Item, error) (mfa.Item, error) { return mfa.Item{}, errWire } },
		"garbage":    func(g *guard) { g.load = func(mfa.Item, error) (mfa.Item, error) { return garbage, nil } },
		"empty":      func(g *guard) { g.load = func(mfa.Item, error) (mfa.Item, error) { return mfa.Item{Version: 3}, nil } },
		"newer": func(g *guard) {
			g.load = func(i mfa.Item, err error) (mfa.Item, error) { i.Value = []byte{9}; return i, nil }
		},
		"save fails":  func(g *guard) { g.save = func(func() error) error { return errWire } },
		"saved, lost": func(g *guard) { g.save = func(save func() error) error { _ = save(); return errWire } },
		"not durable": func(g *guard) { g.save = func(save func() error) error { _ = save(); return mfa.ErrNotDurable } },
		"conflicts":   func(g *guard) { g.save = func(func() error) error { return mfa.ErrConflict } },
	} {
		for kind, leased := range map[string]bool{"exact": false, "leased": true} {
			t.Run(name+", "+kind, func(t *testing.T) {
				g := &guard{Store: memory.New()}
				w := newTextWorld(t, all(mfa.Budget{Hour: 1000, Leased: leased}), silent, withStore(g))
				u := person("u")
				w.withNumber(u, fresh())
				f := w.signIn(u, mfa.Client{})
				hook(g)
				was := value(t, g.Store, "u")
				for what, err := range map[string]error{"challenge": second(w.ask(f)), "enroll": w.ring(fresh(), mfa.Client{})} {
					if err == nil || errors.Is(err, mfa.ErrDelivery) {
						t.Errorf("%s: %v", what, err)
					}
				}
				if n := w.tower.count(); n != 0 || value(t, g.Store, "u").Version != was.Version {
					t.Errorf("%d sent", n)
				}
				g.load, g.save = nil, nil
				is(t, second(w.process().ask(f)), nil)
				is(t, second(w.ask(f)), mfa.ErrTooSoon)
			})
		}
	}
}

// A guard is a store whose budgets, and nothing else, can be tampered with.
type guard struct {
	mfa.Store
	load func(mfa.Item, error) (mfa.Item, error)
	save func(func() error) error
}

func (g *guard) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := g.Store.Load(ctx, key)
	if g.load != nil && strings.HasPrefix(key, "limit/") {
		return g.load(item, err)
	}
	return item, err
}

func (g *guard) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	save := func() error { return g.Store.Save(ctx, key, old, item) }
	if g.save != nil && strings.HasPrefix(key, "limit/") {
		return g.save(save)
	}
	return save()
}

// C-20: what budgets are kept under, and hold, tells no number.
func TestC20_A87_BudgetsHoldNoNumber(t *testing.T) {
	ring, err := mfa.NewKeyRingFrom(glass{}, make([]byte, 32)) // the values lie open
	if err != nil {
		t.Fatal(err)
	}
	s := memory.New()
	w := newTextWorld(t, func(to string) []mfa.Budget {
		return []mfa.Budget{{Name: mfa.BudgetDestination, Key: to, Hour: 9}, {Name: mfa.BudgetNetwork, Hour: 9}, {Name: "prefix", Key: to[:6], Label: to[:6], Hour: 90, Leased: true, MinSent: 9, MinVerified: 9}}
	}, withStore(s), func(c *mfa.Config) { c.Keys = ring })
	const to = "+447712345678"
	is(t, w.ring(to, from(1)), nil)
	n := 0
	err = s.Scan(bg, "limit/", "", func(key string, item mfa.Item) error {
		n++
		if raw, err := hex.DecodeString(strings.TrimPrefix(key, "limit/")); err != nil || len(raw) < 16 {
			t.Errorf("key %q", key)
		}
		for _, part := range []string{to, to[1:], to[:6], "7712345", "10.0.1", "stranger"} {
			if strings.Contains(key+string(item.Value), part) {
				t.Errorf("%q is told by %q", part, key)
			}
		}
		if item.Expires.IsZero() || item.Expires.Before(w.clock.Now().Add(24*time.Hour)) {
			t.Errorf("expires %v", item.Expires)
		}
		return nil
	})
	if err != nil || n != 3 {
		t.Errorf("%d budgets, %v", n, err)
	}
	// Moved under another key, a value does not open.
	var keys []string
	_ = s.Scan(bg, "limit/", "", func(key string, _ mfa.Item) error { keys = append(keys, key); return nil })
	a, _ := s.Load(bg, keys[0])
	b, _ := s.Load(bg, keys[1])
	is(t, s.Save(bg, keys[0], a.Version, mfa.Item{Value: b.Value, Version: 5}), nil)
	is(t, s.Save(bg, keys[1], b.Version, mfa.Item{Value: a.Value, Version: 6}), nil)
	w.clock.Advance(time.Hour)
	is(t, w.process().ring(to, from(1)), mfa.ErrSealed)
}
