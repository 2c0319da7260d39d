package attack

import (
	"net/http"
	"strings"
	"time"
)

var devices = Theme{
	Title:  "Remembered browsers",
	Text:   "Here the policy lets a browser be remembered for 30 days: who signs in there is asked for the password alone, which is the first factor's level and no more.",
	Policy: `{"mode":"offer","remember":{"days":30}}`,
	Attacks: []Attack{
		{ID: "A-82", Tried: "the cookie, and half a sign-in, after the owner has changed the password", Has: "the browser's cookies, and the new password",
			Try: func(x *Trial) {
				p, b := x.remembered()
				thief := b.twin()
				half := x.attacker()
				p.login(half)
				own := p.elsewhere()
				own.post("/password", js{"current": p.password, "new": "another good one"}).want(http.StatusNoContent)
				p.password = "another good one"
				x.asked("the cookie", p, thief)
				x.answered("half a sign-in", half.get("/mfa/flow"), http.StatusGone, "flow_expired")
				x.out(thief, half)
			}},
		{ID: "A-83", Tried: "the cookie, after the owner has set another app up", Has: "the browser's cookies, and the password",
			Try: func(x *Trial) {
				p, b := x.remembered()
				own := p.elsewhere()
				e := own.begin(js{"method": "totp", "replaces": p.app})
				p.phone = x.phone(e)
				own.activate(e.ID, p.phone.Code()).want(http.StatusOK)
				x.asked("", p, b.twin())
				x.out(b.twin())
				x.ownerIn(p)
			}},
		{ID: "A-84", Tried: "the cookie, after a recovery code was used, and after a reset by support", Has: "the browser's cookies, and the password",
			Try: func(x *Trial) {
				p, b := x.remembered()
				c := x.browser(home)
				c.verify(p.login(c).option("recovery"), p.recovery[0]).want(http.StatusOK)
				x.asked("after a recovery code", p, b.twin())
				q, d := x.remembered()
				staff := x.withRank(x.owner(), "admin").elsewhere()
				staff.post("/admin/users/"+q.account(staff)+"/reset", js{"reason": "lost phone"}).want(http.StatusNoContent)
				session := d.twin()
				x.answered("a session, after the reset", session.get("/me"), http.StatusUnauthorized, "unauthenticated")
				q.post("/login", js{"email": q.email, "password": q.password}).want(http.StatusOK)
				q.addApp()
				x.later(q.phone.Period)
				x.asked("the cookie, once there is an app again", q, d.twin())
				x.out(session, d)
				x.ownerIn(p)
			}},
		{ID: "A-85", Tried: "the cookie of somebody else, one that was made up, and an old copy", Has: "a remembered browser of one's own, or a copy, and another's password",
			Try: func(x *Trial) {
				p, mine := x.remembered()
				q, own := x.remembered()
				b := x.attacker().plant("mfa-device", mine.cookie("mfa-device"))
				x.asked("somebody else's", q, b)
				x.asked("made up", q, x.attacker().plant("mfa-device", strings.Repeat("A", 64)))
				x.asked("cut off", q, x.attacker().plant("mfa-device", own.cookie("mfa-device")[1:]))
				old := own.twin()
				for range 2 {
					own.post("/logout", nil).want(http.StatusNoContent)
					x.later(2 * time.Minute)
					if f := own.post("/login", js{"email": q.email, "password": q.password}).want(http.StatusOK).flow(); f.Status != "passed" {
						fail("the owner's browser is not remembered: %+v", f)
					}
				}
				old.plant("session", "")
				x.asked("an old copy", q, old)
				x.out(b, old)
				x.told(q, "a copy of a remembered device")
				x.ownerIn(p)
			}},
		{ID: "A-86", Tried: "one's own password, in a browser that remembers somebody else", Has: "another's password, and their family's browser",
			Try: func(x *Trial) {
				_, b := x.remembered()
				q, _ := x.remembered() // in another browser
				b.post("/logout", nil).want(http.StatusNoContent)
				x.asked("", q, b)
				x.out(b)
				x.ownerIn(q)
			}},
		{ID: "D-01", Tried: "changes, and a transfer, in a session that a remembered browser began", Has: "the owner's browser, and the password",
			Try: func(x *Trial) {
				p, b := x.remembered()
				b.post("/logout", nil).want(http.StatusNoContent)
				b.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK)
				if m := b.me(); m.AAL != 1 {
					fail("the level is %d", m.AAL)
				}
				x.answered("removing the app", b.delete("/mfa/enrollments/"+p.app), http.StatusForbidden, "requirement")
				x.answered("new recovery codes", b.post("/mfa/recovery-codes", nil), http.StatusForbidden, "requirement")
				var order struct{ ID string }
				b.post("/transfer", js{"to": "Eve", "amount": "100"}).want(http.StatusCreated).into(&order)
				x.answered("a transfer", b.post("/transfer/"+order.ID, js{}), http.StatusForbidden, "requirement")
				f := b.post("/mfa/stepup", nil).want(http.StatusOK).flow()
				x.holds("a step-up asks for the app", f.Status == "challenge" && f.has("totp"))
				x.ownerIn(p)
			}},
		{ID: "D-04", Tried: "the cookie after 30 days, after the owner forgot all browsers, and after they signed out everywhere", Has: "the browser's cookies, and the password",
			Try: func(x *Trial) {
				p, b := x.remembered()
				p.elsewhere().delete("/mfa/devices").want(http.StatusNoContent)
				x.asked("all were forgotten", p, b.twin())
				q, c := x.remembered()
				r := q.elsewhere().with("Accept", "text/html").post("/settings/sign-out-everywhere", form())
				if r.status >= 400 {
					fail("sign out everywhere: %d %.600s", r.status, r.body)
				}
				x.asked("signed out everywhere", q, c.twin())
				s, d := x.remembered()
				x.later(30*24*time.Hour + time.Minute)
				x.asked("after 30 days", s, d.twin())
				x.out(c.twin(), d.twin())
			}},
		{ID: "D-05", Tried: "having the browser remembered by an answer that is wrong", Has: "the password",
			Try: func(x *Trial) {
				p, _ := x.remembered()
				b := x.attacker()
				f := p.login(b)
				x.answered("", b.post("/mfa/flow/verify", js{"option": f.option("totp"), "code": p.wrong(), "remember": true}), http.StatusUnauthorized, "code_not_valid")
				b.plant("mfa-flow", "")
				x.asked("the next sign-in", p, b)
				x.out(b)
				x.ownerIn(p)
			}},
	},
}

// remembered is somebody, and a browser of theirs that is remembered.
func (x *Trial) remembered() (*person, *browser) {
	p, b := x.owner(), x.browser(home)
	f := p.login(b)
	b.post("/mfa/flow/verify", js{"option": f.option("totp"), "code": p.next(), "remember": true}).want(http.StatusOK)
	if b.cookie("mfa-device") == "" {
		fail("the browser has no cookie")
	}
	// It is remembered: else what follows would show nothing.
	x.later(2 * time.Minute)
	twin := b.twin().plant("session", "")
	if f := twin.post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK).flow(); f.Status != "passed" {
		fail("the browser is not remembered: %+v", f)
	}
	twin.post("/logout", nil).want(http.StatusNoContent)
	b.plant("mfa-device", twin.cookie("mfa-device"))
	return p, b
}

// asked checks that a browser is asked for more than the password, and notes it.
func (x *Trial) asked(words string, p *person, b *browser) {
	p.login(b.plant("session", ""))
	x.says(words, "200, and the flow's status is `challenge`")
}
