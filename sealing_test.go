package mfa_test

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// dump is all that a store in memory holds.
func dump(t testing.TB, s mfa.Store) map[string]mfa.Item {
	t.Helper()
	if over, ok := s.(interface{ under() mfa.Store }); ok {
		s = over.under()
	}
	out := map[string]mfa.Item{}
	err := s.(mfa.Scanner).Scan(bg, "", "", func(key string, item mfa.Item) error {
		out[key] = item
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestC27_TheStoreHoldsNoPlaintext(t *testing.T) {
	w := newWorld(t)
	if err := w.Check(bg); err != nil {
		t.Fatal(err)
	}
	u := person("u")
	u.Name, u.Email, u.Phone = "canary-name", "canary@example.com", "+4799887766"
	c := from(1)
	c.UserAgent, c.Place = "canary-agent", "canary-place"
	f := w.signIn(u, c)
	w.scan(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Label: "canary-label"})
	a := w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Label: "canary-label-2"})
	g := w.signIn(u, c)
	_, _ = w.verify(g, a.id, w.wrong(a), c)
	w.drain()
	items := dump(t, w.store)
	kinds := map[string]int{}
	for key, item := range items {
		kind, _, _ := strings.Cut(key, "/")
		kinds[kind]++
		for _, secret := range []string{"canary", "998877", "totp", "secret", a.codes[0], quickHash(a.codes[0]), g.Token, a.id, "password", "10.0.1"} {
			if bytes.Contains(item.Value, []byte(secret)) || strings.Contains(key, secret) {
				t.Errorf("%s shows %q", key, secret)
			}
		}
	}
	if kinds["user"] != 1 || kinds["limit"] != 2 || kinds["meta"] != 1 {
		t.Errorf("keys by kind: %v", kinds)
	}
	if !items["user/u"].Expires.IsZero() {
		t.Error("a user's value may be dropped")
	}
}

func TestC27_ValuesOpenOnlyWhereTheyBelong(t *testing.T) {
	w := newWorld(t, silent)
	u, v := person("u"), person("v")
	a := w.withApp(u)
	w.withApp(v)
	f := w.signIn(u, mfa.Client{})
	mine, theirs := value(t, w.store, "u"), value(t, w.store, "v")
	put := func(item mfa.Item) {
		t.Helper()
		if err := w.store.Save(bg, "user/u", value(t, w.store, "u").Version, item); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string) {
		t.Helper()
		before := value(t, w.store, "u")
		for _, err := range []error{
			second(w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})), second(w.verify(f, a.id, a.Code(), mfa.Client{})),
			second(w.Enrollments(bg, "u")), w.Reset(bg, mfa.Reset{User: u, Actor: "x"}),
		} {
			if !errors.Is(err, mfa.ErrSealed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if value(t, w.store, "u").Version != before.Version {
			t.Errorf("%s: it was written over", what)
		}
	}
	put(mfa.Item{Value: theirs.Value, Version: 1})
	refused("another user's value")
	for _, at := range []int{1, 5, 20, 40, len(mine.Value) / 2, len(mine.Value) - 1} {
		edited := slices.Clone(mine.Value)
		edited[at] ^= 1
		put(mfa.Item{Value: edited, Version: int64(100 + at)})
		refused("edited")
	}
	for _, n := range []int{0, 1, 2, 40, len(mine.Value) - 1} {
		put(mfa.Item{Value: mine.Value[:n], Version: int64(1e6 + n)})
		refused("cut")
	}
	put(mfa.Item{Value: mine.Value, Version: mine.Version + 1})
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)

	// Not in another deployment, nor under another purpose.
	x := w.twin(silent, func(c *mfa.Config) { c.Deployment = "other" })
	is(t, second(x.Enrollments(bg, "u")), mfa.ErrSealed)
	if err := w.Check(bg); err != nil {
		t.Fatal(err)
	}
	is(t, x.Check(bg), mfa.ErrWrongKeys)
}

func TestC27_KeysRotate(t *testing.T) {
	w := newWorld(t, silent)
	if err := w.Check(bg); err != nil {
		t.Fatal(err)
	}
	u, v := person("u"), person("v")
	a := w.withApp(u)
	w.withApp(v)
	open := w.signIn(u, mfa.Client{})
	rotated, err := w.keys.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	with := func(k *mfa.KeyRing) *world { return w.twin(silent, func(c *mfa.Config) { c.Keys = k }) }
	x := with(rotated)
	if err := x.Check(bg); err != nil {
		t.Error(err)
	}
	f, err := x.verify(open, a.id, a.Code(), mfa.Client{}) // and is sealed anew
	x.want(f, err, mfa.StatusPassed)
	is(t, second(w.Enrollments(bg, "u")), mfa.ErrSealed) // the old ring does not know the new key

	retired, err := rotated.Retire()
	if err != nil {
		t.Fatal(err)
	}
	y := with(retired)
	if err := y.Check(bg); err != nil { // the marker was sealed anew when the rotated ring was checked
		t.Error(err)
	}
	if list, err := y.Enrollments(bg, "u"); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	is(t, second(y.Enrollments(bg, "v")), mfa.ErrSealed)

	text, err := rotated.Export()
	if err != nil {
		t.Fatal(err)
	}
	again, err := mfa.ParseKeyRing(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := with(again).Enrollments(bg, "v"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "x", string(text[:len(text)/2]), strings.ToUpper(string(text)) + "!"} {
		_, err := mfa.ParseKeyRing([]byte(bad))
		if err == nil || bad != "" && len(bad) > 8 && strings.Contains(err.Error(), bad[8:]) {
			t.Errorf("%v", err)
		}
	}
}

func TestC27_WrongKeysAreFoundOut(t *testing.T) {
	w := newWorld(t, silent)
	for range 2 {
		if err := w.Check(bg); err != nil {
			t.Fatal(err)
		}
	}
	other, _ := mfa.NewKeyRing()
	x := w.twin(silent, func(c *mfa.Config) { c.Keys = other })
	is(t, x.Check(bg), mfa.ErrWrongKeys)
	// A ring that opens everything and hashes otherwise is as wrong.
	one, _ := mfa.NewKeyRingFrom(glass{}, bytes.Repeat([]byte{1}, 32))
	two, _ := mfa.NewKeyRingFrom(glass{}, bytes.Repeat([]byte{2}, 32))
	s := memory.New()
	y := w.twin(silent, withStore(s), func(c *mfa.Config) { c.Keys = one })
	if err := y.Check(bg); err != nil {
		t.Fatal(err)
	}
	z := w.twin(silent, withStore(s), func(c *mfa.Config) { c.Keys = two })
	is(t, z.Check(bg), mfa.ErrWrongKeys)
	for _, err := range []error{second(mfa.NewKeyRingFrom(nil, make([]byte, 32))), second(mfa.NewKeyRingFrom(glass{}, make([]byte, 31))), second(one.Rotate()), second(one.Retire()), second(one.Export())} {
		if err == nil {
			t.Error("no error")
		}
	}
	_, err := mfa.New(mfa.Config{Store: s, Keys: &mfa.KeyRing{}, Factors: []mfa.Factor{keyFactor{}}})
	is(t, err, mfa.ErrNoKeys)
}

// A logger that keeps all it is given.
func captured() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}
