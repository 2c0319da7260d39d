package ops_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
)

// A site is a store and its keys, which outlive processes.
type site struct {
	store *memory.Store
	keys  *mfa.KeyRing
}

func newSite(t *testing.T) site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	return site{memory.New(), keys}
}

// process starts an engine on the site, with one observer.
func (s site) process(t *testing.T, o mfa.Observer) *mfatest.Engine {
	t.Helper()
	return mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys, c.Observers = s.store, s.keys, []mfa.Observer{o} })
}

func user(id string) mfa.User {
	return mfa.User{ID: id, Name: "ada", Email: "ada@example.org"}
}

// A dying process has its notices refused, and leaves them.
type dying struct {
	mu   sync.Mutex
	left []string
}

func (d *dying) Observe(_ context.Context, e mfa.Event) error {
	if !e.Notice {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Contains(d.left, e.ID) {
		d.left = append(d.left, e.ID)
	}
	return errors.New("this process is dying")
}

// C21: what a dead process has left is told after all, once.
func TestC21_RedeliverAfterDeath(t *testing.T) {
	s := newSite(t)
	before := &dying{}
	m := s.process(t, before)
	for _, id := range []string{"7", "a/b", "ä%2F"} {
		m.EnrollTOTP(t, user(id))
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := &mfatest.Recorder{}
	next := s.process(t, after)
	stats, err := ops.Redeliver(t.Context(), s.store, next.Engine, ops.Options{})
	if err != nil || stats.Users != 3 || stats.Failed != 0 {
		t.Fatalf("got %+v, %v", stats, err)
	}
	var told []string
	for _, e := range after.Events() {
		told = append(told, e.ID)
	}
	slices.Sort(told)
	slices.Sort(before.left)
	if len(told) != 6 || !slices.Equal(told, before.left) { // added, and recovery codes, of each
		t.Errorf("told %q, left were %q", told, before.left)
	}
	// Nothing is left.
	again := &mfatest.Recorder{}
	last := s.process(t, again)
	if stats, err := ops.Redeliver(t.Context(), s.store, last.Engine, ops.Options{}); err != nil || stats.Failed != 0 {
		t.Fatalf("got %+v, %v", stats, err)
	}
	if n := len(again.Events()); n != 0 {
		t.Errorf("%d were told again", n)
	}
}

// post is a sender that delivers to some.
type post struct {
	mu    sync.Mutex
	down  string // an address, or part of one
	mails []mfa.Message
}

func (p *post) Send(_ context.Context, m mfa.Message) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != "" && strings.Contains(m.To, p.down) {
		return "", &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	}
	p.mails = append(p.mails, m)
	return "", nil
}

// The same with mails: a server that is down for some delays theirs, and nobody else's.
func TestRedeliver_Mails(t *testing.T) {
	s := newSite(t)
	p := &post{down: "@"}
	notices, err := notify.New(notify.Config{Sender: p, AppName: "Example", SettingsURL: "https://example.com/settings"})
	if err != nil {
		t.Fatal(err)
	}
	m := s.process(t, notices)
	for _, id := range []string{"1", "2", "3"} {
		u := user(id)
		u.Email = id + "@example.org"
		if err := m.Reset(t.Context(), mfa.Reset{User: u, Actor: "carol", Reason: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(p.mails) != 0 {
		t.Fatalf("%d mails", len(p.mails))
	}
	for _, down := range []string{"2@", ""} {
		p.down = down
		next := s.process(t, notices)
		stats, err := ops.Redeliver(t.Context(), s.store, next.Engine, ops.Options{Parallel: 2})
		if err != nil || stats.Users != 3 {
			t.Fatalf("got %+v, %v", stats, err)
		}
		if want := len(down) / 2; stats.Failed != want || want == 1 && stats.Failures[0].User != "2" {
			t.Errorf("with %q down: got %+v", down, stats)
		}
	}
	var to []string
	for _, m := range p.mails {
		to = append(to, m.To)
	}
	slices.Sort(to)
	if !slices.Equal(to, []string{"1@example.org", "2@example.org", "3@example.org"}) {
		t.Errorf("mails went to %q", to)
	}
}

// Values that do not open are failures of their own.
func TestRedeliver_WrongKeys(t *testing.T) {
	s := newSite(t)
	m := s.process(t, &dying{})
	m.EnrollTOTP(t, user("7"))
	other := newSite(t)
	wrong := site{s.store, other.keys}.process(t, &mfatest.Recorder{})
	stats, err := ops.Redeliver(t.Context(), s.store, wrong.Engine, ops.Options{})
	if err != nil || stats.Users != 1 || stats.Failed != 1 || !errors.Is(stats.Failures[0].Err, mfa.ErrSealed) {
		t.Errorf("got %+v, %v", stats, err)
	}
}

func ExampleRedeliver() {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		panic(err)
	}
	store := memory.New() // a program takes sqlstore: this one forgets with its process
	engine := mfatest.NewEngine(examples{}, func(c *mfa.Config) { c.Store, c.Keys = store, keys })
	if err := engine.Reset(context.Background(), mfa.Reset{User: mfa.User{ID: "7", Email: "ada@example.org"}, Actor: "carol"}); err != nil {
		panic(err)
	}
	stats, err := ops.Redeliver(context.Background(), store, engine.Engine, ops.Options{})
	fmt.Println(stats.Users, stats.Last, err)
	// Output: 1 7 <nil>
}

// examples stands in for a test.
type examples struct{}

func (examples) Helper()                           {}
func (examples) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (examples) Cleanup(func())                    {}
