package otelmfa_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/storetest"
)

// What is measured keeps the contract of what it measures.
func TestMeasuredStoreIsAStore(t *testing.T) {
	b := measured(t)
	storetest.Run(t, func(*testing.T) mfa.Store { return b.telemetry.Store(memory.New()) })
}

// plain is a store that can do no more than it has to.
type plain struct{ mfa.Store }

func TestMeasuredStoreCanDoWhatItCould(t *testing.T) {
	b, m := measured(t), memory.New()
	for name, c := range map[string]struct {
		store       mfa.Store
		walk, drops bool
	}{
		"both":    {m, true, true},
		"walks":   {struct{ scanning }{m}, true, false},
		"drops":   {struct{ dropping }{m}, false, true},
		"neither": {plain{m}, false, false},
	} {
		s := b.telemetry.Store(c.store)
		_, walks := s.(mfa.Scanner)
		_, drops := s.(interface {
			DropExpired(context.Context, time.Time) (int, error)
		})
		if walks != c.walk || drops != c.drops {
			t.Errorf("%s: walks %v, drops %v", name, walks, drops)
		}
		if b.telemetry.Store(s) != s {
			t.Errorf("%s: it is measured twice", name)
		}
	}
}

type scanning interface {
	mfa.Store
	mfa.Scanner
}

type dropping interface {
	mfa.Store
	DropExpired(context.Context, time.Time) (int, error)
}

// failing is a store that fails with an error.
type failing struct {
	mfa.Store
	err error
}

func (f failing) Save(context.Context, string, int64, mfa.Item) error { return f.err }

func TestStoreCallsAreToldByHowTheyEnd(t *testing.T) {
	b, ctx := measured(t), t.Context()
	s := b.telemetry.Store(memory.New())
	item := mfa.Item{Value: []byte("v"), Version: 1}
	if err := s.Save(ctx, "user/ada", 0, item); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, "user/ada", 0, item); !errors.Is(err, mfa.ErrConflict) {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, "limit/x"); !errors.Is(err, mfa.ErrNotFound) {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, "made up/x", 1); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("seen enough")
	if err := s.(mfa.Scanner).Scan(ctx, "user/", "", func(string, mfa.Item) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	if n, err := s.(dropping).DropExpired(ctx, time.Unix(1, 0)); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, mfa.ErrNotDurable, errors.New("user/ada: the disk is full")} {
		if got := b.telemetry.Store(failing{s, err}).Save(ctx, "claim/x", 0, item); !errors.Is(got, err) {
			t.Fatal(got)
		}
	}
	wantOnly(t, b.points(t), "mfa.store.operation.duration", map[string]int64{
		"outcome=ok store.keyspace=user store.operation=save":           1,
		"outcome=conflict store.keyspace=user store.operation=save":     1,
		"outcome=not_found store.keyspace=limit store.operation=load":   1,
		"outcome=ok store.keyspace=other store.operation=delete":        1,
		"outcome=ok store.keyspace=user store.operation=scan":           1,
		"outcome=ok store.operation=drop_expired":                       1,
		"outcome=canceled store.keyspace=claim store.operation=save":    1,
		"outcome=timeout store.keyspace=claim store.operation=save":     1,
		"outcome=not_durable store.keyspace=claim store.operation=save": 1,
		"outcome=error store.keyspace=claim store.operation=save":       1,
	})
}
