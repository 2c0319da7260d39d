package openapi

import (
	"errors"
	"net/url"
	"strings"
	"time"
)

// sent has a pigeon fly for a sign-in.
func (w *walker) sent(user string) (option string) {
	w.t.Helper()
	option = w.option(w.login(user), "pigeon")
	w.send(200, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`)
	return option
}

// messages are what becomes of codes on their way.
func (w *walker) messages() {
	w = w.on(newSite(w.t))
	w.login("reader")
	w.bird()
	w.s.Clock.Advance(time.Hour)
	option := w.sent("reader")
	again := `{"option":"` + option + `"}`
	w.reports()
	if o := w.send(200, "GET", "/mfa/flow", "").json["options"].([]any)[0].(map[string]any); o["sent"] != true || o["delivery"] != "delivered" {
		w.t.Errorf("%v", o)
	}
	w.s.Clock.Advance(5 * time.Minute)
	w.s.pigeon.again = true
	if r := w.verify(401, option, "wrong"); r.json["resent"] != true || r.json["destination"] == nil {
		w.t.Errorf("%v", r.json)
	}
	w.s.Clock.Advance(4 * time.Minute)
	w.s.pigeon.refused = true
	w.send(422, "POST", "/mfa/flow/challenge", again)
	w.s.pigeon.refused = false
}

// reports are what the carrier of the newest pigeon says.
func (w *walker) reports() {
	w = w.on(w.s) // without cookies
	good := url.Values{"m": {w.s.pigeon.report}, "ring": {"ours"}}.Encode()
	for method, send := range map[string]func(status int, sender, members string, headers ...string) reply{
		"GET": func(status int, sender, members string, headers ...string) reply {
			return w.send(status, "GET", "/mfa/delivery/"+sender+"?"+members, "", headers...)
		},
		"POST": func(status int, sender, members string, headers ...string) reply {
			return w.send(status, "POST", "/mfa/delivery/"+sender, members, append(headers, "Content-Type", form)...)
		},
	} {
		send(404, "sea", good)
		for _, bad := range []string{"", "ring=ours", strings.Replace(good, "ours", "another", 1)} {
			if r := send(403, "air", bad); r.json["code"] != "report_refused" {
				w.t.Errorf("%s %q: %v", method, bad, r.json)
			}
		}
		if r := send(403, "air", good, "Origin", origin); r.json["code"] != "cross_origin" {
			w.t.Errorf("%s: %v", method, r.json)
		}
		w.s.store.set(fault{err: errors.New("the disk is full")})
		send(503, "air", good)
		w.s.store.set(fault{garbage: true})
		send(500, "air", good)
		w.s.store.set(fault{})
		send(204, "air", good)
	}
}

// links answers by a link, in the browser that asked and in another.
func (w *walker) links() {
	w = w.on(newSite(w.t))
	w.login("reader")
	w.bird()
	w.s.Clock.Advance(time.Hour)
	option := w.sent("reader")
	good := w.s.pigeon.link
	w.send(200, "GET", "/mfa/link?"+good, "")
	w.send(400, "GET", "/mfa/link", "")
	post := func(status int, body string, headers ...string) reply {
		w.t.Helper()
		return w.send(status, "POST", "/mfa/link", body, append([]string{"Content-Type", form}, headers...)...)
	}
	post(400, "token=x")
	post(401, "token=x&option="+option)
	post(403, good, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	post(413, tooLarge)
	post(415, good, "Content-Type", "text/plain")
	w.on(w.s).send(404, "POST", "/mfa/link", good, "Content-Type", form)
	w.s.store.set(fault{err: errors.New("the disk is full")})
	post(503, good)
	w.s.store.set(fault{garbage: true})
	post(500, good)
	w.s.store.set(fault{})
	spent := w.cookies["__Host-mfa-flow"]
	post(303, good)
	session := w.cookies["session"]
	w.cookies["__Host-mfa-flow"] = spent
	post(410, good)

	w.s.Clock.Advance(time.Hour)
	w.s.pigeon.anywhere = true
	asked := w.option(w.send(200, "POST", "/mfa/stepup", ""), "pigeon")
	w.send(200, "POST", "/mfa/flow/challenge", `{"option":"`+asked+`"}`)
	w.on(w.s).send(200, "POST", "/mfa/link", w.s.pigeon.link, "Content-Type", form)
	w.send(200, "GET", "/mfa/flow", "")
	w.send(400, "POST", "/mfa/flow/continue", `{"unknown":1}`)
	w.on(w.s).send(404, "POST", "/mfa/flow/continue", "")
	spent = w.cookies["__Host-mfa-flow"]
	w.send(200, "POST", "/mfa/flow/continue", "")
	w.cookies["__Host-mfa-flow"] = spent
	w.send(410, "POST", "/mfa/flow/continue", "")

	// A step-up goes on beside its session alone.
	w.s.Clock.Advance(time.Hour)
	asked = w.option(w.send(200, "POST", "/mfa/stepup", ""), "pigeon")
	w.send(200, "POST", "/mfa/flow/challenge", `{"option":"`+asked+`"}`)
	w.on(w.s).send(200, "POST", "/mfa/link", w.s.pigeon.link, "Content-Type", form)
	if delete(w.cookies, "session"); session == "" {
		w.t.Error("the link made no session")
	}
	w.send(401, "POST", "/mfa/flow/continue", "")

	w.s.Clock.Advance(time.Hour)
	w.s.pigeon.anywhere = false
	w.sent("reader")
	for range 5 {
		post(401, "token=x&option="+option)
	}
	post(429, w.s.pigeon.link)
}
