package evaluate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// A kind says what a row is to the protocol.
type kind uint8

const (
	legitimate kind = iota // succeeded: scored, and learned
	failed                 // told to those who watch
	takeover               // scored in the test, never learned
)

func kindOf(row *rba.Row) kind {
	switch {
	case row.Takeover:
		return takeover
	case row.Successful:
		return legitimate
	}
	return failed
}

// A phase is a slice of the file's time.
type phase uint8

const (
	train phase = iota
	threshold
	test
)

// A plan is what the first reading learns of the file: no more than how much there
// is of what, and when.
type plan struct {
	data                Data
	first, last         int64        // milliseconds since 1970
	thresholds, testing int64        // where those phases begin
	users               intern.Table // of legitimate sign-ins and takeovers
	learned             int64        // legitimate sign-ins
	testKnown           int64        // of them in the test, of users with an earlier one
	testFirst           int64        // of them in the test, of users without
}

// disorder is how far a row may stand behind the one before it and still be taken as it comes.
const disorder = int64(time.Hour / time.Millisecond)

var errOrder = errors.New("evaluate: the rows are not in the order of their time: sort them by Login Timestamp")

func scan(c *Config) (*plan, error) {
	p := &plan{first: math.MaxInt64, last: math.MinInt64}
	minutes := map[int64]int64{} // legitimate sign-ins
	var began []int64            // by user: the first of them
	err := each(c.Open, func(row *rba.Row) error {
		p.data.Rows++
		if p.data.Rows%10_000 == 0 {
			c.Progress("reading", p.data.Rows)
		}
		at := row.Time.UnixMilli()
		if p.data.Rows > 1 && at < p.last {
			p.data.OutOfOrder++
			if p.last-at > disorder {
				return fmt.Errorf("%w: row %d of %v comes after one of %v", errOrder, p.data.Rows, row.Time, time.UnixMilli(p.last).UTC())
			}
		}
		if slices.Contains(c.Exclude, row.User) {
			p.data.Excluded++
			return nil
		}
		p.first, p.last = min(p.first, at), max(p.last, at)
		p.data.count(row)
		if kindOf(row) == failed {
			return nil
		}
		user, fresh := p.users.Add(intern.String(row.User))
		if fresh {
			began = append(began, math.MaxInt64)
		}
		if kindOf(row) == legitimate {
			p.learned++
			minutes[at/60_000]++
			began[user] = min(began[user], at)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.learned == 0 {
		return nil, errors.New("evaluate: no legitimate sign-in in the file")
	}
	span := p.last - p.first + 1
	p.thresholds = p.first + span*trainShare/100
	p.testing = p.first + span*(trainShare+thresholdShare)/100
	for minute, n := range minutes {
		if minute*60_000 >= p.testing {
			p.testKnown += n
		}
	}
	for _, at := range began {
		if at < math.MaxInt64 {
			p.data.Users++
			if at >= p.testing {
				p.testFirst++
			}
		}
	}
	p.testKnown -= min(p.testKnown, p.testFirst)
	p.data.From, p.data.Until = time.UnixMilli(p.first).UTC(), time.UnixMilli(p.last).UTC()
	return p, nil
}

func (p *plan) phase(at int64) phase {
	switch {
	case at >= p.testing:
		return test
	case at >= p.thresholds:
		return threshold
	}
	return train
}

func (d *Data) count(row *rba.Row) {
	switch kindOf(row) {
	case legitimate:
		d.Legitimate++
	case failed:
		d.Failed++
	case takeover:
		d.Takeovers++
	}
	if !row.IP.IsValid() || row.IP.IsPrivate() {
		d.PrivateAddresses++
	}
	if row.Country == "" {
		d.NoCountry++
	}
}
