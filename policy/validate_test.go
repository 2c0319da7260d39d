package policy_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func TestO06_TextMessagesAloneAreAccepted(t *testing.T) {
	some := []string{"sms", "totp", "recovery"}
	for name, tc := range map[string]struct {
		policy  policy.Policy
		known   []string
		refused bool
	}{
		"one of several configured":        {policy.Policy{}, some, false},
		"several":                          {base(policy.Rules{Methods: []string{"sms", "totp"}}), some, false},
		"others alone":                     {base(policy.Rules{Methods: []string{"totp"}}), some, false},
		"alone":                            {base(policy.Rules{Methods: []string{"sms"}}), some, true},
		"alone, offered":                   {base(policy.Rules{Mode: policy.Offer, Methods: []string{"sms"}}), some, true},
		"with recovery codes":              {base(policy.Rules{Methods: []string{"sms", "recovery"}}), some, true},
		"with calls":                       {base(policy.Rules{Methods: []string{"sms", "voice"}}), []string{"sms", "voice", "totp"}, true},
		"nothing else configured":          {policy.Policy{}, []string{"recovery", "sms"}, true},
		"alone, and meant":                 {policy.Policy{Rules: policy.Rules{Methods: []string{"sms"}}, AcceptRestricted: true}, some, false},
		"nothing else configured, meant":   {policy.Policy{AcceptRestricted: true}, []string{"sms"}, false},
		"nothing configured":               {policy.Policy{}, nil, false},
		"meant, where it does not come up": {policy.Policy{AcceptRestricted: true}, some, false},
	} {
		err := tc.policy.Validate(tc.known)
		if (err != nil) != tc.refused || err != nil && !strings.Contains(err.Error(), "policy: methods: leave nothing but text messages") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// In a file it is a member, and says nothing of what is asked.
	p, err := policy.Parse([]byte(`{"methods":["sms"],"accept_restricted":true}`))
	if err != nil || !p.AcceptRestricted || p.Validate(some) != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	q := base(policy.Rules{Methods: []string{"sms"}})
	if got, want := p.Decide(mfa.Subject{}), q.Decide(mfa.Subject{}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestValidate(t *testing.T) {
	known := []string{"totp", "webauthn", "email", "recovery", "voice"}
	for name, tc := range map[string]struct {
		policy policy.Policy
		says   []string // none: it is fine
	}{
		"zero":                                   {policy.Policy{}, nil},
		"whole":                                  {wholePolicy, nil},
		"mode":                                   {base(policy.Rules{Mode: "on"}), []string{`policy: mode: unknown mode "on"`}},
		"aal":                                    {base(policy.Rules{AAL: 4}), []string{"policy: aal: level 4"}},
		"implicit, not configured":               {base(policy.Rules{Implicit: []string{"push"}}), []string{`policy: implicit[0]: "push" is not configured`}},
		"not first, not configured":              {base(policy.Rules{NotFirst: []string{"sms"}}), []string{`policy: not_first[0]: "sms" is not configured`}},
		"none may be first":                      {base(policy.Rules{NotFirst: []string{"totp", "webauthn", "email", "voice"}}), []string{"policy: not_first: leaves no method"}},
		"none of these may be":                   {base(policy.Rules{Methods: []string{"totp"}, NotFirst: []string{"totp"}}), []string{"policy: not_first: leaves no method"}},
		"method not configured":                  {base(policy.Rules{Methods: []string{"totp", "sms"}}), []string{`policy: methods[1]: "sms" is not configured; there are totp, webauthn`}},
		"method's form":                          {base(policy.Rules{Methods: []string{"TOTP"}}), []string{`policy: methods[0]: "TOTP" is not the name`}},
		"recovery alone":                         {base(policy.Rules{Methods: []string{"recovery"}}), []string{"policy: methods: recovery codes alone"}},
		"changes":                                {base(policy.Rules{Changes: policy.Changes{Methods: []string{"sms"}, MaxAge: -1}}), []string{"policy: changes.methods[0]: ", "policy: changes.max_age: "}},
		"first enrollment":                       {base(policy.Rules{FirstEnrollment: policy.FirstEnrollment{Methods: []string{"push"}}}), []string{`policy: first_enrollment.methods[0]: "push" is not configured`}},
		"suggested":                              {base(policy.Rules{Suggested: []string{"push"}}), []string{`policy: suggested[0]: "push" is not configured`}},
		"forbidden":                              {base(policy.Rules{Forbidden: []string{"totp", "push"}}), []string{`policy: forbidden[1]: "push" is not configured`}},
		"everything forbidden":                   {base(policy.Rules{Forbidden: known}), []string{"policy: forbidden: leaves no method"}},
		"all but texts forbidden":                {base(policy.Rules{Forbidden: []string{"totp", "webauthn", "email"}}), []string{"policy: methods: leave nothing but text messages"}},
		"prerequisite of what is not configured": {base(policy.Rules{Prerequisites: map[string][]string{"push": {"totp"}}}), []string{`policy: prerequisites.push: "push" is not configured`}},
		"prerequisite, not configured":           {base(policy.Rules{Prerequisites: map[string][]string{"totp": {"push"}}}), []string{`policy: prerequisites.totp[0]: "push" is not configured`}},
		"prerequisites in a circle":              {base(policy.Rules{Methods: []string{"totp", "webauthn"}, Prerequisites: map[string][]string{"totp": {"webauthn"}, "webauthn": {"totp"}}}), []string{"policy: prerequisites: leave no method to begin with"}},
		"no prerequisites":                       {base(policy.Rules{Prerequisites: map[string][]string{"totp": nil}}), []string{"policy: prerequisites.totp: an empty list"}},
		"phase's method":                         {policy.Policy{Phases: []policy.Phase{{Name: "a"}, {Name: "b", Rules: policy.Rules{Methods: []string{"push"}}}}}, []string{`policy: phases[1].methods[0]: "push" is not configured`}},
		"phase leaves nothing first":             {policy.Policy{Rules: policy.Rules{NotFirst: []string{"totp"}}, Phases: []policy.Phase{{Name: "a", Rules: policy.Rules{Methods: []string{"totp"}}}}}, []string{"policy: phases[0].not_first: leaves no method"}},
		"phase's own leave nothing first":        {policy.Policy{Phases: []policy.Phase{{Name: "a", Rules: policy.Rules{NotFirst: known}}}}, []string{"policy: phases[0].not_first: leaves no method"}},
		"phase without a name":                   {policy.Policy{Phases: []policy.Phase{{}}}, []string{"policy: phases[0].name: is missing"}},
		"phase's cohort":                         {policy.Policy{Phases: []policy.Phase{{Name: "a", Cohorts: []string{"x"}}}}, []string{`policy: phases[0].cohorts[0]: there is no cohort "x"`}},
		"phase's share":                          {policy.Policy{Phases: []policy.Phase{{Name: "a", Share: policy.Percent(120)}}}, []string{"policy: phases[0].share: 120 is not between 0 and 100"}},
		"phase's date":                           {policy.Policy{Phases: []policy.Phase{{Name: "a", From: instant("1025-10-31T00:00:00Z")}}}, []string{"policy: phases[0].from: the year 1025"}},
		"cohort without conditions":              {policy.Policy{Cohorts: []policy.Cohort{{Name: "x"}}}, []string{"policy: cohorts[0]: has no condition"}},
		"cohort by Match":                        {policy.Policy{Cohorts: []policy.Cohort{{Name: "x", Match: func(mfa.User) bool { return true }}}}, nil},
		"cohort's user is false":                 {policy.Policy{Cohorts: []policy.Cohort{{Name: "x", Users: map[string]bool{"u": false}}}}, []string{`policy: cohorts[0].users: "u" is listed as false`}},
		"cohort's attribute":                     {policy.Policy{Cohorts: []policy.Cohort{{Name: "x", Attributes: map[string][]string{"y": nil}}}}, []string{"policy: cohorts[0].attributes.y: no values"}},
		"cohort's share":                         {policy.Policy{Cohorts: []policy.Cohort{{Name: "x", Share: policy.Percent(-1)}}}, []string{"policy: cohorts[0].share: -1 is not between"}},
		"network of all":                         {policy.Policy{Services: policy.Services{Networks: []netip.Prefix{netip.MustParsePrefix("::/0")}}}, []string{"policy: services.networks[0]: holds every address"}},
		"network of nothing":                     {policy.Policy{Services: policy.Services{Networks: []netip.Prefix{{}}}}, []string{"policy: services.networks[0]: not a network"}},
		"time zone":                              {policy.Policy{TimeZone: "Nowhere"}, []string{`policy: time_zone: "Nowhere" is not in`}},
		"support":                                {policy.Policy{Support: "a\nb"}, []string{"policy: support: "}},
		"remember":                               {base(policy.Rules{Remember: policy.Remember{Days: 31}}), []string{"policy: remember.days: 31 is not between 1 and 30"}},
		"grace":                                  {base(policy.Rules{Grace: policy.Grace{Skips: -1, For: -1}}), []string{"policy: grace.skips: ", "policy: grace.for: "}},
		"lifetime":                               {base(policy.Rules{SessionLifetime: time.Second}), []string{"policy: session_lifetime: 1s is not between"}},
		"all that is wrong is told":              {base(policy.Rules{Mode: "x", AAL: 7, SessionLifetime: -1}), []string{"policy: mode", "policy: aal", "policy: session_lifetime"}},
	} {
		err := tc.policy.Validate(known)
		if len(tc.says) == 0 && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, says := range tc.says {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want …%s…", name, err, says)
			}
		}
	}
}
