package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// The methods as their factors describe them.
var (
	totpMethod     = mfa.Method{Name: "totp", Kind: mfa.Have, Guessable: true}
	recoveryMethod = mfa.Method{Name: "recovery", Kind: mfa.Have, Recovery: true}
	keyMethod      = mfa.Method{Name: "webauthn", Kind: mfa.Have, PhishingResistant: true}
	boundKeyMethod = mfa.Method{Name: "webauthn", Kind: mfa.Have, PhishingResistant: true, DeviceBound: true}
	smsMethod      = mfa.Method{Name: "sms", Kind: mfa.Have, Restricted: true, Channel: mfa.ChannelSMS}
	mailMethod     = mfa.Method{Name: "email", Channel: mfa.ChannelEmail}
	pinMethod      = mfa.Method{Name: "pin", Kind: mfa.Know}
	callMethod     = mfa.Method{Name: "call", Kind: mfa.Have, Restricted: true}

	usual = []mfa.Method{totpMethod, recoveryMethod, keyMethod, smsMethod, mailMethod}
)

// first keeps findings on who enrols first out of the tables.
var first = policy.FirstEnrollment{Methods: []string{"email"}}

// linted is what Lint finds, a line each.
func linted(p policy.Policy, methods []mfa.Method) []string {
	var out []string
	for _, f := range policy.Lint(&p, methods) {
		out = append(out, f.String())
	}
	return out
}

type lintCase struct {
	policy  policy.Policy
	methods []mfa.Method
	want    []string // how the findings begin, in order
}

func checkLint(t *testing.T, cases map[string]lintCase) {
	t.Helper()
	for name, tc := range cases {
		got := linted(tc.policy, tc.methods)
		ok := len(got) == len(tc.want)
		for i := 0; ok && i < len(got); i++ {
			ok = strings.HasPrefix(got[i], tc.want[i])
		}
		if !ok {
			t.Errorf("%s:\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(tc.want, "\n\t"))
		}
	}
}

func ruled(r policy.Rules) policy.Policy {
	if r.FirstEnrollment.Methods == nil {
		r.FirstEnrollment = first
	}
	return base(r)
}

// TestC25_LintOfWhatMethodsGive names levels that cannot be reached, and AAL2
// without a method that resists phishing.
func TestC25_LintOfWhatMethodsGive(t *testing.T) {
	mail := []mfa.Method{mailMethod, recoveryMethod}
	checkLint(t, map[string]lintCase{
		"nothing special":                   {ruled(policy.Rules{}), usual, nil},
		"AAL2 with keys":                    {ruled(policy.Rules{AAL: mfa.AAL2}), usual, nil},
		"AAL2 without keys":                 {ruled(policy.Rules{AAL: mfa.AAL2, Methods: []string{"totp", "sms"}}), usual, []string{"note: aal: level 2 has one method at least offered that resists phishing"}},
		"AAL2 with keys forbidden":          {ruled(policy.Rules{AAL: mfa.AAL2, Forbidden: []string{"webauthn"}}), usual, []string{"note: aal: level 2"}},
		"AAL2 by mail alone":                {ruled(policy.Rules{AAL: mfa.AAL2}), mail, []string{"error: aal: nobody can reach level 2: email is no second kind of proof"}},
		"AAL2 by mail and a PIN":            {ruled(policy.Rules{AAL: mfa.AAL2}), []mfa.Method{mailMethod, pinMethod}, []string{"error: aal: nobody can reach level 2: email, pin is no"}},
		"mail alone":                        {ruled(policy.Rules{}), mail, nil},
		"AAL3 without attestation":          {ruled(policy.Rules{AAL: mfa.AAL3}), usual, []string{"error: aal: nobody can reach level 3"}},
		"AAL3 with it":                      {ruled(policy.Rules{AAL: mfa.AAL3}), []mfa.Method{boundKeyMethod, mailMethod}, nil},
		"resistance without keys":           {ruled(policy.Rules{PhishingResistant: true, Methods: []string{"totp"}}), usual, []string{"error: phishing_resistant: nobody can satisfy this"}},
		"resistance after what nobody has":  {ruled(policy.Rules{PhishingResistant: true, Methods: []string{"totp", "webauthn"}, Prerequisites: map[string][]string{"webauthn": {"sms"}}}), usual, []string{"error: phishing_resistant: nobody can satisfy this", "error: prerequisites.webauthn: can never be enrolled: sms may not be used"}},
		"recovery codes resist nothing":     {ruled(policy.Rules{AAL: mfa.AAL2}), []mfa.Method{recoveryMethod, mailMethod}, []string{"error: aal: nobody can reach level 2"}},
		"texts alone":                       {ruled(policy.Rules{Methods: []string{"sms"}}), usual, []string{"error: methods: leave nothing but text messages"}},
		"texts alone, accepted":             {policy.Policy{Rules: policy.Rules{Methods: []string{"sms"}, FirstEnrollment: first}, AcceptRestricted: true}, usual, []string{"warning: accept_restricted: ", "warning: methods: nothing but sms, over the telephone network"}},
		"texts by another name":             {ruled(policy.Rules{}), []mfa.Method{callMethod, mailMethod, recoveryMethod}, nil},
		"texts by another name alone":       {base(policy.Rules{}), []mfa.Method{callMethod, recoveryMethod}, []string{"error: methods: nothing but call, over the telephone network"}},
		"a phase's level":                   {policy.Policy{Rules: policy.Rules{FirstEnrollment: first}, Phases: []policy.Phase{{Name: "a", Rules: policy.Rules{AAL: mfa.AAL3}}}}, usual, []string{`error: phase "a": aal: nobody can reach level 3`}},
		"a phase has the base's":            {policy.Policy{Rules: policy.Rules{AAL: mfa.AAL3, FirstEnrollment: first}, Phases: []policy.Phase{{Name: "a", Apps: []string{"web"}}}}, usual, []string{"error: aal: nobody can reach level 3"}},
		"off asks for no level":             {ruled(policy.Rules{Mode: policy.Off, AAL: mfa.AAL3}), usual, []string{"note: mode: off"}},
		"nothing":                           {ruled(policy.Rules{FirstEnrollment: policy.FirstEnrollment{Methods: nil}}), nil, []string{"error: first_enrollment.methods[0]: \"email\" is not configured", "error: methods: nobody can enrol anything"}},
		"everything forbidden":              {base(policy.Rules{Forbidden: []string{"totp"}}), []mfa.Method{totpMethod, recoveryMethod}, []string{"error: forbidden: leaves no method"}},
		"at least three of two":             {ruled(policy.Rules{AtLeast: 3, Methods: []string{"totp", "webauthn"}}), usual, []string{"warning: at_least: 3, and there are 2 methods to have (totp, webauthn)"}},
		"at least three of three":           {ruled(policy.Rules{AtLeast: 3, Methods: []string{"totp", "webauthn", "sms"}}), usual, nil},
		"anybody with a password may enrol": {policy.Policy{}, usual, []string{"note: first_enrollment: whoever has the password"}},
		"no mail to ask by":                 {policy.Policy{}, []mfa.Method{totpMethod}, nil},
	})
}

func TestLintOfListsThatDoNotGoTogether(t *testing.T) {
	of := func(m map[string][]string, more ...func(*policy.Rules)) policy.Policy {
		r := policy.Rules{Prerequisites: m}
		for _, f := range more {
			f(&r)
		}
		return ruled(r)
	}
	checkLint(t, map[string]lintCase{
		"suggested, not allowed":       {ruled(policy.Rules{Methods: []string{"totp"}, Suggested: []string{"sms"}}), usual, []string{"warning: suggested: sms is suggested, and may not be used"}},
		"suggested, forbidden":         {ruled(policy.Rules{Forbidden: []string{"sms"}, Suggested: []string{"sms"}}), usual, []string{"warning: suggested: sms is suggested, and may not be used"}},
		"suggested, recovery":          {ruled(policy.Rules{Suggested: []string{"recovery"}}), usual, []string{"warning: suggested: recovery stands in for a lost factor"}},
		"implicit, not allowed":        {ruled(policy.Rules{Methods: []string{"totp"}, Implicit: []string{"email"}}), usual, []string{"warning: implicit: email counts as enrolled, and may not be used"}},
		"allowed and forbidden":        {ruled(policy.Rules{Methods: []string{"totp", "sms"}, Forbidden: []string{"sms"}}), usual, []string{"warning: forbidden: sms is among the methods too"}},
		"first by what is forbidden":   {ruled(policy.Rules{Forbidden: []string{"email"}}), usual, []string{"error: first_enrollment.methods: email is forbidden"}},
		"first by what is not offered": {ruled(policy.Rules{Methods: []string{"totp"}}), usual, nil},
		"prerequisites":                {of(map[string][]string{"webauthn": {"totp", "sms"}}), usual, nil},
		"prerequisites in a circle":    {of(map[string][]string{"webauthn": {"sms"}, "sms": {"webauthn"}}), usual, []string{"error: prerequisites.sms: can never be enrolled: what has to come before it comes after it", "error: prerequisites.webauthn: can never be enrolled: what has to come"}},
		"a circle with a way in":       {of(map[string][]string{"webauthn": {"sms"}, "sms": {"webauthn", "totp"}}), usual, nil},
		"in a circle with not_first": {of(map[string][]string{"sms": {"webauthn"}}, func(r *policy.Rules) {
			r.Methods, r.NotFirst = []string{"totp", "webauthn", "sms"}, []string{"webauthn"}
		}), usual, nil},
		"prerequisite is not allowed": {of(map[string][]string{"webauthn": {"totp", "sms"}}, func(r *policy.Rules) { r.Forbidden = []string{"sms"} }), usual, []string{"warning: prerequisites.webauthn: sms may not be used"}},
		"none is allowed":             {of(map[string][]string{"webauthn": {"sms"}}, func(r *policy.Rules) { r.Forbidden = []string{"sms"} }), usual, []string{"error: prerequisites.webauthn: can never be enrolled: sms may not be used"}},
		"of what is not allowed":      {of(map[string][]string{"webauthn": {"totp"}}, func(r *policy.Rules) { r.Forbidden = []string{"webauthn"} }), usual, []string{"warning: prerequisites.webauthn: may not be enrolled at all"}},
		"a method that is not there":  {ruled(policy.Rules{Methods: []string{"totp", "push"}}), usual, []string{`error: methods[1]: "push" is not configured`}},
	})
}

// TestD06_LintOfWhatHasNoEffect names what is said in vain, and what is called
// insecure.
func TestD06_LintOfWhatHasNoEffect(t *testing.T) {
	may := instant("2025-05-01T00:00:00Z")
	phased := func(below policy.Rules, phases ...policy.Phase) policy.Policy {
		p := ruled(below)
		p.Phases = phases
		return p
	}
	month := policy.Remember{Days: 30}
	checkLint(t, map[string]lintCase{
		"grace that nobody needs":            {ruled(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 3}}), usual, []string{"warning: grace: has no effect: nowhere does anybody have to enrol by it"}},
		"grace that a phase needs":           {phased(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 3}}, policy.Phase{Name: "a", Rules: policy.Rules{Mode: policy.Required}}), usual, nil},
		"grace that a phase has its own for": {phased(policy.Rules{Mode: policy.Offer, Grace: policy.Grace{Skips: 3}}, policy.Phase{Name: "a", Rules: policy.Rules{Mode: policy.Required, Grace: policy.Grace{Skips: 1}}}), usual, []string{"warning: grace: has no effect"}},
		"grace in an offer":                  {phased(policy.Rules{Mode: policy.Off}, policy.Phase{Name: "a", Rules: policy.Rules{Mode: policy.Adaptive, Grace: policy.Grace{Skips: 3}}}), usual, []string{"note: mode: off", `warning: phase "a": grace: has no effect in mode adaptive`}},
		"grace that has ended":               {phased(policy.Rules{Mode: policy.Offer}, policy.Phase{Name: "a", From: may, Rules: policy.Rules{Mode: policy.Required, Grace: policy.Grace{Until: may}}}), usual, []string{`warning: phase "a": grace.until: has ended before the phase begins`}},
		"grace that has not":                 {phased(policy.Rules{Mode: policy.Offer}, policy.Phase{Name: "a", From: may, Rules: policy.Rules{Mode: policy.Required, Grace: policy.Grace{Until: may.Add(1)}}}), usual, nil},
		"at least two, offered":              {ruled(policy.Rules{Mode: policy.Offer, AtLeast: 2}), usual, []string{"warning: at_least: has no effect: nowhere"}},
		"at least two, in an offer":          {phased(policy.Rules{Mode: policy.Off}, policy.Phase{Name: "a", Rules: policy.Rules{Mode: policy.Offer, AtLeast: 2}}), usual, []string{"note: mode: off", `warning: phase "a": at_least: has no effect in mode offer`}},
		"nudge to what is demanded":          {ruled(policy.Rules{AtLeast: 2, Nudge: 2}), usual, []string{"note: nudge: has no effect"}},
		"nudge to what is demanded nowhere":  {ruled(policy.Rules{Mode: policy.Offer, AtLeast: 2, Nudge: 2}), usual, []string{"warning: at_least: has no effect"}},
		"remembered for a level":             {ruled(policy.Rules{Remember: month, AAL: mfa.AAL2}), usual, []string{"warning: remember: has no effect"}},
		"remembered for resistance":          {ruled(policy.Rules{Remember: month, PhishingResistant: true}), usual, []string{"warning: remember: has no effect"}},
		"remembered, a phase's level":        {phased(policy.Rules{Remember: month}, policy.Phase{Name: "a", Apps: []string{"web"}, Rules: policy.Rules{AAL: mfa.AAL2}}), usual, []string{`warning: phase "a": remember: has no effect`}},
		"remembered and idle as long":        {ruled(policy.Rules{Remember: policy.Remember{Days: 7, Idle: 168 * time.Hour}}), usual, []string{"warning: remember.idle: has no effect"}},
		"adaptive of a level":                {ruled(policy.Rules{Mode: policy.Adaptive, AAL: mfa.AAL2}), usual, []string{"note: mode: adaptive: known browsers are asked all the same"}},
		"insecure":                           {ruled(policy.Rules{Remember: policy.Remember{Days: 60, InsecureLong: true}, Changes: policy.Changes{InsecurePasswordAlone: true}}), usual, []string{"warning: changes.insecure_password_alone: ", "warning: remember.insecure_long: a browser is remembered for 60 days"}},
	})
}
