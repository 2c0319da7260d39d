package geo

import (
	"math"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"github.com/mfakit/mfa/risk"
)

// A record is what a database says of an address, in whichever of the known layouts:
// MaxMind's and DB-IP's, which are maps within maps, or IPinfo's, which are texts side
// by side. Which one it is shows in the names and kinds of its values, so that one
// decoder reads all; what it does not know, or knows by another kind, it passes over.
type record struct {
	country      string // two capital letters, or empty
	region, city string

	lat, lon, radius       float64
	hasLat, hasLon, stated bool // which of them are there

	asn  uint32
	org  string
	name string // of the system, where the record is of one

	kinds      risk.IPKinds
	hidden     bool // in some way
	confidence uint64
	rated      bool // there is a confidence

	known bool // any field that this package reads was there
}

var _ mmdbdata.CursorUnmarshaler = (*record)(nil)

// UnmarshalMaxMindDBCursor reads a whole record.
func (r *record) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	next, err := eachField(c, r.field)
	if r.hidden && !r.kinds.Has(risk.Tor|risk.VPN|risk.Proxy|risk.ResidentialProxy|risk.Hosting) {
		r.kinds |= risk.Proxy // the vendor does not say how
	}
	if r.asn != 0 && r.org == "" {
		r.org = r.name
	}
	return next, err
}

// field reads one of a record's own fields, and returns what follows it.
func (r *record) field(key []byte, v mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	var err error
	switch string(key) {
	case "country":
		err = r.countryOf(v)
	case "country_code":
		err = r.readCode(v)
	case "city":
		err = r.readName(v, &r.city)
	case "region", "state1":
		err = r.readName(v, &r.region)
	case "subdivisions":
		err = r.firstSubdivision(v)
	case "location", "traits":
		if isKind(v, mmdbdata.KindMap) {
			_, err = eachField(v, r.detail)
		}
	default:
		return r.detail(key, v)
	}
	if err != nil {
		return mmdbdata.Cursor{}, err
	}
	return v.Skip()
}

// detail reads a field that stands in a record or in its location or traits.
func (r *record) detail(key []byte, v mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	var err error
	switch string(key) {
	case "latitude", "lat":
		err = r.number(v, &r.lat, &r.hasLat)
	case "longitude", "lng", "lon":
		err = r.number(v, &r.lon, &r.hasLon)
	case "accuracy_radius", "radius":
		err = r.number(v, &r.radius, &r.stated)
	case "autonomous_system_number", "asn":
		err = r.readASN(v)
	case "autonomous_system_organization", "as_name":
		err = r.text(v, &r.org)
	case "name":
		err = r.text(v, &r.name)
	case "anonymizer_confidence":
		err = r.integer(v, &r.confidence, &r.rated)
	case "is_anonymous":
		r.hidden, err = r.flag(v)
	case "is_anonymous_vpn", "is_vpn", "vpn", "is_relay", "relay":
		err = r.kind(v, risk.VPN)
	case "is_public_proxy", "is_proxy", "proxy":
		err = r.kind(v, risk.Proxy)
	case "is_residential_proxy", "is_res_proxy":
		err = r.kind(v, risk.ResidentialProxy)
	case "is_tor_exit_node", "is_tor", "tor":
		err = r.kind(v, risk.Tor)
	case "is_hosting_provider", "is_hosting", "hosting":
		err = r.kind(v, risk.Hosting)
	case "is_mobile":
		err = r.kind(v, risk.Mobile)
	case "is_satellite_provider", "is_satellite":
		err = r.kind(v, risk.Satellite)
	case "mcc": // a mobile country code: IPinfo has it for carriers alone
		var s string
		if err = r.text(v, &s); s != "" {
			r.kinds |= risk.Mobile
		}
	case "user_type", "connection_type", "as_type", "type":
		err = r.usage(v)
	}
	if err != nil {
		return mmdbdata.Cursor{}, err
	}
	return v.Skip()
}

// countryOf reads {"iso_code": "NO"} or "NO"; a text that is no code is the country's
// name, and its code stands elsewhere.
func (r *record) countryOf(v mmdbdata.Cursor) error {
	if !isKind(v, mmdbdata.KindMap) {
		return r.readCode(v)
	}
	code, ok, err := find(v, "iso_code")
	if err != nil || !ok {
		return err
	}
	return r.readCode(code)
}

func (r *record) readCode(v mmdbdata.Cursor) error {
	var s string
	err := r.text(v, &s)
	if isCountry(s) {
		r.country = s
	}
	return err
}

// isCountry says whether a code may be a country's. Databases have some that are
// none: of whole continents, and for unknown.
func isCountry(s string) bool {
	if len(s) != 2 || s[0] < 'A' || s[0] > 'Z' || s[1] < 'A' || s[1] > 'Z' {
		return false
	}
	return s != "ZZ" && s != "XX" && s != "EU" && s != "AP"
}

// firstSubdivision reads the largest region of [{"names": …, "iso_code": …}, …].
func (r *record) firstSubdivision(v mmdbdata.Cursor) error {
	if !isKind(v, mmdbdata.KindSlice) {
		return nil
	}
	all, err := v.Slice()
	if err != nil {
		return err
	}
	_, first, ok := all.Next(mmdbdata.Cursor{})
	if !ok {
		return all.Err()
	}
	if err := r.readName(first, &r.region); err != nil || r.region != "" || !isKind(first, mmdbdata.KindMap) {
		return err
	}
	code, ok, err := find(first, "iso_code")
	if err != nil || !ok {
		return err
	}
	return r.text(code, &r.region)
}

// readName reads "Oslo", or {"names": {"en": "Oslo", …}}: in English, else in the first
// language that is there.
func (r *record) readName(v mmdbdata.Cursor, into *string) error {
	if !isKind(v, mmdbdata.KindMap) {
		return r.text(v, into)
	}
	names, ok, err := find(v, "names")
	if err != nil || !ok || !isKind(names, mmdbdata.KindMap) {
		return err
	}
	name, ok, err := find(names, "en")
	if err == nil && !ok {
		name, ok, err = find(names, "")
	}
	if err != nil || !ok {
		return err
	}
	return r.text(name, into)
}

// usage reads what sort of network it is, in the words of MaxMind and of IPinfo.
func (r *record) usage(v mmdbdata.Cursor) error {
	var s string
	err := r.text(v, &s)
	switch s {
	case "cellular", "Cellular":
		r.kinds |= risk.Mobile
	case "Satellite":
		r.kinds |= risk.Satellite
	case "hosting", "content_delivery_network":
		r.kinds |= risk.Hosting
	case "consumer_privacy_network":
		r.kinds |= risk.VPN
	}
	return err
}

func (r *record) kind(v mmdbdata.Cursor, k risk.IPKinds) error {
	set, err := r.flag(v)
	if set {
		r.kinds |= k
	}
	return err
}

// located says whether there are coordinates. Those at 0, 0 are a database's way of
// having none: there is only sea.
func (r *record) located() bool {
	return r.hasLat && r.hasLon && math.Abs(r.lat) <= 90 && math.Abs(r.lon) <= 180 && (r.lat != 0 || r.lon != 0)
}

// micro is an angle in millionths of a degree: a tenth of a metre.
func micro(degrees float64) int32 { return int32(math.Round(degrees * 1e6)) }

// accuracy is how far off the coordinates may be, in km.
func (r *record) accuracy() float64 {
	switch {
	case r.stated && r.radius > 0 && r.radius <= maxRadius:
		return r.radius
	case r.city == "":
		return noCityRadius
	default:
		return unstatedRadius
	}
}

// isResidential says whether a database is of residential proxies: there, it is a
// record's being there that says so.
func isResidential(databaseType string) bool {
	t := strings.ToLower(databaseType)
	return strings.Contains(t, "residential") && strings.Contains(t, "proxy") || strings.Contains(t, "resproxy")
}
