package main

import (
	"net/http"
	"strings"
	"testing"
)

// from is where, and as what, the last sign-in of a signed-in browser came.
func (b *browser) from() (ip, agent string) {
	b.t.Helper()
	list := b.send("GET", "/mfa/activity", nil).json(b.t)["activity"].([]any)
	last := list[0].(object)
	return last["ip"].(string), last["user_agent"].(string)
}

// Without -dev no header and no cookie makes a client another one.
func TestWithoutDevNobodyPlaysAnotherClient(t *testing.T) {
	t.Parallel()
	dev := start(t).browser()
	dev.submit("/dev/client", "place", oslo, "browser", devAgents[0].Header).wantRedirect(t, "/dev/client?said=played")
	cookie := dev.cookie("dev-client")
	if cookie == "" {
		t.Fatal("no cookie in development")
	}

	s := startWith(t)
	b := s.browser()
	for _, method := range []string{"GET", "POST"} {
		want(t, b.send(method, "/dev/client", nil), http.StatusNotFound, "not_found")
	}
	b.setCookie("dev-client", cookie)
	b.header.Set(devClientIP, bucharest)
	b.header.Set(devUserAgent, devAgents[1].Header)
	b.header.Set("User-Agent", "own/1")
	b.register(ada)
	if ip, agent := b.from(); ip != "127.0.0.1" || agent != "own/1" {
		t.Errorf("it played %s, %s", ip, agent)
	}
	if page := b.page("/").body; strings.Contains(page, "You play") || strings.Contains(page, "/dev/client") {
		t.Error("the page speaks of it")
	}
}

func TestPlayedClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.header.Set("User-Agent", "own/1")
	b.header.Set("Sec-Ch-Ua-Platform", `"Linux"`)
	b.register(ada)
	check := func(ip, agent string) {
		t.Helper()
		b.login(ada)
		agent = strings.Replace(agent, " AppleWebKit/605.1.15 (KHTML, like Gecko)", "", 1) // is not kept
		if gotIP, gotAgent := b.from(); gotIP != ip || !strings.HasPrefix(agent, gotAgent) || len(gotAgent) < min(len(agent), 64) {
			t.Errorf("it came from %s as %s, want %s, %s", gotIP, gotAgent, ip, agent)
		}
	}
	check("127.0.0.1", "own/1")
	b.submit("/dev/client", "place", oslo, "ip", "", "browser", devAgents[4].Header, "agent", "").wantRedirect(t, "/dev/client?said=played")
	check(oslo, devAgents[4].Header)
	page := b.page("/dev/client").body
	for _, says := range []string{"You play a client from Oslo, NO (192.0.2.10), as Safari on iPhone", `value="192.0.2.10" selected`, "198.18.0.0/24", "Tor", "AS64497", devClientIP, devUserAgent} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	b.submit("/dev/client", "place", oslo, "ip", " 2001:db8:40::7 ", "browser", "", "agent", "mine/2").wantRedirect(t, "/dev/client?said=played")
	check("2001:db8:40::7", "mine/2")
	if page := b.page("/dev/client").body; !strings.Contains(page, "from Cluj-Napoca, RO (2001:db8:40::7)") {
		t.Error("an address of a network has not its name")
	}

	for _, bad := range [][]string{{"ip", "Oslo"}, {"ip", "192.0.2.1/24"}, {"agent", strings.Repeat("x", 257)}, {"agent", "Brow\u00f6ser"}} {
		r := b.submit("/dev/client", bad...)
		if r.status != http.StatusBadRequest || !strings.Contains(r.body, `id="`+bad[0]+`"`) || !strings.Contains(r.body, `aria-invalid="true" aria-describedby="problem"`) {
			t.Errorf("%q: status %d: %s", bad, r.status, r.body)
		}
	}
	b.header.Set("Origin", "https://elsewhere.example")
	want(t, b.submit("/dev/client", "ip", oslo), http.StatusForbidden, "")
	b.header.Del("Origin")
	check("2001:db8:40::7", "mine/2")

	b.header.Set(devClientIP, oslo) // what a program says comes first
	b.header.Set(devUserAgent, "program/3")
	check(oslo, "program/3")
	b.header.Del(devClientIP)
	b.header.Del(devUserAgent)

	b.submit("/dev/client").wantRedirect(t, "/dev/client?said=played")
	check("127.0.0.1", "own/1")
	for _, junk := range []string{"x", "e30", "%%%", strings.Repeat("A", 5000)} {
		b.setCookie("dev-client", junk)
		check("127.0.0.1", "own/1")
	}
	b.submit("/dev/clock", "advance", "20m").wantRedirect(t, "/dev/client?said=later")
}
