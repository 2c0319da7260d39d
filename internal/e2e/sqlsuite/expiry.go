package sqlsuite

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var noon = time.Date(2020, 6, 1, 12, 0, 0, 0, time.UTC)

// Expiry checks that what may go goes, and nothing else.
func Expiry(t *testing.T, d Database) {
	t.Run("what is past goes", func(t *testing.T) { whatIsPastGoes(t, d) })
	t.Run("amid saves", func(t *testing.T) { dropAmidSaves(t, d) })
}

func whatIsPastGoes(t *testing.T, d Database) {
	s := d.Store(t)
	kept := map[string]time.Time{
		"user/never":  {},
		"flow/then":   noon,
		"flow/later":  noon.Add(time.Microsecond),
		"flow/future": noon.AddDate(80, 0, 0),
	}
	expiring := func(key string, expires time.Time) {
		t.Helper()
		if err := s.Save(t.Context(), key, 0, mfa.Item{Version: 1, Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	for key, expires := range kept {
		expiring(key, expires)
	}
	const gone = 1001 // more than one statement removes
	for i := range gone {
		expiring(fmt.Sprintf("spent/%d", i), noon.Add(-time.Duration(i+1)*time.Microsecond))
	}
	for _, want := range []int{gone, 0} {
		if n, err := s.DropExpired(t.Context(), noon); n != want || err != nil {
			t.Errorf("DropExpired = %d, %v; want %d, nil", n, err, want)
		}
	}
	left := 0
	err := s.Scan(t.Context(), "", "", func(key string, item mfa.Item) error {
		left++
		if expires, ok := kept[key]; !ok || !item.Expires.Equal(expires) {
			t.Errorf("%s is left, expiring %v", key, item.Expires)
		}
		return nil
	})
	if err != nil || left != len(kept) {
		t.Errorf("%d items are left, %v; want %d", left, err, len(kept))
	}
}

// dropAmidSaves has instances drop what expired while others save over the very same
// keys. Nobody may be refused, as in a deadlock, and what a Save has prolonged stays.
func dropAmidSaves(t *testing.T, d Database) {
	const droppers, savers, keys, saves = 3, 5, 8, 60
	a, b := d.Stores(t)
	done := make(chan struct{})
	working := make(chan struct{}, savers)
	err := together(droppers+savers+1, func(i int) error {
		switch {
		case i == 0:
			defer close(done)
			for range savers {
				<-working
			}
			return nil
		case i <= droppers:
			for {
				select {
				case <-done:
					return nil
				default:
				}
				if _, err := b.DropExpired(t.Context(), noon); err != nil {
					return err
				}
			}
		}
		defer func() { working <- struct{}{} }()
		for n := range int64(saves) {
			key := fmt.Sprintf("limit/%d", (int(n)*7+i)%keys)
			if err := replace(t, a, key, int64(i)<<32|n+1, noon.Add(time.Duration(n%2*2-1)*time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		key := fmt.Sprintf("limit/%d", i)
		if err := replace(t, a, key, 1<<60|int64(i), noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.DropExpired(t.Context(), noon); err != nil {
			t.Fatal(err)
		}
		wantVersion(t, a, key, 1<<60|int64(i))
	}
}

// replace saves over whatever is there, or creates it.
func replace(t *testing.T, s mfa.Store, key string, version int64, expires time.Time) error {
	for {
		item, err := s.Load(t.Context(), key)
		if err != nil && !errors.Is(err, mfa.ErrNotFound) {
			return err
		}
		err = s.Save(t.Context(), key, item.Version, mfa.Item{Version: version, Expires: expires})
		if !errors.Is(err, mfa.ErrConflict) {
			return err
		}
	}
}
