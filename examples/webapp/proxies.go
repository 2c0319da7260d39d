package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

const proxyHelp = "`networks` of the proxies in front of this app, with commas between: of requests from there X-Forwarded-For says who the client is. " +
	"Default: none, and each request is from whoever has made the connection"

// addProxies reads -proxy: addresses, and networks as 10.0.0.0/8.
func (c *config) addProxies(list string) error {
	for _, s := range strings.Split(list, ",") {
		network, err := netip.ParsePrefix(s)
		if err != nil {
			ip, err := netip.ParseAddr(s)
			if err != nil {
				return fmt.Errorf("%.50q is neither an address nor a network", s)
			}
			network = netip.PrefixFrom(ip, ip.BitLen())
		}
		c.proxies = append(c.proxies, network.Masked())
	}
	return nil
}

func (c config) isProxy(ip netip.Addr) bool {
	return slices.ContainsFunc(c.proxies, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// behindProxies is the client of a request that came by a proxy: each has added whom it
// had the request from at the end of the header, so that the last one that is no
// proxy of ours is the client. What stands before is what the client says.
func (c config) behindProxies(r *http.Request, peer netip.Addr) netip.Addr {
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, s := range slices.Backward(said) {
		if !c.isProxy(peer) {
			break
		}
		ip, err := netip.ParseAddr(strings.TrimSpace(s))
		if err != nil {
			break
		}
		peer = ip.Unmap().WithZone("")
	}
	return peer
}

// healthTimeout is for the database's answer: a proxy asks every few seconds.
const healthTimeout = 2 * time.Second

// health tells a proxy whether to send anybody here.
func (a *app) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	var one int
	if err := a.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
