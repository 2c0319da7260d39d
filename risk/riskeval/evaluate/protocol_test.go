package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/freeman"
	"github.com/mfakit/mfa/risk/riskeval/internal/population"
	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/riskeval/rules"
)

// memory is rows that are read from memory.
type memory struct {
	rows []rba.Row
	next int
}

func (m *memory) Read(row *rba.Row) error {
	if m.next == len(m.rows) {
		return io.EOF
	}
	*row = m.rows[m.next]
	m.next++
	return nil
}

func (m *memory) Close() error { return nil }

func config(rows []rba.Row, scorers ...Scorer) Config {
	return Config{
		Open: func() (Rows, error) { return &memory{rows: rows}, nil }, Scorers: scorers,
		Seed: 1, Attacks: 500, Resamples: 20, Window: 2000,
	}
}

func mustRun(t *testing.T, c Config) *Report {
	t.Helper()
	r, err := Run(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A spy writes down what it is given. Its score is of the row alone.
type spy struct {
	calls   []call
	learned []string // the agents of all rows that it was given to learn
	failed  int
	score   func(*rba.Row) (float64, bool)
}

type call struct {
	row     rba.Row
	learned int // how many it had learned by then
}

func (s *spy) Name() string { return "spy" }

func (s *spy) Score(r *rba.Row) (float64, bool) {
	s.calls = append(s.calls, call{*r, len(s.learned)})
	if s.score != nil {
		return s.score(r)
	}
	return float64(len(r.UserAgent)), true
}

func (s *spy) Update(r *rba.Row) { s.learned = append(s.learned, r.UserAgent) }
func (s *spy) Failed(*rba.Row)   { s.failed++ }

// split sorts a spy's calls into legitimate sign-ins and attacks: in these rows every
// sign-in has an agent of its own, by which the donor of an attack is known.
func split(s *spy, rows []rba.Row) (legit, attacks []call) {
	origin := map[string]rba.Row{}
	for _, r := range rows {
		origin[r.UserAgent] = r
	}
	for _, c := range s.calls {
		o := origin[c.row.UserAgent]
		if o.Index == c.row.Index && !o.Takeover {
			legit = append(legit, c)
		} else {
			attacks = append(attacks, c)
		}
	}
	return legit, attacks
}

func TestOnlyLegitimateSignInsAreLearnedInTheirOrder(t *testing.T) {
	rows := population.Rows(400, 1)
	s := &spy{}
	report := mustRun(t, config(rows, s))
	var want []string
	failures := 0
	for _, r := range rows {
		switch {
		case r.Successful && !r.Takeover:
			want = append(want, r.UserAgent)
		case !r.Takeover:
			failures++
		}
	}
	if !slices.Equal(s.learned, want) {
		t.Errorf("learned %d rows, want %d: those that succeeded and are no takeover", len(s.learned), len(want))
	}
	if s.failed != failures || failures == 0 {
		t.Errorf("told of %d failures, want %d", s.failed, failures)
	}
	if int64(len(want)) != report.Data.Legitimate || report.Data.Takeovers == 0 {
		t.Errorf("%+v", report.Data)
	}
}

func TestEverySignInIsScoredBeforeItIsLearned(t *testing.T) {
	rows := population.Rows(1000, 1)
	s := &spy{}
	mustRun(t, config(rows, s))
	legit, attacks := split(s, rows)
	costs := len(legit) - len(s.learned) // those scored again to measure what it costs
	for i, c := range legit[:len(legit)-costs] {
		if c.learned != i || c.row.UserAgent != s.learned[i] {
			t.Fatalf("sign-in %d was scored after %d were learned", i, c.learned)
		}
	}
	if len(attacks) < 1000 {
		t.Errorf("%d attacks", len(attacks))
	}
}

// Scores of what comes before the test must not depend on what comes in it. The times stay, as they
// say where the slices end.
func TestTheFutureChangesNothingInThePast(t *testing.T) {
	rows := population.Rows(1000, 1)
	early := func(rows []rba.Row) (scores []float32, p *plan) {
		c := config(rows, freeman.New())
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		p, err := scan(&c)
		if err != nil {
			t.Fatal(err)
		}
		s, err := play(&c, p)
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range s.legit {
			if l.phase != test && !math.IsNaN(float64(s.columns[0].legit[i])) {
				scores = append(scores, s.columns[0].legit[i])
			}
		}
		return scores, p
	}
	before, p := early(rows)
	changed := slices.Clone(rows)
	for i := range changed {
		if r := &changed[i]; p.phase(r.Time.UnixMilli()) == test {
			r.User, r.IP, r.ASN, r.Country, r.Successful = rows[i%50].User, rows[0].IP, 1, "XX", true
		}
	}
	after, _ := early(changed)
	if len(before) < 1000 || !slices.Equal(before, after) {
		t.Errorf("%d and %d scores from before the test, and they differ", len(before), len(after))
	}
}

func TestScorersNeverSeeTheMarks(t *testing.T) {
	rows := population.Rows(400, 1)
	for i := range rows {
		rows[i].AttackIP = i%2 == 0
	}
	s := &spy{}
	mustRun(t, config(rows, s))
	for _, c := range s.calls {
		if c.row.AttackIP || c.row.Takeover {
			t.Fatalf("%+v", c.row)
		}
	}
}

func TestAttackersAreWhatTheyAreSaidToBe(t *testing.T) {
	rows := population.Rows(4000, 1)
	for i := range rows {
		rows[i].RTT = time.Duration(i+1) * time.Millisecond // goes with the donor
		if i%2 == 0 {                                       // many behind one address
			rows[i].IP = netip.AddrFrom4([4]byte{40, 1, byte(rows[i].ASN), 1})
		}
	}
	c := config(rows, &spy{})
	if err := c.check(); err != nil {
		t.Fatal(err)
	}
	p, err := scan(&c)
	if err != nil {
		t.Fatal(err)
	}
	events := collect(t, &c, p)
	last, learned := map[string]*rba.Row{}, map[string]int{} // by user
	position := map[string]int{}                             // of each sign-in, by its agent
	for i, r := range rows {
		position[r.UserAgent] = i
	}
	var seen [attackers]int
	for _, e := range events {
		for _, a := range e.attacks {
			seen[a.by]++
			victim := e.row
			if a.by == veryTargeted || a.by == firstTakeover {
				if (learned[victim.User] > 0) != (a.by == veryTargeted) || a.row != victim {
					t.Fatalf("%s: after %d sign-ins", attackerNames[a.by], learned[victim.User])
				}
				continue
			}
			donor := rows[position[a.row.UserAgent]]
			was := last[victim.User]
			if a.row.User != victim.User || !a.row.Time.Equal(victim.Time) || a.row.Index != victim.Index {
				t.Fatalf("%s: another user or time than what it replaces: %+v", attackerNames[a.by], a.row)
			}
			if donor.User == victim.User || a.row.IP != donor.IP || a.row.RTT != donor.RTT || a.row.ASN != donor.ASN || a.row.City != donor.City {
				t.Fatalf("%s: not another's network: %+v", attackerNames[a.by], a.row)
			}
			if position[a.row.UserAgent] <= position[victim.UserAgent] || !donor.Successful || donor.Takeover {
				t.Fatalf("%s: the donor's sign-in is not a legitimate one still to come", attackerNames[a.by])
			}
			if (a.by == first) != (learned[victim.User] == 0) {
				t.Fatalf("%s: after %d sign-ins", attackerNames[a.by], learned[victim.User])
			}
			if a.by == vpn && donor.Country != victim.Country {
				t.Fatalf("vpn from %s, the victim is in %s", donor.Country, victim.Country)
			}
			if a.by == targeted && (donor.Country != victim.Country || donor.ASN != victim.ASN || donor.IP == was.IP || donor.IP == victim.IP ||
				rba.Family(donor.Browser) != rba.Family(victim.Browser) || rba.Family(donor.OS) != rba.Family(victim.OS) || donor.Device != victim.Device) {
				t.Fatalf("targeted: %+v against %+v", donor, victim)
			}
		}
		if e.kind == legitimate {
			last[e.row.User] = e.row
			learned[e.row.User]++
		}
	}
	for by, n := range seen {
		if n < 3 {
			t.Errorf("%s: %d attacks", attackerNames[by], n)
		}
	}
}

// collect deals out a file's events to nobody but the test.
func collect(t *testing.T, c *Config, p *plan) []event {
	t.Helper()
	line := make(chan []event, 1)
	pl := &player{Config: c, plan: p, sample: &sample{}, aim: c.aim(p), window: newWindow(c.Window), traces: make([]trace, p.users.Len()), lines: []chan []event{line}}
	var events []event
	done := make(chan struct{})
	go func() {
		defer close(done)
		for batch := range line {
			events = append(events, batch...)
		}
	}()
	if err := pl.read(); err != nil {
		t.Fatal(err)
	}
	close(line)
	<-done
	return events
}

// The first 60 % of the time train, thresholds come from the next 10 %. Takeovers count in the test alone.
func TestSlicesOfTheTime(t *testing.T) {
	rows := population.Rows(1000, 1)
	r := mustRun(t, config(rows, &spy{}))
	began, span := rows[0].Time, rows[len(rows)-1].Time.Sub(rows[0].Time)
	for _, c := range []struct {
		got   time.Time
		share float64
	}{{r.Protocol.ThresholdsFrom, 0.6}, {r.Protocol.TestFrom, 0.7}} {
		if want := began.Add(time.Duration(c.share * float64(span))); c.got.Sub(want).Abs() > time.Second {
			t.Errorf("got %v, want %v", c.got, want)
		}
	}
	takeovers, legit := int64(0), int64(0)
	for _, row := range rows {
		switch {
		case row.Time.Before(r.Protocol.TestFrom):
		case row.Takeover:
			takeovers++
		case row.Successful:
			legit++
		}
	}
	scored := r.Protocol.Attacks["verytargeted"].Made + r.Protocol.Attacks["first_takeover"].Made
	if scored != takeovers || takeovers == 0 || takeovers == r.Data.Takeovers {
		t.Errorf("%d takeovers scored of %d in the test and %d in all", scored, takeovers, r.Data.Takeovers)
	}
	if got := r.Protocol.TestKnown + r.Protocol.TestFirst; got != legit || r.Protocol.TestFirst == 0 {
		t.Errorf("%d legitimate sign-ins in the test, want %d", got, legit)
	}
}

func TestAboutAsManyAttacksAreMadeAsAskedFor(t *testing.T) {
	rows := population.Rows(3000, 1)
	c := config(rows, &spy{})
	c.Attacks = 1000
	r := mustRun(t, c)
	for _, by := range []attacker{naive, vpn, targeted} {
		a := r.Protocol.Attacks[attackerNames[by]]
		if n := a.Made + a.Unmatched; n < 850 || n > 1150 {
			t.Errorf("%s: %+v", attackerNames[by], a)
		}
	}
}

func TestSameSeedSameResult(t *testing.T) {
	rows := population.Rows(600, 1)
	result := func(seed uint64) string {
		c := config(rows, freeman.New(), rules.New())
		c.Seed = seed
		r := mustRun(t, c)
		for i := range r.Scorers {
			r.Scorers[i].Cost = Cost{}
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	one := result(1)
	if one != result(1) {
		t.Error("two runs with one seed differ")
	}
	if one == result(2) {
		t.Error("two seeds give the same")
	}
}

func TestAKnowingScorerWinsAndAGuessingOneDoesNot(t *testing.T) {
	rows := population.Rows(1500, 1)
	byAgent := map[string]string{}
	for _, r := range rows {
		byAgent[r.UserAgent] = r.User
	}
	knowing := &spy{score: func(r *rba.Row) (float64, bool) {
		if byAgent[r.UserAgent] == r.User {
			return 0, true
		}
		return 1, true
	}}
	r := mustRun(t, config(rows, knowing))
	for _, a := range r.Scorers[0].Attackers[:4] { // simulated
		if a.AUC == nil || a.AUC.Value != 1 || a.Recall[0].OnTest.Value != 1 {
			t.Errorf("%s: %+v", a.Attacker, a.AUC)
		}
	}
	guessing := &spy{score: func(r *rba.Row) (float64, bool) { return unit(draw(9, uint64(r.RTT), text(r.UserAgent))), true }}
	r = mustRun(t, config(rows, guessing))
	for i, a := range r.Scorers[0].Attackers[:4] {
		if attacker(i) == first && math.Abs(a.AUC.Value-0.5) < 0.1 {
			continue // there are few
		}
		if math.Abs(a.AUC.Value-0.5) > 0.05 || math.Abs(a.Recall[3].OnTest.Value-0.1) > 0.06 || math.Abs(a.Recall[3].HeldOut.Value-0.1) > 0.08 {
			t.Errorf("%s: %+v", a.Attacker, a.AUC)
		}
	}
	silent := &spy{score: func(*rba.Row) (float64, bool) { return 0, false }}
	r = mustRun(t, config(rows, silent))
	for _, a := range r.Scorers[0].Attackers {
		if a.AUC != nil || a.Recall[0].OnTest != nil || a.Silent != 1 {
			t.Errorf("%s: a scorer that says nothing has %+v", a.Attacker, a)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	rows := population.Rows(400, 1)
	turned := slices.Clone(rows)
	slices.Reverse(turned)
	failing := slices.Clone(rows)
	for i := range failing {
		failing[i].Successful, failing[i].Takeover = false, false
	}
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"no file":               {Config{Scorers: []Scorer{&spy{}}}, "Open"},
		"no scorer":             {config(rows), "Scorers"},
		"two of a name":         {config(rows, &spy{}, &spy{}), "two Scorers"},
		"few resamples":         {Config{Open: config(rows).Open, Scorers: []Scorer{&spy{}}, Resamples: 5}, "Resamples"},
		"a negative window":     {Config{Open: config(rows).Open, Scorers: []Scorer{&spy{}}, Window: -1}, "Window"},
		"rows turned around":    {config(turned, &spy{}), "order"},
		"no success":            {config(failing, &spy{}), "no legitimate"},
		"too little of it":      {config(rows[:60], &spy{}), "at least"},
		"a score that is none":  {config(rows, &spy{score: func(*rba.Row) (float64, bool) { return math.NaN(), true }}), "NaN"},
		"a file that is broken": {Config{Open: func() (Rows, error) { return nil, broken }, Scorers: []Scorer{&spy{}}}, "broken"},
		"a scorer that failed":  {config(rows, &failed_{}), "lost its mind"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Run(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

type failed_ struct{ spy }

func (*failed_) Err() error { return errors.New("lost its mind") }

func TestALittleDisorderIsTakenAsItComes(t *testing.T) {
	rows := population.Rows(400, 1)
	for i := 100; i+1 < len(rows); i += 100 {
		if rows[i+1].Time.Sub(rows[i].Time) < time.Hour {
			rows[i], rows[i+1] = rows[i+1], rows[i]
		}
	}
	r := mustRun(t, config(rows, &spy{}))
	if r.Data.OutOfOrder == 0 || !strings.Contains(fmt.Sprint(r.Warnings), "behind") {
		t.Errorf("%d, %v", r.Data.OutOfOrder, r.Warnings)
	}
}

func TestExcludedUsersAreLeftOut(t *testing.T) {
	rows := population.Rows(400, 1)
	n := int64(0)
	for i := range rows {
		if i%3 == 0 {
			rows[i].User = rba.PseudoUsers()[0]
			n++
		}
	}
	s := &spy{}
	r := mustRun(t, config(rows, s))
	if r.Data.Excluded != n {
		t.Errorf("%d left out, want %d", r.Data.Excluded, n)
	}
	for _, c := range s.calls {
		if c.row.User == rba.PseudoUsers()[0] {
			t.Fatal("an excluded user was scored")
		}
	}
}
