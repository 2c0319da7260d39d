package geo

import (
	"bytes"
	"context"
	"net/netip"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"github.com/mfakit/mfa/risk"
)

// A database is what a MaxMind-format file says, in a form of its own: each different
// record was read once, when the file was, and the search tree leads to the results.
// So a lookup decodes nothing and cannot fail, and needs nothing of the file: one that
// is rewritten or cut off in place changes no answer.
type database struct {
	tree   trie
	places []place
	texts  []string
}

// A place is a record. Texts are numbers in database.texts.
type place struct {
	country, region, city, org uint32
	lat, lon                   int32   // millionths of a degree
	radius                     float32 // km; 0: there are no coordinates
	asn                        uint32
	kinds                      risk.IPKinds
}

// parseDatabase reads a database. Kinds are of each address in it, whatever the records
// say.
func parseDatabase(ctx context.Context, file []byte, kinds risk.IPKinds) (*content, error) {
	reader, err := maxminddb.OpenBytes(file)
	if err != nil {
		return nil, broken("no MaxMind-format database, or cut off")
	}
	m := reader.Metadata
	if len(m.DatabaseType) > maxType || !fit(m.DatabaseType) {
		return nil, broken("its type is no name")
	}
	if m.IPVersion != 4 && m.IPVersion != 6 || m.RecordSize != 24 && m.RecordSize != 28 && m.RecordSize != 32 || m.NodeCount == 0 {
		return nil, errTree
	}
	// OpenBytes has seen to it that tree, separator and data are there.
	size := m.NodeCount * m.RecordSize / 4
	walk := newWalk(ctx, file[:size], m, uint(bytes.LastIndex(file, metadataMarker))-size-separator)
	if err := walk.all(); err != nil {
		return nil, err
	}
	b := builder{reader: reader, kinds: kinds, residential: isResidential(m.DatabaseType), numbers: map[string]uint32{"": 0}, known: map[place]uint32{}}
	b.texts = []string{""}
	for at := range walk.leaves() {
		if len(b.leaves)%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := b.add(at); err != nil {
			return nil, errRecord
		}
	}
	if !b.useful {
		return nil, broken("a database with nothing in it that is read")
	}
	c := &content{kind: m.DatabaseType, entries: len(b.leaves)}
	if e := m.BuildEpoch; e < 1<<40 {
		c.built = time.Unix(int64(e), 0).UTC()
	}
	tree, ok := walk.trie(b.leaves, m.IPVersion == 6)
	if !ok {
		return nil, ErrTooLarge
	}
	c.database = &database{tree, b.places, b.texts}
	return c, nil
}

var metadataMarker = []byte("\xab\xcd\xefMaxMind.com")

var (
	errTree   = broken("the search tree is damaged")
	errRecord = broken("a record is damaged, or too large")
)

// A builder reads the records of a database.
type builder struct {
	reader      *maxminddb.Reader
	kinds       risk.IPKinds
	residential bool
	useful      bool // some record said something

	places  []place
	known   map[place]uint32 // where in places
	texts   []string
	numbers map[string]uint32 // where in texts
	leaves  []uint32          // of each record of the file, where in places
}

// add reads the record at an offset: first all that is in it, to see that it is not too
// much, and then what is known of it.
func (b *builder) add(offset uint) error {
	at := b.reader.LookupOffset(uintptr(offset))
	if err := at.Decode(&work{left: maxValues}); err != nil {
		return err
	}
	var r record
	if err := at.Decode(&r); err != nil {
		return err
	}
	b.useful = b.useful || r.known || b.residential || b.kinds != 0
	p := place{
		country: b.number(r.country), region: b.number(r.region), city: b.number(r.city),
		asn: r.asn, org: b.number(r.org), kinds: r.kinds | b.kinds,
	}
	if b.residential && (!r.rated || r.confidence >= minConfidence) {
		p.kinds |= risk.ResidentialProxy
	}
	if r.located() {
		p.lat, p.lon, p.radius = micro(r.lat), micro(r.lon), float32(r.accuracy())
	}
	n, ok := b.known[p]
	if !ok {
		n = uint32(len(b.places))
		b.known[p], b.places = n, append(b.places, p)
	}
	b.leaves = append(b.leaves, n)
	return nil
}

func (b *builder) number(s string) uint32 {
	n, ok := b.numbers[s]
	if !ok {
		n = uint32(len(b.texts))
		b.numbers[s], b.texts = n, append(b.texts, s)
	}
	return n
}

// add adds to what is known of ip. Databases stand in the order of their importance:
// the first that has a country has the place, and those after it only add to a place in
// the same one; the first with an AS number has the network.
func (d *database) add(ip netip.Addr, info *risk.IPInfo) {
	n, ok := d.tree.lookup(ip)
	if !ok {
		return
	}
	p := &d.places[n]
	info.Kinds |= p.kinds
	country := d.texts[p.country]
	if info.Country == "" {
		info.Country = country
	}
	if country != "" && country == info.Country {
		if info.City == "" && info.Region == "" {
			info.City, info.Region = d.texts[p.city], d.texts[p.region]
		}
		if !info.Located && p.radius > 0 {
			info.Lat, info.Lon, info.Radius, info.Located = float64(p.lat)/1e6, float64(p.lon)/1e6, float64(p.radius), true
		}
	}
	if info.ASN == 0 {
		info.ASN = p.asn
	}
	if p.asn == info.ASN && info.Org == "" {
		info.Org = d.texts[p.org]
	}
}

// work goes through all of a record, and fails where that is more than a vendor's
// takes. Reading what is known of it costs no more.
type work struct{ left int }

// UnmarshalMaxMindDBCursor goes through one record.
func (w *work) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	return w.value(c, 0)
}

func (w *work) value(c mmdbdata.Cursor, depth int) (mmdbdata.Cursor, error) {
	if w.left--; w.left < 0 || depth > maxDepth {
		return mmdbdata.Cursor{}, ErrTooLarge
	}
	k, err := c.Kind()
	switch {
	case err != nil:
		return mmdbdata.Cursor{}, err
	case k == mmdbdata.KindMap:
		return eachField(c, func(_ []byte, v mmdbdata.Cursor) (mmdbdata.Cursor, error) {
			return w.value(v, depth+1)
		})
	case k == mmdbdata.KindSlice:
		all, err := c.Slice()
		if err != nil {
			return mmdbdata.Cursor{}, err
		}
		var next mmdbdata.Cursor
		for {
			_, v, ok := all.Next(next)
			if !ok {
				return all.End()
			}
			if next, err = w.value(v, depth+1); err != nil {
				return mmdbdata.Cursor{}, err
			}
		}
	default:
		return c.Skip()
	}
}
