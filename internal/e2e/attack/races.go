package attack

import (
	"net/http"
	"slices"
	"time"
)

// lockEnds is more than the first pauses after wrong codes.
const lockEnds = 20 * time.Minute

var races = Theme{
	Title: "Many requests at one moment",
	Text:  "Where a check and what follows from it are apart, requests that come together all pass the check.",
	Attacks: []Attack{
		{ID: "A-11", Tried: "one recovery code in twenty requests at the same moment", Has: "the password, and one of the codes",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f := p.login(b)
				twins := x.twins(b, 20)
				x.once(together(20, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/flow/verify", js{"option": f.option("recovery"), "code": p.recovery[0]})
				}))
				x.holds("at most one browser is in", x.signedIn(twins) <= 1)
				x.told(p, "recovery code was used")
				x.ownerIn(p)
			}},
		{ID: "A-12", Tried: "one code by text message in twenty requests at the same moment", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.attacker()
				f := p.login(b)
				code := b.send(f.option("sms"), number)
				twins := x.twins(b, 20)
				x.once(together(20, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/flow/verify", js{"option": f.option("sms"), "code": code})
				}))
				x.holds("at most one browser is in", x.signedIn(twins) <= 1)
			}},
		{ID: "A-13", Tried: "one recovery code in four sign-ins at the same moment", Has: "the password, and one of the codes",
			Try: func(x *Trial) {
				p := x.owner()
				var flows []flow
				var all []*browser
				for range 4 {
					b := x.attacker()
					flows, all = append(flows, p.login(b)), append(all, b)
				}
				x.once(together(4, func(i int) (reply, error) {
					return all[i].try("POST", "/mfa/flow/verify", js{"option": flows[i].option("recovery"), "code": p.recovery[1]})
				}))
				x.holds("at most one browser is in", x.signedIn(all) <= 1)
				left := p.elsewhere().enrollments().Left
				x.holds("nine recovery codes are left", left == 9)
			}},
		{ID: "A-14", Tried: "a race that one of several databases lets pass", Has: "what the race needs",
			Elsewhere: []string{"TestA14_Store", "TestA14_TwoHandles", "TestA14_TwoHandlesOnOneDB", "TestA14_TwoHandlesOnOneFile", "TestA14_OtherIsolations"}},
		{ID: "A-15", Tried: "new recovery codes, five times at the same moment", Has: "a session that has just signed in",
			Try: func(x *Trial) {
				p := x.owner()
				b := p.elsewhere()
				twins := x.twins(b, 5)
				var sets [][]string
				for _, r := range together(5, func(i int) (reply, error) { return twins[i].try("POST", "/mfa/recovery-codes", nil) }) {
					var out struct{ Codes []string }
					r.want(http.StatusOK).into(&out)
					sets = append(sets, out.Codes)
				}
				x.says("each", "200, one after the other")
				good := 0
				for _, set := range append(sets, p.recovery) {
					c := x.attacker()
					if c.verify(p.login(c).option("recovery"), set[0]).status == http.StatusOK {
						good++
					}
				}
				x.holds("the codes of one set sign in, and of no other", good == 1)
				x.ownerIn(p)
			}},
		{ID: "A-16", Tried: "a thousand enrolments at one moment, against what is kept in memory", Has: "accounts",
			Elsewhere: []string{"TestA16_ThousandGoroutines", "TestA16_ManyUsersAtOnce"}},
		{ID: "A-17", Tried: "forty wrong codes at the same moment", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				b, c := x.attacker(), x.attacker()
				f, g, wrong := p.login(b), p.login(c), p.wrong()
				twins := append(x.twins(b, 20), x.twins(c, 20)...)
				got := together(40, func(i int) (reply, error) {
					option := f.option("totp")
					if i >= 20 {
						option = g.option("totp")
					}
					return twins[i].try("POST", "/mfa/flow/verify", js{"option": option, "code": wrong})
				})
				looked := count(got, "401 `code_not_valid`")
				if looked < 1 || looked > 5 || looked+count(got, "429 `locked`") != 40 {
					fail("%d of 40 were looked at", looked)
				}
				x.says("five of them, or fewer", "401 `code_not_valid`")
				x.says("all others", "429 `locked`")
				x.answered("then the right code", b.verify(f.option("totp"), p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.out(twins...)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-18", Tried: "twenty sign-ins, with ten guesses in each", Has: "the password",
			Try: func(x *Trial) {
				p := x.owner()
				p.post("/logout", nil)
				wrong, looked := p.wrong(), 0
				var all []*browser
				for range 20 {
					b := x.attacker()
					f := p.login(b)
					for range 10 {
						r := b.verify(f.option("totp"), wrong)
						if r.short() == "401 `code_not_valid`" {
							looked++
						} else {
							r.want(http.StatusTooManyRequests, "locked")
						}
					}
					all = append(all, b)
					x.later(90 * time.Second)
				}
				x.says("fifteen guesses or fewer", "401 `code_not_valid`")
				x.says("all others", "429 `locked`")
				x.holds("no more than fifteen of two hundred were looked at", looked >= 5 && looked <= 15)
				x.out(all[19])
				x.told(p, "many wrong answers")
			}},
		{ID: "A-19", Tried: "wrong codes at the same moment, so that the count is one", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f, wrong := p.login(b), p.wrong()
				twins := x.twins(b, 4)
				var left []float64
				for _, r := range together(4, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/flow/verify", js{"option": f.option("totp"), "code": wrong})
				}) {
					n, _ := r.want(http.StatusUnauthorized, "code_not_valid").member("attempts_left").(float64)
					left = append(left, n)
				}
				slices.Sort(left)
				if !slices.Equal(left, []float64{1, 2, 3, 4}) {
					fail("attempts left: %v", left)
				}
				x.says("four at once", "401 `code_not_valid`, with 4, 3, 2 and 1 attempts left")
				b.verify(f.option("totp"), wrong).want(http.StatusUnauthorized, "code_not_valid")
				x.answered("the right code after the fifth", b.verify(f.option("totp"), p.phone.Code()), http.StatusTooManyRequests, "locked")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
	},
}

// twins are copies of a browser.
func (x *Trial) twins(b *browser, n int) (out []*browser) {
	for range n {
		out = append(out, b.twin())
	}
	return out
}

// signedIn counts the browsers that are.
func (x *Trial) signedIn(all []*browser) (n int) {
	for _, b := range all {
		if len(inside(b)) > 0 {
			n++
		}
	}
	return n
}
