package storetest

import (
	"context"
	"errors"
	"runtime"
	"strings"

	"github.com/mfakit/mfa"
)

// conditionMistakes are in what may be written and deleted.
var conditionMistakes = []mistake{
	{"last writer wins", "update refuses a stale version", "save over a version that was replaced: succeeded", func(b *broken) {
		b.save = func(_ context.Context, key string, _ int64, item mfa.Item) error {
			b.put(key, copied(item))
			return nil
		}
	}},
	{"create overwrites", "create refuses a key that exists", "save of a new key that exists: succeeded", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if old == 0 {
				b.put(key, copied(item))
				return nil
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"create keeps what is there and says done", "create refuses a key that exists", "save of a new key that exists: succeeded", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if err := b.correct.Save(ctx, key, old, item); err != nil && old != 0 {
				return err
			}
			return nil
		}
	}},
	{"update creates", "update refuses a key that is absent", "save over an absent key: succeeded", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if _, ok := b.there(key); !ok {
				old = 0
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"remembers the versions of deleted keys", "update refuses a version of before a delete", "save over a version that was deleted: succeeded", func(b *broken) {
		gone := make(map[string]int64)
		b.del = func(ctx context.Context, key string, old int64) error {
			gone[key] = old
			return b.correct.Delete(ctx, key, old)
		}
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if _, ok := b.there(key); !ok && old != 0 && gone[key] == old {
				old = 0
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"keeps deleted keys taken", "create works after a delete", "refused, though nothing is under it", func(b *broken) {
		gone := make(map[string]bool)
		b.del = func(ctx context.Context, key string, old int64) error {
			gone[key] = true
			return b.correct.Delete(ctx, key, old)
		}
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if gone[key] {
				return mfa.ErrConflict
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"writes the value before it compares", "update refuses a stale version", "what must not be written", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if there, ok := b.there(key); ok {
				b.put(key, mfa.Item{Value: copied(item).Value, Version: there.Version, Expires: there.Expires})
			}
			return b.correct.Save(ctx, key, old, item)
		}
	}},
	{"delete ignores the version", "delete refuses a stale version", "delete of a version that was replaced: succeeded", func(b *broken) {
		b.del = func(_ context.Context, key string, _ int64) error {
			b.remove(key)
			return nil
		}
	}},
	{"delete of version 0 deletes all", "delete refuses a stale version", "delete of version 0: succeeded", func(b *broken) {
		b.del = func(ctx context.Context, key string, old int64) error {
			if there, ok := b.there(key); ok && old == 0 {
				old = there.Version
			}
			return b.correct.Delete(ctx, key, old)
		}
	}},
	{"stale delete says done", "delete refuses a stale version", "delete of a version that was replaced: succeeded", func(b *broken) {
		b.del = func(ctx context.Context, key string, old int64) error {
			if err := b.correct.Delete(ctx, key, old); !errors.Is(err, mfa.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"delete of a missing key is ErrNotFound", "delete of an absent key is no error", "delete of a key that was never there: mfa: not found", func(b *broken) {
		b.del = func(ctx context.Context, key string, old int64) error {
			if _, ok := b.there(key); !ok {
				return mfa.ErrNotFound
			}
			return b.correct.Delete(ctx, key, old)
		}
	}},
	{"delete of a missing key is ErrConflict", "delete of an absent key is no error", "delete of a key that was never there: mfa: version conflict", func(b *broken) {
		b.del = func(ctx context.Context, key string, old int64) error {
			if _, ok := b.there(key); !ok {
				return mfa.ErrConflict
			}
			return b.correct.Delete(ctx, key, old)
		}
	}},
	{"delete does nothing", "delete removes", "after Delete: load", func(b *broken) {
		b.del = func(context.Context, string, int64) error { return nil }
	}},
	{"delete takes the key for a prefix", "delete removes", "\"user/ab\": nothing is there", func(b *broken) {
		b.del = func(ctx context.Context, key string, old int64) error {
			if err := b.correct.Delete(ctx, key, old); err != nil {
				return err
			}
			for _, other := range b.keys() {
				if strings.HasPrefix(other, key) {
					b.remove(other)
				}
			}
			return nil
		}
	}},
}

// errorMistakes are in what is said of it.
var errorMistakes = []mistake{
	{"has errors of its own", "absent key is ErrNotFound", "does not wrap mfa.ErrNotFound", failing(func(err error) error {
		return errors.New(err.Error())
	})},
	{"an absent key is an empty item", "absent key is ErrNotFound", "0 bytes \"\", want ErrNotFound", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, _ := b.correct.Load(ctx, key)
			return item, nil
		}
	}},
	{"every error is both sentinels", "update refuses a stale version", "which is an ErrNotFound, want ErrConflict alone", failing(func(err error) error {
		return errors.Join(mfa.ErrConflict, mfa.ErrNotFound, err)
	})},
	{"a conflict is ErrNotFound", "update refuses a stale version", "which is an ErrNotFound, want ErrConflict alone", failing(func(err error) error {
		if errors.Is(err, mfa.ErrConflict) {
			return mfa.ErrNotFound
		}
		return err
	})},
	{"every error of Load is ErrNotFound", "a cancelled context tells no lie", "load with a context that had ended", func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			if err != nil {
				err = mfa.ErrNotFound
			}
			return item, err
		}
	}},
	{"every error of Save is ErrConflict", "a cancelled context tells no lie", "save with a context that had ended", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if err := b.correct.Save(ctx, key, old, item); err != nil {
				return mfa.ErrConflict
			}
			return nil
		}
	}},
	{"a cancelled save says done", "a cancelled context tells no lie", "after a Save with a context that had ended: version", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			if err := b.correct.Save(ctx, key, old, item); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}
	}},
	{"saves and then calls a cancelled context a conflict", "a context cancelled midway loses nothing", "an entry whose Save was refused is there", func(b *broken) {
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			err := b.correct.Save(context.WithoutCancel(ctx), key, old, item)
			for range 10_000 {
				if ctx.Err() != nil {
					return mfa.ErrConflict
				}
				runtime.Gosched()
			}
			return err
		}
	}},
}

// failing breaks a store by the errors that it returns.
func failing(f func(error) error) func(*broken) {
	wrap := func(err error) error {
		if err != nil {
			return f(err)
		}
		return nil
	}
	return func(b *broken) {
		b.load = func(ctx context.Context, key string) (mfa.Item, error) {
			item, err := b.correct.Load(ctx, key)
			return item, wrap(err)
		}
		b.save = func(ctx context.Context, key string, old int64, item mfa.Item) error {
			return wrap(b.correct.Save(ctx, key, old, item))
		}
		b.del = func(ctx context.Context, key string, old int64) error {
			return wrap(b.correct.Delete(ctx, key, old))
		}
	}
}
