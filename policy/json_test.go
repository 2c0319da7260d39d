package policy_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

const whole = `{
  "mode": "offer",
  "methods": ["webauthn", "totp"],
  "implicit": ["email"],
  "not_first": ["webauthn"],
  "aal": 2,
  "phishing_resistant": true,
  "accept_restricted": true,
  "changes": {"password": true, "methods": ["totp"], "max_age": "5m"},
  "first_enrollment": {"methods": ["email"]},
  "session_lifetime": "120h"
}`

var wholePolicy = policy.Policy{
	Mode:              policy.Offer,
	Methods:           []string{"webauthn", "totp"},
	Implicit:          []string{"email"},
	NotFirst:          []string{"webauthn"},
	AAL:               mfa.AAL2,
	PhishingResistant: true,
	AcceptRestricted:  true,
	Changes:           policy.Changes{Password: true, Methods: []string{"totp"}, MaxAge: 5 * time.Minute},
	FirstEnrollment:   policy.FirstEnrollment{Methods: []string{"email"}},
	SessionLifetime:   120 * time.Hour,
}

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		file string
		want policy.Policy
	}{
		"whole":                {whole, wholePolicy},
		"empty requires":       {`{}`, policy.Policy{}},
		"empty objects":        {`{"changes":{},"first_enrollment":{}}`, policy.Policy{}},
		"required":             {`{"mode":"required"}`, policy.Policy{Mode: policy.Required}},
		"no level":             {`{"aal":0,"phishing_resistant":false}`, policy.Policy{}},
		"escaped":              {`{"m\u006fde":"\u006fffer"}`, policy.Policy{Mode: policy.Offer}},
		"recovery among":       {`{"methods":["recovery","totp"]}`, policy.Policy{Methods: []string{"recovery", "totp"}}},
		"duration in parts":    {`{"session_lifetime":"1h30m"}`, policy.Policy{SessionLifetime: 90 * time.Minute}},
		"white space all over": {"\r\n\t { \"mode\" :\n\"offer\" } \n", policy.Policy{Mode: policy.Offer}},
	} {
		got, err := policy.Parse([]byte(tc.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(*got, tc.want) {
			t.Errorf("%s: %+v, want %+v", name, *got, tc.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("x", 33)
	for name, tc := range map[string]struct {
		file string
		line string
		says string
	}{
		"nothing":                         {"", "line 1", "unexpected end"},
		"not JSON":                        {"\n\nmode: offer", "line 3", "invalid character"},
		"comma at the end":                {"{\n\"mode\": \"offer\",\n}", "line 3", "invalid character"},
		"cut off":                         {"{\n\"mode\": \"offer\"", "line 2", "unexpected end"},
		"more than one":                   {"{}\n{}", "line 2", "after top-level value"},
		"comment":                         {"{\n// offer\n}", "line 2", "invalid character"},
		"byte order mark":                 {"\ufeff{}", "line 1", "invalid character"},
		"not UTF-8":                       {"{\n\n\"mode\": \"off\xffer\"}", "line 3", "not UTF-8"},
		"null":                            {"null", "line 1", "not an object"},
		"a list":                          {"[]", "line 1", "not an object"},
		"a string":                        {`"offer"`, "line 1", "not an object"},
		"unknown member":                  {"{\n\"mode\": \"offer\",\n\"methds\": []}", "line 3", `unknown member "methds"; there are aal, accept_restricted, changes,`},
		"member in other case":            {"{\n\"Mode\": \"offer\"}", "line 2", `unknown member "Mode"`},
		"unknown member within":           {"{\"changes\": {\n\"password\": true,\n\"age\": 1}}", "line 3", `changes: unknown member "age"; there are max_age, methods, password`},
		"duplicate":                       {"{\n\"mode\": \"required\",\n\"mode\": \"offer\"}", "line 3", `"mode" comes twice`},
		"duplicate by escape":             {"{\"mode\": \"required\",\n\"m\\u006fde\": \"offer\"}", "line 2", `"mode" comes twice`},
		"duplicate within":                {"{\"changes\":\n{\"password\": true,\n\"password\": false}}", "line 3", `changes: member "password" comes twice`},
		"unknown mode":                    {"{\n\"mode\": \"adaptive\"}", "line 2", `mode: unknown mode "adaptive"; there are "offer" and "required"`},
		"mode in other case":              {`{"mode": "Offer"}`, "line 1", "unknown mode"},
		"mode is empty":                   {`{"mode": ""}`, "line 1", "mode: not a string such as"},
		"mode is no string":               {`{"mode": true}`, "line 1", "mode: not a string"},
		"mode is null":                    {`{"mode": null}`, "line 1", "mode: not a string"},
		"mode is an object":               {"{\"mode\":\n {\"x\":1}}", "line 2", "mode: not a string"},
		"long mode is cut":                {`{"mode": "` + strings.Repeat("y", 500) + `"}`, "line 1", `unknown mode "` + strings.Repeat("y", 40) + `"`},
		"methods is a string":             {`{"methods": "totp"}`, "line 1", "methods: not a list"},
		"methods is null":                 {`{"methods": null}`, "line 1", "methods: not a list"},
		"methods is empty":                {"{\n\"methods\": []}", "line 2", "methods: an empty list"},
		"method is no string":             {"{\"methods\": [\n\"totp\",\n1]}", "line 3", "methods: not a list of strings"},
		"method is null":                  {`{"methods": [null]}`, "line 1", "methods: not a list of strings"},
		"method in capitals":              {"{\"methods\": [\"totp\",\n\"WebAuthn\"]}", "line 2", `methods: "WebAuthn" is not the name of a method`},
		"method with a space":             {`{"methods": ["totp "]}`, "line 1", "is not the name of a method"},
		"method begins with a digit":      {`{"methods": ["2fa"]}`, "line 1", "is not the name of a method"},
		"method is empty":                 {`{"methods": [""]}`, "line 1", "is not the name of a method"},
		"method is long":                  {`{"methods": ["` + long + `"]}`, "line 1", "is not the name of a method"},
		"method twice":                    {"{\"methods\": [\"totp\",\n\"sms\",\n\"totp\"]}", "line 3", `methods: "totp" is listed twice`},
		"methods of recovery alone":       {`{"methods": ["recovery"]}`, "line 1", "methods: recovery codes alone"},
		"too many methods":                {`{"methods": ["` + strings.Join(strings.Split("abcdefghijklmnopq", ""), `","`) + `"]}`, "line 1", "more than 16 methods"},
		"aal of 1":                        {"{\n\"aal\": 1}", "line 2", "aal: level 1; there are 0"},
		"aal of 4":                        {`{"aal": 4}`, "line 1", "aal: level 4"},
		"not_first is empty":              {`{"not_first": []}`, "line 1", "not_first: an empty list"},
		"not_first twice the same":        {`{"not_first": ["totp", "totp"]}`, "line 1", "not_first: \"totp\" is listed twice"},
		"aal below 0":                     {`{"aal": -2}`, "line 1", "aal: level -2"},
		"aal is no whole number":          {`{"aal": 2.0}`, "line 1", "aal: not a level"},
		"aal is huge":                     {`{"aal": 18446744073709551618}`, "line 1", "aal: not a level"},
		"aal is a string":                 {`{"aal": "2"}`, "line 1", "aal: not a number"},
		"aal is null":                     {`{"aal": null}`, "line 1", "aal: not a number"},
		"boolean is a string":             {"{\n\n\"phishing_resistant\": \"false\"}", "line 3", "phishing_resistant: not true or false"},
		"boolean is a number":             {`{"changes": {"password": 1}}`, "line 1", "changes: password: not true or false"},
		"boolean is null":                 {`{"phishing_resistant": null}`, "line 1", "not true or false"},
		"accept_restricted is a string":   {`{"accept_restricted": "true"}`, "line 1", "accept_restricted: not true or false"},
		"accept_restricted is null":       {`{"accept_restricted": null}`, "line 1", "accept_restricted: not true or false"},
		"changes is no object":            {`{"changes": true}`, "line 1", "changes: not an object"},
		"changes is null":                 {`{"changes": null}`, "line 1", "changes: not an object"},
		"method of changes":               {`{"changes": {"methods": ["?"]}}`, "line 1", `changes: methods: "?" is not the name`},
		"method of first enrollment":      {`{"first_enrollment": {"methods": []}}`, "line 1", "first_enrollment: methods: an empty list"},
		"first_enrollment is a list":      {`{"first_enrollment": ["email"]}`, "line 1", "first_enrollment: not an object"},
		"duration is a number":            {"{\n\"session_lifetime\": 12}", "line 2", `session_lifetime: not a string such as "12h"`},
		"duration is null":                {`{"session_lifetime": null}`, "line 1", "not a string"},
		"duration without unit":           {`{"session_lifetime": "12"}`, "line 1", `"12" is not a duration such as "12h"`},
		"duration in days":                {`{"session_lifetime": "5d"}`, "line 1", `"5d" is not a duration`},
		"duration is empty":               {`{"session_lifetime": ""}`, "line 1", "is not a duration"},
		"duration of nothing":             {`{"session_lifetime": "0s"}`, "line 1", "leave the member out"},
		"duration below nothing":          {`{"session_lifetime": "-12h"}`, "line 1", "-12h0m0s is not between"},
		"duration too short":              {"{\"changes\": {\n\"max_age\": \"59s\"}}", "line 2", "changes: max_age: 59s is not between 1m and 8784h"},
		"duration too long":               {`{"session_lifetime": "8785h"}`, "line 1", "is not between"},
		"duration beyond what is counted": {`{"session_lifetime": "9999999999h"}`, "line 1", "is not a duration"},
		"first of two faults":             {"{\n\"aal\": 9,\n\"mode\": \"x\"}", "line 2", "aal"},
	} {
		p, err := policy.Parse([]byte(tc.file))
		if err == nil || p != nil {
			t.Errorf("%s: taken as %+v", name, p)
			continue
		}
		if !strings.HasPrefix(err.Error(), "policy: "+tc.line+": ") || !strings.Contains(err.Error(), tc.says) || len(err.Error()) > 250 {
			t.Errorf("%s: %q, want %s: …%s…", name, err, tc.line, tc.says)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	_, err := policy.Parse([]byte(strings.Repeat(" ", 64<<10-1) + "{}"))
	if err == nil || !strings.Contains(err.Error(), "64 KiB") {
		t.Errorf("%v", err)
	}
	if _, err := policy.Parse([]byte(strings.Repeat(" ", 64<<10-2) + "{}")); err != nil {
		t.Errorf("at the bound: %v", err)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for _, want := range []policy.Policy{{}, wholePolicy, {Mode: policy.Required, SessionLifetime: 90 * time.Minute}} {
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

func TestO06_TextMessagesAloneAreAccepted(t *testing.T) {
	some := []string{"sms", "totp", "recovery"}
	for name, tc := range map[string]struct {
		policy  policy.Policy
		known   []string
		refused bool
	}{
		"one of several configured":        {policy.Policy{}, some, false},
		"several":                          {policy.Policy{Methods: []string{"sms", "totp"}}, some, false},
		"others alone":                     {policy.Policy{Methods: []string{"totp"}}, some, false},
		"alone":                            {policy.Policy{Methods: []string{"sms"}}, some, true},
		"alone, offered":                   {policy.Policy{Mode: policy.Offer, Methods: []string{"sms"}}, some, true},
		"with recovery codes":              {policy.Policy{Methods: []string{"sms", "recovery"}}, some, true},
		"with calls":                       {policy.Policy{Methods: []string{"sms", "voice"}}, []string{"sms", "voice", "totp"}, true},
		"nothing else configured":          {policy.Policy{}, []string{"recovery", "sms"}, true},
		"alone, and meant":                 {policy.Policy{Methods: []string{"sms"}, AcceptRestricted: true}, some, false},
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
	q := policy.Policy{Methods: []string{"sms"}}
	if got, want := p.Decide(mfa.Subject{}), q.Decide(mfa.Subject{}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestValidate(t *testing.T) {
	known := []string{"totp", "webauthn", "email", "recovery"}
	for name, tc := range map[string]struct {
		policy policy.Policy
		says   []string // none: it is fine
	}{
		"zero":                      {policy.Policy{}, nil},
		"whole":                     {wholePolicy, nil},
		"mode":                      {policy.Policy{Mode: "off"}, []string{`policy: mode: unknown mode "off"`}},
		"aal":                       {policy.Policy{AAL: 4}, []string{"policy: aal: level 4"}},
		"implicit, not configured":  {policy.Policy{Implicit: []string{"voice"}}, []string{`policy: implicit: "voice" is not configured`}},
		"not first, not configured": {policy.Policy{NotFirst: []string{"sms"}}, []string{`policy: not_first: "sms" is not configured`}},
		"none may be first":         {policy.Policy{NotFirst: []string{"totp", "webauthn", "email"}}, []string{"policy: not_first: leaves no method"}},
		"none of these may be":      {policy.Policy{Methods: []string{"totp"}, NotFirst: []string{"totp"}}, []string{"policy: not_first: leaves no method"}},
		"method not configured":     {policy.Policy{Methods: []string{"totp", "sms"}}, []string{`policy: methods: "sms" is not configured; there are totp, webauthn`}},
		"method's form":             {policy.Policy{Methods: []string{"TOTP"}}, []string{`policy: methods: "TOTP" is not the name`}},
		"recovery alone":            {policy.Policy{Methods: []string{"recovery"}}, []string{"policy: methods: recovery codes alone"}},
		"changes":                   {policy.Policy{Changes: policy.Changes{Methods: []string{"sms"}, MaxAge: -1}}, []string{"policy: changes: methods: ", "policy: changes: max_age: "}},
		"first enrollment":          {policy.Policy{FirstEnrollment: policy.FirstEnrollment{Methods: []string{"voice"}}}, []string{`policy: first_enrollment: methods: "voice" is not configured`}},
		"lifetime":                  {policy.Policy{SessionLifetime: time.Second}, []string{"policy: session_lifetime: 1s is not between"}},
		"all that is wrong is told": {policy.Policy{Mode: "x", AAL: 7, SessionLifetime: -1}, []string{"policy: mode", "policy: aal", "policy: session_lifetime"}},
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

// FuzzParse: no file makes it panic, and what is taken is valid and is written
// as what reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{whole, `{}`, `{"mode":"required"}`, `{"changes":{"max_age":"5m"}}`, `[`, `{"aal":2,"aal":2}`, `{"methods":["sms"],"accept_restricted":true}`, `{"methods":["sms"]}`, `{"methods":["totp"],"not_first":["totp"]}`, "{\"mode\":\"\xff\"}", `{"x":[[[{}]]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := policy.Parse(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "policy: ") {
				t.Errorf("%v", err)
			}
			return
		}
		var known []string
		for _, list := range [][]string{p.Methods, p.NotFirst, p.Changes.Methods, p.FirstEnrollment.Methods} {
			known = append(known, list...)
		}
		// What methods leave together is no matter of a file alone.
		if err := p.Validate(known); err != nil && !strings.Contains(err.Error(), ": leave") {
			t.Errorf("taken, and not valid: %v", err)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := policy.Parse(b); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%s: %v", b, err)
		}
	})
}
