package ops_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/ops"
)

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
	s := quickSite(t)
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
	if len(told) != 3 || !slices.Equal(told, before.left) {
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
	s := quickSite(t)
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
	s := quickSite(t)
	m := s.process(t, &dying{})
	m.EnrollTOTP(t, user("7"))
	other := quickSite(t)
	wrong := site{s.store, other.keys, s.clock, false}.process(t, &mfatest.Recorder{})
	stats, err := ops.Redeliver(t.Context(), s.store, wrong.Engine, ops.Options{})
	if err != nil || stats.Users != 1 || stats.Failed != 1 || !errors.Is(stats.Failures[0].Err, mfa.ErrSealed) {
		t.Errorf("got %+v, %v", stats, err)
	}
}

// C21: who has nothing waiting costs a walk one Load.
func TestC21_WalksAreCheap(t *testing.T) {
	s := quickSite(t)
	store := &counted{Store: s.store, Scanner: s.store.(mfa.Scanner)}
	s.store = store
	m := s.process(t, &dying{})
	m.EnrollTOTP(t, user("waits"))
	closed(t, m)
	m = s.process(t, &mfatest.Recorder{})
	for i := range 10 {
		caller(t, m, user(fmt.Sprint(i)))
	}
	closed(t, m)
	after := &mfatest.Recorder{}
	next := s.process(t, after)
	store.reset()
	if stats, err := ops.Redeliver(t.Context(), store, next.Engine, ops.Options{}); err != nil || stats.Users != 11 || stats.Failed != 0 {
		t.Fatalf("%+v, %v", stats, err)
	}
	if len(after.Events()) != 1 || store.loads["user/waits"] == 0 || store.saves != 1 {
		t.Errorf("%d told, %d saves", len(after.Events()), store.saves)
	}
	delete(store.loads, "user/waits")
	if !slices.Equal(slices.Collect(maps.Values(store.loads)), slices.Repeat([]int{1}, 10)) {
		t.Errorf("%v", store.loads)
	}
	// A report writes nothing.
	store.reset()
	r, err := ops.Report(t.Context(), store, next.Engine, ops.ReportOptions{Factors: factors(t, true), Now: s.clock.Now})
	if err != nil || r.Users != 11 || r.Enrolled != 1 || store.saves != 0 || len(store.loads) != 11 || store.loads["user/waits"] != 1 {
		t.Errorf("%+v, %v; %d saves, %v", r, err, store.saves, store.loads)
	}
}

// A counted store counts what is asked of it.
type counted struct {
	mfa.Store
	mfa.Scanner
	mu    sync.Mutex
	loads map[string]int
	saves int
}

func (c *counted) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loads, c.saves = map[string]int{}, 0
}

func (c *counted) Load(ctx context.Context, key string) (mfa.Item, error) {
	c.mu.Lock()
	if c.loads != nil {
		c.loads[key]++
	}
	c.mu.Unlock()
	return c.Store.Load(ctx, key)
}

func (c *counted) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	c.mu.Lock()
	c.saves++
	c.mu.Unlock()
	return c.Store.Save(ctx, key, old, item)
}
