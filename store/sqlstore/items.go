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
	err := s.load.QueryRowContext(ctx, []byte(key)).Scan(&item.Value, &item.Version, &expires)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return mfa.Item{}, errNotFound
	case err != nil:
		return mfa.Item{}, fmt.Errorf("sqlstore: load: %w", err)
	}
	item.Expires = fromMicros(expires)
	return item, nil
}

// Save implements [mfa.Store]. Expires is kept to the microsecond, rounded
// down.
func (s *Store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
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
	err = s.version.QueryRowContext(ctx, []byte(key)).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("sqlstore: delete: %w", err)
	}
	return errDelete
}

// dropPage is how many items one statement of DropExpired removes: so few that
// a Save waiting behind it does not notice.
const dropPage = 500

// DropExpired removes every item whose Expires is set and before the given
// time, and returns how many those were. The store itself never reads a clock,
// so expired items stay until this is called; pass the time that the engine
// goes by.
func (s *Store) DropExpired(ctx context.Context, before time.Time) (int, error) {
	dropped := 0
	for {
		n, err := s.write(ctx, s.dropExpiredPage, before.UnixMicro(), dropPage)
		dropped += int(n)
		if err != nil {
			return dropped, fmt.Errorf("sqlstore: drop expired: %w", err)
		}
		if n < dropPage {
			return dropped, nil
		}
	}
}

// write runs one statement that writes, and returns how many rows it has
// changed.
func (s *Store) write(ctx context.Context, stmt *sql.Stmt, args ...any) (int64, error) {
	if err := s.writing.enter(ctx); err != nil {
		return 0, err
	}
	defer s.writing.leave()
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
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
