package mfahttp_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mfahttp"
)

const maxScript = 6 << 10 // bytes as served

func TestScriptIsServed(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	r := b.send(t, "GET", "/mfa/mfa.js", "")
	h := r.Header()
	if r.Code != 200 || r.Body.String() != mfahttp.Script() || h.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-cache" || h.Get("ETag") == "" || h.Get("Set-Cookie") != "" {
		t.Fatalf("%d %v", r.Code, h)
	}
	for _, match := range []string{h.Get("ETag"), "W/" + h.Get("ETag"), `"x", ` + h.Get("ETag")} {
		if again := b.send(t, "GET", "/mfa/mfa.js", "", "If-None-Match", match); again.Code != 304 || again.Body.Len() > 0 || again.Header().Get("ETag") != h.Get("ETag") {
			t.Errorf("%s: %d %v", match, again.Code, again.Header())
		}
	}
	if r := b.send(t, "GET", "/mfa/mfa.js", "", "If-None-Match", `"x"`); r.Code != 200 {
		t.Errorf("another version: %d", r.Code)
	}
	if r := b.send(t, "POST", "/mfa/mfa.js", "").want(t, 405, "http_method_not_allowed"); r.Header().Get("Allow") != "GET" {
		t.Errorf("Allow is %q", r.Header().Get("Allow"))
	}
}

func TestScriptIsSmall(t *testing.T) {
	if n := len(mfahttp.Script()); n == 0 || n > maxScript {
		t.Errorf("mfa.js has %d bytes, at most %d", n, maxScript)
	}
}

// A page under the strictest Content-Security-Policy can use it, it makes no
// markup, it loads nothing, and it keeps nothing in the browser.
func TestScriptDoesNothingBesides(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacent|createElement|document\.write|\beval\b|new Function|setTimeout\("|` +
		`import\s*[({"']|from\s*"|localStorage|sessionStorage|indexedDB|document\.cookie|console\.|https?://`)
	if found := forbidden.FindAllString(mfahttp.Script(), -1); found != nil {
		t.Errorf("%q", found)
	}
	for _, bad := range []string{`x.innerHTML = y`, `eval(x)`, `import("x")`, `import { a } from "b"`, `document.cookie`, `"https://x"`} {
		if !forbidden.MatchString(bad) {
			t.Errorf("%s is not found", bad)
		}
	}
}

func TestScriptExports(t *testing.T) {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^export (?:async )?(?:function|const) (\w+)`).FindAllStringSubmatch(mfahttp.Script(), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	want := []string{"abort", "autofill", "create", "enroll", "get", "message", "signIn", "signal", "verify"}
	if !slices.Equal(names, want) {
		t.Errorf("exports %v, want %v", names, want)
	}
}

// TestScriptKnowsTheCodes holds its sentences to the codes of the document.
func TestScriptKnowsTheCodes(t *testing.T) {
	script := mfahttp.Script()
	_, table, ok := strings.Cut(script, "const sentences = {")
	table, _, closed := strings.Cut(table, "};")
	if !ok || !closed {
		t.Fatal("no sentences")
	}
	codes := regexp.MustCompile(`\b([a-z]+_[a-z_]+|unauthenticated|requirement|locked):`).FindAllStringSubmatch(table, -1)
	if len(codes) < 10 {
		t.Fatalf("only %v", codes)
	}
	for _, m := range codes {
		if !strings.Contains(mfahttp.OpenAPI(), "            - "+m[1]+"\n") {
			t.Errorf("%s is no code of the API", m[1])
		}
	}
}
