package memory_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/storetest"
)

func TestA14_Store(t *testing.T) {
	storetest.Run(t, func(*testing.T) mfa.Store { return memory.New() })
}

// Unlocked maps under concurrent sign-ins have crashed whole processes.
func TestA16_ThousandGoroutines(t *testing.T) {
	s := memory.New()
	ctx := t.Context()
	start := make(chan struct{})
	errs := make(chan error, 1000)
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			<-start
			key := fmt.Sprintf("user/%d", i%10)
			item, err := s.Load(ctx, key)
			if err != nil && !errors.Is(err, mfa.ErrNotFound) {
				errs <- err
				return
			}
			err = s.Save(ctx, key, item.Version, mfa.Item{Value: []byte(key), Version: int64(i + 1)})
			if err != nil && !errors.Is(err, mfa.ErrConflict) {
				errs <- err
			}
		})
	}
	close(start)
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	for i := range 10 {
		if _, err := s.Load(ctx, fmt.Sprintf("user/%d", i)); err != nil {
			t.Errorf("user %d: %v", i, err)
		}
	}
}

func TestDropExpired(t *testing.T) {
	noon := time.Date(2020, 6, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		expires time.Time
		kept    bool
	}{
		{"never expires", time.Time{}, true},
		{"expired before", noon.Add(-time.Microsecond), false},
		{"expires at that time", noon, true},
		{"expires later", noon.Add(time.Hour), true},
	}
	s := memory.New()
	for i, tt := range tests {
		item := mfa.Item{Value: []byte("x"), Version: int64(i + 1), Expires: tt.expires}
		if err := s.Save(t.Context(), tt.name, 0, item); err != nil {
			t.Fatal(err)
		}
	}
	// However long ago an item has expired, it is there until it is dropped.
	for _, tt := range tests {
		if _, err := s.Load(t.Context(), tt.name); err != nil {
			t.Errorf("%s, before DropExpired: %v", tt.name, err)
		}
	}
	n, err := s.DropExpired(t.Context(), noon)
	if n != 1 || err != nil {
		t.Errorf("DropExpired = %d, %v; want 1, nil", n, err)
	}
	for _, tt := range tests {
		_, err := s.Load(t.Context(), tt.name)
		if kept := err == nil; kept != tt.kept {
			t.Errorf("%s: kept %v, want %v (%v)", tt.name, kept, tt.kept, err)
		}
	}
}

func TestCancelledContext(t *testing.T) {
	s := memory.New()
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, loadErr := s.Load(ctx, "user/a")
	_, dropErr := s.DropExpired(ctx, time.Now())
	for name, err := range map[string]error{
		"Load":        loadErr,
		"Save":        s.Save(ctx, "user/a", 1, mfa.Item{Version: 2}),
		"Delete":      s.Delete(ctx, "user/a", 1),
		"Scan":        s.Scan(ctx, "", "", func(string, mfa.Item) error { return nil }),
		"DropExpired": dropErr,
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	if item, err := s.Load(t.Context(), "user/a"); err != nil || item.Version != 1 {
		t.Errorf("afterwards: version %d, %v; want 1, nil", item.Version, err)
	}
}
