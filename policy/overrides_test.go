package policy_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// fullRules say something of everything but what forbids browsers to be
// remembered.
func fullRules() policy.Rules {
	return policy.Rules{
		Mode: policy.Required, Methods: []string{"totp", "sms"}, Suggested: []string{"totp"}, Forbidden: []string{"voice"},
		Implicit: []string{"email"}, NotFirst: []string{"sms"}, Prerequisites: map[string][]string{"sms": {"totp"}, "webauthn": {"totp", "sms"}},
		AtLeast: 2, Nudge: 3,
		Grace:    policy.Grace{Until: noon.AddDate(0, 1, 0), For: 240 * time.Hour, Skips: 5},
		Remember: policy.Remember{Days: 10, Idle: 48 * time.Hour, Session: true},
		Changes:  policy.Changes{Password: true, Methods: []string{"totp"}, MaxAge: 5 * time.Minute}, FirstEnrollment: policy.FirstEnrollment{Methods: []string{"email"}},
		DelayedReset: 72 * time.Hour, SessionLifetime: 12 * time.Hour,
	}
}

// other is a value that a field of fullRules does not have.
func other(t reflect.Type) reflect.Value {
	switch v := reflect.New(t).Elem(); v.Interface().(type) {
	case policy.Mode:
		return reflect.ValueOf(policy.Offer)
	case []string:
		return reflect.ValueOf([]string{"webauthn"})
	case map[string][]string:
		return reflect.ValueOf(map[string][]string{"email": {"webauthn"}})
	case time.Time:
		return reflect.ValueOf(noon.AddDate(0, 0, 3))
	case time.Duration:
		return reflect.ValueOf(25 * time.Hour)
	case mfa.AAL:
		return reflect.ValueOf(mfa.AAL2)
	case int:
		return reflect.ValueOf(4)
	case bool:
		return reflect.ValueOf(true)
	}
	panic(t.String())
}

// TestPhasesOverrideEachRule sets every rule in a phase, each alone: it decides as if the
// base said so, and all others stay. Of what is one thing the whole is replaced.
func TestPhasesOverrideEachRule(t *testing.T) {
	who := mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app, key}, Now: noon}
	decided := func(r policy.Rules, phases ...policy.Phase) mfa.Decision {
		p := policy.Policy{Rules: r, Phases: phases}
		d := p.Decide(who)
		d.Phase = ""
		return d
	}
	base := decided(fullRules())
	if want := (mfa.Remember{For: 240 * time.Hour, Idle: 48 * time.Hour, Session: true}); base.Remember != want {
		t.Errorf("remembers %+v, want %+v", base.Remember, want)
	}
	if got := decided(fullRules(), policy.Phase{Name: "nothing"}); !reflect.DeepEqual(got, base) {
		t.Errorf("a phase without rules: %+v, want %+v", got, base)
	}
	one := func(name string, index ...int) {
		t.Helper()
		var phase policy.Rules
		value := reflect.ValueOf(&phase).Elem().FieldByIndex(index)
		value.Set(other(value.Type()))
		want := fullRules()
		reflect.ValueOf(&want).Elem().Field(index[0]).Set(reflect.ValueOf(phase).Field(index[0]))
		got := decided(fullRules(), policy.Phase{Name: "p", Rules: phase})
		if !reflect.DeepEqual(got, decided(want)) {
			t.Errorf("%s: %+v, want %+v", name, got, decided(want))
		}
		if reflect.DeepEqual(got, base) {
			t.Errorf("%s changes nothing", name)
		}
	}
	rules := reflect.TypeFor[policy.Rules]()
	for i := range rules.NumField() {
		f := rules.Field(i)
		if f.Type.Kind() != reflect.Struct {
			one(f.Name, i)
			continue
		}
		for j := range f.Type.NumField() {
			if name := f.Name + "." + f.Type.Field(j).Name; name != "Remember.Idle" && name != "Remember.Session" && name != "Remember.InsecureLong" { // which say nothing without days
				one(name, i, j)
			}
		}
	}
	for name, r := range map[string]policy.Remember{
		"idle":    {Days: 10, Idle: time.Hour},
		"session": {Days: 10},
		"long":    {Days: 10, Idle: 48 * time.Hour, Session: true, InsecureLong: true},
	} {
		want := fullRules()
		want.Remember = r
		if got := decided(fullRules(), policy.Phase{Name: "p", Rules: policy.Rules{Remember: r}}); !reflect.DeepEqual(got, decided(want)) || reflect.DeepEqual(got, base) {
			t.Errorf("remember, %s: %+v", name, got.Remember)
		}
	}
}

// TestDecisionsShareNothing writes over everything that a decision holds: neither the next
// decision nor another part of the same one may show it.
func TestDecisionsShareNothing(t *testing.T) {
	roomy := func(list []string) []string { return append(make([]string, 0, 8), list...) }
	r := fullRules()
	for _, list := range []*[]string{&r.Methods, &r.Suggested, &r.Forbidden, &r.Implicit, &r.NotFirst, &r.Changes.Methods, &r.FirstEnrollment.Methods} {
		*list = roomy(*list)
	}
	p := base(r)
	who := mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app}, Now: noon}
	same := base(fullRules())
	before, d := same.Decide(who), p.Decide(who)
	for _, list := range [][]string{d.Methods, d.Suggested, d.Forbidden, d.Implicit, d.NotFirst, d.Change.Methods, d.FirstEnrollment.Methods} {
		if len(list) == 0 {
			t.Fatalf("a list says nothing: %+v", d)
		}
		_ = append(list, "more")
		list[0] = "x"
	}
	if len(d.Prerequisites) != 2 {
		t.Fatal(d.Prerequisites)
	}
	for name, list := range d.Prerequisites {
		_ = append(list, "more")
		if !reflect.DeepEqual(d.Prerequisites, before.Prerequisites) {
			t.Errorf("what is put behind the list of %s runs into another: %v", name, d.Prerequisites)
		}
	}
	for name, list := range d.Prerequisites {
		list[0] = "x"
		delete(d.Prerequisites, name)
	}
	if after := p.Decide(who); !reflect.DeepEqual(after, before) {
		t.Errorf("%+v, want %+v", after, before)
	}
}

// TestOffLeavesRiskAlone: an app that can ask its users nothing is not made to.
func TestOffLeavesRiskAlone(t *testing.T) {
	r := fullRules()
	r.Mode = policy.Off
	p := base(r)
	if d := p.Decide(mfa.Subject{User: ada, Now: noon}); !d.InsecureIgnoreRisk || !d.Closed || d.Nudge != 0 || d.Remember != (mfa.Remember{}) {
		t.Errorf("%+v", d)
	}
	for _, r.Mode = range []policy.Mode{policy.Offer, policy.Adaptive, policy.Required} {
		p := base(r)
		if d := p.Decide(mfa.Subject{User: ada, Now: noon}); d.InsecureIgnoreRisk || d.Closed {
			t.Errorf("%s: %+v", r.Mode, d)
		}
	}
}

// TestLevelOneIsNothingSpecial: whoever has signed in has reached it, so that it keeps no
// browser from being remembered.
func TestLevelOneIsNothingSpecial(t *testing.T) {
	p := base(policy.Rules{Mode: policy.Adaptive, AAL: mfa.AAL1, Remember: policy.Remember{Days: 1}})
	d := p.Decide(mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app}, Known: true, Now: noon})
	if d.Remember.For != 24*time.Hour || !reflect.DeepEqual(d.Require, notAsked) {
		t.Errorf("%+v", d)
	}
}

// TestServicesComeFromTheSmallestPart: a network of half of all addresses is one.
func TestServicesComeFromTheSmallestPart(t *testing.T) {
	p := policy.Policy{Services: policy.Services{Networks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/1")}}}
	for ip, want := range map[string]bool{"127.0.0.1": true, "128.0.0.1": false} {
		if d := p.Decide(mfa.Subject{User: mfa.User{ID: "s", Kind: mfa.Service}, Client: mfa.Client{IP: netip.MustParseAddr(ip)}}); d.Exempt != want {
			t.Errorf("%s: %+v", ip, d)
		}
	}
}
