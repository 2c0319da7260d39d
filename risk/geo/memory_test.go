package geo_test

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// million writes a list of a million different prefixes all over the internet: half of
// them single IPv4 addresses and /24, half IPv6 of /48 and /64. Nothing in it helps a
// trie; real lists are denser.
func million(t testing.TB) string {
	t.Helper()
	var text []byte
	for n := range 1_000_000 {
		h := sha256.Sum256(strconv.AppendInt(nil, int64(n), 10))
		var p netip.Prefix
		switch n % 4 {
		case 0, 1:
			h[0] = 11 + h[0]%200
			p = netip.PrefixFrom(netip.AddrFrom4([4]byte(h[:])), 32-n%2*8)
		default:
			h[0] = 0x20 | h[0]&1
			p = netip.PrefixFrom(netip.AddrFrom16([16]byte(h[:])), 48+n%2*16)
		}
		text = p.Masked().AppendTo(text)
		text = append(text, '\n')
	}
	f := newFolder(t)
	path := f.path("million.txt")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mib is what the heap holds.
func mib() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

func TestAMillionPrefixesFitIn200MiB(t *testing.T) {
	path := million(t)
	before := mib()
	i := open(t, geo.Config{Lists: []geo.Source{{Path: path, Kinds: risk.VPN}}})
	grown := mib() - before
	entries := i.Status()[0].Entries
	t.Logf("%d prefixes in %.0f MiB", entries, grown)
	if grown > 200 || entries < 900_000 {
		t.Errorf("%d prefixes in %.0f MiB", entries, grown)
	}
	h := sha256.Sum256([]byte("0"))
	if h[0] = 11 + h[0]%200; lookup(t, i, netip.AddrFrom4([4]byte(h[:])).String()).Kinds != risk.VPN {
		t.Error("the first is not in it")
	}
}

// BenchmarkMillion is a lookup in a list of a million prefixes, with what it takes of
// memory.
func BenchmarkMillion(b *testing.B) {
	path := million(b)
	before := mib()
	i := open(b, geo.Config{Lists: []geo.Source{{Path: path, Kinds: risk.VPN}}})
	grown := mib() - before
	b.ReportAllocs()
	for n := uint32(0); b.Loop(); n += 2654435761 { // all over the addresses
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], n)
		if _, err := i.Lookup(netip.AddrFrom4(ip)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(grown, "MiB")
}

// TestLookupAllocatesNothing with databases and lists.
func TestLookupAllocatesNothing(t *testing.T) {
	i, ip := all(t), netip.MustParseAddr("::ffff:89.8.1.1")
	if n := testing.AllocsPerRun(100, func() { _, _ = i.Lookup(ip) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// all has a database of each sort and lists.
func all(t testing.TB) *geo.Intel {
	f := newFolder(t)
	return open(t, geo.Config{
		Databases: []geo.Source{{Path: f.copied("city.mmdb")}, {Path: f.copied("asn.mmdb")}, {Path: f.copied("anonymous.mmdb")}},
		Lists: []geo.Source{
			{Path: f.put("tor.txt", "89.8.1.1\n"), Kinds: risk.Tor}, {Path: f.put("vpn.txt", "86.0.0.0/8\n"), Kinds: risk.VPN},
			{Path: f.put("carriers.txt", "AS64500\n"), Kinds: risk.Mobile},
		},
	})
}

func BenchmarkLookup(b *testing.B) {
	i := all(b)
	for _, s := range []string{"89.8.1.1", "2a02:c0::1", "10.0.0.1", "200.1.1.1"} {
		ip := netip.MustParseAddr(s)
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := i.Lookup(ip); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
