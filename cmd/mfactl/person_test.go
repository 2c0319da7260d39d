package main

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

var confirmCode = regexp.MustCompile(`-confirm ([a-z2-7]{4}-[a-z2-7]{4})\n`)

func TestResetIsDoneInTwoSteps(t *testing.T) {
	s := newService(t)
	before := s.items()
	args := s.at("reset", "-user", "ada", "-actor", "carol", "-reason", "ticket 8812", "-email", ada.Email)
	code, out, errs := s.run(args...)
	want := `user ada, last seen 2026-01-01 12:00, 0 known browsers
  totp  Authenticator app    since 2026-01-01 12:00  last used -

Nothing was done. To do it, run the same again with -confirm `
	if code != exitDone || !strings.HasPrefix(out, want) || !maps.Equal(before, s.items()) {
		t.Fatal(code, out, errs)
	}
	confirm := confirmCode.FindStringSubmatch(out)[1]
	with := func(list []string, more ...string) []string { return append(append([]string{}, list...), more...) }
	s.fails(exitFailed, "-confirm is not the code", with(args, "-confirm", "aaaa-aaaa")...)
	s.fails(exitFailed, "-confirm is not the code", with(s.at("reset", "-user", "alan", "-actor", "carol", "-reason", "ticket 8812", "-email", ada.Email), "-confirm", confirm)...)
	s.fails(exitFailed, "-confirm is not the code", with(s.at("reset", "-user", "ada", "-actor", "mallory", "-reason", "ticket 8812", "-email", ada.Email), "-confirm", confirm)...)
	s.fails(exitFailed, "-confirm is not the code", with(s.at("reset", "-user", "ada", "-actor", "carol", "-reason", "ticket 8812", "-email", "mallory@example.com"), "-confirm", confirm)...)
	now := s.now
	s.now = func() time.Time { return now().Add(2 * confirmFor) }
	s.fails(exitFailed, "ten minutes are over", with(args, "-confirm", confirm)...)
	s.now = now
	if !maps.Equal(before, s.items()) {
		t.Fatal("something was written without a code")
	}
	s.want(exitDone, "ada is reset: 1 enrollments have ended. End their sessions. The notice waits for the service to tell it.\n", with(args, "-confirm", confirm)...)
	s.fails(exitFailed, "-confirm is not the code", with(args, "-confirm", confirm)...) // the account is another by now

	v := must[mfa.Overview](t)(s.engine.Overview(t.Context(), "ada"))
	if len(v.Enrollments) != 0 || v.Waiting != 1 {
		t.Errorf("%+v", v)
	}
	if err := s.engine.Redeliver(t.Context(), "ada"); err != nil { // as the service does
		t.Fatal(err)
	}
	list := s.engine.Events.ByType(mfa.EventReset)
	if len(list) != 1 || list[0].Actor != "carol" || list[0].Reason != "ticket 8812" || list[0].Email != ada.Email || list[0].App != "mfactl" {
		t.Errorf("the service was told %+v", list)
	}
}

func TestResetNeedsWhoWhyAndWhereToTell(t *testing.T) {
	s := newService(t)
	s.fails(exitUsage, "-user", s.at("reset", "-actor", "carol", "-reason", "r", "-email", "e")...)
	s.fails(exitUsage, "one user", s.at("reset", "-user", "ada", "-user", "alan", "-actor", "carol", "-reason", "r", "-untold")...)
	s.fails(exitUsage, "-actor", s.at("reset", "-user", "ada", "-reason", "r", "-email", "e")...)
	s.fails(exitUsage, "-reason", s.at("reset", "-user", "ada", "-actor", "carol", "-email", "e")...)
	s.fails(exitUsage, "-untold", s.at("reset", "-user", "ada", "-actor", "carol", "-reason", "r")...)
	s.fails(exitFailed, `nothing of a user "Ada"`, s.at("reset", "-user", "Ada", "-actor", "carol", "-reason", "r", "-untold")...)
	code, out, _ := s.run(s.at("reset", "-user", "grace", "-actor", "carol", "-reason", "r", "-untold", "-json")...)
	var said struct {
		Confirm string
		People  []struct{ User string }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitDone || len(said.Confirm) != 9 || said.People[0].User != "grace" {
		t.Errorf("%s: %v", out, err)
	}
}

func TestExport(t *testing.T) {
	s := newService(t)
	code, out, errs := s.run(s.at("export", "-user", "ada")...)
	var said mfa.Export
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitDone || said.User != "ada" || len(said.Enrollments) != 1 {
		t.Fatal(code, out, errs, err)
	}
	if code, _, errs := s.run(s.at("export", "-user", "ada", "-out", s.file("ada.json"))...); code != exitDone || s.read("ada.json") != out {
		t.Error(errs)
	}
	if info := must[os.FileInfo](t)(os.Stat(s.file("ada.json"))); info.Mode().Perm() != 0o600 {
		t.Errorf("its rights are %v", info.Mode())
	}
	s.fails(exitFailed, "not written over", s.at("export", "-user", "ada", "-out", s.file("ada.json"))...)
	s.fails(exitFailed, "there is nothing of", s.at("export", "-user", "nobody")...)
	s.fails(exitUsage, "-user", s.at("export")...)
}

func TestEraseIsDoneInTwoSteps(t *testing.T) {
	s := newService(t)
	args := s.at("erase", "-user", "ada", "-user", "grace")
	_, out, _ := s.run(args...)
	if !strings.Contains(out, "user ada,") || !strings.Contains(out, "user grace,") || !strings.Contains(out, "Nothing was done") {
		t.Fatal(out)
	}
	confirm := confirmCode.FindStringSubmatch(out)[1]
	s.fails(exitFailed, "-confirm is not the code", s.at("erase", "-user", "ada", "-user", "alan", "-confirm", confirm)...)
	s.want(exitDone, "2 erased, 0 failed\n", append(args, "-confirm", confirm)...)
	for id, erased := range map[string]bool{"ada": true, "grace": true, "alan": false} {
		if v := must[mfa.Overview](t)(s.engine.Overview(t.Context(), id)); v.Erased != erased {
			t.Errorf("%s: erased %v", id, v.Erased)
		}
	}
	s.fails(exitUsage, "-user", s.at("erase")...)
}

// What an audit trail takes is told; what a mail server does not take stays.
func TestRedeliver(t *testing.T) {
	s := newService(t)
	leave := func(user string) {
		args := s.at("reset", "-user", user, "-actor", "carol", "-reason", "r", "-email", user+"@example.com")
		_, out, _ := s.run(args...)
		if code, _, errs := s.run(append(args, "-confirm", confirmCode.FindStringSubmatch(out)[1])...); code != exitDone {
			t.Fatal(errs)
		}
	}
	leave("ada")
	s.fails(exitUsage, "-smtp or -audit", s.at("redeliver")...)
	s.fails(exitUsage, "host:port", s.at("redeliver", "-smtp", "mail")...)
	s.fails(exitUsage, "AppName", s.at("redeliver", "-smtp", "127.0.0.1:1", "-from", "no-reply@example.com")...)
	mail := []string{"-smtp", "127.0.0.1:1", "-from", "no-reply@example.com", "-app", "Example", "-settings", "https://example.com/settings", "-notice", "https://example.com/mfa/notice"}
	s.fails(exitFailed, "notices of 1 users", s.at(append([]string{"redeliver"}, mail...)...)...)
	if v := must[mfa.Overview](t)(s.engine.Overview(t.Context(), "ada")); v.Waiting != 1 {
		t.Fatalf("%d wait", v.Waiting)
	}
	s.want(exitDone, "users looked at  3\nnot told         0\n", s.at("redeliver", "-audit", s.file("trail.jsonl"))...)
	if v := must[mfa.Overview](t)(s.engine.Overview(t.Context(), "ada")); v.Waiting != 0 {
		t.Errorf("%d wait", v.Waiting)
	}
	var line struct{ Type, User, Actor string }
	if err := json.Unmarshal([]byte(s.read("trail.jsonl")), &line); err != nil || line.Type != string(mfa.EventReset) || line.User != "ada" || line.Actor != "carol" {
		t.Errorf("%+v: %v", line, err)
	}
}

func TestSweep(t *testing.T) {
	s := newService(t)
	for key, expires := range map[string]time.Time{"spent/old": s.now().Add(-2 * time.Hour), "spent/new": s.now().Add(time.Hour)} {
		if err := s.store.Save(t.Context(), key, 0, mfa.Item{Value: []byte{1}, Version: 1, Expires: expires}); err != nil {
			t.Fatal(err)
		}
	}
	s.want(exitDone, "expired, and dropped   1\nclaims looked at       0\nnobody's, and dropped  0\nfailed                 0\n", s.at("sweep")...)
	if all := s.items(); all["spent/old"] != "" || all["spent/new"] == "" {
		t.Errorf("left are %v", all)
	}
	if code, out, _ := s.run(s.at("sweep", "-expired-only", "-json")...); code != exitDone || !strings.Contains(out, `"complete": true`) {
		t.Error(code, out)
	}
}
