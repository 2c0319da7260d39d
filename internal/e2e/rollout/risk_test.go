package rollout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
	"pgregory.net/rapid"
)

// D-06: for random policies, and users in random browsers, whatever lets somebody in at
// one level is no less than what did at a lower one, so that nobody is let in who would
// be asked at a low one. Nobody who has nothing yet is led to enrol for a risk, and
// nobody at all without proving first what they have, or what the policy asks for
// before a first enrolment.
func TestD06_RiskOnlyRaises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSituation(t)
		here := s.client
		s.client = mfa.Client{}
		s.stranger, s.client = s.at(mfa.RiskLow), here
		lower, name := s.at(mfa.RiskLow), mfa.RiskLow
		if lower.denied == mfa.ReasonRisk {
			t.Fatalf("denied at a low risk")
		}
		s.alike("low", lower, "in shadow", s.shadowed())
		s.raised(name, lower, name, lower)
		for _, level := range levels[1:] {
			higher := s.at(level)
			severe := level == mfa.RiskSevere && s.denies
			if denied := higher.denied == mfa.ReasonRisk; denied != severe {
				t.Fatalf("at %s, denying %t: %q", level, s.denies, higher.denied)
			}
			s.raised(name, lower, level, higher)
			if len(lower.ways) > 0 && len(higher.ways) == 0 && !severe {
				t.Fatalf("%v at %s, and nothing at %s", lower.ways, name, level)
			}
			lower, name = higher, level
		}
		unknown := s.at(mfa.RiskUnknown)
		s.oracle.fail()
		s.alike("unknown", unknown, "of a scorer that fails", s.explored(mfa.RiskUnknown))
	})
}

// D-06: what the package of policies says of those who have nothing enrolled, and of
// the modes that ask nobody: risk asks for what there is, and for nothing else.
func TestD06_RiskAsksForWhatThereIs(t *testing.T) {
	for name, tc := range map[string]struct {
		rules      policy.Rules
		has        string
		unverified bool
		low, high  string // the ways in
	}{
		"offer, none":                       {policy.Rules{Mode: policy.Offer}, "", false, "[[]]", "[[]]"},
		"offer, an address that counts":     {policy.Rules{Mode: policy.Offer, Implicit: []string{"email"}}, "", false, "[[]]", "[[email]]"},
		"offer, no address":                 {policy.Rules{Mode: policy.Offer, Implicit: []string{"email"}}, "", true, "[[]]", "[[]]"},
		"adaptive, none":                    {policy.Rules{Mode: policy.Adaptive}, "", false, "[[]]", "[[]]"},
		"adaptive, none, proved before one": {policy.Rules{Mode: policy.Adaptive, FirstEnrollment: policy.FirstEnrollment{Methods: []string{"email"}}}, "", false, "[[]]", "[[]]"},
		"adaptive, an address that counts":  {policy.Rules{Mode: policy.Adaptive, Implicit: []string{"email"}}, "", false, "[[email]]", "[[email]]"},
		"adaptive, a key":                   {policy.Rules{Mode: policy.Adaptive}, "webauthn", false, "[[recovery] [webauthn]]", "[[webauthn]]"},
		"off, none":                         {policy.Rules{Mode: policy.Off}, "", false, "[[]]", "[[]]"},
		"off, an app":                       {policy.Rules{Mode: policy.Off}, "totp", false, "[[]]", "[[]]"},
		"required, none":                    {policy.Rules{}, "", false, "[[enrol]]", "[[enrol]]"},
		"required, none, proved before one": {policy.Rules{FirstEnrollment: policy.FirstEnrollment{Methods: []string{"email"}}}, "", false, "[[email enrol]]", "[[email enrol]]"},
		"required, none, may be put off":    {policy.Rules{Grace: policy.Grace{Skips: 1}}, "", false, "[[enrol] [skip]]", "[[enrol] [skip]]"},
		"required of a key, an app":         {policy.Rules{PhishingResistant: true}, "totp", false, "[[enrol recovery] [enrol totp]]", "[[enrol recovery] [enrol totp]]"},
		"required, none, severe is denied":  {policy.Rules{DenySevere: true}, "", false, "[[enrol]]", "[[enrol]]"},
	} {
		s := newSituation(t)
		if s.user.EmailVerified = !tc.unverified; tc.has != "" {
			s.enroll(tc.has)
		}
		s.ruled(&policy.Policy{Rules: tc.rules})
		if low, high := fmt.Sprint(s.at(mfa.RiskLow).ways), fmt.Sprint(s.at(mfa.RiskHigh).ways); low != tc.low || high != tc.high {
			t.Errorf("%s: %s at a low risk, %s at a high one", name, low, high)
		}
	}
}

// raised holds what a sign-in meets at a level against a lower one.
func (s *situation) raised(low mfa.RiskLevel, lower found, high mfa.RiskLevel, higher found) {
	for _, w := range higher.ways {
		if !slices.ContainsFunc(lower.ways, func(o way) bool { return w.has(o) }) {
			s.t.Fatalf("at %s %v is enough, and at %s it takes one of %v", high, w, low, lower.ways)
		}
		if !w.enrols() {
			continue
		}
		if len(s.own) == 0 && !slices.ContainsFunc(s.stranger.ways, way.enrols) {
			s.t.Fatalf("has to enrol at %s, which an unknown browser at a low risk has not: %v", high, s.stranger.ways)
		}
		if len(s.own) > 0 && !slices.ContainsFunc(s.own, func(m string) bool { return slices.Contains(w, m) }) {
			s.t.Fatalf("enrols at %s by %v, and has %v", high, w, s.own)
		}
		if len(s.own) == 0 && s.first && !slices.Contains(w, "email") {
			s.t.Fatalf("enrols at %s by %v, without a code to the address", high, w)
		}
	}
}

func (s *situation) alike(a string, at found, b string, other found) {
	if fmt.Sprint(at) != fmt.Sprint(other) {
		s.t.Fatalf("%s: %v; %s: %v", a, at, b, other)
	}
}

// A way in is what is done for it, in order of the alphabet: methods that are proved,
// and "enrol" or "skip" where it ends so.
type way []string

func (w way) with(step string) way {
	out := append(slices.Clone(w), step)
	slices.Sort(out)
	return slices.Compact(out)
}

func (w way) has(o way) bool {
	return !slices.ContainsFunc(o, func(step string) bool { return !slices.Contains(w, step) })
}

func (w way) enrols() bool { return slices.Contains(w, "enrol") }

// found is what a sign-in can come to.
type found struct {
	ways   []way
	denied string // why the sign-in was denied at once
}

// The tests themselves: ways are held against each other as they should be.
func TestWays(t *testing.T) {
	w := way(nil).with("totp").with("enrol").with("totp")
	if strings.Join(w, " ") != "enrol totp" || !w.enrols() || !w.has(nil) || !w.has(way{"totp"}) || (way{"totp"}).has(w) {
		t.Errorf("%v", w)
	}
}
