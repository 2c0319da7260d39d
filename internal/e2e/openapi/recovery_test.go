package openapi

import (
	"errors"
	"time"

	"github.com/mfakit/mfa"
)

// puttingOff skips an enrolment, as often as that goes.
func (w *walker) puttingOff() {
	w = w.on(newSite(w.t, func(c *mfa.Config) { c.Policy = lenient{} }))
	w.login("late")
	spent := w.cookies["__Host-mfa-flow"]
	w.send(200, "POST", "/mfa/flow/skip", "")
	w.cookies["__Host-mfa-flow"] = spent
	w.send(410, "POST", "/mfa/flow/skip", "")
	w.login("late")
	w.send(403, "POST", "/mfa/flow/skip", "")
}

// lenient lets an enrolment be put off once, remembers, and resets after three days.
type lenient struct{}

func (lenient) Decide(s mfa.Subject) mfa.Decision {
	return mfa.Decision{
		Require: mfa.Requirement{SecondFactor: true}, Grace: mfa.Grace{Skip: s.Skips == 0, Left: 1, Until: s.Now.Add(time.Hour)}, Nudge: 2,
		Remember: mfa.Remember{For: 5 * 24 * time.Hour}, DelayedReset: 72 * time.Hour, Support: "https://help.example",
	}
}

// approving is a step-up for one action.
func (w *walker) approving() {
	w = w.on(newSite(w.t))
	w.login("payer")
	phone, _ := w.app()
	w.send(404, "POST", "/mfa/stepup", `{"action":"pay-2"}`)
	flow := w.send(200, "POST", "/mfa/stepup", `{"action":"pay-1","max_age":60}`)
	if flow.json["binding"] == nil {
		w.t.Errorf("%v", flow.json)
	}
	w.verify(200, w.option(flow, "totp"), phone.Code())
}

func claim(link string) [3]string {
	return [3]string{"POST", "/mfa/recovery/claim", `{"link":"` + link + `"}`}
}

// linkOf is the link of the mail about the nth event of a kind.
func (w *walker) linkOf(kind mfa.EventType, n int) string {
	w.t.Helper()
	list, err := w.s.Events.Await(w.t.Context(), kind, n)
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := w.s.LinkToken(list[n-1])
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// lost has a member of lenient's ask for a reset, and its time pass.
func (w *walker) lost(user string, n int) (link string) {
	w.t.Helper()
	w.login(user)
	w.app()
	w.login(user)
	w.send(202, "POST", "/mfa/recovery", "")
	w.s.Clock.Advance(72*time.Hour + time.Second)
	if err := w.s.ResetDue(w.t.Context(), named(user)); err != nil {
		w.t.Fatal(err)
	}
	return w.linkOf(mfa.EventResetReady, n)
}

func (w *walker) resetting() {
	site := newSite(w.t, func(c *mfa.Config) { c.Policy = lenient{} })
	w = w.on(site)
	link := w.lost("ada", 1)
	w.send(410, "POST", "/mfa/recovery", "")
	good := claim(link)
	w.send(410, good[0], good[1], good[2])
	w.on(site).send(404, good[0], good[1], good[2])
	w.login("ada")
	w.send(202, "POST", "/mfa/recovery", "")
	w.send(400, good[0], good[1], `{"link":"`+link+`","ticket":"x"}`)
	bad := claim("x")
	w.send(401, bad[0], bad[1], bad[2])
	w.s.store.set(fault{err: errors.New("the disk is full")})
	w.send(503, good[0], good[1], good[2])
	w.s.store.set(fault{garbage: true})
	w.send(500, good[0], good[1], good[2])
	w.s.store.set(fault{})
	w.send(200, good[0], good[1], good[2])
	w.app()

	// Where the mail says no, there is none for a day.
	w = w.on(site)
	w.login("bob")
	w.app()
	w.login("bob")
	asked := w.send(202, "POST", "/mfa/recovery", "", "Mfa-Device", "x")
	if asked.json["ticket"] != nil {
		w.t.Errorf("%v", asked.json)
	}
	w.on(site).send(200, "POST", "/mfa/notice", "token="+w.linkOf(mfa.EventResetRequested, 2), "Content-Type", form)
	w.login("bob")
	w.send(429, "POST", "/mfa/recovery", "")

	native := w.on(site)
	native.login("cid")
	native.app()
	native = w.on(site)
	flow := func() string {
		return native.send(200, "POST", "/login?user=cid", "", "Mfa-Client", "native").json["token"].(string)
	}
	asked = native.send(202, "POST", "/mfa/recovery", "", "Mfa-Flow", flow())
	w.s.Clock.Advance(72*time.Hour + time.Second)
	if err := w.s.ResetDue(w.t.Context(), named("cid")); err != nil {
		w.t.Fatal(err)
	}
	native.send(200, "POST", "/mfa/recovery/claim", `{"link":"`+w.linkOf(mfa.EventResetReady, 2)+`","ticket":"`+asked.json["ticket"].(string)+`"}`, "Mfa-Flow", flow())
}

// notices opens the links of security mails, and presses their buttons.
func (w *walker) notices() {
	w = w.on(newSite(w.t, func(c *mfa.Config) { c.Policy = lenient{} }))
	link := w.lost("ada", 1)
	w.send(400, "GET", "/mfa/notice", "")
	w.send(401, "GET", "/mfa/notice?token=x", "")
	w.send(200, "GET", "/mfa/notice?token="+link, "")
	good := "token=" + link
	post := func(status int, body string, headers ...string) {
		w.t.Helper()
		w.send(status, "POST", "/mfa/notice", body, append([]string{"Content-Type", form}, headers...)...)
	}
	post(400, "")
	post(401, "token=x")
	post(403, good, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	post(410, good)
	post(413, tooLarge)
	post(415, good, "Content-Type", "text/plain")
	w.on(w.s).send(404, "POST", "/mfa/notice", good, "Content-Type", form)
	w.login("ada")
	w.s.store.set(fault{err: errors.New("the disk is full")})
	post(503, good)
	w.s.store.set(fault{garbage: true})
	post(500, good)
	w.s.store.set(fault{})
	post(303, good)
}
