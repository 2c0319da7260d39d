package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestKeysAreMadeOnceForTheirOwnerAlone(t *testing.T) {
	s := newService(t)
	code, out, errs := s.run("keys", "make", "-out", s.file("new.keys"))
	if code != exitDone || errs != "" {
		t.Fatal(code, errs)
	}
	text := s.read("new.keys")
	if _, err := mfa.ParseKeyRing([]byte(text)); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		if secret := strings.Fields(line)[1]; strings.Contains(out+errs, secret) {
			t.Errorf("a secret was printed")
		}
	}
	if info := must[os.FileInfo](t)(os.Stat(s.file("new.keys"))); info.Mode().Perm() != 0o600 {
		t.Errorf("its rights are %v", info.Mode())
	}
	s.fails(exitFailed, "not written over", "keys", "make", "-out", s.file("new.keys"))
	if s.read("new.keys") != text {
		t.Error("the ring was written over")
	}
	s.fails(exitUsage, "-out", "keys", "make")
	if list := must[[]os.DirEntry](t)(os.ReadDir(s.folder)); len(list) != 2 {
		t.Errorf("files are left behind: %v", list)
	}
}

func TestKeysAreListedByWhatTheySeal(t *testing.T) {
	s := newService(t)
	id := func(r *mfa.KeyRing) string { return fmt.Sprintf("%x", must[[]byte](t)(r.Seal([]byte("x"), "p"))[1:5]) }
	next := must[*mfa.KeyRing](t)(s.ring.Rotate())
	s.write("next.keys", string(must[[]byte](t)(next.Export())))
	s.want(exitDone, s.file("next.keys")+"\n  "+id(next)+"  seals and opens\n  "+id(s.ring)+"  opens\n", "keys", "list", "-keys", s.file("next.keys"))
	var said struct {
		Keys []struct {
			ID    string
			Seals bool
		}
	}
	s.env["MFA_KEYS"] = s.file("next.keys")
	_, out, _ := s.run("keys", "list", "-json")
	if err := json.Unmarshal([]byte(out), &said); err != nil || len(said.Keys) != 2 || said.Keys[0].ID != id(next) || !said.Keys[0].Seals || said.Keys[1].Seals {
		t.Errorf("%s: %v", out, err)
	}
	if err := os.Chmod(s.keys, 0o644); err != nil {
		t.Fatal(err)
	}
	s.fails(exitDone, "chmod 600", "keys", "list", "-keys", s.keys)
	s.fails(exitFailed, "there is no key ring", "keys", "list", "-keys", s.file("nothing"))
	s.fails(exitFailed, "not a key ring", "keys", "list", "-keys", s.write("bad.keys", "MFA-SECRET\nMFA-SECRET\n"))
	delete(s.env, "MFA_KEYS")
	s.fails(exitUsage, "MFA_KEYS", "keys", "list")
	if strings.Contains(s.said.String(), "MFA-SECRET") {
		t.Error("it quotes what is in the file")
	}
}

// The whole of a rotation: no step can be taken too early.
func TestKeysAreRotatedRewrappedAndRetired(t *testing.T) {
	s := newService(t)
	code, _, errs := s.run("keys", "rotate", "-keys", s.keys, "-out", s.file("next.keys"), "-standby", s.file("standby.keys"))
	if code != exitDone {
		t.Fatal(errs)
	}
	next, standby := must[*mfa.KeyRing](t)(mfa.ParseKeyRing([]byte(s.read("next.keys")))), must[*mfa.KeyRing](t)(mfa.ParseKeyRing([]byte(s.read("standby.keys"))))
	old := must[[]byte](t)(s.ring.Seal([]byte("x"), "p"))
	fresh := must[[]byte](t)(next.Seal([]byte("x"), "p"))
	for name, can := range map[string]struct {
		ring   *mfa.KeyRing
		sealed []byte
	}{
		"the next ring opens what is there":           {next, old},
		"standby opens what is there":                 {standby, old},
		"standby opens what the next seals":           {standby, fresh},
		"the old ring opens what standby seals":       {s.ring, must[[]byte](t)(standby.Seal([]byte("x"), "p"))},
		"the next ring opens what standby seals":      {next, must[[]byte](t)(standby.Seal([]byte("x"), "p"))},
		"the next ring opens what it seals by itself": {next, fresh},
	} {
		if _, err := can.ring.Open(can.sealed, "p"); err != nil {
			t.Errorf("%s: not so: %v", name, err)
		}
	}
	if string(next.Index("x")) != string(s.ring.Index("x")) || string(standby.Index("x")) != string(s.ring.Index("x")) {
		t.Error("the index key has changed")
	}

	before := s.items()
	s.keys = s.file("next.keys")
	s.fails(exitUsage, "-unproven", "keys", "retire", "-keys", s.keys, "-out", s.file("retired.keys"))
	s.fails(exitFailed, "mfactl rewrap", s.at("keys", "retire", "-out", s.file("retired.keys"))...)
	if _, err := os.Stat(s.file("retired.keys")); err == nil || !maps.Equal(before, s.items()) {
		t.Error("it was retired too early, or something was written")
	}
	s.want(exitDone, "looked at    4\nsealed anew  4\nfailed       0\n", s.at("rewrap")...)
	s.want(exitDone, "looked at    4\nsealed anew  0\nfailed       0\n", s.at("rewrap")...)
	if code, _, errs := s.run(s.at("keys", "retire", "-out", s.file("retired.keys"))...); code != exitDone {
		t.Fatal(errs)
	}
	s.ring, s.keys = must[*mfa.KeyRing](t)(mfa.ParseKeyRing([]byte(s.read("retired.keys")))), s.file("retired.keys")
	if _, err := s.ring.Open(old, "p"); err == nil {
		t.Error("the old key is still there")
	}
	if code, out, errs := s.run(s.at("report")...); code != exitDone || !strings.Contains(out, "users                       3") {
		t.Error(code, out, errs)
	}
	s.start()
	if v := must[mfa.Overview](t)(s.engine.Overview(t.Context(), "ada")); len(v.Enrollments) != 1 {
		t.Errorf("%+v", v)
	}
	if code, _, errs := s.run("keys", "retire", "-keys", s.file("mfa.keys"), "-out", s.file("blind.keys"), "-unproven"); code != exitDone {
		t.Error(errs)
	}
}

// Ctrl-C stops a walk, which says how to go on, and does.
func TestRewrapGoesOnWhereItWasStopped(t *testing.T) {
	s := newService(t)
	next := must[*mfa.KeyRing](t)(s.ring.Rotate())
	s.keys = s.write("next.keys", string(must[[]byte](t)(next.Export())))
	ctx, stop := context.WithCancel(t.Context())
	inner := s.store
	s.store = &stopping{walked: inner, left: 3, stop: stop}
	clock := s.now
	s.now = func() time.Time { s.engine.Clock.Advance(progressEvery); return clock() } // each look at the clock is worth a line
	code, out, errs := s.runIn(ctx, append(s.at("rewrap", "-json"), "-parallel", "1")...)
	var said struct {
		Written  int
		Last     string
		Complete bool
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitFailed || said.Complete || said.Written == 0 || said.Written == 4 {
		t.Fatal(code, out, errs, err)
	}
	if !strings.Contains(errs, "stopped; to go on, run it again with -after '"+said.Last+"'") || !strings.Contains(errs, "looked at 1 items") {
		t.Errorf("it says %q", errs)
	}
	s.store = inner
	_, out, _ = s.run(s.at("rewrap", "-json", "-after", said.Last)...)
	var rest struct {
		Written  int
		Complete bool
	}
	if err := json.Unmarshal([]byte(out), &rest); err != nil || !rest.Complete || rest.Written+said.Written != 4 {
		t.Errorf("%d and then %s", said.Written, out)
	}
}

// stopping is a store in the midst of whose walk somebody presses Ctrl-C.
type stopping struct {
	walked
	left int
	stop func()
}

func (s *stopping) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	if s.left--; s.left == 0 {
		s.stop()
		return ctx.Err()
	}
	return s.walked.Save(ctx, key, old, item)
}
