package redisstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

var (
	errNotFound = fmt.Errorf("redisstore: load: %w", mfa.ErrNotFound)
	errSave     = fmt.Errorf("redisstore: save: %w", mfa.ErrConflict)
	errDelete   = fmt.Errorf("redisstore: delete: %w", mfa.ErrConflict)
)

// Load implements [mfa.Store]. It is one GET to the key's master.
func (s *Store) Load(ctx context.Context, key string) (mfa.Item, error) {
	text, err := s.get(ctx, s.name(key))
	switch {
	case errors.Is(err, redis.Nil):
		return mfa.Item{}, errNotFound
	case err != nil:
		return mfa.Item{}, fmt.Errorf("redisstore: load: %w", quiet(err))
	}
	item, err := record.Decode(text)
	if err != nil {
		return mfa.Item{}, fmt.Errorf("redisstore: load: %w", err)
	}
	return item, nil
}

// loadFaults is how often a Load may get no answer. Unlike a Save it can be
// repeated.
const loadFaults = 3

func (s *Store) get(ctx context.Context, name string) (record string, err error) {
	faults := 0
	err = s.onMaster(ctx, name, func(node *redis.Client, asking bool) error {
		cmd := redis.NewCmd(ctx, "get", name)
		if asking {
			pipe := node.Pipeline()
			_ = pipe.Process(ctx, redis.NewCmd(ctx, "asking")) // queues; so does the other
			_ = pipe.Process(ctx, once{cmd})
			_, _ = pipe.Exec(ctx) // each command has its own error
		} else {
			_ = node.Process(ctx, once{cmd})
		}
		var err error
		record, err = cmd.Text()
		return err
	}, func(err error) bool {
		if turnedAway(err) || answered(err) {
			return turnedAway(err)
		}
		faults++
		return faults < loadFaults && !errors.Is(err, context.Canceled) && !errors.Is(err, redis.ErrClosed)
	})
	return record, err
}

// Save implements [mfa.Store]. Expires is kept to the microsecond, rounded down.
// Unless InsecureAsync, an error that wraps [mfa.ErrNotDurable] says that the item
// is or may be written, and may be lost again; see the package's comment.
func (s *Store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	saved, err := s.write(ctx, saveScript, key, record.Version(old), record.Encode(item), dropAfter(item.Expires))
	switch {
	case err != nil:
		return fmt.Errorf("redisstore: save: %w", err)
	case !saved:
		return errSave
	}
	return nil
}

// Delete implements [mfa.Store]. As with Save, [mfa.ErrNotDurable] says that the
// key may come back.
func (s *Store) Delete(ctx context.Context, key string, old int64) error {
	waits := "1"
	if s.options.InsecureAsync {
		waits = "0"
	}
	deleted, err := s.write(ctx, deleteScript, key, record.Version(old), waits)
	switch {
	case err != nil:
		return fmt.Errorf("redisstore: delete: %w", err)
	case !deleted:
		return errDelete
	}
	return nil
}
