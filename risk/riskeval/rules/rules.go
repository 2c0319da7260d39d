// Package rules scores sign-ins as many products do: a new device, a new country,
// or travel that cannot be. It is a baseline that package risk stands beside.
package rules

import (
	"slices"
	"time"
	"unsafe"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// travelTime is how long nobody takes from one country to another: the columns have no
// coordinates, so that a speed cannot be reckoned. Where an address's country is not known there is no travel.
const travelTime = time.Hour

// A Scorer is the baseline. It is for one goroutine.
type Scorer struct {
	users   intern.Table
	history []history // by user
}

// A history is what one user had. A device is a browser's family on a system's, and
// the kind of machine: the exact user agent is new in half of all sign-ins.
type history struct {
	devices, countries []uint32 // the low half of their keys
	last               int64    // milliseconds since 1970
	lastCountry        uint32   // 0: not known
}

// New has learned nothing.
func New() *Scorer { return &Scorer{} }

// Name is "rules".
func (s *Scorer) Name() string { return "rules" }

// Score is 1 if one of the rules holds, otherwise 0. All is new to a user without a
// learned sign-in.
func (s *Scorer) Score(row *rba.Row) (float64, bool) {
	user, ok := s.users.Find(intern.String(row.User))
	if !ok {
		return 1, true
	}
	h := &s.history[user]
	here := countryOf(row)
	newCountry := here != 0 && !slices.Contains(h.countries, here)
	if newCountry || !slices.Contains(h.devices, deviceOf(row)) || h.travels(here, row.Time) {
		return 1, true
	}
	return 0, true
}

func (h *history) travels(here uint32, now time.Time) bool {
	if here == 0 || h.lastCountry == 0 || here == h.lastCountry {
		return false
	}
	gap := now.UnixMilli() - h.last
	return max(gap, -gap) < travelTime.Milliseconds()
}

// Update learns a sign-in.
func (s *Scorer) Update(row *rba.Row) {
	user, fresh := s.users.Add(intern.String(row.User))
	if fresh {
		s.history = append(s.history, history{})
	}
	h := &s.history[user]
	h.devices = with(h.devices, deviceOf(row))
	here := countryOf(row)
	if here != 0 {
		h.countries = with(h.countries, here)
	}
	h.last, h.lastCountry = row.Time.UnixMilli(), here
}

// Sizes is about how many bytes are kept: of each user in the mean, and of all together.
func (s *Scorer) Sizes() (perUser float64, shared int64) {
	if len(s.history) == 0 {
		return 0, 0
	}
	n := s.users.Bytes() + int64(cap(s.history))*int64(unsafe.Sizeof(history{}))
	for i := range s.history {
		n += int64(cap(s.history[i].devices)+cap(s.history[i].countries)) * 4
	}
	return float64(n) / float64(len(s.history)), 0
}

func deviceOf(row *rba.Row) uint32 {
	browser, os := intern.String(rba.Family(row.Browser)), intern.String(rba.Family(row.OS))
	return uint32(browser) ^ uint32(os)*31 ^ uint32(intern.String(row.Device))*1009
}

// countryOf is 0 where the country is not known: that is no country, and not a new one.
func countryOf(row *rba.Row) uint32 {
	if row.Country == "" {
		return 0
	}
	return uint32(intern.String(row.Country)) | 1
}

func with(list []uint32, v uint32) []uint32 {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
