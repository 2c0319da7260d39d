package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
)

// scanPage is how many items Scan holds in memory at once. Values are a few
// KiB, and never above 1 MiB.
const scanPage = 64

// A row is a key and its item.
type row struct {
	key  string
	item mfa.Item
}

// Scan implements [mfa.Scanner]. It reads a page at a time and holds neither a
// connection nor a transaction while it visits, so the visitor may write. It takes
// no part in a host's transaction, which so long a walk would keep open.
func (s *Store) Scan(ctx context.Context, prefix, after string, visit func(key string, item mfa.Item) error) error {
	if txOf(ctx) != nil {
		return fmt.Errorf("sqlstore: scan: %w", errInTx)
	}
	from, to := keyRange(prefix, after)
	for {
		rows, err := s.readPage(ctx, from, to)
		if err != nil {
			return fmt.Errorf("sqlstore: scan: %w", err)
		}
		for _, r := range rows {
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("sqlstore: scan: %w", err)
			}
			if err := visit(r.key, r.item); err != nil {
				return err
			}
		}
		if len(rows) < scanPage {
			return nil
		}
		from = successor(rows[len(rows)-1].key)
	}
}

// readPage reads the first items of the keys from ≤ key < to.
func (s *Store) readPage(ctx context.Context, from, to []byte) (page []row, err error) {
	rows, err := s.page.QueryContext(ctx, from, to, scanPage)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key []byte
		var item mfa.Item
		var expires sql.NullInt64
		if err := rows.Scan(&key, &item.Value, &item.Version, &expires); err != nil {
			return nil, err
		}
		item.Expires = fromMicros(expires)
		page = append(page, row{string(key), item})
	}
	return page, rows.Err()
}

// keyRange is the range from ≤ key < to of the keys that have the prefix and
// come after the one given.
func keyRange(prefix, after string) (from, to []byte) {
	from = []byte(prefix)
	if after >= prefix {
		from = successor(after)
	}
	return from, beyond(prefix)
}

// successor is the first key after the one given.
func successor(key string) []byte {
	return append([]byte(key), 0)
}

// beyond is the first byte string after all those with the prefix. The byte
// 0xFF is in no UTF-8, so that it stands beyond every key.
func beyond(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xFF {
			end[i]++
			return end[:i+1]
		}
	}
	return []byte{0xFF}
}
