package geo_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

var update = flag.Bool("update", false, "write the databases of risk/geo's own tests again")

// TestTestdata holds the databases under risk/geo/testdata to what is said of them
// here, since they cannot be read by eye. What they say of anybody is made up.
func TestTestdata(t *testing.T) {
	place := func(code, country, region, city string, lat, lon float64, radius uint16) fields {
		return fields{
			"country":      fields{"iso_code": text(code), "names": names(country)["names"]},
			"city":         names(city),
			"subdivisions": list{names(region)},
			"location":     fields{"latitude": number(lat), "longitude": number(lon), "accuracy_radius": mmdbtype.Uint16(radius)},
		}
	}
	system := func(n uint32, name string) fields {
		return fields{"autonomous_system_number": mmdbtype.Uint32(n), "autonomous_system_organization": text(name)}
	}
	for name, l := range map[string]layout{
		"city.mmdb": {kind: "GeoLite2-City", size: 24, records: []entry{
			{"89.8.0.0/16", place("NO", "Norway", "Oslo County", "Oslo", 59.9139, 10.7522, 20)},
			{"81.2.69.0/24", place("GB", "United Kingdom", "England", "London", 51.5142, -0.0931, 10)},
			{"86.34.0.0/16", place("RO", "Romania", "Cluj", "Cluj-Napoca", 46.77, 23.6, 50)},
			{"102.0.0.0/16", fields{"country": fields{"iso_code": text("KE")}}},
			{"2a02:c0::/29", place("NO", "Norway", "Oslo County", "Oslo", 59.9139, 10.7522, 100)},
		}},
		"asn.mmdb": {kind: "GeoLite2-ASN", size: 24, records: []entry{
			{"89.8.0.0/16", system(64500, "Fjord Net")}, {"81.2.69.0/24", system(64501, "Thames Hosting")}, {"2a02:c0::/29", system(64500, "Fjord Net")},
		}},
		"anonymous.mmdb": {kind: "GeoIP2-Anonymous-IP", size: 24, version: 4, records: []entry{
			{"86.34.7.0/24", fields{"is_anonymous": boolean(true), "is_anonymous_vpn": boolean(true)}},
		}},
		"lite.mmdb": {kind: "ipinfo lite.mmdb", size: 24, records: []entry{
			{"89.8.0.0/16", fields{"asn": text("AS64500"), "as_name": text("Fjord Net"), "country": text("Norway"), "country_code": text("NO")}},
			{"102.0.0.0/16", fields{"asn": text("AS64502"), "as_name": text("Savanna Mobile"), "country": text("Kenya"), "country_code": text("KE")}},
		}},
	} {
		path := filepath.Join("..", "..", "..", "risk", "geo", "testdata", name)
		want := l.bytesOf(t)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is said here; with -update it is written", name)
		}
	}
}
