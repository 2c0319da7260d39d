package main

import (
	"net/netip"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// A devPlace is a network, and where a developer may play it to be.
type devPlace struct {
	Network netip.Prefix
	Address netip.Addr // one of it, for the list
	Name    string     // for the list
	Info    risk.IPInfo
}

// devPlaces stand in for a database of addresses with -dev and without -geo, so that a
// fresh clone has places with no data in it. It never changes.
//
// The networks are those for documentation and benchmarks (RFC 5737, RFC 3849, RFC 2544),
// which nobody has; and some of those in MaxMind's public test databases, in which they
// are at the same places. The systems' numbers are for documentation too (RFC 5398).
type devPlaces []devPlace

// Lookup is what the table has of an address. No network of the table is within another.
func (p devPlaces) Lookup(ip netip.Addr) (risk.IPInfo, error) {
	ip = ip.Unmap()
	for _, place := range p {
		if place.Network.Contains(ip) {
			return place.Info, nil
		}
	}
	return risk.IPInfo{}, nil
}

// A devIntel is the table, with what lists say beside it.
type devIntel struct {
	places devPlaces
	lists  *geo.Intel // nil: there are none
}

// Lookup implements risk.IPIntel. Lists have the table's networks among those that
// nobody has, and so in no place.
func (d devIntel) Lookup(ip netip.Addr) (risk.IPInfo, error) {
	info, err := d.places.Lookup(ip)
	if d.lists == nil || err != nil {
		return info, err
	}
	listed, err := d.lists.Lookup(ip)
	if !info.Located {
		return listed, err
	}
	info.Kinds |= listed.Kinds &^ (risk.Private | risk.Shared)
	return info, err
}

// newDevPlaces makes the table.
func newDevPlaces() devPlaces {
	at := func(network, address, country, region, city string, lat, lon float64, asn uint32, org string, kinds risk.IPKinds) devPlace {
		p := devPlace{Network: netip.MustParsePrefix(network), Address: netip.MustParseAddr(address), Name: city + ", " + country}
		p.Info = risk.IPInfo{Country: country, Region: region, City: city, Lat: lat, Lon: lon, Radius: 20, Located: true, ASN: asn, Org: org, Kinds: kinds}
		return p
	}
	named := func(name string, p devPlace) devPlace {
		p.Name = name
		return p
	}
	return devPlaces{
		at("192.0.2.0/24", "192.0.2.10", "NO", "Oslo", "Oslo", 59.91, 10.75, 64496, "Fjord Broadband", 0),
		at("198.51.100.0/24", "198.51.100.10", "RO", "Bucharest", "Bucharest", 44.43, 26.10, 64497, "Dunarea Net", 0),
		at("203.0.113.0/24", "203.0.113.10", "BR", "São Paulo", "São Paulo", -23.55, -46.63, 64498, "Paulista Telecom", 0),
		at("2001:db8:47::/48", "2001:db8:47::10", "NO", "Vestland", "Bergen", 60.39, 5.32, 64496, "Fjord Broadband", 0),
		at("2001:db8:40::/48", "2001:db8:40::10", "RO", "Cluj", "Cluj-Napoca", 46.77, 23.59, 64497, "Dunarea Net", 0),
		at("2001:db8:55::/48", "2001:db8:55::10", "BR", "Rio de Janeiro", "Rio de Janeiro", -22.91, -43.17, 64498, "Paulista Telecom", 0),
		at("81.2.69.0/24", "81.2.69.142", "GB", "England", "London", 51.51, -0.09, 64499, "Thames Cable", 0),
		at("2.125.160.0/24", "2.125.160.216", "GB", "England", "Boxford", 51.75, -1.25, 64499, "Thames Cable", 0),
		at("89.160.20.0/24", "89.160.20.112", "SE", "Östergötland County", "Linköping", 58.42, 15.62, 64500, "Roxen Bredband", 0),
		at("216.160.83.0/24", "216.160.83.56", "US", "Washington", "Milton", 47.25, -122.31, 64501, "Rainier Fiber", 0),
		at("175.16.199.0/24", "175.16.199.1", "CN", "Jilin", "Changchun", 43.88, 125.32, 64502, "Jilin Net", 0),
		at("202.196.224.0/20", "202.196.224.1", "PH", "Metro Manila", "Manila", 14.59, 120.98, 64503, "Pasig Telecom", 0),
		at("67.43.156.0/24", "67.43.156.1", "BT", "Thimphu", "Thimphu", 27.47, 89.64, 64504, "Druk Online", 0),
		named("A Tor exit", at("198.18.0.0/24", "198.18.0.10", "DE", "Hesse", "Frankfurt am Main", 50.11, 8.68, 64505, "Onion Hosting", risk.Tor)),
		named("A VPN", at("198.18.1.0/24", "198.18.1.10", "NL", "North Holland", "Amsterdam", 52.37, 4.90, 64506, "Tunnel VPN", risk.VPN)),
		named("A data centre", at("198.18.2.0/24", "198.18.2.10", "US", "Virginia", "Ashburn", 39.04, -77.49, 64507, "Rack and Rent", risk.Hosting)),
		named("A mobile carrier", at("198.18.3.0/24", "198.18.3.10", "NO", "Oslo", "Oslo", 59.91, 10.75, 64508, "Nordlys Mobil", risk.Mobile)),
	}
}

// devAgents are browsers that a developer may play, as they call themselves.
var devAgents = []devAgent{
	{"Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"},
	{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
	{"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"},
	{"Safari on Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15"},
	{"Safari on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"},
	{"Chrome on Android", "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"},
	{"curl", "curl/8.16.0"},
}

// A devAgent is a User-Agent header, and what people call it.
type devAgent struct{ Name, Header string }
