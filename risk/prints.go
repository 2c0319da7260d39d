package risk

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"

	"github.com/mfakit/mfa"
)

// prints are what is kept of values that would tell too much: keyed hashes, which
// whoever reads the store cannot invert by trying all addresses. 0: not known.
type prints struct{ Address, Prefix, Region, City, Model uint32 }

// A printer makes them, under a key of the deployment's own.
type printer struct {
	key [32]byte
	mix [2]uint64
}

func newPrinter(k *mfa.KeyRing, deployment string) *printer {
	p := &printer{}
	copy(p.key[:16], k.Index("risk", deployment, "prints"))
	copy(p.key[16:], k.Index("risk", deployment, "prints, second half"))
	m := k.Index("risk", deployment, "values")
	p.mix = [2]uint64{binary.LittleEndian.Uint64(m), binary.LittleEndian.Uint64(m[8:])}
	return p
}

// What a print is of. The numbers are hashed: they never change.
const (
	ofAddress  = 1
	ofPrefix   = 2
	ofRegion   = 3
	ofCity     = 4
	ofActivity = 5
	ofModel    = 6
)

// print hashes key, kind and value: one block of SHA-256 for an address. A plain
// hash of key and value is a sound keyed hash here, because a part of the sum is all
// that is kept, so nothing can be appended to it.
func (p *printer) print(kind byte, value ...string) uint32 {
	var room [256]byte
	b := append(room[:0], p.key[:]...)
	b = append(b, kind)
	for _, v := range value {
		b = append(append(b, byte(len(v)>>8), byte(len(v))), v...)
	}
	return short(sha256.Sum256(b))
}

// address is the prints of an IPv4 address and its /24, or of an IPv6 /64, which is what
// one connection gets, and its /48. An IPv4-mapped address is IPv4.
func (p *printer) address(ip netip.Addr) (address, prefix uint32) {
	if !ip.IsValid() {
		return 0, 0
	}
	ip = ip.Unmap()
	fine, coarse := 8, 6
	full := ip.As16()
	bytes := full[:]
	if ip.Is4() {
		bytes, fine, coarse = full[12:], 4, 3
	}
	var room [64]byte
	b := append(room[:0], p.key[:]...)
	n := len(b)
	b = append(append(b, ofAddress), bytes[:fine]...)
	address = short(sha256.Sum256(b))
	b = append(append(b[:n], ofPrefix), bytes[:coarse]...)
	return address, short(sha256.Sum256(b))
}

func short(sum [32]byte) uint32 {
	return max(1, binary.LittleEndian.Uint32(sum[:]))
}

// key is the population's key of a value that fits a number.
func (p *printer) value(f feature, x uint64) uint64 {
	return mix(p.mix, x<<8|uint64(f))
}

// values are the population's keys of what is known of e, as it was at a time; set is
// which of them are there.
func (p *printer) values(e *entry, minutes uint32) (keys [features]uint64, set uint16) {
	put := func(f feature, known bool, x uint64) {
		if known {
			keys[f] = p.value(f, x)
			set |= 1 << f
		}
	}
	put(featCountry, e.country != 0, uint64(e.country))
	put(featASN, e.asn != 0, uint64(e.asn))
	put(featPrefix, e.prints.Prefix != 0, uint64(e.prints.Prefix))
	put(featRegion, e.prints.Region != 0, uint64(e.prints.Region))
	put(featCity, e.prints.City != 0, uint64(e.prints.City))
	put(featDevice, e.agent.class != 0, uint64(e.agent.class))
	put(featOS, e.agent.os != 0, uint64(e.agent.os))
	put(featBrowser, e.agent.browser != 0, uint64(e.agent.browser))
	put(featAgent, e.agent != agentID{}, e.agent.number())
	put(featModel, e.prints.Model != 0, uint64(e.prints.Model))
	put(featHour, true, uint64(hourOfWeek(minutes)))
	return keys, set
}
