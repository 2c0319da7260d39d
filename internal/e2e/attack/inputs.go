package attack

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

var inputs = Theme{
	Title: "Input that is not what it seems",
	Text:  "What is read loosely is read differently in two places; what is read without a bound ends the program.",
	Attacks: []Attack{
		{ID: "A-66", Tried: "an empty code, where nothing has been sent yet", Has: "the password",
			Try: func(x *Trial) {
				p, _ := x.withNumber()
				b := x.attacker()
				option := p.login(b).option("sms")
				x.answered("empty", b.verify(option, ""), http.StatusBadRequest, "bad_request")
				x.answered("spaces", b.verify(option, "   "), http.StatusBadRequest, "bad_request")
				x.answered("null", b.post("/mfa/flow/verify", text(`{"option":%q,"code":null}`, option)), http.StatusBadRequest, "bad_request")
				x.answered("zeros", b.verify(option, "000000"), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
			}},
		{ID: "A-67", Tried: "`true`, numbers, lists and objects as the code, and two codes at once", Has: "the password",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				option, right := p.login(b).option("totp"), p.phone.Code()
				for _, code := range []string{`true`, right, `["` + right + `"]`, `{"code":"` + right + `"}`, `null`, `"000000","code":"` + right + `"`, `{"$ne":""}`, `"` + right + `","Code":"` + right + `"`} {
					x.want(code, b.post("/mfa/flow/verify", text(`{"option":%q,"code":%s}`, option, code)), http.StatusBadRequest, "bad_request")
				}
				x.says("", "400 `bad_request`")
				x.out(b)
				b.verify(option, right).want(http.StatusOK)
				x.holds("nothing was counted: the right code gets in", true)
			}},
		{ID: "A-68", Tried: "digits of other scripts, signs and decimals", Has: "the password, and sight of the phone",
			Try: func(x *Trial) {
				p, b := x.owner(), x.attacker()
				f, code := p.login(b), x.seen(p)
				for _, odd := range []string{wide(code), code + ".0", "+" + code, "0x1E240", "1e5", code + "\n", "１２３４５６", "٠١٢٣٤٥"} {
					if r := b.verify(f.option("totp"), odd); r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized && r.status != http.StatusTooManyRequests {
						fail("%q: %d", odd, r.status)
					}
				}
				x.says("", "400, 401 or 429")
				x.out(b)
				x.later(lockEnds)
				x.ownerIn(p)
			}},
		{ID: "A-69", Tried: "ten bytes of CBOR that announce eight exabytes", Has: "an account",
			Try: func(x *Trial) { x.bomb([]byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}) }},
		{ID: "A-70", Tried: "CBOR that is ten thousand levels deep, or holds as many elements", Has: "an account",
			Try: func(x *Trial) {
				x.bomb(bytes.Repeat([]byte{0x81}, 10_000), append([]byte{0x99, 0x9c, 0x40}, make([]byte, 40_000)...),
					append([]byte{0xc2, 0x59, 0x9c, 0x40}, bytes.Repeat([]byte{0xff}, 40_000)...))
			}},
		{ID: "A-71", Tried: "a key twice in a map, of which each reader takes another one", Has: "an account",
			Try: func(x *Trial) {
				x.bomb(slices.Concat([]byte{0xa4}, text3("fmt"), text3("none"), text3("fmt"), text3("none"), text3("attStmt"), []byte{0xa0}, text3("authData"), []byte{0x40}))
			}},
		{ID: "A-72", Tried: "answers of a key that end too early, at every length", Has: "an account, and a key",
			Try: func(x *Trial) {
				p, k := x.newcomer(""), x.newKey()
				k.enroll(p.browser)
				b := x.attacker()
				option := b.post("/login", js{"email": p.email, "password": p.password}).challenged().option("webauthn")
				for n := range 38 {
					asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
					x.want("short", b.post("/mfa/flow/verify", js{"option": option, "credential": k.get(asked, func(c *ceremony) { c.data = c.head(0)[:min(n, 36)] })}), http.StatusUnauthorized, "code_not_valid")
				}
				x.says("of 0 to 36 bytes", "401 `code_not_valid`")
				x.out(b)
				asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
				b.post("/mfa/flow/verify", js{"option": option, "credential": k.get(asked, nil)}).want(http.StatusOK)
				x.holds("the program lives, and the right key gets in", true)
			}},
		{ID: "C-18", Tried: "bodies without an end, and ten thousand levels of JSON", Has: "nothing",
			Try: func(x *Trial) {
				b := x.attacker()
				x.answered("a megabyte", b.post("/mfa/flow/verify", text(`{"option":%q}`, strings.Repeat("x", 1<<20))), http.StatusRequestEntityTooLarge, "too_large")
				deep := b.post("/login", text(`{"email":%s}`, strings.Repeat("[", 10_000)))
				x.answered("ten thousand levels", deep, http.StatusBadRequest, "bad_request")
				form := b.post("/login", form("email", strings.Repeat("x", 1<<20)))
				x.answered("a form of a megabyte", form, http.StatusRequestEntityTooLarge, "too_large")
				x.holds("the program lives", b.get("/health").status < 300)
			}},
	},
}

// bomb has attestation objects read, and looks whether the program is still there.
func (x *Trial) bomb(objects ...[]byte) {
	p, k := x.newcomer(""), x.newKey()
	for _, object := range objects {
		set := p.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
		r := x.register(p.browser, set, k.create(set, func(c *ceremony) { c.object = object }))
		if r.status != http.StatusBadRequest && r.status != http.StatusUnauthorized {
			fail("%d bytes: %d %.600s", len(object), r.status, r.body)
		}
		x.later(time.Second)
	}
	x.says("", "401 `code_not_valid`")
	x.holds("nothing is enrolled, and the program lives", len(p.enrollments().Enrollments) == 0)
}
