package geo

import (
	"net/netip"

	"github.com/gaissmai/bart"

	"github.com/mfakit/mfa/risk"
)

// reserved are the ranges that are no place on earth, from the IANA registries of
// special-purpose addresses. What a database says of them is not asked: vendors fill
// them with whoever registered them, and such addresses reach a service from its own
// network alone.
var reserved = func() *bart.Table[risk.IPKinds] {
	t := new(bart.Table[risk.IPKinds])
	for _, p := range []string{
		"0.0.0.0/8",       // this network, RFC 791
		"10.0.0.0/8",      // private, RFC 1918
		"127.0.0.0/8",     // loopback, RFC 1122
		"169.254.0.0/16",  // link-local, RFC 3927
		"172.16.0.0/12",   // private, RFC 1918
		"192.0.0.0/24",    // protocol assignments, RFC 6890
		"192.0.2.0/24",    // documentation, RFC 5737
		"192.168.0.0/16",  // private, RFC 1918
		"198.18.0.0/15",   // benchmarks, RFC 2544
		"198.51.100.0/24", // documentation, RFC 5737
		"203.0.113.0/24",  // documentation, RFC 5737
		"224.0.0.0/4",     // multicast, RFC 5771
		"240.0.0.0/4",     // reserved, and broadcast, RFC 1112
		"::/96",           // unspecified, loopback, and IPv4-compatible, RFC 4291
		"64:ff9b:1::/48",  // local translation, RFC 8215
		"100::/64",        // discard, RFC 6666
		"2001:2::/48",     // benchmarks, RFC 5180
		"2001:db8::/32",   // documentation, RFC 3849
		"3fff::/20",       // documentation, RFC 9637
		"5f00::/16",       // segment routing, RFC 9602
		"fc00::/7",        // unique local, RFC 4193
		"fe80::/10",       // link-local, RFC 4291
		"fec0::/10",       // site-local, RFC 3879
		"ff00::/8",        // multicast, RFC 4291
	} {
		t.Insert(netip.MustParsePrefix(p), risk.Private)
	}
	t.Insert(netip.MustParsePrefix("100.64.0.0/10"), risk.Shared) // RFC 6598
	return t
}()

// translated is the prefix under which translators show IPv4 addresses, RFC 6052.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// plain is an address as it is looked up: without its zone, and as IPv4 where it is
// one that is written as IPv6, so that nobody escapes a list by the way it came.
func plain(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() && translated.Contains(ip) {
		b := ip.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// plainPrefix is the same for a prefix. It is not valid where the prefix covers
// translated addresses and more.
func plainPrefix(p netip.Prefix) netip.Prefix {
	ip := plain(p.Addr())
	if bits := p.Bits(); ip.BitLen() != p.Addr().BitLen() {
		return netip.PrefixFrom(ip, bits-96).Masked()
	}
	return p.Masked()
}
