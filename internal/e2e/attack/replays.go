package attack

import (
	"net/http"
	"strings"
)

var replays = Theme{
	Title: "A right code, once more",
	Text: "Codes of authenticator apps are right for a minute and a half. Whoever reads one over a shoulder, " +
		"or on a page of their own, has it while it is right.",
	Attacks: []Attack{
		{ID: "A-01", Tried: "the code that the owner has just signed in with, in another browser", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				code := x.seen(p)
				x.answered("", b.verify(p.login(b).option("totp"), code), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "A-02", Tried: "the same where the code was right for an OTP library that keeps no state", Has: "the password, and sight of the phone",
			Elsewhere: []string{"TestC28_A02_NoOtherRandomnessAndNoForgetfulCheck", "TestT01_A02_CodeOfTheOldSystemIsSpent"}},
		{ID: "A-03", Tried: "the same where the library leaves it to the host to remember", Has: "the password, and sight of the phone",
			Elsewhere: []string{"TestT01_StepIsSpentOnce"}},
		{ID: "A-04", Tried: "the same code with spaces, other digits and control characters in it", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f, code := p.login(b), x.seen(p)
				for _, spelling := range []string{" " + code, code + " ", code[:3] + " " + code[3:], "  " + code + "  "} {
					b.verify(f.option("totp"), spelling).want(http.StatusUnauthorized, "code_not_valid")
				}
				x.says("with spaces", "401 `code_not_valid`")
				for _, spelling := range []string{"\t" + code, code + "\n", code + "\x00", "+" + code, wide(code), code + ".0", "\u00a0" + code} {
					if r := b.verify(f.option("totp"), spelling); r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized && r.status != http.StatusTooManyRequests {
						fail("%q: %d %s", spelling, r.status, r.body)
					}
				}
				x.says("with anything else", "400, 401 or 429")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-05", Tried: "spellings of wrong codes, so that each counts as the first", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f, w := p.login(b), p.wrong()
				for i, spelling := range []string{w, " " + w, w + " ", w[:3] + " " + w[3:], w[:1] + "  " + w[1:]} {
					r := b.verify(f.option("totp"), spelling).want(http.StatusUnauthorized, "code_not_valid")
					if left := r.member("attempts_left"); left != float64(4-i) {
						fail("%q leaves %v", spelling, left)
					}
				}
				x.says("five spellings", "401 `code_not_valid`, with 4, 3, 2, 1, 0 attempts left")
				x.answered("then even the right code", b.verify(f.option("totp"), p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-06", Tried: "one code in forty requests at the same moment, in two sign-ins and a step-up", Has: "the password, a session, and sight of the phone",
			Try: func(x *Trial) {
				p, b, c := x.owner(), x.attacker(), x.attacker()
				session := p.stale()
				flows := []flow{p.login(b), p.login(c), session.post("/mfa/stepup", nil).want(http.StatusOK).flow()}
				code := p.next()
				var twins []*browser
				for i := range 40 {
					twins = append(twins, []*browser{b, c, session}[i%3].twin())
				}
				got := together(40, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/flow/verify", js{"option": flows[i%3].option("totp"), "code": code})
				})
				x.once(got)
				in := 0
				for i, t := range twins {
					if i%3 < 2 && len(inside(t)) > 0 {
						in++
					}
				}
				x.holds("at most one browser is in", in <= 1)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-07", Tried: "the code of the sign-in again, at a step-up", Has: "a stolen session, and sight of the phone",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				code := x.seen(p)
				f := thief.post("/mfa/stepup", nil).want(http.StatusOK).flow()
				x.answered("", thief.verify(f.option("totp"), code), http.StatusUnauthorized, "code_not_valid")
				x.answered("a change then", thief.post("/mfa/recovery-codes", nil), http.StatusForbidden, "requirement")
				x.holds("the recovery codes are as they were", p.stale().enrollments().Left == 10)
				x.ownerIn(p)
			}},
		{ID: "A-08", Tried: "the code that confirmed the new app, at a sign-in", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b := x.newcomer(""), x.attacker()
				e := p.begin(js{"method": "totp"})
				p.phone = x.phone(e)
				code := p.phone.Code()
				p.activate(e.ID, code).want(http.StatusOK)
				x.answered("", b.verify(p.login(b).option("totp"), code), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "A-09", Tried: "the code before the one that was used, which is not over yet", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b, c := x.owner(), x.attacker(), x.browser(home)
				f, g := p.login(b), p.login(c)
				x.later(p.phone.Period)
				before := p.phone.CodeAt(x.now())
				c.verify(g.option("totp"), p.phone.CodeAt(x.now().Add(p.phone.Period))).want(http.StatusOK)
				x.answered("", b.verify(f.option("totp"), before), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.later(2 * p.phone.Period)
				x.ownerIn(p)
			}},
		{ID: "A-10", Tried: "the used code at the other front ends, and after a wrong one", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f, code := p.login(b), x.seen(p)
				b.verify(f.option("totp"), p.wrong()).want(http.StatusUnauthorized, "code_not_valid")
				x.answered("after a wrong one", b.verify(f.option("totp"), code), http.StatusUnauthorized, "code_not_valid")
				for _, at := range []string{"/api", "/mobile"} {
					c, f := x.token(p, at)
					x.answered("at "+at, c.post(at+"/mfa/flow/verify", js{"option": f.option("totp"), "code": code}), http.StatusUnauthorized, "code_not_valid")
					c.get(at+"/me").want(http.StatusUnauthorized, "unauthenticated")
				}
				x.out(b)
				x.ownerIn(p)
			}},
	},
}

// seen is a code that the owner has just used.
func (x *Trial) seen(p *person) string {
	b := x.browser(home)
	f, code := p.login(b), p.next()
	b.verify(f.option("totp"), code).want(http.StatusOK)
	return code
}

// token begins a sign-in at another front end, and is a program that holds its flow.
func (x *Trial) token(p *person, at string) (*browser, flow) {
	path := at + "/login"
	if at == "/api" {
		path = "/api/token"
	}
	f := x.program("").post(path, js{"email": p.email, "password": p.password}).challenged()
	return x.program(f.Token), f
}

// once notes that of equal answers at one moment one was taken.
func (x *Trial) once(got []reply) {
	taken := count(got, "200")
	refused := 0
	for _, short := range []string{"401 `code_not_valid`", "410 `flow_expired`", "429 `locked`", "404 `no_enrollment`"} {
		refused += count(got, short)
	}
	if taken != 1 || taken+refused != len(got) {
		var all []string
		for _, r := range got {
			all = append(all, r.short())
		}
		fail("of %d, %d were taken: %s", len(got), taken, strings.Join(all, ", "))
	}
	x.says("one of them", "200")
	x.says("all others", "401 `code_not_valid`, 410 `flow_expired` or 429 `locked`")
}

// wide writes digits of another script.
func wide(code string) string {
	return strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
}
