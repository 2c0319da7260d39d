package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

func TestReport(t *testing.T) {
	s := newService(t)
	before := s.items()
	s.want(exitDone, `users                       3
  have enrolled             2  66.7 %
    reach AAL2              2  66.7 %
    resist phishing         0  0.0 %
    by text messages alone  0  0.0 %
    all disabled            0  0.0 %
  asked, not enrolled       0  0.0 %
  notices waiting           0  0.0 %
erased                      0

method    users  enrollments  disabled  by address
email     0      0            0         0
sms       0      0            0         0
totp      2      2            0         0
webauthn  0      0            0         0

together  users
totp      2
nothing   1

recovery codes left  users
0                    2
1 to 2               0
3 to 5               0
6 to 9               0
10 or more           0

month    new users  users
2026-01  2          2
`, s.at("report")...)
	s.want(exitDone, `user,methods,implicit,enrollments,disabled,aal2,phishing_resistant,recovery_codes_left,devices,first_enrolled_at,last_enrolled_at,last_used_at,last_activity_at,first_asked_at,skips,unconfirmed,notices_waiting
ada,totp,,1,0,true,false,0,0,2026-01-01T12:00:00Z,2026-01-01T12:00:00Z,,2026-01-01T12:00:00Z,,0,0,0
alan,totp,,1,0,true,false,0,0,2026-01-01T12:00:30Z,2026-01-01T12:00:30Z,,2026-01-01T12:00:30Z,,0,0,0
grace,,,0,0,false,false,0,0,,,,2026-01-01T12:00:30Z,,0,0,0
`, s.at("report", "-csv")...)
	code, out, _ := s.run(s.at("report", "-json")...)
	var said struct {
		Users  []struct{ User string }
		Totals struct{ Users, Enrolled int }
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitDone || len(said.Users) != 3 || said.Totals.Users != 3 || said.Totals.Enrolled != 2 {
		t.Errorf("%s: %v", out, err)
	}
	if !maps.Equal(before, s.items()) {
		t.Error("a report has written something")
	}
	s.fails(exitUsage, "two ways", s.at("report", "-json", "-csv")...)
}

// A ring, or a deployment, that is not the store's is found out before anything is done.
func TestWhatDoesNotBelongTogetherIsRefused(t *testing.T) {
	s := newService(t)
	if code, _, errs := s.run("keys", "make", "-out", s.file("other.keys")); code != exitDone {
		t.Fatal(errs)
	}
	for _, marked := range []bool{true, false} {
		if !marked { // a service need not call Check
			item, err := s.store.Load(t.Context(), "meta/marker")
			if err == nil {
				err = s.store.Delete(t.Context(), "meta/marker", item.Version)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		before := s.items()
		for _, name := range []string{"report", "rewrap", "sweep"} {
			s.fails(exitFailed, "is not the one of", name, "-store", "memory:", "-keys", s.file("other.keys"))
			s.fails(exitFailed, "is not the one of", s.at(name, "-deployment", "another")...)
		}
		s.fails(exitFailed, "is not the one of", "erase", "-user", "ada", "-store", "memory:", "-keys", s.file("other.keys"))
		if code, _, errs := s.run(s.at("report")...); code != exitDone || errs != "" {
			t.Error(code, errs)
		}
		if !maps.Equal(before, s.items()) {
			t.Error("something was written")
		}
	}
}

// A user whose value was broken is named, and not left out in silence.
func TestReportSaysWhomItCouldNotRead(t *testing.T) {
	s := newService(t)
	item, err := s.store.Load(t.Context(), "user/grace")
	if err != nil {
		t.Fatal(err)
	}
	old := item.Version
	item.Value[len(item.Value)-1] ^= 1
	item.Version++
	if err := s.store.Save(t.Context(), "user/grace", old, item); err != nil {
		t.Fatal(err)
	}
	code, out, errs := s.run(s.at("report")...)
	if code != exitFailed || !strings.Contains(out, "users                       2") || !strings.Contains(errs, "mfactl: grace: mfa: stored value does not open") || !strings.Contains(errs, "1 users could not be read") {
		t.Error(code, out, errs)
	}
	code, _, errs = s.run(s.at("rewrap")...)
	if code != exitFailed || !strings.Contains(errs, "user/grace: ") || !strings.Contains(errs, "1 items may still be under an older key") {
		t.Error(code, errs)
	}
}

// What could not be printed was not done.
func TestAFullDiskIsAFailure(t *testing.T) {
	s := newService(t)
	for _, format := range []string{"-json", "-csv", ""} {
		args := s.at("report")
		if format != "" {
			args = append(args, format)
		}
		var errs strings.Builder
		p := program{out: &screen{w: full{}}, errs: &screen{w: &errs}, now: s.now, getenv: func(string) string { return "" },
			open: func(context.Context, storeFlags) (*opened, error) {
				return &opened{store: s.store, name: "memory", close: func() error { return nil }}, nil
			}}
		if code := p.run(t.Context(), args); code != exitFailed || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("report %s: exit code %d, %s", format, code, errs.String())
		}
	}
}

// full is a disk that is.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A command that only reads has a store that cannot be written, whatever it calls.
func TestReadingCommandsCannotWrite(t *testing.T) {
	s := newService(t)
	before := s.items()
	p := program{errs: &screen{w: io.Discard}, now: s.now, open: func(context.Context, storeFlags) (*opened, error) {
		return &opened{store: s.store, name: "memory", close: func() error { return nil }}, nil
	}}
	c := &call{program: &p, engine: engineFlags{keys: s.keys, methods: usualMethods}}
	at := must[*site](t)(c.site(t.Context(), reading, nil))
	if _, err := at.engine.SignIn(t.Context(), mfa.SignIn{User: grace, First: mfa.Password}); !errors.Is(err, errRefusing) {
		t.Error(err)
	}
	if err := at.store.Delete(t.Context(), "user/grace", 1); !errors.Is(err, errRefusing) {
		t.Error(err)
	}
	if err := at.end(t.Context()); err != nil || !maps.Equal(before, s.items()) {
		t.Error("something was written: ", err)
	}
}
