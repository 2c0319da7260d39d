package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

var keys = Theme{
	Title: "Security keys and passkeys",
	Text:  "What a key says is signed; what the browser says around it is not. The key here is one that lies: about the site, the challenge, the flags and the count.",
	Attacks: []Attack{
		{ID: "A-73", Tried: "a key of one's own, for an account that has none, and for one that has another", Has: "an account with a key, and another's password",
			Try: func(x *Trial) {
				p, q, k, theirs := x.owner(), x.owner(), x.newKey(), x.newKey()
				k.enroll(q.elsewhere())
				theirs.enroll(p.elsewhere())
				b := x.attacker()
				option := p.login(b).option("webauthn")
				asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
				x.answered("as the second factor", b.post("/mfa/flow/verify", js{"option": option, "credential": k.get(asked, func(c *ceremony) { c.handle = theirs.handle })}), http.StatusUnauthorized, "code_not_valid")
				none := x.owner()
				c := x.attacker()
				none.login(c)
				x.answered("where there are no keys", c.post("/mfa/flow/challenge", js{"option": option}), http.StatusNotFound, "no_option")
				x.answered("as a passkey, with the other's handle", x.passkey(b, k, func(c *ceremony) { c.handle = theirs.handle }), http.StatusUnauthorized, "code_not_valid")
				x.answered("as a passkey, without one", x.passkey(b, k, func(c *ceremony) { c.handle = nil }), http.StatusUnauthorized, "code_not_valid")
				x.out(b, c)
				x.ownerIn(p)
			}},
		{ID: "A-74", Tried: "a key whose algorithm was not offered", Has: "somebody's open session",
			Try: func(x *Trial) {
				p, k := x.newcomer(""), x.newKey()
				for name, algorithm := range map[string][]byte{"secp256k1": {0x38, 0x2e}, "SHA-1": {0x39, 0xff, 0xfe}, "none that is known": {0x39, 0x03, 0xe7}} {
					set := p.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
					x.want(name, x.register(p.browser, set, k.create(set, func(c *ceremony) { c.cose = cose(&k.secret.PublicKey, algorithm...) })), http.StatusUnauthorized, "code_not_valid")
				}
				x.says("", "401 `code_not_valid`")
				x.holds("nothing is enrolled", len(p.enrollments().Enrollments) == 0)
			}},
		{ID: "A-75", Tried: "an answer that nobody touched the key for", Has: "the password, and the key plugged in somewhere",
			Try: func(x *Trial) { x.lies(func(c *ceremony) { c.flags = userVerified }) }},
		{ID: "A-76", Tried: "a passkey without PIN, finger or face, as all that is proved", Has: "the passkey",
			Try: func(x *Trial) {
				p, k, b := x.newcomer(""), x.newKey(), x.attacker()
				k.enroll(p.browser)
				x.answered("", x.passkey(b, k, func(c *ceremony) { c.flags = userPresent }), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.answered("with it, by the owner", x.passkey(x.browser(home), k, nil), http.StatusOK)
			}},
		{ID: "A-77", Tried: "an answer that was heard, once more; and a copy of the key, whose count is behind", Has: "a recording, or a copy",
			Try: func(x *Trial) {
				p, k, b := x.newcomer(""), x.newKey(), x.attacker()
				k.enroll(p.browser)
				begun := b.post("/mfa/passkey/begin", js{}).want(http.StatusOK)
				answer, thief := k.get(begun, nil), b.twin()
				b.post("/mfa/passkey/finish", js{"credential": answer}).want(http.StatusOK)
				r := thief.post("/mfa/passkey/finish", js{"credential": answer})
				x.answered("the recording, with all cookies", r, http.StatusGone, "flow_expired")
				other := x.attacker()
				other.post("/mfa/passkey/begin", js{}).want(http.StatusOK)
				x.answered("the recording, against another challenge", other.post("/mfa/passkey/finish", js{"credential": answer}), http.StatusUnauthorized, "code_not_valid")
				x.passkey(x.browser(home), k, nil).want(http.StatusOK)
				copied := x.attacker()
				x.answered("the copy", x.passkey(copied, k, func(c *ceremony) { c.count = 1 }), http.StatusUnauthorized, "code_not_valid")
				x.out(thief, other, copied)
				x.told(p, "may be a copy")
			}},
		{ID: "A-78", Tried: "reading from what is asked who has an account, and which keys", Has: "nothing",
			Try: func(x *Trial) {
				p, k := x.newcomer(""), x.newKey()
				k.enroll(p.browser)
				r := x.attacker().post("/mfa/passkey/begin", js{})
				x.answered("a passkey's challenge", r, http.StatusOK)
				var o asked
				r.into(&o)
				x.holds("it lists no keys", len(o.PublicKey.Allow) == 0)
				for _, body := range []js{{"email": p.email}, {"user": p.email}, {"username": p.email}} {
					x.want("a name", x.attacker().post("/mfa/passkey/begin", body), http.StatusBadRequest, "bad_request")
				}
				x.says("the same with a name", "400 `bad_request`, whoever it is")
			}},
		{ID: "A-79", Tried: "a key that was stored without its backup flags", Has: "the key",
			Elsewhere: []string{"TestA79_RecordWithoutBackupFlags", "TestA79_ImportedRecordIsMended", "TestA79_BareRecordsAreStates"}},
		{ID: "A-80", Tried: "resetting an admin, and oneself, from the help desk", Has: "a session of support",
			Try: func(x *Trial) {
				s, a, p := x.withRank(x.owner(), "support"), x.withRank(x.owner(), "admin"), x.owner()
				desk, staff, mine := s.elsewhere(), a.elsewhere(), p.elsewhere()
				reset := func(by *browser, of *person) reply {
					return by.post("/admin/users/"+of.account(staff)+"/reset", js{"reason": "lost phone"})
				}
				x.answered("an admin", reset(desk, a), http.StatusForbidden, "forbidden")
				x.answered("oneself", reset(desk, s), http.StatusForbidden, "forbidden")
				x.answered("somebody, by one who is no staff", reset(mine, s), http.StatusForbidden, "forbidden")
				x.holds("all have what they had", len(staff.enrollments().Enrollments)+len(desk.enrollments().Enrollments)+len(mine.enrollments().Enrollments) == 3)
				reset(desk, p).want(http.StatusNoContent)
				x.holds("an ordinary account is reset by support, which is there for that", mine.get("/me").status == http.StatusUnauthorized)
				x.ownerIn(a)
			}},
		{ID: "A-81", Tried: "one answer to one challenge, in twenty requests at the same moment", Has: "the passkey",
			Try: func(x *Trial) {
				p, k, b := x.newcomer(""), x.newKey(), x.attacker()
				k.enroll(p.browser)
				begun := b.post("/mfa/passkey/begin", js{}).want(http.StatusOK)
				answer, twins := k.get(begun, nil), x.twins(b, 20)
				x.once(together(20, func(i int) (reply, error) {
					return twins[i].try("POST", "/mfa/passkey/finish", js{"credential": answer})
				}))
				x.holds("at most one browser is in", x.signedIn(twins) <= 1)
			}},
		{ID: "W-01", Tried: "a second answer to a challenge after a wrong one", Has: "the password, and the key",
			Try: func(x *Trial) {
				p, k, b := x.owner(), x.newKey(), x.attacker()
				k.enroll(p.elsewhere())
				option := p.login(b).option("webauthn")
				asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
				x.answered("a wrong answer", x.answerBy(b, option, k.get(asked, func(c *ceremony) { c.origin = "https://phish.example" })), http.StatusUnauthorized, "code_not_valid")
				x.answered("then a right one", x.answerBy(b, option, k.get(asked, nil)), http.StatusUnauthorized, "code_not_valid")
				x.out(b)
				x.ownerIn(p)
			}},
		{ID: "W-02", Tried: "the signature of a set-up, as that of a sign-in", Has: "the password, and a key that has signed a set-up elsewhere",
			Try: func(x *Trial) { x.lies(func(c *ceremony) { c.kind = "webauthn.create" }) }},
		{ID: "W-03", Tried: "what the key signed on a page that looks like the app's", Has: "the password, and the owner on the attacker's page",
			Try: func(x *Trial) {
				at := x.url
				x.lies(func(c *ceremony) { c.origin = "https://phish.example" }, func(c *ceremony) { c.origin = at + ".phish.example" },
					func(c *ceremony) { c.origin = strings.Replace(at, "localhost", "www.localhost", 1) }, func(c *ceremony) { c.origin = strings.ToUpper(at) },
					func(c *ceremony) { c.origin = at + "/" }, func(c *ceremony) { c.origin = strings.Replace(at, "http:", "https:", 1) },
					func(c *ceremony) { c.origin = "null" }, func(c *ceremony) { c.origin = "" })
			}},
		{ID: "W-05", Tried: "what the key signed in a frame of another site", Has: "the password, and the owner on the attacker's page",
			Try: func(x *Trial) { x.lies(func(c *ceremony) { c.crossOrigin = true }) }},
		{ID: "W-06", Tried: "what the key signed for another site", Has: "the password, and the owner at that site",
			Try: func(x *Trial) {
				x.lies(func(c *ceremony) { c.rp = "phish.example" }, func(c *ceremony) { c.rp = "" }, func(c *ceremony) { c.rp = "LOCALHOST" })
			}},
		{ID: "W-09", Tried: "backup flags that contradict each other, or what the key said before", Has: "the password, and another key under the same identifier",
			Try: func(x *Trial) {
				x.lies(func(c *ceremony) { c.flags |= backedUp }, func(c *ceremony) { c.flags |= backupEligible }, func(c *ceremony) { c.flags |= backupEligible | backedUp })
			}},
		{ID: "W-13", Tried: "registering the identifier of another's key as one's own", Has: "an account, and the identifier",
			Try: func(x *Trial) {
				p, q, k, mine := x.newcomer(""), x.newcomer(""), x.newKey(), x.newKey()
				k.enroll(p.browser)
				mine.id = k.id
				set := q.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
				r := x.register(q.browser, set, mine.create(set, nil))
				x.answered("", r, r.status)
				if r.status < 400 {
					fail("%s: %s", r.what, r.body)
				}
				x.holds("nothing is enrolled", len(q.enrollments().Enrollments) == 0)
				b := x.browser(home)
				x.passkey(b, k, nil).want(http.StatusOK)
				x.holds("the owner's key is the owner's still", b.me().Email == p.email)
			}},
		{ID: "W-15", Tried: "signatures that are empty, cut off, or followed by more", Has: "the password",
			Try: func(x *Trial) {
				x.lies(func(c *ceremony) { c.signature = []byte{} }, func(c *ceremony) { c.signature = []byte{0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01} }, func(c *ceremony) { c.signature = make([]byte, 64) })
			}},
		{ID: "W-20", Tried: "client data with a member twice, or in other letters", Has: "the password, and a browser that is made to say so",
			Try: func(x *Trial) {
				at := x.url
				say := func(format string) func(*ceremony) {
					return func(c *ceremony) { c.client = fmt.Sprintf(format, c.challenge, at) }
				}
				x.lies(say(`{"type":"webauthn.create","type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`),
					say(`{"Type":"webauthn.get","Challenge":%q,"Origin":%q,"crossOrigin":false}`),
					say(`{"type":"webauthn.get","challenge":%q,"origin":"https://phish.example","origin":%q}`))
			}},
	},
}

// lies tries answers of the owner's own key that are not what they must be, by somebody
// who has the password, and as a passkey; none may get in, and the truth has to.
func (x *Trial) lies(lies ...func(*ceremony)) {
	p, k := x.owner(), x.newKey()
	k.enroll(p.elsewhere())
	b, c := x.attacker(), x.attacker()
	option := p.login(b).option("webauthn")
	for _, lie := range lies {
		asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
		x.want("as the second factor", x.answerBy(b, option, k.get(asked, lie)), http.StatusUnauthorized, "code_not_valid")
		x.want("as a passkey", x.passkey(c, k, lie), http.StatusUnauthorized, "code_not_valid")
	}
	x.says("as the second factor, and as a passkey", "401 `code_not_valid`")
	x.out(b, c)
	asked := b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
	x.answerBy(b, option, k.get(asked, nil)).want(http.StatusOK)
	x.holds("the owner's key gets in when it tells the truth", slices.Contains(b.me().AMR, "hwk"))
}

// answerBy answers a flow by a key.
func (x *Trial) answerBy(b *browser, option string, credential json.RawMessage) reply {
	return b.post("/mfa/flow/verify", js{"option": option, "credential": credential})
}

// passkey signs in by a key alone.
func (x *Trial) passkey(b *browser, k *key, lie func(*ceremony)) reply {
	begun := b.post("/mfa/passkey/begin", js{}).want(http.StatusOK)
	return b.post("/mfa/passkey/finish", js{"credential": k.get(begun, lie)})
}
