package mfa_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// taken is the refusal of a credential that is somebody's.
func taken(t testing.TB, err error) {
	t.Helper()
	var r *mfa.RefusedError
	if !errors.As(err, &r) || r.Subject != mfa.SubjectAuthenticator || r.Reason != "already_registered" {
		t.Fatalf("error %v, want already_registered", err)
	}
}

// keysIn says whether a user has as many keys.
func (k *keyWorld) keysIn(user string, want int) {
	k.t.Helper()
	list, err := k.Enrollments(bg, user)
	if err != nil {
		k.t.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(e mfa.Enrollment) bool { return e.Method != "pass" })
	if len(list) != want {
		k.t.Fatalf("%s has %d keys, want %d", user, len(list), want)
	}
}

// W-13: a credential is one user's over all; fifty race for it.
func TestC02_W13_OneOfManyUsersGetsACredential(t *testing.T) {
	k := newKeyWorld(t, silent)
	b := newFob()
	engines := []*keyWorld{k.past(), k.past()}
	var callers []mfa.Caller
	var begun []mfa.Enrolling
	var answers []mfa.Answer
	for i := range 50 {
		c := k.caller(person(fmt.Sprint("u", i)))
		p := k.pending(c, mfa.Enroll{})
		callers, begun = append(callers, c), append(begun, p)
		answers = append(answers, b.sign(p.Challenge))
	}
	errs := parallel(50, func(i int) error {
		return second(engines[i%2].Activate(bg, callers[i], begun[i].ID, answers[i]))
	})
	winner := slices.IndexFunc(errs, func(err error) bool { return err == nil })
	if winner < 0 {
		t.Fatalf("nobody: %v", errs)
	}
	for i, err := range errs {
		if i != winner {
			taken(t, err)
			k.keysIn(fmt.Sprint("u", i), 0)
			if strings.Contains(string(value(t, k.spy, fmt.Sprint("u", i)).Value), b.ID) {
				t.Error("it is in a loser's value")
			}
		}
	}
	k.keysIn(fmt.Sprint("u", winner), 1)
	if n := len(k.keysOf("claim")); n != 2 { // the credential's and the handle's
		t.Errorf("%d claims", n)
	}
	b.Handle = begun[winner].Challenge.(passAsked).Handle
	f, err := k.passkey(b, mfa.Client{})
	if k.want(f, err, mfa.StatusPassed); f.User != fmt.Sprint("u", winner) {
		t.Errorf("it signs %s in", f.User)
	}
	// A loser goes on with another key.
	loser := (winner + 1) % 50
	k.register(callers[loser], newFob(), mfa.Enroll{})
}

// What is glass shows that no value of a loser's ever held the credential.
func TestW13_ARefusedCredentialIsStoredNowhere(t *testing.T) {
	k := newGlassWorld(t)
	b, _, _ := k.withKey(person("u"))
	c := k.caller(person("v"))
	p := k.pending(c, mfa.Enroll{})
	var saved []byte
	k.spy.on(func(what, key string, _ int, do func() error) error {
		if key == "user/v" && what == "save user" {
			saved = append(saved, value(t, k.spy.Store, "v").Value...)
		}
		return do()
	})
	_, err := k.confirm(c, p, b2(b))
	taken(t, err)
	if v := value(t, k.spy.Store, "v").Value; bytes.Contains(v, []byte(b.ID)) || bytes.Contains(saved, []byte(b.ID)) {
		t.Error("it was")
	}
	if v := value(t, k.spy.Store, "u").Value; !bytes.Contains(v, []byte(b.ID)) {
		t.Error("glass is not clear")
	}
}

// newGlassWorld seals nothing.
func newGlassWorld(t testing.TB) *keyWorld {
	t.Helper()
	keys, err := mfa.NewKeyRingFrom(glass{}, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return newKeyWorld(t, silent, func(c *mfa.Config) { c.Keys = keys })
}

// A claim whose user's value was never saved is that user's for an hour.
func TestW13_OrphanedClaims(t *testing.T) {
	for _, tc := range []struct {
		after time.Duration
		taken bool
	}{{0, true}, {10 * time.Minute, true}, {time.Hour - time.Second, true}, {time.Hour, false}, {24 * time.Hour, false}} {
		t.Run(tc.after.String(), func(t *testing.T) {
			k := newKeyWorld(t, silent)
			b := newFob()
			mine, theirs := k.caller(person("u")), person("v")
			p := k.pending(mine, mfa.Enroll{})
			k.spy.only("save user", func(int, func() error) error { return errWire })
			_, err := k.confirm(mine, p, b)
			is(t, err, mfa.ErrStore)
			k.spy.reset()
			k.keysIn("u", 0)
			if n := len(k.keysOf("claim")); n != 2 {
				t.Fatalf("%d claims: no orphan", n)
			}
			is(t, second(k.passkey(b, mfa.Client{})), mfa.ErrNotValid) // it leads to u, who does not have it
			k.clock.Advance(tc.after)
			x := k.past() // whoever asks
			_, err = x.confirm(x.caller(theirs), x.pending(x.caller(theirs), mfa.Enroll{}), b2(b))
			if errors.Is(err, mfa.ErrNoEnrollment) { // of another session
				t.Fatal(err)
			}
			if tc.taken {
				taken(t, err)
				k.register(k.caller(person("u")), b, mfa.Enroll{}) // it is u's still
				f, err := k.passkey(b, mfa.Client{})
				k.want(f, err, mfa.StatusPassed)
				return
			}
			is(t, err, nil)
			c := k.caller(person("u"))
			_, err = k.confirm(c, k.pending(c, mfa.Enroll{}), b2(b))
			taken(t, err)
		})
	}
}

// The same request again, right after the save that failed.
func TestW13_ARetryFindsItsOwnClaim(t *testing.T) {
	k := newKeyWorld(t, silent)
	b := newFob()
	c := k.caller(person("u"))
	p := k.pending(c, mfa.Enroll{})
	k.spy.only("save user", func(int, func() error) error { return errWire })
	_, err := k.confirm(c, p, b)
	is(t, err, mfa.ErrStore)
	k.spy.reset()
	_, err = k.confirm(c, p, b)
	is(t, err, nil)
	k.keysIn("u", 1)
}

// What a value refers to is taken over never, however old it is.
func TestW13_ClaimsDoNotAge(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	for range 3 {
		k.clock.Advance(5 * 365 * 24 * time.Hour)
		c := k.caller(person("v"))
		_, err := k.confirm(c, k.pending(c, mfa.Enroll{}), b2(b))
		taken(t, err)
		f, err := k.passkey(b, mfa.Client{})
		k.want(f, err, mfa.StatusPassed)
	}
	k.keysIn("v", 0)
	// Not where the holder's value cannot be read, either.
	for _, kind := range []string{"claim", "user"} {
		c := k.caller(person("v"))
		p := k.pending(c, mfa.Enroll{})
		k.spy.on(func(what, key string, _ int, do func() error) error {
			if what == "load "+kind && key != "user/v" {
				return errWire
			}
			return do()
		})
		_, err := k.confirm(c, p, b2(b))
		k.spy.reset()
		is(t, err, mfa.ErrStore)
		k.keysIn("v", 0)
	}
}

// A request that is so slow that its claim may be taken for an orphan gives up.
func TestW13_SlowRequestsGiveUp(t *testing.T) {
	for pause, want := range map[time.Duration]error{time.Minute: nil, time.Minute + time.Second: mfa.ErrBusy, 2 * time.Hour: mfa.ErrBusy} {
		k := newKeyWorld(t, silent)
		b := newFob()
		c := k.caller(person("u"))
		p := k.pending(c, mfa.Enroll{})
		k.spy.once("save claim", func(do func() error) error {
			err := do()
			k.clock.Advance(pause)
			return err
		})
		_, err := k.confirm(c, p, b)
		k.spy.reset()
		if is(t, err, want); want == nil {
			k.keysIn("u", 1)
			continue
		}
		k.keysIn("u", 0)
		c = k.caller(person("u"))
		k.register(c, b, mfa.Enroll{})
	}
}

func TestClaimsAndAttachmentsGoWithTheirEnrollments(t *testing.T) {
	u := person("u")
	for name, f := range map[string]func(k *keyWorld, c mfa.Caller, id string) error{
		"removed":     func(k *keyWorld, c mfa.Caller, id string) error { return second(k.Remove(bg, c, id)) },
		"all removed": func(k *keyWorld, c mfa.Caller, _ string) error { return second(k.RemoveAll(bg, c)) },
		"reset": func(k *keyWorld, _ mfa.Caller, _ string) error {
			return k.Reset(bg, mfa.Reset{User: u, Actor: "support"})
		},
		"erased": func(k *keyWorld, _ mfa.Caller, _ string) error { return k.Erase(bg, "u") },
		"replaced by an app": func(k *keyWorld, c mfa.Caller, id string) error {
			k.enroll(c, mfa.Enroll{Replaces: id})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyWorld(t, silent)
			b := newFob()
			b.Attachment = "attestation"
			done := k.register(k.caller(u), b, mfa.Enroll{})
			c := k.entered(u, b)
			if n, m := len(k.keysOf("claim")), len(k.keysOf("bulk")); n != 2 || m != 1 {
				t.Fatalf("%d claims, %d attachments", n, m)
			}
			is(t, f(k, c, done.Enrollment.ID), nil)
			if left := append(k.keysOf("claim"), k.keysOf("bulk")...); left != nil {
				t.Errorf("left: %q", left)
			}
			is(t, second(k.Attachment(bg, "u", done.Enrollment.ID)), mfa.ErrNoEnrollment)
			is(t, second(k.passkey(b, mfa.Client{})), mfa.ErrNotValid)
			// It is free for anybody, at once.
			k.register(k.caller(person("v")), b, mfa.Enroll{})
			f, err := k.passkey(b, mfa.Client{})
			if k.want(f, err, mfa.StatusPassed); f.User != "v" {
				t.Errorf("signs %s in", f.User)
			}
		})
	}
}

func TestReplacingAKeyMovesItsClaims(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Attachment = "old"
	old := k.register(k.caller(u), b, mfa.Enroll{}).Enrollment.ID
	c := k.entered(u, b)
	next := newFob()
	next.Attachment = "new"
	id := k.register(c, next, mfa.Enroll{Replaces: old}).Enrollment.ID
	if n, m := len(k.keysOf("claim")), k.keysOf("bulk"); n != 2 || len(m) != 1 || m[0] != "bulk/"+id {
		t.Errorf("%d claims, attachments %q", n, m)
	}
	is(t, second(k.passkey(b, mfa.Client{})), mfa.ErrNotValid)
	f, err := k.passkey(next, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	// The same credential, bound anew in the place of itself: its claim stays.
	c = mfa.Caller{User: u, Authentication: f.Authentication}
	k.register(c, next, mfa.Enroll{Replaces: id})
	f, err = k.passkey(next, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	if n := len(k.keysOf("claim")); n != 2 {
		t.Errorf("%d claims", n)
	}
}

// What two enrollments refer to stays as long as one of them does.
func TestSharedClaimsStay(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	beside := newFob()
	k.register(k.entered(u, b), beside, mfa.Enroll{})
	if b.Handle != beside.Handle || len(k.keysOf("claim")) != 3 {
		t.Fatalf("%q", k.keysOf("claim"))
	}
	if _, err := k.Remove(bg, k.entered(u, beside), id); err != nil {
		t.Fatal(err)
	}
	if n := len(k.keysOf("claim")); n != 2 {
		t.Errorf("%d claims", n)
	}
	f, err := k.passkey(beside, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
}

// Of someone who was erased the tombstone stays, and no more.
func TestEraseLeavesNoKeys(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Attachment = "attestation"
	k.register(k.caller(u), b, mfa.Enroll{})
	beside := newFob()
	beside.Attachment = "attestation"
	k.register(mfa.Caller{User: u, Authentication: mustPass(k.answer(k.signIn(u, mfa.Client{}), b)).Authentication}, beside, mfa.Enroll{})
	if n := len(dump(t, k.spy.Store)); n != 6 {
		t.Fatalf("%d keys", n)
	}
	is(t, k.Erase(bg, "u"), nil)
	if left := slices.Collect(maps.Keys(dump(t, k.spy.Store))); len(left) != 1 || left[0] != "user/u" {
		t.Errorf("left: %q", left)
	}
	is(t, k.Erase(bg, "nobody"), nil)
}

func mustPass(f mfa.Flow, err error) mfa.Flow {
	if err != nil || f.Status != mfa.StatusPassed {
		panic(fmt.Sprint(f, err))
	}
	return f
}

// What could not be deleted when somebody was erased goes when it is asked for again.
func TestEraseAgainFinishesTheJob(t *testing.T) {
	for name, tamper := range map[string]func(s *spy){
		"a delete fails":     func(s *spy) { s.only("delete claim", func(int, func() error) error { return errWire }) },
		"not durable":        func(s *spy) { s.once("save user", notDurable) },
		"the caller is gone": func(s *spy) { s.once("save user", func(do func() error) error { _ = do(); return errWire }) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newKeyWorld(t, silent)
			k.withKey(person("u"))
			tamper(k.spy)
			_ = k.Erase(bg, "u")
			k.spy.reset()
			is(t, k.Erase(bg, "u"), nil)
			if left := k.keysOf("claim"); left != nil {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// A delete that fails is nobody's failure; what it leaves is an orphan.
func TestDeletesThatFailLeaveOrphans(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	k.spy.only("delete claim", func(int, func() error) error { return errWire })
	is(t, second(k.Remove(bg, k.entered(u, b), id)), nil)
	k.spy.reset()
	k.keysIn("u", 0)
	c := k.caller(person("v"))
	_, err := k.confirm(c, k.pending(c, mfa.Enroll{}), b2(b))
	taken(t, err)
	k.clock.Advance(time.Hour)
	c = k.caller(person("v"))
	_, err = k.confirm(c, k.pending(c, mfa.Enroll{}), b)
	is(t, err, nil)
	// Who goes away while it is deleted does not keep it from being so.
	k = newKeyWorld(t, silent)
	b, id, _ = k.withKey(u)
	session := k.entered(u, b)
	ctx, cancel := context.WithCancel(bg)
	k.spy.once("save user", func(do func() error) error {
		defer cancel()
		return do()
	})
	is(t, second(k.Remove(ctx, session, id)), nil)
	if left := k.keysOf("claim"); left != nil {
		t.Errorf("left: %q", left)
	}
}

// Where somebody registers what is being removed, their claim stays: it is
// deleted by the version that was there before.
func TestW13_RegisteringWhatIsBeingRemoved(t *testing.T) {
	for _, who := range []string{"u", "v"} {
		t.Run(who, func(t *testing.T) {
			k := newKeyWorld(t, silent)
			u := person("u")
			b, id, _ := k.withKey(u)
			k.clock.Advance(2 * time.Hour)
			session := k.entered(u, b)
			x := k.past()
			k.spy.once("save user", func(do func() error) error {
				err := do()
				x.register(x.caller(person(who)), b, mfa.Enroll{})
				return err
			})
			is(t, second(k.Remove(bg, session, id)), nil)
			k.spy.reset()
			k.keysIn(who, 1)
			f, err := k.passkey(b, mfa.Client{})
			if k.want(f, err, mfa.StatusPassed); f.User != who {
				t.Errorf("signs %s in", f.User)
			}
		})
	}
}

// A value that refers to what has become somebody else's (a row of an old
// backup) does not take it from them when it is changed.
func TestW13_AnotherUsersClaimIsNotDeleted(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, id, _ := k.withKey(u)
	old := value(t, k.spy.Store, "u")
	is(t, second(k.Remove(bg, k.entered(u, b), id)), nil)
	mine := b2(b)
	k.register(k.caller(person("v")), mine, mfa.Enroll{})
	old.Version++
	if err := k.spy.Store.Save(bg, "user/u", value(t, k.spy.Store, "u").Version, old); err != nil {
		t.Fatal(err)
	}
	f, err := k.passkey(mine, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	before := k.keysOf("claim")
	is(t, k.Reset(bg, mfa.Reset{User: u, Actor: "support"}), nil)
	if after := k.keysOf("claim"); !slices.Equal(before, after) {
		t.Errorf("claims are %q, were %q", after, before)
	}
	c := k.caller(person("w"))
	_, err = k.confirm(c, k.pending(c, mfa.Enroll{}), b2(mine))
	taken(t, err)
}

// Of a store that fails on the way, a registration is there or is not.
func TestClaimsOverAStoreThatFails(t *testing.T) {
	for _, what := range []string{"save claim", "save bulk", "save user"} {
		for name, tamper := range map[string]func(func() error) error{"lost": lost, "not done": notDone, "repeated": repeated} {
			t.Run(what+" "+name, func(t *testing.T) {
				k := newKeyWorld(t, silent)
				u := person("u")
				old, id, _ := k.withKey(u)
				c := k.entered(u, old)
				b := newFob()
				b.Attachment = "attestation"
				p := k.pending(c, mfa.Enroll{Replaces: id})
				k.spy.once(what, tamper)
				done, err := k.confirm(c, p, b)
				if err != nil || done.Enrollment.ID != p.ID {
					t.Fatalf("%v, %v", done, err)
				}
				k.spy.reset()
				k.keysIn("u", 1)
				if n, m := len(k.keysOf("claim")), len(k.keysOf("bulk")); n != 2 || m != 1 {
					t.Errorf("%d claims, %d attachments", n, m)
				}
				f, err := k.passkey(b, mfa.Client{})
				k.want(f, err, mfa.StatusPassed)
				if data, err := k.Attachment(bg, "u", p.ID); string(data) != "attestation" {
					t.Errorf("%q, %v", data, err)
				}
				is(t, second(k.passkey(old, mfa.Client{})), mfa.ErrNotValid)
			})
		}
		for name, tamper := range map[string]func(func() error) error{"always lost": lost, "never done": notDone} {
			t.Run(what+" "+name, func(t *testing.T) {
				k := newKeyWorld(t, silent)
				b := newFob()
				b.Attachment = "attestation"
				c := k.caller(person("u"))
				p := k.pending(c, mfa.Enroll{})
				k.spy.only(what, func(_ int, do func() error) error { return tamper(do) })
				_, err := k.confirm(c, p, b)
				k.spy.reset()
				if err == nil { // read back
					k.keysIn("u", 1)
					return
				}
				is(t, err, mfa.ErrStore)
				k.keysIn("u", 0)
				_, err = k.confirm(c, p, b)
				is(t, err, nil)
				f, err := k.passkey(b, mfa.Client{})
				k.want(f, err, mfa.StatusPassed)
			})
		}
	}
}

func TestC27_ClaimsAreSealed(t *testing.T) {
	k := newKeyWorld(t, silent)
	u, v := person("u"), person("v")
	b, theirs := newFob(), newFob()
	b.Attachment, theirs.Attachment = "canary-of-u", "canary-of-v"
	mine := k.register(k.caller(u), b, mfa.Enroll{}).Enrollment.ID
	other := k.register(k.caller(v), theirs, mfa.Enroll{}).Enrollment.ID
	f, err := k.passkey(b, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	all := dump(t, k.spy.Store)
	for key, item := range all {
		for _, secret := range []string{b.ID, b.Handle, theirs.ID, b.Key, "canary", f.Token} {
			if strings.Contains(key, secret) || bytes.Contains(item.Value, []byte(secret)) {
				t.Errorf("%s shows %q", key, secret)
			}
		}
		if kind, name, _ := strings.Cut(key, "/"); kind == "claim" && (!strings.HasPrefix(name, "pass/") || len(name) != len("pass/")+32) {
			t.Errorf("%s", key)
		}
	}
	put := func(key string, value []byte) {
		t.Helper()
		item, err := k.spy.Store.Load(bg, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.spy.Store.Save(bg, key, item.Version, mfa.Item{Value: value, Version: item.Version + 1}); err != nil {
			t.Fatal(err)
		}
	}
	for i, key := range k.keysOf("claim") {
		put(key, all[k.keysOf("claim")[(i+1)%4]].Value) // moved
	}
	is(t, second(k.passkey(b, mfa.Client{})), mfa.ErrSealed)
	is(t, second(k.passkey(theirs, mfa.Client{})), mfa.ErrSealed)
	c := k.caller(person("w"))
	_, err = k.confirm(c, k.pending(c, mfa.Enroll{}), b2(b))
	is(t, err, mfa.ErrSealed)
	k.keysIn("w", 0)
	for _, key := range k.keysOf("claim") {
		edited := slices.Clone(all[key].Value)
		edited[len(edited)/2] ^= 1
		put(key, edited)
	}
	is(t, second(k.passkey(b, mfa.Client{})), mfa.ErrSealed)
	put("bulk/"+mine, all["bulk/"+other].Value)
	is(t, second(k.Attachment(bg, "u", mine)), mfa.ErrSealed)
	put("bulk/"+mine, nil)
	is(t, second(k.Attachment(bg, "u", mine)), mfa.ErrSealed)
	for key, item := range all {
		if strings.HasPrefix(key, "claim/") || strings.HasPrefix(key, "bulk/") {
			put(key, item.Value)
		}
	}
	f, err = k.passkey(b, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	if data, err := k.Attachment(bg, "u", mine); string(data) != "canary-of-u" {
		t.Errorf("%q, %v", data, err)
	}
	// A key ring that indexes otherwise finds nobody.
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	x := k.twin(silent, func(c *mfa.Config) { c.Keys = keys })
	is(t, second(x.passkey(b, mfa.Client{})), mfa.ErrNotValid)
}

func TestAttachments(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Large = 64 << 10
	large := strings.Repeat("x", b.Large)
	id := k.register(k.caller(u), b, mfa.Enroll{}).Enrollment.ID
	k.spy.reset()
	data, err := k.Attachment(bg, "u", id)
	if err != nil || string(data) != large || k.spy.calls() != "load bulk 1, load user 1" {
		t.Errorf("%d bytes, %v, %s", len(data), err, k.spy.calls())
	}
	data[0]++ // a copy
	if data, _ := k.Attachment(bg, "u", id); string(data) != large {
		t.Error("it was changed")
	}
	c := k.entered(u, b)
	without := k.register(c, newFob(), mfa.Enroll{}).Enrollment.ID
	k.spy.reset()
	if data, err := k.Attachment(bg, "u", without); data != nil || err != nil || k.spy.calls() != "load user 1" {
		t.Errorf("%q, %v, %s", data, err, k.spy.calls())
	}
	k.withKey(person("v"))
	is(t, second(k.Attachment(bg, "v", id)), mfa.ErrNoEnrollment)
	is(t, second(k.Attachment(bg, "nobody", id)), mfa.ErrNoEnrollment)
	is(t, second(k.Attachment(bg, "u", "")), mfa.ErrNoEnrollment)
	is(t, second(k.Attachment(bg, "", id)), mfa.ErrBadInput)
	list, _ := k.Enrollments(bg, "u")
	i := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.Method == "recovery" })
	is(t, second(k.Attachment(bg, "u", list[i].ID)), mfa.ErrNoEnrollment)

	// Too much is refused, and nothing of it stays.
	before := maps.Clone(dump(t, k.spy.Store))
	for _, edit := range []func(*assertion){
		func(a *assertion) { a.Large = 64<<10 + 1 },
		func(a *assertion) { a.Claims = []string{"1", "2", "3"} },
		func(a *assertion) { a.Key = strings.Repeat("x", 8<<10) },
	} {
		p := k.pending(c, mfa.Enroll{})
		before["user/u"] = value(t, k.spy.Store, "u")
		x := newFob()
		x.Handle = b.Handle
		edit(&x.assertion)
		is(t, second(k.Activate(bg, c, p.ID, x.sign(p.Challenge))), mfa.ErrTooLarge)
		if !reflect.DeepEqual(before, dump(t, k.spy.Store)) {
			t.Error("something was stored")
		}
	}
}

// Verifications pay nothing for what lies beside the value.
func TestOneLoadAndOneSaveWithClaims(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b := newFob()
	b.Attachment = "attestation"
	k.register(k.caller(u), b, mfa.Enroll{})
	exactly := func(what, want string, f func()) {
		t.Helper()
		k.spy.reset()
		if f(); k.spy.calls() != want {
			t.Errorf("%s: %s, want %s", what, k.spy.calls(), want)
		}
	}
	const one = "load user 1, save user 1"
	var f mfa.Flow
	var asked mfa.Challenge
	var err error
	exactly("sign-in", one, func() { f = k.signIn(u, mfa.Client{}) })
	exactly("challenge", one, func() { asked = k.ask(f) })
	exactly("wrong", one, func() { is(t, second(k.Verify(bg, f.Token, b.sign(asked, wrongKey), mfa.Client{})), mfa.ErrNotValid) })
	asked = k.ask(f)
	exactly("right", one, func() { f, err = k.Verify(bg, f.Token, b.sign(asked), mfa.Client{}); k.want(f, err, mfa.StatusPassed) })
	exactly("rename", one, func() {
		list, _ := k.Enrollments(bg, "u")
		k.spy.reset()
		is(t, second(k.Rename(bg, mfa.Caller{User: u, Authentication: f.Authentication}, list[0].ID, "mine")), nil)
	})
	p := k.begin(mfa.Client{})
	exactly("wrong passkey", "load claim 1, load user 1", func() {
		is(t, second(k.FinishPasskey(bg, p.Token, b.sign(p.Challenge, wrongKey), mfa.Client{})), mfa.ErrNotValid)
	})
	exactly("unknown passkey", "load claim 2", func() {
		is(t, second(k.FinishPasskey(bg, p.Token, newFob().sign(p.Challenge), mfa.Client{})), mfa.ErrNotValid)
	})
	exactly("passkey", "load claim 1, load user 1, save spent 1, save user 1", func() {
		f, err = k.FinishPasskey(bg, p.Token, b.sign(p.Challenge), mfa.Client{})
		k.want(f, err, mfa.StatusPassed)
	})
}

// Somebody who signs in between the two does not make the second forget what the first left.
func TestEraseAgainAfterASignIn(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	k.withKey(u)
	k.spy.only("delete claim", func(int, func() error) error { return errWire })
	is(t, k.Erase(bg, "u"), mfa.ErrStore)
	k.spy.reset()
	k.signIn(u, mfa.Client{})
	is(t, k.Erase(bg, "u"), nil)
	if left := k.keysOf("claim"); left != nil {
		t.Errorf("left: %q", left)
	}
}
