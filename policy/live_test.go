package policy_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/policy"
)

var known = []string{"totp", "webauthn", "sms", "email", "recovery"}

func live(t *testing.T, p policy.Policy) *policy.Live {
	t.Helper()
	l, err := policy.NewLive(&p, known)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLiveDecidesByWhatItWasGivenLast(t *testing.T) {
	l := live(t, base(policy.Rules{Mode: policy.Offer}))
	if l.Decide(mfa.Subject{}).Require.SecondFactor || l.Current().Mode != policy.Offer {
		t.Error("the first policy does not decide")
	}
	if err := l.Replace([]byte(`{"mode": "required"}`)); err != nil {
		t.Fatal(err)
	}
	if !l.Decide(mfa.Subject{}).Require.SecondFactor || l.Current().Mode != policy.Required {
		t.Error("the second policy does not decide")
	}
}

func TestLiveKeepsWhatRunsWhenAFileIsWrong(t *testing.T) {
	l := live(t, base(policy.Rules{Mode: policy.Offer}))
	running := l.Current()
	for name, tc := range map[string]struct {
		file, member string
		line         int
	}{
		"syntax":              {"{\n}}", "", 2},
		"unknown field":       {"{\n\"mod\": \"offer\"}", "", 2},
		"bad date":            {"{\"phases\": [\n{\"name\": \"a\",\n\"from\": \"tomorrow\"}]}", "phases[0].from", 3},
		"share over 100":      {"{\"phases\": [\n{\"name\": \"a\",\n\"share\": 200}]}", "phases[0].share", 3},
		"unknown method":      {"{\n\"methods\": [\"totp\",\n\"push\"]}", "methods[1]", 3},
		"unknown, in a phase": {"{\"phases\": [\n{\"name\": \"a\",\n\"prerequisites\": {\"totp\":\n[\"push\"]}}]}", "phases[0].prerequisites.totp[0]", 4},
		"texts alone":         {"{\n\n\"methods\": [\"sms\"]}", "methods", 3},
		"texts, by a phase":   {"{\"phases\": [\n{\"name\": \"a\",\n\"forbidden\": [\"totp\", \"webauthn\", \"email\"]}]}", "phases[0].methods", 2},
		"no condition":        {"{\"cohorts\": [\n{\"name\": \"a\"}]}", "cohorts[0]", 2},
	} {
		err := l.Replace([]byte(tc.file))
		var e *policy.Error
		if !errors.As(err, &e) || e.Line != tc.line || e.Member != tc.member || e.Err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if l.Current() != running {
			t.Fatalf("%s: the running policy was replaced", name)
		}
	}
	if err := l.ReplaceFile(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) || l.Current() != running {
		t.Errorf("no file: %v", err)
	}
}

func TestNewLiveRefusesWhatIsWrong(t *testing.T) {
	p := base(policy.Rules{Methods: []string{"push"}})
	if _, err := policy.NewLive(&p, known); err == nil || !strings.Contains(err.Error(), `"push" is not configured`) {
		t.Error(err)
	}
}

func TestReplaceFile(t *testing.T) {
	l := live(t, policy.Policy{})
	name := filepath.Join(t.TempDir(), "mfa.json")
	for _, tc := range []struct {
		text, says string
	}{
		{`{"mode": "adaptive"}`, ""},
		{`{"mode": "adaptive"}` + strings.Repeat(" ", 300<<10), "more than 256 KiB"},
		{`{"mode": "of"}`, "unknown mode"},
	} {
		if err := os.WriteFile(name, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := l.ReplaceFile(name)
		if (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%.20s: %v", tc.text, err)
		}
		if l.Current().Mode != policy.Adaptive {
			t.Errorf("%.20s: %+v", tc.text, l.Current())
		}
	}
}

// TestLiveKeepsFunctions through files that cannot have them, one of which does
// not name the cohort.
func TestLiveKeepsFunctions(t *testing.T) {
	l := live(t, policy.Policy{
		Cohorts:       []policy.Cohort{{Name: "staff", Match: func(u mfa.User) bool { return u.ID == "ada" }}},
		ExemptService: func(s mfa.Subject) bool { return s.User.ID == "robot" },
	})
	for _, file := range []string{
		`{}`,
		`{"mode": "offer", "phases": [{"name": "a", "cohorts": ["staff"], "mode": "required"}], "cohorts": [{"name": "staff"}]}`,
	} {
		if err := l.Replace([]byte(file)); err != nil {
			t.Fatal(err)
		}
		if !l.Decide(mfa.Subject{User: mfa.User{ID: "robot", Kind: mfa.Service}}).Exempt {
			t.Errorf("%s: ExemptService is lost", file)
		}
	}
	if !l.Decide(mfa.Subject{User: mfa.User{ID: "ada"}}).Require.SecondFactor || l.Decide(mfa.Subject{User: mfa.User{ID: "bob"}}).Require.SecondFactor {
		t.Error("Match is lost")
	}
}

// TestLiveIsReplacedWhole runs decisions beside replacements: none is of two
// policies.
func TestLiveIsReplacedWhole(t *testing.T) {
	l := live(t, policy.Policy{Rules: policy.Rules{Nudge: 2}, Support: "2"})
	files := [][]byte{[]byte(`{"nudge": 2, "support": "2"}`), []byte(`{"nudge": 3, "support": "3"}`)}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 200 {
				if i == 0 {
					if err := l.Replace(files[j%2]); err != nil {
						t.Error(err)
					}
				}
				if d := l.Decide(mfa.Subject{}); d.Support != string(rune('0'+d.Nudge)) {
					t.Errorf("%+v", d)
				}
			}
		})
	}
	all.Wait()
}

func TestParseForFindsMethodsWithTheirLines(t *testing.T) {
	_, err := policy.ParseFor([]byte("{\n\"methods\": [\n\"totp\",\n\"push\"]}"), known)
	if err == nil || !strings.HasPrefix(err.Error(), `policy: line 4: methods[1]: "push" is not configured; there are totp,`) {
		t.Error(err)
	}
	if _, err := policy.ParseFor([]byte(`{"methods": ["totp"]}`), nil); err == nil {
		t.Error("a method is known where there is none")
	}
	if p, err := policy.ParseFor([]byte(`{"methods": ["totp"]}`), known); err != nil || p.Methods[0] != "totp" {
		t.Error(p, err)
	}
}
