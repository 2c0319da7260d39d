package attack

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

var sites = Theme{
	Title: "Other pages, and sessions",
	Text:  "The owner's browser sends its cookies for whoever asks it to. Rows that begin with an X are not of the catalogue.",
	Attacks: []Attack{
		{ID: "A-90", Tried: "a link that makes new recovery codes, or changes something else", Has: "the owner on the attacker's page, signed in",
			Try: func(x *Trial) {
				p := x.owner()
				b := p.elsewhere()
				x.answered("GET of the codes", b.get("/mfa/recovery-codes"), http.StatusMethodNotAllowed, "http_method_not_allowed")
				page := b.with("Accept", "text/html")
				for _, path := range []string{"/mfa/enrollments/" + p.app, "/settings/enrollments/" + p.app + "/remove", "/logout", "/mfa/stepup", "/settings/sign-out-everywhere"} {
					for _, c := range []*browser{b, page} {
						if r := c.get(path); r.status >= 500 {
							fail("GET %s: %d", path, r.status)
						}
					}
				}
				x.says("GET of what else changes something", "a refusal, or a page with a button")
				x.answered("GET of the page that makes codes", page.get("/settings/recovery-codes"), http.StatusOK)
				x.holds("the codes are the old ones, and the app is there", b.enrollments().Left == 10 && len(b.enrollments().Enrollments) == 1)
				c := x.browser(home)
				c.verify(p.login(c).option("recovery"), p.recovery[4]).want(http.StatusOK)
				x.holds("one of them signs in", c.me().Email == p.email)
			}},
		{ID: "A-91", Tried: "taking MFA off by every form and call that can, without the second factor", Has: "a stolen session, and the password",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				thief.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
				x.answered("by the API", thief.delete("/mfa/enrollments/"+p.app), http.StatusForbidden, "requirement")
				page := thief.with("Accept", "text/html")
				turnedAway("/confirm", page.post("/settings/enrollments/"+p.app+"/remove", form()), page.post("/settings/recovery-codes", form()),
					page.post("/setup", form("label", "Mine")), page.get("/setup"), page.post("/settings/enrollments/"+p.app+"/rename", form("label", "Mine")))
				x.says("by the pages", "403, or the way to the page that asks for the app")
				l := p.elsewhere().enrollments()
				x.holds("the app and the codes are there", len(l.Enrollments) == 1 && l.Left == 10 && l.Enrollments[0].Label != "Mine")
				x.ownerIn(p)
			}},
		{ID: "A-95", Tried: "going on in a stolen session after the owner has set MFA up, or added another app", Has: "a stolen session",
			Try: func(x *Trial) {
				p := x.newcomer("")
				thief := p.twin()
				p.addApp()
				x.later(p.phone.Period)
				x.answered("after the set-up", thief.get("/me"), http.StatusUnauthorized, "unauthenticated")
				other := p.elsewhere().twin()
				own := p.elsewhere()
				e := own.begin(js{"method": "totp"})
				own.activate(e.ID, x.phone(e).Code()).want(http.StatusOK)
				x.answered("after another app", other.get("/me"), http.StatusUnauthorized, "unauthenticated")
				x.out(thief, other)
				x.holds("the owner's own session goes on", own.me().Email == p.email)
			}},
		{ID: "A-96", Tried: "guessing session identifiers, and going on with those that are over", Has: "sessions of one's own",
			Try: func(x *Trial) {
				p := x.owner()
				b := p.elsewhere()
				var ids []string
				for range 6 {
					b.post("/reauthenticate", js{"password": p.password}).want(http.StatusNoContent)
					id := b.cookie("session")
					if len(id) < 26 { // 128 bits in base 32
						fail("an identifier of %d characters", len(id))
					}
					for _, other := range ids {
						if alike(id, other) > 8 {
							fail("two identifiers begin with the same %d characters", alike(id, other))
						}
					}
					ids = append(ids, id)
				}
				last := ids[5][:len(ids[5])-1]
				for _, id := range append(ids[:5:5], last+"A", last+"B", last, "", "1", "../"+last) {
					if c := x.attacker().plant("session", id); id != ids[5] && c.get("/me").status != http.StatusUnauthorized {
						fail("a session under %q", id)
					}
				}
				x.says("the ones before, and the neighbours of the one that is good", "401 `unauthenticated`")
				x.holds("each success makes a new one, of 128 bits at least, unlike the others", b.me().Email == p.email)
			}},
		{ID: "C-14", Tried: "every change, from a page of another site", Has: "the owner on the attacker's page, signed in",
			Try: func(x *Trial) {
				p := x.owner()
				b := p.elsewhere()
				for _, from := range []*browser{b.with("Origin", "https://evil.example"), b.with("Origin", "null"), b.with("Sec-Fetch-Site", "cross-site"), b.with("Sec-Fetch-Site", "same-site")} {
					for _, call := range [][2]string{
						{"POST", "/mfa/enrollments"}, {"DELETE", "/mfa/enrollments"}, {"DELETE", "/mfa/enrollments/" + p.app}, {"PATCH", "/mfa/enrollments/" + p.app},
						{"POST", "/mfa/recovery-codes"}, {"POST", "/mfa/stepup"}, {"DELETE", "/mfa/devices"}, {"POST", "/mfa/passkey/begin"},
						{"POST", "/login"}, {"POST", "/register"}, {"POST", "/password"}, {"POST", "/reauthenticate"}, {"POST", "/logout"},
						{"POST", "/transfer"}, {"POST", "/settings/enrollments/" + p.app + "/remove"}, {"POST", "/settings/recovery-codes"}, {"POST", "/setup"},
						{"POST", "/reset"}, {"POST", "/magic/enter"}, {"POST", "/settings/sign-out-everywhere"},
					} {
						x.want(call[0]+" "+call[1], from.do(call[0], call[1], js{}), http.StatusForbidden, "cross_origin")
					}
				}
				x.says("twenty calls, from four such pages", "403 `cross_origin`")
				x.answered("as a program, from a page", b.with("Origin", "https://evil.example").with("Mfa-Client", "native").post("/mobile/login", js{"email": p.email, "password": p.password}), http.StatusForbidden, "cross_origin")
				l := b.enrollments()
				x.holds("the owner is signed in, and has what they had", len(l.Enrollments) == 1 && l.Left == 10)
			}},
		{ID: "D-06", Tried: "headers of a proxy, for an address that the owner is known at", Has: "the password, and the owner's address",
			Elsewhere: []string{"TestA63_D06_ClientAddress", "TestD06_SpoofedForwardedForIsNotScored"}},
		{ID: "C-09", Tried: "being sent on to what half a sign-in may see, by every page there is", Has: "the password",
			Elsewhere: []string{"TestA52_EveryRouteIsOpenOrProtected", "TestC09_C10_EveryCallRefusesAPendingSignIn"}},
		{ID: "X-01", Tried: "a link to the app that leads to another site once the owner has signed in", Has: "a link that the owner follows",
			Try: func(x *Trial) {
				p := x.owner()
				for _, evil := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", "/..//evil.example", "https:evil.example"} {
					b := p.elsewhere().with("Accept", "text/html")
					r := b.post("/reauthenticate", form("password", p.password, "return", evil))
					to := r.header.Get("Location")
					if r.status != http.StatusSeeOther || !strings.HasPrefix(to, "/") || strings.HasPrefix(strings.TrimLeft(to[1:], "\t"), "/") || strings.Contains(to, `\\`) {
						fail("%q leads, by %d, to %q", evil, r.status, to)
					}
				}
				x.says("eight ways to write one", "303 to an address of the app's own")
				b := p.elsewhere().with("Accept", "text/html")
				x.holds("a page of the app's own is led to", b.post("/reauthenticate", form("password", p.password, "return", "/settings")).header.Get("Location") == "/settings")
			}},
		{ID: "X-02", Tried: "showing the app's pages in a frame, and having them kept by caches and sent on as referrer", Has: "the owner on the attacker's page",
			Try: func(x *Trial) {
				p := x.owner()
				b := p.elsewhere().with("Accept", "text/html")
				for _, path := range []string{"/", "/login", "/settings", "/setup", "/mfa/enrollments", "/me"} {
					h := b.get(path).header
					if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || !strings.Contains(h.Get("Cache-Control"), "no-store") || !slices.Contains([]string{"same-origin", "no-referrer"}, h.Get("Referrer-Policy")) {
						fail("%s: %v", path, h)
					}
				}
				x.says("each page and answer", "`frame-ancestors 'none'`, `no-store`, and no referrer to others")
				x.holds("scripts and styles come from the app alone, and none stands in a page", strings.Contains(b.get("/login").header.Get("Content-Security-Policy"), "default-src 'none'"))
			}},
		{ID: "X-03", Tried: "half a sign-in and a set-up that were left open", Has: "the owner's browser, eleven minutes later",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f := p.login(b)
				token := b.cookie("mfa-flow")
				own := p.elsewhere()
				e := own.begin(js{"method": "totp"})
				x.later(11 * time.Minute)
				b.plant("mfa-flow", token)
				x.answered("the sign-in, with the right code", b.verify(f.option("totp"), p.phone.Code()), http.StatusGone, "flow_expired")
				x.answered("the set-up, with the right code", own.activate(e.ID, x.phone(e).Code()), http.StatusGone, "enrollment_expired")
				x.out(b)
				x.ownerIn(p)
			}},
	},
}

// alike is how much of their beginnings two texts share.
func alike(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
