package policy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

type decider func(mfa.Subject) mfa.Decision

func (f decider) Decide(s mfa.Subject) mfa.Decision { return f(s) }

func TestShadowReportsWhatWouldBeOtherwise(t *testing.T) {
	offer, whole := base(policy.Rules{Mode: policy.Offer}), wholePolicy
	bare := policy.Policy{Rules: policy.Rules{Grace: policy.Grace{Until: noon.Add(time.Hour), Skips: 3}}}
	service := mfa.Subject{User: mfa.User{ID: "robot", Kind: mfa.Service}, Now: noon}
	person := mfa.Subject{User: ada, Client: mfa.Client{App: "web", DeviceToken: "never told"}, Now: noon}
	for name, tc := range map[string]struct {
		live, candidate mfa.Policy
		subject         mfa.Subject
		want            []string
	}{
		"the same":             {&offer, &offer, person, nil},
		"nobody to compare":    {&offer, nil, person, nil},
		"another phase's name": {&offer, &policy.Policy{Rules: policy.Rules{Mode: policy.Offer}, Phases: []policy.Phase{{Name: "x"}}}, person, nil},
		"none and empty lists": {&offer, decider(func(mfa.Subject) mfa.Decision {
			return mfa.Decision{Methods: []string{}, Prerequisites: map[string][]string{}}
		}), person, nil},
		"required": {&offer, &bare, person, []string{
			"require: a second proof instead of nothing",
			"grace: may be put off, 3 times, until 2025-10-15T13:00:00Z instead of none",
		}},
		"offered": {&bare, &offer, person, []string{
			"require: nothing instead of a second proof",
			"grace: none instead of may be put off, 3 times, until 2025-10-15T13:00:00Z",
		}},
		"no live policy": {nil, &policy.Policy{}, person, []string{"require: a second proof instead of nothing"}},
		"everything": {&offer, &whole, mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app}, Now: noon}, []string{
			"require: a second proof and assurance level 2 and resistance to phishing instead of a second proof",
			"deny_severe: denied instead of asked",
			"nudge: 3 instead of none",
			"methods: webauthn, totp, recovery instead of all",
			"suggested: totp instead of none",
			"forbidden: voice instead of none",
			"implicit: email instead of none",
			"not_first: webauthn instead of none",
			"prerequisites: voice after totp; webauthn after totp or email instead of none",
			"changes: the password and a proof by totp or recovery and proofs no older than 5m0s instead of nothing",
			"first_enrollment: a proof by email instead of nothing",
			"delayed_reset: 72h0m0s instead of none",
			"session_lifetime: 120h0m0s instead of none",
			`support: "https://example.com/help" instead of ""`,
		}},
		"remembered": {&offer, &policy.Policy{Rules: policy.Rules{
			Mode: policy.Offer, Remember: policy.Remember{Days: 60, Idle: time.Hour, InsecureLong: true}, Changes: policy.Changes{InsecurePasswordAlone: true},
		}}, person, []string{
			"remember: 1440h0m0s, idle for 1h0m0s, insecurely instead of nothing",
			"insecure_password_alone: yes instead of no",
		}},
		"two":      {&policy.Policy{}, &policy.Policy{Rules: policy.Rules{AtLeast: 2}}, person, []string{"at_least: 2 instead of 1"}},
		"closed":   {&offer, &policy.Policy{Rules: policy.Rules{Mode: policy.Off}}, person, []string{"enrolling: closed instead of open"}},
		"service":  {&offer, &policy.Policy{ExemptService: func(mfa.Subject) bool { return true }}, service, []string{"service: exempt instead of not exempt", "require: nothing instead of a second proof"}},
		"panicked": {&offer, decider(func(mfa.Subject) mfa.Decision { panic("secret") }), person, []string{"the candidate panicked (string)"}},
	} {
		var reports []policy.Difference
		s := &policy.Shadow{Live: tc.live, Candidate: tc.candidate, Report: func(d policy.Difference) { reports = append(reports, d) }}
		got := s.Decide(tc.subject)
		want := mfa.AskEnrolled(tc.subject)
		if tc.live != nil {
			want = tc.live.Decide(tc.subject)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: decides %+v", name, got)
		}
		if tc.want == nil {
			if len(reports) != 0 {
				t.Errorf("%s: reports %v", name, reports)
			}
			continue
		}
		if len(reports) != 1 || !reflect.DeepEqual(reports[0].What, tc.want) || !reflect.DeepEqual(reports[0].Live, want) {
			t.Errorf("%s: reports %v, want %q", name, reports, tc.want)
			continue
		}
		d := reports[0]
		if d.User != tc.subject.User.ID || d.App != tc.subject.Client.App || !d.Time.Equal(noon) || strings.Contains(d.String(), "never told") {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func TestShadowKeepsPanicsAndReportsFromTheSignIn(t *testing.T) {
	listed := base(policy.Rules{Methods: []string{"totp"}, Prerequisites: map[string][]string{"webauthn": {"totp"}}})
	for name, report := range map[string]func(policy.Difference){
		"panics": func(policy.Difference) { panic("x") },
		"writes": func(d policy.Difference) {
			d.Live.Methods[0], d.Live.Prerequisites["webauthn"][0] = "x", "x"
			d.Live.Prerequisites["sms"] = nil
		},
		"none": nil,
	} {
		for _, candidate := range []mfa.Policy{&policy.Policy{}, decider(func(mfa.Subject) mfa.Decision { panic("x") })} {
			s := &policy.Shadow{Live: &listed, Candidate: candidate, Report: report}
			if got, want := s.Decide(mfa.Subject{User: ada}), listed.Decide(mfa.Subject{User: ada}); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	var zero policy.Shadow
	if zero.Decide(mfa.Subject{}).Require.SecondFactor || !zero.Decide(mfa.Subject{Enrollments: []mfa.Enrollment{app}}).Require.SecondFactor {
		t.Error("the zero value does not ask whoever has enrolled")
	}
}

func TestADifferenceIsALine(t *testing.T) {
	d := policy.Difference{User: "a\nb", App: "web", Time: noon, What: []string{"x", "y"}}
	if got, want := d.String(), `2025-10-15T12:00:00Z "a\nb" "web": x; y`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
