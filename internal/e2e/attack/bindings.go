package attack

import (
	"net/http"
	"strings"
)

var bindings = Theme{
	Title: "What belongs to somebody else",
	Text:  "A code, a flow, an approval and a session are one person's, in one browser, for one purpose.",
	Attacks: []Attack{
		{ID: "A-31", Tried: "a recovery code of one's own, in another's sign-in", Has: "an account, and another's password",
			Try: func(x *Trial) {
				p, q, b := x.owner(), x.owner(), x.attacker()
				x.answered("", b.verify(p.login(b).option("recovery"), q.recovery[0]), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.holds("the code still is its owner's", q.elsewhere().enrollments().Left == 10)
				x.ownerIn(p)
			}},
		{ID: "A-32", Tried: "another's half sign-in beside one's own session, to remove what they enrolled", Has: "an account, and another's password",
			Try: func(x *Trial) {
				p, q := x.owner(), x.owner()
				half := x.attacker()
				p.login(half)
				b := q.elsewhere()
				b.plant("mfa-flow", half.cookie("mfa-flow"))
				r := b.delete("/mfa/enrollments/" + p.app)
				x.answered("removing theirs", r, r.status)
				if r.status < 400 {
					fail("%s: %d", r.what, r.status)
				}
				s := b.post("/mfa/enrollments", js{"method": "totp"})
				x.says("setting one up, which is one's own", s.short())
				if s.status == http.StatusCreated { // then it is for the attacker's own account
					var e begun
					s.into(&e)
					b.activate(e.ID, x.phone(e).Code())
				}
				x.holds("the owner has what they had", len(p.elsewhere().enrollments().Enrollments) == 1)
				x.ownerIn(p)
			}},
		{ID: "A-33", Tried: "another's password, in a browser where one is signed in oneself", Has: "an account, and another's password",
			Try: func(x *Trial) {
				p, q := x.owner(), x.owner()
				b := q.elsewhere()
				own := b.cookie("session")
				f := p.login(b)
				x.says("", "200, and the flow's status is `"+f.Status+"`")
				x.out(b)
				b.plant("session", own)
				x.answered("with the session of before", b.get("/me"), http.StatusUnauthorized, "unauthenticated")
				x.ownerIn(p)
			}},
		{ID: "A-34", Tried: "approving, and carrying out, what waits for another's approval", Has: "an account, and the other's identifiers",
			Try: func(x *Trial) {
				p, q := x.owner(), x.owner()
				mine, theirs := p.elsewhere(), q.elsewhere()
				var order struct{ ID, Action string }
				mine.post("/transfer", js{"to": "Bank", "amount": "100"}).want(http.StatusCreated).into(&order)
				x.answered("approving", theirs.post("/mfa/stepup", js{"action": order.Action}), http.StatusNotFound, "no_action")
				r := theirs.post("/transfer/"+order.ID+"/approve", js{})
				x.answered("by the page", r, http.StatusNotFound)
				x.answered("carrying out", theirs.post("/transfer/"+order.ID, js{}), http.StatusNotFound)
				f := mine.post("/mfa/stepup", js{"action": order.Action}).want(http.StatusOK).flow()
				theirs.plant("mfa-flow", mine.cookie("mfa-flow"))
				bad := theirs.verify(f.option("totp"), q.next())
				x.says("in the other's own flow", bad.short())
				if bad.status < 400 {
					fail("%s: %d", bad.what, bad.status)
				}
				x.answered("carrying out then, in the owner's session", mine.post("/transfer/"+order.ID, js{}), http.StatusForbidden, "requirement")
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-35", Tried: "naming another user in members, parameters and headers", Has: "an account, and a session",
			Try: func(x *Trial) {
				p, q, b := x.owner(), x.owner(), x.attacker()
				f := q.login(b)
				for _, name := range []string{"user", "user_id", "email", "account", "id"} {
					x.want("a member more", b.post("/mfa/flow/verify", js{"option": f.option("totp"), "code": q.phone.Code(), name: p.email}), http.StatusBadRequest, "bad_request")
				}
				x.says("a member more", "400 `bad_request`")
				as := b.with("X-User", p.email).with("X-Forwarded-User", p.email)
				x.answered("a parameter and headers", as.post("/mfa/flow/verify?user="+p.email, js{"option": f.option("totp"), "code": q.phone.Code()}), http.StatusOK)
				x.holds("who is signed in is the attacker", b.me().Email == q.email)
				l := as.get("/mfa/enrollments?user=" + p.email).want(http.StatusOK)
				x.holds("and reads what is the attacker's", strings.Contains(string(l.body), q.app) && !strings.Contains(string(l.body), p.app))
				x.want("another's enrollment", b.do("PATCH", "/mfa/enrollments/"+p.app, js{"label": "Mine"}), http.StatusNotFound, "no_enrollment")
				x.ownerIn(p)
			}},
		{ID: "A-36", Tried: "what stands in the database, as the code", Has: "a copy of the database, and the password",
			Elsewhere: []string{"TestA36_StoredHashIsNoCode", "TestA36_StoredStateIsNotTheCode", "TestA36_WhatIsStoredIsNotTheCode"}},
		{ID: "A-37", Tried: "recovery codes before there is anything to recover, kept for later", Has: "somebody's open session, before they set MFA up",
			Try: func(x *Trial) {
				p := x.newcomer("")
				r := p.post("/mfa/recovery-codes", nil)
				x.answered("", r, r.status)
				if r.status < 400 {
					fail("they are given out: %s", r.body)
				}
				p.addApp()
				old := p.recovery
				b := p.elsewhere()
				b.delete("/mfa/enrollments").want(http.StatusNoContent)
				p.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK)
				p.addApp()
				c := x.attacker()
				x.answered("those from before MFA was taken off", c.verify(p.login(c).option("recovery"), old[0]), http.StatusUnauthorized, "code_not_valid")
				x.out(c)
				x.ownerIn(p)
			}},
		{ID: "A-38", Tried: "a sign-in's code, to confirm a number and to raise a session", Has: "a session, and sight of the phone",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				session, b := x.browser(home), x.browser(home)
				f := p.login(session)
				session.verify(f.option("sms"), session.send(f.option("sms"), number)).want(http.StatusOK)
				x.later(lockEnds)
				// What is begun comes before the code, which is sent last.
				step := session.post("/mfa/stepup", nil).want(http.StatusOK).flow()
				f = p.login(b)
				code := b.send(f.option("sms"), number)
				x.answered("at a step-up", session.verify(step.option("sms"), code), http.StatusUnauthorized, "code_not_valid")
				x.answered("in another sign-in", x.half(p, "sms", code), http.StatusUnauthorized, "code_not_valid")
				b.verify(f.option("sms"), code).want(http.StatusOK)
				e := b.begin(js{"method": "sms", "phone": x.mobile(2)})
				x.answered("for another number", b.activate(e.ID, code), http.StatusUnauthorized, "code_not_valid")
				x.holds("the number is not enrolled", len(b.enrollments().Enrollments) == 1)
			}},
		{ID: "A-39", Tried: "planting a session and a half sign-in in the owner's browser before they sign in", Has: "the password, and a way to set cookies",
			Try: func(x *Trial) {
				p, thief := x.owner(), x.attacker()
				fixed := strings.Repeat("known0", 9)
				f := p.login(thief)
				victim := x.browser(home)
				victim.plant("session", fixed).plant("mfa-flow", thief.cookie("mfa-flow"))
				victim.verify(f.option("totp"), p.next()).want(http.StatusOK)
				if id := victim.cookie("session"); id == fixed || id == "" || thief.cookie("session") != "" {
					fail("the session is %q", id)
				}
				x.answered("going on with the sign-in that the owner finished", thief.post("/mfa/flow/continue", nil), http.StatusGone, "flow_expired")
				x.out(thief, x.attacker().plant("session", fixed), thief.twin().plant("session", thief.cookie("mfa-flow")))
				x.holds("the owner's session has an id of its own", victim.me().Email == p.email)
			}},
	},
}

// want checks an answer that is one of several of a kind.
func (x *Trial) want(words string, r reply, status int, code string) {
	if r.status != status || r.code() != code {
		fail("%s: %d %s, want %d %s", words, r.status, r.body, status, code)
	}
}

// half answers a new sign-in.
func (x *Trial) half(p *person, method, code string) reply {
	b := x.attacker()
	return b.verify(p.login(b).option(method), code)
}
