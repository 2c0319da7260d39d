package sqlstore

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// rowOf is an answer of one row.
func rowOf(values ...driver.Value) [][]driver.Value { return [][]driver.Value{values} }

func TestWhatLoadMakesOfAnswers(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)
	for d := range dialects {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		if item, err := s.Load(t.Context(), "user/a"); !errors.Is(err, mfa.ErrNotFound) || item.Version != 0 || item.Value != nil {
			t.Errorf("%s, no row: %v, %v; want ErrNotFound and no item", d, item, err)
		}
		for _, want := range []mfa.Item{{Value: []byte("value"), Version: -7}, {Value: []byte{}, Version: 9, Expires: at}} {
			f.inFront(&reply{to: "SELECT value", rows: rowOf(want.Value, want.Version, nullable(want.Expires))})
			got, err := s.Load(t.Context(), "user/a")
			if err != nil || !bytes.Equal(got.Value, want.Value) || got.Version != want.Version || !got.Expires.Equal(want.Expires) {
				t.Errorf("%s: %v, %v; want %v", d, got, err, want)
			}
		}
		for _, r := range f.statements() {
			if key, _ := r.args[0].([]byte); string(key) != "user/a" || len(r.args) != 1 || strings.Contains(r.text, "FOR UPDATE") {
				t.Errorf("%s: %q with %q", d, r, r.args)
			}
		}
		// What does not fit a column is no item, and none that is missing either.
		f.inFront(&reply{to: "SELECT value", rows: rowOf([]byte("value"), "seven", nil)})
		if _, err := s.Load(t.Context(), "user/a"); err == nil || errors.Is(err, mfa.ErrNotFound) {
			t.Errorf("%s: a version that is no number: %v", d, err)
		}
	}
}

// nullable is a time as a database returns it.
func nullable(at time.Time) driver.Value {
	if at.IsZero() {
		return nil
	}
	return at.UnixMicro()
}

// The count of rows alone says whether there was a conflict, and old alone whether a
// key must be new.
func TestWhatSaveMakesOfAnswers(t *testing.T) {
	for d := range dialects {
		for _, tt := range []struct {
			old  int64
			part string
		}{{0, "INSERT"}, {1, "UPDATE"}, {-1, "UPDATE"}} {
			f := newReady(t, 1)
			s := openFake(t, f, d)
			item := mfa.Item{Version: 2}
			if err := s.Save(t.Context(), "user/a", tt.old, item); !errors.Is(err, mfa.ErrConflict) {
				t.Errorf("%s, none changed: %v, want ErrConflict", d, err)
			}
			f.wantRan(t, tt.part)
			f.inFront(&reply{to: tt.part, affected: 1})
			if err := s.Save(t.Context(), "user/a", tt.old, item); err != nil {
				t.Errorf("%s, one changed: %v", d, err)
			}
			// No value is an empty one: columns that are NOT NULL refuse NULL.
			saved := f.statements()[0]
			var nulls, empty int
			for _, a := range saved.args {
				switch a := a.(type) {
				case nil:
					nulls++ // never expires
				case []byte:
					if a != nil && len(a) == 0 {
						empty++
					}
				}
			}
			if nulls != 1 || empty != 1 {
				t.Errorf("%s: %q with %#v: want no expiry and an empty value", d, saved, saved.args)
			}
		}
	}
}

// MySQL would cut off what is too long, and a key would be another user's.
func TestWhatIsTooLongIsNotSent(t *testing.T) {
	f := newReady(t, 1)
	s := openFake(t, f, MySQL)
	f.inFront(&reply{to: "INSERT", affected: 1})
	key := strings.Repeat("k", maxKey)
	value := make([]byte, maxValue)
	for _, tt := range []struct {
		key   string
		value []byte
		says  string
	}{
		{key, value, ""},
		{key + "k", nil, "the key has 1025 bytes, and may have 1024"},
		{"user/a", append(value, 0), "the value has 1048577 bytes, and may have 1048576"},
	} {
		err := s.Save(t.Context(), tt.key, 0, mfa.Item{Version: 1, Value: tt.value})
		if tt.says == "" {
			if err != nil {
				t.Errorf("as long as may be: %v", err)
			}
			f.wantRan(t, "INSERT")
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) || errors.Is(err, mfa.ErrConflict) || strings.Contains(err.Error(), "kk") {
			t.Errorf("%v, want %q", err, tt.says)
		}
		f.wantRan(t)
	}
}

func TestWhatDeleteMakesOfAnswers(t *testing.T) {
	for d := range dialects {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		f.inFront(&reply{to: "SELECT version FROM", rows: one(int64(5))}, &reply{to: "DELETE", times: 1, affected: 1})
		if err := s.Delete(t.Context(), "user/a", 1); err != nil {
			t.Errorf("%s, one went: %v", d, err)
		}
		f.wantRan(t, "DELETE")
		if err := s.Delete(t.Context(), "user/a", 1); !errors.Is(err, mfa.ErrConflict) {
			t.Errorf("%s, another version is there: %v, want ErrConflict", d, err)
		}
		f.wantRan(t, "DELETE", "SELECT version")
		f.inFront(&reply{to: "SELECT version FROM"})
		if err := s.Delete(t.Context(), "user/a", 1); err != nil {
			t.Errorf("%s, nothing is there: %v", d, err)
		}
	}
}

// A deadlock and a serialization failure were undone: the statement runs again, with
// the same arguments. Anything else may have happened, and does not.
func TestOnlyWhatWasUndoneIsSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		err   error
		times int
		runs  int
		fails bool
	}{
		{"a deadlock", &withMethod{"40P01"}, 2, 3, false},
		{"a deadlock of MySQL", &withField{1213, [5]byte([]byte("40001"))}, 1, 2, false},
		{"deadlocks without end", &withMethod{"40001"}, 0, statementTries, true},
		{"the answer of a commit is lost", &withMethod{"08007"}, 1, 1, true},
		{"a constraint", &withMethod{"23505"}, 1, 1, true},
		{"read-only", &withMethod{"25006"}, 1, 1, true},
	} {
		for name, run := range map[string]func(*Store) error{
			"UPDATE": func(s *Store) error { return s.Save(t.Context(), "user/a", 1, mfa.Item{Version: 2}) },
			"DELETE": func(s *Store) error { return s.Delete(t.Context(), "user/a", 1) },
			"SELECT value": func(s *Store) error {
				_, err := s.Load(t.Context(), "user/a")
				return err
			},
		} {
			f := newReady(t, 1)
			s := openFake(t, f, PostgreSQL)
			f.inFront(&reply{to: name, times: tt.times, err: tt.err}, &reply{to: name, affected: 1, rows: rowOf([]byte("value"), int64(1), nil)})
			err := run(s)
			if (err != nil) != tt.fails || tt.fails && !errors.Is(err, tt.err) {
				t.Errorf("%s, %s: %v", tt.name, name, err)
			}
			if errors.Is(err, mfa.ErrConflict) || errors.Is(err, mfa.ErrNotFound) {
				t.Errorf("%s, %s: %v is told as an answer", tt.name, name, err)
			}
			all := f.statements()
			if len(all) != tt.runs {
				t.Errorf("%s, %s: ran %d times, want %d", tt.name, name, len(all), tt.runs)
			}
			for _, r := range all {
				if r.text != all[0].text || len(r.args) != len(all[0].args) {
					t.Errorf("%s, %s: then %q with %q", tt.name, name, r, r.args)
				}
			}
		}
	}
}

// A request that has ended while the database was busy gets its context's error, and
// nothing is sent for it.
func TestAnEndedContextSendsNothing(t *testing.T) {
	for d := range dialects {
		f := newReady(t, 1)
		s := openFake(t, f, d)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, loadErr := s.Load(ctx, "user/a")
		_, dropErr := s.DropExpired(ctx, time.Unix(1, 0))
		for name, err := range map[string]error{
			"Load":        loadErr,
			"Save":        s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}),
			"Delete":      s.Delete(ctx, "user/a", 1),
			"Scan":        s.Scan(ctx, "", "", func(string, mfa.Item) error { return nil }),
			"DropExpired": dropErr,
		} {
			if !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrNotFound) || errors.Is(err, mfa.ErrConflict) {
				t.Errorf("%s, %s: %v, want context.Canceled", d, name, err)
			}
		}
		f.wantRan(t)
	}
}
