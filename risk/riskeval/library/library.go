// Package library lets package risk be measured: its public API, as a host uses it.
//
// What recorded sign-ins hold is less than what the engine sees. There are no device
// tokens in them, so the scorer is measured without its strongest signal; no
// coordinates, so without impossible travel; no lists of addresses. A country,
// region, city and ASN stand in each row, and take the place of the host's databases.
package library

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// A Scorer is package risk, with the history of each user that the engine would keep for it.
// It is for one goroutine.
type Scorer struct {
	risk     *risk.Scorer
	now      time.Time
	row      *rba.Row // that is being scored: where the address is stands in it
	users    intern.Table
	history  [][]byte
	observed []byte // of the last row that was scored
	learned  int    // sign-ins, which numbers their activities
	failures failures
	err      error
}

// New makes one that has learned nothing. It decides from the first sign-in on: there is no shadow.
func New() (*Scorer, error) {
	s := &Scorer{}
	keys, err := mfa.NewKeyRingFrom(open{}, bytes.Repeat([]byte{1}, 32)) // the same hashes in every run
	if err != nil {
		return nil, err
	}
	s.risk, err = risk.New(risk.Config{
		Keys: keys, Intel: intel{s}, Shadow: -1,
		Now: func() time.Time { return s.now }, Logger: slog.New(slog.DiscardHandler),
	})
	return s, err
}

// Name is "default".
func (s *Scorer) Name() string { return "default" }

// Notes say what the measurement leaves out.
func (s *Scorer) Notes() []string {
	return []string{
		"without device tokens, the strongest signal: recorded sign-ins have none",
		"without impossible travel and lists of addresses: the columns have no coordinates, and whose address is whose changes",
		"addresses of 10.0.0.0/8 with a country are taken for public ones: the public data set anonymises so",
		"wrong passwords of the account within the last hour are counted from the rows that failed",
	}
}

// Score is the log-odds that package risk gives a sign-in.
func (s *Scorer) Score(row *rba.Row) (float64, bool) {
	s.row, s.now = row, row.Time
	user, known := s.users.Find(intern.String(row.User))
	var history []byte
	if known {
		history = s.history[user]
	}
	said, observed, err := s.risk.Score(context.Background(), mfa.Attempt{
		User:           mfa.User{ID: row.User},
		Client:         mfa.Client{IP: public(row), UserAgent: row.UserAgent},
		First:          mfa.Password,
		Now:            row.Time,
		WrongPasswords: s.failures.of(row.User, row.Time),
	}, history)
	if err != nil {
		s.err = fmt.Errorf("library: score: %w", err)
		return math.NaN(), true
	}
	s.observed = observed
	return said.Score, true
}

// Update learns a sign-in, as the engine does when a flow has passed.
func (s *Scorer) Update(row *rba.Row) {
	if s.row != row {
		s.Score(row) // what is learned is what was observed
	}
	user, fresh := s.users.Add(intern.String(row.User))
	if fresh {
		s.history = append(s.history, nil)
	}
	learned, delta, err := s.risk.Learn(s.history[user], s.observed, strconv.Itoa(s.learned))
	if err != nil {
		s.err = fmt.Errorf("library: learn: %w", err)
		return
	}
	s.history[user] = bytes.Clone(learned) // no longer than it is
	s.risk.Count(delta)
	s.row = nil
	s.learned++
}

// Failed counts a wrong password.
func (s *Scorer) Failed(row *rba.Row) { s.failures.add(row.User, row.Time) }

// Err is the first that package risk returned, if any.
func (s *Scorer) Err() error { return s.err }

// Sizes is how many bytes of history a user has in the mean. What is kept of all together does
// not grow with them: at most 60 KiB to an instance, as it is stored.
func (s *Scorer) Sizes() (perUser float64, shared int64) {
	total := 0
	for _, h := range s.history {
		total += len(h)
	}
	return float64(total) / float64(max(1, len(s.history))), storedRow
}

const storedRow = 60 << 10

// intel answers from the row that is being scored.
type intel struct{ *Scorer }

func (i intel) Lookup(netip.Addr) (risk.IPInfo, error) {
	return risk.IPInfo{Country: i.row.Country, Region: i.row.Region, City: i.row.City, ASN: i.row.ASN}, nil
}

// public puts 11.0.0.0/8 in place of 10.0.0.0/8 where a country is given: in the public data set these
// stand for public addresses. Without a country it is a private network's.
func public(row *rba.Row) netip.Addr {
	if !row.IP.Is4() || row.Country == "" {
		return row.IP
	}
	b := row.IP.As4()
	if b[0] == 10 {
		b[0] = 11
	}
	return netip.AddrFrom4(b)
}

// open seals nothing: there is nothing to guard here, and nobody to guard it from.
type open struct{}

func (open) Encrypt(plain, _ []byte) ([]byte, error)  { return bytes.Clone(plain), nil }
func (open) Decrypt(sealed, _ []byte) ([]byte, error) { return bytes.Clone(sealed), nil }
