package mfa_test

import (
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestD05_NoDeviceWithoutAProof: a step-up that old evidence satisfies has seen nobody, and
// makes no browser a known one.
func TestD05_NoDeviceWithoutAProof(t *testing.T) {
	w, _ := ruling(t)
	u := person("ada")
	a := w.withApp(u)
	c := w.session(u, a)
	w.clock.Advance(time.Hour)
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{AAL: 2}, Client: from(9)})
	w.want(f, err, mfa.StatusPassed)
	if f.DeviceToken != "" {
		t.Error("the browser is known by an old proof")
	}
	f, err = w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{AAL: 2, MaxAge: time.Minute}, Client: from(9)})
	w.want(f, err, mfa.StatusChallenge)
	f, err = w.verify(f, a.id, a.Code(), from(9))
	w.want(f, err, mfa.StatusPassed)
	if f.DeviceToken == "" {
		t.Error("the browser is not known by a new one")
	}
}

// TestNudge_WhereSomethingCanBeDone: at a sign-in, of somebody who has fewer and may enrol.
func TestNudge_WhereSomethingCanBeDone(t *testing.T) {
	w, d := ruling(t)
	u := person("ada")
	a := w.withApp(u)
	for _, tc := range []struct {
		nudge  int
		closed bool
		want   bool
	}{{0, false, false}, {1, false, false}, {2, false, true}, {2, true, false}} {
		d.Nudge, d.Closed = tc.nudge, tc.closed
		f := w.enter(u, a, mfa.Client{})
		if f.Nudge != tc.want {
			t.Errorf("%+v: nudged %v", tc, f.Nudge)
		}
	}
	d.Nudge, d.Closed = 2, false
	c := w.session(u, a)
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication})
	w.want(f, err, mfa.StatusPassed)
	if f.Nudge {
		t.Error("a step-up nudges")
	}
}
