package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
)

// A wireMistake is in what a store makes of a connection that was cut.
type wireMistake struct {
	name  string
	fails string
	says  string
	wreck func(w *wired, b *broken)
}

var wireMistakes = []wireMistake{
	{"a lost connection is a conflict", "a lost connection tells no lie", "with no other writer", func(w *wired, b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := w.Save(ctx, key, old, item)
			if errors.Is(err, errCut) {
				return mfa.ErrConflict
			}
			return err
		}
	}},
	{"a lost connection is an absent key", "a lost connection tells no lie", "where an item was acknowledged", absentWhenCut},
	{"a lost connection is an absent key", "a code is accepted once over cut connections", "a Save that was acknowledged is not there", absentWhenCut},
	{"what was not sent is done", "a lost connection tells no lie", "that was acknowledged", func(w *wired, b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := w.Save(ctx, key, old, item)
			if errors.Is(err, errCut) {
				return nil
			}
			return err
		}
	}},
	{"never connects again", "the store comes back after a cut", "does not work again", func(w *wired, b *broken) {
		cut := false
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := w.Save(ctx, key, old, item)
			if cut = cut || errors.Is(err, errCut); cut {
				return errCut
			}
			return err
		}
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := w.Load(ctx, key)
			if cut = cut || errors.Is(err, errCut); cut {
				return item, errCut
			}
			return item, err
		}
	}},
	{"repeats without the condition", "nothing acknowledged is undone over cut connections", "another Save has undone it", func(w *wired, b *broken) {
		var mu sync.Mutex
		again := make(map[string]mfa.Item) // to be sent again, after the next one has come
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			mu.Lock()
			defer mu.Unlock()
			err := w.Save(ctx, key, old, item)
			if errors.Is(err, errCut) {
				again[key] = copied(item)
			} else if late, ok := again[key]; ok && err == nil {
				w.put(key, late)
				delete(again, key)
			}
			return err
		}
	}},
	{"a lost page is the last", "scan says that it was cut", "and returns no error", func(w *wired, b *broken) {
		b.scan = func(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
			err := w.Scan(ctx, prefix, after, visit)
			if errors.Is(err, errCut) {
				return nil
			}
			return err
		}
	}},
}

func absentWhenCut(w *wired, b *broken) {
	b.load = func(ctx context.Context, key string) (mfa.Item, error) {
		item, err := w.Load(ctx, key)
		if errors.Is(err, errCut) {
			return item, mfa.ErrNotFound
		}
		return item, err
	}
}

func TestBrokenWiresFail(t *testing.T) {
	for _, tt := range wireMistakes {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &wired{correct: newCorrect()}
			b := &broken{correct: w.correct}
			b.load, b.save, b.del, b.scan = w.Load, w.Save, w.Delete, w.Scan
			tt.wreck(w, b)
			for _, c := range faultyCases(w.cut) {
				if c.name == tt.fails {
					mustFail(t, c, tt.says, b, b)
					return
				}
			}
			t.Errorf("there is no case %q", tt.fails)
		})
	}
}
