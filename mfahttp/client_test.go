package mfahttp

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestA63_D06_ClientAddress(t *testing.T) {
	proxies, err := checkProxies([]netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::ffff:192.168.7.0/120"), netip.MustParsePrefix("2001:db8:1::/48"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, peer string
		headers    []string
		want       string
	}{
		{"no proxy", "203.0.113.5:1", nil, "203.0.113.5"},
		{"a stranger's header is not believed", "203.0.113.5:1", []string{"198.51.100.1"}, "203.0.113.5"},
		{"a stranger who names a proxy", "203.0.113.5:1", []string{"198.51.100.1, 10.0.0.1"}, "203.0.113.5"},
		{"one proxy", "10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"no header behind a proxy", "10.0.0.1:1", nil, "10.0.0.1"},
		{"empty header", "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"the client's invention stands left", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		{"the client names a trusted proxy", "10.0.0.1:1", []string{"10.0.0.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two headers are one list", "10.0.0.1:1", []string{"1.1.1.1", "198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"all are proxies", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"junk ends the walk", "10.0.0.1:1", []string{"198.51.100.1, junk"}, "10.0.0.1"},
		{"junk behind a proxy", "10.0.0.1:1", []string{"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"empty entry", "10.0.0.1:1", []string{"198.51.100.1,,10.0.0.2"}, "10.0.0.2"},
		{"a zero-padded address is none", "10.0.0.1:1", []string{"198.051.100.001"}, "10.0.0.1"},
		{"with a port", "10.0.0.1:1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::5]:1", []string{"2001:db8:ffff::9"}, "2001:db8:ffff::9"},
		{"IPv6 with a port", "[2001:db8:1::5]:1", []string{"[2001:db8:ffff::9]:443"}, "2001:db8:ffff::9"},
		{"IPv6 stranger", "[2001:db8:2::5]:1", []string{"1.1.1.1"}, "2001:db8:2::5"},
		{"mapped peer is the proxy", "[::ffff:10.0.0.1]:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"mapped client is one address", "10.0.0.1:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"network given as mapped", "192.168.7.9:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"beside the mapped network", "192.168.8.9:1", []string{"198.51.100.1"}, "192.168.8.9"},
		{"a zone is no part of it", "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"no address", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, h := range c.headers {
				r.Header.Add("X-Forwarded-For", h)
			}
			r.Header.Set("X-Real-Ip", "9.9.9.9")
			r.Header.Set("Forwarded", "for=9.9.9.9")
			h := &Handler{proxies: proxies}
			if got := h.Client(r).IP.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestClientIPOfTheHost(t *testing.T) {
	h := &Handler{app: "web", clientIP: clientIPForTest}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", "agent")
	c := h.Client(r)
	if c.IP != netip.MustParseAddr("192.0.2.44") || c.App != "web" || c.UserAgent != "agent" {
		t.Errorf("%+v", c)
	}
}

func clientIPForTest(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.44") }

func TestClientHasThePlaceOfItsAddress(t *testing.T) {
	h := &Handler{place: func(a netip.Addr) string { return "where " + a.String() + " is" }}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "203.0.113.5:1"
	if c := h.Client(r); c.Place != "where 203.0.113.5 is" {
		t.Errorf("%q", c.Place)
	}
	r.RemoteAddr = "nowhere"
	if c := h.Client(r); c.Place != "" {
		t.Errorf("%q", c.Place)
	}
}
