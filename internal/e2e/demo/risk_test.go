package demo_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// Networks of the demo's own table, and browsers.
const (
	inOslo      = "192.0.2.10"
	inBucharest = "198.51.100.10"
	inSaoPaulo  = "203.0.113.10"

	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

const adaptivePolicy = "../../../examples/webapp/policies/adaptive.json"

// at plays a client elsewhere.
func (c *client) at(ip, agent string) *client {
	c.header.Set("X-Dev-Client-IP", ip)
	c.header.Set("X-Dev-User-Agent", agent)
	return c
}

// page gets a page as a browser does.
func (c *client) page(path string) string {
	c.t.Helper()
	c.header.Set("Accept", "text/html")
	defer c.header.Del("Accept")
	return string(c.get(path).want(http.StatusOK).body)
}

// What was learned and counted until SIGTERM is there after the next start.
func TestRiskIsKeptOverAStop(t *testing.T) {
	t.Parallel()
	a := start(t, "-policy", adaptivePolicy)
	boss := a.member(t) // the oldest account is an admin's
	boss.signIn(boss.client)
	p := a.register(t)
	p.at(inOslo, firefox)
	p.enroll()
	for range 3 {
		p.signIn(p.client)
	}
	const counted = "Asked for their risk"
	if page := boss.page("/admin/risk"); !strings.Contains(page, counted) {
		t.Fatalf("nothing is counted: %s", page)
	}
	if err := a.process.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := a.process.Ended(); err != nil {
		t.Fatalf("it ended with %v", err)
	}
	a.tr.CloseIdleConnections()
	a.run()
	if page := boss.page("/admin/risk"); !strings.Contains(page, counted) {
		t.Errorf("what was counted is gone: %s", page)
	}
	r := p.elsewhere().at(inBucharest, chrome).post("/login", js{"email": p.email, "password": p.password}).want(http.StatusOK)
	if r.flow().Status != "challenge" || !strings.Contains(string(r.body), "first time from Romania") {
		t.Errorf("what was learned is gone: %s", r.body)
	}
}
