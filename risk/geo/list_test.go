package geo_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/geo"
)

func TestLists(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		entries int
		in, out string // addresses
	}{
		"prefixes":                 {"89.8.0.0/16\n86.34.7.0/24\n2a02:c0::/29\n", 3, "89.8.255.255 86.34.7.1 2a02:c7::1", "89.9.0.0 86.34.8.0 2a02:c8::1"},
		"addresses":                {"89.8.1.1\n2a02:c0::1\n", 2, "89.8.1.1 2a02:c0::1", "89.8.1.2 2a02:c0::2"},
		"no end of line":           {"89.8.1.1\n89.8.1.2", 2, "89.8.1.2", "89.8.1.3"},
		"ends of line of Windows":  {"\xef\xbb\xbf89.8.1.1\r\n\r\n89.8.1.2\r\n", 2, "89.8.1.1 89.8.1.2", "89.8.1.3"},
		"comments":                 {"# one\n; two\n// three\n\n  \t\n89.8.1.1 # a\n89.8.1.2;b\n89.8.1.3//c\n89.8.1.4#d\n\t89.8.1.5\t// e\n", 5, "89.8.1.1 89.8.1.2 89.8.1.3 89.8.1.4 89.8.1.5", "89.8.1.6"},
		"a list of nothing":        {"# nobody yet\n", 0, "", "89.8.1.1"},
		"CSV":                      {"89.8.0.0/16,NO,\"Fjord, Net\"\n\"86.34.7.0/24\",RO\n", 2, "89.8.1.1 86.34.7.1", "1.1.1.1"},
		"CSV with names":           {"network,country\n89.8.0.0/16,NO\n", 1, "89.8.1.1", "1.1.1.1"},
		"CSV by semicolons":        {"89.8.0.0/16 ; SBL1\n", 1, "89.8.1.1", "1.1.1.1"},
		"Tor's plain list":         {"89.8.1.1\n86.34.7.9\n", 2, "89.8.1.1 86.34.7.9", "89.8.1.2"},
		"Tor's list with dates":    {"ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E\nPublished 2026-11-01 03:11:33\nLastStatus 2026-11-01 10:00:00\nExitAddress 89.8.1.1 2026-11-01 10:07:42\n", 1, "89.8.1.1", "89.8.1.2"},
		"bits beyond the prefix":   {"89.8.77.1/16\n", 1, "89.8.0.1", "89.9.0.1"},
		"repeated and nested":      {"89.8.0.0/16\n89.8.0.0/16\n89.8.7.0/24\n89.8.7.7\n", 3, "89.8.7.7 89.8.7.8 89.8.8.1", "89.9.0.1"},
		"IPv4 as IPv6":             {"::ffff:89.8.1.1\n::ffff:86.34.7.0/120\n64:ff9b::90.0.0.0/104\n", 3, "89.8.1.1 ::ffff:89.8.1.1 86.34.7.255 64:ff9b::86.34.7.1 90.1.1.1", "86.34.8.0 91.0.0.0"},
		"as wide as may be":        {"224.0.0.0/3\n4000::/3\n", 2, "239.0.0.1 4000::1", "89.8.1.1 2a02:c0::1"},
		"private":                  {"10.0.0.0/8\nfd00::/8\n", 2, "10.1.1.1 fd00::1", "11.0.0.1"},
		"AS numbers":               {"AS64500 # Fjord\n", 1, "89.8.1.1 2a02:c0::1", "81.2.69.1 1.1.1.1 10.0.0.1"},
		"AS numbers, bare":         {"64500\n64501\n", 2, "89.8.1.1 81.2.69.1", "1.1.1.1"},
		"AS numbers, CSV":          {"ASN,Entity\n64500, \"Fjord, Net\"\n\"64501\",\"Thames\"\nas64502,\n", 3, "89.8.1.1 81.2.69.1", "1.1.1.1"},
		"AS numbers, the largest":  {"AS4294967295\n", 1, "", "89.8.1.1"},
		"AS numbers, again":        {"AS64500\n64500\n", 1, "89.8.1.1", "81.2.69.1"},
		"a long line, just within": {"89.8.1.1 " + strings.Repeat("#", 4086) + "\n", 1, "89.8.1.1", "89.8.1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			i := open(t, geo.Config{
				Databases: []geo.Source{{Path: f.copied("asn.mmdb")}},
				Lists:     []geo.Source{{Path: f.put("list.txt", tt.text), Kinds: risk.VPN}},
			})
			for _, ip := range strings.Fields(tt.in) {
				if got := lookup(t, i, ip); !got.Kinds.Has(risk.VPN) {
					t.Errorf("%s is not in it", ip)
				}
			}
			for _, ip := range strings.Fields(tt.out) {
				if got := lookup(t, i, ip); got.Kinds.Has(risk.VPN) {
					t.Errorf("%s is in it", ip)
				}
			}
			if s := i.Status()[1]; s.File != "list.txt" || s.Entries != tt.entries || s.Kinds != risk.VPN || s.Err != nil {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestListsThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		line int
		is   error
	}{
		"empty":                  {"", 0, geo.ErrBroken},
		"a page":                 {"<!DOCTYPE html>\n<title>404</title>\n", 1, geo.ErrBroken},
		"words":                  {"89.8.1.1\nhunter2\n", 2, geo.ErrBroken},
		"words, after names":     {"network,country\nhunter2,x\n", 2, geo.ErrBroken},
		"names in the middle":    {"89.8.1.1,x\nnetwork,country\n", 2, geo.ErrBroken},
		"names, twice":           {"network,country\nnetwork,country\n", 2, geo.ErrBroken},
		"cut off":                {"89.8.1.0/24\n89.8.2.", 2, geo.ErrBroken},
		"cut off, a prefix":      {"89.8.1.0/24\n89.8.2.0/", 2, geo.ErrBroken},
		"an address of five":     {"1.2.3.4.5\n", 1, geo.ErrBroken},
		"leading zeros":          {"089.008.001.001\n", 1, geo.ErrBroken},
		"33 bits":                {"89.8.1.1/33\n", 1, geo.ErrBroken},
		"a range":                {"89.8.1.1-89.8.1.9\n", 1, geo.ErrBroken},
		"a zone":                 {"fe80::1%eth0\n", 1, geo.ErrBroken},
		"everybody":              {"# all\n0.0.0.0/0\n", 2, geo.ErrBroken},
		"everybody, IPv6":        {"::/0\n", 1, geo.ErrBroken},
		"half of everybody":      {"128.0.0.0/1\n", 1, geo.ErrBroken},
		"everybody, mapped":      {"::ffff:0.0.0.0/96\n", 1, geo.ErrBroken},
		"more than mapped":       {"::ffff:0.0.0.0/90\n", 1, geo.ErrBroken},
		"AS 0":                   {"AS0\n", 1, geo.ErrBroken},
		"AS number too large":    {"AS4294967296\n", 1, geo.ErrBroken},
		"AS number below 0":      {"-5\n", 1, geo.ErrBroken},
		"AS number with a point": {"AS1.5\n", 1, geo.ErrBroken},
		"both":                   {"89.8.1.1\nAS64500\n", 2, geo.ErrBroken},
		"both, the other way":    {"64500\n89.8.1.1\n", 2, geo.ErrBroken},
		"an exit without one":    {"ExitAddress\n", 1, geo.ErrBroken},
		"no names, but a value":  {"89.8.1.,NO\n", 1, geo.ErrBroken},
		"no first column":        {",89.8.1.1\n", 1, geo.ErrBroken},
		"quotes alone":           {"\"\"\n", 1, geo.ErrBroken},
		"zeros":                  {"\x00\x00\x00", 1, geo.ErrBroken},
		"UTF-16":                 {"8\x009\x00.\x008\x00\n", 1, geo.ErrBroken},
		"a long line":            {"89.8.1.1\n89.8.1.2 #" + strings.Repeat("x", 4096) + "\n", 2, geo.ErrTooLarge},
		"a long line at the end": {strings.Repeat("9", 5000), 1, geo.ErrTooLarge},
		"too many":               {"89.8.1.1\n# one\n89.8.1.2\n89.8.1.3\n89.8.1.4\n", 5, geo.ErrTooLarge},
		"too many bytes":         {"# " + strings.Repeat("x", 3000) + "\n# " + strings.Repeat("x", 3000) + "\n", 0, geo.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			_, err := geo.Open(geo.Config{
				Lists:      []geo.Source{{Path: f.put("list.txt", tt.text), Kinds: risk.Denied}},
				MaxEntries: 3, MaxList: 6000,
			})
			wrong(t, err, "list.txt", tt.line, tt.is)
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "89.8")) {
				t.Errorf("the error has what is in the file: %v", err)
			}
		})
	}
}

// TestKindsAddUp: an address has the kinds of all lists that it is in, in whichever
// order they stand and however narrow each is.
func TestKindsAddUp(t *testing.T) {
	f := newFolder(t)
	lists := []geo.Source{
		{Path: f.put("denied.txt", "89.0.0.0/8\n"), Kinds: risk.Denied},
		{Path: f.put("trusted.txt", "89.8.1.0/24\n10.0.0.0/8\n"), Kinds: risk.Trusted},
		{Path: f.put("vpn.txt", "89.8.1.1\n# and a network\n"), Kinds: risk.VPN | risk.Hosting},
		{Path: f.put("carriers.txt", "AS64500\n"), Kinds: risk.Mobile},
		{Path: f.put("more.txt", "AS64500\nAS64501\n"), Kinds: risk.Satellite},
	}
	c := geo.Config{Databases: []geo.Source{{Path: f.copied("asn.mmdb")}, {Path: f.copied("anonymous.mmdb"), Kinds: risk.Hosting}}}
	for range len(lists) {
		lists = append(lists[1:], lists[0])
		c.Lists = lists
		i := open(t, c)
		for ip, want := range map[string]risk.IPKinds{
			"89.8.1.1":    risk.Denied | risk.Trusted | risk.VPN | risk.Hosting | risk.Mobile | risk.Satellite,
			"89.8.1.2":    risk.Denied | risk.Trusted | risk.Mobile | risk.Satellite,
			"89.8.2.1":    risk.Denied | risk.Mobile | risk.Satellite,
			"89.1.1.1":    risk.Denied,
			"81.2.69.1":   risk.Satellite,
			"10.1.1.1":    risk.Private | risk.Trusted,
			"86.34.7.1":   risk.VPN | risk.Hosting, // from the databases
			"2a02:c0::1":  risk.Mobile | risk.Satellite,
			"100.64.1.1":  risk.Shared,
			"192.168.0.1": risk.Private,
		} {
			if got := lookup(t, i, ip).Kinds; got != want {
				t.Errorf("%s: %b, want %b", ip, got, want)
			}
		}
	}
}

// TestNestedPrefixesInAnyOrder of one list: a narrower one changes nothing.
func TestNestedPrefixesInAnyOrder(t *testing.T) {
	lines := []string{"89.0.0.0/8", "89.8.0.0/16", "89.8.1.0/24", "89.8.1.128/25"}
	for n := range lines {
		f := newFolder(t)
		text := strings.Join(append(append([]string{}, lines[n:]...), lines[:n]...), "\n")
		i := open(t, geo.Config{Lists: []geo.Source{{Path: f.put("list.txt", text), Kinds: risk.VPN}}})
		for _, ip := range []string{"89.1.1.1", "89.8.2.1", "89.8.1.1", "89.8.1.200"} {
			if lookup(t, i, ip).Kinds != risk.VPN {
				t.Errorf("%s is not in\n%s", ip, text)
			}
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	f := newFolder(t)
	path := f.put("list.txt", "89.8.1.1\n")
	good := geo.Source{Path: path, Kinds: risk.Tor}
	var many []geo.Source
	for n := range 65 {
		many = append(many, geo.Source{Path: f.path(fmt.Sprint(n)), Kinds: risk.Tor})
	}
	for want, c := range map[string]geo.Config{
		"Lists[1]: no Path":                          {Lists: []geo.Source{good, {Kinds: risk.Tor}}},
		"Databases[0]: no Path":                      {Databases: []geo.Source{{}}},
		"Lists[0]: no Kinds":                         {Lists: []geo.Source{{Path: path}}},
		"Lists[0]: MaxAge is negative":               {Lists: []geo.Source{{Path: path, Kinds: risk.Tor, MaxAge: -1}}},
		"Lists[0]: an Every under a minute":          {Lists: []geo.Source{{Path: path, Kinds: risk.Tor, Every: 1}}},
		"Lists[0]: its Path is there twice":          {Databases: []geo.Source{good}, Lists: []geo.Source{{Path: f.dir + "/./list.txt", Kinds: risk.VPN}}},
		"Lists[64]: more than 64 files":              {Lists: many},
		"geo: Config: a limit is negative":           {MaxList: -1},
		"geo: Config: a limit is negative ":          {MaxEntries: -1},
		"geo: Config: a limit is negative  ":         {MaxDatabase: -1},
		"geo: list.txt: too large":                   {Lists: []geo.Source{good}, MaxList: 3},
		"geo: gone.txt: no such file":                {Lists: []geo.Source{{Path: f.path("gone.txt"), Kinds: risk.Tor}}},
		"geo: " + filepath.Base(f.dir) + ": broken:": {Lists: []geo.Source{{Path: f.dir, Kinds: risk.Tor}}},
	} {
		_, err := geo.Open(c)
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
