package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa/policy"
)

// everyMember says something in every member that a file may have.
const everyMember = `{
  "time_zone": "Europe/Oslo", "mode": "required", "methods": ["totp"], "suggested": ["totp"], "forbidden": ["voice"],
  "implicit": ["email"], "not_first": ["webauthn"], "prerequisites": {"webauthn": ["totp"]}, "aal": 2,
  "phishing_resistant": true, "deny_severe": true, "at_least": 2, "nudge": 3,
  "grace": {"until": "2025-10-31T00:00:00Z", "for": "168h", "skips": 5},
  "remember": {"days": 60, "idle": "168h", "session": true, "insecure_long": true},
  "changes": {"password": true, "max_age": "5m", "insecure_password_alone": true},
  "first_enrollment": {"methods": ["email"]}, "delayed_reset": "72h", "session_lifetime": "120h",
  "accept_restricted": true, "support": "the help desk",
  "phases": [{
    "name": "p", "from": "2025-10-31T00:00:00Z", "share": 25, "created_from": "2025-01-01T00:00:00Z", "cohorts": ["c"], "apps": ["web"],
    "mode": "required", "methods": ["totp"], "suggested": ["totp"], "forbidden": ["voice"],
    "implicit": ["email"], "not_first": ["webauthn"], "prerequisites": {"webauthn": ["totp"]}, "aal": 2,
    "phishing_resistant": true, "deny_severe": true, "at_least": 2, "nudge": 3,
    "grace": {"until": "2025-10-31T00:00:00Z", "for": "168h", "skips": 5},
    "remember": {"days": 60, "idle": "168h", "session": true, "insecure_long": true},
    "changes": {"methods": ["totp"]},
    "first_enrollment": {"methods": ["email"]}, "delayed_reset": "72h", "session_lifetime": "120h"
  }],
  "cohorts": [{
    "name": "c", "users": ["u"], "email_domains": ["example.com"], "attributes": {"region": ["north"]},
    "created_from": "2020-01-01T00:00:00Z", "created_before": "2025-01-01T00:00:00Z", "share": 50
  }],
  "services": {"networks": ["10.0.0.0/8"]}
}`

// TestEveryMemberRefusesOtherTypes puts a value of every other type in the place of every
// value of a file: each is refused, where it stands, for its type.
func TestEveryMemberRefusesOtherTypes(t *testing.T) {
	var whole any
	if err := json.Unmarshal([]byte(everyMember), &whole); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Parse([]byte(everyMember)); err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(path string, old any, put func(any)) {
		for _, wrong := range []any{nil, "nothing like it", 7.25, true, map[string]any{}, []any{}} {
			if fmt.Sprintf("%T", wrong) == fmt.Sprintf("%T", old) && wrong != 7.25 {
				continue
			}
			put(wrong)
			data, err := json.Marshal(whole)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			_, err = policy.Parse(data)
			if e := (*policy.Error)(nil); !errors.As(err, &e) || e.Member != path {
				t.Errorf("%s: %v in the place of %v: %v", path, wrong, old, err)
			} else if strings.Contains(err.Error(), "says nothing here") {
				t.Errorf("%s: %v, and its type is wrong", path, err)
			}
		}
		put(old)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, m := range v {
				at := strings.TrimPrefix(path+"."+name, ".")
				try(at, m, func(n any) { v[name] = n })
				walk(at, m)
			}
		case []any:
			for i, m := range v {
				at := fmt.Sprintf("%s[%d]", path, i)
				try(at, m, func(n any) { v[i] = n })
				walk(at, m)
			}
		}
	}
	walk("", whole)
	if tried < 400 {
		t.Errorf("%d values were tried", tried)
	}
}

// TestWhatIsWrongIsFoundWhereItStands looks at lines and members that only some errors have.
func TestWhatIsWrongIsFoundWhereItStands(t *testing.T) {
	for name, tc := range map[string]struct {
		file  string
		known []string
		want  string
	}{
		"before the end of a line":         {"{\"mode\":\"off\",}\n\n", known, "policy: line 1: invalid character '}'"},
		"at the end of a line":             {"{\"mode\":\n\"off\"\n!}", known, "policy: line 3: invalid character '!'"},
		"not UTF-8":                        {"{\"\ufffd\":\n\"\xff\"}\n", known, "policy: line 2: not UTF-8"},
		"not UTF-8 from the first byte on": {"\xff\n\n{}", known, "policy: line 1: not UTF-8"},
		"not UTF-8 in the first":           {"{\"mode\":\"\xff\n\"}", known, "policy: line 1: not UTF-8"},
		"a member that is not there":       {"\n{\"mode\":\"required\"}", []string{"sms", "recovery"}, "policy: line 2: methods: leave nothing but text messages"},
		"the first of two":                 {`{"cohorts":[{"name":"c","users":["b\u0001","a\u0001"]}]}`, known, `policy: line 1: cohorts[0].users: "a\x01" is none`},
		"what cannot be read":              {`{"mode":7}`, known, "policy: line 1: mode: not a string"},
		"a type within a phase":            {`{"phases":[{"name":"a","deny_severe":"x"}]}`, known, "policy: line 1: phases[0].deny_severe: not true or false"},
		"nothing to begin with":            {`{"methods":["totp"],"prerequisites":{"totp":["webauthn"]}}`, known, "policy: line 1: prerequisites: leave no method to begin with"},
	} {
		p, err := policy.ParseFor([]byte(tc.file), tc.known)
		if err == nil || p != nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}

// TestErrorsHaveTheirReason: an Error with a reason alone is read, and found by errors.Is.
func TestErrorsHaveTheirReason(t *testing.T) {
	reason := errors.New("a reason")
	if e := (&policy.Error{Err: reason}); e.Error() != "policy: a reason" || !errors.Is(e, reason) {
		t.Error(e)
	}
}
