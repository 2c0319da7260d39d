// Command customstore shows how to bring a database of one's own: store.go is an
// mfa.Store over bbolt, a file of ordered keys, in about fifty lines; this
// program signs somebody in with it, and its test proves it with the kit. How it
// came about, step by step, and what the kit said at each, is in
// docs/adapters.md.
//
//	go run ./examples/customstore [file]
//
// What bbolt gives: transactions in which nobody else writes, so that comparing
// and writing are one thing; a commit that has reached the disk; reads that see
// every commit before them; keys that are bytes, in their order. What it does not
// give: a second process, as the file is locked by one.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"go.etcd.io/bbolt"
)

// A store is an mfa.Store and mfa.Scanner in one bucket, which must exist. Under
// each key are the version and the expiry, of eight bytes each, and the value.
type store struct {
	db     *bbolt.DB
	bucket string
}

// Load returns the item under key. It waits for nobody, so it needs no context.
func (s store) Load(_ context.Context, key string) (item mfa.Item, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		raw := tx.Bucket([]byte(s.bucket)).Get([]byte(key))
		if raw == nil {
			return fmt.Errorf("customstore: load: %w", mfa.ErrNotFound)
		}
		item = decode(raw)
		return nil
	})
	return item, err
}

// Save writes item over the version old, or where nothing is if that is 0.
func (s store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return s.change(ctx, key, func(b *bbolt.Bucket, there int64) error {
		if there != old {
			return fmt.Errorf("customstore: save: %w", mfa.ErrConflict)
		}
		return b.Put([]byte(key), encode(item))
	})
}

// Delete removes the version old. What is not there is gone already.
func (s store) Delete(ctx context.Context, key string, old int64) error {
	return s.change(ctx, key, func(b *bbolt.Bucket, there int64) error {
		if there != 0 && there != old {
			return fmt.Errorf("customstore: delete: %w", mfa.ErrConflict)
		}
		return b.Delete([]byte(key))
	})
}

// change lets decide look at the version under key, 0 standing for none, and
// write, in one transaction. Writers wait for each other here, and bbolt knows
// no context: one that ended meanwhile is seen before anything is written.
func (s store) change(ctx context.Context, key string, decide func(b *bbolt.Bucket, there int64) error) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, there := tx.Bucket([]byte(s.bucket)), int64(0)
		if raw := b.Get([]byte(key)); raw != nil {
			there = decode(raw).Version
		}
		return decide(b, there)
	})
}

// Scan visits the keys with the prefix, after the one named. It reads a page and
// ends the transaction before it visits: a visitor that writes within one would
// wait for itself.
func (s store) Scan(ctx context.Context, prefix, after string, visit func(key string, item mfa.Item) error) error {
	from := max(prefix, after+"\x00") // the first key after the one named
	for {
		var keys []string
		var items []mfa.Item
		err := s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(s.bucket)).Cursor()
			for k, raw := c.Seek([]byte(from)); k != nil && strings.HasPrefix(string(k), prefix) && len(keys) < 64; k, raw = c.Next() {
				keys, items = append(keys, string(k)), append(items, decode(raw))
			}
			return ctx.Err()
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		for i, key := range keys {
			if err := visit(key, items[i]); err != nil {
				return err
			}
		}
		from = keys[len(keys)-1] + "\x00"
	}
}

// encode keeps the expiry in microseconds since 1970. The zero time, which means
// never, is a number of its own there, in the year 1.
func encode(item mfa.Item) []byte {
	raw := binary.BigEndian.AppendUint64(nil, uint64(item.Version))
	raw = binary.BigEndian.AppendUint64(raw, uint64(item.Expires.UnixMicro()))
	return append(raw, item.Value...)
}

// decode copies the value: what bbolt returns is its own memory, and gone with
// the transaction.
func decode(raw []byte) mfa.Item {
	return mfa.Item{
		Version: int64(binary.BigEndian.Uint64(raw)),
		Expires: time.UnixMicro(int64(binary.BigEndian.Uint64(raw[8:]))).UTC(),
		Value:   slices.Clone(raw[16:]),
	}
}
