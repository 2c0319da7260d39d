package mfahttp_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

const deviceCookie = "__Host-mfa-device"

// remembering is a policy that asks everybody, and remembers for five days.
func remembering() *mfa.Decision {
	return &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: mfa.Remember{For: 5 * day}}
}

// remembered signs in and has the browser remembered.
func (c *client) remembered(t *testing.T, name string, phone *mfatest.Authenticator) reply {
	t.Helper()
	flow := c.login(t, name)
	r := c.send(t, "POST", "/mfa/flow/verify", `{"option":"`+flow.option(t, "totp")+`","code":"`+phone.Code()+`","remember":true}`).want(t, 200, "")
	c.s.Clock.Advance(phone.Period)
	return r
}

// asked says whether a sign-in in this browser is asked for a second factor.
func (c *client) asked(t *testing.T, name string) bool {
	t.Helper()
	return c.login(t, name).text("status") != "passed"
}

func (c *client) devices(t *testing.T) (all []map[string]any) {
	t.Helper()
	for _, d := range c.send(t, "GET", "/mfa/devices", "").want(t, 200, "").json["devices"].([]any) {
		all = append(all, d.(map[string]any))
	}
	return all
}

func cookieOf(r reply, name string) *http.Cookie {
	for _, c := range r.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func TestD03_TheDeviceCookie(t *testing.T) {
	s := newSite(t, under(remembering()))
	phone, _ := enrolInFlow(t, s, "ada")
	b := s.browser()
	r := b.login(t, "ada")
	if r.json["remember"].(map[string]any)["days"] != 5.0 || cookieOf(r, deviceCookie) != nil {
		t.Errorf("%s, cookies %v", r.Body, r.Result().Cookies())
	}
	for when, r := range map[string]reply{"made": b.remembered(t, "ada", phone), "changed": b.login(t, "ada")} {
		c := cookieOf(r, deviceCookie)
		if c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge < 30*86400 {
			t.Errorf("%s: cookie %+v", when, c)
		}
	}
}

// D02: the token is opaque, 128 bits or more, and only its hash is kept.
func TestD02_TheDeviceTokenIsStoredHashed(t *testing.T) {
	store := memory.New()
	s := newSite(t, under(remembering()), func(c *mfa.Config) { c.Store = store })
	phone, _ := enrolInFlow(t, s, "ada")
	b, other := s.browser(), s.browser()
	b.remembered(t, "ada", phone)
	other.remembered(t, "ada", phone)
	token := b.cookies[deviceCookie]
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 32 || strings.Contains(string(raw), "ada") {
		t.Fatalf("%d bytes, %v", len(raw), err)
	}
	if token == other.cookies[deviceCookie] {
		t.Error("two browsers have one token")
	}
	for _, d := range b.devices(t) {
		for name, v := range d {
			if text, ok := v.(string); ok && len(text) > 8 && strings.Contains(token, text) {
				t.Errorf("%s tells of the token", name)
			}
		}
	}
	item, err := store.Load(t.Context(), "user/id-ada")
	if err != nil || strings.Contains(string(item.Value), token) || strings.Contains(string(item.Value), string(raw)) {
		t.Errorf("%v", err)
	}
}

func TestA85_D03_ADeviceCookieServesItsUserInItsBrowser(t *testing.T) {
	s := newSite(t, under(remembering()))
	ada, _ := enrolInFlow(t, s, "ada")
	enrolInFlow(t, s, "bob")
	b := s.browser()
	b.remembered(t, "ada", ada)
	mine := b.cookies[deviceCookie]

	of := func(token string) *client {
		c := s.browser()
		c.cookies[deviceCookie] = token
		return c
	}
	if !of(mine).asked(t, "bob") {
		t.Error("Ada's cookie lets Bob in")
	}
	if !s.browser().asked(t, "ada") {
		t.Error("another browser is let in")
	}
	random := make([]byte, 48)
	rand.Read(random)
	raw, _ := base64.RawURLEncoding.DecodeString(mine)
	flipped := append([]byte{}, raw...)
	flipped[0] ^= 1
	for name, token := range map[string]string{
		"random": base64.RawURLEncoding.EncodeToString(random), "name changed": base64.RawURLEncoding.EncodeToString(flipped), "a user's id": "id-ada",
		"true": "true", "1": "1", "half": mine[:len(mine)/2], "a list": ".....", "very long": strings.Repeat("A", 3000),
	} {
		if !of(token).asked(t, "ada") {
			t.Errorf("%s: is let in", name)
		}
	}
	if b.asked(t, "ada") {
		t.Error("the browser itself is asked")
	}
}

func TestA86_OneBrowserOfSeveralUsers(t *testing.T) {
	s := newSite(t, under(remembering()))
	ada, _ := enrolInFlow(t, s, "ada")
	bob, _ := enrolInFlow(t, s, "bob")
	b := s.browser()
	b.remembered(t, "ada", ada)
	if !b.asked(t, "bob") {
		t.Fatal("Bob is let in where Ada is remembered")
	}
	b.verify(t, b.login(t, "bob").option(t, "totp"), bob.Code()).want(t, 200, "") // and not remembered
	if !b.asked(t, "bob") || b.asked(t, "ada") {
		t.Fatal("they are mixed up")
	}
	s.Clock.Advance(bob.Period)
	b.remembered(t, "bob", bob)
	for range 3 {
		if b.asked(t, "ada") || b.asked(t, "bob") {
			t.Fatal("one of them is forgotten")
		}
	}
	if list := b.devices(t); len(list) != 2 { // Bob's: where he enrolled, and this one
		t.Errorf("%v", list)
	}
}

func TestD05_OnlyAWholeSignInIsRemembered(t *testing.T) {
	d := remembering()
	s := newSite(t, under(d))
	phone, _ := enrolInFlow(t, s, "ada")
	b := s.browser()
	option := b.login(t, "ada").option(t, "totp")
	b.send(t, "POST", "/mfa/flow/verify", `{"option":"`+option+`","code":"000000","remember":true}`).want(t, 401, "code_not_valid")
	if b.cookies[deviceCookie] != "" {
		t.Error("a device before the second factor")
	}
	b.verify(t, b.login(t, "ada").option(t, "totp"), phone.Code()).want(t, 200, "")
	s.Clock.Advance(phone.Period)
	if !b.asked(t, "ada") {
		t.Error("remembered without having been asked to")
	}
	// What a policy does not grant is not taken.
	d.Remember = mfa.Remember{}
	if r := b.login(t, "ada"); r.json["remember"].(map[string]any)["days"] != 0.0 {
		t.Errorf("%s", r.Body)
	}
	b.remembered(t, "ada", phone)
	d.Remember = mfa.Remember{For: 5 * day}
	if !b.asked(t, "ada") {
		t.Error("remembered where the policy grants it not")
	}
	b.remembered(t, "ada", phone)
	s.Clock.Advance(5*day - time.Hour)
	if b.asked(t, "ada") {
		t.Error("is asked too soon")
	}
	s.Clock.Advance(time.Hour)
	if !b.asked(t, "ada") {
		t.Error("is not asked after its days, as it was used")
	}
}

func TestD05_TheTokenRotates(t *testing.T) {
	s := newSite(t, under(remembering()))
	phone, _ := enrolInFlow(t, s, "ada")
	b := s.browser()
	b.remembered(t, "ada", phone)
	first := b.cookies[deviceCookie]
	thief := s.browser()
	thief.cookies[deviceCookie] = first
	if b.asked(t, "ada") || b.cookies[deviceCookie] == first {
		t.Fatal("is not rotated")
	}
	second := b.cookies[deviceCookie]
	// Requests at one moment get one token, and an answer that was lost costs nothing.
	tab := s.browser()
	tab.cookies[deviceCookie] = first
	if tab.asked(t, "ada") || tab.cookies[deviceCookie] != second {
		t.Fatal("tabs of one browser are told apart")
	}
	if b.asked(t, "ada") {
		t.Fatal("asked with the new one")
	}
	// The old one is somebody's copy now: it ends both.
	if !thief.asked(t, "ada") {
		t.Error("an old token is let in")
	}
	if !b.asked(t, "ada") {
		t.Error("the browser that was copied is still remembered")
	}
	if ev := s.await(t, mfa.EventDeviceReused, 1); !ev.Notice {
		t.Error("nobody is told")
	}
}

// A sign-in that is asked, and one that is denied, change the token too, and it
// must reach the browser: its next one would count as a thief's.
func TestD05_EveryAnswerCarriesTheToken(t *testing.T) {
	d := remembering()
	s := newSite(t, under(d))
	phone, _ := enrolInFlow(t, s, "ada")
	b, n := s.browser(), s.native()
	b.remembered(t, "ada", phone)
	flow := n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "")
	passed := n.send(t, "POST", "/mfa/flow/verify", `{"option":"`+flow.option(t, "totp")+`","code":"`+phone.Code()+`","remember":true}`,
		"Mfa-Flow", flow.text("token")).want(t, 200, "")
	device := passed.text("device_token")
	for _, step := range []struct {
		require mfa.Requirement
		status  string
	}{
		{mfa.Requirement{SecondFactor: true}, "passed"}, {mfa.Requirement{AAL: mfa.AAL2}, "challenge"}, {mfa.Requirement{PhishingResistant: true}, "denied"},
		{mfa.Requirement{}, "passed"}, {mfa.Requirement{SecondFactor: true}, "passed"},
	} {
		d.Require = step.require
		before := b.cookies[deviceCookie]
		if r := b.login(t, "ada"); r.text("status") != step.status || b.cookies[deviceCookie] == before || r.text("device_token") != "" {
			t.Errorf("browser, %s: %s", step.status, r.Body)
		}
		r := n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native", "Mfa-Device", device).want(t, 200, "")
		if r.text("status") != step.status || r.text("device_token") == "" || r.text("device_token") == device || len(r.Result().Cookies()) > 1 {
			t.Errorf("native, %s: %s", step.status, r.Body)
		}
		device = r.text("device_token")
	}
	if list := s.Events.ByType(mfa.EventDeviceReused); len(list) > 0 {
		t.Error("counted as stolen")
	}
}

func TestD05_DevicesAreListedAndForgotten(t *testing.T) {
	s := newSite(t, under(remembering()))
	phone, _ := enrolInFlow(t, s, "ada")
	b, other := s.browser(), s.browser()
	b.header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	b.remembered(t, "ada", phone)
	s.Clock.Advance(time.Hour)
	other.header.Set("User-Agent", "Mozilla/5.0 <script>")
	other.remembered(t, "ada", phone)

	list := other.devices(t)
	if len(list) != 3 || list[0]["current"] != true || list[1]["current"] != false || list[1]["user_agent"] != b.header.Get("User-Agent")[:len(list[1]["user_agent"].(string))] {
		t.Fatalf("%v", list)
	}
	if list[0]["id"] == "" || list[0]["app"] != "web" || list[0]["ip"] != "192.0.2.1" || list[2]["remembered_until"] != nil {
		t.Errorf("%v", list)
	}
	seen, _ := time.Parse(time.RFC3339, list[0]["first_seen_at"].(string))
	until, _ := time.Parse(time.RFC3339, list[0]["remembered_until"].(string))
	if list[0]["last_seen_at"] != list[0]["first_seen_at"] || !until.Equal(seen.Add(5*day)) {
		t.Errorf("%v", list[0])
	}

	// Another user's is as none, and so is none.
	bob, _ := enrolInFlow(t, s, "bob")
	c := s.browser()
	c.signIn(t, "bob", bob)
	c.send(t, "DELETE", "/mfa/devices/"+list[1]["id"].(string), "").want(t, 404, "no_device")
	c.send(t, "DELETE", "/mfa/devices/x", "").want(t, 404, "no_device")
	if b.asked(t, "ada") {
		t.Error("Bob has forgotten Ada's browser")
	}

	// It takes evidence of a moment ago.
	s.Clock.Advance(time.Hour)
	for _, path := range []string{"/mfa/devices", "/mfa/devices/" + list[1]["id"].(string)} {
		other.send(t, "DELETE", path, "").want(t, 403, "requirement")
	}
	other.devices(t)
	other.verify(t, other.send(t, "POST", "/mfa/stepup", "").option(t, "totp"), phone.Code()).want(t, 200, "")
	other.send(t, "DELETE", "/mfa/devices/"+list[1]["id"].(string), `{"user":"id-bob"}`).want(t, 400, "bad_request")
	other.send(t, "DELETE", "/mfa/devices/"+list[1]["id"].(string), "").want(t, 204, "")
	other.send(t, "DELETE", "/mfa/devices/"+list[1]["id"].(string), "").want(t, 404, "no_device")
	if !b.asked(t, "ada") || other.asked(t, "ada") {
		t.Error("the wrong one was forgotten")
	}
	s.Clock.Advance(phone.Period)
	d := s.browser()
	d.signIn(t, "ada", phone)
	d.send(t, "DELETE", "/mfa/devices", "").want(t, 204, "")
	if list := d.devices(t); len(list) != 0 {
		t.Errorf("%v", list)
	}
	if !d.asked(t, "ada") {
		t.Error("is still remembered")
	}
}

func TestA35_DevicesAreTheSessionsOwn(t *testing.T) {
	s := newSite(t, under(remembering()))
	phone, _ := enrolInFlow(t, s, "ada")
	enrolInFlow(t, s, "bob")
	b := s.browser()
	b.signIn(t, "ada", phone)
	want := b.send(t, "GET", "/mfa/devices", "").Body.String()
	if got := b.send(t, "GET", "/mfa/devices?user=id-bob", "", "X-User", "id-bob").want(t, 200, "").Body.String(); got != want {
		t.Errorf("%s, and for another user %s", want, got)
	}
	for _, body := range []string{`{"user":"id-bob"}`, `{"user_id":"id-bob"}`} {
		for _, call := range [][2]string{{"DELETE", "/mfa/devices"}, {"DELETE", "/mfa/devices/x"}, {"POST", "/mfa/recovery/cancel"}} {
			b.send(t, call[0], call[1], body).want(t, 400, "bad_request")
		}
	}
}
