package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/policy"
)

// some are n different names.
func some(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("m%d", i))
	}
	return out
}

// TestC18_PoliciesAreBounded puts each thing that is bounded just within its bounds and just
// beyond them: the one is taken, the other refused where it stands.
func TestC18_PoliciesAreBounded(t *testing.T) {
	known := append([]string{"totp", "webauthn", "sms", "email", "recovery", strings.Repeat("m", 32), strings.Repeat("m", 33)}, some(20)...)
	rules := func(set func(*policy.Rules, int)) func(int) policy.Policy {
		return func(n int) policy.Policy {
			var r policy.Rules
			set(&r, n)
			return base(r)
		}
	}
	length := func(set func(*policy.Rules, time.Duration)) func(int) policy.Policy {
		return rules(func(r *policy.Rules, n int) { set(r, time.Duration(n)) })
	}
	year := func(n int) time.Time { return time.Date(n, 6, 1, 0, 0, 0, 0, time.UTC) }
	phase := func(set func(*policy.Phase, int)) func(int) policy.Policy {
		return func(n int) policy.Policy {
			ph := policy.Phase{Name: "p"}
			set(&ph, n)
			p := policy.Policy{Phases: []policy.Phase{ph}}
			for _, name := range ph.Cohorts {
				p.Cohorts = append(p.Cohorts, policy.Cohort{Name: name, Users: map[string]bool{"u": true}})
			}
			return p
		}
	}
	cohort := func(set func(*policy.Cohort, int)) func(int) policy.Policy {
		return func(n int) policy.Policy {
			c := policy.Cohort{Name: "c", Users: map[string]bool{"u": true}}
			set(&c, n)
			return policy.Policy{Cohorts: []policy.Cohort{c}}
		}
	}
	const minute, day = int(time.Minute), int(24 * time.Hour)
	for member, tc := range map[string]struct {
		of          func(int) policy.Policy
		least, most int // 0: there is no such bound
	}{
		"methods":          {rules(func(r *policy.Rules, n int) { r.Methods = some(n) }), 0, 16},
		"methods[0]":       {rules(func(r *policy.Rules, n int) { r.Methods = []string{strings.Repeat("m", n)} }), 0, 32},
		"at_least":         {rules(func(r *policy.Rules, n int) { r.AtLeast = n }), 0, 10},
		"nudge":            {rules(func(r *policy.Rules, n int) { r.Nudge = n }), 0, 10},
		"grace.skips":      {rules(func(r *policy.Rules, n int) { r.Grace.Skips = n }), 0, 100},
		"grace.until":      {rules(func(r *policy.Rules, n int) { r.Grace.Until = year(n) }), 1990, 2199},
		"grace.for":        {length(func(r *policy.Rules, d time.Duration) { r.Grace.For = d }), minute, 366 * day},
		"changes.max_age":  {length(func(r *policy.Rules, d time.Duration) { r.Changes.MaxAge = d }), minute, 366 * day},
		"session_lifetime": {length(func(r *policy.Rules, d time.Duration) { r.SessionLifetime = d }), minute, 366 * day},
		"delayed_reset":    {length(func(r *policy.Rules, d time.Duration) { r.DelayedReset = d }), day, 30 * day},
		"remember.idle":    {length(func(r *policy.Rules, d time.Duration) { r.Remember = policy.Remember{Days: 1, Idle: d} }), minute, 366 * day},
		"remember.days":    {rules(func(r *policy.Rules, n int) { r.Remember.Days = n }), 0, 30},
		"remember.days ":   {rules(func(r *policy.Rules, n int) { r.Remember = policy.Remember{Days: n, InsecureLong: true} }), 0, 366},
		"prerequisites": {rules(func(r *policy.Rules, n int) {
			r.Prerequisites = map[string][]string{}
			for _, m := range some(n) {
				r.Prerequisites[m] = []string{"totp"}
			}
		}), 0, 16},
		"support": {func(n int) policy.Policy { return policy.Policy{Support: strings.Repeat("x", n)} }, 0, 500},
		"phases": {func(n int) (p policy.Policy) {
			for _, name := range some(n) {
				p.Phases = append(p.Phases, policy.Phase{Name: name})
			}
			return p
		}, 0, 64},
		"cohorts": {func(n int) (p policy.Policy) {
			for _, name := range some(n) {
				p.Cohorts = append(p.Cohorts, policy.Cohort{Name: name, Users: map[string]bool{"u": true}})
			}
			return p
		}, 0, 256},
		"services.networks": {func(n int) (p policy.Policy) {
			for i := range n {
				p.Services.Networks = append(p.Services.Networks, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 0}), 24))
			}
			return p
		}, 0, 64},
		"phases[0].name":         {phase(func(ph *policy.Phase, n int) { ph.Name = strings.Repeat("x", n) }), 0, 64},
		"phases[0].from":         {phase(func(ph *policy.Phase, n int) { ph.From = year(n) }), 1990, 2199},
		"phases[0].created_from": {phase(func(ph *policy.Phase, n int) { ph.CreatedFrom = year(n) }), 1990, 2199},
		"phases[0].share":        {phase(func(ph *policy.Phase, n int) { ph.Share = policy.Percent(n) }), 0, 100},
		"phases[0].cohorts":      {phase(func(ph *policy.Phase, n int) { ph.Cohorts = some(n) }), 0, 32},
		"phases[0].apps":         {phase(func(ph *policy.Phase, n int) { ph.Apps = some(n) }), 0, 32},
		"phases[0].apps[0]":      {phase(func(ph *policy.Phase, n int) { ph.Apps = []string{strings.Repeat("x", n)} }), 0, 64},
		"phases[0].nudge":        {phase(func(ph *policy.Phase, n int) { ph.Nudge = n }), 0, 10},
		"cohorts[0].name":        {cohort(func(c *policy.Cohort, n int) { c.Name = strings.Repeat("x", n) }), 0, 64},
		"cohorts[0].users": {cohort(func(c *policy.Cohort, n int) {
			c.Users = map[string]bool{}
			for _, id := range some(n) {
				c.Users[id] = true
			}
		}), 0, 1000},
		"cohorts[0].users ":           {cohort(func(c *policy.Cohort, n int) { c.Users = map[string]bool{strings.Repeat("x", n): true} }), 0, 256},
		"cohorts[0].email_domains":    {cohort(func(c *policy.Cohort, n int) { c.EmailDomains = some(n) }), 0, 100},
		"cohorts[0].email_domains[0]": {cohort(func(c *policy.Cohort, n int) { c.EmailDomains = []string{strings.Repeat("x", n)} }), 0, 256},
		"cohorts[0].attributes": {cohort(func(c *policy.Cohort, n int) {
			c.Attributes = map[string][]string{}
			for _, a := range some(n) {
				c.Attributes[a] = []string{"x"}
			}
		}), 0, 16},
		"cohorts[0].attributes.a":    {cohort(func(c *policy.Cohort, n int) { c.Attributes = map[string][]string{"a": some(n)} }), 0, 100},
		"cohorts[0].attributes.a[0]": {cohort(func(c *policy.Cohort, n int) { c.Attributes = map[string][]string{"a": {strings.Repeat("x", n)}} }), 0, 256},
		"cohorts[0].created_from":    {cohort(func(c *policy.Cohort, n int) { c.CreatedFrom = year(n) }), 1990, 2199},
		"cohorts[0].created_before":  {cohort(func(c *policy.Cohort, n int) { c.CreatedBefore = year(n) }), 1990, 2199},
		"cohorts[0].share":           {cohort(func(c *policy.Cohort, n int) { c.Share = policy.Percent(n) }), 0, 100},
	} {
		member = strings.TrimSpace(member)
		check := func(n int, fine bool) {
			t.Helper()
			p := tc.of(n)
			err := p.Validate(known)
			if fine && err != nil {
				t.Errorf("%s, %d: %v", member, n, err)
			}
			if !fine && (err == nil || !strings.Contains(err.Error(), "policy: "+member+": ")) {
				t.Errorf("%s, %d: %v", member, n, err)
			}
		}
		check(tc.most, true)
		check(tc.most+1, false)
		if tc.least > 0 {
			check(tc.least, true)
			check(tc.least-1, false)
		}
	}
	for days, hint := range map[int]bool{31: true, 0: false, -1: false} {
		p := base(policy.Rules{Remember: policy.Remember{Days: days, Session: true}})
		if err := p.Validate(known); err == nil || strings.Contains(err.Error(), "insecure_long") != hint {
			t.Errorf("%d days: %v", days, err)
		}
	}
	for days, hint := range map[int]bool{367: false} {
		p := base(policy.Rules{Remember: policy.Remember{Days: days, InsecureLong: true}})
		if err := p.Validate(known); err == nil || strings.Contains(err.Error(), "needs insecure_long") != hint {
			t.Errorf("%d days: %v", days, err)
		}
	}
	p := base(policy.Rules{DelayedReset: time.Minute, Grace: policy.Grace{For: time.Second}})
	if err := p.Validate(known); err == nil || !strings.Contains(err.Error(), "between 24h and 720h") || !strings.Contains(err.Error(), "between 1m and 8784h") {
		t.Error(err)
	}
}

// TestAPhaseIsHeldAgainstMethodsByWhatItSays: each list by itself may leave no method, and two
// of the same length do not hide it.
func TestAPhaseIsHeldAgainstMethodsByWhatItSays(t *testing.T) {
	for name, r := range map[string]policy.Rules{
		"methods":                   {Methods: []string{"sms"}},
		"methods, and a list":       {Methods: []string{"sms"}, Forbidden: []string{"totp"}},
		"methods, and prerequisite": {Methods: []string{"sms"}, Prerequisites: map[string][]string{"sms": {"totp"}}},
		"not first":                 {Methods: []string{"totp"}, NotFirst: []string{"totp"}},
		"not first, and forbidden":  {Forbidden: []string{"sms"}, NotFirst: []string{"totp"}},
		"forbidden":                 {Forbidden: []string{"totp"}},
		"prerequisites":             {Prerequisites: map[string][]string{"totp": {"sms"}, "sms": {"totp"}}},
		"all":                       {Forbidden: []string{"sms"}, NotFirst: []string{"totp"}, Prerequisites: map[string][]string{"totp": {"sms"}}, Methods: []string{"totp"}},
	} {
		p := policy.Policy{Phases: []policy.Phase{{Name: "p", Rules: r}}}
		err := p.Validate([]string{"totp", "sms", "recovery"})
		if err == nil || strings.Contains(err.Error(), "policy: methods") || !strings.Contains(err.Error(), "policy: phases[0].") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A phase that says nothing of methods is not told of its base's.
	p := policy.Policy{Rules: policy.Rules{Methods: []string{"sms"}}, Phases: []policy.Phase{{Name: "p", Rules: policy.Rules{Nudge: 2}}}}
	if err := p.Validate([]string{"totp", "sms"}); err == nil || strings.Contains(err.Error(), "phases[0]") {
		t.Error(err)
	}
}

// TestOneMemberOneError: of what is wrong with one value the first is told, and where.
func TestOneMemberOneError(t *testing.T) {
	p := base(policy.Rules{Methods: []string{"No", "No"}})
	p.Support = "x\n"
	p.Phases = []policy.Phase{{Name: ""}, {Name: ""}}
	err := p.Validate([]string{"totp"})
	if err == nil {
		t.Fatal("is valid")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{"policy: methods[0]: \"No\" is not", "policy: methods[1]: \"No\" is not", "policy: phases[0].name: is missing", "policy: phases[1].name: is missing", `policy: support: "x\n" has characters`}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("%q, want %q", got, want)
		}
	}
}

// TestWhatNobodyCanHave: names, values and domains that no user and no address has.
func TestWhatNobodyCanHave(t *testing.T) {
	cohort := func(c policy.Cohort) policy.Policy {
		c.Name = "c"
		return policy.Policy{Cohorts: []policy.Cohort{c}}
	}
	long := strings.Repeat("x", 64)
	for name, tc := range map[string]struct {
		policy policy.Policy
		want   string // in the error; empty: there is none
	}{
		"a long attribute":        {cohort(policy.Cohort{Attributes: map[string][]string{long: {"x"}}}), ""},
		"too long an attribute":   {cohort(policy.Cohort{Attributes: map[string][]string{long + "x": {"x"}}}), "is of more than 64 bytes"},
		"no domain":               {cohort(policy.Cohort{EmailDomains: []string{""}}), "is not a domain"},
		"a domain below":          {cohort(policy.Cohort{EmailDomains: []string{".example.com"}}), "is not a domain"},
		"a domain with its end":   {cohort(policy.Cohort{EmailDomains: []string{"example.com."}}), "is not a domain"},
		"a user of no characters": {cohort(policy.Cohort{Users: map[string]bool{"\xff": true}}), "is none that a user can have"},
		"a user who is two wrong": {cohort(policy.Cohort{Users: map[string]bool{"a\x01": false}}), "is none that a user can have"},
		"a user who is none":      {cohort(policy.Cohort{Users: map[string]bool{"a": false}}), "is listed as false"},
		"a text of no characters": {policy.Policy{Support: "\xff"}, "has characters that cannot be shown"},
	} {
		err := tc.policy.Validate(known)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
