package sqlsuite

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// Statements checks how many statements each operation takes, as the server itself
// has counted them: that is what the promise of two for a verification rests on.
func Statements(t *testing.T, d Database) {
	db, counted := d.Counted(t)
	s := open(t, db, d.options())
	ctx := t.Context()
	inTx := func(f func(context.Context) error) func() error {
		return func() error {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{})
			if err != nil {
				return err
			}
			if err := f(sqlstore.WithTx(ctx, tx)); err != nil {
				return errors.Join(err, tx.Rollback())
			}
			return tx.Commit()
		}
	}
	load := func(key string) func() error {
		return func() error {
			_, err := s.Load(ctx, key)
			return err
		}
	}
	saving := func(key string, old, version int64) func() error {
		return func() error {
			return s.Save(ctx, key, old, mfa.Item{Value: make([]byte, 6000), Version: version})
		}
	}
	var nothing int64
	for _, tt := range []struct {
		name string
		run  func() error
		want error
		n    int64
	}{
		{"nothing", func() error { return nil }, nil, 0},
		{"a transaction without statements", inTx(func(context.Context) error { return nil }), nil, -1},
		{"Load of an absent key", load("user/a"), mfa.ErrNotFound, 1},
		{"Save of a new key", saving("user/a", 0, 1), nil, 1},
		{"Save of a key that exists", saving("user/a", 0, 2), mfa.ErrConflict, 1},
		{"Load", load("user/a"), nil, 1},
		{"Save", saving("user/a", 1, 3), nil, 1},
		{"Save over a stale version", saving("user/a", 1, 4), mfa.ErrConflict, 1},
		{"Save of an absent key", saving("user/b", 1, 4), mfa.ErrConflict, 1},
		{"Load and Save in a transaction", inTx(func(ctx context.Context) error {
			item, err := s.Load(ctx, "user/a")
			if err == nil {
				err = s.Save(ctx, "user/a", item.Version, mfa.Item{Version: 5})
			}
			return err
		}), nil, 2},
		{"Scan of a page", func() error { return s.Scan(ctx, "", "", func(string, mfa.Item) error { return nil }) }, nil, 1},
		{"DropExpired of nothing", func() error { _, err := s.DropExpired(ctx, time.Unix(1, 0)); return err }, nil, 1},
		{"Delete of a stale version", func() error { return s.Delete(ctx, "user/a", 1) }, mfa.ErrConflict, 2},
		{"Delete", func() error { return s.Delete(ctx, "user/a", 5) }, nil, 1},
		{"Delete of an absent key", func() error { return s.Delete(ctx, "user/a", 5) }, nil, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := counted()
			err := tt.run()
			n := counted() - before
			if !errors.Is(err, tt.want) || (tt.want == nil && err != nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			switch {
			case tt.n < 0:
				nothing = n // BEGIN and COMMIT, and what the driver says beside them
				return
			case tt.name == "Load and Save in a transaction":
				n -= nothing
			}
			if n != tt.n {
				t.Errorf("%d statements, want %d", n, tt.n)
			}
		})
	}
}
