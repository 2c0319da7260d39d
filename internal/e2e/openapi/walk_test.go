package openapi

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

func itoa(n int) string { return strconv.Itoa(n) }

var tooLarge = `{"option":"` + strings.Repeat("x", 100<<10) + `"}`

// ofFlows and ofSessions are all that the API has for somebody, with a body that
// would do. Those for anybody are in passkeys, links, notices and script, those for
// carriers in messages, and the claim, which needs a link that is good, in resetting.
var ofFlows = [][3]string{
	{"GET", "/mfa/flow", ""},
	{"POST", "/mfa/flow/challenge", `{"option":"x"}`},
	{"POST", "/mfa/flow/verify", `{"option":"x","code":"123456"}`},
	{"POST", "/mfa/flow/continue", ""},
	{"POST", "/mfa/flow/skip", ""},
	{"POST", "/mfa/recovery", ""},
}

var ofSessions = [][3]string{
	{"GET", "/mfa/enrollments", ""},
	{"POST", "/mfa/enrollments", `{"method":"totp"}`},
	{"DELETE", "/mfa/enrollments", ""},
	{"PATCH", "/mfa/enrollments/x", `{"label":"x"}`},
	{"DELETE", "/mfa/enrollments/x", ""},
	{"POST", "/mfa/enrollments/x/challenge", ""},
	{"POST", "/mfa/enrollments/x/activate", `{"code":"123456"}`},
	{"POST", "/mfa/recovery-codes", ""},
	{"POST", "/mfa/stepup", ""},
	{"GET", "/mfa/passkey/signals", ""},
	{"GET", "/mfa/activity", ""},
	{"POST", "/mfa/activity/x/dispute", ""},
	{"GET", "/mfa/devices", ""},
	{"DELETE", "/mfa/devices", ""},
	{"DELETE", "/mfa/devices/x", ""},
	{"POST", "/mfa/recovery/cancel", ""},
}

var calls = slices.Concat(ofFlows, ofSessions)

// TestTheHandlersAreAsDocumented walks through the API until it has seen every
// answer that is documented, and sees no other.
func TestTheHandlersAreAsDocumented(t *testing.T) {
	d := readDocument(t)
	w := (&walker{t: t, d: d, seen: map[string]bool{}}).on(newSite(t))
	w.enrolling()
	w.signingIn()
	w.changing()
	w.limits()
	w.policies()
	w.passkeys()
	w.messages()
	w.links()
	w.puttingOff()
	w.approving()
	w.resetting()
	w.notices()
	w.risks()
	w.script()
	w.malformed()
	w.faults()

	documented := d.operations(t)
	for _, op := range documented {
		if !w.seen[op] {
			t.Errorf("%s is documented, and was not to be had", op)
		}
	}
	if len(documented) < 100 {
		t.Errorf("only %d answers are documented", len(documented))
	}
}

func (w *walker) login(user string) reply {
	w.t.Helper()
	return w.send(200, "POST", "/login?user="+user, "")
}

// app sets an authenticator app up.
func (w *walker) app() (*mfatest.Authenticator, string) {
	w.t.Helper()
	begun := w.send(201, "POST", "/mfa/enrollments", `{"method":"totp","label":"Phone"}`)
	phone, err := mfatest.NewAuthenticator(begun.json["uri"].(string), w.s.Clock.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	id := begun.json["id"].(string)
	w.send(200, "POST", "/mfa/enrollments/"+id+"/activate", `{"code":"`+phone.Code()+`"}`)
	w.s.Clock.Advance(phone.Period)
	return phone, id
}

// bird enrols the method that sends something.
func (w *walker) bird() string {
	w.t.Helper()
	begun := w.send(201, "POST", "/mfa/enrollments", `{"method":"pigeon"}`)
	id := begun.json["id"].(string)
	w.send(200, "POST", "/mfa/enrollments/"+id+"/activate", `{"code":"`+w.s.pigeon.last+`"}`)
	return id
}

func (w *walker) option(flow reply, method string) string {
	w.t.Helper()
	for _, o := range flow.json["options"].([]any) {
		if o := o.(map[string]any); o["method"] == method {
			return o["id"].(string)
		}
	}
	w.t.Fatalf("no %s in %v", method, flow.json)
	return ""
}

func (w *walker) verify(status int, option, code string) reply {
	w.t.Helper()
	return w.send(status, "POST", "/mfa/flow/verify", `{"option":"`+option+`","code":"`+code+`"}`)
}

func (w *walker) enrolling() {
	w = w.on(w.s)
	w.login("enrolling")
	w.send(409, "POST", "/mfa/recovery-codes", "")
	w.send(404, "DELETE", "/mfa/enrollments", "")
	begun := w.send(201, "POST", "/mfa/enrollments", `{"method":"pigeon"}`)
	path := "/mfa/enrollments/" + begun.json["id"].(string)
	w.send(429, "POST", path+"/challenge", "")
	w.send(429, "POST", "/mfa/enrollments", `{"method":"pigeon"}`)
	w.send(401, "POST", path+"/activate", `{"code":"x"}`)
	w.s.Clock.Advance(5 * time.Minute)
	w.send(200, "POST", path+"/challenge", "")
	w.s.pigeon.fat = true
	w.send(409, "POST", path+"/activate", `{"code":"`+w.s.pigeon.last+`"}`)
	w.s.pigeon.fat = false
	w.s.pigeon.lost = true
	w.s.Clock.Advance(4 * time.Minute)
	w.send(502, "POST", path+"/challenge", "")
	w.s.pigeon.refused = true
	w.send(422, "POST", path+"/challenge", "")
	w.s.pigeon.refused = false
	w.send(422, "POST", "/mfa/enrollments", `{"method":"pigeon","email":"a@b.example"}`)
	w.send(422, "POST", "/mfa/enrollments", `{"method":"telepathy"}`)
	w.send(404, "POST", "/mfa/enrollments", `{"method":"totp","replaces":"x"}`)
	w.s.Clock.Advance(time.Hour)
	w.send(410, "POST", path+"/challenge", "")
	w.send(410, "POST", path+"/activate", `{"code":"x"}`)
	w.send(403, "POST", "/mfa/enrollments", `{"method":"totp"}`)
	w = w.on(w.s)
	w.login("losing")
	w.send(502, "POST", "/mfa/enrollments", `{"method":"pigeon"}`)
	w.s.pigeon.lost = false
}

func (w *walker) signingIn() {
	w = w.on(w.s)
	w.login("signing")
	w.bird()
	w.s.Clock.Advance(time.Hour)
	flow := w.login("signing")
	w.send(200, "POST", "/mfa/flow/challenge", `{"option":"`+w.option(flow, "pigeon")+`"}`)
	w.verify(200, w.option(flow, "pigeon"), w.s.pigeon.last)
	phone, _ := w.app()
	w = w.on(w.s)
	w.send(404, "GET", "/mfa/flow", "")
	flow = w.login("signing")
	w.send(200, "GET", "/mfa/flow", "")
	w.send(200, "POST", "/mfa/flow/challenge", `{"option":"`+w.option(flow, "totp")+`"}`)
	pigeon := `{"option":"` + w.option(flow, "pigeon") + `"}`
	w.s.Clock.Advance(time.Minute)
	w.send(200, "POST", "/mfa/flow/challenge", pigeon)
	w.send(429, "POST", "/mfa/flow/challenge", pigeon)
	w.s.Clock.Advance(5 * time.Minute)
	w.s.pigeon.lost = true
	w.send(502, "POST", "/mfa/flow/challenge", pigeon)
	w.s.pigeon.lost = false
	w.send(404, "POST", "/mfa/flow/challenge", `{"option":"x"}`)
	w.verify(404, "x", "123456")
	w.verify(401, w.option(flow, "totp"), "000000")
	token := w.cookies["__Host-mfa-flow"]
	w.send(200, "POST", "/mfa/flow/verify", `{"option":"`+w.option(flow, "totp")+`","code":"`+phone.Code()+`","remember":true}`)
	w.cookies["__Host-mfa-flow"] = token
	w.send(410, "GET", "/mfa/flow", "")
	w.send(410, "POST", "/mfa/flow/challenge", pigeon)
	w.verify(410, w.option(flow, "totp"), "123456")

	native := w.on(w.s)
	began := native.send(200, "POST", "/login?user=signing", "", "Mfa-Client", "native")
	native.send(200, "GET", "/mfa/flow", "", "Authorization", "Bearer "+began.json["token"].(string))
}

func (w *walker) changing() {
	w = w.on(w.s)
	w.login("changing")
	phone, id := w.app()
	other := w.on(w.s)
	other.verify(200, w.option(other.login("changing"), "totp"), phone.Code())
	w.s.Clock.Advance(time.Hour)
	for _, call := range [][2]string{{"DELETE", "/mfa/enrollments"}, {"DELETE", "/mfa/enrollments/" + id}, {"POST", "/mfa/recovery-codes"}} {
		w.send(403, call[0], call[1], "")
	}
	flow := w.send(200, "POST", "/mfa/stepup", `{"phishing_resistant":false,"max_age":300}`)
	w.verify(200, w.option(flow, "totp"), phone.Code())
	w.send(200, "POST", "/mfa/recovery-codes", "")
	w.send(200, "PATCH", "/mfa/enrollments/"+id, `{"label":"Old phone"}`)
	w.send(404, "PATCH", "/mfa/enrollments/x", `{"label":"x"}`)
	w.send(404, "DELETE", "/mfa/enrollments/x", "")
	w.send(404, "POST", "/mfa/enrollments/x/challenge", "")
	w.send(404, "POST", "/mfa/enrollments/x/activate", `{"code":"123456"}`)
	w.send(200, "GET", "/mfa/enrollments", "")
	w.send(200, "GET", "/mfa/activity", "")
	w.send(204, "POST", "/mfa/recovery/cancel", "")
	known := w.send(200, "GET", "/mfa/devices", "").json["devices"].([]any)
	w.send(204, "DELETE", "/mfa/devices/"+known[0].(map[string]any)["id"].(string), "")
	w.send(404, "DELETE", "/mfa/devices/x", "")
	w.send(204, "DELETE", "/mfa/devices", "")
	w.send(204, "DELETE", "/mfa/enrollments/"+id, "")
	w.send(200, "GET", "/mfa/enrollments", "")
	// What the other browser has is evidence of nothing now.
	for _, call := range ofSessions {
		other.send(403, call[0], call[1], call[2])
	}
}

// limits guesses until no more guesses are taken.
func (w *walker) limits() {
	w = w.on(w.s)
	w.login("guessed")
	phone, _ := w.app()
	guesser := w.on(w.s)
	option := w.option(guesser.login("guessed"), "totp")
	for range 4 {
		guesser.verify(401, option, "000000")
	}
	guesser.verify(401, option, "000000")
	guesser.verify(429, option, phone.Code())
	guesser.send(429, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`)
	guesser.send(200, "GET", "/mfa/flow", "")

	w = w.on(w.s)
	w.login("guessed-too")
	for range 12 {
		begun := w.send(201, "POST", "/mfa/enrollments", `{"method":"totp"}`)
		path := "/mfa/enrollments/" + begun.json["id"].(string) + "/activate"
		for range 3 {
			r := w.sendAny("POST", path, `{"code":"000000"}`)
			if r.code == 429 {
				return
			}
		}
	}
	w.t.Fatal("activation has no limit")
}

func (w *walker) policies() {
	site := newSite(w.t, func(c *mfa.Config) { c.Policy = required{} })
	w = w.on(site)
	if r := w.login("one"); r.json["status"] != "enroll" {
		w.t.Fatalf("%v", r.json)
	}
	w.send(200, "GET", "/mfa/flow", "")
	w.send(200, "GET", "/mfa/enrollments", "")
	_, id := w.app()
	w.send(409, "DELETE", "/mfa/enrollments/"+id, "")
	for i := 0; ; i++ {
		if r := w.sendAny("POST", "/mfa/enrollments", `{"method":"totp"}`); r.code == 409 {
			break
		}
		if i == 50 {
			w.t.Fatal("enrollments have no limit")
		}
		w.app()
	}
	w.send(200, "DELETE", "/mfa/enrollments", "")

	bare := w.on(newSite(w.t, func(c *mfa.Config) {
		c.Factors = slices.DeleteFunc(slices.Clone(c.Factors), func(f mfa.Factor) bool { return f.Method().Recovery })
	}))
	bare.login("one")
	phone, _ := bare.app()
	bare.verify(200, bare.option(bare.send(200, "POST", "/mfa/stepup", ""), "totp"), phone.Code())
	bare.send(422, "POST", "/mfa/recovery-codes", "")
	bare.send(204, "DELETE", "/mfa/enrollments", "")
}

type required struct{}

func (required) Decide(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
}

// malformed sends to every call what none of them takes.
func (w *walker) malformed() {
	w = w.on(w.s)
	w.login("malformed")
	w.app()
	w.login("malformed")
	stranger := w.on(w.s)
	for _, call := range ofFlows {
		stranger.send(404, call[0], call[1], call[2])
	}
	for _, call := range ofSessions {
		stranger.send(401, call[0], call[1], call[2])
	}
	for _, call := range append(calls, claim("x")) {
		w.send(400, call[0], call[1], call[2], "Mfa-Client", "web")
		if call[0] == "GET" {
			continue
		}
		w.send(400, call[0], call[1], `{"unknown":1}`)
		w.send(413, call[0], call[1], tooLarge)
		w.send(415, call[0], call[1], `{}`, "Content-Type", "text/plain")
		w.send(403, call[0], call[1], call[2], "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	}
}

// faults breaks what the handlers stand on.
func (w *walker) faults() {
	w = w.on(w.s)
	w.login("unlucky")
	w.app()
	w.login("unlucky")
	w.s.store.set(fault{err: errors.New("the disk is full")})
	for _, call := range calls {
		w.send(503, call[0], call[1], call[2])
	}
	w.s.store.set(fault{garbage: true})
	for _, call := range calls {
		w.send(500, call[0], call[1], call[2])
	}
	w.s.store.set(fault{})
}
