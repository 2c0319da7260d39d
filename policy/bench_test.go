package policy_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
)

// large is a policy of ten phases and twenty cohorts, with every kind of
// condition and rule, in which nothing decides before the first phase: all of
// the others are looked at.
func large() policy.Policy {
	p := policy.Policy{
		Rules: policy.Rules{
			Mode: policy.Offer, Methods: []string{"totp", "webauthn", "sms", "email"}, Suggested: []string{"totp"}, Forbidden: []string{"voice"},
			Implicit: []string{"email"}, NotFirst: []string{"webauthn"}, Prerequisites: map[string][]string{"webauthn": {"totp", "sms"}, "sms": {"totp"}},
			Changes: policy.Changes{Methods: []string{"totp"}}, FirstEnrollment: policy.FirstEnrollment{Methods: []string{"email"}},
			Grace: policy.Grace{For: 168 * time.Hour, Skips: 5}, Remember: policy.Remember{Days: 30},
		},
		Services: policy.Services{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		Support:  "help",
	}
	for i := range 20 {
		c := policy.Cohort{Name: fmt.Sprintf("cohort-%02d", i), Users: map[string]bool{}}
		switch i % 4 {
		case 0:
			for j := range 1000 {
				c.Users[fmt.Sprintf("user-%02d-%04d", i, j)] = true
			}
		case 1:
			c.EmailDomains = []string{"one.example", "two.example", "three.example", "four.example"}
		case 2:
			c.Attributes = map[string][]string{"region": {"north", "east"}, "team": {"sales"}}
		case 3:
			c.CreatedFrom, c.Share = instant("2020-01-01T00:00:00Z"), policy.Percent(1)
		}
		p.Cohorts = append(p.Cohorts, c)
	}
	for i := range 10 {
		ph := policy.Phase{Name: fmt.Sprintf("phase-%d", i), From: noon.Add(-time.Hour), Rules: policy.Rules{Mode: policy.Required}}
		if i > 0 {
			ph.Share, ph.Apps = policy.Percent(99), []string{"mobile", "web"}
			ph.Cohorts = []string{p.Cohorts[2*i].Name, p.Cohorts[2*i+1].Name}
		}
		p.Phases = append(p.Phases, ph)
	}
	return p
}

func someone() mfa.Subject {
	return mfa.Subject{
		User: mfa.User{
			ID: "2c9d3c0a-user-that-no-list-has", Email: "ada@five.example", EmailVerified: true, CreatedAt: noon,
			Attributes: map[string]string{"region": "north", "team": "support"},
		},
		Client: mfa.Client{App: "web"}, Now: noon,
		Enrollments: []mfa.Enrollment{app},
	}
}

// TestDecidingIsCheap bounds what a decision allocates, and holds the policy of the
// benchmark to what it is for.
func TestDecidingIsCheap(t *testing.T) {
	p, s := large(), someone()
	if err := p.Validate(append(known, "voice")); err != nil {
		t.Fatal(err)
	}
	if d := p.Decide(s); d.Phase != "phase-0" {
		t.Fatalf("%q decides", d.Phase)
	}
	const most = 20
	n := testing.AllocsPerRun(100, func() { p.Decide(s) })
	t.Logf("%v allocations, at most %d", n, most)
	if n > most {
		t.Error("too many")
	}
}

// BenchmarkDecide is to be read beside BenchmarkLoad of the same run: what a
// sign-in has to do anyway, with the fastest store there is.
func BenchmarkDecide(b *testing.B) {
	p, s := large(), someone()
	b.Run("10 phases, 20 cohorts", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Decide(s)
		}
	})
	b.Run("empty", func(b *testing.B) {
		var p policy.Policy
		b.ReportAllocs()
		for b.Loop() {
			p.Decide(s)
		}
	})
}

// BenchmarkLoad reads and opens the value of a user with one enrollment and
// recovery codes from memory.
func BenchmarkLoad(b *testing.B) {
	m := mfatest.NewEngine(b)
	m.EnrollTOTP(b, ada)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Enrollments(context.Background(), ada.ID); err != nil {
			b.Fatal(err)
		}
	}
}
