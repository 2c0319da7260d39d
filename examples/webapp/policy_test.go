package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The policies that come with the app start with it.
func TestReadyPoliciesStart(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("policies/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d policies, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			s := start(t, "-policy", file)
			if strings.Contains(s.log.String(), "error: ") {
				t.Errorf("what it says cannot be meant: %s", s.log)
			}
			r := s.browser().send("POST", "/register", object{"email": "ada@example.org", "password": goodPassword, "phone": "+31612345678"})
			want(t, r, http.StatusCreated, "")
			if status := r.json(t)["status"]; status == "denied" {
				t.Errorf("nobody can register: %s", r.body)
			}
		})
	}
}

// What a policy says and cannot mean is told at start.
func TestPolicyFindingsAreToldAtStart(t *testing.T) {
	t.Parallel()
	s := start(t, "-policy", writeFile(t, `{"mode":"offer","changes":{"insecure_password_alone":true}}`))
	if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "changes.insecure_password_alone") {
		t.Errorf("the log: %s", log)
	}
	if log := start(t).log.String(); strings.Contains(log, "policy") {
		t.Errorf("the policy that is the app's own has findings: %s", log)
	}
}

// A file that is wrong changes nothing, and the log says which line.
func TestReloadedPolicyDecidesAndWrongOneDoesNot(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `{"mode":"offer"}`)
	s := start(t, "-policy", file)
	status := func(email string) any {
		t.Helper()
		return s.browser().send("POST", "/register", object{"email": email, "password": goodPassword}).json(t)["status"]
	}
	replace := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		reload(t.Context(), s.app.config, s.app.methods, s.app.log)
	}
	replace("{\"mode\":\"required\",\n\"share\":200}")
	if got := status("ada@example.org"); got != "passed" {
		t.Errorf("a wrong policy decided: %v", got)
	}
	if log := s.log.String(); !strings.Contains(log, "line 2") || !strings.Contains(log, "share") || !strings.Contains(log, "level=ERROR") {
		t.Errorf("the log says neither line nor reason: %s", log)
	}
	replace(`{"mode":"required"}`)
	if got := status("bob@example.org"); got != "enroll" {
		t.Errorf("the new policy does not decide: %v", got)
	}
}

func TestHangUpReloadsPolicy(t *testing.T) {
	t.Parallel()
	file := writeFile(t, `{"mode":"offer"}`)
	p := launch(t, "-store", "memory:", "-policy", file)
	if err := os.WriteFile(file, []byte(`{"mode":"required"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	// The signal is taken at some moment; accounts that come before are let in.
	for i := 0; ; i++ {
		status, body := p.post("/register", object{"email": strings.Repeat("a", i+1) + "@example.org", "password": goodPassword})
		var flow object
		if err := json.Unmarshal([]byte(body), &flow); err != nil || status != http.StatusCreated || i > 50 {
			t.Fatalf("status %d after %d accounts: %s", status, i, body)
		}
		if flow["status"] == "enroll" {
			break
		}
	}
	if _, err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("%v: %s", err, p.stderr)
	}
	if !bytes.Contains(p.stderr.Bytes(), []byte("the policy was reloaded")) {
		t.Errorf("the log: %s", p.stderr)
	}
}

// A session lives as long as the policy says, and not longer for having been used.
func TestSessionsLiveAsLongAsThePolicySays(t *testing.T) {
	t.Parallel()
	for name, life := range map[string]time.Duration{"": sessionLife, "120h": 120 * time.Hour, "720h": 720 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			policy := `{"mode":"offer"}`
			if name != "" {
				policy = `{"mode":"offer","session_lifetime":"` + name + `"}`
			}
			s := start(t, "-policy", writeFile(t, policy))
			b := s.browser()
			b.register("ada@example.org")
			s.advance(life / 2)
			want(t, b.send("POST", "/reauthenticate", object{"password": goodPassword}), http.StatusNoContent, "")
			s.advance(life/2 - time.Minute)
			if !b.signedIn() {
				t.Error("out before its time")
			}
			s.advance(2 * time.Minute)
			if b.signedIn() {
				t.Error("in after its time")
			}
		})
	}
}

// The file is replaced whole, with the rights that it had.
func TestPolicyFileIsReplacedWhole(t *testing.T) {
	t.Parallel()
	file := writeFile(t, "old")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := writePolicy(link, "new"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("rights %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".policy-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	if err := writePolicy(filepath.Join(t.TempDir(), "none"), "x"); err == nil {
		t.Error("a file that is not there was made")
	}
}
