// Package rollout_test walks random policies, users and clocks through the
// engine, and holds it to what a rollout promises.
package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/totp"
	"pgregory.net/rapid"
)

var (
	bg    = context.Background()
	known = []string{"totp", "recovery"}
)

// A country is an engine, its policy and its people.
type country struct {
	*mfatest.Engine
	t      *rapid.T
	live   *policy.Live
	people []*someone
	says   oracle
}

// someone is a user as a model sees them.
type someone struct {
	mfa.User
	phones []*mfatest.Authenticator
	ids    []string // of the enrollments
	skips  int
	asked  time.Time // when they were first asked to enrol
	device string
}

func TestRollout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &country{t: t}
		p := drawPolicy(t)
		var err error
		if c.live, err = policy.NewLive(p, known); err != nil {
			t.Fatalf("%v", err)
		}
		c.Engine = mfatest.NewEngine(t, func(m *mfa.Config) {
			m.Policy, m.Risk = c.live, &c.says
			m.Observers = nil
			m.Factors = slices.DeleteFunc(m.Factors, func(f mfa.Factor) bool { return f.Method().Recovery })
			apps, err := totp.New(totp.Config{Issuer: "Test"})
			if err != nil {
				t.Fatalf("%v", err)
			}
			m.Factors = []mfa.Factor{apps, noCodes{}}
		})
		for i := range rapid.IntRange(1, 4).Draw(t, "people") {
			u := mfa.User{ID: fmt.Sprint("user", i), Name: fmt.Sprintf("u%d@example.com", i), Attributes: map[string]string{}}
			u.CreatedAt = c.Clock.Now().AddDate(0, 0, -rapid.IntRange(0, 60).Draw(t, "age"))
			if rapid.Bool().Draw(t, "pilot") {
				u.Attributes["team"] = "pilot"
			}
			c.people = append(c.people, &someone{User: u})
		}
		t.Repeat(map[string]func(*rapid.T){
			"sign in": func(t *rapid.T) { c.t = t; c.signIn(rapid.SampledFrom(c.people).Draw(t, "who")) },
			"remove":  func(t *rapid.T) { c.t = t; c.remove(rapid.SampledFrom(c.people).Draw(t, "who")) },
			"raise":   func(t *rapid.T) { c.t = t; c.raise() },
			"wait": func(t *rapid.T) {
				c.Clock.Advance(time.Duration(rapid.IntRange(1, 20*24).Draw(t, "hours")) * time.Hour)
			},
		})
	})
}

// drawPolicy makes a rollout that goes up.
func drawPolicy(t *rapid.T) *policy.Policy {
	begin := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) // when mfatest's clock begins
	date := func(name string) time.Time {
		return begin.Add(time.Duration(rapid.IntRange(-10*24, 60*24).Draw(t, name)) * time.Hour)
	}
	rising := []policy.Mode{policy.Offer, policy.Adaptive, policy.Required}
	at := rapid.IntRange(0, 2).Draw(t, "base")
	p := &policy.Policy{Rules: policy.Rules{Mode: rising[at], AtLeast: rapid.IntRange(0, 2).Draw(t, "at least"), DenySevere: rapid.Bool().Draw(t, "deny severe")}}
	if rapid.Bool().Draw(t, "remember") {
		p.Remember.Days = rapid.IntRange(1, 30).Draw(t, "days")
	}
	p.Grace = drawGrace(t, date)
	p.Cohorts = []policy.Cohort{{Name: "pilot", Attributes: map[string][]string{"team": {"pilot"}}}}
	for i := range rapid.IntRange(0, 4).Draw(t, "phases") {
		at = rapid.IntRange(at, 2).Draw(t, "mode")
		ph := policy.Phase{Name: fmt.Sprint("phase ", i), From: date("from"), Rules: policy.Rules{Mode: rising[at]}}
		ph.Share = policy.Percent(rapid.SampledFrom([]int{0, 10, 50, 100}).Draw(t, "share"))
		if rapid.Bool().Draw(t, "cohort") {
			ph.Cohorts = []string{"pilot"}
		}
		if rapid.Bool().Draw(t, "new accounts") {
			ph.CreatedFrom = date("created")
		}
		if rapid.Bool().Draw(t, "own grace") {
			ph.Grace = drawGrace(t, date)
		}
		p.Phases = append(p.Phases, ph)
	}
	return p
}

func drawGrace(t *rapid.T, date func(string) time.Time) (g policy.Grace) {
	if rapid.Bool().Draw(t, "until") {
		g.Until = date("grace until")
	}
	if rapid.Bool().Draw(t, "for") {
		g.For = time.Duration(rapid.IntRange(1, 20).Draw(t, "grace days")) * 24 * time.Hour
	}
	if rapid.Bool().Draw(t, "counted") {
		g.Skips = rapid.IntRange(1, 3).Draw(t, "skips")
	}
	return g
}

// due is what the policy asks of somebody at a risk, by the model's own books.
func (c *country) due(s *someone, risk mfa.Assessment) mfa.Decision {
	subject := mfa.Subject{User: s.User, Now: c.Clock.Now(), Risk: risk, Skips: s.skips, FirstAsked: s.asked}
	for _, id := range s.ids {
		subject.Enrollments = append(subject.Enrollments, mfa.Enrollment{ID: id, Method: "totp"})
	}
	return c.live.Current().Decide(subject)
}

func (c *country) must(f mfa.Flow, err error) mfa.Flow {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	return f
}

// signIn goes through a sign-in, in one of the ways that are open.
func (c *country) signIn(s *someone) {
	t := c.t
	c.says.tell(mfa.Assessment{Level: rapid.SampledFrom(levels).Draw(t, "risk")})
	f := c.must(c.SignIn(bg, mfa.SignIn{User: s.User, First: mfa.Password, Client: mfa.Client{DeviceToken: s.device}}))
	risk := f.Risk // "unknown", should the machine have been too busy for the oracle
	d := c.due(s, risk)
	if f.DeviceToken != "" {
		s.device = f.DeviceToken
	}
	if severe := risk.Level == mfa.RiskSevere && d.DenySevere; severe != (f.Status == mfa.StatusDenied) || severe && f.Reason != mfa.ReasonRisk {
		t.Fatalf("%s at %s: %s %s, by %+v", s.ID, risk.Level, f.Status, f.Reason, d)
	} else if severe {
		return
	}
	proved := false
	if f.Status == mfa.StatusChallenge {
		if len(s.ids) == 0 {
			t.Fatalf("is asked for what is not enrolled: %v", f.Options)
		}
		if rapid.IntRange(0, 9).Draw(t, "gives up") == 0 {
			return
		}
		i := rapid.IntRange(0, len(s.ids)-1).Draw(t, "which")
		f = c.must(c.Verify(bg, f.Token, mfa.Answer{Option: s.ids[i], Code: s.phones[i].Code(), Remember: rapid.Bool().Draw(t, "remember")}, mfa.Client{DeviceToken: s.device}))
		c.Clock.Advance(30 * time.Second)
		proved = true
	}
	for f.Status == mfa.StatusEnroll {
		if len(s.ids) >= max(1, d.AtLeast) {
			t.Fatalf("has %d, and is asked for more", len(s.ids))
		}
		if s.asked.IsZero() {
			s.asked = c.Clock.Now().Truncate(time.Second)
		}
		// Time goes by as phones are set up: what was granted at the beginning may have
		// ended, and never the other way round.
		grace := c.due(s, risk).Grace
		if f.Grace.Skip != d.Grace.Skip {
			t.Fatalf("may put off: %t, and the policy says %+v", f.Grace.Skip, d.Grace)
		}
		switch rapid.SampledFrom([]string{"enrol", "enrol", "skip", "leave"}).Draw(t, "does") {
		case "leave":
			return
		case "skip":
			out, err := c.Skip(bg, f.Token, mfa.Client{})
			if !d.Grace.Skip || !grace.Skip {
				if !errors.Is(err, mfa.ErrEnrollmentRequired) {
					t.Fatalf("put off past the grace: %v, %v", out.Status, err)
				}
				continue
			}
			if s.skips++; err != nil || out.Status != mfa.StatusPassed {
				t.Fatalf("in grace, and kept out: %v, %v", out.Status, err)
			}
			return
		case "enrol":
			f = c.enrol(s, f)
			proved = true
		}
	}
	if f.Status != mfa.StatusPassed {
		t.Fatalf("ends at %s", f.Status)
	}
	if f.DeviceToken != "" {
		s.device = f.DeviceToken
	}
	if !d.Require.SecondFactor {
		return
	}
	remembered := f.Authentication.Remembered != "" && d.Remember.For > 0 && (!risk.Asks() || risk.Level == mfa.RiskElevated)
	if !proved && !(remembered && len(s.ids) > 0) {
		// An adaptive policy does without for a known browser, which the books do not
		// have, unless the risk asks.
		if c.mode(s) == policy.Adaptive && s.device != "" && !risk.Asks() {
			return
		}
		t.Fatalf("is in without a second proof: %+v", f.Authentication)
	}
	if proved && len(s.ids) < d.AtLeast {
		t.Fatalf("is in with %d of %d", len(s.ids), d.AtLeast)
	}
}

// mode is the one that holds for somebody now.
func (c *country) mode(s *someone) policy.Mode {
	p := c.live.Current()
	name := c.due(s, mfa.Assessment{}).Phase
	for _, ph := range p.Phases {
		if ph.Name == name && ph.Mode != "" {
			return ph.Mode
		}
	}
	return p.Mode
}

func (c *country) enrol(s *someone, f mfa.Flow) mfa.Flow {
	t := c.t
	caller := mfa.Caller{FlowToken: f.Token}
	e, err := c.Enroll(bg, caller, mfa.Enroll{Method: "totp"})
	if err != nil {
		t.Fatalf("enrol: %v", err)
	}
	phone, err := mfatest.NewAuthenticator(e.Challenge.(*totp.Challenge).URI, c.Clock.Now)
	if err != nil {
		t.Fatalf("%v", err)
	}
	done, err := c.Activate(bg, caller, e.ID, mfa.Answer{Code: phone.Code()})
	if err != nil || done.Flow == nil {
		t.Fatalf("activate: %v", err)
	}
	c.Clock.Advance(30 * time.Second)
	s.phones, s.ids = append(s.phones, phone), append(s.ids, e.ID)
	return *done.Flow
}

// remove tries to remove what somebody has: either the policy refuses, or they can
// still sign in.
func (c *country) remove(s *someone) {
	if len(s.ids) == 0 {
		return
	}
	c.says.tell(mfa.Assessment{Level: mfa.RiskLow})
	f := c.must(c.SignIn(bg, mfa.SignIn{User: s.User, First: mfa.Password}))
	if f.Status == mfa.StatusChallenge {
		f = c.must(c.Verify(bg, f.Token, mfa.Answer{Option: s.ids[0], Code: s.phones[0].Code()}, mfa.Client{}))
		c.Clock.Advance(30 * time.Second)
	}
	if f.Status != mfa.StatusPassed {
		return
	}
	_, err := c.Remove(bg, mfa.Caller{User: s.User, Authentication: f.Authentication}, s.ids[0])
	switch {
	case err == nil:
		s.phones, s.ids = s.phones[1:], s.ids[1:]
		if d := c.due(s, mfa.Assessment{}); d.Require.SecondFactor && len(s.ids) == 0 {
			c.t.Fatalf("the last one went, which %q needs", d.Phase)
		}
	case !errors.Is(err, mfa.ErrEnrollmentRequired) && !errors.Is(err, mfa.ErrRequirement):
		c.t.Fatalf("remove: %v", err)
	}
}

// raise makes a share larger or a date earlier: nobody is asked for less by it.
func (c *country) raise() {
	t := c.t
	old := c.live.Current()
	if len(old.Phases) == 0 {
		return
	}
	next := *old
	next.Phases = slices.Clone(old.Phases)
	ph := &next.Phases[rapid.IntRange(0, len(next.Phases)-1).Draw(t, "phase")]
	if rapid.Bool().Draw(t, "the share") {
		ph.Share = policy.Percent(rapid.IntRange(ph.Share.Percent(), 100).Draw(t, "percent"))
	} else {
		ph.From = ph.From.Add(-time.Duration(rapid.IntRange(0, 30*24).Draw(t, "earlier")) * time.Hour)
	}
	var before []mfa.Decision
	for _, s := range c.people {
		before = append(before, c.due(s, mfa.Assessment{}))
	}
	text, err := next.MarshalJSON()
	if err == nil {
		err = c.live.Replace(text)
	}
	if err != nil {
		t.Fatalf("replace: %v", err)
	}
	for i, s := range c.people {
		if after := c.due(s, mfa.Assessment{}); before[i].Require.SecondFactor && !after.Require.SecondFactor {
			t.Fatalf("%s was asked by %q, and is not by %q", s.ID, before[i].Phase, after.Phase)
		}
	}
}

// noCodes is a factor of recovery codes that never get used: the real one's
// digests would leave time for little else.
type noCodes struct{}

func (noCodes) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Kind: mfa.Have, Together: true, Recovery: true}
}

func (noCodes) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Codes: []string{"x"}, Done: &mfa.Verified{State: []byte("{}"), Remaining: 1}}, nil
}

func (noCodes) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (noCodes) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrNotValid
}
