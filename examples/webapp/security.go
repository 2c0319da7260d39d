package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/mfakit/mfa/mfahttp"
)

// policyCSP lets pages load what this app serves, and nothing else. Nothing is
// inline, so an injected script or style does not run.
const policyCSP = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secureHeaders sets what every answer carries. Handlers may set stricter ones.
//
// The referrer goes to this app's own pages only: with no-referrer browsers
// send "Origin: null" with forms, and those that do not send Sec-Fetch-Site
// (Safari before 16.4) could then not be told from an attacker's page.
func (a *app) secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyCSP)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if a.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// checkHost refuses, in development, names that do not mean this machine: a
// page on the Internet whose name is made to point here (DNS rebinding) counts
// as the same origin to its browser, and could read the inbox.
func (a *app) checkHost(next http.Handler) http.Handler {
	if a.inbox == nil {
		return next
	}
	own, _ := url.Parse(a.origin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !isLoopback(strings.Trim(host, "[]")) && r.Host != own.Host {
			a.fail(w, r, &mfahttp.Problem{Status: http.StatusMisdirectedRequest, Code: "wrong_host", Detail: "this is not the app's name"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clientIP is the client's address: the connection's, or what a proxy of ours says;
// unless -dev is on and the header names another.
func (a *app) clientIP(r *http.Request) netip.Addr {
	if a.inbox != nil {
		if ip, err := netip.ParseAddr(r.Header.Get(devClientIP)); err == nil {
			return ip.Unmap().WithZone("")
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.config.behindProxies(r, peer.Addr().Unmap().WithZone(""))
}
