package redis_test

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/redisstore"
)

// A counter counts the commands of clients, as the server does.
type counter struct{ server *testserver.Redis }

var called = regexp.MustCompile(`^cmdstat_([a-z|-]+):calls=(\d+)`)

// beside are commands that begin a connection, that pass between servers, or that
// redis-cli and this test send.
var beside = []string{"hello", "client|setinfo", "client|maint_notifications", "client", "auth", "select", "ping", "replconf", "psync", "info", "config|resetstat", "command|docs", "command"}

// within are commands that a script runs, on the server.
var within = []string{"getrange", "set", "time", "del"}

// during says which commands f takes, like "evalsha=1 wait=1".
func (c counter) during(f func()) string {
	c.server.CLI("CONFIG", "RESETSTAT")
	f()
	counts := map[string]string{}
	for line := range strings.Lines(c.server.CLI("INFO", "commandstats")) {
		m := called.FindStringSubmatch(line)
		if m != nil && !slices.Contains(beside, m[1]) && !slices.Contains(within, m[1]) {
			counts[m[1]] = m[2]
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, name+"="+counts[name])
	}
	return strings.Join(list, " ")
}

func TestCommandsOfEachOperation(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	async := open(t, dial(t, p.master.Addr()), redisstore.Options{Prefix: "async", InsecureAsync: true})
	count := counter{p.master}
	ctx := t.Context()
	load := func(s *redisstore.Store, key string) error {
		_, err := s.Load(ctx, key)
		return err
	}
	expiring := mfa.Item{Version: 3, Expires: time.Now().Add(time.Hour)}
	for _, tt := range []struct {
		name string
		run  func(s *redisstore.Store) error
		want error
		one  string // the command
	}{
		{"Load of an absent key", func(s *redisstore.Store) error { return load(s, "user/a") }, mfa.ErrNotFound, "get"},
		{"Save of a new key", func(s *redisstore.Store) error { return s.Save(ctx, "user/a", 0, mfa.Item{Version: 1}) }, nil, "evalsha"},
		{"Save of a key that exists", func(s *redisstore.Store) error { return s.Save(ctx, "user/a", 0, mfa.Item{Version: 2}) }, mfa.ErrConflict, "evalsha"},
		{"Load", func(s *redisstore.Store) error { return load(s, "user/a") }, nil, "get"},
		{"Save", func(s *redisstore.Store) error { return s.Save(ctx, "user/a", 1, expiring) }, nil, "evalsha"},
		{"Save over a stale version", func(s *redisstore.Store) error { return s.Save(ctx, "user/a", 1, mfa.Item{Version: 4}) }, mfa.ErrConflict, "evalsha"},
		{"Delete of a stale version", func(s *redisstore.Store) error { return s.Delete(ctx, "user/a", 1) }, mfa.ErrConflict, "evalsha"},
		{"Delete", func(s *redisstore.Store) error { return s.Delete(ctx, "user/a", 3) }, nil, "evalsha"},
		{"Delete of an absent key", func(s *redisstore.Store) error { return s.Delete(ctx, "user/a", 3) }, nil, "evalsha"},
	} {
		for name, s := range map[string]*redisstore.Store{"": p.store, ", without WAIT": async} {
			want := tt.one + "=1"
			if s == p.store && tt.one == "evalsha" {
				want += " wait=1"
			}
			got := count.during(func() {
				if err := tt.run(s); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
					t.Errorf("%s%s: %v, want %v", tt.name, name, err, tt.want)
				}
			})
			if got != want {
				t.Errorf("%s%s takes %q, want %q", tt.name, name, got, want)
			}
		}
	}
}

// What is done already is written again all the same. Newer servers than this one
// let WAIT wait for the connection's own writes alone, so that without one it
// would say nothing of the first time.
func TestWhatIsRepeatedIsWritten(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	create(t, p.store, "user/a", mfa.Item{Version: 1})
	writes := func(f func() error) (sets, dels int) {
		t.Helper()
		p.master.CLI("CONFIG", "RESETSTAT")
		if err := f(); err != nil {
			t.Error(err)
		}
		stats := p.master.CLI("INFO", "commandstats")
		return strings.Count(stats, "cmdstat_set:calls=1,"), strings.Count(stats, "cmdstat_del:calls=1,")
	}
	if sets, dels := writes(func() error { return p.store.Save(t.Context(), "user/a", 0, mfa.Item{Version: 1}) }); sets != 1 || dels != 0 {
		t.Errorf("a Save that is repeated: %d SET, %d DEL", sets, dels)
	}
	if sets, dels := writes(func() error { return p.store.Delete(t.Context(), "user/b", 1) }); sets != 1 || dels != 1 {
		t.Errorf("a Delete of an absent key: %d SET, %d DEL", sets, dels)
	}
	wantVersion(t, p.store, "user/a", 1)
	wantVersion(t, p.store, "user/b", 0)
	async := open(t, dial(t, p.master.Addr()), redisstore.Options{InsecureAsync: true})
	if sets, dels := writes(func() error { return async.Delete(t.Context(), "user/b", 1) }); sets != 0 || dels != 0 {
		t.Errorf("a Delete of an absent key, without WAIT: %d SET, %d DEL", sets, dels)
	}
}

// A server that has lost its scripts, by a restart or a failover, gets the one that is
// needed, once.
func TestScriptsThatAreGoneAreSentAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	count := counter{p.master}
	for _, flush := range []string{"SCRIPT", "restart"} {
		t.Run(flush, func(t *testing.T) {
			key := "user/" + flush
			if flush == "SCRIPT" {
				p.master.CLI("SCRIPT", "FLUSH")
			} else {
				p.master.Kill()
				p.master.Restart()
				testserver.Until(t, "the replica to follow again", func() bool { return strings.Contains(p.master.CLI("INFO", "replication"), "state=online") })
			}
			for i, want := range []string{"eval=1 evalsha=1 wait=2", "evalsha=1 wait=1"} {
				got := count.during(func() {
					if err := p.store.Save(t.Context(), key, int64(i), mfa.Item{Version: int64(i + 1)}); err != nil {
						t.Errorf("Save %d: %v", i+1, err)
					}
				})
				if got != want {
					t.Errorf("Save %d takes %q, want %q", i+1, got, want)
				}
			}
			got := count.during(func() {
				if err := p.store.Delete(t.Context(), key, 2); err != nil {
					t.Errorf("Delete: %v", err)
				}
			})
			if want := "eval=1 evalsha=1 wait=2"; got != want {
				t.Errorf("Delete takes %q, want %q", got, want)
			}
		})
	}
}

// lateCounts keeps failures of networks from being counted until it may.
type lateCounts struct {
	mfa.Store
	may chan struct{}
}

func (s *lateCounts) Load(ctx context.Context, key string) (mfa.Item, error) {
	if strings.HasPrefix(key, "limit/") {
		<-s.may
	}
	return s.Store.Load(ctx, key)
}

// A verification is two commands, three with WAIT, whatever comes of it, however much
// the user has.
func TestCommandsOfAVerification(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	async := open(t, dial(t, p.master.Addr()), redisstore.Options{Prefix: "async", InsecureAsync: true})
	count := counter{p.master}
	for name, tt := range map[string]struct {
		store *redisstore.Store
		want  string
	}{
		"with WAIT":    {p.store, "evalsha=1 get=1 wait=1"},
		"without WAIT": {async, "evalsha=1 get=1"},
	} {
		t.Run(name, func(t *testing.T) {
			// What is counted after an answer has commands of its own.
			late := &lateCounts{Store: tt.store, may: make(chan struct{})}
			w := newSite(t, late)
			t.Cleanup(func() { close(late.may) })
			for _, enrollments := range []int{1, 20} {
				w.enrollUpTo(t, enrollments)
				f := w.begin(t)
				for _, answer := range []struct{ what, code string }{{"a wrong code", w.wrong()}, {"the right code", w.phone.Code()}} {
					got := count.during(func() {
						f, err := w.answer(t, f, answer.code)
						if passed := err == nil && f.Status == mfa.StatusPassed; passed != (answer.what == "the right code") {
							t.Errorf("%s, %d enrollments: %s, %v", answer.what, enrollments, f.Status, err)
						}
					})
					if got != tt.want {
						t.Errorf("%s, %d enrollments: %q, want %q", answer.what, enrollments, got, tt.want)
					}
				}
				w.Clock.Advance(w.phone.Period)
			}
		})
	}
}
