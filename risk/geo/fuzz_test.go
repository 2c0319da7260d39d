package geo

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/mfakit/mfa/risk"
)

// FuzzList: no text makes it panic, what is refused is refused as such, with its line,
// and what is taken has what its lines say.
func FuzzList(f *testing.F) {
	for _, s := range []string{
		"", "\n", "# none\n", "89.8.0.0/16\n2a02:c0::/29\n", "AS64500 # x\n64501\n", "ASN,Entity\n1,\"a, b\"\n", "\"1\",x\r\n",
		"ExitNode A\nPublished x\nExitAddress 1.2.3.4 2026-11-01\n", "1.2.3.0/24 ; SBL1\n", "::ffff:1.2.3.4/120\n", "64:ff9b::/96\n", "\xef\xbb\xbf1.1.1.1//x",
		"0.0.0.0/0\n", "1.1.1.1\nAS1\n", "fe80::1%eth0\n", "ExitAddress\n", ",\n", "1.1.1.1\x00\n", strings.Repeat("9", 5000),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const most = 100
		c, err := parseList(context.Background(), text, most)
		if err != nil {
			lines := bytes.Count(text, []byte("\n")) + 1
			if c != nil || err.Line < 0 || err.Line > lines || !errors.Is(err, ErrBroken) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%v, %v", c, err)
			}
			return
		}
		if c.entries > most || (c.asns != nil) == (c.prefixes != nil) || c.entries != len(c.asns) && c.asns != nil {
			t.Errorf("%+v", c)
		}
		for line := range strings.Lines(string(text)) {
			word := strings.TrimRight(line, "\r\n")
			if ip, err := netip.ParseAddr(word); err == nil && !c.prefixes.Contains(plain(ip)) {
				t.Errorf("%s is a line, and not in it", word)
			}
			if p, err := netip.ParsePrefix(word); err == nil && !c.prefixes.Contains(plain(p.Addr())) {
				t.Errorf("%s is a line, and not in it", word)
			}
		}
	})
}

// FuzzDatabase: no bytes make it panic, and a database that is taken says of every
// address what the reader of its format says.
func FuzzDatabase(f *testing.F) {
	files, err := filepath.Glob("testdata/*.mmdb")
	if err != nil || len(files) == 0 {
		f.Fatal("no databases", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(data[len(data)/2:])
		for n := 0; n < len(data); n += 97 { // one byte damaged
			damaged := bytes.Clone(data)
			damaged[n] ^= 0x55
			f.Add(damaged)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseDatabase(context.Background(), data, 0)
		if err != nil {
			if c != nil || !errors.Is(err, ErrBroken) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("%v, %v", c, err)
			}
			return
		}
		reader, err := maxminddb.OpenBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		for ip := range some(data) {
			var got risk.IPInfo
			c.database.add(ip, &got)
			if want := slowly(t, reader, ip); got != want {
				t.Errorf("%s:\n got %+v\nwant %+v", ip, got, want)
			}
		}
	})
}

// some addresses, known ones and those that bytes make.
func some(data []byte) func(func(netip.Addr) bool) {
	return func(yield func(netip.Addr) bool) {
		for _, s := range []string{"0.0.0.0", "255.255.255.255", "89.8.1.1", "81.2.69.7", "86.34.7.7", "102.0.0.1", "102.1.0.0", "::", "2a02:c0::1", "2a02:c7:ffff::", "2a02:c8::", "2002:5908:101::", "ffff::"} {
			if !yield(netip.MustParseAddr(s)) {
				return
			}
		}
		for n := 0; n+16 <= len(data) && n < 64*16; n += 16 {
			if !yield(netip.AddrFrom4([4]byte(data[n:]))) || !yield(netip.AddrFrom16([16]byte(data[n:])).Unmap()) {
				return
			}
		}
	}
}

// slowly looks up with the format's reader, as one would without a form of one's own.
func slowly(t *testing.T, reader *maxminddb.Reader, ip netip.Addr) (info risk.IPInfo) {
	if reader.Metadata.IPVersion == 4 && ip.Is6() {
		return info
	}
	at := reader.Lookup(ip)
	var r record
	if err := at.Decode(&r); err != nil {
		t.Errorf("%s: %v, in a database that was taken", ip, err)
	}
	info = risk.IPInfo{Country: r.country, ASN: r.asn, Org: r.org, Kinds: r.kinds}
	if r.asn == 0 {
		info.Org = r.org
	}
	if r.country != "" {
		info.City, info.Region = r.city, r.region
		if r.located() {
			info.Lat, info.Lon, info.Radius, info.Located = float64(micro(r.lat))/1e6, float64(micro(r.lon))/1e6, float64(float32(r.accuracy())), true
		}
	}
	if isResidential(reader.Metadata.DatabaseType) && at.Found() && (!r.rated || r.confidence >= minConfidence) {
		info.Kinds |= risk.ResidentialProxy
	}
	return info
}
