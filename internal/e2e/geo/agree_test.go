package geo_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/mfakit/mfa/risk/geo"
)

// TestAgreesWithTheReader of the format, on trees with thousands of prefixes within each
// other: at the edges of each, and at random.
func TestAgreesWithTheReader(t *testing.T) {
	for _, size := range []int{24, 28, 32} {
		r := rand.New(rand.NewPCG(uint64(size), 1))
		l := layout{kind: "Test", size: size}
		var ips []netip.Addr
		for n := range 3000 {
			ip, bits := public(r), 9+r.IntN(24)
			if n%3 == 0 {
				b := [16]byte{0x2a, byte(r.IntN(4)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), 15: byte(r.Uint32())}
				ip, bits = netip.AddrFrom16(b), 13+r.IntN(116)
			}
			p := netip.PrefixFrom(ip, bits).Masked()
			l.records = append(l.records, entry{p.String(), fields{"autonomous_system_number": mmdbtype.Uint32(n + 1), "as_name": text(fmt.Sprint("Network ", n%100))}})
			ips = append(ips, ip, p.Addr(), p.Addr().Prev(), public(r), public(r))
		}
		slices.SortStableFunc(l.records, func(a, b entry) int { // a later one takes the place of what is within it
			return netip.MustParsePrefix(a.prefix).Bits() - netip.MustParsePrefix(b.prefix).Bits()
		})
		file := l.bytesOf(t)
		reader, err := maxminddb.OpenBytes(file)
		if err != nil {
			t.Fatal(err)
		}
		i, err := geo.Open(geo.Config{Databases: []geo.Source{{Path: write(t, "test.mmdb", file)}}})
		if err != nil {
			t.Fatal(err)
		}
		known := 0
		for _, ip := range ips {
			var want struct {
				ASN  uint32 `maxminddb:"autonomous_system_number"`
				Name string `maxminddb:"as_name"`
			}
			if err := reader.Lookup(ip).Decode(&want); err != nil {
				t.Fatal(err)
			}
			got := lookup(t, i, ip.String())
			if got.Kinds == 0 && (got.ASN != want.ASN || got.Org != want.Name) {
				t.Errorf("%d bits: %s: %+v, want %+v", size, ip, got, want)
			}
			if got.ASN != 0 {
				known++
			}
		}
		if known < 6000 || i.Status()[0].Entries < 2000 {
			t.Errorf("%d of %d addresses are known, by %d records: nothing was compared", known, len(ips), i.Status()[0].Entries)
		}
	}
}
