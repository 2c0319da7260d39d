package mfahttp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// grace is a policy under which enrolling can be put off: twice, and until a date.
func grace(until time.Time) func(*mfa.Config) {
	return func(c *mfa.Config) {
		c.Policy = decides(func(s mfa.Subject) mfa.Decision {
			left := 2 - s.Skips
			return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Nudge: 2, Support: "Ask at the desk.",
				Grace: mfa.Grace{Skip: left > 0 && s.Now.Before(until), Left: left, Until: until}}
		})
	}
}

func TestPuttingOffAnEnrolment(t *testing.T) {
	until := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	s := newSite(t, grace(until))
	b := s.browser()
	for left := 2.0; left > 0; left-- {
		r := b.login(t, "ada")
		skip, _ := r.json["skip"].(map[string]any)
		if r.text("status") != "enroll" || skip["left"] != left || skip["until"] != "2026-02-01T00:00:00Z" || r.text("support") != "Ask at the desk." || r.json["nudge"] != nil {
			t.Fatalf("%s", r.Body)
		}
		if again := b.send(t, "GET", "/mfa/flow", ""); again.Body.String() != r.Body.String() {
			t.Errorf("GET /mfa/flow says %s, after %s", again.Body, r.Body)
		}
		b.send(t, "POST", "/mfa/flow/skip", `{"until":"2030-01-01T00:00:00Z"}`).want(t, 400, "bad_request")
		spent := b.cookies["__Host-mfa-flow"]
		r = b.send(t, "POST", "/mfa/flow/skip", "").want(t, 200, "")
		if r.text("status") != "passed" || r.json["skip"] != nil || r.json["nudge"] != true || b.cookies["session"] == "" || b.cookies["__Host-mfa-flow"] != "" {
			t.Errorf("%s, cookies %v", r.Body, b.cookies)
		}
		b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
		b.send(t, "GET", "/admin", "").want(t, 403, "requirement")
		// It counts once, and only for this sign-in.
		b.cookies["__Host-mfa-flow"] = spent
		b.send(t, "POST", "/mfa/flow/skip", "").want(t, 410, "flow_expired")
		delete(b.cookies, "session")
	}
	r := b.login(t, "ada")
	if r.text("status") != "enroll" || r.json["skip"] != nil {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/flow/skip", "").want(t, 403, "enrollment_required")
	if b.cookies["session"] != "" {
		t.Error("and there is a session")
	}
}

func TestPuttingOffEndsWithTheGrace(t *testing.T) {
	s := newSite(t)
	until := s.Clock.Now().Add(time.Hour)
	s = another(t, grace(until))
	b, late := s.browser(), s.browser()
	s.Clock.Advance(time.Hour - time.Minute)
	late.login(t, "bob")
	b.login(t, "ada")
	b.send(t, "POST", "/mfa/flow/skip", "").want(t, 200, "")
	s.Clock.Advance(time.Minute)
	// A flow from before does not outlive it.
	late.send(t, "POST", "/mfa/flow/skip", "").want(t, 403, "enrollment_required")
	if r := b.login(t, "ada"); r.json["skip"] != nil {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/flow/skip", "").want(t, 403, "enrollment_required")
	// They enrol, and are in.
	b.enrollApp(t)
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
}

func TestWhatCannotBePutOff(t *testing.T) {
	s := newSite(t, grace(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)))
	phone, _ := enrolInFlow(t, s, "ada")
	b := s.browser()
	if r := b.login(t, "ada"); r.text("status") != "challenge" || r.json["skip"] != nil {
		t.Fatalf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/flow/skip", "").want(t, 403, "enrollment_required")
	b.signIn(t, "ada", phone)
	s.Clock.Advance(time.Hour)
	b.send(t, "POST", "/mfa/stepup", "").want(t, 200, "")
	b.send(t, "POST", "/mfa/flow/skip", "").want(t, 403, "enrollment_required")
	s.native().send(t, "POST", "/mfa/flow/skip", "").want(t, 404, "no_flow")
}

func TestForHowManyDays(t *testing.T) {
	d := &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
	s := newSite(t, under(d))
	enrolInFlow(t, s, "ada")
	b := s.browser()
	for granted, days := range map[time.Duration]float64{0: 0, time.Hour: 1, day: 1, 2*day - time.Second: 1, 30 * day: 30, 90 * day: 30} {
		d.Remember.For = granted
		if r := b.login(t, "ada"); r.json["remember"].(map[string]any)["days"] != days {
			t.Errorf("%v: %s", granted, r.Body)
		}
	}
}
