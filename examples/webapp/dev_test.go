package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

func parseIP(t *testing.T, s string) netip.Addr {
	t.Helper()
	ip, err := netip.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return ip
}

func TestWithoutDevNothingOfItIsThere(t *testing.T) {
	t.Parallel()
	s := startWith(t)
	b := s.browser()
	for _, path := range []string{"/dev/inbox", "/dev/inbox.json", "/dev/clock", "/dev/"} {
		want(t, b.send("GET", path, nil), http.StatusNotFound, "not_found")
		want(t, b.send("POST", path, object{"advance": "1h"}), http.StatusNotFound, "not_found")
	}
	b.header.Set(devClientIP, "192.0.2.1")
	b.register("ada@example.org")
	for _, a := range b.send("GET", "/mfa/activity", nil).json(t)["activity"].([]any) {
		if ip := a.(map[string]any)["ip"]; ip != "127.0.0.1" {
			t.Errorf("the header chose the address %v", ip)
		}
	}
	page := s.browser().page("/").body
	if strings.Contains(page, "Development mode is on") || !strings.Contains(page, "-dev") {
		t.Error("the start page does not say how to see messages, or says that -dev is on")
	}
}

func TestDevInbox(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.header.Set(devClientIP, "192.0.2.7")
	b.register("ada@example.org")
	b.enroll()
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	var list []message
	r := b.send("GET", "/dev/inbox.json", nil)
	if err := json.Unmarshal([]byte(r.body), &list); err != nil {
		t.Fatal(err)
	}
	var m message
	for i, o := range list {
		if strings.Contains(o.Subject, "was added") {
			m = o
		}
		if i > 0 && o.At.After(list[i-1].At) {
			t.Error("not newest first")
		}
	}
	if m.Channel != "email" || m.To != "ada@example.org" || !strings.Contains(m.Body, "192.0.2.7") || !strings.Contains(m.Body, "If it was not you") {
		t.Errorf("mail %+v in %s", m, r.body)
	}
	if page := b.page("/dev/inbox").body; !strings.Contains(page, m.Subject) {
		t.Error("the page does not show it")
	}
}

func TestInboxKeepsEachMessageOnceAndIsBounded(t *testing.T) {
	b := newInbox(new(clock).Now)
	for i := range maxInbox + 10 {
		m := mfa.Message{ID: strconv.Itoa(i), Channel: mfa.ChannelEmail, To: "ada@example.org", Subject: strconv.Itoa(i)}
		for range 2 {
			if _, err := b.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := b.messages()
	if len(list) != maxInbox || list[0].Subject != strconv.Itoa(maxInbox+9) || list[maxInbox-1].Subject != "10" {
		t.Errorf("%d messages, newest %+v", len(list), list[0])
	}
	if empty := newInbox(new(clock).Now).messages(); empty == nil {
		t.Error("an empty inbox is null in JSON")
	}
}

func TestDevClock(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	before := s.app.clock.Now()
	r := b.send("POST", "/dev/clock", object{"advance": "720h"})
	want(t, r, http.StatusOK, "")
	now, err := time.Parse(time.RFC3339, r.json(t)["now"].(string))
	if err != nil || now.Sub(before) < 720*time.Hour || now.Sub(before) > 721*time.Hour {
		t.Errorf("now %v, before %v, %v", now, before, err)
	}
	if b.signedIn() {
		t.Error("sessions have another clock")
	}
	for _, bad := range []string{"-1h", "soon", "", "1e6h", "99999999999h"} {
		want(t, b.send("POST", "/dev/clock", object{"advance": bad}), http.StatusBadRequest, "bad_request")
	}
	for s.app.clock.advance(200000 * time.Hour) { // it ends before time overflows
	}
	want(t, s.browser().send("POST", "/register", object{"email": "eve@example.org", "password": goodPassword}), http.StatusCreated, "")
}

// A page of the Internet whose name points here is the same origin to its browser.
func TestDevAnswersToItsOwnNameOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	for host, status := range map[string]int{"": 200, "localhost:8080": 200, "[::1]:8080": 200, "rebound.example": 421, "127.0.0.1.evil.example:80": 421} {
		req, _ := http.NewRequest("GET", s.url+"/dev/inbox.json", nil)
		req.Host = host
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != status {
			t.Errorf("host %q: status %d", host, r.StatusCode)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, good := range [][]string{
		{}, {"-dev"}, {"-dev", "-addr", "localhost:0"}, {"-dev", "-addr", "[::1]:8080"}, {"-dev", "-origin", "http://localhost:8080"},
		{"-origin", "https://app.example", "-addr", "0.0.0.0:8080"}, {"-store", "memory:"}, {"-store", "sqlite:x y.db"},
		{"-sms", "kannel:http://me:pass%40word@127.0.0.1:13013"}, {"-sms", "kannel:https://me:word@sms.example/cgi-bin/sendsms?from=Demo", "-dev"},
		{"-smtp", "127.0.0.1:2525"}, {"-smtp", "smtp.example:587", "-dev"}, {"-smtp", "[::1]:25", "-addr", "127.0.0.1:0"},
	} {
		if _, err := parseConfig(good, io.Discard); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, c := range []struct{ args, says string }{
		{"-dev -addr 0.0.0.0:8080", "-addr"},
		{"-dev -addr :8080 -origin http://localhost:8080", "-dev"},
		{"-dev -addr 192.0.2.1:8080 -origin http://localhost:8080", "-dev"},
		{"-dev -origin https://app.example", "https -origin"},
		{"-addr 0.0.0.0:8080", "-origin"},
		{"-addr 8080", "-addr"},
		{"-origin http://app.example", "must be https"},
		{"-origin https://app.example/", "-origin"},
		{"-origin https://user@app.example", "-origin"},
		{"-origin HTTPS://App.example", "-origin"},
		{"-store sqlite:", "-store"},
		{"-store webapp.db", "-store"},
		{"-store sqlite:x?mode=ro", "-store"},
		{"-smtp x", "-smtp"},
		{"-smtp host:none", "-smtp"},
		{"-sms http://me:secret@127.0.0.1:13013", "-sms is not of the form"},
		{"-sms twilio:x", "-sms is not of the form"},
		{"-sms kannel:http://127.0.0.1:13013", "-sms is not of the form"},
		{"-sms kannel:http://me:secret@127.0.0.1:13013?to=x", "-sms is not of the form"},
		{"-sms kannel:http://me:secret@192.0.2.1:13013", "not https"},
		{"-sms kannel:http://me@127.0.0.1:13013", "Password"},
		{"-sms kannel:http://me:secret%@127.0.0.1:13013", "-sms is not of the form"},
		{"x", "unexpected"},
	} {
		if _, err := parseConfig(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", c.args, err)
		}
	}
	if c, _ := parseConfig(nil, io.Discard); c.keys != "webapp.db.keys" {
		t.Errorf("keys %q", c.keys)
	}
}
