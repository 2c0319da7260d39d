package mfahttp

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// DeviceHeader is the header in which native clients send back the
// device_token of a flow. Browsers have a cookie for it.
const DeviceHeader = "Mfa-Device"

// Client describes where a request comes from, for the engine's methods.
func (h *Handler) Client(r *http.Request) mfa.Client {
	device := cookieValue(r, h.cookies.device)
	if device == "" {
		device = r.Header.Get(DeviceHeader)
	}
	client := mfa.Client{App: h.app, IP: h.ip(r), UserAgent: r.UserAgent(), DeviceToken: device, Hints: hints(r.Header)}
	if h.place != nil && client.IP.IsValid() {
		client.Place = h.place(client.IP)
	}
	return client
}

// hints are those that browsers send with every request without being asked, over
// https. The others would have to be asked for (Accept-CH), and tell versions.
func hints(header http.Header) mfa.Hints {
	return mfa.Hints{Brands: header.Get("Sec-CH-UA"), Mobile: header.Get("Sec-CH-UA-Mobile"), Platform: header.Get("Sec-CH-UA-Platform")}
}

func (h *Handler) ip(r *http.Request) netip.Addr {
	if h.clientIP != nil {
		return h.clientIP(r)
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return forwarded(plain(peer.Addr()), r.Header.Values("X-Forwarded-For"), h.trusts)
}

func (h *Handler) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(h.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// forwarded walks from the connection's peer towards the client for as long as
// each hop is a proxy that we trust to have told the truth about the one before
// it. What stands further left in the header is the client's own invention.
func forwarded(hop netip.Addr, headers []string, trusts func(netip.Addr) bool) netip.Addr {
	list := strings.Join(headers, ",")
	for trusts(hop) && list != "" {
		i := strings.LastIndexByte(list, ',')
		next, err := parseHop(list[i+1:])
		if err != nil {
			return hop
		}
		hop, list = next, list[:max(i, 0)]
	}
	return hop
}

// parseHop reads an address as proxies write it, with or without a port.
func parseHop(s string) (netip.Addr, error) {
	s = strings.Trim(s, " \t")
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), nil
	}
	a, err := netip.ParseAddr(s)
	return plain(a), err
}

// plain writes an address one way, so that no client has two.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
