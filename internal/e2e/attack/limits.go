package attack

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

var limits = Theme{
	Title: "Guessing",
	Text: "Six digits are a million; whoever has the password and may try often enough gets in. Wrong codes are counted for the account, " +
		"whatever they are typed into, and the owner is not locked out by them.",
	Attacks: []Attack{
		{ID: "A-54", Tried: "a new sign-in after each wrong code, so that the count goes with what is given up", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				wrong := p.wrong()
				for left := 4; left >= 0; left-- {
					b := x.attacker()
					r := b.verify(p.login(b).option("totp"), wrong).want(http.StatusUnauthorized, "code_not_valid")
					if r.member("attempts_left") != float64(left) {
						fail("%s, want %d left", r.body, left)
					}
				}
				x.says("five of them", "401 `code_not_valid`, with 4, 3, 2, 1, 0 attempts left")
				x.answered("the right code then", x.half(p, "totp", p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-55", Tried: "a new sign-in after four wrong codes, again and again", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				wrong := p.wrong()
				for range 4 {
					x.want("wrong", x.half(p, "totp", wrong), http.StatusUnauthorized, "code_not_valid")
				}
				x.answered("the fifth, in a new sign-in", x.half(p, "totp", wrong), http.StatusUnauthorized, "code_not_valid")
				b := x.attacker()
				f := p.login(b)
				x.answered("the sixth", b.verify(f.option("totp"), wrong), http.StatusTooManyRequests, "locked")
				x.answered("the right code", b.verify(f.option("totp"), p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-56", Tried: "guesses at the other front ends, which have been forgotten elsewhere", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				wrong := p.wrong()
				web := x.attacker()
				option := p.login(web).option("totp")
				for i, at := range []string{"/api", "/mobile", "/api", "/mobile"} {
					c, f := x.token(p, at)
					r := c.post(at+"/mfa/flow/verify", js{"option": f.option("totp"), "code": wrong}).want(http.StatusUnauthorized, "code_not_valid")
					if r.member("attempts_left") != float64(4-i) {
						fail("%s: %s", at, r.body)
					}
				}
				x.says("two at each", "401 `code_not_valid`, of one count")
				x.want("the fifth", web.verify(option, wrong), http.StatusUnauthorized, "code_not_valid")
				for _, at := range []string{"/api", "/mobile"} {
					c, f := x.token(p, at)
					x.answered("the right code at "+at, c.post(at+"/mfa/flow/verify", js{"option": f.option("totp"), "code": p.phone.Code()}), http.StatusTooManyRequests, "locked")
				}
				x.out(web)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-57", Tried: "forty codes, one after the other", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				option := p.login(b).option("totp")
				looked, wrong := 0, p.wrong()
				for range 40 {
					r := b.verify(option, wrong)
					if r.short() == "401 `code_not_valid`" {
						looked++
					} else if r.want(http.StatusTooManyRequests, "locked").header.Get("Retry-After") == "" {
						fail("it does not say when to come again")
					}
				}
				x.says("the first five", "401 `code_not_valid`")
				x.says("all others", "429 `locked`, with Retry-After")
				x.holds("seven or fewer were looked at, one after each pause", looked >= 5 && looked <= 7)
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-58", Tried: "forty codes at a step-up, and at the confirmation of a set-up", Has: "a stolen session, or one that is fresh",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				own := p.elsewhere()
				e := own.begin(js{"method": "totp"})
				wrong := p.wrong()
				looked := count(repeat(40, func() reply { return own.activate(e.ID, wrong) }), "401 `code_not_valid`")
				x.says("at the confirmation, ten times", "401 `code_not_valid`")
				x.answered("then the right code", own.activate(e.ID, x.phone(e).Code()), http.StatusGone, "enrollment_expired")
				x.holds("ten were looked at, and the set-up was over", looked == 10)
				option := thief.post("/mfa/stepup", nil).want(http.StatusOK).flow().option("totp")
				got := repeat(40, func() reply { return thief.verify(option, wrong) })
				looked = count(got, "401 `code_not_valid`")
				x.says("at the step-up, a few times", "401 `code_not_valid`, then 429 `locked`")
				x.holds("seven or fewer were looked at there", looked <= 7 && looked+count(got, "429 `locked`") == 40)
				x.want("a change", thief.post("/mfa/recovery-codes", nil), http.StatusForbidden, "requirement")
				x.later(time.Hour)
				x.ownerIn(p)
			}},
		{ID: "A-59", Tried: "the right code elsewhere, once the sign-in is locked", Has: "the password, a stolen session, and a right code",
			Try: func(x *Trial) {
				p := x.owner()
				thief := p.stale()
				step := thief.post("/mfa/stepup", nil).want(http.StatusOK).flow().option("totp")
				b := x.attacker()
				option := p.login(b).option("totp")
				repeat(5, func() reply { return b.verify(option, p.wrong()) })
				x.answered("at a step-up", thief.verify(step, p.phone.Code()), http.StatusTooManyRequests, "locked")
				for _, at := range []string{"/api", "/mobile"} {
					c, f := x.token(p, at)
					x.answered("at "+at, c.post(at+"/mfa/flow/verify", js{"option": f.option("totp"), "code": p.phone.Code()}), http.StatusTooManyRequests, "locked")
				}
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-60", Tried: "another spelling of the name for each wrong code", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				wrong := p.wrong()
				spelled := func(n int) string { return strings.ToUpper(p.email[:n]) + p.email[n:] }
				for i := range 5 {
					b := x.attacker()
					f := b.post("/login", js{"email": spelled(i + 1), "password": p.password}).challenged()
					r := b.verify(f.option("totp"), wrong).want(http.StatusUnauthorized, "code_not_valid")
					if r.member("attempts_left") != float64(4-i) {
						fail("%s", r.body)
					}
				}
				x.says("five of them", "401 `code_not_valid`, of one count")
				b := x.attacker()
				f := b.post("/login", js{"email": spelled(9), "password": p.password}).challenged()
				x.answered("the right code in a sixth", b.verify(f.option("totp"), p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-61", Tried: "four guesses at each of many codes by text message", Has: "the password",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				var asked, guessed []reply
				for range 10 {
					b := x.attacker()
					option := p.login(b).option("sms")
					r := b.post("/mfa/flow/challenge", js{"option": option})
					asked = append(asked, r)
					for _, wrong := range notCodes(x.codeTo(number), 4) {
						if r.status == http.StatusOK {
							guessed = append(guessed, b.verify(option, wrong))
						}
					}
					x.later(5 * time.Minute)
				}
				x.only("asking for a code", asked, "200", "429 `send_limit`")
				x.only("the guesses", guessed, "401 `code_not_valid`", "429 `locked`")
				looked := count(guessed, "401 `code_not_valid`")
				x.holds("fifteen guesses or fewer were looked at, in an hour", looked >= 5 && looked <= 15)
			}},
		{ID: "A-62", Tried: "the same guess against new codes without end", Has: "the password",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.attacker()
				before := x.sent(number)
				var guessed []reply
				for range 25 {
					f := p.login(b)
					b.post("/mfa/flow/challenge", js{"option": f.option("sms")})
					guessed = append(guessed, b.verify(f.option("sms"), notCodes(x.codeTo(number), 1)[0]))
					x.later(2 * time.Minute)
				}
				x.only("", guessed, "401 `code_not_valid`", "429 `locked`")
				looked := count(guessed, "401 `code_not_valid`")
				x.holds("fifteen guesses or fewer were looked at", looked >= 5 && looked <= 15)
				x.holds("ten messages or fewer went out", x.sent(number)-before <= 10)
				x.told(p, "many wrong answers")
			}},
		{ID: "A-63", Tried: "one's own right password between guesses at others', and forged headers of a proxy", Has: "an account",
			Try: func(x *Trial) {
				p, q := x.owner(), x.newcomer("")
				guess := func(i int) reply {
					b := x.attacker().with("X-Forwarded-For", fmt.Sprintf("192.0.2.%d", i)).with("Forwarded", fmt.Sprintf("for=192.0.2.%d", i)).with("X-Real-IP", fmt.Sprintf("192.0.2.%d", i))
					return b.post("/login", js{"email": p.email, "password": "wrong password"})
				}
				for i := range manyPasswords {
					x.later(16 * time.Minute)
					x.want("a guess", guess(i), http.StatusUnauthorized, "invalid_credentials")
					x.attacker().post("/login", js{"email": q.email, "password": q.password}).want(http.StatusOK)
				}
				x.says("twelve guesses, a quarter of an hour apart", "401 `invalid_credentials`")
				x.answered("the next, at once", guess(99), http.StatusTooManyRequests, "too_often")
				x.answered("the right password from there", x.attacker().post("/login", js{"email": p.email, "password": p.password}), http.StatusTooManyRequests, "too_often")
				x.ownerIn(p)
			}},
		{ID: "A-64", Tried: "another spelling of the name for each wrong password", Has: "a name",
			Try: func(x *Trial) {
				p := x.owner()
				for i := range manyPasswords {
					x.later(16 * time.Minute)
					x.want("a guess", x.attacker().post("/login", js{"email": " " + strings.ToUpper(p.email[:i]) + p.email[i:], "password": "wrong password"}), http.StatusUnauthorized, "invalid_credentials")
				}
				x.says("twelve guesses, a quarter of an hour apart", "401 `invalid_credentials`")
				x.answered("the next, at once", x.attacker().post("/login", js{"email": strings.ToUpper(p.email), "password": "wrong password"}), http.StatusTooManyRequests, "too_often")
				x.ownerIn(p)
			}},
		{ID: "A-65", Tried: "keeping the owner out, by wrong passwords and by wrong codes", Has: "the name, and then the password",
			Try: func(x *Trial) {
				p := x.owner()
				known := x.browser(home)
				known.verify(p.login(known).option("totp"), p.next()).want(http.StatusOK)
				wrong := repeat(manyPasswords, func() reply {
					x.later(16 * time.Minute)
					return x.attacker().post("/login", js{"email": p.email, "password": "wrong password"})
				})
				x.only("twelve wrong passwords, a quarter of an hour apart", wrong, "401 `invalid_credentials`")
				x.answered("a right one from there, at once", x.attacker().post("/login", js{"email": p.email, "password": p.password}), http.StatusTooManyRequests, "too_often")
				x.ownerIn(p)
				b := x.browser("192.0.2.77")
				f := p.login(b)
				x.only("ten wrong codes", repeat(10, func() reply { return b.verify(f.option("totp"), p.wrong()) }), "401 `code_not_valid`", "429 `locked`")
				known.post("/logout", nil).want(http.StatusNoContent)
				f = p.login(known)
				x.holds("the owner is let in at once, in a browser that has passed before", known.verify(f.option("totp"), p.phone.CodeAt(x.now().Add(p.phone.Period))).status == http.StatusOK)
				x.out(b)
			}},
	},
}

// manyPasswords are as many wrong ones as make the next wait for two minutes, which
// no slow machine uses up. They are tried when nobody has to wait for the next.
const manyPasswords = 12

// repeat sends one after the other.
func repeat(n int, send func() reply) []reply {
	return repeatFor(n, func(int) reply { return send() })
}

func repeatFor(n int, send func(i int) reply) (all []reply) {
	for i := range n {
		all = append(all, send(i))
	}
	return all
}

// notCodes are other codes than this one.
func notCodes(code string, n int) (out []string) {
	for i := range n + 1 {
		if c := fmt.Sprintf("%06d", i); c != code && len(out) < n {
			out = append(out, c)
		}
	}
	return out
}
