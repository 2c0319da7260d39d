package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// dropPage is how many items one statement of DropExpired removes: so few that
// a Save waiting behind it does not notice.
const dropPage = 500

// DropExpired removes every item whose Expires is set and before the given
// time, and returns how many those were. The store itself never reads a clock,
// so expired items stay until this is called; pass the time that the engine
// goes by. Instances may call it at once. It takes no part in a host's transaction.
func (s *Store) DropExpired(ctx context.Context, before time.Time) (int, error) {
	if txOf(ctx) != nil {
		return 0, fmt.Errorf("sqlstore: drop expired: %w", errInTx)
	}
	drop := s.dropPage
	if s.expired != nil {
		drop = s.dropKeys
	}
	dropped := 0
	for {
		n, more, err := drop(ctx, before.UnixMicro())
		dropped += n
		if err != nil {
			return dropped, fmt.Errorf("sqlstore: drop expired: %w", err)
		}
		if !more {
			return dropped, nil
		}
	}
}

// dropPage removes some of what expired before, in one statement, and says whether
// there may be more.
func (s *Store) dropPage(ctx context.Context, before int64) (n int, more bool, err error) {
	changed, err := s.write(ctx, s.dropExpired, before, dropPage)
	return int(changed), changed == dropPage, err
}

// dropKeys removes some of what expired before, by the keys, which it reads first.
func (s *Store) dropKeys(ctx context.Context, before int64) (n int, more bool, err error) {
	args := make([]any, 1, 1+dropKeys)
	args[0] = before
	if args, err = s.expiredKeys(ctx, before, args); err != nil || len(args) == 1 {
		return 0, false, err
	}
	more = len(args) == cap(args)
	for len(args) < cap(args) {
		args = append(args, args[1])
	}
	changed, err := s.write(ctx, s.dropExpired, args...)
	// Where none went, others have been faster, or are: the next look may find the
	// same, and would go on for as long as they do.
	return int(changed), more && changed > 0, err
}

// expiredKeys appends the keys of what expired before.
func (s *Store) expiredKeys(ctx context.Context, before int64, keys []any) (_ []any, err error) {
	rows, err := s.expired.QueryContext(ctx, before, dropKeys)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key []byte
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}
