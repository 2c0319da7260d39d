package pages_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp/pages"
)

// hostile are names and agents that nothing may come of but text.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `{{.Secret}}`, `javascript:alert(1)`,
	"\u202e\u2066gnp.exe", `</title><svg onload=alert(1)>`, `&lt;b&gt;`,
}

func TestSettingsOfSomebodyWithoutAnything(t *testing.T) {
	h := newHost(t)
	p := h.as("ada", nil).get("/account/settings").want(200, "Security settings")
	p.says("none", "Your password alone opens this account").says("apps", "None yet.").says("browsers", "No browser")
	if p.id("second") != nil || p.id("recovery") != nil || p.id("reset") != nil {
		t.Errorf("it says more:\n%s", p.body)
	}
	for words, path := range map[string]string{
		"Set up an authenticator app": "/account/setup/app", "Add a security key or passkey": "/account/setup/key",
		"Get codes by text message": "/account/setup/sms", "Get codes by mail": "/account/setup/email", "Add a second step": "/account/setup",
		"Show your browsers": "/account/settings/devices",
	} {
		if got := p.link(words); got != path {
			t.Errorf("%s leads to %s", words, got)
		}
	}
}

func TestSettingsListWhatThereIs(t *testing.T) {
	h := newHost(t, under(&mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Nudge: 3}), quickCodes)
	phone := h.member("ada")
	h.Clock.Advance(48 * time.Hour)
	b := h.signedIn("ada", phone)
	p := b.get("/account/settings").want(200, "Security settings")
	p.says("apps", "Authenticator app").says("apps", "Added 1 January 2026").says("apps", "last used 3 January 2026")
	p.says("second", "one way").says("recovery", "10 left").says("browsers", "2 browsers").says("recent", "Signed in")
	h.enroll("ada", "sms", mfa.EnrollParams{}) // by a policy that does not ask for more in that place
	if p = b.get("/account/settings"); p.id("second") == nil || !strings.Contains(p.id("second").words(), "Add another way") {
		t.Errorf("the policy would like one more:\n%s", p.body)
	}
}

// What is switched off says so in words, not by a colour.
func TestDisabledIsSaid(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	h.disable("ada", phone)
	p := b.get("/account/settings")
	p.says("apps", "Switched off").says("apps", "Remove it and set it up again")
}

// disable has an app answered wrong until it is switched off.
func (h *host) disable(name string, phone interface{ Code() string }) {
	h.t.Helper()
	ctx := context.Background()
	for range 400 {
		if own := h.owned(name); own[0].Disabled {
			return
		}
		flow, err := h.SignIn(ctx, mfa.SignIn{User: userNamed(name), First: mfa.Password, Client: mfa.Client{App: "web"}})
		if err != nil {
			h.t.Fatal(err)
		}
		code := "000000"
		if phone.Code() == code {
			code = "000001"
		}
		if len(flow.Options) > 0 {
			_, _ = h.Verify(ctx, flow.Token, mfa.Answer{Option: flow.Options[0].ID, Code: code}, mfa.Client{App: "web"})
		}
		h.Clock.Advance(12 * time.Hour)
	}
	h.t.Fatal("it is never switched off")
}

func TestEnrollmentIsRenamed(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	page := b.get(b.get("/account/settings").link("Change Authenticator app")).want(200, "Authenticator app")
	for _, name := range hostile {
		done := page.submit("rename", "label", name).at("/account/settings")
		if got := done.class("notice"); len(got) != 1 || got[0] != "Saved." {
			t.Errorf("the notice: %q", got)
		}
		if strings.Contains(name, "<") {
			done.without(name)
			b.get(done.link("Change "+name)).want(200, name).without(name)
			b.get("/account/settings/activity").without(name)
		}
	}
	page.submit("rename", "label", strings.Repeat("é", 65)).want(400, "").says("problem", "64")
	p := page.submit("rename", "label", "   ").want(400, "")
	if l := p.id("label"); l.attr["aria-invalid"] != "true" || l.attr["aria-describedby"] != "problem" {
		t.Errorf("the field is not told to be wrong: %v", l.attr)
	}
}

func TestEnrollmentIsRemoved(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	other := h.as("ada", phone)
	page := b.get("/account/settings/enrollments/"+h.owned("ada")[0].ID).want(200, "Authenticator app").says("remove", "all that you have")
	session := b.cookies["session"]
	done := page.submit("remove").at("/account/settings").want(200, "")
	if got := done.class("notice"); len(got) != 1 || !strings.HasPrefix(got[0], "Removed.") {
		t.Errorf("the notice: %q", got)
	}
	if len(h.owned("ada")) != 0 || b.cookies["session"] == session {
		t.Error("it is still there, or the session's evidence is")
	}
	other.get("/account/settings").at("/login") // its evidence is from before
	page.submit("remove").want(404, "That did not work")
}

// The last one stays where the policy asks for one: the page says why.
func TestLastOneStaysWhereItIsNeeded(t *testing.T) {
	h := newHost(t, under(required()))
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	page := b.get("/account/settings/enrollments/" + h.owned("ada")[0].ID)
	page.submit("remove").want(409, "Authenticator app").says("problem", "at least one second step")
	if len(h.owned("ada")) != 1 {
		t.Error("it is gone")
	}
}

func TestAppIsReplaced(t *testing.T) {
	h := newHost(t, under(required()))
	old := h.member("ada")
	b := h.signedIn("ada", old)
	id := h.owned("ada")[0].ID
	page := b.get("/account/settings/enrollments/" + id)
	setup := b.get(page.link("Move to another app")).want(200, "Move to another authenticator app")
	scan := setup.submit("/account/setup").want(200, "Move to another authenticator app")
	if own := h.owned("ada"); len(own) != 1 || own[0].ID != id {
		t.Fatalf("before it is confirmed: %+v", own)
	}
	scan.submit("/account/setup/confirm", "code", wrong(scan.phoneOf())).want(401, "")
	scan.submit("/account/setup/confirm", "code", h.code(scan.phoneOf())).at("/account/settings").want(200, "")
	if own := h.owned("ada"); len(own) != 1 || own[0].ID == id || own[0].Label != "Authenticator app" {
		t.Errorf("replaced: %+v", own)
	}
}

func TestRecoveryCodesAreMadeAnew(t *testing.T) {
	h := newHost(t, quickCodes)
	phone, before := h.EnrollTOTP(t, userNamed("ada"))
	b := h.as("ada", phone)
	p := b.get(b.get("/account/settings").link("Make new codes")).want(200, "New recovery codes")
	p = p.submit("/account/settings/recovery-codes").want(200, "Your recovery codes").without(before...)
	codes := strings.Fields(p.id("codes").words())
	if len(codes) != len(before) || slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(before, c) }) {
		t.Errorf("%d codes", len(codes))
	}
	b.seen.Reset()
	b.get(p.link("I have kept them")).at("/account/settings")
	for _, c := range codes {
		if strings.Contains(b.seen.String(), c) || strings.Contains(h.log.String(), c) {
			t.Error("a code is shown again, or logged")
		}
	}
	h.as("eve", nil).post("/account/settings/recovery-codes").want(409, "New recovery codes").says("problem", "second step")
}

// All changes ask for fresh evidence, at their page and at their form; afterwards they begin
// at their page.
func TestC11_ChangesNeedFreshEvidence(t *testing.T) {
	h := newHost(t, quickCodes)
	b := h.as("ada", h.member("ada"))
	one := "/account/settings/enrollments/" + h.owned("ada")[0].ID
	h.Clock.Advance(11 * time.Minute)
	for _, path := range []string{one, one + "/change", "/account/settings/recovery-codes", "/account/settings/devices", "/account/settings/reset"} {
		b.asksFirst("GET", path, path)
	}
	for path, page := range map[string]string{
		one + "/rename": one, one + "/remove": one, "/account/settings/recovery-codes": "/account/settings/recovery-codes",
		"/account/settings/devices/forget-all": "/account/settings/devices", "/account/settings/devices/x/forget": "/account/settings/devices",
	} {
		b.asksFirst("POST", path, page, "label", "New")
	}
	if own := h.owned("ada"); len(own) != 1 || own[0].Label != "Authenticator app" {
		t.Errorf("changed: %+v", own)
	}
}

// There and back: the page that was asked for, after the code.
func TestEvidenceIsGivenOnTheWay(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	h.Clock.Advance(11 * time.Minute)
	ask := b.get("/account/settings/devices").want(200, "Confirm that it is you").submit("confirm-form")
	ask.submit("/account/challenge", "code", h.code(phone)).at("/account/settings/devices").want(200, "Your browsers")
}

// Another user's enrollment is like one that does not exist.
func TestA35_AnothersEnrollmentIsLikeNone(t *testing.T) {
	h := newHost(t)
	h.member("ada")
	theirs := h.owned("ada")[0].ID
	b := h.as("eve", h.member("eve"))
	const none = "no-such-enrollment"
	for method, paths := range map[string][]string{"GET": {"", "/change"}, "POST": {"/rename", "/remove"}} {
		for _, path := range paths {
			ask := func(id string) *page {
				return b.send(method, "/account/settings/enrollments/"+id+path, encode("label", "Mine"))
			}
			got, want := ask(theirs), ask(none)
			if got.status != 404 || want.status != 404 || strings.ReplaceAll(got.body, theirs, none) != want.body {
				t.Errorf("%s %s: %d and %d:\n%s", method, path, got.status, want.status, got.body)
			}
		}
	}
	if own := h.owned("ada"); len(own) != 1 || own[0].Label != "Authenticator app" {
		t.Errorf("ada has %+v", own)
	}
}

// Nothing of it is for somebody who is not signed in, whose sign-in waits for an answer, or
// whose evidence is void.
func TestC10_SettingsAreForSessions(t *testing.T) {
	h := newHost(t, quickCodes)
	h.member("ada")
	one := "/account/settings/enrollments/" + h.owned("ada")[0].ID
	waits, void := h.browser(), h.as("bob", nil)
	waits.login("ada")
	if err := h.Reset(context.Background(), mfa.Reset{User: userNamed("bob"), Actor: "support"}); err != nil {
		t.Fatal(err)
	}
	for who, b := range map[string]*browser{"nobody": h.browser(), "waits": waits, "void": void} {
		for _, path := range []string{"/account/settings", one, one + "/change", "/account/settings/recovery-codes", "/account/settings/devices",
			"/account/settings/activity", "/account/settings/reset"} {
			if p := b.copy().get(path); !strings.HasPrefix(p.path, "/login") {
				t.Errorf("%s, GET %s: %s %d", who, path, p.path, p.status)
			}
		}
		for _, path := range []string{one + "/rename", one + "/remove", "/account/settings/recovery-codes", "/account/settings/devices/x/forget",
			"/account/settings/devices/forget-all", "/account/settings/activity/x/dispute", "/account/settings/reset/cancel"} {
			if p := b.copy().post(path, "label", "x"); !strings.HasPrefix(p.path, "/login") && p.status != 404 {
				t.Errorf("%s, POST %s: %s %d", who, path, p.path, p.status)
			}
		}
	}
	if own := h.owned("ada"); len(own) != 1 || own[0].Label != "Authenticator app" {
		t.Errorf("changed: %+v", own)
	}
}

// GET changes nothing, wherever it goes.
func TestC14_GetChangesNothing(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b := h.as("ada", phone)
	one := "/account/settings/enrollments/" + h.owned("ada")[0].ID
	before := h.whole("ada")
	for _, path := range []string{
		"/account/setup", "/account/setup/app", "/account/setup/confirm", "/account/setup/key", "/account/setup/sms", "/account/setup/sms/resend",
		"/account/setup/sms/confirm", "/account/setup/email", "/account/setup/more", "/account/settings", one, one + "/rename?label=x", one + "/remove",
		one + "/change", "/account/settings/recovery-codes", "/account/settings/devices", "/account/settings/devices/x/forget",
		"/account/settings/devices/forget-all", "/account/settings/sign-out-everywhere", "/account/settings/activity",
		"/account/settings/activity/x/dispute", "/account/settings/reset", "/account/settings/reset/cancel",
	} {
		b.get(path)
	}
	if after := h.whole("ada"); after != before {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
	if got := len(h.texts.Messages()) + len(h.mails.Messages()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}

// whole is all that there is of a user.
func (h *host) whole(name string) string {
	h.t.Helper()
	all, err := h.Export(context.Background(), "id-"+name)
	if err != nil {
		h.t.Fatal(err)
	}
	raw, err := json.Marshal(all)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(raw)
}

// A host's own card stands among ours.
func TestHostsOwnCard(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Templates = fstest.MapFS{"extra.html": {Data: []byte(`{{define "extra"}}<section class="card" id="own"><h2>Password</h2><p>{{.User}}</p></section>{{end}}`)}}
	}})
	h.as("ada", nil).get("/account/settings").says("own", "ada@example.com")
}
