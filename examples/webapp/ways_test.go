package main

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest/authenticator"
)

const ada = "ada@example.org"

// token is that of the newest link that was mailed to an address for a page.
func (s *server) token(address, page string) string {
	s.t.Helper()
	for _, m := range s.to(address) {
		if _, rest, ok := strings.Cut(m.Body, s.app.origin+page+"?token="); ok {
			return strings.Fields(rest)[0]
		}
	}
	s.t.Fatalf("no link to %s for %s", page, address)
	return ""
}

// magic asks for a link, and opens it.
func (b *browser) magic(email string) reply {
	b.t.Helper()
	want(b.t, b.send("POST", "/magic", object{"email": email}), http.StatusNoContent, "")
	address, _ := normalEmail(email)
	return b.send("POST", "/magic/enter", object{"token": b.s.token(address, "/magic")})
}

// reset asks for a new password, and chooses it.
func (b *browser) reset(email, password string) reply {
	b.t.Helper()
	want(b.t, b.send("POST", "/forgot", object{"email": email}), http.StatusNoContent, "")
	address, _ := normalEmail(email)
	return b.send("POST", "/reset", object{"token": b.s.token(address, "/reset"), "password": password})
}

// atExampleID goes to the provider, and says who it is there. What it is led to is
// the callback.
func (b *browser) atExampleID(email, verified string) (callback string) {
	b.t.Helper()
	start := b.send("GET", "/oauth/start", nil)
	want(b.t, start, http.StatusSeeOther, "")
	asked, err := url.Parse(start.header.Get("Location"))
	if err != nil || asked.Path != "/dev/idp/authorize" {
		b.t.Fatalf("to %v, %v", asked, err)
	}
	page := b.page(asked.RequestURI())
	want(b.t, page, http.StatusOK, "")
	r := b.submit("/dev/idp/authorize", "email", email, "verified", verified,
		"state", hiddenField(b.t, page.body, "state"), "code_challenge", hiddenField(b.t, page.body, "code_challenge"))
	back, ok := strings.CutPrefix(r.header.Get("Location"), b.s.app.origin)
	if !ok || r.status != http.StatusSeeOther {
		b.t.Fatalf("status %d to %s", r.status, r.header.Get("Location"))
	}
	return back
}

// verify shows that the signed-in account's address is its owner's.
func (b *browser) verify(email string) {
	b.t.Helper()
	want(b.t, b.send("POST", "/verify", nil), http.StatusNoContent, "")
	want(b.t, b.send("POST", "/verify/confirm", object{"token": b.s.token(email, "/verify")}), http.StatusNoContent, "")
}

// account is what the database has.
func (s *server) account(email string) account {
	s.t.Helper()
	acc, err := s.app.accounts.byEmail(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return acc
}

// member makes an account with a phone and a verified address.
func (s *server) member(email string) (*browser, *phone) {
	s.t.Helper()
	b := s.browser()
	b.register(email)
	p := b.enroll()
	b.verify(email)
	return b, p
}

// program is a client that keeps no cookies, with a token that it was given.
func (s *server) program(token string) *browser {
	b := s.browser()
	if token != "" {
		b.header.Set("Authorization", "Bearer "+token)
	}
	return b
}

// A way is one into an account. This table is all that there is: the app has no basic
// authentication, no websocket and no route that makes a session by itself (see
// TestA52_SessionsAreMadeInOnePlace), and the library's own passkey route is in it.
type way struct {
	name    string
	first   string // the method that the evidence names
	byMail  bool   // it goes over the mailbox, so that a code there is no second proof
	at      string // the front end: empty for the pages, or api, or mobile
	invited bool   // the account is new, and has no phone yet
	both    bool   // a passkey is two proofs in one: there is none that does not check its user
	enter   func(b *browser, k *authenticator.Authenticator) reply
}

var waysIn = []way{
	{name: "password", first: "password", enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.send("POST", "/login", object{"email": ada, "password": goodPassword})
	}},
	{name: "password by a form", first: "password", enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.do("POST", "/login", "application/x-www-form-urlencoded", "email="+url.QueryEscape(ada)+"&password="+url.QueryEscape(goodPassword))
	}},
	{name: "OAuth callback", first: "federated", enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.send("GET", b.atExampleID("Ada@Example.org", "yes"), nil)
	}},
	{name: "magic link", first: "email_link", byMail: true, enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.magic(ada)
	}},
	{name: "password reset", first: "email_reset", byMail: true, enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.reset(ada, "another good one")
	}},
	{name: "passkey", first: "webauthn", both: true, enter: func(b *browser, k *authenticator.Authenticator) reply {
		return b.passkey(k)
	}},
	{name: "invitation", first: "email_link", byMail: true, invited: true, enter: func(b *browser, _ *authenticator.Authenticator) reply {
		want(b.t, b.s.browser().send("POST", "/dev/invite", object{"email": "new@example.org"}), http.StatusNoContent, "")
		return b.send("POST", "/invite", object{"token": b.s.token("new@example.org", "/invite"), "password": goodPassword})
	}},
	{name: "API token exchange", first: "password", at: "api", enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.send("POST", "/api/token", object{"email": ada, "password": goodPassword})
	}},
	{name: "password in the app on phones", first: "password", at: "mobile", enter: func(b *browser, _ *authenticator.Authenticator) reply {
		return b.send("POST", "/mobile/login", object{"email": ada, "password": goodPassword})
	}},
	{name: "passkey at the API", first: "webauthn", both: true, at: "api", enter: func(b *browser, k *authenticator.Authenticator) reply {
		begun := b.send("POST", "/api/mfa/passkey/begin", object{})
		want(b.t, begun, http.StatusOK, "")
		b.header.Set("Authorization", "Bearer "+begun.json(b.t)["token"].(string))
		defer b.header.Del("Authorization")
		return b.send("POST", "/api/mfa/passkey/finish", object{"credential": sign(b.t, k.Get, begun)})
	}},
}

func TestA33_A39_A41_A44_A52_C09_C12_C30_NoWayInGoesAroundTheSecondProof(t *testing.T) {
	t.Parallel()
	for _, w := range waysIn {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			// A mailed code counts for everybody, unless the mailbox was the first factor.
			s := start(t, "-policy", writeFile(t, `{"mode":"required","implicit":["email"]}`))
			owner, phone := s.member(ada)
			k := s.key(authenticator.Options{})
			owner.addKey(k, "")

			// The browser is somebody else's, who is signed in: that spares ada nothing.
			b := s.browser()
			b.register("eve@example.org")
			evesPhone := b.enroll()
			eves := b.cookie("session")
			if w.at != "" {
				b, eves = s.program(s.apiToken(b, "eve@example.org", evesPhone)), ""
			}
			first := w.enter(b, k)
			flow := first.json(t)
			if flow["purpose"] != "sign_in" || (flow["status"] == "passed") != w.both {
				t.Fatalf("flow %v", flow)
			}
			if w.both {
				s.wantBoth(t, w, b, first, eves)
				return
			}
			if b.cookie("session") != "" || first.header.Get(apiTokenHeader) != "" {
				t.Fatal("there is a session before the second proof")
			}
			if eves != "" {
				b.setCookie("session", eves)
				want(t, b.send("GET", "/me", nil), http.StatusUnauthorized, "unauthenticated")
			}
			pending := b.cookie("mfa-flow")
			if w.at != "" {
				pending = flow["token"].(string)
			}
			s.opensNothing(t, pending, phone)
			offered := func(method string) bool {
				return slices.ContainsFunc(flow["options"].([]any), func(o any) bool { return o.(object)["method"] == method })
			}
			switch {
			case w.invited && (flow["status"] != "enroll" || slices.Contains(strs(flow["methods"]), "email")):
				t.Fatalf("flow %v", flow)
			case !w.invited && (flow["status"] != "challenge" || !offered("totp") || offered("email") == w.byMail):
				t.Fatalf("flow %v", flow)
			}

			// The second proof makes a session, whose id nobody has seen before.
			const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			b.setCookie("session", planted)
			session := s.secondProof(b, w, flow, phone)
			if session == "" || session == planted || session == pending || session == eves || len(session) != len(planted) {
				t.Fatalf("session %q", session)
			}
			for name, old := range map[string]string{"planted": planted, "the flow's token": pending, "eve's": eves} {
				if s.opens(old) {
					t.Errorf("%s is a session now", name)
				}
			}
			in, err := s.app.sessions.find(t.Context(), session)
			if err != nil {
				t.Fatal(err)
			}
			proofs := in.Evidence.Proofs
			if len(proofs) != 2 || proofs[0].Method != w.first || !proofs[0].First || proofs[1].Method != "totp" || proofs[1].First {
				t.Errorf("evidence %+v", proofs)
			}
			if app := cmp.Or(w.at, "web"); in.Evidence.App != app {
				t.Errorf("evidence for %s", in.Evidence.App)
			}
			for _, front := range fronts {
				if s.opensAt(session, front) != (front == w.at) {
					t.Errorf("the session opens %q: %v", front, front != w.at)
				}
			}
			if w.byMail && slices.ContainsFunc(proofs, func(p mfa.Proof) bool { return p.First && p.Kind != mfa.Neither }) {
				t.Errorf("a link is worth more than a link: %+v", proofs)
			}
		})
	}
}

// opensNothing tries a flow's token on every call that needs a session, as the flow's
// cookie, as a session's, and as the API's.
func (s *server) opensNothing(t *testing.T, pending string, phone *phone) {
	t.Helper()
	if pending == "" {
		t.Fatal("no flow")
	}
	flow, err := s.app.engine.Flow(t.Context(), pending)
	if err != nil {
		t.Fatal(err)
	}
	enrolls := flow.Status == mfa.StatusEnroll
	asFlow, asSession, asToken := s.browser(), s.browser(), s.program(pending)
	asFlow.setCookie("mfa-flow", pending)
	asSession.setCookie("session", pending)
	for name, b := range map[string]*browser{"flow": asFlow, "session": asSession, "token": asToken} {
		for _, c := range protected(phone.id, phone.code()) {
			if name != "session" && enrolls && (strings.HasPrefix(c.path, "/setup") || strings.HasPrefix(c.path, "/mfa/enrollments")) {
				continue // the flow asks to enrol, and may do that
			}
			var body any
			if c.body != nil {
				body = c.body
			}
			if r := b.send(c.method, c.path, body); r.status != http.StatusUnauthorized {
				t.Errorf("%s %s by %s: status %d, %s", c.method, c.path, name, r.status, r.body)
			}
		}
	}
}

// wantBoth is for a passkey: what passed is worth both factors, and is a new session.
func (s *server) wantBoth(t *testing.T, w way, b *browser, passed reply, eves string) {
	t.Helper()
	session := b.cookie("session")
	if w.at != "" {
		session = passed.header.Get(apiTokenHeader)
	}
	in, err := s.app.sessions.find(t.Context(), session)
	if err != nil || session == eves || s.opens(eves) || in.Account.Email != ada {
		t.Fatalf("session %q of %s, %v", session, in.Account.Email, err)
	}
	p := in.Evidence.Proofs
	if len(p) != 1 || p[0].Method != w.first || !p[0].First || !p[0].UserVerified || in.Evidence.AAL() < mfa.AAL2 {
		t.Errorf("evidence %+v", p)
	}
}

// opens says whether somebody who sends this is signed in anywhere.
func (s *server) opens(id string) bool {
	return id != "" && slices.ContainsFunc(fronts, func(front string) bool { return s.opensAt(id, front) })
}

// fronts are the app's front ends.
var fronts = []string{"", "api", "mobile"}

func (s *server) opensAt(id, front string) bool {
	s.t.Helper()
	if front != "" {
		return s.program(id).send("GET", "/"+front+"/me", nil).status == http.StatusOK
	}
	b := s.browser()
	b.setCookie("session", id)
	return b.signedIn()
}

// apiToken signs somebody in to the API.
func (s *server) apiToken(b *browser, email string, phone *phone) string {
	s.t.Helper()
	begun := s.program("").send("POST", "/api/token", object{"email": email, "password": goodPassword})
	want(s.t, begun, http.StatusOK, "")
	token := s.secondProof(b, way{at: "api"}, begun.json(s.t), phone)
	if !s.opensAt(token, "api") {
		s.t.Fatal("no token")
	}
	return token
}

// secondProof goes on by the phone, which an invited person sets up first, and
// returns the session's id.
func (s *server) secondProof(b *browser, w way, flow object, phone *phone) string {
	s.t.Helper()
	if w.invited {
		b.enroll()
		return b.cookie("session")
	}
	answer := object{"option": optionOf(s.t, flow, "totp"), "code": phone.next()}
	if w.at == "" {
		want(s.t, b.send("POST", "/mfa/flow/verify", answer), http.StatusOK, "")
		return b.cookie("session")
	}
	r := s.program(flow["token"].(string)).send("POST", "/"+w.at+"/mfa/flow/verify", answer)
	want(s.t, r, http.StatusOK, "")
	return r.header.Get(apiTokenHeader)
}
