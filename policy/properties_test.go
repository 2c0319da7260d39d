package policy_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// A draw is a repeatable row of numbers: a failure names the round to repeat.
type draw uint64

func (d *draw) below(n int) int {
	*d = *d*6364136223846793005 + 1442695040888963407
	x := uint64(*d) ^ uint64(*d)>>29
	return int(x >> 33 % uint64(n))
}

func (d *draw) chance(percent int) bool { return d.below(100) < percent }

func pick[T any](d *draw, of ...T) T { return of[d.below(len(of))] }

var rising = []policy.Mode{policy.Off, policy.Offer, policy.Adaptive, policy.Required}

// risingPolicy draws a policy whose modes only rise, from the base over the phases in
// the order of the list.
func risingPolicy(d *draw) policy.Policy {
	level := d.below(3)
	p := policy.Policy{Rules: policy.Rules{Mode: rising[level], Implicit: pick(d, nil, []string{"email"})}}
	for i := range d.below(6) {
		level = min(level+d.below(3), 3)
		ph := policy.Phase{Name: fmt.Sprint("p", i), Rules: policy.Rules{Mode: rising[level]}}
		if d.chance(70) {
			ph.From = noon.Add(time.Duration(d.below(2000)-1000) * time.Hour)
		}
		if d.chance(50) {
			ph.Share = policy.Percent(d.below(101))
		}
		if d.chance(30) {
			ph.CreatedFrom = noon.Add(-time.Duration(d.below(2000)) * time.Hour)
		}
		if d.chance(30) {
			ph.Cohorts = pick(d, []string{"domain"}, []string{"half"}, []string{"domain", "half"})
		}
		if d.chance(20) {
			ph.Apps = pick(d, []string{"web"}, []string{"web", "mobile"})
		}
		p.Phases = append(p.Phases, ph)
	}
	p.Cohorts = []policy.Cohort{
		{Name: "domain", EmailDomains: []string{"example.com"}},
		{Name: "half", Share: policy.Percent(50)},
	}
	return p
}

func subject(d *draw) mfa.Subject {
	s := mfa.Subject{
		User:   mfa.User{ID: fmt.Sprint("user-", d.below(1000)), Email: pick(d, "", "a@example.com", "a@example.org"), EmailVerified: d.chance(70)},
		Client: mfa.Client{App: pick(d, "", "web", "mobile")},
		Now:    noon.Add(time.Duration(d.below(2400)-1200) * time.Hour),
		Known:  d.chance(30), Skips: d.below(8),
		Enrollments: pick(d, nil, nil, []mfa.Enrollment{app}, []mfa.Enrollment{key, recovery}, []mfa.Enrollment{address}, []mfa.Enrollment{dead}),
	}
	if d.chance(80) {
		s.User.CreatedAt = noon.Add(-time.Duration(d.below(3000)) * time.Hour)
	}
	if d.chance(60) {
		s.FirstAsked = s.Now.Add(-time.Duration(d.below(1000)) * time.Hour)
	}
	return s
}

// demands orders what is asked of a user who signs in: 2 that they have to enrol
// if they have not, 1 a second proof of what they have, 0 nothing. A known browser
// is asked less in mode Adaptive than in Offer, so it does not count here.
func demands(p *policy.Policy, s mfa.Subject) int {
	bare := s
	bare.Known, bare.Enrollments = true, nil
	s.Known = false
	switch {
	case p.Decide(bare).Require.SecondFactor:
		return 2
	case p.Decide(s).Require.SecondFactor:
		return 1
	}
	return 0
}

// rounds runs a property over many draws, and fails if it never applied.
func rounds(t *testing.T, n int, property func(d *draw) (applied bool, fault string)) {
	t.Helper()
	applied := 0
	for i := range n {
		d := draw(i) * 0x9e3779b97f4a7c15
		ok, fault := property(&d)
		if fault != "" {
			t.Fatalf("round %d: %s", i, fault)
		}
		if ok {
			applied++
		}
	}
	if applied < 100 {
		t.Errorf("applied %d times: nothing was tried", applied)
	}
}

func TestRaisingAShareNeverUnrequires(t *testing.T) {
	rounds(t, 10_000, func(d *draw) (bool, string) {
		p, s := risingPolicy(d), subject(d)
		if len(p.Phases) == 0 {
			return false, ""
		}
		before := demands(&p, s)
		ph := &p.Phases[d.below(len(p.Phases))]
		more := policy.Percent(min(100, ph.Share.Percent()+d.below(60)))
		ph.Share = more
		after := demands(&p, s)
		if after < before {
			return true, fmt.Sprintf("share of %s raised to %v: %+v was asked %d, then %d", ph.Name, more, s, before, after)
		}
		return after > before, ""
	})
}

func TestAnEarlierDateNeverUnrequires(t *testing.T) {
	rounds(t, 10_000, func(d *draw) (bool, string) {
		p, s := risingPolicy(d), subject(d)
		if len(p.Phases) == 0 {
			return false, ""
		}
		before := demands(&p, s)
		ph := &p.Phases[d.below(len(p.Phases))]
		ph.From = ph.From.Add(-time.Duration(d.below(1000)) * time.Hour)
		after := demands(&p, s)
		if after < before {
			return true, fmt.Sprintf("%s moved to %v: %+v was asked %d, then %d", ph.Name, ph.From, s, before, after)
		}
		return after > before, ""
	})
}

func TestTimeNeverUnrequires(t *testing.T) {
	rounds(t, 10_000, func(d *draw) (bool, string) {
		p, s := risingPolicy(d), subject(d)
		before := demands(&p, s)
		s.Now = s.Now.Add(time.Duration(d.below(1500)) * time.Hour)
		after := demands(&p, s)
		if after < before {
			return true, fmt.Sprintf("%+v was asked %d, and now %d", s, before, after)
		}
		return after > before, ""
	})
}

// graceful draws a policy that requires, with a grace.
func graceful(d *draw) policy.Policy {
	g := policy.Grace{Skips: d.below(6)}
	if d.chance(60) {
		g.Until = noon.Add(time.Duration(d.below(1000)-200) * time.Hour)
	}
	if d.chance(60) {
		g.For = time.Duration(1+d.below(1000)) * time.Hour
	}
	return base(policy.Rules{Grace: g})
}

func TestGraceIsNeverLongerForMoreSkipsOrLater(t *testing.T) {
	rounds(t, 10_000, func(d *draw) (bool, string) {
		p, s := graceful(d), subject(d)
		before := p.Decide(s).Grace
		later := s
		later.Skips += d.below(3)
		later.Now = later.Now.Add(time.Duration(d.below(500)) * time.Hour)
		if later.FirstAsked.IsZero() && later.Now != s.Now {
			later.FirstAsked = s.Now // when the engine noted it
		}
		after := p.Decide(later).Grace
		switch {
		case after.Skip && !before.Skip,
			after.Skip && after.Left > before.Left,
			after.Skip && !before.Until.IsZero() && (after.Until.IsZero() || after.Until.After(before.Until)):
			return true, fmt.Sprintf("%+v: %+v, then at %v after %d skips %+v", p.Grace, before, later.Now, later.Skips, after)
		case after.Skip && p.Grace.Skips > 0 && later.Skips >= p.Grace.Skips,
			after.Skip && !p.Grace.Until.IsZero() && !later.Now.Before(p.Grace.Until),
			after.Skip && p.Grace == policy.Grace{}:
			return true, fmt.Sprintf("%+v lets %+v skip", p.Grace, later)
		}
		return before.Skip && !after.Skip, ""
	})
}

func TestDecideIsDeterministicAndChangesNothing(t *testing.T) {
	rounds(t, 2000, func(d *draw) (bool, string) {
		p, s := risingPolicy(d), subject(d)
		p.Prerequisites = map[string][]string{"webauthn": {"totp", "sms"}, "email": {"totp"}, "sms": {"totp"}}
		p.Services.Networks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		before, _ := p.MarshalJSON()
		first := p.Decide(s)
		for range 3 {
			if again := p.Decide(s); !reflect.DeepEqual(again, first) {
				return true, fmt.Sprintf("%+v, then %+v", first, again)
			}
		}
		if after, _ := p.MarshalJSON(); string(after) != string(before) {
			return true, "the policy has changed"
		}
		return first.Phase != "", ""
	})
}

// TestEveryPolicyIsWrittenAsItIsRead takes policies through their JSON.
func TestEveryPolicyIsWrittenAsItIsRead(t *testing.T) {
	rounds(t, 1000, func(d *draw) (bool, string) {
		p := risingPolicy(d)
		b, err := p.MarshalJSON()
		if err != nil {
			return true, err.Error()
		}
		got, err := policy.Parse(b)
		if err != nil || !reflect.DeepEqual(*got, p) {
			return true, fmt.Sprintf("%s: %+v, %v, want %+v", b, got, err, p)
		}
		return len(p.Phases) > 0, ""
	})
}
