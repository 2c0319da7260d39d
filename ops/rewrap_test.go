package ops_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/risk"
)

// C27: after Rotate, Rewrap and Retire nothing of what there was is lost: apps, keys
// and what they are found by, attestations, counts, what a scorer has learned.
func TestC27_EverythingOpensUnderTheNewKeyAlone(t *testing.T) {
	s := newSite(t)
	m := s.process(t, &mfatest.Recorder{})
	if err := m.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	phone, codes := m.EnrollTOTP(t, user("app"))
	if err := errors.Join(m.Reset(t.Context(), mfa.Reset{User: user("erased"), Actor: "x"}), m.Erase(t.Context(), "erased")); err != nil {
		t.Fatal(err)
	}
	quick := s
	quick.quick = true
	key := withKey(t, quick.process(t, &mfatest.Recorder{}), user("key"))
	if err := byKey(t.Context(), m, key); err != nil { // leaves a mark of what is spent
		t.Fatal(err)
	}
	if n := mailed(t, m, "mail"); n != 1 { // the second is kept for addresses that are confirmed
		t.Fatalf("%d mails went out", n)
	}
	from := mfa.Client{IP: netip.MustParseAddr("192.0.2.1")}
	f, err := m.SignIn(t.Context(), mfa.SignIn{User: user("app"), First: mfa.Password, Client: from})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Verify(t.Context(), f.Token, mfa.Answer{Option: phone.Answer(f).Option, Code: "000000"}, from); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	closed(t, m)
	learned(t, s, 1)

	kinds := map[string]int{}
	before := dump(t, s.store)
	for key, item := range before {
		if prefix, _, _ := strings.Cut(key, "/"); len(item.Value) > 0 {
			kinds[prefix]++
		}
	}
	if want := map[string]int{"user": 5, "claim": 2, "bulk": 1, "limit": 3, "meta": 1, "risk": 1}; fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Fatalf("the store has %v, want %v", kinds, want)
	}

	lost := s.with(t, (*mfa.KeyRing).Rotate).with(t, (*mfa.KeyRing).Retire)
	if err := lost.process(t, &mfatest.Recorder{}).Check(t.Context()); err == nil {
		t.Fatal("without Rewrap, nothing is lost: then this test shows nothing")
	}
	s = s.with(t, (*mfa.KeyRing).Rotate)
	both := s.process(t, &mfatest.Recorder{})
	stats, err := ops.Rewrap(t.Context(), s.store, both.Engine, ops.RewrapOptions{Rate: ops.Unlimited})
	if err != nil || stats.Failed != 0 || stats.Items != 14 || stats.Written != 13 {
		t.Fatalf("%+v, %v", stats, err)
	}
	again, err := ops.Rewrap(t.Context(), s.store, both.Engine, ops.RewrapOptions{Rate: ops.Unlimited})
	if err != nil || again.Failed != 0 || again.Items != stats.Items || again.Written != 0 || again.Last != "user/seen1" {
		t.Errorf("the second walk: %+v, %v", again, err)
	}

	s = s.with(t, (*mfa.KeyRing).Retire)
	next := s.process(t, &mfatest.Recorder{})
	if err := next.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for key, item := range dump(t, s.store) {
		if done, err := next.Rewrap(t.Context(), key, item); done || err != nil {
			t.Errorf("%s: %v, %v", key, done, err)
		}
		if !item.Expires.Equal(before[key].Expires) {
			t.Errorf("%s: expires %v, did %v", key, item.Expires, before[key].Expires)
		}
	}
	if err := byKey(t.Context(), next, key); err != nil {
		t.Error(err)
	}
	if a, err := next.Attachment(t.Context(), "key", key.enrollment); err != nil || string(a) != "made by key-key" {
		t.Errorf("%q, %v", a, err)
	}
	if n := mailed(t, next, "mail2"); n != 0 {
		t.Errorf("%d more mails went out: the count of them is lost", n)
	}
	learned(t, s, 2)
	for _, code := range []string{phone.Code(), codes[0]} {
		f, err := next.SignIn(t.Context(), mfa.SignIn{User: user("app"), First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		option := phone.Answer(f).Option
		if code == codes[0] {
			option = "recovery"
		}
		if f, err = next.Verify(t.Context(), f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{}); err != nil || f.Status != mfa.StatusPassed {
			t.Errorf("%v, %v", f.Status, err)
		}
	}
	if v, err := next.Overview(t.Context(), "erased"); err != nil || !v.Erased {
		t.Errorf("%+v, %v", v, err)
	}
}

// mailed is how many mails go out to one address until its budget is used up.
func mailed(t *testing.T, m *mfatest.Engine, id string) (n int) {
	t.Helper()
	c := caller(t, m, user(id))
	for {
		_, err := m.Enroll(t.Context(), c, mfa.Enroll{Method: "email"})
		if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) && wait.Limit {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
		m.Clock.Advance(5 * time.Minute)
	}
}

// learned has a scorer learn of a sign-in, and take over what one before it has left.
func learned(t *testing.T, s site, n int) {
	t.Helper()
	scorer, err := risk.New(risk.Config{Keys: s.keys, Store: s.store, Now: s.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	m := s.process(t, &mfatest.Recorder{}, func(c *mfa.Config) { c.Risk = scorer })
	caller(t, m, user(fmt.Sprint("seen", n)))
	closed(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // which leaves the row to the next
	if err := scorer.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := scorer.Report(t.Context()); err != nil || r.Processes != 1 || r.Unread != 0 {
		t.Errorf("%d rows, %d of them unread, %v", r.Processes, r.Unread, err)
	}
}

// C27: a walk that is stopped at any key goes on there, and leaves nothing behind.
func TestC27_StoppedAndGoneOn(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		for stop := 1; stop < 12; stop += 2 {
			s := quickSite(t)
			m := s.process(t, &mfatest.Recorder{})
			for i := range 3 {
				withKey(t, m, user(fmt.Sprint(i)))
			}
			closed(t, m)
			s = s.with(t, (*mfa.KeyRing).Rotate)
			m = s.process(t, &mfatest.Recorder{})
			ctx, cancel := context.WithCancel(t.Context())
			first, err := ops.Rewrap(ctx, s.store, m.Engine, ops.RewrapOptions{Parallel: parallel, Rate: ops.Unlimited, Progress: func(r ops.RewrapStats) {
				if r.Items == stop {
					cancel()
				}
			}})
			cancel()
			if !errors.Is(err, context.Canceled) || first.Items < stop || first.Items > stop+parallel || first.Failed != 0 {
				t.Fatalf("stopped at %d: %+v, %v", stop, first, err)
			}
			rest, err := ops.Rewrap(t.Context(), s.store, m.Engine, ops.RewrapOptions{Parallel: parallel, After: first.Last, Rate: ops.Unlimited})
			if err != nil || rest.Failed != 0 || first.Written+rest.Written != 12 || parallel == 1 && first.Items+rest.Items != 12 {
				t.Errorf("stopped at %d: %+v, then %+v, %v", stop, first, rest, err)
			}
			again, err := ops.Rewrap(t.Context(), s.store, m.Engine, ops.RewrapOptions{Rate: ops.Unlimited})
			if err != nil || again.Written != 0 || again.Failed != 0 {
				t.Errorf("stopped at %d: left was %+v, %v", stop, again, err)
			}
		}
	}
}

// C27: what cannot be moved is counted, so that nobody retires its key.
func TestC27_WhatStaysBehindIsTold(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	withKey(t, m, user("1"))
	theirs, err := s.keys.Seal([]byte("theirs"), "parts of", "theirs")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"a/theirs": string(theirs), "b": "no prefix", "limit/x": "not sealed", "user/%zz": "not a key", "user/2": string(theirs)} {
		if err := s.store.Save(t.Context(), key, 0, mfa.Item{Value: []byte(value), Version: 7}); err != nil {
			t.Fatal(err)
		}
	}
	s = s.with(t, (*mfa.KeyRing).Rotate)
	m = s.process(t, &mfatest.Recorder{})
	o := ops.RewrapOptions{Rate: ops.Unlimited}
	want := []string{"a/theirs", "b", "limit/x", "user/%zz", "user/2"}
	for range 2 {
		stats, err := ops.Rewrap(t.Context(), s.store, m.Engine, o)
		var failed []string
		for _, f := range stats.Failures {
			if f.Err == nil || strings.Contains(f.Err.Error(), "theirs") {
				t.Errorf("%s: %v", f.Key, f.Err)
			}
			failed = append(failed, f.Key)
		}
		slices.Sort(failed)
		if err != nil || stats.Failed != len(want) || !slices.Equal(failed, want) {
			t.Fatalf("%+v, %v", stats, err)
		}
		// Whoever has sealed it knows how to open it.
		want = want[1:]
		o.Others = map[string]func(context.Context, string, mfa.Item) (bool, error){
			"a/t": func(ctx context.Context, key string, item mfa.Item) (bool, error) {
				plain, err := s.keys.Open(item.Value, "parts of", "theirs")
				if err != nil {
					return false, err
				}
				sealed, err := s.keys.Seal(plain, "parts of", "theirs")
				if err != nil {
					return false, err
				}
				return true, s.store.Save(ctx, key, item.Version, mfa.Item{Value: sealed, Version: 8})
			},
			"a/": func(context.Context, string, mfa.Item) (bool, error) {
				return false, errors.New("the longest prefix goes")
			},
		}
	}
	if _, err := s.with(t, (*mfa.KeyRing).Retire).keys.Open(dump(t, s.store)["a/theirs"].Value, "parts of", "theirs"); err != nil {
		t.Error(err)
	}
}

// A rate holds on the average, whatever the number of workers; what needs no
// writing is free.
func TestRewrap_Rate(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		s := quickSite(t)
		m := s.process(t, &mfatest.Recorder{})
		for i := range 100 {
			if err := m.Reset(t.Context(), mfa.Reset{User: user(fmt.Sprintf("%03d", i)), Actor: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		closed(t, m)
		s = s.with(t, (*mfa.KeyRing).Rotate)
		m = s.process(t, &mfatest.Recorder{})
		clock := mfatest.NewClock(time.Unix(0, 0))
		o := ops.RewrapOptions{Parallel: parallel, Rate: 10, Clock: ops.Clock{Now: clock.Now, Wait: func(_ context.Context, d time.Duration) error {
			clock.Advance(d)
			return nil
		}}}
		stats, err := ops.Rewrap(t.Context(), s.store, m.Engine, o)
		// Workers that wait at the same time each move this clock, so that it may be ahead.
		if took := clock.Now().Sub(time.Unix(0, 0)); err != nil || stats.Written != 100 || took < 9500*time.Millisecond || parallel == 1 && took > 10*time.Second {
			t.Errorf("%d at a time took %v: %+v, %v", parallel, took, stats, err)
		}
		before := clock.Now()
		if stats, err = ops.Rewrap(t.Context(), s.store, m.Engine, o); err != nil || stats.Written != 0 || clock.Now() != before {
			t.Errorf("the second walk took %v: %+v, %v", clock.Now().Sub(before), stats, err)
		}
		// One that waits is stopped like any other.
		m = s.with(t, (*mfa.KeyRing).Rotate).process(t, &mfatest.Recorder{})
		tired := errors.New("tired")
		o.Clock.Wait = func(context.Context, time.Duration) error { return tired }
		if stats, err = ops.Rewrap(t.Context(), s.store, m.Engine, o); !errors.Is(err, tired) || stats.Written == 0 || stats.Written > parallel || stats.Failed != 0 {
			t.Errorf("%+v, %v", stats, err)
		}
	}
}

func TestRewrap_Errors(t *testing.T) {
	s := quickSite(t)
	m := s.process(t, &mfatest.Recorder{})
	for name, c := range map[string]struct {
		store  mfa.Store
		engine *mfa.Engine
		o      ops.RewrapOptions
	}{
		"no engine":         {store: s.store},
		"no store":          {engine: m.Engine},
		"no Scanner":        {store: plain{s.store}, engine: m.Engine},
		"parallel":          {store: s.store, engine: m.Engine, o: ops.RewrapOptions{Parallel: 257}},
		"rate":              {store: s.store, engine: m.Engine, o: ops.RewrapOptions{Rate: -2}},
		"others without":    {store: s.store, engine: m.Engine, o: ops.RewrapOptions{Others: map[string]func(context.Context, string, mfa.Item) (bool, error){"a/": nil}}},
		"others everywhere": {store: s.store, engine: m.Engine, o: ops.RewrapOptions{Others: map[string]func(context.Context, string, mfa.Item) (bool, error){"": m.Rewrap}}},
	} {
		c.o.After = "x"
		if stats, err := ops.Rewrap(t.Context(), c.store, c.engine, c.o); err == nil || stats.Last != "x" || stats.Items != 0 {
			t.Errorf("%s: %+v, %v", name, stats, err)
		}
	}
}

// C27: no process meets what it cannot open if the new key is first deployed behind the
// old one; and what was given out under the old key is good until that is retired.
func TestC27_DeployedInTwoRounds(t *testing.T) {
	s := quickSite(t)
	old := s.process(t, &mfatest.Recorder{})
	key := withKey(t, old, user("1"))
	evidence, err := old.SealEvidence(mfa.Authentication{User: "1"})
	if err != nil {
		t.Fatal(err)
	}
	second := s.with(t, (*mfa.KeyRing).Rotate)
	first := second.with(t, func(k *mfa.KeyRing) (*mfa.KeyRing, error) {
		text, err := k.Export()
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n") // a header, the index key, the new key, the old one
		lines[2], lines[3] = lines[3], lines[2]
		return mfa.ParseKeyRing([]byte(strings.Join(lines, "\n")))
	})
	opens := func(m *mfatest.Engine) {
		t.Helper()
		if err := byKey(t.Context(), m, key); err != nil {
			t.Error(err)
		}
	}
	deployed := first.process(t, &mfatest.Recorder{})
	opens(deployed)
	opens(old) // which has not restarted yet
	again := second.process(t, &mfatest.Recorder{})
	opens(deployed)
	opens(again)
	if err := byKey(t.Context(), old, key); !errors.Is(err, mfa.ErrSealed) && !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("without the new key: %v", err)
	}
	key.Count++
	if stats, err := ops.Rewrap(t.Context(), s.store, again.Engine, ops.RewrapOptions{}); err != nil || stats.Failed != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	if _, err := again.OpenEvidence(evidence); err != nil {
		t.Error(err)
	}
	last := second.with(t, (*mfa.KeyRing).Retire).process(t, &mfatest.Recorder{})
	opens(last)
	if _, err := last.OpenEvidence(evidence); !errors.Is(err, mfa.ErrSealed) {
		t.Errorf("the retired key's evidence: %v", err)
	}
}
