package policy_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// TestTwoConditionsAreNotNone: two conditions of one part each are as much a cohort as
// one of them.
func TestTwoConditionsAreNotNone(t *testing.T) {
	u := mfa.User{ID: "u", Email: "u@example.com", EmailVerified: true, Attributes: map[string]string{"region": "north"}}
	users, domains, attributes := map[string]bool{"u": true}, []string{"example.com"}, map[string][]string{"region": {"north"}}
	for i, c := range []policy.Cohort{
		{Users: users, EmailDomains: domains},
		{Users: users, Attributes: attributes},
		{EmailDomains: domains, Attributes: attributes},
		{Users: map[string]bool{"u": true, "v": true}, EmailDomains: domains, Attributes: attributes},
	} {
		if !c.Has(u) {
			t.Errorf("%d: the user is not in it", i)
		}
		if c.Has(mfa.User{ID: "v"}) {
			t.Errorf("%d: a stranger is in it", i)
		}
	}
	// The domain is what the host has verified, whatever stands before it.
	of := policy.Cohort{EmailDomains: domains}
	for email, want := range map[string]bool{"@example.com": true, "a@example.com": true, "example.com": false, "a@b@example.com": true, "": false} {
		if of.Has(mfa.User{ID: "u", Email: email, EmailVerified: true}) != want {
			t.Errorf("%q: in it is not %v", email, want)
		}
	}
}

// TestACohortThatIsNotThereHasNobody: a policy that was not validated asks nobody by a
// name that says nothing.
func TestACohortThatIsNotThereHasNobody(t *testing.T) {
	p := policy.Policy{Rules: policy.Rules{Mode: policy.Offer}, Phases: []policy.Phase{{Name: "a", Cohorts: []string{"gone"}, Rules: policy.Rules{Mode: policy.Required}}}}
	if d := p.Decide(mfa.Subject{User: ada, Now: noon}); d.Phase != "" || d.Require.SecondFactor {
		t.Errorf("%+v", d)
	}
}

// TestNinetyNinePercentAreNotAll counts those whom a share leaves out.
func TestNinetyNinePercentAreNotAll(t *testing.T) {
	c := policy.Cohort{Name: "most", Share: policy.Percent(99)}
	in := 0
	for i := range 2000 {
		if c.Has(mfa.User{ID: fmt.Sprint("user-", i)}) {
			in++
		}
	}
	if in < 1950 || in > 1995 {
		t.Errorf("%d of 2000", in)
	}
}

// TestAShareOfAllIsNotWritten: what is zero is left out of a file.
func TestAShareOfAllIsNotWritten(t *testing.T) {
	p := policy.Policy{Phases: []policy.Phase{{Name: "all"}}, Cohorts: []policy.Cohort{{Name: "c", Users: map[string]bool{"u": true}}}}
	got, err := json.Marshal(p)
	if err != nil || strings.Contains(string(got), "share") {
		t.Errorf("%s, %v", got, err)
	}
}

// TestLiveKeepsItsOwnListOfMethods: the host may go on with the slice that it gave.
func TestLiveKeepsItsOwnListOfMethods(t *testing.T) {
	given := []string{"totp"}
	l, err := policy.NewLive(&policy.Policy{}, given)
	if err != nil {
		t.Fatal(err)
	}
	given[0] = "another"
	if err := l.Replace([]byte(`{"methods":["totp"]}`)); err != nil {
		t.Error(err)
	}
}

// TestTimesAreWhereNowIs: a policy without a time zone leaves times in that of now.
func TestTimesAreWhereNowIs(t *testing.T) {
	where := time.FixedZone("here", 3600)
	p := policy.Policy{Rules: policy.Rules{Grace: policy.Grace{For: time.Hour}}}
	got := p.Times(noon.In(where))
	if want := []time.Time{noon.In(where), noon.Add(time.Hour).In(where)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestOnlyWhatCountsAsEnrolledDoes: an implicit method other than mail counts where the
// engine has enrolled that method, and implicitly.
func TestOnlyWhatCountsAsEnrolledDoes(t *testing.T) {
	for name, tc := range map[string]struct {
		implicit string
		has      []mfa.Enrollment
		want     mfa.Requirement
	}{
		"nothing":                   {"voice", nil, notAsked},
		"another one":               {"voice", []mfa.Enrollment{{ID: "1", Method: "fax", Implicit: true}}, notAsked},
		"that one":                  {"voice", []mfa.Enrollment{{ID: "1", Method: "voice", Implicit: true}}, asked},
		"recovery codes of its own": {"recovery", []mfa.Enrollment{recovery}, notAsked},
	} {
		p := base(policy.Rules{Mode: policy.Adaptive, Implicit: []string{tc.implicit}})
		if got := p.Decide(mfa.Subject{User: ada, Enrollments: tc.has, Now: noon}).Require; !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
	// A browser is remembered for days, and for none without a number of them.
	p := base(policy.Rules{Remember: policy.Remember{Idle: time.Hour, Session: true}})
	if got := p.Decide(mfa.Subject{User: ada, Now: noon}).Remember; got != (mfa.Remember{}) {
		t.Errorf("%+v", got)
	}
}
