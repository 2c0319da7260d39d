package world

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
)

//go:embed places.tsv
var placesText string

type country struct {
	code   string
	share  float64
	cities []int // indices of the world's cities
	byCity wheel // the same, by weight
}

type city struct {
	country      int
	region, name string
	lat, lon     float64 // degrees
	weight       float64
	utc          int64 // milliseconds ahead of UTC, the year round: daylight saving moves habits by an hour and no more
}

type places struct {
	countries []country
	cities    []city
	byCountry wheel
	byCode    map[string]int
	far       []int16 // distances in kilometres, by pair
}

func readPlaces(text string) (*places, error) {
	p := &places{byCode: map[string]int{}}
	zone := ""
	for number, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		var err error
		fields := strings.Split(line, "\t")
		if fields[0][0] == '@' {
			zone, err = p.addCountry(fields)
		} else {
			err = p.addCity(fields, zone)
		}
		if err != nil {
			return nil, fmt.Errorf("world: places, line %d: %w", number+1, err)
		}
	}
	var shares []float64
	for i := range p.countries {
		c := &p.countries[i]
		var weights []float64
		for _, x := range c.cities {
			weights = append(weights, p.cities[x].weight)
		}
		c.byCity = newWheel(weights)
		shares = append(shares, c.share)
	}
	p.byCountry = newWheel(shares)
	p.measure()
	return p, nil
}

func (p *places) addCountry(fields []string) (zone string, err error) {
	if len(fields) != 3 {
		return "", fmt.Errorf("a country has 3 fields, not %d", len(fields))
	}
	share, err := strconv.ParseFloat(fields[1], 64)
	if err != nil {
		return "", err
	}
	p.byCode[fields[0][1:]] = len(p.countries)
	p.countries = append(p.countries, country{code: fields[0][1:], share: share})
	return fields[2], nil
}

func (p *places) addCity(fields []string, zone string) error {
	if len(fields) == 5 {
		fields = append(fields, zone)
	}
	if len(fields) != 6 || len(p.countries) == 0 {
		return fmt.Errorf("a city has 5 or 6 fields, not %d, and a country", len(fields))
	}
	var numbers [4]float64
	for i, f := range fields[2:] {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return err
		}
		numbers[i] = x
	}
	at := len(p.countries) - 1
	p.countries[at].cities = append(p.countries[at].cities, len(p.cities))
	p.cities = append(p.cities, city{
		country: at, region: fields[0], name: fields[1],
		lat: numbers[0], lon: numbers[1], weight: numbers[2], utc: int64(numbers[3]) * minute,
	})
	return nil
}

// distance between two cities in whole kilometres.
func (p *places) distance(a, b int) int64 { return int64(p.far[a*len(p.cities)+b]) }

func (p *places) measure() {
	p.far = make([]int16, len(p.cities)*len(p.cities))
	for a, x := range p.cities {
		for b, y := range p.cities {
			p.far[a*len(p.cities)+b] = int16(math.Round(greatCircle(x.lat, x.lon, y.lat, y.lon)))
		}
	}
}

// greatCircle is the distance on a sphere, in kilometres. The library's sines may
// differ in their last bit between machines, whole kilometres do not.
func greatCircle(lat1, lon1, lat2, lon2 float64) float64 {
	const radian = math.Pi / 180
	sinLat := math.Sin((lat2 - lat1) * radian / 2)
	sinLon := math.Sin((lon2 - lon1) * radian / 2)
	h := float64(sinLat*sinLat) + float64(math.Cos(lat1*radian)*math.Cos(lat2*radian)*float64(sinLon*sinLon))
	return 2 * 6371 * math.Asin(math.Sqrt(min(1, h)))
}
