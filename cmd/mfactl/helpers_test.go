package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

// A service is a store and a key ring that people have used, and mfactl beside it.
type service struct {
	t      *testing.T
	store  walked
	ring   *mfa.KeyRing
	keys   string // the ring's file
	folder string
	env    map[string]string
	now    func() time.Time
	engine *mfatest.Engine
	said   bytes.Buffer // all that was printed, anywhere
}

// password is that of every store's URL.
const password = "hunter2"

var ada, grace, alan = mfa.User{ID: "ada", Email: "ada@example.com"}, mfa.User{ID: "grace"}, mfa.User{ID: "alan"}

// newService makes one in memory: ada has an app, grace has nothing, and alan a label that
// would move a cursor.
func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, store: memory.New(), folder: t.TempDir(), env: map[string]string{}}
	s.ring = must[*mfa.KeyRing](t)(mfa.NewKeyRing())
	s.keys = filepath.Join(s.folder, "mfa.keys")
	s.write("mfa.keys", string(must[[]byte](t)(s.ring.Export())))
	t.Cleanup(s.printedNoSecret)
	s.start()
	s.now = s.engine.Clock.Now
	s.engine.EnrollTOTP(t, ada)
	for _, u := range []mfa.User{grace, alan} {
		must[mfa.Flow](t)(s.engine.SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password}))
	}
	s.engine.EnrollTOTP(t, alan)
	s.settle()
	return s
}

// start is a process of the service, on the store as it is.
func (s *service) start() {
	s.t.Helper()
	s.engine = mfatest.NewEngine(s.t, func(c *mfa.Config) {
		c.Store, c.Keys = s.store, s.ring
		c.Factors = c.Factors[:1] // apps alone: the digests of recovery codes are slow
	})
	if err := s.engine.Check(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// settle ends the process, so that it has told all that there is to tell, and begins
// another.
func (s *service) settle() {
	s.t.Helper()
	clock := s.engine.Clock
	if err := s.engine.Close(context.Background()); err != nil {
		s.t.Fatal(err)
	}
	s.start()
	s.engine.Clock.Set(clock.Now())
	s.now = s.engine.Clock.Now
}

// printedNoSecret looks for every secret of every ring in what was printed. C-20.
func (s *service) printedNoSecret() {
	files, _ := filepath.Glob(s.file("*.keys"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Error(err)
		}
		for word := range strings.FieldsSeq(string(text)) {
			if len(word) > 40 && strings.Contains(s.said.String(), word) {
				s.t.Errorf("a secret of %s was printed", filepath.Base(file))
			}
		}
	}
	if strings.Contains(s.said.String(), password) {
		s.t.Error("a password was printed")
	}
}

// run is mfactl; what it prints is checked for secrets at the end of the test.
func (s *service) run(args ...string) (code int, out, errs string) {
	s.t.Helper()
	return s.runIn(s.t.Context(), args...)
}

func (s *service) runIn(ctx context.Context, args ...string) (code int, out, errs string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{out: &screen{w: &stdout}, errs: &screen{w: &stderr}, now: s.now, getenv: func(name string) string { return s.env[name] },
		open: func(ctx context.Context, f storeFlags) (*opened, error) {
			if f.where != "memory:" {
				return openStore(ctx, f)
			}
			return &opened{store: s.store, name: "memory", close: func() error { return nil }}, nil
		}}
	code = p.run(ctx, args)
	s.said.Write(stdout.Bytes())
	s.said.Write(stderr.Bytes())
	return code, stdout.String(), stderr.String()
}

// want runs mfactl and compares the exit code and what it prints.
func (s *service) want(code int, want string, args ...string) {
	s.t.Helper()
	got, out, errs := s.run(args...)
	if got != code || out != want {
		s.t.Errorf("mfactl %s: exit code %d, want %d\n%s\nwant\n%s\nerrors: %s", strings.Join(args, " "), got, code, out, want, errs)
	}
}

// fails runs mfactl, which ends with a code and says something on standard error.
func (s *service) fails(code int, words string, args ...string) {
	s.t.Helper()
	got, _, errs := s.run(args...)
	if got != code || !strings.Contains(errs, words) {
		s.t.Errorf("mfactl %s: exit code %d, want %d; it says %q, want %q", strings.Join(args, " "), got, code, errs, words)
	}
}

// at is the command line on the service's store.
func (s *service) at(args ...string) []string {
	return append(slices.Clone(args), "-store", "memory:", "-keys", s.keys)
}

func (s *service) file(name string) string { return filepath.Join(s.folder, name) }

func (s *service) write(name, text string) string {
	s.t.Helper()
	if err := os.WriteFile(s.file(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.file(name)
}

func (s *service) read(name string) string {
	s.t.Helper()
	return string(must[[]byte](s.t)(os.ReadFile(s.file(name))))
}

// items are all that the store has.
func (s *service) items() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	err := s.store.Scan(s.t.Context(), "", "", func(key string, item mfa.Item) error {
		all[key] = string(item.Value)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// must ends a test that could not do what it is not about.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
