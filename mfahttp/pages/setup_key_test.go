package pages_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
)

// press does what the script of a page with a key's button does, up to the form: begins by
// the API, and has the key answer.
func (p *page) press(key string, fields ...string) *page {
	p.b.t.Helper()
	f := p.form("key-form")
	have := f.fields()
	for i := 0; i+1 < len(fields); i += 2 {
		have.Set(fields[i], fields[i+1])
	}
	in := map[string]string{}
	for name := range strings.FieldsSeq(f.attr["data-send"]) {
		if have.Get(name) != "" {
			in[name] = have.Get(name)
		}
	}
	raw, err := json.Marshal(in)
	if err != nil {
		p.b.t.Fatal(err)
	}
	begun := p.b.send(http.MethodPost, "/mfa/"+f.attr["data-begin"], string(raw), "Content-Type", "application/json")
	var out struct {
		ID        string          `json:"id"`
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if err := json.Unmarshal([]byte(begun.body), &out); err != nil || out.ID == "" {
		p.b.t.Fatalf("%d %s", begun.status, begun.body)
	}
	have.Set("id", out.ID)
	have.Set("credential", signed(p.b.t, key, map[string]any{"publicKey": out.PublicKey}))
	return p.b.send(http.MethodPost, f.attr["action"], have.Encode()).follow()
}

func TestKeyIsSetUpInASignIn(t *testing.T) {
	d := required()
	d.Methods = []string{"webauthn", "totp"}
	h := newHost(t, under(d), quickCodes)
	b := h.browser()
	choose := b.login("ada", "return", "/reports").want(200, "Choose a second step")
	page := b.get(choose.link("Add a security key or passkey")).want(200, "Add a security key or passkey")
	if got := page.class("step"); len(got) != 1 || got[0] != "Step 2 of 3" {
		t.Errorf("the step: %q", got)
	}
	codes := page.press("k1", "label", "On my <b>ring</b>").want(200, "Your recovery codes")
	more := b.get(codes.link("I have kept them")).at("/account/setup/more").says("methods", "Add a security key or passkey") // people are told to have two
	b.get(more.link("Later")).at("/reports")
	b.get("/account/settings").says("keys", "On my <b>ring</b>").without("<b>ring")
}

// What a key answers wrongly can be tried again; what is no answer is told.
func TestKeyIsRefused(t *testing.T) {
	h := newHost(t)
	b := h.as("ada", nil)
	page := b.get("/account/setup/key").want(200, "Add a security key or passkey")
	page.submit("key-form", "label", "Mine").want(400, "Add a security key or passkey").says("key-problem", "")
	for _, credential := range []string{"{}", "no json", `{"id":"x","challenge":"y","signature":"good"}`, strings.Repeat("x", 60000)} {
		begun := b.send("POST", "/mfa/enrollments", `{"method":"webauthn"}`, "Content-Type", "application/json")
		var out struct{ ID string }
		if err := json.Unmarshal([]byte(begun.body), &out); err != nil {
			t.Fatal(err)
		}
		p := b.post("/account/setup/key", "id", out.ID, "label", "Mine", "credential", credential)
		if p.status < 400 || p.status >= 500 || p.id("key-problem").words() == "" {
			t.Errorf("%.20q: %d %s", credential, p.status, p.body)
		}
		if got := p.id("label").attr["value"]; got != "Mine" {
			t.Errorf("%.20q: what was typed is gone: %q", credential, got)
		}
	}
	if big := b.post("/account/setup/key", "credential", strings.Repeat("x", 70<<10)); big.status < 400 || big.status >= 500 {
		t.Errorf("a form that is too large: %d", big.status)
	}
	page.press("k1").at("/account/setup/more")
}

// A browser without scripts is told, and the form cannot be sent by mistake.
func TestKeyNeedsAScript(t *testing.T) {
	h := newHost(t)
	p := h.as("ada", nil).get("/account/setup/key")
	if n := p.root.first(named("noscript")); n == nil || n.words() == "" {
		t.Error("nothing is said without scripts")
	}
	for _, button := range p.form("key-form").all(named("button")) {
		if _, hidden := button.attr["hidden"]; !hidden {
			t.Errorf("the button %q can be pressed", button.words())
		}
	}
	if p = p.b.get("/account/settings"); !strings.Contains(p.id("keys").words(), "JavaScript") {
		t.Errorf("the settings do not say so:\n%s", p.body)
	}
}

func TestLaterMethodsSayWhen(t *testing.T) {
	h := newHost(t, under(&mfa.Decision{NotFirst: []string{"webauthn"}}))
	b := h.as("ada", nil)
	b.get("/account/settings").says("keys", "once you have another way")
	b.get("/account/setup/key").want(422, "That did not work")
	h.member("ada")
	if p := h.as("ada", nil).get("/account/settings"); strings.Contains(p.id("keys").words(), "once you have") {
		t.Errorf("it still says so:\n%s", p.body)
	}
}

// A signaler is a factor of keys whose passkeys can be told what is still good.
type signaler struct{ *keyFactor }

func (signaler) Signals(r mfa.SignalsRequest) (any, error) {
	return map[string]any{"userId": r.User.ID, "count": len(r.Enrollments), "x": `"><script>`}, nil
}

// The browser's passkeys are told by the settings, once there are some.
func TestW23_SettingsTellPasskeys(t *testing.T) {
	h := newHost(t, change{engine: func(c *mfa.Config) {
		i := slices.IndexFunc(c.Factors, func(f mfa.Factor) bool { return f.Method().Name == "webauthn" })
		c.Factors[i] = signaler{new(keyFactor)}
	}})
	b := h.as("ada", nil)
	if keys := b.get("/account/settings").id("keys"); keys.attr["data-signal"] != "" || !strings.HasPrefix(keys.attr["data-module"], "/account/static/signals.js?v=") {
		t.Errorf("without keys: %v", keys.attr)
	}
	b.get("/account/setup/key").press("k1")
	var told struct {
		UserID string
		Count  int
	}
	said := b.get("/account/settings").id("keys").attr["data-signal"]
	if err := json.Unmarshal([]byte(said), &told); err != nil || told.UserID != "id-ada" || told.Count != 1 {
		t.Errorf("told %q: %v", said, err)
	}
}
