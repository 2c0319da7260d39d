package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// ids have every character that keys could get wrong.
var ids = []string{"a", "A", "a/b", "a%2Fb", "%", "..", "a b", "a+b", "?x#y", "user/", "ä", "日本", "a:b@c", "~"}

func put(t *testing.T, store mfa.Store, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := store.Save(t.Context(), key, 0, mfa.Item{Value: []byte("x"), Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
}

func filled(t *testing.T) *memory.Store {
	t.Helper()
	store := memory.New()
	for _, id := range ids {
		put(t, store, userKey(id))
	}
	put(t, store, "claim/totp/x", "userx", "user", "limit/user/a", "meta/marker")
	return store
}

func TestWalk_EveryUserOnce(t *testing.T) {
	for _, parallel := range []int{0, 1, 3, 256} {
		var mu sync.Mutex
		var seen []string
		stats, err := walk(t.Context(), filled(t), Options{Parallel: parallel}, func(_ context.Context, user string) error {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, user)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(seen)
		if want := slices.Sorted(slices.Values(ids)); !slices.Equal(seen, want) {
			t.Errorf("saw %q, want %q", seen, want)
		}
		if stats.Users != len(ids) || stats.Failed != 0 || stats.Last != "日本" && stats.Last != "ä" && stats.Last != "~" {
			t.Errorf("got %+v", stats)
		}
	}
}

// As many are worked on at a time as was said, and no more.
func TestWalk_Parallel(t *testing.T) {
	const parallel = 3
	var mu sync.Mutex
	running, most := 0, 0
	full := make(chan struct{})
	_, err := walk(t.Context(), filled(t), Options{Parallel: parallel}, func(context.Context, string) error {
		mu.Lock()
		running++
		most = max(most, running)
		if running == parallel && most == parallel {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		<-full // nobody goes on before all are there
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	})
	if err != nil || most != parallel {
		t.Errorf("%d at a time, %v", most, err)
	}
}

func TestWalk_FailuresDoNotStopIt(t *testing.T) {
	store := filled(t)
	put(t, store, "user/%zz", "user/%61", "user/") // no keys of the engine's
	sad := errors.New("sad")
	stats, err := walk(t.Context(), store, Options{}, func(_ context.Context, user string) error {
		if user == "a/b" {
			return sad
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]error{}
	for _, f := range stats.Failures {
		failed[f.User] = f.Err
	}
	if stats.Users != len(ids)+3 || stats.Failed != 4 || !errors.Is(failed["a/b"], sad) || failed["%zz"] == nil || failed["%61"] == nil {
		t.Errorf("got %+v", stats)
	}
}

func TestWalk_FailuresAreBounded(t *testing.T) {
	store := memory.New()
	for i := range 150 {
		put(t, store, userKey(fmt.Sprint(i)))
	}
	stats, err := walk(t.Context(), store, Options{}, func(context.Context, string) error { return errors.New("no") })
	if err != nil || stats.Failed != 150 || len(stats.Failures) != 100 {
		t.Errorf("%d failed, %d kept, %v", stats.Failed, len(stats.Failures), err)
	}
}

// A walk that is stopped at any user goes on where it was, and leaves nobody out.
func TestWalk_GoesOn(t *testing.T) {
	for stop := range len(ids) + 1 {
		for _, parallel := range []int{1, 4} {
			store := filled(t)
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			done := map[string]int{}
			n := 0
			stats, err := walk(ctx, store, Options{Parallel: parallel}, func(ctx context.Context, user string) error {
				mu.Lock()
				defer mu.Unlock()
				if n++; n > stop {
					cancel()
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
				done[user]++
				return nil
			})
			cancel()
			if stop < len(ids) && !errors.Is(err, context.Canceled) {
				t.Fatalf("stopped at %d: %v", stop, err)
			}
			if stats.Users != len(done) || stats.Failed != 0 {
				t.Errorf("stopped at %d: %d users, %d failed, %d done", stop, stats.Users, stats.Failed, len(done))
			}
			before := len(done)
			stats, err = walk(t.Context(), store, Options{After: stats.Last, Parallel: parallel}, func(_ context.Context, user string) error {
				mu.Lock()
				defer mu.Unlock()
				done[user]++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(done) != len(ids) {
				t.Errorf("stopped at %d: %v were seen", stop, done)
			}
			if parallel == 1 && stats.Users != len(ids)-before {
				t.Errorf("stopped at %d: %d were done again", stop, stats.Users-(len(ids)-before))
			}
		}
	}
}

func TestWalk_Progress(t *testing.T) {
	var told []Stats
	stats, err := walk(t.Context(), filled(t), Options{Progress: func(s Stats) { told = append(told, s) }}, func(_ context.Context, user string) error {
		if user == "%" {
			return errors.New("no")
		}
		return nil
	})
	if err != nil || len(told) != len(ids) {
		t.Fatalf("told %d times, %v", len(told), err)
	}
	for i, s := range told {
		if s.Users != i+1 {
			t.Errorf("call %d tells of %d", i, s.Users)
		}
	}
	if last := told[len(told)-1]; last.Failed != 1 || last.Last != stats.Last {
		t.Errorf("got %+v", last)
	}
}

// One that takes long holds up those that come long after it, so that what has to be
// remembered of them stays small.
func TestWalk_OneThatTakesLong(t *testing.T) {
	const parallel, many = 2, 1000
	store := memory.New()
	for i := range many {
		put(t, store, userKey(fmt.Sprintf("%04d", i)))
	}
	synctest.Test(t, func(t *testing.T) {
		var done atomic.Int64
		over, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			stats, err := walk(t.Context(), store, Options{Parallel: parallel}, func(_ context.Context, user string) error {
				if user == "0000" {
					<-over
				}
				done.Add(1)
				return nil
			})
			if err != nil || stats.Users != many || stats.Last != "0999" {
				t.Errorf("%+v, %v", stats, err)
			}
		}()
		synctest.Wait()
		if n := done.Load(); n != ahead*parallel-1 {
			t.Errorf("%d are done before the first, want %d", n, ahead*parallel-1)
		}
		close(over)
		<-ended
	})
}

// brokenScan fails in the middle.
type brokenScan struct{ *memory.Store }

var errScan = errors.New("the database went away")

func (b brokenScan) Scan(ctx context.Context, prefix, after string, visit func(string, mfa.Item) error) error {
	n := 0
	return b.Store.Scan(ctx, prefix, after, func(key string, item mfa.Item) error {
		if n++; n > 3 {
			return errScan
		}
		return visit(key, item)
	})
}

// plainStore has no Scan.
type plainStore struct{ mfa.Store }

func TestWalk_Errors(t *testing.T) {
	nothing := func(context.Context, string) error { return nil }
	stats, err := walk(t.Context(), brokenScan{filled(t)}, Options{}, nothing)
	if !errors.Is(err, errScan) || stats.Users != 3 || stats.Last == "" {
		t.Errorf("got %+v, %v", stats, err)
	}
	for _, c := range []struct {
		store mfa.Store
		o     Options
	}{{plainStore{memory.New()}, Options{}}, {nil, Options{}}, {memory.New(), Options{Parallel: -1}}, {memory.New(), Options{Parallel: 257}}} {
		c.o.After = "x"
		if stats, err := walk(t.Context(), c.store, c.o, nothing); err == nil || stats.Last != "x" {
			t.Errorf("%T %d: got %+v, %v", c.store, c.o.Parallel, stats, err)
		}
	}
	if _, err := Redeliver(t.Context(), memory.New(), nil, Options{}); err == nil {
		t.Error("without an engine")
	}
}
