package risk

import "net/netip"

// An IPIntel knows about addresses. Package geo reads databases and lists. It is
// asked during a sign-in: it answers from memory, and never from a network. It
// must be safe for concurrent use.
type IPIntel interface {
	// Lookup says what is known of ip; of an address that nothing is known of, the
	// zero IPInfo. An error means that not all can be said now: what is returned beside
	// it counts, and the sign-in's level is unknown at least, so that it is asked.
	Lookup(ip netip.Addr) (IPInfo, error)
}

// IPInfo is what is known of an address. The zero value: nothing.
type IPInfo struct {
	Country string // ISO 3166-1 alpha-2; empty: not known
	Region  string // in words, as the database has it; empty: not known
	City    string // the same

	// Lat and Lon are in degrees, north and east above 0; Radius is how far off they
	// may be, in km, 0 where that is not known. They mean something only where Located is set.
	Lat, Lon, Radius float64
	Located          bool

	ASN   uint32  // the autonomous system; 0: not known
	Org   string  // who runs it, in words
	Kinds IPKinds // what sort of address it is
}

// IPKinds is a set of properties of an address. The zero value: nothing is known to be odd.
type IPKinds uint16

// The kinds of address.
const (
	Tor              IPKinds = 1 << iota // an exit of the Tor network
	VPN                                  // a virtual private network's egress
	Proxy                                // an open or commercial proxy
	ResidentialProxy                     // a proxy in somebody's home
	Hosting                              // a data centre: machines, rarely people
	Mobile                               // a mobile carrier, whose egress may be far from its users
	Satellite                            // the same, and farther
	Private                              // RFC 1918, RFC 4193, link-local or loopback: no place on earth
	Shared                               // RFC 6598, a carrier's NAT: no place either
	Denied                               // on the host's own list of those not wanted
	Trusted                              // on the host's own list of its networks
)

// anonymous are the kinds behind which anybody can be anywhere.
const anonymous = Tor | VPN | Proxy | ResidentialProxy

// placeless are the kinds whose database entry says nothing of where a person is.
const placeless = anonymous | Mobile | Satellite | Private | Shared

// Has says whether any of some kinds is in the set.
func (k IPKinds) Has(some IPKinds) bool { return k&some != 0 }
