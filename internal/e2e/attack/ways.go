package attack

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var ways = Theme{
	Title:  "Ways around the second factor",
	Text:   "Each way in is a first factor and no more, whatever it is called and however its address is written. Codes by mail count for everybody here, but after a first factor that came by mail.",
	Policy: `{"mode":"offer","implicit":["email"]}`,
	Attacks: []Attack{
		{ID: "A-40", Tried: "what half a sign-in hands out, as a session and as a token", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				p.login(b)
				token := b.cookie("mfa-flow")
				api, f := x.token(p, "/api")
				x.out(b, x.attacker().plant("session", token), x.attacker().plant("session", f.Token))
				for _, c := range []*browser{x.program(token), api} {
					for _, path := range []string{"/api/me", "/mobile/me", "/me", "/api/mfa/enrollments", "/mobile/mfa/enrollments"} {
						x.want(path, c.get(path), http.StatusUnauthorized, "unauthenticated")
					}
				}
				x.says("as a cookie, and as a token of each front end", "401 `unauthenticated`")
				x.ownerIn(p)
			}},
		{ID: "A-41", Tried: "every other way in: another front end, a mailed link, another service", Has: "the password, the mailbox, or the account at the other service",
			Try: func(x *Trial) {
				p := x.owner()
				p.proveAddress()
				var all []*browser
				for _, way := range waysIn {
					b := x.attacker()
					f := way.enter(x, p, b).challenged()
					if !f.has("totp") {
						fail("%s does not ask for the app", way.name)
					}
					x.says(way.name, "200, and the flow's status is `challenge`")
					all = append(all, b)
				}
				x.out(all...)
				x.ownerIn(p)
			}},
		{ID: "A-42", Tried: "asking for another protocol in the middle of a sign-in", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				p.login(b)
				socket := b.with("Connection", "Upgrade").with("Upgrade", "websocket").with("Sec-WebSocket-Version", "13").with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
				x.answered("", socket.get("/me"), http.StatusUnauthorized, "unauthenticated")
				x.out(socket)
			}},
		{ID: "A-43", Tried: "a level that is reckoned without some of the factors", Has: "the password",
			Elsewhere: []string{"TestC24_A43_AAL", "TestC24_C25_A47_Requirements"}},
		{ID: "A-44", Tried: "a new password by mail, and a code by mail for the second factor", Has: "the mailbox",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				b.post("/forgot", js{"email": p.email}).want(http.StatusNoContent)
				f := b.post("/reset", js{"token": x.linkTo(p.email, "/reset"), "password": "the thief's own"}).challenged()
				if f.has("email") || !f.has("totp") {
					fail("it asks for %+v", f.Options)
				}
				x.says("the password", "200, and the flow asks for the app or a recovery code, not for the mailbox again")
				x.answered("a code by mail all the same", b.post("/mfa/flow/challenge", js{"option": "email"}), http.StatusNotFound, "no_option")
				x.out(b)
				x.told(p, "password was changed")
				p.password = "the thief's own"
				x.ownerIn(p)
			}},
		{ID: "A-45", Tried: "the name in other cases, with spaces, and in other scripts", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				var all []*browser
				for _, spelling := range []string{strings.ToUpper(p.email), " " + p.email, p.email + "\t"} {
					b := x.attacker()
					b.post("/login", js{"email": spelling, "password": p.password}).challenged()
					all = append(all, b)
				}
				x.says("in capitals, with spaces", "200, and the flow's status is `challenge`")
				for _, other := range []string{wide("0") + p.email, "\u200b" + p.email, strings.Replace(p.email, "e", "е", 1), strings.Replace(p.email, "@", "＠", 1)} {
					b := x.attacker()
					x.want(other, b.post("/login", js{"email": other, "password": p.password}), http.StatusUnauthorized, "invalid_credentials")
					all = append(all, b)
				}
				x.says("with letters that look alike", "401 `invalid_credentials`")
				x.answered("a second account with the same name", x.attacker().post("/register", js{"email": strings.ToUpper(p.email), "password": "a password"}), http.StatusConflict, "email_taken")
				x.out(all...)
				x.ownerIn(p)
			}},
		{ID: "A-46", Tried: "naming a method without an answer", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				x.newKey().enroll(p.elsewhere())
				b := x.attacker()
				f := p.login(b)
				for _, o := range f.Options {
					for _, answer := range []string{``, `,"method":"webauthn"`, `,"code":""`, `,"code":" "`, `,"code":null`, `,"credential":{}`, `,"credential":null`, `,"credential":[]`, `,"credential":true`, `,"remember":true`, `,"code":"","credential":{}`} {
						r := b.post("/mfa/flow/verify", text(`{"option":%q%s}`, o.ID, answer))
						if r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized {
							fail("%s, %s: %d %s", o.Method, answer, r.status, r.body)
						}
					}
				}
				x.says("for each method", "400 `bad_request` or 401 `code_not_valid`")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-47", Tried: "a fresh password, where a fresh second factor is asked for", Has: "a stolen session, and the password",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				thief.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
				x.answered("a change", thief.post("/mfa/recovery-codes", nil), http.StatusForbidden, "requirement")
				var order struct{ ID string }
				thief.post("/transfer", js{"to": "Eve", "amount": "100"}).want(http.StatusCreated).into(&order)
				x.answered("a transfer", thief.post("/transfer/"+order.ID, js{}), http.StatusForbidden, "requirement")
				f := thief.post("/mfa/stepup", js{"phishing_resistant": false}).want(http.StatusOK).flow()
				x.holds("a step-up asks for the app", f.Status == "challenge" && f.has("totp"))
				x.ownerIn(p)
			}},
		{ID: "A-48", Tried: "made-up answers of a key", Has: "the password, and the key's identifier",
			Try: func(x *Trial) {
				p, k, mine := x.owner(), x.newKey(), x.newKey()
				k.enroll(p.elsewhere())
				mine.id, mine.handle = k.id, k.handle
				b := x.attacker()
				option := p.login(b).option("webauthn")
				for _, forge := range []func(reply) any{
					func(o reply) any { return mine.get(o, nil) },
					func(o reply) any { return k.get(o, func(c *ceremony) { c.signature = []byte{0x30, 0} }) },
					func(o reply) any { return k.get(o, func(c *ceremony) { c.signature = make([]byte, 70) }) },
					func(o reply) any { return k.get(o, func(c *ceremony) { c.data = make([]byte, 37) }) },
				} {
					asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
					x.want("forged", b.post("/mfa/flow/verify", js{"option": option, "credential": forge(asked)}), http.StatusUnauthorized, "code_not_valid")
				}
				x.says("another key's signature, none, zeros, and empty data", "401 `code_not_valid`")
				x.out(b)
				asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
				b.post("/mfa/flow/verify", js{"option": option, "credential": k.get(asked, nil)}).want(http.StatusOK)
				x.holds("the right key gets in after all that", b.me().Email == p.email)
			}},
		{ID: "A-49", Tried: "any code, wherever one is asked for", Has: "the password, and a stolen session",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				thief := p.stale()
				f, wrong := p.login(b), p.wrong()
				x.answered("at a sign-in", b.verify(f.option("totp"), wrong), http.StatusUnauthorized, "code_not_valid")
				x.answered("for a recovery code", b.verify(f.option("recovery"), "AAAA-AAAA-AAAA-AAAA"), http.StatusUnauthorized, "code_not_valid")
				x.answered("at a step-up", thief.verify(thief.post("/mfa/stepup", nil).want(http.StatusOK).flow().option("totp"), wrong), http.StatusUnauthorized, "code_not_valid")
				e := p.elsewhere()
				x.answered("at a set-up", e.activate(e.begin(js{"method": "totp"}).ID, wrong), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "A-50", Tried: "going on in a session whose second factor was removed", Has: "a stolen session",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.elsewhere().twin()
				p.elsewhere().delete("/mfa/enrollments/" + p.app).want(http.StatusNoContent)
				x.answered("", thief.get("/me"), http.StatusUnauthorized, "unauthenticated")
				x.out(thief)
				x.told(p, "was removed")
			}},
		{ID: "A-51", Tried: "a bypass of which nothing but its existence was published", Has: "unknown",
			Not: "the advisory (GHSA-jhmr-57cj-q6g9) does not say what was sent; A-40 to A-52 are all the ways around that are known"},
		{ID: "A-52", Tried: "other spellings of addresses, for a route that does not ask", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				all := []*browser{b}
				p.login(b)
				for _, path := range []string{"//me", "/./me", "/me/", "/ME", "/%6de", "/me%2f", "/mfa/../me", "/mfa//enrollments", "/mfa/enrollments/", "/static/../settings", "/static/..%2fsettings", "/settings;x=1", "/api/../me", "/api/me", "/mobile/mfa/enrollments", "/settings/", "/settings%00"} {
					if r := b.get(path); r.status == http.StatusOK {
						fail("%s: %.600s", path, r.body)
					}
				}
				x.says("seventeen spellings", "a refusal, or the way to the right address")
				for _, path := range []string{"/Login", "//login", "/login/", "/%6cogin"} {
					c := x.attacker()
					c.post(path, js{"email": p.email, "password": p.password})
					all = append(all, c)
				}
				x.out(all...)
			}},
		{ID: "A-53", Tried: "reading the code in the answer to what has it sent", Has: "the password",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.attacker()
				first := b.post("/login", js{"email": p.email, "password": p.password})
				f := first.challenged()
				asked := b.post("/mfa/flow/challenge", js{"option": f.option("sms")})
				x.answered("", asked, http.StatusOK)
				code := x.codeTo(number)
				wrong := "000000"
				if code == wrong {
					wrong = "000001"
				}
				for _, r := range []reply{first, asked, b.get("/mfa/flow"), b.with("Accept", "text/html").get("/challenge"), b.verify(f.option("sms"), wrong), b.post("/mfa/flow/challenge", js{"option": f.option("sms")})} {
					for _, secret := range []string{code, number[1:], number[3:]} {
						if regexp.MustCompile(`\b` + regexp.QuoteMeta(secret) + `\b`).Match(r.body) {
							fail("%s holds the code or the number: %s", r.what, r.body)
						}
					}
					for name, values := range r.header {
						if strings.Contains(strings.Join(values, " "), code) {
							fail("%s holds the code in %s", r.what, name)
						}
					}
				}
				x.holds("neither the code nor the number is in any answer", true)
				x.out(b)
			}},
	},
}

// A way is one in, by a first factor.
type way struct {
	name  string
	enter func(x *Trial, p *person, b *browser) reply
}

var waysIn = []way{
	{"the password, by a form", func(_ *Trial, p *person, b *browser) reply {
		return b.post("/login", form("email", p.email, "password", p.password))
	}},
	{"the API for programs", func(x *Trial, p *person, _ *browser) reply {
		return x.program("").post("/api/token", js{"email": p.email, "password": p.password})
	}},
	{"the front end of phones", func(x *Trial, p *person, _ *browser) reply {
		return x.program("").post("/mobile/login", js{"email": p.email, "password": p.password})
	}},
	{"a mailed link", func(x *Trial, p *person, b *browser) reply {
		b.post("/magic", js{"email": p.email}).want(http.StatusNoContent)
		return b.post("/magic/enter", js{"token": x.linkTo(p.email, "/magic")})
	}},
	{"another service", func(_ *Trial, p *person, b *browser) reply { return b.get(b.atProvider(p.email)) }},
}

// atProvider says yes at the other service, and is where that leads.
func (b *browser) atProvider(email string) (callback string) {
	at, err := url.Parse(b.get("/oauth/start").want(http.StatusSeeOther).header.Get("Location"))
	if err != nil {
		fail("%v", err)
	}
	page := b.get(at.RequestURI()).want(http.StatusOK)
	r := b.post("/dev/idp/authorize", form("email", email, "verified", "yes", "state", page.hidden("state"), "code_challenge", page.hidden("code_challenge")))
	back, ours := strings.CutPrefix(r.want(http.StatusSeeOther).header.Get("Location"), b.site.url)
	if !ours {
		fail("the other service leads to %s", back)
	}
	return back
}

// hidden is the value of a field of a page, found by its name.
func (r reply) hidden(name string) string {
	for _, field := range regexp.MustCompile(`<input[^>]*>`).FindAllString(string(r.body), -1) {
		if value := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(field); value != nil && strings.Contains(field, `name="`+name+`"`) {
			return html.UnescapeString(value[1])
		}
	}
	fail("%s has no field %s", r.what, name)
	return ""
}
