package policy_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

func TestTheLastPhaseThatHasBegunDecides(t *testing.T) {
	september, october, november := instant("2025-09-27T12:00:00Z"), instant("2025-10-06T00:00:00Z"), instant("2025-10-31T00:00:00Z")
	p := policy.Policy{
		Rules: policy.Rules{Mode: policy.Offer},
		Phases: []policy.Phase{
			{Name: "adaptive", From: september, Rules: policy.Rules{Mode: policy.Adaptive}},
			{Name: "staff", From: october, Cohorts: []string{"nobody", "staff"}, Rules: policy.Rules{Mode: policy.Required}},
			{Name: "new", CreatedFrom: october, Rules: policy.Rules{Mode: policy.Required}},
			{Name: "all", From: november, Rules: policy.Rules{Mode: policy.Required}},
			{Name: "mobile", Apps: []string{"mobile", "tv"}, Rules: policy.Rules{Mode: policy.Off}},
		},
		Cohorts: []policy.Cohort{
			{Name: "staff", EmailDomains: []string{"example.com"}},
			{Name: "nobody"},
		},
	}
	bob := mfa.User{ID: "bob", CreatedAt: september}
	for name, tc := range map[string]struct {
		user mfa.User
		app  string
		now  time.Time
		want string
	}{
		"before all":                     {ada, "web", september.Add(-1), ""},
		"as the first begins":            {ada, "web", september, "adaptive"},
		"before the cohort's begins":     {ada, "web", october.Add(-1), "adaptive"},
		"in the cohort":                  {ada, "web", october, "staff"},
		"not in the cohort":              {bob, "web", october, "adaptive"},
		"after all":                      {bob, "web", november, "all"},
		"in another app":                 {bob, "tv", november, "mobile"},
		"in no app":                      {bob, "", november, "all"},
		"created later":                  {mfa.User{ID: "new", CreatedAt: october}, "web", october, "new"},
		"created just before":            {mfa.User{ID: "old", CreatedAt: october.Add(-1)}, "web", october, "adaptive"},
		"created nobody knows when":      {mfa.User{ID: "lost"}, "web", september.Add(-1), "new"},
		"created in another place's day": {mfa.User{ID: "east", CreatedAt: october.In(time.FixedZone("", 3600))}, "web", october, "new"},
	} {
		d := p.Decide(mfa.Subject{User: tc.user, Client: mfa.Client{App: tc.app}, Now: tc.now})
		if d.Phase != tc.want {
			t.Errorf("%s: phase %q, want %q", name, d.Phase, tc.want)
		}
	}
}

func TestAPhaseOverridesWhatItSets(t *testing.T) {
	whole := wholePolicy.Rules
	other := policy.Rules{
		Mode: policy.Required, Methods: []string{"a"}, Suggested: []string{"b"}, Forbidden: []string{"c"}, Implicit: []string{"d"}, NotFirst: []string{"e"},
		Prerequisites: map[string][]string{"f": {"g"}}, AAL: mfa.AAL3, PhishingResistant: true, DenySevere: true, AtLeast: 4, Nudge: 5, Grace: policy.Grace{Skips: 6},
		Remember: policy.Remember{Days: 7}, Changes: policy.Changes{MaxAge: 8 * time.Minute}, FirstEnrollment: policy.FirstEnrollment{Methods: []string{"h"}},
		DelayedReset: 30 * time.Hour, SessionLifetime: 31 * time.Hour,
	}
	subject := mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app}, Now: noon}
	decide := func(below, above policy.Rules) mfa.Decision {
		p := policy.Policy{Rules: below, Phases: []policy.Phase{{Name: "a", Rules: above}}}
		return p.Decide(subject)
	}
	for i := range reflect.TypeFor[policy.Rules]().NumField() {
		field := reflect.TypeFor[policy.Rules]().Field(i)
		one, want := policy.Rules{}, whole
		value := reflect.ValueOf(other).Field(i)
		if value.IsZero() || reflect.ValueOf(whole).Field(i).IsZero() {
			t.Fatalf("%s is not tried", field.Name)
		}
		reflect.ValueOf(&one).Elem().Field(i).Set(value)
		reflect.ValueOf(&want).Elem().Field(i).Set(value)
		if got, want := decide(whole, one), decide(want, policy.Rules{}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", field.Name, got, want)
		}
	}
	// Of what is one thing a phase replaces the whole.
	if got := decide(whole, policy.Rules{Changes: policy.Changes{MaxAge: time.Minute}}).Change; !reflect.DeepEqual(got, mfa.Requirement{MaxAge: time.Minute}) {
		t.Errorf("changes: %+v", got)
	}
}

func TestWhoIsInACohort(t *testing.T) {
	unverified := ada
	unverified.EmailVerified = false
	with := func(attributes map[string]string) mfa.User {
		u := ada
		u.Attributes = attributes
		return u
	}
	january := ada.CreatedAt
	yes, no := func(mfa.User) bool { return true }, func(mfa.User) bool { return false }
	for name, tc := range map[string]struct {
		cohort policy.Cohort
		user   mfa.User
		want   bool
	}{
		"no condition":                        {policy.Cohort{}, ada, false},
		"all of all":                          {policy.Cohort{Share: policy.Percent(100)}, ada, false},
		"listed":                              {policy.Cohort{Users: map[string]bool{"bob": true, "ada": true}}, ada, true},
		"not listed":                          {policy.Cohort{Users: map[string]bool{"bob": true}}, ada, false},
		"listed as false":                     {policy.Cohort{Users: map[string]bool{"ada": false}}, ada, false},
		"in other case":                       {policy.Cohort{Users: map[string]bool{"Ada": true}}, ada, false},
		"of a domain":                         {policy.Cohort{EmailDomains: []string{"example.org", "example.com"}}, ada, true},
		"of a domain, in capitals":            {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: "A@EXAMPLE.COM", EmailVerified: true}, true},
		"of another domain":                   {policy.Cohort{EmailDomains: []string{"example.org"}}, ada, false},
		"of a domain above":                   {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: "a@b.example.com", EmailVerified: true}, false},
		"of a domain that ends alike":         {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: "a@notexample.com", EmailVerified: true}, false},
		"of a domain within the name":         {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: `"a@example.com"@evil.test`, EmailVerified: true}, false},
		"of a domain after a name with an at": {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: `"a@evil.test"@example.com`, EmailVerified: true}, true},
		"of a domain that is claimed":         {policy.Cohort{EmailDomains: []string{"example.com"}}, unverified, false},
		"of a domain, no address":             {policy.Cohort{EmailDomains: []string{"example.com"}}, mfa.User{Email: "example.com", EmailVerified: true}, false},
		"an attribute":                        {policy.Cohort{Attributes: map[string][]string{"region": {"north", "south"}}}, with(map[string]string{"region": "south"}), true},
		"another value":                       {policy.Cohort{Attributes: map[string][]string{"region": {"north", "south"}}}, with(map[string]string{"region": "east"}), false},
		"no attribute":                        {policy.Cohort{Attributes: map[string][]string{"region": {"north", ""}}}, ada, false},
		"an empty attribute":                  {policy.Cohort{Attributes: map[string][]string{"region": {"north", ""}}}, with(map[string]string{"region": ""}), true},
		"one of two attributes":               {policy.Cohort{Attributes: map[string][]string{"region": {"north"}, "team": {"x"}}}, with(map[string]string{"region": "north"}), false},
		"made on the day":                     {policy.Cohort{CreatedFrom: january}, ada, true},
		"made before the day":                 {policy.Cohort{CreatedFrom: january.Add(1)}, ada, false},
		"made before":                         {policy.Cohort{CreatedBefore: january.Add(1)}, ada, true},
		"not made before":                     {policy.Cohort{CreatedBefore: january}, ada, false},
		"made nobody knows when, from":        {policy.Cohort{CreatedFrom: january}, mfa.User{ID: "bob"}, true},
		"made nobody knows when":              {policy.Cohort{CreatedBefore: january}, mfa.User{ID: "bob"}, false},
		"the host says yes":                   {policy.Cohort{Match: yes}, ada, true},
		"the host says no":                    {policy.Cohort{Match: no}, ada, false},
		"no share":                            {policy.Cohort{Share: policy.Percent(0), Match: yes}, ada, false},
		"all conditions":                      {policy.Cohort{Users: map[string]bool{"ada": true}, EmailDomains: []string{"example.com"}, CreatedFrom: january, Match: yes}, ada, true},
		"all conditions but one":              {policy.Cohort{Users: map[string]bool{"ada": true}, EmailDomains: []string{"example.com"}, CreatedFrom: january, Match: no}, ada, false},
		"all conditions but another":          {policy.Cohort{Users: map[string]bool{"bob": true}, EmailDomains: []string{"example.com"}, CreatedFrom: january, Match: yes}, ada, false},
	} {
		tc.cohort.Name = "x"
		if got := tc.cohort.Has(tc.user); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// share counts who of many is in a share of the given name.
func share(name string, percent int) map[string]bool {
	c := policy.Cohort{Name: name, Share: policy.Percent(percent), Match: func(mfa.User) bool { return true }}
	in := map[string]bool{}
	for i := range 20_000 {
		if u := (mfa.User{ID: fmt.Sprint("user-", i)}); c.Has(u) {
			in[u.ID] = true
		}
	}
	return in
}

func TestAShareIsEvenAndOnlyGrows(t *testing.T) {
	last := map[string]bool{}
	for percent := 0; percent <= 100; percent += 10 {
		in := share("wave", percent)
		if want := 200 * percent; len(in) < want-300 || len(in) > want+300 {
			t.Errorf("%d%% of 20000 are %d", percent, len(in))
		}
		for id := range last {
			if !in[id] {
				t.Fatalf("%s was in the share before, and is not in that of %d%%", id, percent)
			}
		}
		last = in
	}
	if none, all := share("wave", 0), share("wave", 100); len(none) != 0 || len(all) != 20_000 {
		t.Errorf("0%% has %d, 100%% has %d", len(none), len(all))
	}
	if policy.Percent(100) != (policy.Share{}) || policy.Percent(7).Percent() != 7 || policy.Percent(7).String() != "7%" {
		t.Error("percent")
	}
}

func TestSharesOfTwoNamesAreIndependent(t *testing.T) {
	a, b := share("a", 50), share("b", 50)
	both := 0
	for id := range a {
		if b[id] {
			both++
		}
	}
	if both < 4700 || both > 5300 {
		t.Errorf("%d of 20000 are in both halves, of about 5000", both)
	}
}

// TestSharesStay pins who is in a share: another hash would move users between
// those who are asked and those who are not.
func TestSharesStay(t *testing.T) {
	p := policy.Policy{Phases: []policy.Phase{{Name: "a quarter", Share: policy.Percent(25)}}}
	got := ""
	for i := range 40 {
		if p.Decide(mfa.Subject{User: mfa.User{ID: fmt.Sprint("u-", i)}}).Phase != "" {
			got += fmt.Sprint(i, " ")
		}
	}
	if want := "4 9 16 19 23 24 27 32 33 38 "; got != want {
		t.Errorf("users %s, want %s", got, want)
	}
}
