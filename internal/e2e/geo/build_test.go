// Package geo_test holds risk/geo to databases that are made here, in the layouts of
// the vendors.
package geo_test

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

// built is when the databases of these tests were built.
const built = 1_790_000_000 // 2026-09-21

// A layout is a database to be made: its type, and records by prefix.
type layout struct {
	kind     string
	records  []entry
	size     int  // bits of a tree's record; 0: 28
	version  int  // of IP; 0: 6
	reserved bool // it may have addresses that are no place
}

type entry struct {
	prefix string
	record mmdbtype.DataType
}

type (
	fields  = mmdbtype.Map
	text    = mmdbtype.String
	number  = mmdbtype.Float64
	list    = mmdbtype.Slice
	boolean = mmdbtype.Bool
)

// bytesOf writes a database.
func (l layout) bytesOf(t testing.TB) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch: built, DatabaseType: l.kind, Description: map[string]string{"en": "made for a test"},
		Languages: []string{"en"}, RecordSize: l.size, IPVersion: l.version, IncludeReservedNetworks: l.reserved,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range l.records {
		if err := tree.Insert(network(e.prefix), e.record); err != nil {
			t.Fatalf("%s: %v", e.prefix, err)
		}
	}
	var b bytes.Buffer
	if _, err := tree.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func network(prefix string) *net.IPNet {
	p := netip.MustParsePrefix(prefix)
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// names are a place's, in more languages than one.
func names(english string) fields {
	return fields{"names": fields{"de": text(english + " (de)"), "en": text(english), "zh-CN": text(english + " (zh)")}}
}

// write puts content into a file of a new folder.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open reads databases that are made of layouts.
func open(t testing.TB, layouts ...layout) *geo.Intel {
	t.Helper()
	var c geo.Config
	for _, l := range layouts {
		c.Databases = append(c.Databases, geo.Source{Path: write(t, "test.mmdb", l.bytesOf(t))})
	}
	i, err := geo.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func lookup(t testing.TB, i *geo.Intel, ip string) risk.IPInfo {
	t.Helper()
	info, err := i.Lookup(netip.MustParseAddr(ip))
	if err != nil {
		t.Fatalf("%s: %v", ip, err)
	}
	return info
}
