package webauthn_test

import (
	"crypto/sha256"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// A rule is one that holds in every ceremony. Each case is validly signed, and
// differs by one thing from a control that passes.
type rule struct {
	name         string
	config       func(*webauthn.Config)
	right, wrong func(*clientData, *authData) // right: of the control too
}

// hold tries each rule in each ceremony.
func hold(t *testing.T, rules []rule) {
	t.Helper()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for name, run := range ceremonies {
				t.Run(name, func(t *testing.T) {
					if _, err := run(newSite(t, r.config), r.right, nil); err != nil {
						t.Fatalf("the control is refused: %v", err)
					}
					if r.wrong != nil {
						v, err := run(newSite(t, r.config), r.right, r.wrong)
						wantNotValid(t, v, err)
					}
				})
			}
		})
	}
}

// ceremonies are all that end in an answer, with edits applied before signing.
var ceremonies = map[string]func(s *site, edits ...func(*clientData, *authData)) (mfa.Verified, error){
	"registration, none":   registering(attestNone),
	"registration, packed": registering(attestSelf),
	"second factor":        signingIn((*site).signIn),
	"passkey":              signingIn((*site).discovered),
}

func registering(how attest) func(*site, ...func(*clientData, *authData)) (mfa.Verified, error) {
	return func(s *site, edits ...func(*clientData, *authData)) (mfa.Verified, error) {
		c, step := s.begin()
		r := s.registration(c, newKey(s.t, es256))
		r.Attest = how
		for _, edit := range edits {
			if edit != nil {
				edit(&r.Client, &r.Auth)
			}
		}
		return s.finish(step.Pending, r.answer(s.t))
	}
}

func signingIn(how func(*site, token, func(*assertion)) (mfa.Verified, error)) func(*site, ...func(*clientData, *authData)) (mfa.Verified, error) {
	return func(s *site, edits ...func(*clientData, *authData)) (mfa.Verified, error) {
		return how(s, s.register(es256, nil), func(a *assertion) {
			for _, edit := range edits {
				if edit != nil {
					edit(&a.Client, &a.Auth)
				}
			}
		})
	}
}

// members sets what the client data says after its origin.
func withMembers(text string) func(*clientData, *authData) {
	return func(c *clientData, _ *authData) { c.Members = text }
}

// text replaces something in the client data as it is written.
func text(old, new string) func(*clientData, *authData) {
	return func(c *clientData, _ *authData) {
		c.Edit = func(s string) string { return strings.Replace(s, old, new, 1) }
	}
}

// whole makes the client data of its text.
func whole(f func(string) string) func(*clientData, *authData) {
	return func(c *clientData, _ *authData) { c.Edit = f }
}

func TestW02_A28_TypeAndChallenge(t *testing.T) {
	challenge := func(f func(string) string) func(*clientData, *authData) {
		return func(c *clientData, _ *authData) { c.Challenge = f(c.Challenge) }
	}
	hold(t, []rule{
		{name: "the other ceremony's type", wrong: func(c *clientData, _ *authData) {
			c.Type = map[string]string{"webauthn.create": "webauthn.get", "webauthn.get": "webauthn.create"}[c.Type]
		}},
		{name: "a payment's type", wrong: func(c *clientData, _ *authData) { c.Type = "payment.get" }},
		{name: "no type", wrong: func(c *clientData, _ *authData) { c.Type = "" }},
		{name: "another case", wrong: func(c *clientData, _ *authData) { c.Type = strings.ToUpper(c.Type) }},
		{name: "another challenge", wrong: challenge(func(string) string { return b64(make([]byte, 32)) })},
		{name: "no challenge", wrong: challenge(func(string) string { return "" })},
		{name: "a part of the challenge", wrong: challenge(func(s string) string { return s[:len(s)-1] })},
		{name: "more than the challenge", wrong: challenge(func(s string) string { return s + "AAAA" })},
		{name: "a padded challenge", wrong: challenge(func(s string) string { return s + "=" })},
		{name: "a challenge in another case", wrong: challenge(strings.ToLower)},
	})
}

// TestW02_ByteOrderMark: what reads the client data is "UTF-8 decode", which
// takes one byte order mark away (WebAuthn Level 3 §7.1 step 5); the hash is of
// the bytes as they are.
func TestW02_ByteOrderMark(t *testing.T) {
	const mark = "\ufeff"
	hold(t, []rule{
		{name: "two", right: whole(func(s string) string { return mark + s }), wrong: whole(func(s string) string { return mark + mark + s })},
		{name: "inside", wrong: whole(func(s string) string { return s[:1] + mark + s[1:] })},
	})
}

func TestW03_Origins(t *testing.T) {
	several := func(c *webauthn.Config) {
		c.RP.Origins = []string{origin, "https://login.example.com:8443", appOrigin, "https://example.co.uk"}
	}
	at := func(o string) func(*clientData, *authData) { return func(c *clientData, _ *authData) { c.Origin = o } }
	var rules []rule
	for _, o := range []string{
		"https://www.example.com/", "https://www.example.com/login", "https://www.example.com?", "https://www.example.com#",
		"https://WWW.example.com", "HTTPS://www.example.com", "https://www.example.com:443", "https://www.example.com:8443",
		"http://www.example.com", "https://login.example.com", "https://example.com", "https://a.www.example.com",
		"https://www.example.com.evil.test", "https://evil.test", "https://evil.test/https://www.example.com",
		"https://user@www.example.com", "https://www.example.com.", " https://www.example.com", "https://www.example.com ",
		"https://www.ex\u0430mple.com", "www.example.com", "null", "", appOrigin + "A", strings.ToLower(appOrigin), "file://",
		"https://WWW.EXAMPLE.CO.UK", "https://*.example.com",
	} {
		rules = append(rules, rule{name: "not " + o, config: several, wrong: at(o)})
	}
	for _, o := range []string{"https://login.example.com:8443", appOrigin, "https://example.co.uk"} {
		rules = append(rules, rule{name: o + " where it is listed", config: several, right: at(o), wrong: at(o + "0")})
		rules = append(rules, rule{name: o + " where it is not", wrong: at(o)})
	}
	hold(t, rules)
}

// TestW04_RelatedOrigins: what browsers are told is what is accepted (WebAuthn
// Level 3 §5.11). That unlisted origins are refused is TestW03_Origins.
func TestW04_RelatedOrigins(t *testing.T) {
	rp := webauthn.RelyingParty{ID: rpID, Origins: []string{origin, appOrigin, "https://example.co.uk", "https://brand.test:8443"}}
	w := httptest.NewRecorder()
	webauthn.WellKnown(rp).ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/webauthn", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d, %v", w.Code, w.Header())
	}
	m := members(t, w.Body.Bytes())
	if want := `{"origins":["` + origin + `","https://example.co.uk","https://brand.test:8443"]}`; string(encode(t, m)) != want {
		t.Errorf("%s, want %s", w.Body, want)
	}
	related := func(origins ...string) error {
		_, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: rpID, Origins: append([]string{origin}, origins...)}})
		return err
	}
	five := []string{"https://alpha.test", "https://bravo.test", "https://charlie.test", "https://delta.test"}
	if err := related(append(five, "https://www.alpha.test", "https://alpha.co.uk", "https://example.org")...); err != nil {
		t.Errorf("five labels are refused: %v", err)
	}
	if related(append(five, "https://echo.test")...) == nil {
		t.Error("six labels are taken, and browsers look at five")
	}
	for _, o := range []string{
		"http://brand.test", "http://www.example.com", "https://brand.test/", "https://brand.test/path", "https://BRAND.test",
		"https://*.brand.test", "brand.test", "https://", "", "https://user@brand.test", "https://brand.test?", "null",
	} {
		if related(o) == nil {
			t.Errorf("New takes the origin %q", o)
		}
	}
}

func TestW05_CrossOriginFrames(t *testing.T) {
	embedded := func(c *webauthn.Config) { c.RP.TopOrigins = []string{"https://embedder.test"} }
	inFrame := withMembers(`,"crossOrigin":true,"topOrigin":"https://embedder.test"`)
	hold(t, []rule{
		{name: "in a frame", wrong: withMembers(`,"crossOrigin":true`)},
		{name: "in a frame that says where", wrong: inFrame},
		{name: "a top origin and no frame", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":false,"topOrigin":"https://embedder.test"`)},
		{name: "a top origin and not said whether a frame", config: embedded, right: inFrame, wrong: withMembers(`,"topOrigin":"https://embedder.test"`)},
		{name: "another top origin", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":true,"topOrigin":"https://evil.test"`)},
		{name: "a top origin with a slash", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":true,"topOrigin":"https://embedder.test/"`)},
		{name: "a top origin in another case", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":true,"topOrigin":"https://EMBEDDER.test"`)},
		{name: "the own origin as top origin", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":true,"topOrigin":"` + origin + `"`)},
		{name: "an empty top origin", config: embedded, right: inFrame, wrong: withMembers(`,"crossOrigin":true,"topOrigin":""`)},
		{name: "a frame that does not say where, as browsers of Level 2", config: embedded, right: withMembers(`,"crossOrigin":true`)},
		{name: "the embedder itself", config: embedded, right: inFrame, wrong: func(c *clientData, _ *authData) { c.Origin, c.Members = "https://embedder.test", "" }},
		{name: "no word of frames", right: withMembers("")},
	})
}

func TestW06_RelyingPartyHash(t *testing.T) {
	id := func(s string) func(*clientData, *authData) { return func(_ *clientData, a *authData) { a.RPID = s } }
	hold(t, []rule{
		{name: "another's", wrong: id("evil.test")},
		{name: "the host", wrong: id("www.example.com")},
		{name: "another case", wrong: id("EXAMPLE.com")},
		{name: "the origin", wrong: id(origin)},
		{name: "nobody's", wrong: id("")},
		{name: "one bit", wrong: func(_ *clientData, a *authData) { a.Edit = func(b []byte) []byte { b[31] ^= 1; return b } }},
	})
}

func flags(set, clear byte) func(*clientData, *authData) {
	return func(_ *clientData, a *authData) { a.Flags = a.Flags&^clear | set }
}

func TestW07_A75_UserPresence(t *testing.T) {
	hold(t, []rule{
		{name: "absent", wrong: flags(0, up)},
		{name: "absent and verified", right: flags(uv, 0), wrong: flags(uv, up)},
	})
}

func TestW08_A76_UserVerificationWhereRequired(t *testing.T) {
	hold(t, []rule{{
		name:   "not verified",
		config: func(c *webauthn.Config) { c.UserVerification = webauthn.Required },
		wrong:  flags(0, uv),
	}})
}

func TestW09_BackedUpMeansEligible(t *testing.T) {
	hold(t, []rule{{name: "backed up and not eligible", wrong: flags(bs, be)}})
}

func TestW18_TokenBindingIsIgnored(t *testing.T) {
	hold(t, []rule{
		{name: "supported", right: withMembers(`,"tokenBinding":{"status":"supported"}`)},
		{name: "present", right: withMembers(`,"tokenBinding":{"status":"present","id":"AAAA"}`)},
		{name: "of another shape", right: withMembers(`,"tokenBinding":{"status":"whatever"}`)},
	})
}

func TestW20_ClientDataIsReadStrictly(t *testing.T) {
	evil := func(s string) string { return strings.Replace(s, origin, "https://evil.test", 1) }
	after := func(more string) func(*clientData, *authData) {
		return whole(func(s string) string { return s[:len(s)-1] + more + "}" })
	}
	rules := []rule{
		{name: "unknown members", right: withMembers(`,"crossOrigin":false,"other_keys_can_be_added_here":"do not compare","x":{"y":[1,null]}`)},
		{name: "white space", right: whole(func(s string) string { return " \r\n\t" + strings.ReplaceAll(s, ",", " ,\n") + " " })},
		{name: "another order", right: whole(func(s string) string {
			return `{"crossOrigin":false,` + strings.Replace(s[1:], `,"crossOrigin":false`, "", 1)
		})},
		{name: "two types", wrong: after(`,"type":"webauthn.get"`)},
		{name: "two challenges", wrong: after(`,"challenge":"AAAA"`)},
		{name: "the evil origin first", wrong: whole(func(s string) string { return `{"origin":"https://evil.test",` + s[1:] })},
		{name: "the evil origin last", wrong: after(`,"origin":"https://evil.test"`)},
		{name: "the same origin twice", wrong: after(`,"origin":"` + origin + `"`)},
		{name: "two origins, one escaped", wrong: after(`,"origi\u006e":"` + origin + `"`)},
		{name: "two of crossOrigin", wrong: after(`,"crossOrigin":false`)},
		{name: "two of a member unknown", wrong: after(`,"x":1,"x":2`)},
		{name: "the right origin in another case", wrong: whole(func(s string) string { return evil(s[:len(s)-1]) + `,"Origin":"` + origin + `"}` })},
		{name: "the same, the other way round", wrong: whole(func(s string) string { return `{"ORIGIN":"` + origin + `",` + evil(s)[1:] })},
		{name: "a frame in another case", wrong: text(`"crossOrigin":false`, `"crossOrigin":true,"crossorigin":false`)},
		{name: "more after it", wrong: whole(func(s string) string { return s + "{}" })},
		{name: "a comma at the end", wrong: after(",")},
		{name: "a list", wrong: whole(func(s string) string { return "[" + s + "]" })},
		{name: "a string", wrong: whole(func(s string) string { return `"x"` })},
		{name: "null", wrong: whole(func(string) string { return "null" })},
		{name: "nothing", wrong: whole(func(string) string { return "" })},
		{name: "a NUL at the end", wrong: whole(func(s string) string { return s + "\x00" })},
		{name: "cut off", wrong: whole(func(s string) string { return s[:len(s)-1] })},
		{name: "an origin that is a list", wrong: text(`"`+origin+`"`, `["`+origin+`"]`)},
		{name: "an origin that is null", wrong: text(`"`+origin+`"`, "null")},
		{name: "crossOrigin that is a string", wrong: text(`"crossOrigin":false`, `"crossOrigin":"false"`)},
		{name: "crossOrigin that is a number", wrong: text(`"crossOrigin":false`, `"crossOrigin":0`)},
		{name: "topOrigin that is a number", wrong: withMembers(`,"crossOrigin":false,"topOrigin":0`)},
	}
	for _, name := range []string{"type", "challenge", "origin"} {
		rules = append(rules,
			rule{name: name + " in another case", wrong: text(`"`+name+`"`, `"`+strings.ToUpper(name[:1])+name[1:]+`"`)},
			rule{name: "no " + name, wrong: text(`"`+name+`"`, `"x"`)})
	}
	hold(t, rules)
}

// TestW24_UnsolicitedExtensions: an authenticator may send what nobody asked
// for (WebAuthn Level 3 §7.1 step 28, §7.2 step 23), and it changes nothing. It
// has to be CBOR all the same.
func TestW24_UnsolicitedExtensions(t *testing.T) {
	with := func(set byte, extensions item) func(*clientData, *authData) {
		return func(_ *clientData, a *authData) { a.Flags, a.Extensions = a.Flags|set, extensions }
	}
	right := with(ed, cborMap(cborText("exampleExt"), cborMap(cborText("a"), cborArray(cborInt(1)))))
	hold(t, []rule{
		{name: "nothing where they are announced", right: right, wrong: with(ed, nil)},
		{name: "there and not announced", right: with(0, nil), wrong: with(0, cborMap())},
		{name: "more after them", right: right, wrong: with(ed, append(cborMap(), 0))},
		{name: "not a map", right: right, wrong: with(ed, cborText("x"))},
		{name: "half of them", right: right, wrong: with(ed, item{0xa1, 0x61, 'a'})},
		{name: "one twice", right: right, wrong: with(ed, cborMap(cborText("a"), cborInt(1), cborText("a"), cborInt(2)))},
		{name: "deep", right: with(ed, cborMap(cborText("a"), nested(3))), wrong: with(ed, cborMap(cborText("a"), nested(100)))},
		{name: "many", right: with(ed, cborMap(cborText("a"), append(head(majorArray, 100), make([]byte, 100)...))),
			wrong: with(ed, cborMap(cborText("a"), append(head(majorArray, 2000), make([]byte, 2000)...)))},
		{name: "known ones", right: with(ed, cborMap(cborText("credProtect"), cborInt(2), cborText("hmac-secret"), item{0xf5}))},
		{name: "known ones of another shape", right: with(ed, cborMap(cborText("credProtect"), cborText("x"), cborText("hmac-secret"), cborArray()))},
	})
}

func TestA72_AuthenticatorDataOfAnyLength(t *testing.T) {
	var rules []rule
	for _, n := range []int{0, 1, 31, 32, 33, 36} {
		rules = append(rules, rule{name: "cut to a length", wrong: func(_ *clientData, a *authData) {
			a.Edit = func(b []byte) []byte { return b[:n] }
		}})
	}
	hold(t, append(rules,
		rule{name: "a byte less", wrong: func(_ *clientData, a *authData) { a.Edit = func(b []byte) []byte { return b[:len(b)-1] } }},
		rule{name: "a byte more", wrong: func(_ *clientData, a *authData) { a.Edit = func(b []byte) []byte { return append(b, 0) } }},
		rule{name: "no flags", wrong: flags(0, 0xff)},
		rule{name: "all flags", wrong: flags(0xff, 0)},
		rule{name: "a hash only", wrong: func(_ *clientData, a *authData) {
			a.Edit = func([]byte) []byte { h := sha256.Sum256([]byte(rpID)); return h[:] }
		}},
	))
}
