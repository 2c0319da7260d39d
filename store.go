package mfa

import (
	"context"
	"errors"
	"time"
)

// A Store keeps bytes under keys, with compare-and-swap. It is all that the
// engine asks of a database, and package storetest proves any implementation.
//
// A Store must be linearizable per key, reads included: after a Save has
// returned, no Load may return what was there before. A read replica, an
// eventually consistent read or a cache in front of the database is therefore
// not a Store. It may be used from any number of goroutines and processes.
//
// Keys are valid UTF-8 of 1 to 1024 bytes; they are compared byte for byte
// (case, trailing spaces and Unicode form all matter). Values are 0 to 1 MiB of
// any bytes. What a Store is given and what it returns are copies: neither side
// may see the other's later writes.
//
// Errors other than [ErrNotFound] and [ErrConflict] mean that the outcome is
// not known. The engine then reads before it tells anyone anything.
type Store interface {
	// Load returns the item under key, or an error that wraps [ErrNotFound].
	// An item whose Expires has passed may still be returned.
	Load(ctx context.Context, key string) (Item, error)

	// Save writes item under key if the version there is still old, and
	// otherwise returns an error that wraps [ErrConflict] and changes nothing.
	// An old of 0 means that the key must not exist; an old of anything else
	// means that it must. Item.Version is never 0 and was never there before.
	Save(ctx context.Context, key string, old int64, item Item) error

	// Delete removes key if its version is still old, and otherwise returns an
	// error that wraps [ErrConflict] and changes nothing. A key that is absent
	// is no error.
	Delete(ctx context.Context, key string, old int64) error
}

// An Item is what a [Store] keeps under one key.
type Item struct {
	Value   []byte
	Version int64     // chosen by the caller of Save: random, never 0
	Expires time.Time // the store may drop the item after this time; zero: never
}

// A Scanner is a [Store] that can walk its keys. It is optional: walks such as
// re-sealing everything under a new key need it, sign-ins do not.
type Scanner interface {
	// Scan calls visit for each item whose key begins with prefix, in byte order of keys,
	// starting after the key after (empty: from the start), until visit returns
	// an error, which Scan then returns. Items that are saved or deleted during
	// the walk may or may not be visited.
	Scan(ctx context.Context, prefix, after string, visit func(key string, item Item) error) error
}

// What a [Store] returns.
var (
	// ErrNotFound says that there is nothing under the key.
	ErrNotFound = errors.New("mfa: not found")
	// ErrConflict says that the key holds another version than the one named.
	ErrConflict = errors.New("mfa: version conflict")
	// ErrNotDurable says that the item was written, but is not known to have
	// reached the copies that would survive the loss of this one. The person
	// is told to try again, and nobody is let in on the strength of it.
	ErrNotDurable = errors.New("mfa: written, but not known to be replicated")
)

// timely gives each call of a store an end, where its context has none.
type timely struct{ Store }

func (s timely) Load(ctx context.Context, key string) (Item, error) {
	ctx, end := withEnd(ctx)
	defer end()
	return s.Store.Load(ctx, key)
}

func (s timely) Save(ctx context.Context, key string, old int64, item Item) error {
	ctx, end := withEnd(ctx)
	defer end()
	return s.Store.Save(ctx, key, old, item)
}

func (s timely) Delete(ctx context.Context, key string, old int64) error {
	ctx, end := withEnd(ctx)
	defer end()
	return s.Store.Delete(ctx, key, old)
}

func withEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ends := ctx.Deadline(); ends {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, storeTimeout)
}
