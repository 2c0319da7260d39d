package rollout_test

import (
	"log/slog"
	"slices"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/store/memory"
	"pgregory.net/rapid"
)

// A situation is somebody who is about to sign in, and can do so again and again.
type situation struct {
	*mfatest.Engine
	t      mfatest.TB
	paper  paper
	oracle oracle
	rules  ruling

	user   mfa.User
	own    []string // methods that are enrolled, recovery codes among them
	client mfa.Client
	denies bool // DenySevere

	stranger found // from an unknown browser, at a low risk
	first    bool  // FirstEnrollment asks for a code
}

// at tries everything that can be done at a level.
func (s *situation) at(level mfa.RiskLevel) found {
	s.oracle.tell(mfa.Assessment{Level: level})
	return s.explored(level)
}

func (s *situation) shadowed() found {
	s.oracle.tell(mfa.Assessment{Level: mfa.RiskSevere, Shadow: true})
	return s.explored(mfa.RiskSevere)
}

func (s *situation) explored(level mfa.RiskLevel) (out found) {
	begin := s.paper.copy()
	defer s.paper.back(begin)
	f, err := s.SignIn(bg, mfa.SignIn{User: s.user, First: mfa.Password, Client: s.client})
	for try := 0; err == nil && f.Risk.Level != level; try++ { // the machine was too busy for the oracle
		if try == 20 {
			s.t.Fatalf("scored %s, and not %s", f.Risk.Level, level)
		}
		s.paper.back(begin)
		f, err = s.SignIn(bg, mfa.SignIn{User: s.user, First: mfa.Password, Client: s.client})
	}
	if err != nil {
		s.t.Fatalf("sign in: %v", err)
	}
	out.denied = f.Reason
	s.explore(f, nil, &out)
	slices.SortFunc(out.ways, slices.Compare[way])
	out.ways = slices.CompactFunc(out.ways, slices.Equal[way])
	return out
}

// explore goes on with a flow in each way that there is.
func (s *situation) explore(f mfa.Flow, done way, out *found) {
	here := s.paper.copy()
	if f.Grace.Skip {
		next, err := s.Skip(bg, f.Token, s.client)
		if err != nil || next.Status != mfa.StatusPassed {
			s.t.Fatalf("skip: %s, %v", next.Status, err)
		}
		out.ways = append(out.ways, done.with("skip"))
		s.paper.back(here)
	}
	switch f.Status {
	case mfa.StatusPassed:
		out.ways = append(out.ways, done)
	case mfa.StatusEnroll:
		if len(f.Methods) > 0 { // else it can only be put off
			out.ways = append(out.ways, done.with("enrol"))
		}
	case mfa.StatusChallenge:
		for _, o := range f.Options {
			next, err := s.Verify(bg, f.Token, mfa.Answer{Option: o.ID, Code: o.Method}, s.client)
			if err != nil {
				s.t.Fatalf("verify %s: %v", o.Method, err)
			}
			s.explore(next, done.with(o.Method), out)
			s.paper.back(here)
		}
	}
}

// drawSituation draws a user, what they have enrolled, and their browser; and then the
// policy, which may have dropped some of it.
func drawSituation(t *rapid.T) *situation {
	s := newSituation(t)
	s.user.EmailVerified = rapid.Bool().Draw(t, "verified")
	for _, m := range rapid.SliceOfNDistinct(rapid.SampledFrom(names[:3]), 0, 3, rapid.ID).Draw(t, "has") {
		s.enroll(m)
	}
	switch rapid.SampledFrom([]string{"unknown", "known", "remembered"}).Draw(t, "browser") {
	case "known":
		s.client.DeviceToken = s.in(false).DeviceToken
	case "remembered":
		s.client.DeviceToken = s.in(true).DeviceToken
	}
	s.ruled(drawRules(t))
	return s
}

var methods = []mfa.Method{
	{Name: "totp", Kind: mfa.Have, Guessable: true},
	{Name: "webauthn", Kind: mfa.Have, PhishingResistant: true},
	{Name: "sms", Kind: mfa.Have, Guessable: true, Restricted: true},
	{Name: "email", Channel: mfa.ChannelEmail, Guessable: true},
	{Name: "recovery", Kind: mfa.Have, Together: true, Recovery: true},
}

var names = []string{"totp", "webauthn", "sms", "email", "recovery"}

// newSituation is of a user who has nothing, under a policy by which they can come to
// have anything, and have any browser remembered.
func newSituation(t mfatest.TB) *situation {
	s := &situation{t: t, user: mfa.User{ID: "ada", Name: "ada", Email: "ada@example.com", EmailVerified: true}}
	s.paper.back(memory.New())
	s.oracle.tell(mfa.Assessment{Level: mfa.RiskLow})
	s.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Store, c.Policy, c.Risk, c.Observers, c.Factors = &s.paper, &s.rules, &s.oracle, nil, nil
		c.Logger = slog.New(slog.DiscardHandler) // an oracle that fails is warned of
		for _, m := range methods {
			c.Factors = append(c.Factors, word{m})
		}
	})
	s.rules.become(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"},
			Grace: mfa.Grace{Skip: true}, Remember: mfa.Remember{For: 30 * 24 * time.Hour}}
	})
	return s
}

func (s *situation) enroll(method string) {
	f := s.in(false)
	if _, err := s.Enroll(bg, mfa.Caller{User: s.user, Authentication: f.Authentication}, mfa.Enroll{Method: method}); err != nil {
		s.t.Fatalf("enrol %s: %v", method, err)
	}
	s.own = append(s.own, method, "recovery")
}

// ruled puts a policy in force.
func (s *situation) ruled(p *policy.Policy) {
	s.rules.become(p.Decide)
	d := p.Decide(mfa.Subject{User: s.user, Now: s.Clock.Now()})
	s.denies, s.first = d.DenySevere, len(d.FirstEnrollment.Methods) > 0
}

// in is a sign-in that passes, with whatever can be proved first.
func (s *situation) in(remember bool) mfa.Flow {
	f, err := s.SignIn(bg, mfa.SignIn{User: s.user, First: mfa.Password})
	if err == nil && f.Status == mfa.StatusChallenge {
		f, err = s.Verify(bg, f.Token, mfa.Answer{Option: f.Options[0].ID, Code: f.Options[0].Method, Remember: remember}, mfa.Client{})
	}
	if err == nil && f.Status == mfa.StatusEnroll {
		f, err = s.Skip(bg, f.Token, mfa.Client{})
	}
	if err != nil || f.Status != mfa.StatusPassed {
		s.t.Fatalf("%s %s, %v", f.Status, f.Reason, err)
	}
	return f
}

// drawRules draws a policy for all that matters here, with a phase that may hold.
func drawRules(t *rapid.T) *policy.Policy {
	some := func(label string, least int, of ...string) []string {
		if rapid.Bool().Draw(t, "no "+label) {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), least, len(of), rapid.ID).Draw(t, label)
	}
	rules := func(label string) policy.Rules {
		return policy.Rules{
			Mode:              rapid.SampledFrom([]policy.Mode{policy.Off, policy.Offer, policy.Adaptive, policy.Required}).Draw(t, label+" mode"),
			Methods:           some(label+" methods", 1, "totp", "webauthn", "sms", "email"),
			Forbidden:         some(label+" forbidden", 0, "totp", "webauthn", "sms"),
			Implicit:          some(label+" implicit", 1, "email"),
			AAL:               rapid.SampledFrom([]mfa.AAL{0, 0, mfa.AAL2}).Draw(t, label+" level"),
			PhishingResistant: rapid.IntRange(0, 3).Draw(t, label+" resistance") == 0,
			AtLeast:           rapid.IntRange(0, 2).Draw(t, label+" at least"),
			Remember:          policy.Remember{Days: rapid.IntRange(0, 30).Draw(t, label+" days")},
			Grace:             policy.Grace{Skips: rapid.IntRange(0, 2).Draw(t, label+" skips")},
			FirstEnrollment:   policy.FirstEnrollment{Methods: some(label+" first", 1, "email")},
			DenySevere:        rapid.Bool().Draw(t, label+" deny"),
		}
	}
	for {
		p := &policy.Policy{Rules: rules("base"), AcceptRestricted: true}
		if rapid.Bool().Draw(t, "a phase") {
			p.Phases = []policy.Phase{{Name: "a", Rules: rules("phase")}}
		}
		if p.Validate(names) == nil {
			return p
		}
	}
}
