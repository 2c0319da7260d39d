package policy_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

var (
	noon     = instant("2025-10-15T12:00:00Z")
	ada      = mfa.User{ID: "ada", Email: "ada@example.com", EmailVerified: true, CreatedAt: instant("2025-01-01T00:00:00Z")}
	asked    = mfa.Requirement{SecondFactor: true}
	notAsked = mfa.Requirement{}
)

// TestC24_WhoIsAskedInEachMode is the table of who has to prove a second thing.
func TestC24_WhoIsAskedInEachMode(t *testing.T) {
	unverified := ada
	unverified.EmailVerified = false
	implicit := []string{"email"}
	for name, tc := range map[string]struct {
		rules policy.Rules
		user  mfa.User
		has   []mfa.Enrollment
		known bool
		want  mfa.Requirement
	}{
		"off, none":                                {policy.Rules{Mode: policy.Off}, ada, nil, false, notAsked},
		"off, enrolled":                            {policy.Rules{Mode: policy.Off}, ada, []mfa.Enrollment{app}, false, notAsked},
		"off, of much":                             {policy.Rules{Mode: policy.Off, AAL: mfa.AAL3, PhishingResistant: true}, ada, []mfa.Enrollment{key}, false, notAsked},
		"offer, known browser":                     {policy.Rules{Mode: policy.Offer}, ada, []mfa.Enrollment{app}, true, asked},
		"offer, an address that counts":            {policy.Rules{Mode: policy.Offer, Implicit: implicit}, ada, nil, false, notAsked},
		"adaptive, none":                           {policy.Rules{Mode: policy.Adaptive}, ada, nil, false, notAsked},
		"adaptive, enrolled":                       {policy.Rules{Mode: policy.Adaptive}, ada, []mfa.Enrollment{app}, false, asked},
		"adaptive, disabled is still asked":        {policy.Rules{Mode: policy.Adaptive}, ada, []mfa.Enrollment{dead}, false, asked},
		"adaptive, recovery codes alone":           {policy.Rules{Mode: policy.Adaptive}, ada, []mfa.Enrollment{recovery}, false, notAsked},
		"adaptive, known browser":                  {policy.Rules{Mode: policy.Adaptive}, ada, []mfa.Enrollment{app}, true, notAsked},
		"adaptive, an address that counts":         {policy.Rules{Mode: policy.Adaptive, Implicit: implicit}, ada, nil, false, asked},
		"adaptive, an address, known browser":      {policy.Rules{Mode: policy.Adaptive, Implicit: implicit}, ada, nil, true, notAsked},
		"adaptive, an address that counts not":     {policy.Rules{Mode: policy.Adaptive}, ada, []mfa.Enrollment{address}, false, notAsked},
		"adaptive, an address that is not seen":    {policy.Rules{Mode: policy.Adaptive, Implicit: implicit}, unverified, nil, false, notAsked},
		"adaptive, none is verified any more":      {policy.Rules{Mode: policy.Adaptive, Implicit: implicit}, unverified, []mfa.Enrollment{address}, false, notAsked},
		"adaptive, no address":                     {policy.Rules{Mode: policy.Adaptive, Implicit: implicit}, mfa.User{ID: "bob", EmailVerified: true}, nil, false, notAsked},
		"adaptive, an address that is not allowed": {policy.Rules{Mode: policy.Adaptive, Implicit: implicit, Methods: []string{"totp"}}, ada, nil, false, notAsked},
		"adaptive, an address that is forbidden":   {policy.Rules{Mode: policy.Adaptive, Implicit: implicit, Forbidden: implicit}, ada, nil, false, notAsked},
		"adaptive, another thing that counts":      {policy.Rules{Mode: policy.Adaptive, Implicit: []string{"voice"}}, ada, []mfa.Enrollment{{Method: "voice", Implicit: true}}, false, asked},
		"adaptive of a level, enrolled":            {policy.Rules{Mode: policy.Adaptive, AAL: mfa.AAL2}, ada, []mfa.Enrollment{app}, false, mfa.Requirement{SecondFactor: true, AAL: mfa.AAL2}},
		"adaptive of a level, none":                {policy.Rules{Mode: policy.Adaptive, AAL: mfa.AAL2}, ada, nil, false, notAsked},
		"adaptive of a level, an address":          {policy.Rules{Mode: policy.Adaptive, AAL: mfa.AAL2, Implicit: implicit}, ada, nil, false, asked},
		"required, none":                           {policy.Rules{Mode: policy.Required}, ada, nil, false, asked},
		"required, known browser":                  {policy.Rules{Mode: policy.Required}, ada, []mfa.Enrollment{app}, true, asked},
		"required, an address that counts":         {policy.Rules{Implicit: implicit}, ada, nil, false, asked},
	} {
		p := base(tc.rules)
		d := p.Decide(mfa.Subject{User: tc.user, Enrollments: tc.has, Known: tc.known, Now: noon})
		if !reflect.DeepEqual(d.Require, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, d.Require, tc.want)
		}
		if d.Closed != (tc.rules.Mode == policy.Off) {
			t.Errorf("%s: closed is %v", name, d.Closed)
		}
	}
}

// TestD06_AKnownBrowserIsWorthNoLevel holds that what is known takes the place of
// a question and never of an assurance level, in any mode.
func TestD06_AKnownBrowserIsWorthNoLevel(t *testing.T) {
	for _, mode := range []policy.Mode{policy.Offer, policy.Adaptive, policy.Required} {
		for _, rules := range []policy.Rules{{AAL: mfa.AAL2}, {AAL: mfa.AAL3}, {PhishingResistant: true}} {
			rules.Mode = mode
			p := base(rules)
			want := mfa.Requirement{SecondFactor: true, AAL: rules.AAL, PhishingResistant: rules.PhishingResistant}
			got := p.Decide(mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{key}, Known: true, Now: noon}).Require
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s of %+v: %+v", mode, rules, got)
			}
		}
	}
}

// TestC30_RequiredKeepsWhoHasNothingOut is what the other ways in rest on: they
// ask the same policy.
func TestC30_RequiredKeepsWhoHasNothingOut(t *testing.T) {
	for name, p := range map[string]policy.Policy{
		"empty":              {},
		"required":           base(policy.Rules{Mode: policy.Required}),
		"a mode that is new": base(policy.Rules{Mode: "strict"}),
		"a phase's":          {Rules: policy.Rules{Mode: policy.Offer}, Phases: []policy.Phase{{Name: "a", Rules: policy.Rules{Mode: policy.Required}}}},
		"a phase's, none":    {Phases: []policy.Phase{{Name: "a"}}},
	} {
		for _, client := range []mfa.Client{{}, {App: "web"}, {App: "mobile", UserAgent: "x"}} {
			d := p.Decide(mfa.Subject{User: mfa.User{ID: "bob"}, Client: client, Known: true, Now: noon})
			if !reflect.DeepEqual(d.Require, asked) || d.Grace != (mfa.Grace{}) || d.Exempt || d.Closed {
				t.Errorf("%s, %+v: %+v", name, client, d)
			}
		}
	}
}

func TestGraceLastsAsLongAsAllThatItSets(t *testing.T) {
	until, forever := noon.Add(10*24*time.Hour), time.Time{}
	week := 7 * 24 * time.Hour
	for name, tc := range map[string]struct {
		grace policy.Grace
		first time.Time
		skips int
		want  mfa.Grace
	}{
		"none":                            {policy.Grace{}, noon, 0, mfa.Grace{}},
		"until a date":                    {policy.Grace{Until: until}, noon, 99, mfa.Grace{Skip: true, Until: until}},
		"until now":                       {policy.Grace{Until: noon}, forever, 0, mfa.Grace{}},
		"until a moment from now":         {policy.Grace{Until: noon.Add(1)}, forever, 0, mfa.Grace{Skip: true, Until: noon.Add(1)}},
		"for a week, not asked before":    {policy.Grace{For: week}, forever, 0, mfa.Grace{Skip: true, Until: noon.Add(week)}},
		"for a week, asked before":        {policy.Grace{For: week}, noon.Add(-week + 1), 0, mfa.Grace{Skip: true, Until: noon.Add(1)}},
		"for a week that is over":         {policy.Grace{For: week}, noon.Add(-week), 0, mfa.Grace{}},
		"for a week, asked in the future": {policy.Grace{For: week}, noon.Add(week), 0, mfa.Grace{Skip: true, Until: noon.Add(week)}},
		"three times":                     {policy.Grace{Skips: 3}, forever, 0, mfa.Grace{Skip: true, Left: 3}},
		"three times, the last":           {policy.Grace{Skips: 3}, forever, 2, mfa.Grace{Skip: true, Left: 1}},
		"three times, used up":            {policy.Grace{Skips: 3}, forever, 3, mfa.Grace{}},
		"three times, more than used up":  {policy.Grace{Skips: 3}, forever, 4, mfa.Grace{}},
		"all, the week ends first":        {policy.Grace{until, week, 3}, noon, 1, mfa.Grace{Skip: true, Left: 2, Until: noon.Add(week)}},
		"all, the date comes first":       {policy.Grace{noon.Add(1), week, 3}, noon, 1, mfa.Grace{Skip: true, Left: 2, Until: noon.Add(1)}},
		"all, the date is past":           {policy.Grace{noon, week, 3}, noon, 0, mfa.Grace{}},
		"all, the week is past":           {policy.Grace{until, week, 3}, noon.Add(-week), 0, mfa.Grace{}},
		"all, used up":                    {policy.Grace{until, week, 3}, noon, 3, mfa.Grace{}},
		"of less than none":               {policy.Grace{Skips: -1}, forever, 0, mfa.Grace{}},
		"for less than none":              {policy.Grace{For: -1}, forever, 0, mfa.Grace{}},
	} {
		p := base(policy.Rules{Grace: tc.grace})
		d := p.Decide(mfa.Subject{User: ada, Now: noon, FirstAsked: tc.first, Skips: tc.skips})
		if d.Grace != tc.want || !d.Require.SecondFactor {
			t.Errorf("%s: %+v, want %+v", name, d.Grace, tc.want)
		}
	}
	for _, mode := range []policy.Mode{policy.Off, policy.Offer, policy.Adaptive} {
		p := base(policy.Rules{Mode: mode, Grace: policy.Grace{Skips: 3}, AtLeast: 2})
		if d := p.Decide(mfa.Subject{User: ada, Now: noon}); d.Grace != (mfa.Grace{}) || d.AtLeast != 0 {
			t.Errorf("%s: %+v", mode, d)
		}
	}
}

func TestD01_RememberedBrowsersAreForPlainSecondProofs(t *testing.T) {
	month := policy.Remember{Days: 30, Idle: 24 * time.Hour}
	granted := mfa.Remember{For: 720 * time.Hour, Idle: 24 * time.Hour}
	for name, tc := range map[string]struct {
		rules policy.Rules
		want  mfa.Remember
	}{
		"not granted":          {policy.Rules{}, mfa.Remember{}},
		"granted":              {policy.Rules{Remember: month}, granted},
		"granted, adaptive":    {policy.Rules{Mode: policy.Adaptive, Remember: month}, granted},
		"granted, off":         {policy.Rules{Mode: policy.Off, Remember: month}, mfa.Remember{}},
		"a level":              {policy.Rules{AAL: mfa.AAL2, Remember: month}, mfa.Remember{}},
		"resistance":           {policy.Rules{PhishingResistant: true, Remember: month}, mfa.Remember{}},
		"longer than is safe":  {policy.Rules{Remember: policy.Remember{Days: 60}}, mfa.Remember{For: 720 * time.Hour}},
		"longer, and meant":    {policy.Rules{Remember: policy.Remember{Days: 60, InsecureLong: true}}, mfa.Remember{For: 1440 * time.Hour, InsecureLong: true}},
		"for less than no day": {policy.Rules{Remember: policy.Remember{Days: -1, InsecureLong: true}}, mfa.Remember{}},
	} {
		p := base(tc.rules)
		if got := p.Decide(mfa.Subject{User: ada, Now: noon}).Remember; got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestServiceAccountsAreExemptFromNamedNetworksOnly(t *testing.T) {
	networks := policy.Services{Networks: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("0.0.0.0/0"), {},
	}}
	nobody := func(mfa.Subject) bool { return false }
	for name, tc := range map[string]struct {
		services policy.Services
		exempt   func(mfa.Subject) bool
		ip       string
		want     bool
	}{
		"nothing said":                  {policy.Services{}, nil, "10.1.2.3", false},
		"inside":                        {networks, nil, "10.1.2.3", true},
		"inside, mapped":                {networks, nil, "::ffff:10.1.2.3", true},
		"inside, 6":                     {networks, nil, "2001:db8::1", true},
		"outside, whatever is for all":  {networks, nil, "11.1.2.3", false},
		"outside, 6":                    {networks, nil, "2001:db9::1", false},
		"not known from where":          {networks, nil, "", false},
		"outside, and the host says no": {networks, nobody, "11.1.2.3", false},
		"inside, and the host says no":  {networks, nobody, "10.1.2.3", true},
		"the host says yes":             {policy.Services{}, func(s mfa.Subject) bool { return s.User.ID == "robot" }, "", true},
		"the host says yes to another":  {policy.Services{}, func(s mfa.Subject) bool { return s.User.ID == "other" }, "", false},
	} {
		p := policy.Policy{Rules: policy.Rules{Mode: policy.Off}, Services: tc.services, ExemptService: tc.exempt, Support: "help"}
		var ip netip.Addr
		if tc.ip != "" {
			ip = netip.MustParseAddr(tc.ip)
		}
		d := p.Decide(mfa.Subject{User: mfa.User{ID: "robot", Kind: mfa.Service}, Client: mfa.Client{IP: ip}, Now: noon})
		if d.Exempt != tc.want || !d.Closed || d.Support != "help" {
			t.Errorf("%s: %+v", name, d)
		}
		if d.Require.SecondFactor == d.Exempt {
			t.Errorf("%s: whoever overlooks the exemption would let it in: %+v", name, d)
		}
		if d := p.Decide(mfa.Subject{User: ada, Client: mfa.Client{IP: ip}, Now: noon}); d.Exempt {
			t.Errorf("%s: a person is exempt", name)
		}
	}
}

func TestARulesDecision(t *testing.T) {
	p := policy.Policy{
		Rules: policy.Rules{
			Suggested: []string{"totp"}, Forbidden: []string{"sms"}, Prerequisites: map[string][]string{"webauthn": {"totp", "email"}, "email": {"totp"}},
			DenySevere: true, AtLeast: 2, Nudge: 3, DelayedReset: 72 * time.Hour, Changes: policy.Changes{InsecurePasswordAlone: true},
		},
		Support: "help",
	}
	want := mfa.Decision{
		Require: asked, Suggested: []string{"totp"}, Forbidden: []string{"sms"},
		Prerequisites: map[string][]string{"webauthn": {"totp", "email"}, "email": {"totp"}},
		DenySevere:    true, AtLeast: 2, Nudge: 3, DelayedReset: 72 * time.Hour, InsecurePasswordChanges: true, Support: "help",
	}
	got := p.Decide(mfa.Subject{User: ada, Now: noon})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, list := range got.Prerequisites {
		_ = append(list, "x")
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("lists of a decision share memory")
	}
	got.Prerequisites["webauthn"][0], got.Prerequisites["sms"] = "x", nil
	if again := p.Decide(mfa.Subject{User: ada, Now: noon}); !reflect.DeepEqual(again, want) {
		t.Error("a decision shares memory with its policy")
	}
}

// A mailbox that was the first factor is no second one, so that adaptive asks
// nothing of somebody who has nothing else, instead of making them enrol.
func TestAdaptive_TheMailboxCountsOnce(t *testing.T) {
	p := base(policy.Rules{Mode: policy.Adaptive, Implicit: []string{"email"}})
	for first, want := range map[mfa.First]mfa.Requirement{mfa.Password: asked, mfa.Federated: asked, mfa.EmailLink: notAsked, mfa.EmailReset: notAsked} {
		if got := p.Decide(mfa.Subject{User: ada, First: first, Now: noon}).Require; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", first, got, want)
		}
		if got := p.Decide(mfa.Subject{User: ada, First: first, Enrollments: []mfa.Enrollment{app}, Now: noon}).Require; !reflect.DeepEqual(got, asked) {
			t.Errorf("%s with an app: %+v", first, got)
		}
	}
}
