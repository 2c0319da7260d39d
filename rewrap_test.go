package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// rewrapAll does so with all that a store holds, and says what was written.
func (w *world) rewrapAll() (written []string) {
	w.t.Helper()
	items := dump(w.t, w.store)
	for _, key := range slices.Sorted(maps.Keys(items)) {
		done, err := w.Rewrap(bg, key, items[key])
		if err != nil {
			w.t.Fatalf("%s: %v", key, err)
		}
		if done {
			kind, _, _ := strings.Cut(key, "/")
			written = append(written, kind)
		}
	}
	return written
}

func (w *world) with(keys *mfa.KeyRing, err error) *world {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return w.twin(silent, func(c *mfa.Config) { c.Keys = keys })
}

// C-27: after a walk with the new key the old one can go, and nothing is lost.
func TestC27_RewrapMovesAllToTheNewestKey(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Large = 4 << 10
	key := k.register(k.caller(u), b, mfa.Enroll{}).Enrollment.ID
	v := person("v/ä %")
	a := k.withApp(v)
	if err := k.Check(bg); err != nil {
		t.Fatal(err)
	}
	f := k.signIn(v, from(1))
	_, err := k.verify(f, a.id, k.wrong(a), from(1))
	is(t, err, mfa.ErrNotValid)
	k.drain() // the counts of failures go to the store
	beside, err := k.keys.Seal([]byte("row"), "", "risk", "risk/7")
	if err != nil {
		t.Fatal(err)
	}
	if err := k.store.Save(bg, "risk/7", 0, mfa.Item{Value: beside, Version: 7}); err != nil {
		t.Fatal(err)
	}
	if err := k.store.Save(bg, "spent/0", 0, mfa.Item{Version: 8, Expires: k.clock.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	was := dump(t, k.store)

	rotated, err := k.keys.Rotate()
	x := k.with(rotated, err)
	if got, want := fmt.Sprint(x.rewrapAll()), "[bulk claim claim limit limit meta risk user user]"; got != want {
		t.Errorf("written: %s, want %s", got, want)
	}
	if got := x.rewrapAll(); got != nil {
		t.Errorf("written once more: %v", got)
	}
	for name, item := range dump(t, k.store) {
		if !item.Expires.Equal(was[name].Expires) {
			t.Errorf("%s expires %v, and did %v", name, item.Expires, was[name].Expires)
		}
	}
	retired, err := rotated.Retire()
	is(t, err, nil)
	y := k.twin(silent, func(c *mfa.Config) { c.Keys = retired })
	for name, item := range dump(t, y.store) {
		if _, err := y.Rewrap(bg, name, item); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	is(t, y.Check(bg), nil)
	if plain, err := retired.Open(dump(t, k.store)["risk/7"].Value, "", "risk", "risk/7"); err != nil || string(plain) != "row" {
		t.Errorf("%q, %v", plain, err)
	}
	if data, err := y.Attachment(bg, "u", key); err != nil || len(data) != 4<<10 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	f, err = y.passkey(b, mfa.Client{})
	y.want(f, err, mfa.StatusPassed)
	f = y.signIn(v, mfa.Client{})
	f, err = y.verify(f, a.id, a.Code(), mfa.Client{})
	y.want(f, err, mfa.StatusPassed)
}

// An AEAD that cannot say which key it was has everything written.
func TestC27_RewrapOverAHostsAEAD(t *testing.T) {
	k := newGlassWorld(t)
	k.withApp(person("u"))
	for range 2 {
		if got := fmt.Sprint(k.rewrapAll()); got != "[user]" {
			t.Errorf("written: %s", got)
		}
	}
}

func TestC27_RewrapLosesNothingOfOthers(t *testing.T) {
	w, s := tapped(t, silent)
	a := w.withApp(person("u"))
	open := w.signIn(person("u"), mfa.Client{})
	rotated, err := w.keys.Rotate()
	x := w.with(rotated, err)
	item := value(t, s, "u")
	// Between the walk's look and its save, somebody signs in.
	y := w.with(rotated, nil)
	done := false
	s.onSaves(func(_ int, save func() error) error {
		if !done {
			done = true
			f, err := y.Verify(bg, open.Token, mfa.Answer{Option: a.id, Code: a.Code()}, mfa.Client{})
			w.want(f, err, mfa.StatusPassed)
		}
		return save()
	})
	if moved, err := x.Rewrap(bg, "user/u", item); err != nil || !moved {
		t.Fatalf("%v, %v", moved, err)
	}
	s.reset()
	f := x.signIn(person("u"), mfa.Client{})
	_, err = x.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid) // spent
}

func TestRewrapRefuses(t *testing.T) {
	w := newWorld(t, silent)
	w.withApp(person("u"))
	item := value(t, w.store, "u")
	newer := mfa.Item{Value: append([]byte{item.Value[0] + 1}, item.Value[1:]...), Version: 1}
	for name, tc := range map[string]struct {
		key  string
		item mfa.Item
		want error
	}{
		"another user's":  {"user/v", item, mfa.ErrSealed},
		"no user's":       {"user/%zz", item, mfa.ErrSealed},
		"not escaped":     {"user/a b", item, mfa.ErrSealed},
		"nothing":         {"user/u", mfa.Item{Version: 1}, mfa.ErrSealed},
		"newer":           {"user/u", newer, mfa.ErrNewerVersion},
		"a claim":         {"claim/pass/x", item, mfa.ErrSealed},
		"a count":         {"limit/x", item, mfa.ErrSealed},
		"somebody else's": {"cache/x", mfa.Item{Value: []byte("\x01page"), Version: 1}, mfa.ErrSealed},
	} {
		t.Run(name, func(t *testing.T) {
			before := dump(t, w.store)
			other, err := w.keys.Rotate() // so that it is not current
			done, err := w.with(other, err).Rewrap(bg, tc.key, tc.item)
			if is(t, err, tc.want); done {
				t.Error("done")
			}
			if fmt.Sprint(before) != fmt.Sprint(dump(t, w.store)) {
				t.Error("something was written")
			}
		})
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	rotated, err := w.keys.Rotate()
	if _, err := w.with(rotated, err).Rewrap(ctx, "user/u", item); !errors.Is(err, context.Canceled) {
		t.Errorf("with a request that has ended: %v", err)
	}
}

// W-13: claims and an attachment that a process left behind are found out, and those in
// use are not.
func TestW13_Orphan(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, c := newFob(), k.caller(person("u"))
	b.Large = 4 << 10
	p := k.pending(c, mfa.Enroll{})
	k.spy.only("save user", func(int, func() error) error { return errWire })
	_, err := k.confirm(c, p, b)
	is(t, err, mfa.ErrStore)
	k.spy.reset()
	other := newFob()
	other.Large = 4 << 10
	k.register(k.caller(person("v")), other, mfa.Enroll{})
	orphans := func() (n int) {
		for name, item := range dump(t, k.store) {
			orphan, err := k.Orphan(bg, name, item)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if orphan {
				n++
			}
		}
		return n
	}
	if n := orphans(); n != 0 {
		t.Errorf("%d, while their user may still save", n)
	}
	k.clock.Advance(time.Hour)
	if n := orphans(); n != 3 { // the credential's, the handle's, and the attestation
		t.Errorf("%d, want 3", n)
	}
	is(t, second(k.Orphan(bg, "claim/pass/x", mfa.Item{Value: []byte("\x01")})), mfa.ErrSealed)
}
