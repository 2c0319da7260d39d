package geo_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// BenchmarkLookup is of addresses all over three databases of a tenth of the size of
// MaxMind's, and four lists as large as real ones.
func BenchmarkLookup(b *testing.B) {
	c, ips := loaded(b)
	for _, run := range []struct {
		name string
		c    geo.Config
	}{
		{"City", geo.Config{Databases: c.Databases[:1]}},
		{"City+ASN", geo.Config{Databases: c.Databases[:2]}},
		{"City+ASN+Anonymous", geo.Config{Databases: c.Databases}},
		{"lists", geo.Config{Lists: c.Lists}},
		{"all", c},
	} {
		i, err := geo.Open(run.c)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(run.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, err := i.Lookup(ips[n%len(ips)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen is a load with all checks.
func BenchmarkOpen(b *testing.B) {
	c, _ := loaded(b)
	for b.Loop() {
		if _, err := geo.Open(c); err != nil {
			b.Fatal(err)
		}
	}
}

// loaded is a configuration of size, and addresses to look up: known and unknown ones.
func loaded(b *testing.B) (geo.Config, []netip.Addr) {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	city := layout{kind: "GeoLite2-City"}
	asn := layout{kind: "GeoLite2-ASN"}
	anonymous := layout{kind: "GeoIP2-Anonymous-IP"}
	var ips []netip.Addr
	for n := range 100_000 {
		ip := public(r)
		p := netip.PrefixFrom(ip, 20+r.IntN(5)).Masked().String()
		if n%4 == 3 {
			var b16 [16]byte
			binary.BigEndian.PutUint64(b16[:], 0x2a00_0000_0000_0000|r.Uint64()>>8)
			ip = netip.AddrFrom16(b16)
			p = netip.PrefixFrom(ip, 40).Masked().String()
		}
		place := r.IntN(20_000)
		city.records = append(city.records, entry{p, fields{
			"continent": names("Europe"), "registered_country": fields{"iso_code": text("NO"), "names": names("Norway")["names"]},
			"country":      fields{"geoname_id": mmdbtype.Uint32(3144096), "iso_code": text([]string{"NO", "SE", "DE", "US"}[place%4]), "names": names("Norway")["names"]},
			"city":         fields{"geoname_id": mmdbtype.Uint32(place), "names": names(fmt.Sprint("City ", place))["names"]},
			"subdivisions": list{fields{"geoname_id": mmdbtype.Uint32(place % 500), "iso_code": text("03"), "names": names(fmt.Sprint("Region ", place%500))["names"]}},
			"location":     fields{"accuracy_radius": mmdbtype.Uint16(20), "latitude": number(float64(place)/300 + .5), "longitude": number(10.75), "time_zone": text("Europe/Oslo")},
			"postal":       fields{"code": text(fmt.Sprint(place))},
		}})
		system := r.IntN(30_000) + 1
		asn.records = append(asn.records, entry{p, fields{"autonomous_system_number": mmdbtype.Uint32(system), "autonomous_system_organization": text(fmt.Sprint("Network ", system))}})
		if n%10 == 0 {
			anonymous.records = append(anonymous.records, entry{p, fields{"is_anonymous": boolean(true), "is_anonymous_vpn": boolean(true), "is_hosting_provider": boolean(n%20 == 0)}})
		}
		if n%8 == 0 {
			ips = append(ips, ip)
		}
		if n%16 == 0 {
			ips = append(ips, public(r))
		}
	}
	r.Shuffle(len(ips), func(a, b int) { ips[a], ips[b] = ips[b], ips[a] })
	var c geo.Config
	for _, l := range []layout{city, asn, anonymous} {
		c.Databases = append(c.Databases, geo.Source{Path: write(b, "test.mmdb", l.bytesOf(b))})
	}
	for _, l := range []struct {
		kinds risk.IPKinds
		size  int
		bits  int
	}{{risk.Tor, 2000, 32}, {risk.VPN, 11_000, 26}, {risk.Hosting, 50_000, 22}, {risk.Denied, 1000, 24}} {
		var text strings.Builder
		for range l.size {
			fmt.Fprintln(&text, netip.PrefixFrom(public(r), l.bits).Masked())
		}
		c.Lists = append(c.Lists, geo.Source{Path: write(b, "list.txt", []byte(text.String())), Kinds: l.kinds})
	}
	c.Lists = append(c.Lists, geo.Source{Path: write(b, "asns.txt", []byte("AS7\nAS8\nAS9\n")), Kinds: risk.Hosting})
	return c, ips
}

// public is an address that is some place.
func public(r *rand.Rand) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(11 + r.IntN(80)), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
}
