package otelmfa

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/trace"
)

// keyspaces are what keys begin with.
var keyspaces = wordsOf("user", "claim", "spent", "limit", "bulk", "risk", "meta")

// Store is s, measured: how long its calls take, by the kind of what is kept, and how they
// end. It walks and drops what has expired if s does. [Telemetry.Instrument] does this
// to the engine's; it is for walks by package ops, whose statements are then told too.
func (t *Telemetry) Store(s mfa.Store) mfa.Store {
	if _, is := s.(interface{ measured() }); is {
		return s
	}
	base := &store{s, t}
	scanner, walks := s.(mfa.Scanner)
	dropper, drops := s.(dropsExpired)
	switch {
	case walks && drops:
		return struct {
			*store
			*walking
			*dropping
		}{base, &walking{base, scanner}, &dropping{base, dropper}}
	case walks:
		return struct {
			*store
			*walking
		}{base, &walking{base, scanner}}
	case drops:
		return struct {
			*store
			*dropping
		}{base, &dropping{base, dropper}}
	}
	return base
}

// dropsExpired is what package ops looks for in a store.
type dropsExpired interface {
	DropExpired(ctx context.Context, before time.Time) (int, error)
}

type store struct {
	inner mfa.Store
	t     *Telemetry
}

func (s *store) measured() {}

func (s *store) Load(ctx context.Context, key string) (item mfa.Item, err error) {
	err = s.call(ctx, "load", key, func(ctx context.Context) error {
		item, err = s.inner.Load(ctx, key)
		return err
	})
	return item, err
}

func (s *store) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return s.call(ctx, "save", key, func(ctx context.Context) error { return s.inner.Save(ctx, key, old, item) })
}

func (s *store) Delete(ctx context.Context, key string, old int64) error {
	return s.call(ctx, "delete", key, func(ctx context.Context) error { return s.inner.Delete(ctx, key, old) })
}

// call measures one call. Of the key it tells what kind of thing is under it.
func (s *store) call(ctx context.Context, name, key string, f func(context.Context) error) error {
	prefix, _, _ := strings.Cut(key, "/")
	op, space := keyStoreOp.String(name), keyKeyspace.String(keyspaces.of(prefix))
	ctx, span := s.t.begin(ctx, "mfa.store."+name, trace.SpanKindClient, op, space)
	begun := time.Now()
	err := f(ctx)
	took := time.Since(begun).Seconds()
	outcome, fault := outcomeOf(err)
	count(ctx, errors.Is(err, mfa.ErrConflict))
	s.t.m.store.Record(ctx, took, with(op, space, keyOutcome.String(outcome)))
	end(span, outcome, fault)
	return err
}

// walking is what a store that can be walked has beside the rest.
type walking struct {
	in   *store
	scan mfa.Scanner
}

// Scan is measured whole, with what its visitor takes. A visitor who has seen enough ends
// it with an error of their own, which is no fault of the store's.
func (w *walking) Scan(ctx context.Context, prefix, after string, visit func(key string, item mfa.Item) error) (err error) {
	var enough error
	_ = w.in.call(ctx, "scan", prefix, func(ctx context.Context) error {
		err = w.scan.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
			enough = visit(key, item)
			return enough
		})
		if enough != nil {
			return nil
		}
		return err
	})
	return err
}

// dropping is what a store that drops by itself what has expired has beside the rest.
type dropping struct {
	in   *store
	drop dropsExpired
}

// DropExpired is measured whole.
func (d *dropping) DropExpired(ctx context.Context, before time.Time) (n int, err error) {
	err = d.in.call(ctx, "drop_expired", "", func(ctx context.Context) error {
		n, err = d.drop.DropExpired(ctx, before)
		return err
	})
	return n, err
}
