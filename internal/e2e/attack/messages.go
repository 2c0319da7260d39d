package attack

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var messages = Theme{
	Title: "Messages that somebody pays for and reads",
	Text:  "Each text message costs money, and each message tells something to whoever reads it.",
	Attacks: []Attack{
		{ID: "A-87", Tried: "messages to numbers that pay whoever owns them, and to many numbers", Has: "accounts",
			Try: func(x *Trial) {
				p := x.newcomer("")
				for _, premium := range []string{"+479001234567", "+882161234567", "+37212345678", "+2348012345678", "+448712345678", "+870773111632"} {
					x.want(premium, p.post("/mfa/enrollments", js{"method": "sms", "phone": premium}), http.StatusUnprocessableEntity, "destination_refused")
				}
				x.says("to services, satellites and countries that are not served", "422 `destination_refused`")
				before := x.texts()
				got := repeatFor(40, func(i int) reply { return p.post("/mfa/enrollments", js{"method": "sms", "phone": x.mobile(100 + i)}) })
				x.says("to forty numbers of a country that is served", "201 for the first few, then 429 `send_limit`")
				x.holds("ten messages or fewer went out", x.texts()-before <= 10 && count(got, "201") <= 10 && count(got, "201")+count(got, "429 `send_limit`") == 40)
				q := x.newcomer("")
				got = repeatFor(15, func(int) reply { return q.post("/mfa/enrollments", js{"method": "sms", "phone": x.mobile(1)}) })
				x.says("to one number, fifteen times", "201, then 429 `too_soon`")
				x.holds("and one to the one number", x.sent(x.mobile(1)) == 1 && count(got, "201") == 1 && count(got, "429 `too_soon`") == 14)
			}},
		{ID: "A-88", Tried: "forty requests for a code at the same moment", Has: "the password",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.attacker()
				option, before := p.login(b).option("sms"), x.sent(number)
				twins := x.twins(b, 40)
				got := together(40, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/flow/challenge", js{"option": option})
				})
				if count(got, "200") < 1 || count(got, "200")+count(got, "429 `too_soon`") != 40 {
					fail("%d were answered by 200, %d too soon", count(got, "200"), count(got, "429 `too_soon`"))
				}
				x.says("", "200, and 429 `too_soon`")
				x.holds("one message went out", x.sent(number) == before+1)
			}},
		{ID: "A-89", Tried: "reading codes, numbers and passwords in the log", Has: "the log",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.browser(home)
				option := p.login(b).option("sms")
				code := b.send(option, number)
				wrong := notCodes(code, 1)[0]
				b.verify(option, wrong)
				b.verify(option, code).want(http.StatusOK)
				token := b.cookie("session")
				x.attacker().post("/login", js{"email": p.email, "password": "wrong password 1"})
				log := x.log.String()
				for _, secret := range []string{code, strings.TrimPrefix(number, "+"), p.password, "wrong password 1", token, p.recovery[0]} {
					if regexp.MustCompile(`\b` + regexp.QuoteMeta(secret) + `\b`).MatchString(log) {
						fail("the log holds a secret")
					}
				}
				x.says("", "lines that say who did what, when and from where")
				x.holds("no code, number, password or token is in them", strings.Contains(log, "flow.passed"))
			}},
		{ID: "A-92", Tried: "having messages sent, and codes tried, from a page of another site", Has: "the owner on the attacker's page, in the middle of a sign-in",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.browser(home)
				option, before := p.login(b).option("sms"), x.sent(number)
				for _, from := range []*browser{b.with("Origin", "https://evil.example"), b.with("Origin", "null"), b.with("Sec-Fetch-Site", "cross-site"), b.with("Origin", "https://evil.example").with("Sec-Fetch-Site", "same-site")} {
					x.want("challenge", from.post("/mfa/flow/challenge", js{"option": option}), http.StatusForbidden, "cross_origin")
					x.want("verify", from.post("/mfa/flow/verify", js{"option": option, "code": "000000"}), http.StatusForbidden, "cross_origin")
					x.want("mail", from.post("/forgot", js{"email": p.email}), http.StatusForbidden, "cross_origin")
				}
				x.says("from another origin", "403 `cross_origin`")
				plain := b.post("/mfa/flow/challenge", raw{"text/plain", fmt.Sprintf(`{"option":%q}`, option)})
				if plain.status < 400 {
					fail("text/plain is taken: %d", plain.status)
				}
				x.says("as text/plain, which needs no leave", plain.short())
				x.holds("no message went out", x.sent(number) == before)
				b.verify(option, b.send(option, number)).want(http.StatusOK)
				x.holds("the owner signs in as always", b.me().Email == p.email)
			}},
		{ID: "A-93", Tried: "finding out who has an account", Has: "a list of addresses",
			Try: func(x *Trial) {
				p, nobody := x.owner(), "nobody@example.com"
				same := func(path string, has, none any) reply {
					r, s := x.attacker().post(path, has), x.attacker().post(path, none)
					if r.status != s.status || string(r.body) != string(s.body) || !slices.Equal(names(r.header), names(s.header)) {
						fail("%s: %d %s, and %d %s", path, r.status, r.body, s.status, s.body)
					}
					return r
				}
				x.answered("a wrong password", same("/login", js{"email": p.email, "password": "wrong password"}, js{"email": nobody, "password": "wrong password"}), http.StatusUnauthorized, "invalid_credentials")
				x.answered("a wrong password at the API", same("/api/token", js{"email": p.email, "password": "wrong password"}, js{"email": nobody, "password": "wrong password"}), http.StatusUnauthorized, "invalid_credentials")
				x.answered("a forgotten password", same("/forgot", js{"email": p.email}, js{"email": nobody}), http.StatusNoContent)
				x.answered("a mailed link", same("/magic", js{"email": p.email}, js{"email": nobody}), http.StatusNoContent)
				x.holds("body, status and headers are the same for who has an account and who has none", true)
			}},
		{ID: "A-94", Tried: "sending while the count of messages cannot be kept", Has: "a database that fails",
			Elsewhere: []string{"TestA94_NothingIsSentWithoutTheGuard", "TestA94_ConnectionsAreLost", "TestA94_LockedDatabase"}},
		{ID: "O-10", Tried: "another host's name in the request, so that the message binds its code to that", Has: "the password",
			Try: func(x *Trial) {
				p, number := x.withNumber()
				b := x.attacker()
				option := p.login(b).option("sms")
				x.answered("a stranger's name", b.with("Host", "evil.example").post("/mfa/flow/challenge", js{"option": option}), http.StatusMisdirectedRequest, "wrong_host")
				named := b.with("Host", "127.0.0.1").with("X-Forwarded-Host", "evil.example").with("Cookie", "mfa-flow="+b.cookie("mfa-flow"))
				x.answered("another name of this machine", named.post("/mfa/flow/challenge", js{"option": option}), http.StatusOK)
				x.holds("the message does not name the other host", !x.newest(number, "evil") && !x.newest(number, "127.0.0.1"))
				named.post("/forgot", js{"email": p.email}).want(http.StatusNoContent)
				x.holds("a link in a mail leads to the app's own", x.newest(p.email, x.url+"/reset?token=") && !x.newest(p.email, "evil"))
			}},
		{ID: "O-12", Tried: "a second recipient, or a header, in a number or an address", Has: "an account",
			Try: func(x *Trial) {
				p := x.newcomer("")
				before := len(x.inbox())
				for _, number := range []string{x.mobile(1) + ",+4790000000", x.mobile(1) + "\r\n+4790000000", x.mobile(1) + ";ext=5", "tel:" + x.mobile(1) + ";phone-context=evil"} {
					x.want(number, p.post("/mfa/enrollments", js{"method": "sms", "phone": number}), http.StatusUnprocessableEntity, "destination_refused")
				}
				x.says("numbers", "422 `destination_refused`")
				for _, email := range []string{"ada@example.com,eve@evil.example", "ada@example.com\r\nBcc: eve@evil.example", "Ada <ada@example.com>"} {
					x.want(email, x.attacker().post("/forgot", js{"email": email}), http.StatusUnprocessableEntity, "invalid_email")
				}
				x.says("addresses", "422 `invalid_email`")
				x.holds("nothing went out", len(x.inbox()) == before)
			}},
		{ID: "O-13", Tried: "opening the mailed link before the owner does, as mail scanners do, or elsewhere", Has: "sight of the mail",
			Try: func(x *Trial) {
				p, b, scanner := x.owner(), x.browser(home), x.attacker()
				b.post("/magic", js{"email": p.email}).want(http.StatusNoContent)
				token := x.linkTo(p.email, "/magic")
				x.answered("opening it", scanner.with("Accept", "text/html").get("/magic?token="+token), http.StatusOK)
				x.answered("pressing its button in another browser", scanner.post("/magic/enter", js{"token": token}), http.StatusUnauthorized, "link_not_valid")
				x.out(scanner)
				r := b.post("/magic/enter", js{"token": token}).want(http.StatusOK)
				x.holds("the owner's browser goes on with it", r.flow().Purpose == "sign_in")
				x.answered("pressing it again", b.post("/magic/enter", js{"token": token}), http.StatusUnauthorized, "link_not_valid")
			}},
	},
}

// names are those of headers, but for the length of cookies.
func names(h http.Header) (out []string) {
	for name := range h {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// newest says whether the newest message to somebody holds this.
func (x *Trial) newest(to, what string) bool {
	for _, l := range x.inbox() {
		if l.To == to {
			return strings.Contains(l.Body, what)
		}
	}
	return false
}

// texts counts the text messages that went out.
func (x *Trial) texts() (n int) {
	for _, l := range x.inbox() {
		if l.Channel == "sms" {
			n++
		}
	}
	return n
}
