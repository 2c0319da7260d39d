package evaluate

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// A sample is what was scored, in order: one legitimate table, and one for each
// attacker. Scores stand beside it in each scorer's column.
type sample struct {
	legit   []scored
	attacks [attackers][]uint32 // the victims
	columns []*column           // by scorer
	missed  [simulated]int64    // drawn, but no donor was found
	audit   [attackers]traits
	costs   []rba.Row // the last legitimate sign-ins of users with an earlier one
}

// A scored sign-in: whose, after how many learned ones (255: or more), and when.
type scored struct {
	user  uint32
	size  uint8
	phase phase
}

// A column holds one scorer's scores; NaN: it said nothing.
type column struct {
	scorer  Scorer
	legit   []float32
	attacks [attackers][]float32
	err     error
}

// An event is a row with the attacks that would replace it. All scorers get the same.
type event struct {
	kind    kind
	row     *rba.Row
	attacks []attack
}

type attack struct {
	by  attacker
	row *rba.Row
}

const batchSize = 1024

// A player deals rows to the scorers.
type player struct {
	*Config
	*plan
	*sample
	aim    aim
	traces []trace // by user
	window *window
	batch  []event
	lines  []chan []event // to each scorer
}

func play(c *Config, p *plan) (*sample, error) {
	s := &sample{legit: make([]scored, 0, p.learned)}
	pl := &player{Config: c, plan: p, sample: s, aim: c.aim(p), window: newWindow(c.Window), traces: make([]trace, p.users.Len())}
	var running sync.WaitGroup
	for _, scorer := range c.Scorers {
		col := &column{scorer: scorer, legit: make([]float32, 0, p.learned)}
		line := make(chan []event, 4)
		s.columns, pl.lines = append(s.columns, col), append(pl.lines, line)
		running.Go(func() { col.run(line) })
	}
	err := pl.read()
	for _, line := range pl.lines {
		close(line)
	}
	running.Wait()
	for _, col := range s.columns {
		if failer, ok := col.scorer.(Failer); ok && err == nil {
			err = failer.Err()
		}
		if err == nil {
			err = col.err
		}
	}
	return s, err
}

// read deals the rows out, through the window where donors are looked for.
func (p *player) read() error {
	var rows int64
	err := p.prefetch(func(row *rba.Row) {
		if rows++; rows%10_000 == 0 {
			p.Progress("scoring", rows)
		}
		if slices.Contains(p.Exclude, row.User) {
			return
		}
		k := kindOf(row)
		row.AttackIP, row.Takeover = false, false
		p.window.push(row, k)
		for p.window.full() || p.phase(p.window.items.at(0).row.Time.UnixMilli()) != test {
			p.deal()
			if p.window.items.len() == 0 {
				break
			}
		}
	})
	for err == nil && p.window.items.len() > 0 {
		p.deal()
	}
	p.send()
	return err
}

// prefetch reads in a goroutine of its own: parsing takes about as long as scoring.
func (p *player) prefetch(visit func(*rba.Row)) error {
	type chunk struct {
		rows []rba.Row
		err  error
	}
	chunks := make(chan chunk, 4)
	go func() {
		defer close(chunks)
		rows := make([]rba.Row, 0, batchSize)
		err := each(p.Open, func(row *rba.Row) error {
			if rows = append(rows, *row); len(rows) == cap(rows) {
				chunks <- chunk{rows: rows}
				rows = make([]rba.Row, 0, batchSize)
			}
			return nil
		})
		chunks <- chunk{rows, err}
	}()
	var err error
	for c := range chunks {
		for i := range c.rows {
			visit(&c.rows[i])
		}
		err = c.err
	}
	return err
}

// deal takes the next row out of the window and gives it to the scorers.
func (p *player) deal() {
	i, _ := p.window.pop()
	at := p.phase(i.row.Time.UnixMilli())
	e := event{kind: i.kind, row: i.row}
	switch i.kind {
	case legitimate:
		user, _ := p.users.Find(intern.String(i.row.User))
		t := &p.traces[user]
		if at == test {
			p.replace(&e, i, user)
			if t.learned > 0 {
				p.keepForCosts(i.row)
			}
		}
		p.legit = append(p.legit, scored{user, uint8(min(t.learned, math.MaxUint8)), at})
		*t = trace{intern.Addr(i.row.IP), t.learned + 1}
	case takeover:
		if at != test {
			return
		}
		user, _ := p.users.Find(intern.String(i.row.User))
		by := veryTargeted
		if p.traces[user].learned == 0 {
			by = firstTakeover
		}
		p.strike(&e, by, user, i.row)
		if seen := &p.sample.audit[by]; !seen.full() {
			seen.attack = append(seen.attack, trait{fingerprint(i.row), user})
		}
	}
	p.batch = append(p.batch, e)
	if len(p.batch) == batchSize {
		p.send()
	}
}

// replace adds the attacks that would replace a legitimate sign-in.
func (p *player) replace(e *event, victim item, user uint32) {
	t := &p.traces[user]
	for by := range attacker(simulated) {
		if !p.aim.strikes(p.Seed, by, victim.number, t.learned > 0) {
			continue
		}
		donor := p.window.donor(p.Seed, by, victim, t)
		if donor == nil {
			p.missed[by]++
			continue
		}
		row := imposter(victim.row, donor)
		p.strike(e, by, user, row)
		if seen := &p.sample.audit[by]; !seen.full() {
			origin, _ := p.users.Find(intern.String(donor.User))
			seen.legit = append(seen.legit, trait{fingerprint(victim.row), user})
			seen.attack = append(seen.attack, trait{fingerprint(row), origin})
		}
	}
}

func (p *player) strike(e *event, by attacker, user uint32, row *rba.Row) {
	e.attacks = append(e.attacks, attack{by, row})
	p.attacks[by] = append(p.attacks[by], user)
}

func (p *player) keepForCosts(row *rba.Row) {
	if len(p.costs) < costRows {
		p.costs = append(p.costs, *row)
		return
	}
	p.costs[len(p.legit)%costRows] = *row
}

func (p *player) send() {
	for _, line := range p.lines {
		line <- p.batch
	}
	p.batch = make([]event, 0, batchSize)
}

// run scores and teaches one scorer, to the end even after an error, so that nobody waits for it.
func (c *column) run(line <-chan []event) {
	watcher, _ := c.scorer.(Watcher)
	for batch := range line {
		for i := range batch {
			e := &batch[i]
			for _, a := range e.attacks {
				c.attacks[a.by] = append(c.attacks[a.by], c.score(a.row))
			}
			switch {
			case e.kind == legitimate:
				c.legit = append(c.legit, c.score(e.row))
				c.scorer.Update(e.row)
			case e.kind == failed && watcher != nil:
				watcher.Failed(e.row)
			}
		}
	}
}

func (c *column) score(row *rba.Row) float32 {
	v, ok := c.scorer.Score(row)
	if !ok {
		return float32(math.NaN())
	}
	if math.IsNaN(v) {
		c.err = fmt.Errorf("evaluate: %s scores a sign-in of %v as NaN", c.scorer.Name(), row.Time.Format(time.DateTime))
	}
	return float32(v)
}
