package geo

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/mfakit/mfa/risk"
)

// These databases are written byte by byte, as no writer would.

func text(s string) string {
	if len(s) < 29 {
		return string(rune(0x40|len(s))) + s
	}
	n := len(s) - 285
	return "\x5e" + string([]byte{byte(n >> 8), byte(n)}) + s // of 285 bytes and more
}

func whole(n uint32) string {
	return "\xc4" + string(binary.BigEndian.AppendUint32(nil, n))
}

func pointer(to uint32) string {
	return "\x38" + string(binary.BigEndian.AppendUint32(nil, to))
}

// object is a map of keys and values.
func object(all ...string) string {
	n := len(all) / 2
	if n < 29 {
		return string([]byte{0xe0 | byte(n)}) + strings.Join(all, "")
	}
	n -= 285
	return "\xfe" + string([]byte{byte(n >> 8), byte(n)}) + strings.Join(all, "")
}

func array(all ...string) string {
	return string([]byte{byte(len(all)), 4}) + strings.Join(all, "")
}

type hostile struct {
	nodes         [][2]uint32 // none: one that leads to the first byte of data
	data          string      // empty: a country
	version, size uint32      // 0: 6 and 32
	epoch, kind   string
}

const norway = "\xe1\x4ccountry_code\x42NO"

func (h hostile) bytes() []byte {
	if h.nodes == nil {
		h.nodes = [][2]uint32{{1 + 16, 1 + 16}}
	}
	if h.data == "" {
		h.data = norway
	}
	if h.kind == "" {
		h.kind = "Test"
	}
	if h.epoch == "" {
		h.epoch = whole(1_790_000_000)
	}
	h.version, h.size = or32(h.version, 6), or32(h.size, 32)
	var b []byte
	for _, n := range h.nodes {
		b = binary.BigEndian.AppendUint32(b, n[0])
		b = binary.BigEndian.AppendUint32(b, n[1])
	}
	b = append(b, make([]byte, separator)...)
	b = append(b, h.data...)
	b = append(b, metadataMarker...)
	return append(b, object(
		text("binary_format_major_version"), whole(2), text("binary_format_minor_version"), whole(0),
		text("build_epoch"), h.epoch, text("database_type"), text(h.kind), text("description"), object(text("en"), text("x")),
		text("ip_version"), whole(h.version), text("languages"), array(), text("node_count"), whole(uint32(len(h.nodes))), text("record_size"), whole(h.size),
	)...)
}

func or32(n, unset uint32) uint32 {
	if n == 0 {
		return unset
	}
	return n
}

// chain is n nodes that each lead to the next, on both bits, and the last to a record.
func chain(n uint32) (nodes [][2]uint32) {
	for i := range n - 1 {
		nodes = append(nodes, [2]uint32{i + 1, i + 1})
	}
	return append(nodes, [2]uint32{n + 16, n + 16})
}

// oneSided is the same on 0 alone; on 1 each leads to the record.
func oneSided(n uint32) (nodes [][2]uint32) {
	for i := range n - 1 {
		nodes = append(nodes, [2]uint32{i + 1, n + 16})
	}
	return append(nodes, [2]uint32{n + 16, n + 16})
}

func TestHostileDatabases(t *testing.T) {
	// The records know something, beside what is wrong with them.
	many := []string{text("country_code"), text("NO")}
	for range 2200 {
		many = append(many, text("x"), array(whole(1)))
	}
	again := []string{text("country_code"), text("NO")} // a field 300 times, each time by way of a pointer to much
	for range 300 {
		again = append(again, text("country"), pointer(0))
	}
	twenty := object(strings.Split(strings.Repeat(text("x")+"|"+whole(1)+"|", 20), "|")[:40]...)
	deep := whole(1)
	for range 20 {
		deep = array(deep)
	}
	for name, tt := range map[string]struct {
		h  hostile
		is error // nil: it is taken, and all addresses are in NO
	}{
		"a sound one":              {hostile{}, nil},
		"a path for each address":  {hostile{nodes: chain(128)}, nil},
		"of IPv4":                  {hostile{nodes: chain(32), version: 4}, nil},
		"a build time out of time": {hostile{epoch: "\x08\x02" + strings.Repeat("\xff", 8)}, nil},
		"a circle":                 {hostile{nodes: [][2]uint32{{0, 17}}}, ErrBroken},
		"a larger circle":          {hostile{nodes: [][2]uint32{{1, 18}, {0, 18}}}, ErrBroken},
		"129 bits":                 {hostile{nodes: chain(129)}, ErrBroken},
		"129 bits on one side":     {hostile{nodes: oneSided(129)}, ErrBroken},
		"128 bits on one side":     {hostile{nodes: oneSided(128)}, nil},
		"33 bits":                  {hostile{nodes: chain(33), version: 4}, ErrBroken},
		"into the separator":       {hostile{nodes: [][2]uint32{{1 + 15, 17}}}, ErrBroken},
		"behind the data":          {hostile{nodes: [][2]uint32{{1 + 16 + uint32(len(norway)), 17}}}, ErrBroken},
		"far behind":               {hostile{nodes: [][2]uint32{{17, 1<<32 - 1}}}, ErrBroken},
		"into a record":            {hostile{nodes: [][2]uint32{{17, 17 + 3}}}, ErrBroken},
		"IP version 5":             {hostile{version: 5}, ErrBroken},
		"records of 20 bits":       {hostile{size: 20}, ErrBroken},
		"records of 64 bits":       {hostile{size: 64}, ErrBroken},
		"a record that is a text":  {hostile{data: text("NO")}, ErrBroken},
		"a record that goes on":    {hostile{data: "\xe2\x4ccountry_code\x42NO"}, ErrBroken},
		"a text that goes on":      {hostile{data: "\xe1\x4ccountry_code\x43NO"}, ErrBroken},
		"a pointer to itself":      {hostile{data: object(text("country"), pointer(0), text("country_code"), text("NO"))}, ErrBroken},
		"a pointer out of it":      {hostile{data: object(text("country"), pointer(1000), text("country_code"), text("NO"))}, ErrBroken},
		"a pointer to a pointer":   {hostile{data: object(text("country"), pointer(9), text("country_code"), text("NO"))}, ErrBroken},
		"too many values":          {hostile{data: object(many...)}, ErrBroken},
		"the same again and again": {hostile{data: twenty + object(again...), nodes: [][2]uint32{{17, 17 + uint32(len(twenty))}}}, ErrBroken},
		"too deep":                 {hostile{data: object(text("x"), deep, text("country_code"), text("NO"))}, ErrBroken},
		"a name too long":          {hostile{data: object(text("as_name"), text(strings.Repeat("x", 513)), text("country_code"), text("NO"))}, ErrBroken},
		"a long text nobody reads": {hostile{data: object(text("notes"), text(strings.Repeat("x", 5000)), text("country_code"), text("NO"))}, nil},
		"a type too long":          {hostile{kind: strings.Repeat("x", 300)}, ErrBroken},
		"a type of two lines":      {hostile{kind: "a\nb"}, ErrBroken},
		"a name of two lines":      {hostile{data: object(text("as_name"), text("a\r\nBcc: b"), text("country_code"), text("NO"))}, nil},
		"a name from the right":    {hostile{data: object(text("as_name"), text("a\u202eb"), text("country_code"), text("NO"))}, nil},
		"a name that is no UTF-8":  {hostile{data: object(text("as_name"), text("a\xff"), text("country_code"), text("NO"))}, nil},
		"nothing that is read":     {hostile{data: object(text("notes"), text("x"))}, ErrBroken},
		"nothing at all":           {hostile{nodes: [][2]uint32{{1, 1}}}, ErrBroken},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := parseDatabase(t.Context(), tt.h.bytes(), 0)
			if !errors.Is(err, tt.is) || (err == nil) != (c != nil) {
				t.Fatalf("%v, want %v", err, tt.is)
			}
			if err != nil {
				return
			}
			if tt.h.epoch != "" && !c.built.IsZero() {
				t.Errorf("built %s", c.built)
			}
			for ip := range some(nil) {
				var info risk.IPInfo
				c.database.add(ip, &info)
				if want := ip.Is4() || tt.h.version != 4; (info == risk.IPInfo{Country: "NO"}) != want {
					t.Errorf("%s: %+v", ip, info)
				}
			}
		})
	}
}

// TestChildren reads numbers of which every bit matters, in each size.
func TestChildren(t *testing.T) {
	for size, tree := range map[uint]string{
		24: "......\xab\xcd\xef\x12\x34\x56",
		28: ".......\xbc\xde\xf0\xa7\x12\x34\x56",
		32: "........\xab\xcd\xef\x01\x12\x34\x56\x78",
	} {
		want := map[uint][2]uint{24: {0xabcdef, 0x123456}, 28: {0xabcdef0, 0x7123456}, 32: {0xabcdef01, 0x12345678}}[size]
		w := walk{tree: []byte(tree), meta: maxminddb.Metadata{RecordSize: size}}
		if got := [2]uint{w.child(1, 0), w.child(1, 1)}; got != want {
			t.Errorf("%d bits: %x, want %x", size, got, want)
		}
	}
}

// TestKindsMakeADatabaseUseful: one without anything that is read may be a list.
func TestKindsMakeADatabaseUseful(t *testing.T) {
	c, err := parseDatabase(t.Context(), hostile{data: object(text("notes"), text("x"))}.bytes(), risk.Hosting)
	if err != nil {
		t.Fatal(err)
	}
	var info risk.IPInfo
	if c.database.add(netip.MustParseAddr("89.8.1.1"), &info); info != (risk.IPInfo{Kinds: risk.Hosting}) {
		t.Errorf("%+v", info)
	}
}

// TestLoadsEndWithTheirContext, rather than at the end of a large file.
func TestLoadsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := parseList(ctx, []byte(strings.Repeat("89.8.1.1\n", 2*checkEvery)), 1e6); err == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	var nodes [][2]uint32
	for n := range uint32(2 * checkEvery) { // a tree of that many
		nodes = append(nodes, [2]uint32{min(2*n+1, 2*checkEvery), min(2*n+2, 2*checkEvery)})
	}
	if _, err := parseDatabase(ctx, hostile{nodes: nodes}.bytes(), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := parseDatabase(ctx, hostile{}.bytes(), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
