// Package check compares a simulated file with what is published of the RBA
// data set: its marginals, and how the baseline scorer fares on it.
package check

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// gapEdges are the upper ends of the gaps since a user's last sign-in by which
// new addresses are counted; the last has none.
var gapEdges = []time.Duration{
	time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour,
}

// Marginals is what a file counts to. Pseudo-users are in the rows, the
// countries and the successes, and in nothing else.
type Marginals struct {
	Rows, Successful int64
	Countries        map[string]int64 // rows
	Takeovers        int64
	TakeoverFrom     map[string]int64 // country
	TakeoverDesktop  int64
	TakeoverUnknown  int64 // of users without an earlier success
	WithoutRTT       int64
	ASNs             int

	perUser  []int // successful sign-ins, ascending
	fresh    []int64
	all      []int64 // by gap
	agents   int64   // sign-ins after the first with a user agent that the user never had
	repeated int64   // sign-ins after the first
	legit    int64
}

type history struct {
	last   time.Time
	count  int
	ips    map[netip.Addr]struct{}
	agents map[string]struct{}
}

// Count reads rows to their end.
func Count(read func(*rba.Row) error) (*Marginals, error) {
	m := &Marginals{
		Countries: map[string]int64{}, TakeoverFrom: map[string]int64{},
		fresh: make([]int64, len(gapEdges)+1), all: make([]int64, len(gapEdges)+1),
	}
	users := map[string]*history{}
	asns := map[uint32]struct{}{}
	agents := map[string]string{} // one string each, that does not hold its line
	for {
		var r rba.Row
		if err := read(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		m.row(&r)
		asns[r.ASN] = struct{}{}
		if slices.Contains(rba.PseudoUsers(), r.User) {
			continue
		}
		u := users[r.User]
		if u == nil {
			u = &history{}
			users[string(append([]byte(nil), r.User...))] = u
		}
		if r.Takeover {
			m.takeover(&r, u)
		} else if r.Successful {
			text, ok := agents[r.UserAgent]
			if !ok {
				text = string(append([]byte(nil), r.UserAgent...))
				agents[text] = text
			}
			m.signIn(&r, u, text)
		}
	}
	for _, u := range users {
		if u.count > 0 {
			m.perUser = append(m.perUser, u.count)
		}
	}
	slices.Sort(m.perUser)
	m.ASNs = len(asns)
	return m, nil
}

func (m *Marginals) row(r *rba.Row) {
	m.Rows++
	if r.Successful {
		m.Successful++
	}
	if r.RTT == 0 {
		m.WithoutRTT++
	}
	n := m.Countries[r.Country]
	if n == 0 {
		r.Country = string(append([]byte(nil), r.Country...))
	}
	m.Countries[r.Country] = n + 1
}

func (m *Marginals) takeover(r *rba.Row, u *history) {
	m.Takeovers++
	m.TakeoverFrom[string(append([]byte(nil), r.Country...))]++
	if r.Device == "desktop" {
		m.TakeoverDesktop++
	}
	if u.count == 0 {
		m.TakeoverUnknown++
	}
}

func (m *Marginals) signIn(r *rba.Row, u *history, text string) {
	m.legit++
	if u.count > 0 {
		gap := r.Time.Sub(u.last)
		i := 0
		for i < len(gapEdges) && gap >= gapEdges[i] {
			i++
		}
		m.all[i]++
		if _, ok := u.ips[r.IP]; !ok {
			m.fresh[i]++
		}
		m.repeated++
		if _, ok := u.agents[text]; !ok {
			m.agents++
		}
	} else {
		u.ips, u.agents = map[netip.Addr]struct{}{}, map[string]struct{}{}
	}
	u.count++
	u.last = r.Time
	u.ips[r.IP] = struct{}{}
	u.agents[text] = struct{}{}
}

// SignIns is the quantile of successful sign-ins per user.
func (m *Marginals) SignIns(q float64) float64 {
	if len(m.perUser) == 0 {
		return 0
	}
	return float64(m.perUser[min(len(m.perUser)-1, int(q*float64(len(m.perUser))))])
}

// Once is the share of users with a single sign-in.
func (m *Marginals) Once() float64 {
	n, _ := slices.BinarySearch(m.perUser, 2)
	return share(int64(n), int64(len(m.perUser)))
}

// NewIP is how often the address is new to the user, by the gap that holds d.
func (m *Marginals) NewIP(d time.Duration) float64 {
	i := 0
	for i < len(gapEdges) && d >= gapEdges[i] {
		i++
	}
	return share(m.fresh[i], m.all[i])
}

// NewAgent is how often the user agent's string is new to a user with an
// earlier sign-in.
func (m *Marginals) NewAgent() float64 { return share(m.agents, m.repeated) }

// Country is its share of all rows.
func (m *Marginals) Country(code string) float64 { return share(m.Countries[code], m.Rows) }

func share(part, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}
