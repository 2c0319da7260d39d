package geo_test

import (
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/mfakit/mfa/risk"
)

// TestLayouts has a record of each vendor's databases, and what is to be known from it.
func TestLayouts(t *testing.T) {
	oslo := risk.IPInfo{Country: "NO", Region: "Oslo County", City: "Oslo", Lat: 59.9, Lon: 10.75, Radius: 20, Located: true}
	approximate := oslo
	approximate.Radius = 200
	network := risk.IPInfo{ASN: 64500, Org: "Example Net"}
	country := fields{"iso_code": text("NO"), "geoname_id": mmdbtype.Uint32(1), "names": names("Norway")["names"]}
	tests := []struct {
		name, kind string
		record     mmdbtype.DataType
		want       risk.IPInfo
	}{
		{"MaxMind City", "GeoIP2-City", fields{
			"continent": names("Europe"), "country": country,
			"city": names("Oslo"), "postal": fields{"code": text("0150")},
			"subdivisions":       list{fields{"iso_code": text("03"), "names": names("Oslo County")["names"]}, names("Another")},
			"location":           fields{"latitude": number(59.9), "longitude": number(10.75), "accuracy_radius": mmdbtype.Uint16(20), "time_zone": text("Europe/Oslo")},
			"registered_country": fields{"iso_code": text("SE")},
		}, oslo},
		{"MaxMind Country", "GeoLite2-Country", fields{"country": country}, risk.IPInfo{Country: "NO"}},
		{"MaxMind ASN", "GeoLite2-ASN", fields{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": text("Example Net")}, network},
		{"MaxMind Anonymous IP, VPN", "GeoIP2-Anonymous-IP", fields{"is_anonymous": boolean(true), "is_anonymous_vpn": boolean(true)}, risk.IPInfo{Kinds: risk.VPN}},
		{"MaxMind Anonymous IP, all", "GeoIP2-Anonymous-IP", fields{
			"is_anonymous": boolean(true), "is_anonymous_vpn": boolean(true), "is_hosting_provider": boolean(true),
			"is_public_proxy": boolean(true), "is_residential_proxy": boolean(true), "is_tor_exit_node": boolean(true),
		}, risk.IPInfo{Kinds: risk.VPN | risk.Hosting | risk.Proxy | risk.ResidentialProxy | risk.Tor}},
		{"MaxMind Anonymous IP, not said how", "GeoIP2-Anonymous-IP", fields{"is_anonymous": boolean(true)}, risk.IPInfo{Kinds: risk.Proxy}},
		{"MaxMind Anonymous IP, hosting alone", "GeoIP2-Anonymous-IP", fields{"is_anonymous": boolean(true), "is_hosting_provider": boolean(true)}, risk.IPInfo{Kinds: risk.Hosting}},
		{"MaxMind Anonymous IP, false", "GeoIP2-Anonymous-IP", fields{"is_anonymous": boolean(false), "is_tor_exit_node": boolean(false)}, risk.IPInfo{}},
		{"MaxMind Anonymous Plus", "GeoIP-Anonymous-Plus", fields{
			"anonymizer_confidence": mmdbtype.Uint16(99), "is_anonymous": boolean(true), "is_anonymous_vpn": boolean(true),
			"network_last_seen": text("2026-09-01"), "provider_name": text("a provider"),
		}, risk.IPInfo{Kinds: risk.VPN}},
		{"MaxMind Residential Proxy", "GeoIP-Residential-Proxy", fields{"anonymizer_confidence": mmdbtype.Uint16(82), "provider_name": text("a provider")}, risk.IPInfo{Kinds: risk.ResidentialProxy}},
		{"MaxMind Residential Proxy, improbable", "GeoIP-Residential-Proxy", fields{"anonymizer_confidence": mmdbtype.Uint16(1)}, risk.IPInfo{}},
		{"MaxMind Residential Proxy, not rated", "GeoIP-Residential-Proxy", fields{"provider_name": text("a provider")}, risk.IPInfo{Kinds: risk.ResidentialProxy}},
		{"MaxMind Connection Type", "GeoIP2-Connection-Type", fields{"connection_type": text("Cellular")}, risk.IPInfo{Kinds: risk.Mobile}},
		{"MaxMind Connection Type, satellite", "GeoIP2-Connection-Type", fields{"connection_type": text("Satellite")}, risk.IPInfo{Kinds: risk.Satellite}},
		{"MaxMind Enterprise", "GeoIP2-Enterprise", fields{
			"country": country, "traits": fields{
				"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": text("Example Net"),
				"connection_type": text("Cellular"), "user_type": text("cellular"), "is_anonymous_vpn": boolean(true),
			},
		}, risk.IPInfo{Country: "NO", ASN: 64500, Org: "Example Net", Kinds: risk.Mobile | risk.VPN}},
		{"DB-IP City Lite", "DBIP-City-Lite", fields{
			"city": fields{"names": fields{"en": text("Oslo")}}, "continent": fields{"code": text("EU")},
			"country":      fields{"geoname_id": mmdbtype.Uint32(1), "is_in_european_union": boolean(false), "iso_code": text("NO"), "names": fields{"en": text("Norway")}},
			"location":     fields{"latitude": number(59.9), "longitude": number(10.75)},
			"subdivisions": list{fields{"names": fields{"en": text("Oslo County")}}},
		}, approximate},
		{"DB-IP unknown country", "DBIP-City-Lite", fields{"country": fields{"iso_code": text("ZZ")}, "location": fields{"latitude": number(1), "longitude": number(1)}}, risk.IPInfo{}},
		{"DB-IP ASN Lite", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", fields{"autonomous_system_number": mmdbtype.Uint32(64500), "autonomous_system_organization": text("Example Net")}, network},
		{"IPinfo Lite", "ipinfo lite.mmdb", fields{
			"as_domain": text("example.net"), "as_name": text("Example Net"), "asn": text("AS64500"),
			"continent": text("Europe"), "continent_code": text("EU"), "country": text("Norway"), "country_code": text("NO"),
		}, risk.IPInfo{Country: "NO", ASN: 64500, Org: "Example Net"}},
		{"IPinfo country_asn", "ipinfo country_asn.mmdb", fields{
			"as_domain": text("example.net"), "as_name": text("Example Net"), "asn": text("AS64500"),
			"continent": text("EU"), "continent_name": text("Europe"), "country": text("NO"), "country_name": text("Norway"),
		}, risk.IPInfo{Country: "NO", ASN: 64500, Org: "Example Net"}},
		{"IPinfo location", "ipinfo standard_location.mmdb", fields{
			"city": text("Oslo"), "country": text("NO"), "geoname_id": text("1"), "lat": text("59.9"), "lng": text("10.75"),
			"postal_code": text("0150"), "region": text("Oslo County"), "region_code": text("03"), "timezone": text("Europe/Oslo"),
		}, approximate},
		{"IPinfo Plus", "ipinfo plus.mmdb", fields{
			"city": text("Oslo"), "region": text("Oslo County"), "country": text("Norway"), "country_code": text("NO"),
			"latitude": text("59.9"), "longitude": text("10.75"), "radius": text("20"), "asn": text("AS64500"), "as_name": text("Example Net"),
			"as_type": text("isp"), "mcc": text("242"), "mnc": text("01"), "is_mobile": text("true"), "is_vpn": text("true"), "is_tor": text(""), "is_hosting": text("false"),
		}, func() risk.IPInfo {
			i := oslo
			i.ASN, i.Org, i.Kinds = 64500, "Example Net", risk.Mobile|risk.VPN
			return i
		}()},
		{"IPinfo privacy", "ipinfo standard_privacy.mmdb", fields{"hosting": text("true"), "proxy": text(""), "tor": text(""), "vpn": text("true"), "relay": text(""), "service": text("a provider")}, risk.IPInfo{Kinds: risk.VPN | risk.Hosting}},
		{"IPinfo carrier", "ipinfo carrier.mmdb", fields{"carrier": text("Example"), "mcc": text("242"), "mnc": text("01")}, risk.IPInfo{Kinds: risk.Mobile}},
		{"IPinfo ASN, hosting", "ipinfo standard_asn.mmdb", fields{"asn": text("AS64500"), "name": text("Example Net"), "type": text("hosting"), "route": text("89.8.0.0/16")}, risk.IPInfo{ASN: 64500, Org: "Example Net", Kinds: risk.Hosting}},
		{"IPinfo residential proxies", "ipinfo resproxy.mmdb", fields{"last_seen": text("2026-09-01"), "service": text("a provider")}, risk.IPInfo{Kinds: risk.ResidentialProxy}},
		{"names in one language that is not English", "GeoIP2-City", fields{"country": country, "city": fields{"names": fields{"no": text("Oslo")}}}, risk.IPInfo{Country: "NO", City: "Oslo"}},
		{"a subdivision without a name", "GeoIP2-City", fields{"country": country, "subdivisions": list{fields{"iso_code": text("03")}}}, risk.IPInfo{Country: "NO", Region: "03"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The marker makes the database one that knows something, whatever the record has.
			i := open(t, layout{kind: tt.kind, records: []entry{{"89.8.0.0/16", tt.record}, {"92.0.0.0/16", fields{"country_code": text("SE")}}}})
			if got := lookup(t, i, "89.8.1.2"); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
			if got := lookup(t, i, "::ffff:89.8.1.2"); got != tt.want {
				t.Errorf("mapped: %+v", got)
			}
			if got := lookup(t, i, "93.0.0.1"); got != (risk.IPInfo{}) {
				t.Errorf("an address that is not in it: %+v", got)
			}
			if got := i.Status()[0]; got.Type != tt.kind || got.Entries != 2 || got.Built.Unix() != built || got.Err != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestMissingAndOddFields: what is not there, or of another kind, is not known, and
// takes nothing else with it.
func TestMissingAndOddFields(t *testing.T) {
	country := fields{"iso_code": text("NO")}
	at := func(lat, lon mmdbtype.DataType) fields {
		return fields{"country": country, "location": fields{"latitude": lat, "longitude": lon}}
	}
	norway := risk.IPInfo{Country: "NO"}
	for name, tt := range map[string]struct {
		record mmdbtype.DataType
		want   risk.IPInfo
	}{
		"nothing":                      {fields{}, risk.IPInfo{}},
		"no country":                   {fields{"city": names("Oslo"), "location": fields{"latitude": number(1), "longitude": number(1)}}, risk.IPInfo{}},
		"registered country alone":     {fields{"registered_country": country}, risk.IPInfo{}},
		"a country without a code":     {fields{"country": fields{"names": fields{"en": text("Norway")}}}, risk.IPInfo{}},
		"a code of small letters":      {fields{"country": fields{"iso_code": text("no")}}, risk.IPInfo{}},
		"a code of three":              {fields{"country_code": text("NOR")}, risk.IPInfo{}},
		"a continent's code":           {fields{"country_code": text("EU")}, risk.IPInfo{}},
		"an anonymous proxy's code":    {fields{"country_code": text("A1")}, risk.IPInfo{}},
		"no longitude":                 {fields{"country": country, "location": fields{"latitude": number(1)}}, norway},
		"the middle of the sea":        {at(number(0), number(0)), norway},
		"a latitude that is none":      {at(number(91), number(1)), norway},
		"a longitude that is none":     {at(number(1), number(-181)), norway},
		"a latitude in words":          {at(text("north"), number(1)), norway},
		"not a number":                 {at(text("NaN"), text("NaN")), norway},
		"whole numbers":                {at(mmdbtype.Int32(-3), mmdbtype.Uint16(4)), risk.IPInfo{Country: "NO", Lat: -3, Lon: 4, Radius: 1000, Located: true}},
		"single precision":             {at(mmdbtype.Float32(-3.5), mmdbtype.Float32(4.5)), risk.IPInfo{Country: "NO", Lat: -3.5, Lon: 4.5, Radius: 1000, Located: true}},
		"degrees that float":           {at(number(8.2), number(-8.2)), risk.IPInfo{Country: "NO", Lat: 8.2, Lon: -8.2, Radius: 1000, Located: true}},
		"a radius without end":         {fields{"country_code": text("NO"), "lat": text("1"), "lng": text("2"), "radius": text("+Inf")}, risk.IPInfo{Country: "NO", Lat: 1, Lon: 2, Radius: 1000, Located: true}},
		"country is a number":          {fields{"country": mmdbtype.Uint32(47), "country_code": text("NO")}, norway},
		"country is a list":            {fields{"country": list{text("NO")}, "country_code": text("NO")}, norway},
		"city is a list":               {fields{"country": country, "city": list{text("Oslo")}}, norway},
		"names is a text":              {fields{"country": country, "city": fields{"names": text("Oslo")}}, norway},
		"names has none":               {fields{"country": country, "city": fields{"names": fields{}}}, norway},
		"location is a text":           {fields{"country": country, "location": text("59.9,10.75")}, norway},
		"no subdivisions":              {fields{"country": country, "subdivisions": list{}}, norway},
		"subdivisions is a map":        {fields{"country": country, "subdivisions": fields{"iso_code": text("03")}}, norway},
		"AS number 0":                  {fields{"country": country, "asn": text("AS0")}, norway},
		"AS number too large":          {fields{"country": country, "autonomous_system_number": mmdbtype.Uint64(1<<33 + 5)}, norway},
		"AS number in words":           {fields{"country": country, "asn": text("none")}, norway},
		"a flag that is a number":      {fields{"country": country, "is_tor_exit_node": mmdbtype.Uint32(1)}, norway},
		"a name that is bytes":         {fields{"country": country, "as_name": mmdbtype.Bytes("x")}, norway},
		"an unknown field, with depth": {fields{"country": country, "x": fields{"y": list{fields{"z": list{}}}}}, norway},
	} {
		t.Run(name, func(t *testing.T) {
			i := open(t, layout{kind: "Test", records: []entry{{"89.8.0.0/16", tt.record}, {"92.0.0.0/16", fields{"country_code": text("SE")}}}})
			if got := lookup(t, i, "89.8.1.2"); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// TestSeveralDatabases: the first that has the place has it, and those after it add to
// it only where they mean the same country.
func TestSeveralDatabases(t *testing.T) {
	city := func(code, name string, lat float64) fields {
		return fields{"country": fields{"iso_code": text(code)}, "city": names(name), "location": fields{"latitude": number(lat), "longitude": number(1), "accuracy_radius": mmdbtype.Uint16(5)}}
	}
	i := open(t,
		layout{kind: "GeoLite2-Country", records: []entry{
			{"89.8.0.0/16", fields{"country": fields{"iso_code": text("NO")}}},
			{"90.0.0.0/16", fields{"country": fields{"iso_code": text("FR")}}},
		}},
		layout{kind: "DBIP-City-Lite", records: []entry{
			{"89.8.0.0/16", city("NO", "Oslo", 59.9)}, {"90.0.0.0/16", city("BE", "Ghent", 51)}, {"91.0.0.0/16", city("DE", "Ulm", 48)},
		}},
		layout{kind: "GeoLite2-ASN", records: []entry{
			{"89.8.0.0/16", fields{"autonomous_system_number": mmdbtype.Uint32(64500)}},
			{"91.0.0.0/16", fields{"autonomous_system_number": mmdbtype.Uint32(64502)}},
		}},
		layout{kind: "ipinfo lite.mmdb", records: []entry{
			{"89.8.0.0/16", fields{"asn": text("AS64500"), "as_name": text("Example Net"), "country_code": text("NO")}},
			{"90.0.0.0/16", fields{"asn": text("AS64501"), "as_name": text("Other Net"), "country_code": text("FR")}},
			{"91.0.0.0/16", fields{"asn": text("AS64501"), "as_name": text("Other Net")}},
		}},
		layout{kind: "GeoIP2-Anonymous-IP", records: []entry{{"89.8.0.0/17", fields{"is_tor_exit_node": boolean(true)}}}},
		layout{kind: "ipinfo privacy.mmdb", records: []entry{{"89.8.0.0/17", fields{"vpn": text("true")}}}},
	)
	for ip, want := range map[string]risk.IPInfo{
		"89.8.1.1":   {Country: "NO", City: "Oslo", Lat: 59.9, Lon: 1, Radius: 5, Located: true, ASN: 64500, Org: "Example Net", Kinds: risk.Tor | risk.VPN},
		"89.8.200.1": {Country: "NO", City: "Oslo", Lat: 59.9, Lon: 1, Radius: 5, Located: true, ASN: 64500, Org: "Example Net"},
		"90.0.0.1":   {Country: "FR", ASN: 64501, Org: "Other Net"},
		"91.0.0.1":   {Country: "DE", City: "Ulm", Lat: 48, Lon: 1, Radius: 5, Located: true, ASN: 64502},
	} {
		if got := lookup(t, i, ip); got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", ip, got, want)
		}
	}
}

// TestReservedAddressesAreNowhere, whatever a database says of them.
func TestReservedAddressesAreNowhere(t *testing.T) {
	norway := fields{"country": fields{"iso_code": text("NO")}, "autonomous_system_number": mmdbtype.Uint32(64500)}
	var all []entry
	reserved := map[string]risk.IPKinds{
		"10.1.2.3": risk.Private, "172.31.0.1": risk.Private, "192.168.1.1": risk.Private, "127.0.0.1": risk.Private,
		"169.254.1.1": risk.Private, "192.0.2.1": risk.Private, "198.51.100.7": risk.Private, "203.0.113.9": risk.Private,
		"0.0.0.0": risk.Private, "255.255.255.255": risk.Private, "224.0.0.1": risk.Private, "198.19.0.1": risk.Private,
		"100.64.0.1": risk.Shared, "100.127.255.255": risk.Shared,
		"::": risk.Private, "::1": risk.Private, "fc00::1": risk.Private, "fdff::1": risk.Private, "fe80::1": risk.Private,
		"2001:db8::1": risk.Private, "3fff:1::1": risk.Private, "ff02::1": risk.Private, "100::1": risk.Private, "fec0::1": risk.Private,
		"64:ff9b:1::1": risk.Private,
	}
	for ip := range reserved {
		bits := "/32"
		if strings.Contains(ip, ":") {
			bits = "/128"
		}
		all = append(all, entry{ip + bits, norway})
	}
	all = append(all, entry{"100.128.0.0/16", norway}, entry{"2a02:c0::/32", norway})
	i := open(t, layout{kind: "Test", records: all, reserved: true})
	for ip, kind := range reserved {
		if got := lookup(t, i, ip); got != (risk.IPInfo{Kinds: kind}) {
			t.Errorf("%s: %+v", ip, got)
		}
	}
	for _, ip := range []string{"::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::10.0.0.1%eth0", "fe80::1%eth0"} {
		if got := lookup(t, i, ip); got != (risk.IPInfo{Kinds: risk.Private}) {
			t.Errorf("%s: %+v", ip, got)
		}
	}
	for _, ip := range []string{"100.128.0.1", "64:ff9b::100.128.0.1", "2a02:c0::1", "2a02:c0::1%eth0"} {
		if got := lookup(t, i, ip); got.Country != "NO" || got.ASN != 64500 || got.Kinds != 0 {
			t.Errorf("%s: %+v", ip, got)
		}
	}
}

// TestTreesOfEverySize reads each size of record and both versions of IP.
func TestTreesOfEverySize(t *testing.T) {
	for _, size := range []int{24, 28, 32} {
		for _, version := range []int{4, 6} {
			l := layout{kind: "Test", size: size, version: version, records: []entry{
				{"89.8.0.0/16", fields{"country_code": text("NO")}}, {"89.8.0.7/32", fields{"country_code": text("SE")}}, {"1.0.0.0/24", fields{"country_code": text("AU")}},
			}}
			if version == 6 {
				l.records = append(l.records, entry{"2a02:c0::/29", fields{"country_code": text("DK")}}, entry{"2a02:c7:ffff::1/128", fields{"country_code": text("FI")}})
			}
			i := open(t, l)
			want := map[string]string{"89.8.0.6": "NO", "89.8.0.7": "SE", "1.0.0.1": "AU", "2.0.0.1": "", "2a02:c1::": "", "2a02:c7:ffff::1": "", "2002:5908:7::": ""}
			if version == 6 {
				want["2a02:c1::"], want["2a02:c7:ffff::1"] = "DK", "FI"
				want["2002:5908:7::"] = "SE" // the writer leads 6to4 addresses to their IPv4
			}
			for ip, country := range want {
				if got := lookup(t, i, ip); got.Country != country {
					t.Errorf("%d bits, version %d: %s: %+v", size, version, ip, got)
				}
			}
		}
	}
}
