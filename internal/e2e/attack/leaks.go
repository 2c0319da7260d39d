package attack

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

var leaks = Theme{
	Title: "What a set-up shows and takes",
	Text:  "Setting a method up shows its secret once, and decides who gets in from then on: half a sign-in must come near neither.",
	Attacks: []Attack{
		{ID: "A-20", Tried: "the set-up, for the secret that is enrolled", Has: "the password, and half a sign-in",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				p.login(b)
				x.answered("a new set-up", b.post("/mfa/enrollments", js{"method": "totp"}), http.StatusUnauthorized, "unauthenticated")
				x.answered("the list", b.get("/mfa/enrollments"), http.StatusUnauthorized, "unauthenticated")
				shown := p.elsewhere()
				for _, path := range []string{"/setup", "/settings", "/settings/enrollments/" + p.app, "/mfa/enrollments", "/mfa/activity", "/settings/export"} {
					for _, c := range []*browser{b, shown} {
						r := c.with("Accept", "text/html").get(path)
						if c == b {
							turnedAway("/login", r)
						}
						if strings.Contains(string(r.body), p.secret) || strings.Contains(string(r.body), "otpauth:") {
							fail("%s shows the secret", path)
						}
					}
				}
				x.says("the pages of it", "401, or the way to the sign-in")
				x.holds("not even the owner is shown the secret again", true)
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "A-21", Tried: "a secret of one's own, posted with the set-up and with its confirmation", Has: "somebody's open session",
			Try: func(x *Trial) {
				p := x.newcomer("")
				const own = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
				var r reply
				for _, name := range []string{"secret", "uri", "key", "import", "state", "id"} {
					r = p.post("/mfa/enrollments", js{"method": "totp", name: own}).want(http.StatusBadRequest, "bad_request")
				}
				x.answered("", r, http.StatusBadRequest, "bad_request")
				e := p.begin(js{"method": "totp"})
				for _, name := range []string{"secret", "uri", "key", "state"} {
					p.post("/mfa/enrollments/"+e.ID+"/activate", js{"code": x.phone(e).Code(), name: own}).want(http.StatusBadRequest, "bad_request")
				}
				mine := x.phone(begun{URI: "otpauth://totp/Eve?secret=" + own})
				p.with("Accept", "text/html").post("/setup/confirm", form("id", e.ID, "code", mine.Code(), "secret", own))
				x.holds("nothing is enrolled", len(p.enrollments().Enrollments) == 0)
				p.activate(e.ID, x.phone(e).Code()).want(http.StatusOK)
				x.holds("the secret that was shown is the one that counts", e.Secret != own)
			}},
		{ID: "A-22", Tried: "the secrets and codes of others, on the pages of staff and in exports", Has: "an admin's session",
			Try: func(x *Trial) {
				p, a := x.owner(), x.withRank(x.owner(), "admin")
				staff := a.elsewhere()
				page := staff.with("Accept", "text/html")
				seen := []reply{page.get("/admin?q=" + p.email).want(http.StatusOK), page.get("/admin/users/" + p.account(staff)).want(http.StatusOK), p.elsewhere().get("/settings/export").want(http.StatusOK)}
				for _, r := range seen {
					for _, secret := range append([]string{p.secret, p.password, "otpauth:", "argon2"}, p.recovery...) {
						if strings.Contains(string(r.body), secret) {
							fail("%s shows a secret", r.what)
						}
					}
				}
				x.answered("the account's page", seen[1], http.StatusOK)
				x.answered("the export", seen[2], http.StatusOK)
				x.holds("no secret, code or digest is in either", true)
			}},
		{ID: "A-23", Tried: "setting an app up instead of answering", Has: "the password, and half a sign-in",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				p.login(b)
				x.answered("by the API", b.post("/mfa/enrollments", js{"method": "totp", "replaces": p.app}), http.StatusUnauthorized, "unauthenticated")
				page := b.with("Accept", "text/html")
				turnedAway("/login", page.get("/setup"), page.get("/setup/key"), page.post("/setup", form("label", "Mine")), page.post("/setup/confirm", form("id", p.app, "code", p.wrong())))
				x.says("by the pages", "401, or the way to the sign-in")
				x.holds("the owner's app is the only one", len(p.elsewhere().enrollments().Enrollments) == 1)
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "A-24", Tried: "adding a key and removing the app, in half a sign-in", Has: "the password, and half a sign-in",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				p.login(b)
				x.answered("adding a key", b.post("/mfa/enrollments", js{"method": "webauthn"}), http.StatusUnauthorized, "unauthenticated")
				x.answered("removing the app", b.delete("/mfa/enrollments/"+p.app), http.StatusUnauthorized, "unauthenticated")
				x.answered("removing all", b.delete("/mfa/enrollments"), http.StatusUnauthorized, "unauthenticated")
				x.answered("new recovery codes", b.post("/mfa/recovery-codes", nil), http.StatusUnauthorized, "unauthenticated")
				x.out(b)
				l := p.elsewhere().enrollments()
				x.holds("the app and ten recovery codes are there", len(l.Enrollments) == 1 && l.Left == 10)
				x.ownerIn(p)
			}},
		{ID: "A-25", Tried: "adding a key, and removing the owner's, with a session of the first factor's level", Has: "a stolen session, and the password",
			Try: func(x *Trial) {
				p := x.owner()
				k := x.newKey()
				id := k.enroll(p.elsewhere())
				thief := p.stale()
				thief.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
				x.answered("adding a key", thief.post("/mfa/enrollments", js{"method": "webauthn"}), http.StatusForbidden, "requirement")
				x.answered("removing one", thief.delete("/mfa/enrollments/"+id), http.StatusForbidden, "requirement")
				x.holds("the owner's app and key are there", len(p.elsewhere().enrollments().Enrollments) == 2)
				x.ownerIn(p)
			}},
		{ID: "A-26", Tried: "removing the app by the API, with the password confirmed a moment ago", Has: "a stolen session, and the password",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				thief.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
				x.answered("one", thief.delete("/mfa/enrollments/"+p.app), http.StatusForbidden, "requirement")
				x.answered("all", thief.delete("/mfa/enrollments"), http.StatusForbidden, "requirement")
				x.holds("the app is there", len(p.elsewhere().enrollments().Enrollments) == 1)
				x.ownerIn(p)
			}},
		{ID: "A-27", Tried: "finishing a set-up that somebody else began, and one that is finished", Has: "an account, and a link or number of the set-up",
			Try: func(x *Trial) {
				p, q := x.owner(), x.owner()
				mine, theirs := p.elsewhere(), q.elsewhere()
				e := mine.begin(js{"method": "totp"})
				code := x.phone(e).Code()
				x.answered("somebody else's", theirs.activate(e.ID, code), http.StatusNotFound, "no_enrollment")
				mine.activate(e.ID, code).want(http.StatusOK)
				x.answered("one's own, again", mine.activate(e.ID, code), http.StatusNotFound, "no_enrollment")
				x.holds("the other account has what it had", len(theirs.enrollments().Enrollments) == 1)
				x.ownerIn(q)
			}},
		{ID: "A-28", Tried: "a key that signed another challenge than the set-up's", Has: "somebody's open session",
			Try: func(x *Trial) {
				p, k := x.newcomer(""), x.newKey()
				var first, second reply
				first = p.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
				second = p.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
				x.answered("that of another set-up", x.register(p.browser, second, k.create(first, nil)), http.StatusUnauthorized, "code_not_valid")
				x.answered("then the right one", x.register(p.browser, second, k.create(second, nil)), http.StatusUnauthorized, "code_not_valid")
				third := p.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
				x.answered("one that was made up", x.register(p.browser, third, k.create(third, func(c *ceremony) { c.challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" })), http.StatusUnauthorized, "code_not_valid")
				x.holds("nothing is enrolled", len(p.enrollments().Enrollments) == 0)
			}},
		{ID: "A-29", Tried: "a set-up that is begun and left, so that the owner's app is replaced or disabled", Has: "the owner's session while it is fresh",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.elsewhere().twin()
				x.answered("", thief.post("/mfa/enrollments", js{"method": "totp", "replaces": p.app}), http.StatusCreated)
				x.ownerIn(p)
				x.later(11 * time.Minute)
				x.ownerIn(p)
			}},
		{ID: "A-30", Tried: "an account under somebody else's address, with an app of one's own, before they come", Has: "the address",
			Try: func(x *Trial) {
				first := x.owner()
				waiting := x.attacker()
				first.login(waiting)
				x.browser(home).post("/forgot", js{"email": first.email}).want(http.StatusNoContent)
				owner := x.browser(home)
				f := owner.post("/reset", js{"token": x.linkTo(first.email, "/reset"), "password": "the owner's own"}).challenged()
				x.answered("their password, once the owner has chosen one by mail", x.attacker().post("/login", js{"email": first.email, "password": first.password}), http.StatusUnauthorized, "invalid_credentials")
				x.answered("the sign-in that waited", waiting.get("/mfa/flow"), http.StatusGone, "flow_expired")
				x.out(first.browser, waiting)
				x.holds("what they enrolled is for support to remove: a mailbox is not enough for that", f.has("totp") && !f.has("email"))
			}},
	},
}

// register confirms a set-up by a key's answer.
func (x *Trial) register(b *browser, set reply, credential json.RawMessage) reply {
	var e begun
	set.into(&e)
	return b.post("/mfa/enrollments/"+e.ID+"/activate", js{"credential": credential})
}
