package risk

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

const (
	syncEvery   = 30 * time.Second
	syncTimeout = 10 * time.Second
	claimTries  = 4 // in one exchange, where others take slots at the same time
)

// Sync writes what this process has learned since the last time into a row of its own,
// and reads the rows of the others. [Scorer.Run] calls it; a program of short life may
// call it itself. An error says what could not be read or written: nothing is lost
// by it, and the next Sync makes up for it. Rows that do not open are logged
// and left out. Without a Store it does nothing.
//
// It is safe for concurrent use.
func (s *Scorer) Sync(ctx context.Context) error { return s.pop.exchange(ctx, false) }

// Run calls [Scorer.Sync] at once, then every 30 seconds, more or less, until ctx
// ends, and once more after that, for at most ten seconds, so that nothing is left
// behind; it returns that last one's error. Others are logged. Scorers
// with a Store need it running, one Run each.
func (s *Scorer) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.exchangeInTime(ctx)
		if s.pop.wait(ctx, jittered(syncEvery)) != nil {
			break
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), syncTimeout)
	defer cancel()
	return s.pop.exchange(ctx, true)
}

// exchangeInTime does not let a store that hangs keep reports waiting.
func (s *Scorer) exchangeInTime(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, syncEvery)
	defer cancel()
	if err := s.pop.exchange(limited, false); err != nil && ctx.Err() == nil {
		s.pop.log.Warn("risk: rows could not be exchanged", "error", err)
	}
}

// jittered is within a fifth of d, so that processes that were started together do
// not stay together.
func jittered(d time.Duration) time.Duration {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(2*d/5)))
	if err != nil {
		return d
	}
	return d - d/5 + time.Duration(n.Int64())
}

// exchange is one Sync. The last one leaves the row to whoever comes next.
func (p *population) exchange(ctx context.Context, last bool) error {
	if p.rows == nil {
		return nil
	}
	p.rows.mu.Lock()
	defer p.rows.mu.Unlock()
	err := errors.Join(p.fetch(ctx), p.write(ctx, last))
	p.rebuild()
	return err
}

// fetch reads the rows of the others.
func (p *population) fetch(ctx context.Context) error {
	r := p.rows
	p.mu.Lock()
	r.latest = p.view.Load().epoch
	p.mu.Unlock()
	err := r.read(ctx, p.clock())
	all := true // a row that cannot be read may know of an earlier beginning
	for _, o := range r.others {
		if all = all && o.row != nil; o.row != nil {
			p.began(o.row.first)
		}
	}
	if err == nil && all {
		p.joined.Store(true)
	}
	return err
}

// write writes what is new into this process's row.
func (p *population) write(ctx context.Context, last bool) error {
	r := p.rows
	var err error
	for range claimTries {
		now := p.clock()
		if r.flight == nil {
			if !p.news() && !r.overdue(now, last) {
				return nil
			}
			if err := r.prepare(p.take(), now); err != nil {
				return err
			}
		}
		if err = r.send(ctx, now, last); err != nil && !errors.Is(err, mfa.ErrConflict) {
			return err
		}
	}
	if err == nil && r.homeless != nil {
		err = errCrowded
	}
	return err
}

var errCrowded = errors.New("risk: others took every row first")

// news says whether there is something that no row holds.
func (p *population) news() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, first := p.rows, p.first.Load()
	return p.pending.changed || r.homeless != nil || first != 0 && (r.saved == nil || earlier(r.saved.first, first) != r.saved.first)
}

// take is what is not in any row, which the next write takes over.
func (p *population) take() *tally {
	p.mu.Lock()
	what := p.pending
	p.pending = &tally{epoch: what.epoch}
	p.mu.Unlock()
	if lost := p.rows.homeless; lost != nil {
		lost.merge(what)
		what, p.rows.homeless = lost, nil
	}
	what.first = p.first.Load()
	return what
}

// rebuild adds up the view anew. What is learned meanwhile is in pending, and so in
// the new view too.
func (p *population) rebuild() {
	r, v := p.rows, &tally{}
	for _, slot := range slices.Sorted(maps.Keys(r.others)) {
		if o := r.others[slot]; o.row != nil {
			v.merge(o.row.tally)
		}
	}
	if r.saved != nil {
		v.merge(r.saved)
	}
	if r.homeless != nil {
		v.merge(r.homeless)
	}
	if r.flight != nil {
		v.merge(r.flight.what)
	}
	v.book.forget(dayOf(p.clock()))
	p.mu.Lock()
	defer p.mu.Unlock()
	v.merge(p.pending)
	p.view.Store(v)
	p.refresh(v)
}
