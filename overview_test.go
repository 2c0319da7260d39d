package mfa_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func TestOverview(t *testing.T) {
	w, s := tapped(t, silent)
	if o, err := w.Overview(bg, "nobody"); err != nil || o.User != "nobody" || len(o.Enrollments)+len(o.Pending)+o.Devices != 0 || !o.LastActivity.IsZero() {
		t.Errorf("%+v, %v", o, err)
	}
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	w.scan(c, mfa.Enroll{Label: "second"})
	began := w.clock.Now()
	w.clock.Advance(time.Hour) // it has expired, and was never confirmed
	s.reset()
	o, err := w.Overview(bg, "u")
	if err != nil {
		t.Fatal(err)
	}
	if loads, saves := s.counts(); loads != 1 || saves != 0 {
		t.Errorf("%d loads, %d saves", loads, saves)
	}
	if len(o.Enrollments) != 2 || o.RecoveryCodesLeft != 10 || o.Devices != 1 || o.Generation == 0 || o.LastActivity.IsZero() || o.Erased {
		t.Errorf("%+v", o)
	}
	if len(o.Pending) != 1 || o.Pending[0].Label != "second" || o.Pending[0].CreatedAt.Unix() != began.Unix() || !o.Pending[0].ExpiresAt.Before(w.clock.Now()) {
		t.Errorf("%+v", o.Pending)
	}
	if err := w.Erase(bg, "u"); err != nil {
		t.Fatal(err)
	}
	if o, err := w.Overview(bg, "u"); err != nil || !o.Erased || len(o.Enrollments)+o.Devices != 0 {
		t.Errorf("%+v, %v", o, err)
	}
	is(t, second(w.Overview(bg, "")), mfa.ErrBadInput)
	is(t, second(w.Export(bg, "a\x00")), mfa.ErrBadInput)
}

// A notice that nobody has taken is counted.
func TestOverviewCountsWaitingNotices(t *testing.T) {
	w := newWorld(t, func(c *mfa.Config) { c.Observers = []mfa.Observer{refusing{}} })
	w.withApp(person("u"))
	w.drain()
	if o, err := w.Overview(bg, "u"); err != nil || o.Waiting == 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

// An export holds what is told of a person, and nothing that is worth stealing.
func TestC20_ExportHoldsNoSecret(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp", Label: "never confirmed"})
	is(t, err, nil)
	f := w.signIn(u, from(3))
	_, err = w.verify(f, a.id, w.wrong(a), from(3))
	is(t, err, mfa.ErrNotValid)
	x, err := w.Export(bg, "u")
	if err != nil {
		t.Fatal(err)
	}
	if x.User != "u" || len(x.Enrollments) != 1 || x.RecoveryCodesLeft != 10 || len(x.Pending) != 1 || len(x.Devices) != 1 || len(x.Activity) < 3 || x.FailuresUntold != 1 {
		t.Errorf("%+v", x)
	}
	data, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append([]string{secretOf(t, p), quickHash(a.codes[0]), f.Token}, a.codes...) {
		if strings.Contains(string(data), secret) {
			t.Errorf("it holds %q", secret)
		}
	}
	for _, told := range []string{"never confirmed", "10.0.3.7", a.id} {
		if !strings.Contains(string(data), told) {
			t.Errorf("it does not hold %q: %s", told, data)
		}
	}
}
