package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

// product reads one of the ready policies.
func product(t *testing.T, name string) *policy.Policy {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "examples", "webapp", "policies", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.ParseFor(data, known)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestReadyPolicies holds the files to what there is to say against them:
// no error, and nothing but the warnings that are listed.
func TestReadyPolicies(t *testing.T) {
	expected := map[string][]string{
		"accessibility":  {},
		"adaptive":       {},
		"contact-centre": {`note: phase "mobile app, for now": mode: off asks less`, `note: phase "mobile app, for now": mode: off: whoever`},
		"distribution":   {},
		"health":         {},
		"logistics":      {},
	}
	files, err := filepath.Glob(filepath.Join("..", "examples", "webapp", "policies", "*.json"))
	if err != nil || len(files) != len(expected) {
		t.Fatalf("%q, %v", files, err)
	}
	for name, want := range expected {
		p := product(t, name)
		got := slices.DeleteFunc(linted(*p, usual), func(f string) bool { return strings.HasPrefix(f, "note: first_enrollment: ") })
		slices.Sort(got)
		ok := len(got) == len(want)
		for i := 0; ok && i < len(want); i++ {
			ok = strings.HasPrefix(got[i], want[i])
		}
		if !ok {
			t.Errorf("%s:\n\t%s", name, strings.Join(got, "\n\t"))
		}
	}
}

// A moment is one line of a product's help page.
type moment struct {
	at    string
	user  mfa.User
	app   string
	has   []mfa.Enrollment
	known bool

	phase string
	asked bool
	skip  bool
}

func play(t *testing.T, p *policy.Policy, story map[string]moment) {
	t.Helper()
	for name, m := range story {
		d := p.Decide(mfa.Subject{User: m.user, Client: mfa.Client{App: m.app}, Enrollments: m.has, Known: m.known, Now: instant(m.at)})
		if d.Phase != m.phase || d.Require.SecondFactor != m.asked || d.Grace.Skip != m.skip {
			t.Errorf("%s: phase %q, asked %v, may skip %v", name, d.Phase, d.Require.SecondFactor, d.Grace.Skip)
		}
	}
}

func TestLogistics(t *testing.T) {
	p := product(t, "logistics")
	old := mfa.User{ID: "old", CreatedAt: instant("2024-01-01T00:00:00Z")}
	early := mfa.User{ID: "early", Email: "e@carrier.example", EmailVerified: true, CreatedAt: instant("2025-09-01T00:00:00Z")}
	late := mfa.User{ID: "late-0", CreatedAt: instant("2025-09-01T00:00:00Z")} // in no share
	has := []mfa.Enrollment{app}
	play(t, p, map[string]moment{
		"before it begins":                     {"2025-09-27T11:59:59Z", late, "web", nil, false, "", false, false},
		"before it begins, enrolled":           {"2025-09-27T11:59:59Z", late, "web", has, true, "", true, false},
		"as it begins, nothing enrolled":       {"2025-09-27T12:00:00Z", late, "web", nil, false, "adaptive", false, false},
		"as it begins, enrolled":               {"2025-09-27T12:00:00Z", late, "web", has, false, "adaptive", true, false},
		"as it begins, in a known browser":     {"2025-09-27T12:00:00Z", late, "web", has, true, "adaptive", false, false},
		"first accounts, the evening before":   {"2025-10-05T23:59:59Z", early, "web", nil, false, "adaptive", false, false},
		"first accounts are prompted":          {"2025-10-06T00:00:00Z", early, "web", nil, false, "first accounts", true, true},
		"long-standing accounts are, too":      {"2025-10-06T00:00:00Z", old, "web", nil, false, "first accounts", true, true},
		"others are not yet":                   {"2025-10-30T23:59:59Z", late, "web", nil, false, "adaptive", false, false},
		"the last moment to put it off":        {"2025-10-30T23:59:59Z", early, "web", nil, false, "first accounts", true, true},
		"then everybody has to":                {"2025-10-31T00:00:00Z", late, "web", nil, false, "everybody", true, false},
		"and those who put it off":             {"2025-10-31T00:00:00Z", early, "web", nil, false, "everybody", true, false},
		"and known browsers, if not to forget": {"2025-11-30T00:00:00Z", late, "mobile", has, true, "everybody", true, false},
	})
	prompted := map[string]int{}
	for _, day := range []string{"2025-10-12", "2025-10-13", "2025-10-20", "2025-10-31"} {
		for i := range 1000 {
			u := mfa.User{ID: fmt.Sprint("user-", i), CreatedAt: instant("2025-09-01T00:00:00Z")}
			if p.Decide(mfa.Subject{User: u, Now: instant(day + "T00:00:00Z")}).Require.SecondFactor {
				prompted[day]++
			}
		}
	}
	if a, b := prompted["2025-10-13"], prompted["2025-10-20"]; prompted["2025-10-12"] != 0 || a < 200 || a > 300 || b < a+300 || b > 700 || prompted["2025-10-31"] != 1000 {
		t.Errorf("prompted of 1000: %v", prompted)
	}
	d := p.Decide(mfa.Subject{User: late, Now: instant("2025-11-01T00:00:00Z")})
	if d.Remember.For != 720*time.Hour || d.Nudge != 2 || d.Support == "" || !reflect.DeepEqual(d.Methods, []string{"totp", "webauthn", "sms", "recovery"}) {
		t.Errorf("%+v", d)
	}
}

func TestDistribution(t *testing.T) {
	p := product(t, "distribution")
	play(t, p, map[string]moment{
		"nobody has to":        {"2025-01-01T00:00:00Z", ada, "web", nil, false, "", false, false},
		"whoever has is asked": {"2025-01-01T00:00:00Z", ada, "mobile", []mfa.Enrollment{app}, true, "", true, false},
	})
	d := p.Decide(mfa.Subject{User: ada})
	if !reflect.DeepEqual(d.Prerequisites, map[string][]string{"webauthn": {"totp", "sms"}}) || !d.Change.Password || d.Suggested[0] != "totp" {
		t.Errorf("%+v", d)
	}
}

func TestHealth(t *testing.T) {
	p := product(t, "health")
	before, after := mfa.User{ID: "a", CreatedAt: instant("2025-10-19T23:59:59Z")}, mfa.User{ID: "b", CreatedAt: instant("2025-10-20T00:00:00Z")}
	play(t, p, map[string]moment{
		"an older account":            {"2026-01-01T00:00:00Z", before, "web", nil, false, "", false, false},
		"an older account that has":   {"2026-01-01T00:00:00Z", before, "web", []mfa.Enrollment{app}, true, "", true, false},
		"a new one, its first":        {"2025-10-20T00:00:00Z", after, "web", nil, false, "new accounts", true, false},
		"a new one, in known browser": {"2026-01-01T00:00:00Z", after, "web", []mfa.Enrollment{app}, true, "new accounts", true, false},
	})
	for _, u := range []mfa.User{before, after} {
		if d := p.Decide(mfa.Subject{User: u}); d.SessionLifetime != 120*time.Hour || d.Suggested[0] != "sms" || d.Remember != (mfa.Remember{}) {
			t.Errorf("%+v", d)
		}
	}
}

func TestAccessibility(t *testing.T) {
	p := product(t, "accessibility")
	play(t, p, map[string]moment{
		"nobody has to": {"2025-01-01T00:00:00Z", ada, "web", nil, false, "", false, false},
	})
	d := p.Decide(mfa.Subject{User: ada, Enrollments: []mfa.Enrollment{app}})
	want := mfa.Requirement{Password: true, Methods: []string{"totp", "recovery"}, MaxAge: 5 * time.Minute}
	if !reflect.DeepEqual(d.Change, want) || !reflect.DeepEqual(d.Methods, []string{"totp", "recovery"}) {
		t.Errorf("%+v", d)
	}
}

func TestContactCentre(t *testing.T) {
	p := product(t, "contact-centre")
	play(t, p, map[string]moment{
		"before":                     {"2023-09-04T23:59:59Z", ada, "web", nil, false, "", false, false},
		"everybody, no opting out":   {"2023-09-05T00:00:00Z", ada, "web", nil, false, "everybody", true, false},
		"in a known browser as well": {"2025-01-01T00:00:00Z", ada, "web", nil, true, "everybody", true, false},
		"the mobile app is exempt":   {"2025-01-01T00:00:00Z", ada, "mobile", nil, false, "mobile app, for now", false, false},
	})
	d := p.Decide(mfa.Subject{User: ada, Now: noon})
	if !reflect.DeepEqual(d.Implicit, []string{"email"}) || d.Remember.For != 720*time.Hour || d.Remember.InsecureLong {
		t.Errorf("%+v", d)
	}
}
