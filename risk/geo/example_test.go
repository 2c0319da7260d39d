package geo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "geo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	tor := filepath.Join(dir, "tor.txt")
	if err := os.WriteFile(tor, []byte("# exits\n89.8.1.1\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	intel, err := geo.Open(geo.Config{
		Databases: []geo.Source{{Path: "testdata/city.mmdb"}, {Path: "testdata/asn.mmdb"}},
		Lists:     []geo.Source{{Path: tor, Kinds: risk.Tor}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ip := range []string{"89.8.1.1", "81.2.69.5", "10.1.2.3"} {
		info, err := intel.Lookup(netip.MustParseAddr(ip))
		fmt.Printf("%s: %q %q AS%d, Tor: %v, private: %v, %v\n", ip, info.Country, info.City, info.ASN,
			info.Kinds.Has(risk.Tor), info.Kinds.Has(risk.Private), err)
	}

	// A file that is wrong changes nothing.
	if err := os.WriteFile(tor, []byte("89.8.1.2\n<html>\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	changed, err := intel.Reload(context.Background())
	fmt.Println(changed, err)
	info, _ := intel.Lookup(netip.MustParseAddr("89.8.1.1"))
	fmt.Println(info.Kinds.Has(risk.Tor), intel.Status()[2].Entries)
	// Output:
	// 89.8.1.1: "NO" "Oslo" AS64500, Tor: true, private: false, <nil>
	// 81.2.69.5: "GB" "London" AS64501, Tor: false, private: false, <nil>
	// 10.1.2.3: "" "" AS0, Tor: false, private: true, <nil>
	// false geo: tor.txt: line 2: broken: neither an address, nor a prefix, nor an AS number
	// true 1
}

func ExampleRefresher() {
	dir, err := os.MkdirTemp("", "geo")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	intel, err := geo.Open(geo.Config{
		Lists:        []geo.Source{{Path: filepath.Join(dir, "tor.txt"), Kinds: risk.Tor, Fetch: "exits"}},
		AllowMissing: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ip := netip.MustParseAddr("89.8.1.1")
	_, err = intel.Lookup(ip)
	fmt.Println("asked until there is a list:", errors.Is(err, geo.ErrMissing))

	refresher, err := geo.NewRefresher(intel, geo.RefreshConfig{
		Fetch: func(_ context.Context, name string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("89.8.1.1\n89.8.1.2\n")), nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := refresher.Refresh(context.Background()); err != nil { // Run does it from time to time
		fmt.Println(err)
		return
	}
	info, err := intel.Lookup(ip)
	fmt.Println("Tor:", info.Kinds.Has(risk.Tor), err)
	// Output:
	// asked until there is a list: true
	// Tor: true <nil>
}
