// Package evaluate measures scorers of sign-ins against attackers, on recorded
// sign-ins in the columns of the RBA data set.
//
// # Protocol
//
// Rows are taken in the order of their time; each is scored first and learned
// afterwards. The first 60 % of the time that the file spans train; the thresholds
// of the held-out figures come from the next 10 %; the rest is the test.
//
// What is learned: sign-ins that succeeded and are not marked as a takeover. A row that
// failed is never learned: a deployed system learns from what passed. A takeover
// is not learned either. That is kinder than life, where one that
// got through is learned until somebody finds out; but which of the marked ones a challenge
// would have stopped depends on the scorer, and to give each another file to learn from would
// compare files. The mark "Is Attack IP" is kept from scorers, as is the mark of the takeover.
//
// An attacker replaces a legitimate sign-in of the test, drawn uniformly: the
// same user at the same time, and the network and agent of another
// user's sign-in within three days after it, which no scorer has seen yet:
//
//   - naive: any of the next 1,000;
//   - vpn: one of the next 100 in the country of the sign-in that it replaces;
//   - targeted: one of the next 100 in its country and ASN, with its browser, system (families,
//     without versions) and kind of machine, from another address than it and the victim's last;
//   - first: naive, where the victim has no sign-in yet;
//   - verytargeted: the rows marked as takeovers, of users with a sign-in before;
//   - first_takeover: the same, of users without one;
//   - verytargeted_all: both together, beside all legitimate sign-ins.
//
// The attackers of vpn and targeted are like the sign-in that they replace, not like the one before it. Users
// come from new networks now and then; attackers who never did could be told by that alone.
//
// What an attacker sends is never learned. The attackers of first are set
// against legitimate first sign-ins, all others but the last against legitimate
// sign-ins with a sign-in before. Where a scorer says nothing, it is taken to ask at
// random, as often as the budget allows: chance.
//
// As donors are sign-ins like any other, nothing in an attacker's row alone should tell it
// from a legitimate one. The audit tries to: a result that fails it measures
// how attackers were made, not how well they are found.
package evaluate

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// A Scorer says how suspicious a sign-in is, from what it has learned of earlier
// ones. It is used by one goroutine.
type Scorer interface {
	Name() string

	// Score is higher the more suspicious a sign-in is; only the order matters. False:
	// the scorer says nothing of such a sign-in. It must learn nothing, and keep nothing of row.
	Score(row *rba.Row) (score float64, ok bool)

	// Update learns a legitimate sign-in. It must not keep row.
	Update(row *rba.Row)
}

// A Watcher is a [Scorer] that wants to know of wrong passwords. Rows come in order with the others.
type Watcher interface {
	Failed(row *rba.Row)
}

// A Sizer is a [Scorer] that knows about how many bytes it keeps: of each user in the
// mean, and of all users together.
type Sizer interface {
	Sizes() (perUser float64, shared int64)
}

// A Noter is a [Scorer] that has something to say about how it was measured.
type Noter interface {
	Notes() []string
}

// A Failer is a [Scorer] that may fail: a run whose scorer did is worth nothing.
type Failer interface {
	Err() error
}

// Rows are read one after another, as from [rba.Reader]. io.EOF ends them.
type Rows interface {
	Read(row *rba.Row) error
	Close() error
}

// Config says what is measured, and how.
type Config struct {
	Open      func() (Rows, error)           // called twice; both times the same rows
	Scorers   []Scorer                       // that have learned nothing yet; at least one
	Seed      uint64                         // of all that is drawn: the same seed gives the same result
	Exclude   []string                       // users left out; nil: rba.PseudoUsers
	Attacks   int                            // drawn for each attacker, about; 0: 20,000
	Resamples int                            // of the bootstrap; 0: 200; fewer than 20 are refused
	Window    int                            // legitimate sign-ins among which donors are looked for; 0: 50,000
	Progress  func(stage string, rows int64) // called about every 10,000 rows; nil: nobody asks
}

// The slices of the file's time, in percent.
const (
	trainShare     = 60
	thresholdShare = 10
)

const (
	defaultAttacks   = 20_000
	defaultResamples = 200
	leastResamples   = 20
	defaultWindow    = 50_000
	naiveDonors      = 1_000          // a naive attacker is one of so many sign-ins that follow
	likeDonors       = 100            // one that must be alike is one of so many, at most
	donorTime        = 72 * time.Hour // and no later: agents are updated, and would tell
	leastTest        = 100            // legitimate sign-ins of the test, below which nothing can be said
)

func (c *Config) check() error {
	if c.Open == nil || len(c.Scorers) == 0 {
		return errors.New("evaluate: Config: want Open and at least one of Scorers")
	}
	names := map[string]bool{}
	for _, s := range c.Scorers {
		if names[s.Name()] {
			return fmt.Errorf("evaluate: Config: two Scorers are named %q", s.Name())
		}
		names[s.Name()] = true
	}
	if c.Exclude == nil {
		c.Exclude = rba.PseudoUsers()
	}
	for _, d := range []struct {
		value *int
		zero  int
		name  string
	}{{&c.Attacks, defaultAttacks, "Attacks"}, {&c.Resamples, defaultResamples, "Resamples"}, {&c.Window, defaultWindow, "Window"}} {
		if *d.value == 0 {
			*d.value = d.zero
		}
		if *d.value < 0 {
			return fmt.Errorf("evaluate: Config: %s is negative", d.name)
		}
	}
	if c.Resamples < leastResamples {
		return fmt.Errorf("evaluate: Config: Resamples is %d: an interval needs %d", c.Resamples, leastResamples)
	}
	if c.Progress == nil {
		c.Progress = func(string, int64) {}
	}
	return nil
}

// Run measures. It reads the rows twice.
func Run(c Config) (*Report, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p, err := scan(&c)
	if err != nil {
		return nil, err
	}
	if p.testKnown < leastTest {
		return nil, fmt.Errorf("evaluate: the last %d %% of the time hold %d legitimate sign-ins of users with an earlier one: at least %d are needed",
			100-trainShare-thresholdShare, p.testKnown, leastTest)
	}
	s, err := play(&c, p)
	if err != nil {
		return nil, err
	}
	return summarise(&c, p, s), nil
}

// each reads all rows and closes them.
func each(open func() (Rows, error), visit func(*rba.Row) error) (err error) {
	rows, err := open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		var row rba.Row
		if err := rows.Read(&row); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if err := visit(&row); err != nil {
			return err
		}
	}
}
