package mfahttp_test

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

const passkeyCookie = "__Host-mfa-passkey"

// cookie is one that the answer sets.
func (r reply) cookie(t *testing.T, name string) *http.Cookie {
	t.Helper()
	for _, c := range r.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no cookie %s in %v", name, r.Header())
	return nil
}

func TestPasskeySignsIn(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	b := s.browser()
	begun := b.send(t, "POST", "/mfa/passkey/begin", `{}`).want(t, 200, "")
	if names := slices.Sorted(maps.Keys(begun.json)); !slices.Equal(names, []string{"expires_at", "publicKey"}) {
		t.Errorf("begin says %v", names)
	}
	if want := s.Clock.Now().Add(keyLifetime).UTC().Format(time.RFC3339); begun.text("expires_at") != want {
		t.Errorf("it expires at %s, want %s", begun.text("expires_at"), want)
	}
	c := begun.cookie(t, passkeyCookie)
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != int(keyLifetime/time.Second) || c.Domain != "" {
		t.Errorf("cookie: %+v", c)
	}
	if begun.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", begun.Header())
	}

	passed := b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 200, "")
	if passed.text("status") != "passed" || passed.text("purpose") != "sign_in" || passed.json["token"] != nil {
		t.Errorf("%s", passed.Body)
	}
	if b.cookies["session"] == "" || b.cookies[passkeyCookie] != "" || b.cookies["__Host-mfa-flow"] != "" || b.cookies["__Host-mfa-device"] == "" {
		t.Errorf("cookies: %v", b.cookies)
	}
	b.send(t, "GET", "/admin", "").want(t, http.StatusTeapot, "")
	if got := s.sessions[b.cookies["session"]]; got.user != "id-ada" || got.evidence.App != "web" {
		t.Errorf("the session is %+v", got)
	}

	// The same answer again, with the token that was cleared, is worth nothing.
	b.cookies[passkeyCookie] = c.Value
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 410, "flow_expired")
}

func TestA46_A78_C15_W22_AWrongPasskeyIsNotToldWhy(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	owner := s.browser()
	owner.login(t, "bob")
	gone := owner.enrollKey(t, "gone")
	owner.finishPasskey(t, owner.beginPasskey(t).answerTo(t, "gone", "good")).want(t, 200, "")
	owner.send(t, "DELETE", "/mfa/enrollments/"+gone, "").want(t, 204, "")
	b := s.browser()
	begun := b.beginPasskey(t)
	if strings.Contains(begun.Body.String(), key) || strings.Contains(begun.Body.String(), "allowCredentials") {
		t.Errorf("begin tells of credentials: %s", begun.Body)
	}
	var first string
	for name, body := range map[string]string{
		"wrong signature":    begun.answerTo(t, key, "bad"),
		"unknown credential": begun.answerTo(t, "unheard-of", "good"),
		"removed credential": begun.answerTo(t, "gone", "good"),
		"no credential":      begun.answerTo(t, "", "good"),
		"another challenge":  s.browser().beginPasskey(t).answerTo(t, key, "good"),
		"empty":              `{"credential":{}}`,
	} {
		r := b.finishPasskey(t, body).want(t, 401, "code_not_valid")
		if first == "" {
			first = r.Body.String()
		}
		if r.Body.String() != first || r.json["attempts_left"] != nil || len(r.Result().Cookies()) > 0 {
			t.Errorf("%s: %s and %v, elsewhere %s", name, r.Body, r.Header(), first)
		}
	}
	if b.cookies["session"] != "" || b.cookies[passkeyCookie] == "" {
		t.Errorf("cookies: %v", b.cookies)
	}
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 200, "")
}

func TestPasskeyTokensEnd(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	b := s.browser()
	begun := b.beginPasskey(t)
	token := b.cookies[passkeyCookie]
	delete(b.cookies, passkeyCookie)
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 404, "no_flow")
	for _, made := range []string{"x", token + "x", token[:len(token)-1], strings.ToUpper(token), "..", strings.Repeat("a.", 999)} {
		b.cookies[passkeyCookie] = made
		b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 404, "no_flow")
	}
	b.cookies[passkeyCookie] = token
	s.Clock.Advance(keyLifetime)
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 410, "flow_expired")
	if b.cookies["session"] != "" {
		t.Error("there is a session")
	}
}

// Anybody can open a login page as often as they like.
func TestPasskeyBeginAsksNothingOfTheStore(t *testing.T) {
	store := new(countingStore)
	s := newSite(t, withKeys(&keyFactor{}), func(c *mfa.Config) { store.Store, c.Store = c.Store, store })
	b := s.browser()
	var begun reply
	for range 5 {
		begun = b.beginPasskey(t)
	}
	b.finishPasskey(t, begun.answerTo(t, "k", "good")[1:]).want(t, 400, "bad_request")
	b.finishPasskey(t, s.browser().beginPasskey(t).answerTo(t, "k", "good")).want(t, 401, "code_not_valid")
	if loads, saves := store.loads.Load(), store.saves.Load(); loads != 0 || saves != 0 {
		t.Errorf("%d loads and %d saves", loads, saves)
	}
	b.finishPasskey(t, begun.answerTo(t, "k", "good")).want(t, 401, "code_not_valid")
	if loads, saves := store.loads.Load(), store.saves.Load(); loads == 0 || saves != 0 {
		t.Errorf("a stranger's answer: %d loads and %d saves", loads, saves)
	}
	b.finishPasskey(t, begun.answerTo(t, s.holder(t, "ada"), "good")).want(t, 200, "")
	if store.saves.Load() == 0 {
		t.Error("the sign-in saved nothing, so nothing was counted")
	}
}

func TestA81_AnyOfTheNewestTabsMayFinish(t *testing.T) {
	for use, status := range map[int]int{0: 401, 1: 200, 2: 200, 3: 200} {
		t.Run(strconv.Itoa(use), func(t *testing.T) {
			s := newSite(t, withKeys(&keyFactor{}))
			key := s.holder(t, "ada")
			b := s.browser()
			var tabs []reply
			var newest []string
			for range 4 {
				tabs = append(tabs, b.beginPasskey(t))
				first, _, _ := strings.Cut(b.cookies[passkeyCookie], ".")
				newest = append([]string{first}, newest...)
			}
			if b.cookies[passkeyCookie] != strings.Join(newest[:3], ".") {
				t.Errorf("the cookie is %q, the tokens were %q", b.cookies[passkeyCookie], newest)
			}
			r := b.finishPasskey(t, tabs[use].answerTo(t, key, "good"))
			if r.Code != status {
				t.Fatalf("%d %s", r.Code, r.Body)
			}
			if gone := b.cookies[passkeyCookie] == ""; gone != (status == 200) {
				t.Errorf("cookies: %v", b.cookies)
			}
		})
	}
}

func TestPasskeyCookieIsBounded(t *testing.T) {
	for padding, want := range map[int]int{100: 3, 500: 2, 900: 1, 1300: 1} {
		t.Run(strconv.Itoa(padding), func(t *testing.T) {
			s := newSite(t, withKeys(&keyFactor{padding: padding}))
			key := s.holder(t, "ada")
			b := s.browser()
			var begun reply
			for range 4 {
				begun = b.beginPasskey(t)
			}
			kept := b.cookies[passkeyCookie]
			if n := strings.Count(kept, ".") + 1; n != want || len(kept) > 2000 && want > 1 {
				t.Errorf("%d tokens in %d bytes, want %d", n, len(kept), want)
			}
			b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 200, "")
		})
	}
}

func TestPasskeyOfANativeClient(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}), func(c *mfa.Config) { c.Policy = withApp{} })
	key := s.holder(t, "ada")
	for _, header := range []string{"Authorization", "Mfa-Flow"} {
		n := s.native()
		begun := n.beginPasskey(t, "Mfa-Client", "native")
		token := begun.text("token")
		if token == "" || len(begun.Result().Cookies()) > 0 {
			t.Fatalf("%v %s", begun.Header(), begun.Body)
		}
		value := token
		if header == "Authorization" {
			value = "Bearer " + token
		}
		n.finishPasskey(t, begun.answerTo(t, key, "bad"), header, value).want(t, 401, "code_not_valid")
		flow := n.finishPasskey(t, begun.answerTo(t, key, "good"), header, value).want(t, 200, "")
		if flow.text("status") != "enroll" || flow.text("token") == "" || flow.text("token") == token || len(flow.Result().Cookies()) > 0 {
			t.Errorf("%v %s", flow.Header(), flow.Body)
		}
		n.send(t, "GET", "/mfa/flow", "", header, strings.Replace(value, token, flow.text("token"), 1)).want(t, 200, "")
	}

	// A browser is not to be made to hand its tokens to a script.
	b := s.browser()
	b.send(t, "POST", "/mfa/passkey/begin", "", "Mfa-Client", "native").want(t, 400, "bad_request")
	begun := b.beginPasskey(t)
	b.finishPasskey(t, begun.answerTo(t, key, "good"), "Mfa-Client", "native").want(t, 400, "bad_request")
	for _, header := range []string{"Authorization", "Mfa-Flow"} {
		b.finishPasskey(t, begun.answerTo(t, key, "good"), header, "Bearer x").want(t, 400, "bad_request")
	}
	n := s.native()
	n.finishPasskey(t, begun.answerTo(t, key, "good"), "Authorization", "Bearer x").want(t, 404, "no_flow")
	n.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 404, "no_flow")
}

// withApp asks for an authenticator app as well, whatever was proved.
type withApp struct{}

func (withApp) Decide(s mfa.Subject) mfa.Decision {
	if !s.Enrolled() {
		return mfa.Decision{}
	}
	return mfa.Decision{Require: mfa.Requirement{Methods: []string{"totp"}}}
}

func TestPasskeyGoesOnAsAFlow(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}), func(c *mfa.Config) { c.Policy = withApp{} })
	key := s.holder(t, "ada")
	b := s.browser()
	asks := b.finishPasskey(t, b.beginPasskey(t).answerTo(t, key, "good")).want(t, 200, "")
	if asks.text("status") != "enroll" || b.cookies["session"] != "" {
		t.Fatalf("%s %v", asks.Body, b.cookies)
	}
	phone, _, _ := b.enrollApp(t)
	b = s.browser()
	flow := b.finishPasskey(t, b.beginPasskey(t).answerTo(t, key, "good")).want(t, 200, "")
	if flow.text("status") != "challenge" || flow.json["token"] != nil || b.cookies["session"] != "" || b.cookies[passkeyCookie] != "" {
		t.Fatalf("%s %v", flow.Body, b.cookies)
	}
	if c := flow.cookie(t, "__Host-mfa-flow"); !c.HttpOnly || !c.Secure || c.MaxAge <= 0 {
		t.Errorf("%+v", c)
	}
	b.verify(t, flow.option(t, "totp"), phone.Code()).want(t, 200, "")
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
}

func TestA33_APasskeySignsInItsOwnUser(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	phone, _, _ := s.member(t, "bob")
	b := s.browser()
	b.signIn(t, "bob", phone)
	old := b.cookies["session"]
	b.login(t, "bob") // who now also has a flow
	pending := b.cookies["__Host-mfa-flow"]
	if old == "" || pending == "" {
		t.Fatalf("cookies: %v", b.cookies)
	}
	r := b.finishPasskey(t, b.beginPasskey(t).answerTo(t, key, "good")).want(t, 200, "")
	if r.text("status") != "passed" || b.cookies["__Host-mfa-flow"] != "" {
		t.Errorf("%s %v", r.Body, b.cookies)
	}
	if _, alive := s.sessions[old]; alive || s.sessions[b.cookies["session"]].user != "id-ada" {
		t.Errorf("sessions: %v", s.sessions)
	}
}

func TestA33_APasskeyReplacesAnothersFlow(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}), func(c *mfa.Config) { c.Policy = withApp{} })
	key := s.holder(t, "ada")
	s.member(t, "bob")
	b := s.browser()
	b.login(t, "bob")
	pending := b.cookies["__Host-mfa-flow"]
	r := b.finishPasskey(t, b.beginPasskey(t).answerTo(t, key, "good")).want(t, 200, "")
	if now := b.cookies["__Host-mfa-flow"]; r.text("status") != "enroll" || pending == "" || now == "" || now == pending {
		t.Errorf("%s %v", r.Body, b.cookies)
	}
	if flow, err := s.Flow(t.Context(), b.cookies["__Host-mfa-flow"]); err != nil || flow.User != "id-ada" {
		t.Errorf("the flow is of %q, %v", flow.User, err)
	}
}

func TestC14_PasskeyCallsAreProtected(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	b := s.browser()
	begun := b.beginPasskey(t)
	answer := begun.answerTo(t, key, "good")
	evil := []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}
	if r := b.send(t, "POST", "/mfa/passkey/begin", "", evil...).want(t, 403, "cross_origin"); len(r.Result().Cookies()) > 0 {
		t.Errorf("%v", r.Header())
	}
	b.finishPasskey(t, answer, evil...).want(t, 403, "cross_origin")
	for _, path := range []string{"/mfa/passkey/begin", "/mfa/passkey/finish"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
			if r := b.send(t, method, path, "").want(t, 405, "http_method_not_allowed"); r.Header().Get("Allow") != "POST" {
				t.Errorf("%s: Allow is %q", path, r.Header().Get("Allow"))
			}
		}
		b.send(t, "POST", path, `{}`, "Content-Type", "text/plain").want(t, 415, "unsupported_media_type")
		b.send(t, "POST", path, `{"user":"id-ada"}`).want(t, 400, "bad_request")
		b.send(t, "POST", path, strings.Repeat(" ", 64<<10)+`{}`).want(t, 413, "too_large")
	}
	if r := b.finishPasskey(t, `{}`); r.text("detail") != `member "credential" is missing` {
		t.Errorf("%s", r.Body)
	}
	credential := strings.TrimSuffix(strings.TrimPrefix(answer, `{"credential":`), `}`)
	for _, body := range []string{
		`{}`, `{"credential":null}`, `{"credential":[]}`, `{"credential":"x"}`, `{"code":"123456"}`,
		`{"credential":` + credential + `,"option":"x"}`, `{"credential":` + credential + `,"user":"id-ada"}`,
		`{"credential":` + credential + `,"credential":` + credential + `}`, `{"Credential":` + credential + `}`, credential, ``,
	} {
		if r := b.finishPasskey(t, body); r.Code != 400 && (body != "" || r.Code != 415) {
			t.Errorf("%.40s: %d %s", body, r.Code, r.Body)
		}
	}
	b.finishPasskey(t, answer).want(t, 200, "")
}

func TestPasskeyWithoutAFactorForIt(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	b.send(t, "POST", "/mfa/passkey/begin", "").want(t, 422, "method_not_allowed")
	b.finishPasskey(t, `{"credential":{}}`).want(t, 404, "no_flow")
	b.cookies[passkeyCookie] = "x"
	b.finishPasskey(t, `{"credential":{}}`).want(t, 422, "method_not_allowed")
}

func TestPasskeyWhenTheHostFails(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	b := s.browser()
	begun := b.beginPasskey(t)
	s.broken = errTest
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 500, "internal")
	if b.cookies["session"] != "" {
		t.Error("there is a session")
	}
}

func TestC20_TokensOfPasskeysAreNotLogged(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	key := s.holder(t, "ada")
	b := s.browser()
	begun := b.beginPasskey(t)
	token := b.cookies[passkeyCookie]
	s.broken = errTest
	b.finishPasskey(t, begun.answerTo(t, key, "good")).want(t, 500, "internal")
	if log := s.log.String(); !strings.Contains(log, errTest.Error()) || strings.Contains(log, token) || strings.Contains(log, key) {
		t.Errorf("the log: %s", log)
	}
}

func TestAKeyIsAskedForAgainAfterAWrongAnswer(t *testing.T) {
	s := newSite(t, withKeys(&keyFactor{}))
	b := s.browser()
	b.login(t, "ada")
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"webauthn","label":"Blue key"}`).want(t, 201, "")
	path := "/mfa/enrollments/" + begun.text("id")
	b.send(t, "POST", path+"/activate", begun.answerTo(t, "k", "bad")).want(t, 401, "code_not_valid")
	b.send(t, "POST", path+"/activate", begun.answerTo(t, "k", "good")).want(t, 401, "code_not_valid")
	again := b.send(t, "POST", path+"/challenge", "").want(t, 200, "")
	b.send(t, "POST", path+"/activate", again.answerTo(t, "k", "good")).want(t, 200, "")

	option := b.login(t, "ada").option(t, "webauthn")
	asked := b.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 200, "")
	verify := strings.Replace(asked.answerTo(t, "k", "good"), `{`, `{"option":"`+option+`",`, 1)
	if r := b.send(t, "POST", "/mfa/flow/verify", verify).want(t, 200, ""); r.text("status") != "passed" {
		t.Errorf("%s", r.Body)
	}
}

func TestAnAuthenticatorThatIsRefused(t *testing.T) {
	f := &keyFactor{}
	s := newSite(t, withKeys(f))
	b := s.browser()
	b.login(t, "ada")
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"webauthn"}`).want(t, 201, "")
	f.refuse = &mfa.RefusedError{Subject: mfa.SubjectAuthenticator, Reason: "attestation_missing", Detail: "not this kind"}
	r := b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", begun.answerTo(t, "k", "good")).want(t, 422, "authenticator_refused")
	if r.text("reason") != "attestation_missing" || r.text("detail") != "not this kind" {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/enrollments", `{"method":"letter","phone":"1"}`).want(t, 422, "destination_refused")
}
