package mfa

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/quota"
)

// A Budget bounds messages of a kind, over all users, flows and processes: those
// to one number, of one network, in one prefix, of the whole system. It is kept
// in the store under a keyed hash. A message is counted before it goes out, and
// stays counted whatever becomes of it; where a budget cannot be read, nothing
// is sent.
type Budget struct {
	Name  string // "number", "prefix": with Key, what is counted; "network" counts the client's, and is left out where that is not known
	Key   string // what is counted; never stored or told as it is
	Label string // names it in events, without a person's number: "+44 7"; empty: Name alone

	Hour, Day int // most in any hour and in any day; 0: no bound of that kind
	Reserve   int // percent of them that is kept for destinations which were verified before

	// Leased counts in blocks that a process takes at once, so that a key which
	// all messages share is not written by each: never above the bound, at most
	// a little below. False: exact.
	Leased bool

	// A circuit breaker: when of at least MinSent messages in an hour to
	// destinations that were not verified before less than MinVerified percent
	// came back as a right answer, no more go to such for an hour. 0: none.
	MinSent, MinVerified int

	Warn int // percent of Hour or Day at which an event warns, once a day; 0: never
}

// The names of budgets that the engine knows.
const (
	BudgetDestination = "destination" // one number or address; the pause between messages is per destination
	BudgetNetwork     = "network"     // the client's network
)

func (b Budget) terms() quota.Terms {
	return quota.Terms{Limit: quota.Limit{Hour: b.Hour, Day: b.Day}, Reserve: b.Reserve, MinSent: b.MinSent, MinGood: b.MinVerified, Warn: b.Warn}
}

// A charge is one message on its way through the budgets. It is made once per
// request, and charged once, however often the request is tried.
type charge struct {
	budgets []Budget
	keys    []string // in the store, of the budgets
	known   bool
	urgent  bool   // a warning: the pause between messages is not for it
	paid    []bool // which of them are; a budget that was is not charged again
	done    bool
	before  func(context.Context) error // asked once, before anything is charged
	busy    string                      // the destination that it has reserved in this process
}

// newCharge resolves the budgets that a delivery falls under.
func (e *Engine) newCharge(d *Delivery, method string, c Client, user string) *charge {
	out := &charge{known: d.Known, before: d.Before}
	named := false
	for _, b := range d.Budgets {
		if b.Name == BudgetNetwork {
			if b.Key = networkOf(c.IP).String(); !networkOf(c.IP).IsValid() {
				continue
			}
		}
		named = named || b.Name == BudgetDestination
		out.add(e, method, b)
	}
	if !named {
		out.add(e, method, Budget{Name: BudgetDestination, Key: cmp.Or(d.Message.To, "user "+user)})
	}
	return out
}

func (c *charge) add(e *Engine, method string, b Budget) {
	c.budgets = append(c.budgets, b)
	c.paid = append(c.paid, false)
	c.keys = append(c.keys, "limit/"+e.keys.indexOf("budget", method, b.Name, b.Key))
}

// breakers are the keys of those budgets whose breaker wants to hear of a right answer.
func (c *charge) breakers() []string {
	var out []string
	for i, b := range c.budgets {
		if b.MinSent > 0 && !c.known {
			out = append(out, c.keys[i])
		}
	}
	return out
}

// pay charges a message to all its budgets, or to none where one of them refuses
// at first sight. What was charged stays charged.
func (e *Engine) pay(ctx context.Context, st *state, c *charge) error {
	if c.done {
		return nil
	}
	if !e.leases.reserveDestination(c) {
		return &WaitError{Until: st.now.Add(time.Second).UTC()}
	}
	var open, taken []int // the budgets that have to be asked, and those that a block is held of
	for i, b := range c.budgets {
		switch {
		case c.paid[i]:
		case b.Leased && e.leases.take(c.keys[i], c.known, st.now):
			taken = append(taken, i)
		default:
			open = append(open, i)
		}
	}
	refuse := func(err error) error {
		for _, i := range taken {
			e.leases.giveBack(c.keys[i], c.known, st.now)
		}
		return err
	}
	values := make([]quota.Value, len(c.budgets))
	versions := make([]int64, len(c.budgets))
	for _, i := range open {
		var err error
		if values[i], versions[i], err = e.loadBudget(ctx, c.keys[i]); err == nil {
			err = e.asked(st, c, i, values[i])
		}
		if err != nil {
			return refuse(err)
		}
	}
	if c.before != nil { // last, as its look-up may cost as much as a message
		err := inTime(ctx, checkTimeout, c.before)
		if late := (*SendError)(nil); errors.As(err, &late) {
			err = &DeliveryError{Reason: late.Reason, Retry: true}
		}
		if err != nil {
			return refuse(err)
		}
		c.before = nil
	}
	for _, i := range taken {
		c.paid[i] = true
		e.leases.wentOut(c, i)
	}
	for _, i := range open {
		if err := e.payOne(ctx, st, c, i, values[i], versions[i]); err != nil {
			return err
		}
		c.paid[i] = true
	}
	c.done = true
	return nil
}

// asked says whether one budget lets a message through.
func (e *Engine) asked(st *state, c *charge, i int, v quota.Value) error {
	b := c.budgets[i]
	if b.Name == BudgetDestination && !c.urgent {
		if next := pausedUntil(v, c.known, st.now); next.After(st.now) {
			return &WaitError{Until: next.UTC()}
		}
	}
	verdict := v.Ask(st.now, b.terms(), c.known)
	if verdict.Left > 0 {
		return nil
	}
	e.budgetEvent(st, c, i, EventSendLimit)
	return &WaitError{Until: verdict.Until, Limit: true}
}

// payOne charges one budget, from the value that was read of it. Requests of one
// process go one after the other: one that loses sixteen times to others is not
// sent, and what its earlier budgets were charged is lost.
func (e *Engine) payOne(ctx context.Context, st *state, c *charge, i int, v quota.Value, version int64) error {
	b, key := c.budgets[i], c.keys[i]
	queue, end := context.WithTimeout(ctx, storeTimeout)
	leave, behind, err := e.paying.enter(queue, key)
	end()
	if err != nil && ctx.Err() == nil {
		err = ErrBusy // who is before is held up
	}
	if err != nil {
		return err
	}
	defer leave()
	for try := range saveTries {
		if try > 0 {
			if err := e.wait(ctx, jitter(savePause, savePauseMax, try)); err != nil {
				return err
			}
		}
		if try > 0 || behind {
			if b.Leased && e.leases.take(key, c.known, st.now) {
				e.leases.wentOut(c, i)
				return nil // another request of this process has fetched a block
			}
			if v, version, err = e.loadBudget(ctx, key); err != nil {
				return err
			}
			if err := e.asked(st, c, i, v); err != nil {
				return err
			}
		}
		n := 1
		if b.Leased {
			n = b.terms().Block(v.Ask(st.now, b.terms(), c.known).Left, e.leases.recent(key, c.known, st.now))
		}
		good, sent := 0, 0
		if b.MinSent > 0 {
			if good = e.leases.takeGood(key); good > 0 {
				v.Good.Add(st.now, good)
			}
			sent = e.leases.takeOut(key)
		}
		if !c.known && (b.MinSent > 0 || b.Name == BudgetDestination) {
			sent++
		}
		opened, warn := v.Take(st.now, b.terms(), c.known, n, sent)
		err = e.saveBudget(ctx, key, version, v, st.now)
		if err != nil {
			e.leases.addGood(key, good)
			e.leases.addOut(key, sent, c.known)
		}
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return err
		}
		if opened {
			e.leases.drop(key)
		}
		if b.Leased && (c.known || !opened) {
			e.leases.put(key, c.known, n-1, 1, st.now)
		}
		if opened {
			e.budgetEvent(st, c, i, EventSendStopped)
		}
		if warn {
			e.budgetEvent(st, c, i, EventSendBudget)
		}
		return nil
	}
	return ErrBusy
}

// cameBack tells breakers, after the answer, that a code which a stranger was
// sent was right. Many at a time are told at once.
func (e *Engine) cameBack(keys []string) {
	for _, key := range keys {
		if e.leases.cameBack(key) && !e.later(func(ctx context.Context) { e.tellGood(ctx, key) }) {
			e.leases.told(key, true)
		}
	}
}

func (e *Engine) tellGood(ctx context.Context, key string) {
	defer e.leases.told(key, true) // what is left is told with the next
	for try := range saveTries {
		if try > 0 && e.wait(ctx, jitter(savePause, savePauseMax, try)) != nil {
			return
		}
		v, version, err := e.loadBudget(ctx, key)
		if err != nil {
			continue
		}
		n := e.leases.takeGood(key)
		if n > 0 {
			v.Good.Add(e.now(), n)
			if e.saveBudget(ctx, key, version, v, e.now()) != nil {
				e.leases.addGood(key, n)
				continue
			}
		}
		if e.leases.told(key, false) {
			return
		}
	}
}

// handedOver starts the pause of a destination: only what went out has one, so
// that after a fault, or a process that died, the person can ask again at once.
// It returns when the next message may go there.
func (e *Engine) handedOver(ctx context.Context, c *charge, now time.Time) time.Time {
	next := now.Add(sendPause)
	for i, b := range c.budgets {
		if b.Name != BudgetDestination {
			continue
		}
		for try := range saveTries {
			if try > 0 && e.wait(ctx, jitter(savePause, savePauseMax, try)) != nil {
				break
			}
			v, version, err := e.loadBudget(ctx, c.keys[i])
			if err != nil {
				continue
			}
			if v.Last = now.Unix(); c.known {
				v.LastKnown = v.Last
			}
			next = pausedUntil(v, c.known, now)
			if e.saveBudget(ctx, c.keys[i], version, v, now) == nil {
				break
			}
		}
	}
	return next.UTC().Truncate(time.Second)
}

// pausedUntil is when the next message may go to a destination. What strangers
// have it sent makes nobody wait for whom it is known.
func pausedUntil(v quota.Value, known bool, now time.Time) time.Time {
	last, n := v.Last, v.Used.Hour(now)
	if known {
		last, n = v.LastKnown, n-v.Sent.Hour(now)
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(last, 0).Add(pauseAfter(n))
}

// pauseAfter is the pause after the nth message of an hour.
func pauseAfter(n int) time.Duration {
	return min(sendPauseMax, sendPause<<min(max(n, 1)-1, 10))
}

func (e *Engine) loadBudget(ctx context.Context, key string) (v quota.Value, version int64, err error) {
	item, err := e.store.Load(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return v, 0, nil
	}
	if err != nil {
		return v, 0, storeError(ctx, "load", err)
	}
	plain, err := e.unseal(sealBudget, key, item.Value)
	if err != nil {
		return v, 0, err
	}
	if err := codec.Unmarshal(plain, &v); err != nil {
		return v, 0, stateError(err)
	}
	return v, item.Version, nil
}

func (e *Engine) saveBudget(ctx context.Context, key string, old int64, v quota.Value, now time.Time) error {
	plain, err := codec.Marshal(v)
	if err != nil {
		return err
	}
	sealed, err := e.seal(sealBudget, key, plain)
	if err != nil {
		return err
	}
	err = e.store.Save(ctx, key, old, Item{Value: sealed, Version: newVersion(), Expires: now.Add(budgetKept)})
	if err == nil || errors.Is(err, ErrConflict) {
		return err
	}
	return storeError(ctx, "save", err)
}

// budgetEvent tells of a budget, which is no single user's.
func (e *Engine) budgetEvent(st *state, c *charge, i int, kind EventType) {
	if len(e.observers) == 0 {
		return
	}
	b := c.budgets[i]
	ev := Event{ID: newID(), Type: kind, Time: st.now, Reason: b.Name, Label: strings.TrimSpace(b.Label)}
	if b.Name == BudgetDestination || b.Name == BudgetNetwork {
		ev.User = st.user
	}
	e.later(func(ctx context.Context) { e.deliver(ctx, "", []Event{ev}) })
}
