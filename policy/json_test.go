package policy_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

const whole = `{
  "time_zone": "Europe/Oslo",
  "mode": "offer",
  "methods": ["webauthn", "totp"],
  "suggested": ["totp"],
  "forbidden": ["voice"],
  "implicit": ["email"],
  "not_first": ["webauthn"],
  "prerequisites": {"webauthn": ["totp", "email"], "voice": ["totp"]},
  "aal": 2,
  "phishing_resistant": true,
  "deny_severe": true,
  "accept_restricted": true,
  "at_least": 2,
  "nudge": 3,
  "grace": {"until": "2025-10-31T17:00:00", "for": "168h", "skips": 5},
  "remember": {"days": 60, "idle": "168h", "session": true, "insecure_long": true},
  "changes": {"password": true, "methods": ["totp"], "max_age": "5m"},
  "first_enrollment": {"methods": ["email"]},
  "delayed_reset": "72h",
  "session_lifetime": "120h",
  "phases": [
    {"name": "first", "from": "2025-09-27T12:00:00Z", "share": 25, "created_from": "2025-01-01",
     "cohorts": ["some"], "apps": ["web", "mobile"], "mode": "adaptive"},
    {"name": "none", "share": 0, "changes": {"insecure_password_alone": true}},
    {"name": "all", "from": "2025-10-26T02:30:00+01:00"}
  ],
  "cohorts": [
    {"name": "some", "users": ["u-2", "u-1"], "email_domains": ["example.com"],
     "attributes": {"region": ["north", ""], "a b": ["c"]}, "created_from": "2020-02-29", "created_before": "2025-06-01T00:00:00.5Z", "share": 50}
  ],
  "services": {"networks": ["10.0.0.0/8", "2001:db8::/32"]},
  "support": "https://example.com/help"
}`

var wholePolicy = policy.Policy{
	Rules: policy.Rules{
		Mode:              policy.Offer,
		Methods:           []string{"webauthn", "totp"},
		Suggested:         []string{"totp"},
		Forbidden:         []string{"voice"},
		Implicit:          []string{"email"},
		NotFirst:          []string{"webauthn"},
		Prerequisites:     map[string][]string{"webauthn": {"totp", "email"}, "voice": {"totp"}},
		AAL:               mfa.AAL2,
		PhishingResistant: true,
		DenySevere:        true,
		AtLeast:           2,
		Nudge:             3,
		Grace:             policy.Grace{Until: instant("2025-10-31T16:00:00Z"), For: 168 * time.Hour, Skips: 5},
		Remember:          policy.Remember{Days: 60, Idle: 168 * time.Hour, Session: true, InsecureLong: true},
		Changes:           policy.Changes{Password: true, Methods: []string{"totp"}, MaxAge: 5 * time.Minute},
		FirstEnrollment:   policy.FirstEnrollment{Methods: []string{"email"}},
		DelayedReset:      72 * time.Hour,
		SessionLifetime:   120 * time.Hour,
	},
	TimeZone:         "Europe/Oslo",
	AcceptRestricted: true,
	Phases: []policy.Phase{
		{
			Name: "first", From: instant("2025-09-27T12:00:00Z"), Share: policy.Percent(25), CreatedFrom: instant("2024-12-31T23:00:00Z"),
			Cohorts: []string{"some"}, Apps: []string{"web", "mobile"}, Rules: policy.Rules{Mode: policy.Adaptive},
		},
		{Name: "none", Share: policy.Percent(0), Rules: policy.Rules{Changes: policy.Changes{InsecurePasswordAlone: true}}},
		{Name: "all", From: instant("2025-10-26T01:30:00Z")},
	},
	Cohorts: []policy.Cohort{{
		Name: "some", Users: map[string]bool{"u-1": true, "u-2": true}, EmailDomains: []string{"example.com"},
		Attributes:  map[string][]string{"region": {"north", ""}, "a b": {"c"}},
		CreatedFrom: instant("2020-02-28T23:00:00Z"), CreatedBefore: instant("2025-06-01T00:00:00.5Z"), Share: policy.Percent(50),
	}},
	Services: policy.Services{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}},
	Support:  "https://example.com/help",
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// base is a policy without phases.
func base(r policy.Rules) policy.Policy { return policy.Policy{Rules: r} }

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		want policy.Policy
	}{
		"whole":                {whole, wholePolicy},
		"empty requires":       {`{}`, policy.Policy{}},
		"empty objects":        {`{"changes":{},"first_enrollment":{}}`, policy.Policy{}},
		"required":             {`{"mode":"required"}`, base(policy.Rules{Mode: policy.Required})},
		"no level":             {`{"aal":0,"phishing_resistant":false,"deny_severe":false}`, policy.Policy{}},
		"escaped":              {`{"m\u006fde":"\u006fffer"}`, base(policy.Rules{Mode: policy.Offer})},
		"recovery among":       {`{"methods":["recovery","totp"]}`, base(policy.Rules{Methods: []string{"recovery", "totp"}})},
		"duration in parts":    {`{"session_lifetime":"1h30m"}`, base(policy.Rules{SessionLifetime: 90 * time.Minute})},
		"white space all over": {"\r\n\t { \"mode\" :\n\"offer\" } \n", base(policy.Rules{Mode: policy.Offer})},
	} {
		got, err := policy.Parse([]byte(tc.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(*got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, *got, tc.want)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	_, err := policy.Parse([]byte(strings.Repeat(" ", 256<<10-1) + "{}"))
	if err == nil || !strings.Contains(err.Error(), "256 KiB") {
		t.Errorf("%v", err)
	}
	if _, err := policy.Parse([]byte(strings.Repeat(" ", 256<<10-2) + "{}")); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, want := range []policy.Policy{{}, wholePolicy, base(policy.Rules{Mode: policy.Required, SessionLifetime: 90 * time.Minute})} {
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := policy.Parse(b)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, %v", b, got, err)
		}
	}
	if b, err := json.Marshal(policy.Policy{}); err != nil || string(b) != "{}" {
		t.Errorf("%s, %v", b, err)
	}
}

func TestPolicyInAHostsFileIsAsStrict(t *testing.T) {
	var host struct{ MFA policy.Policy }
	if err := json.Unmarshal([]byte(`{"MFA": `+whole+`}`), &host); err != nil || !reflect.DeepEqual(host.MFA, wholePolicy) {
		t.Errorf("%+v, %v", host.MFA, err)
	}
	err := json.Unmarshal([]byte("{\"MFA\": {\n\"mode\": \"offer\",\n\"mode\": \"offer\"}}"), &host)
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("%v", err)
	}
	if !reflect.DeepEqual(host.MFA, wholePolicy) {
		t.Error("a policy that was refused changed the one there was")
	}
}

// example is the file that the package's comment shows.
func example(t testing.TB) string {
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	for line := range strings.Lines(string(source)) {
		code, ok := strings.CutPrefix(line, "//\t")
		if ok && (file.Len() > 0 || code == "{\n") {
			file.WriteString(code)
		}
	}
	return file.String()
}

// TestTheExampleIsAFileWithEverything holds the package's comment to what there is.
func TestTheExampleIsAFileWithEverything(t *testing.T) {
	p, err := policy.ParseFor([]byte(example(t)), []string{"totp", "webauthn", "sms", "voice", "email", "recovery"})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Phases[0].From; !got.Equal(instant("2025-09-27T12:00:00Z")) {
		t.Errorf("the first phase begins at %v", got)
	}
	_, err = policy.Parse([]byte(`{"?": 1}`))
	_, list, _ := strings.Cut(err.Error(), "there are ")
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(example(t)), &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Split(list, ", ") {
		if _, ok := members[name]; !ok && name != "grace" { // which stands in a phase
			t.Errorf("the example has no %s", name)
		}
	}
}
