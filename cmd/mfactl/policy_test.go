package main

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"
)

const (
	offer    = `{"mode": "offer", "methods": ["totp", "webauthn"], "phases": [{"name": "staff", "from": "2026-02-01T00:00:00Z", "cohorts": ["staff"], "mode": "required"}], "cohorts": [{"name": "staff", "email_domains": ["example.com"]}]}`
	required = `{"mode": "required", "methods": ["totp", "webauthn"], "remember": {"days": 30}, "phases": [{"name": "staff", "from": "2026-03-01T00:00:00Z", "cohorts": ["staff"], "phishing_resistant": true}], "cohorts": [{"name": "staff", "email_domains": ["example.com"]}]}`
)

func TestPolicyLint(t *testing.T) {
	s := newService(t)
	const note = "note: first_enrollment: whoever has the password of an account without a second proof can enrol one of their own; a code to the address on file prevents it\n"
	s.want(exitDone, note, "policy", "lint", s.write("good.json", `{"mode": "offer", "methods": ["totp", "webauthn"]}`))
	bad := s.write("bad.json", `{"mode": "offer", "methods": ["totp"], "phishing_resistant": true}`)
	code, out, errs := s.run("policy", "lint", bad)
	if code != exitFailed || !strings.HasPrefix(out, "error: ") || !strings.Contains(errs, "cannot mean what it says") {
		t.Error(code, out, errs)
	}
	code, out, _ = s.run("policy", "lint", "-json", bad)
	var findings []struct{ Severity, Text string }
	if err := json.Unmarshal([]byte(out), &findings); err != nil || code != exitFailed || len(findings) == 0 || findings[0].Severity != "error" {
		t.Errorf("%s: %v", out, err)
	}
	s.fails(exitFailed, "line 2", "policy", "lint", s.write("slip.json", "{\n\"mod\": \"offer\"}"))
	s.fails(exitFailed, "push", "policy", "lint", s.write("push.json", `{"methods": ["push"]}`))
	if code, _, errs := s.run("policy", "lint", "-methods", "push,totp", s.file("push.json")); code != exitDone {
		t.Error(errs)
	}
	s.fails(exitUsage, "one file", "policy", "lint")
	s.fails(exitFailed, "no such file", "policy", "lint", s.file("nothing.json"))
}

func TestPolicyDiff(t *testing.T) {
	s := newService(t)
	was, is := s.write("was.json", offer), s.write("is.json", required)
	s.want(exitDone, `mode                              "offer" -> "required"
phases[staff].from                "2026-02-01T00:00:00Z" -> "2026-03-01T00:00:00Z"
phases[staff].mode                "required" -> (not said)
phases[staff].phishing_resistant  (not said) -> true
remember.days                     (not said) -> 30
`, "policy", "diff", was, is)
	s.want(exitDone, "they say the same\n", "policy", "diff", was, s.write("again.json", strings.ReplaceAll(offer, " ", "\n")))
	code, out, _ := s.run("policy", "diff", "-json", was, is)
	var list []struct {
		Member  string
		Was, Is any
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitDone || len(list) != 5 || list[0].Member != "mode" || list[0].Is != "required" {
		t.Errorf("%s: %v", out, err)
	}
	s.fails(exitUsage, "two files", "policy", "diff", was)
}

// The order of phases decides, and so is a difference.
func TestPolicyDiffSeesOrder(t *testing.T) {
	s := newService(t)
	phases := func(names ...string) string {
		for i, n := range names {
			names[i] = `{"name": "` + n + `", "from": "2026-01-01", "mode": "required"}`
		}
		return s.write("order-"+names[0][10:11]+".json", `{"mode": "offer", "time_zone": "UTC", "phases": [`+strings.Join(names, ",")+`]}`)
	}
	s.want(exitDone, `phases  ["a","b"] -> ["b","a"]`+"\n", "policy", "diff", phases("a", "b"), phases("b", "a"))
}

func TestPolicyLoad(t *testing.T) {
	s := newService(t)
	live, next := s.write("live.json", offer), s.write("next.json", required)
	if err := os.Chmod(live, 0o640); err != nil {
		t.Fatal(err)
	}
	code, out, _ := s.run("policy", "load", "-to", live, next)
	if code != exitDone || !strings.Contains(out, `"offer" -> "required"`) || !strings.Contains(out, "say -yes") || s.read("live.json") != offer {
		t.Error(code, out)
	}
	bad := s.write("bad.json", `{"methods": ["totp"], "phishing_resistant": true}`)
	s.fails(exitFailed, "cannot mean", "policy", "load", "-yes", "-to", live, bad)
	s.fails(exitFailed, "line 1", "policy", "load", "-yes", "-to", live, s.write("slip.json", `{"mod": 1}`))
	if s.read("live.json") != offer {
		t.Fatal("a policy that is wrong was loaded")
	}
	if err := os.Symlink(live, s.file("link.json")); err != nil {
		t.Fatal(err)
	}
	code, out, _ = s.run("policy", "load", "-yes", "-to", s.file("link.json"), next)
	if code != exitDone || !strings.Contains(out, "is replaced") || s.read("live.json") != required {
		t.Error(code, out)
	}
	info := must[os.FileInfo](t)(os.Lstat(s.file("link.json")))
	if rights := must[os.FileInfo](t)(os.Stat(live)).Mode().Perm(); rights != 0o640 || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the rights are %v, and the link is %v", rights, info.Mode())
	}
	s.fails(exitUsage, "-to", "policy", "load", next)
}

const users = "id,name,email,email_verified,phone,created_at,kind,attr.region\r\n" +
	"ada,Ada,ada@example.com,true,+4791234567,2020-01-01,,north\r\n" +
	"grace,,grace@example.com,TRUE,,2024-05-06T07:08:09Z,person,\r\n" +
	"robot,,,,,,service,\r\n"

func TestPreview(t *testing.T) {
	s := newService(t)
	before := s.items()
	policy, list := s.write("next.json", offer), s.write("users.csv", users)
	args := s.at("preview", "-policy", policy, "-methods", "totp,webauthn", "-rp", "example.com")
	s.want(exitDone, `at                    users  let in  asked  may put off  must enrol  locked out  services denied
2026-01-01 12:01 UTC  3      1       1      0            0           0           1
2026-02-01 00:00 UTC  3      0       1      0            1           0           1

2026-01-01 12:01 UTC
  by            users  let in  asked  may put off  must enrol  locked out  services denied
  phase (base)  3      1       1      0            0           0           1
  cohort staff  2      1       1      0            0           0           0

2026-02-01 00:00 UTC
  by            users  let in  asked  may put off  must enrol  locked out  services denied
  phase (base)  1      0       0      0            0           0           1
  phase staff   2      0       1      0            1           0           0
  cohort staff  2      0       1      0            1           0           0
`, append(args, "-users", list)...)
	code, out, _ := s.run(append(args, "-users", list, "-json", "-at", "2026-02-01", "-html", s.file("page.html"))...)
	var said struct {
		Users int
		Times []struct {
			Total  map[string]int
			Phases []struct{ Name string }
		}
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || code != exitDone || said.Users != 3 || said.Times[0].Total["must_enroll"] != 1 || said.Times[0].Phases[1].Name != "staff" {
		t.Errorf("%s: %v", out, err)
	}
	if page := s.read("page.html"); !strings.Contains(page, "<svg") {
		t.Error("the page has no chart")
	}
	if code, out, _ := s.run(append(args, "-users", list, "-csv")...); code != exitDone || !strings.HasPrefix(out, "at,group,name,users,") {
		t.Error(code, out)
	}
	lines := `{"id": "ada", "email": "ada@example.com", "email_verified": true, "attributes": {"region": "north"}}` + "\n" + `{"id": "robot", "kind": "service"}` + "\n"
	if code, out, errs := s.run(append(args, "-users", s.write("users.jsonl", lines), "-at", "2026-02-01")...); code != exitDone || !strings.Contains(out, "2026-02-01 00:00 UTC  2 ") {
		t.Error(code, out, errs)
	}
	if code, out, errs := s.run(args...); code != exitDone || !strings.Contains(out, "2026-01-01 12:01 UTC  3      1       2 ") {
		t.Error("of whom the store knows:", code, out, errs)
	}
	if !maps.Equal(before, s.items()) {
		t.Error("a preview has written something")
	}
}

func TestPreviewSaysWhatIsWrongWithTheUsers(t *testing.T) {
	s := newService(t)
	args := s.at("preview", "-policy", s.write("p.json", `{"mode": "offer"}`), "-methods", "totp")
	for text, words := range map[string]string{
		"ident,name\n7,Ada\n":                      "id among them",
		"id,secret\n7,x\n":                         `no column "secret"`,
		"id,email_verified\nada,maybe\n":           "line 2: email_verified is neither",
		"id,created_at\nada,yesterday\n":           "line 2: created_at is no date",
		"id,kind\nada,cat\n":                       "line 2: the kind is neither",
		"id,name\nada,\"a\nb\"\n,Grace\n":          "line 4: a user has no id",
		"id,name\nada\n":                           "line 2: wrong number of fields",
		`{"id": "ada"}` + "\n" + `{"ident": "7"}`:  "object 2 cannot be read",
		`{"id": "ada", "created_at": "yesterday"}`: "object 1: created_at",
	} {
		s.fails(exitFailed, words, append(args, "-users", s.write("users", text))...)
	}
	s.fails(exitUsage, "-policy", s.at("preview")...)
	s.fails(exitUsage, "-rp", s.at("preview", "-policy", s.file("p.json"))...)
	s.fails(exitUsage, "-countries", s.at("preview", "-policy", s.file("p.json"), "-rp", "example.com")...)
	s.fails(exitUsage, "no date", append(args, "-at", "soon")...)
	s.fails(exitUsage, "two ways", append(args, "-json", "-csv")...)
	s.fails(exitUsage, `"XX" is no country`, s.at("preview", "-policy", s.file("p.json"), "-methods", "sms,totp", "-countries", "XX")...)
	s.fails(exitFailed, "no such file", append(args, "-users", s.file("nothing"))...)
}
