// Package population makes sign-ins for tests: few of them, quickly, and only as like
// real ones as the tests need. Package risksim is the simulator.
package population

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// Start is when the sign-ins begin; they span Days.
var Start = time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC)

// Days is how long they go on.
const Days = 100

var (
	countries = []string{"NO", "NO", "NO", "NO", "US", "US", "US", "RU", "BR", "DE"}
	browsers  = []string{"Chrome", "Firefox", "Safari", "Chrome Mobile"}
	systems   = []string{"Windows 10", "Mac OS X 10.15", "iOS 13.4", "Android 9"}
	devices   = []string{"desktop", "desktop", "mobile", "mobile"}
)

// A random is SplitMix64: the same numbers from the same seed.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	x := uint64(*r)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r *random) below(n int) int       { return int(r.next() % uint64(n)) }
func (r *random) chance(p float64) bool { return float64(r.next()>>11)/(1<<53) < p }

// Rows are the sign-ins of so many users, in the order of their time: at home and away,
// with browsers that are updated, some failures, and takeovers from one odd network.
// Each has a user agent of its own, so that it can be known again.
func Rows(users int, seed uint64) []rba.Row {
	r := random(seed)
	var rows []rba.Row
	for u := range users {
		country := countries[r.below(len(countries))]
		machine, network := r.below(len(browsers)), r.below(1<<16)
		n := 1 + int(math.Exp(3*float64(r.below(1000))/1000))/2
		for range n {
			row := rba.Row{
				Time: Start.Add(time.Duration(r.below(Days*24*3600*1000)) * time.Millisecond),
				User: strconv.Itoa(u + 1), Country: country, Region: country + " region", City: country + " city",
				ASN: asn(country, network%5), IP: netip.AddrFrom4([4]byte{20, byte(network >> 8), byte(network), 7}),
				Successful: !r.chance(0.2),
			}
			if r.chance(0.3) {
				row.IP = netip.AddrFrom4([4]byte{20, byte(network >> 8), byte(r.below(256)), byte(r.below(256))})
			}
			if r.chance(0.1) {
				row.ASN, row.IP = asn(country, r.below(5)), netip.AddrFrom4([4]byte{30, byte(r.below(256)), byte(r.below(256)), 9})
			}
			agent(&row, machine, r.below(3))
			if r.chance(0.02) && !row.Successful {
				row.Takeover, row.Successful, row.Country, row.ASN = true, true, "RO", 9009
				row.IP = netip.AddrFrom4([4]byte{5, 2, 1, byte(r.below(256))})
			}
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b rba.Row) int { return a.Time.Compare(b.Time) })
	for i := range rows {
		rows[i].Index = int64(i)
		rows[i].UserAgent = fmt.Sprintf("Mozilla/5.0 (%s; n%d) AppleWebKit/537.36 (KHTML, like Gecko) %s", rows[i].OS, i, rows[i].Browser)
	}
	return rows
}

func asn(country string, n int) uint32 { return uint32(country[0])*1000 + uint32(n*n) }

func agent(row *rba.Row, machine, build int) {
	weeks := int(row.Time.Sub(Start).Hours()) / (24 * 21)
	row.Browser = fmt.Sprintf("%s %d.0.%d", browsers[machine], 80+weeks, build)
	row.OS, row.Device = systems[machine], devices[machine]
}
