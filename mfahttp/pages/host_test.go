package pages_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
)

func TestDeviceNamesABrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"": "", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux", "curl/8.1": "curl", "agent": "Some program",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0":                 "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile Safari/604": "Safari on iPhone",
		"<script>Linux": "A browser on Linux",
	} {
		if got := pages.Device(words.Default().Pick("en"), agent); got != want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}

func TestWhatTellsAHistory(t *testing.T) {
	for _, c := range []struct {
		lang string
		h    mfa.Activity
		want string
	}{
		{"en", mfa.Activity{Type: mfa.EventEnrolled, Method: "sms", Label: "Work"}, "Phone number added: Work"},
		{"en", mfa.Activity{Type: mfa.EventVerdict, Actor: "support"}, "Said of a sign-in whose it was, by support"},
		{"en", mfa.Activity{Type: mfa.EventFailed, Count: 3}, "Wrong code (3 times)"},
		{"de", mfa.Activity{Type: mfa.EventFlowPassed}, "Angemeldet"},
		{"en", mfa.Activity{Type: "of.the.host"}, "of.the.host"},
	} {
		if got := pages.What(words.Default().Pick(c.lang), c.h); got != c.want {
			t.Errorf("%+v: %q, want %q", c.h, got, c.want)
		}
	}
}

// Tell has words for the engine's errors, for the host's problems, and none for faults.
func TestTellIsForTheHostsPages(t *testing.T) {
	own, err := words.Default().With("en", map[string]string{"error.moon": "The moon is full. Wait {span}."})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, change{pages: func(c *pages.Config) { c.Words = own }})
	for _, c := range []struct {
		lang string
		err  error
		want string
	}{
		{"en", &mfahttp.Problem{Status: http.StatusTooManyRequests, Code: "moon", Retry: 2 * time.Minute}, "The moon is full. Wait 2 minutes."},
		{"de", mfa.ErrNoActivity, "Diese Anmeldung steht nicht mehr in der Liste."},
		{"en", &mfa.RefusedError{Reason: "number_missing"}, "Please give a mobile number."},
		{"en", &mfahttp.Problem{Status: http.StatusTeapot, Code: "kettle"}, "Something went wrong on our side. Please try again in a moment."},
		{"en", http.ErrBodyNotAllowed, "Something went wrong on our side. Please try again in a moment."},
	} {
		r := &http.Request{Header: http.Header{"Accept-Language": {c.lang}}}
		if got := h.pages.Tell(r, c.err); got != c.want {
			t.Errorf("%v in %s: %q", c.err, c.lang, got)
		}
	}
}

// The host says on our pages what it has changed on its own, by messages of its own.
func TestTheHostsSayings(t *testing.T) {
	own, err := words.Default().With("en", map[string]string{"host.said.password": "Your password is changed."})
	if err != nil {
		t.Fatal(err)
	}
	h := newHost(t, change{pages: func(c *pages.Config) { c.Words = own }})
	b := h.as("ada", h.member("ada"))
	if p := b.get("/account/settings?said=password"); !strings.Contains(p.body, "Your password is changed.") {
		t.Errorf("%s", p.body)
	}
	b.get("/account/settings?said=nothing").without(`class="notice"`)
	if p := b.get(h.pages.Stylesheet()); p.status != http.StatusOK || p.header.Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("%s: status %d, %v", h.pages.Stylesheet(), p.status, p.header)
	}
}

// Programs, which the host knows, are told as the API tells them.
func TestProgramsAreAnsweredAsByTheAPI(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Program = func(r *http.Request) bool { return r.Header.Get("Accept") == "*/*" }
	}})
	b := h.browser()
	for path, want := range map[string]string{"/account/settings": `"code":"unauthenticated"`, "/account/none": `"code":"not_found"`, "/account/challenge": `"code":"no_flow"`} {
		if p := b.get(path); strings.Contains(p.body, want) {
			t.Errorf("%s, for people: status %d, %s", path, p.status, p.body)
		}
		p := b.send("GET", path, "", "Accept", "*/*")
		if p.status < 400 || p.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(p.body, want) {
			t.Errorf("%s: status %d, %v, %s", path, p.status, p.header, p.body)
		}
	}
}
