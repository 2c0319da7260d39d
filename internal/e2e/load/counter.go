package load

import (
	"context"
	"sync/atomic"

	"github.com/mfakit/mfa"
)

// A counter reads how many statements a store has run since it was made.
type counter struct {
	source string // where the number comes from
	exact  bool   // it is not late, and has nobody else's in it
	read   func(context.Context) (int64, error)
}

// counted is a store that counts by itself, for those that have no server to ask.
type counted struct {
	mfa.Store
	calls atomic.Int64
}

func (s *counted) Load(ctx context.Context, key string) (mfa.Item, error) {
	s.calls.Add(1)
	return s.Store.Load(ctx, key)
}

func (s *counted) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	s.calls.Add(1)
	return s.Store.Save(ctx, key, old, item)
}

func (s *counted) counter() *counter {
	return &counter{source: "calls of the store", exact: true, read: func(context.Context) (int64, error) { return s.calls.Load(), nil }}
}
