package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

var (
	errNotFound = fmt.Errorf("sqlstore: load: %w", mfa.ErrNotFound)
	errSave     = fmt.Errorf("sqlstore: save: %w", mfa.ErrConflict)
	errDelete   = fmt.Errorf("sqlstore: delete: %w", mfa.ErrConflict)
)

// Load implements [mfa.Store].
func (s *Store) Load(ctx context.Context, key string) (mfa.Item, error) {
	var item mfa.Item
	var expires sql.NullInt64
	found, err := s.read(ctx, s.load, s.loadLocked, key, &item.Value, &item.Version, &expires)
	switch {
	case err != nil:
		return mfa.Item{}, fmt.Errorf("sqlstore: load: %w", err)
	case !found:
		return mfa.Item{}, errNotFound
	}
	item.Expires = fromMicros(expires)
	return item, nil
}

// Save implements [mfa.Store]. Expires is kept to the microsecond, rounded
// down.
func (s *Store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	// MySQL would cut off what its columns do not hold, and a key would be another's.
	switch {
	case len(key) > maxKey:
		return fmt.Errorf("sqlstore: save: the key has %d bytes, and may have %d", len(key), maxKey)
	case len(item.Value) > maxValue:
		return fmt.Errorf("sqlstore: save: the value has %d bytes, and may have %d", len(item.Value), maxValue)
	}
	var n int64
	var err error
	if old == 0 {
		n, err = s.write(ctx, s.create, []byte(key), bytesOf(item.Value), item.Version, toMicros(item.Expires))
	} else {
		n, err = s.write(ctx, s.update, bytesOf(item.Value), item.Version, toMicros(item.Expires), []byte(key), old)
	}
	switch {
	case err != nil:
		return fmt.Errorf("sqlstore: save: %w", err)
	case n == 0:
		return errSave
	}
	return nil
}

// What a key and a value may have, as [mfa.Store] says, in bytes.
const (
	maxKey   = 1024
	maxValue = 1 << 20
)

// Delete implements [mfa.Store].
func (s *Store) Delete(ctx context.Context, key string, old int64) error {
	n, err := s.write(ctx, s.remove, []byte(key), old)
	if err != nil {
		return fmt.Errorf("sqlstore: delete: %w", err)
	}
	if n > 0 {
		return nil
	}
	// Nothing went: the key is absent, or holds another version. It may change
	// between the two statements, but not to the version old, which was only
	// ever saved once. So the second alone decides, as of its own moment.
	var version int64
	found, err := s.read(ctx, s.version, s.versionLocked, key, &version)
	switch {
	case err != nil:
		return fmt.Errorf("sqlstore: delete: %w", err)
	case found:
		return errDelete
	}
	return nil
}

// read runs a statement that reads one row, and says whether there was one. In a
// host's transaction it is the locked one: that sees what is there now, whatever
// the transaction has read before, and it stays until the transaction ends.
func (s *Store) read(ctx context.Context, stmt, locked *sql.Stmt, key string, dest ...any) (found bool, err error) {
	scan := func(stmt *sql.Stmt) error {
		err := stmt.QueryRowContext(ctx, []byte(key)).Scan(dest...)
		found = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	if h := txOf(ctx); h != nil {
		err = h.do(ctx, locked, scan)
	} else {
		err = retried(ctx, func() error { return scan(stmt) })
	}
	return found, err
}

// write runs one statement that writes, and returns how many rows it has
// changed.
func (s *Store) write(ctx context.Context, stmt *sql.Stmt, args ...any) (n int64, err error) {
	exec := func(stmt *sql.Stmt) error {
		result, err := stmt.ExecContext(ctx, args...)
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	}
	// A host's transaction does not queue up: it may be the one that those in the
	// queue are waiting for.
	if h := txOf(ctx); h != nil {
		err = h.do(ctx, stmt, exec)
		return n, err
	}
	if err := s.writing.enter(ctx); err != nil {
		return 0, err
	}
	defer s.writing.leave()
	err = retried(ctx, func() error { return exec(stmt) })
	return n, err
}

// bytesOf makes an empty value of none, which drivers would write as NULL.
func bytesOf(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// toMicros is a time as the table keeps it: microseconds since 1970, NULL for
// the zero time.
func toMicros(t time.Time) sql.NullInt64 {
	if t.IsZero() {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: true}
}

func fromMicros(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.UnixMicro(n.Int64).UTC()
}
