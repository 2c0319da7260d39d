package storetest

import (
	"context"
	"testing"

	"github.com/mfakit/mfa"
)

// A pairMistake is one of two stores in one database.
type pairMistake struct {
	name   string
	fails  string
	says   string
	stores func() (a, b mfa.Store)
}

var pairMistakes = []pairMistake{
	{"joins name and key", "neither sees the other's keys", "in the other store: load of", func() (a, b mfa.Store) {
		c := newCorrect()
		return namespaced{c, "a"}, namespaced{c, "ab"}
	}},
	{"joins name and key by what keys may hold", "neither sees the other's keys", "in the other store: load of", func() (a, b mfa.Store) {
		c := newCorrect()
		return namespaced{c, "a:"}, namespaced{c, "a:b:"}
	}},
	{"has one table for all", "neither sees the other's keys", "in the other store: load of", func() (a, b mfa.Store) {
		c := newCorrect()
		return c, c
	}},
	{"finds rows by their version", "neither changes the other's keys", "save over a version of the other store's: succeeded", func() (a, b mfa.Store) {
		c := newCorrect()
		one, other := namespaced{c, "a\xff"}, namespaced{c, "b\xff"}
		wrecked := &broken{correct: c}
		wrecked.load, wrecked.del, wrecked.scan = other.Load, other.Delete, other.Scan
		wrecked.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if there, ok := c.there(one.name + key); ok && there.Version == old {
				return one.Save(ctx, key, old, item)
			}
			return other.Save(ctx, key, old, item)
		}
		return one, wrecked
	}},
	{"has one unique index for all", "neither is in the other's way", "by the only writer", func() (a, b mfa.Store) {
		c := newCorrect()
		one, other := namespaced{c, "a\xff"}, namespaced{c, "b\xff"}
		taken := func(mine, theirs namespaced) mfa.Store {
			wrecked := &broken{correct: c}
			wrecked.load, wrecked.del, wrecked.scan = mine.Load, mine.Delete, mine.Scan
			wrecked.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
				if _, ok := c.there(theirs.name + key); ok && old == 0 {
					return mfa.ErrConflict
				}
				return mine.Save(ctx, key, old, item)
			}
			return wrecked
		}
		return taken(one, other), taken(other, one)
	}},
	{"walks over its neighbours", "neither scans the other's keys", "beside", func() (a, b mfa.Store) {
		c := newCorrect()
		one, other := namespaced{c, "a\xff"}, namespaced{c, "ab\xff"}
		wrecked := &broken{correct: c}
		wrecked.load, wrecked.del, wrecked.save = one.Load, one.Delete, one.Save
		wrecked.scan = namespaced{c, "a"}.Scan
		return wrecked, other
	}},
	{"drops for all", "neither drops what the other has", "of which there is one", func() (a, b mfa.Store) {
		c := newCorrect()
		one, other := namespaced{c, "a\xff"}, namespaced{c, "b\xff"}
		wrecked := &broken{correct: c}
		wrecked.load, wrecked.del, wrecked.save, wrecked.scan = other.Load, other.Delete, other.Save, other.Scan
		return one, wrecked
	}},
}

func TestBrokenPairsFail(t *testing.T) {
	all := allCases()
	for _, tt := range pairMistakes {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := tt.stores()
			mustFail(t, all[tt.fails], tt.says, a, b)
		})
	}
}
