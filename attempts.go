package mfa

import (
	"slices"
	"time"
)

// A lane counts failures of one enrollment in a row. There is one for known
// devices and one for all others, so that somebody else's failures do not make
// the owner wait in a browser of their own.
type lane struct {
	Fails int   `cbor:"1,keyasint,omitempty"`
	Until int64 `cbor:"2,keyasint,omitempty"` // Unix seconds; no answer is taken before
}

// A tally counts failures of an account: exactly over an hour, by days over a month.
type tally struct {
	Times []int64 `cbor:"1,keyasint,omitempty"` // of the last hour, Unix seconds, oldest first
	Days  []day   `cbor:"2,keyasint,omitempty"` // oldest first
}

type day struct {
	_ struct{} `cbor:",toarray"`
	N int64    // days since 1970, UTC
	F int      // failures
}

const secondsPerDay = 24 * 60 * 60

// prune drops what no window sees any more. A day counts until all of it is a month old.
func (t *tally) prune(now time.Time) {
	t.Times = slices.DeleteFunc(t.Times, func(at int64) bool { return at <= now.Add(-budgetHour).Unix() })
	for len(t.Days) > 0 && (t.Days[0].N+1)*secondsPerDay <= now.Add(-budgetMonth).Unix() {
		t.Days = t.Days[1:]
	}
}

func (t *tally) add(now time.Time) {
	t.prune(now)
	t.Times = append(t.Times, now.Unix())
	today := now.Unix() / secondsPerDay
	if n := len(t.Days); n > 0 && t.Days[n-1].N >= today { // a clock that went back counts on the later day
		t.Days[n-1].F++
		return
	}
	t.Days = append(t.Days, day{N: today, F: 1})
}

func (t *tally) month() (n int) {
	for _, d := range t.Days {
		n += d.F
	}
	return n
}

// left is how many failures b still allows.
func (t *tally) left(b budget, known bool, now time.Time) int {
	t.prune(now)
	if !known {
		b.hour, b.month = b.hour-b.reserveHour, b.month-b.reserveMonth
	}
	return max(0, min(b.hour-len(t.Times), b.month-t.month()))
}

// until is when the next failure is allowed; zero: now.
func (t *tally) until(b budget, known bool, now time.Time) time.Time {
	if t.left(b, known, now) > 0 {
		return time.Time{}
	}
	if !known {
		b.hour, b.month = b.hour-b.reserveHour, b.month-b.reserveMonth
	}
	var at int64
	if over := len(t.Times) - b.hour; over >= 0 {
		at = t.Times[over] + int64(budgetHour/time.Second)
	}
	over := t.month() - b.month
	for _, d := range t.Days {
		if over < 0 {
			break
		}
		over -= d.F
		at = max(at, (d.N+1)*secondsPerDay+int64(budgetMonth/time.Second))
	}
	return time.Unix(at+1, 0).UTC()
}

// class is the account's tally and budget that a method falls under; nil: none.
func (st *state) class(m Method) (*tally, budget) {
	switch {
	case m.PhishingResistant, m.Name == methodBypass:
		return nil, budget{}
	case m.Guessable:
		return &st.head.Guesses, guessBudget
	default:
		return &st.head.Recoveries, recoveryBudget
	}
}

func (r *enrollment) lane(known bool) *lane {
	if known {
		return &r.Known
	}
	return &r.Unknown
}

// locked says when an answer by r is taken; zero: now. Phishing-resistant
// methods are never locked: there is nothing in them to guess. Neither are codes from
// support, which end with their failures: a pause would outlast them.
func (st *state) locked(m Method, r *enrollment, known bool) time.Time {
	if m.PhishingResistant || m.Name == methodBypass {
		return time.Time{}
	}
	until := st.budgetUntil(m, known)
	if l := r.lane(known); l.Until > st.now.Unix() && time.Unix(l.Until, 0).After(until) {
		until = time.Unix(l.Until, 0).UTC()
	}
	return until
}

func (st *state) budgetUntil(m Method, known bool) time.Time {
	t, b := st.class(m)
	if t == nil {
		return time.Time{}
	}
	return t.until(b, known, st.now)
}

// charge counts a failure against the account.
func (st *state) charge(m Method) {
	if t, _ := st.class(m); t != nil {
		t.add(st.now)
	}
	st.head.Untold++
	st.touch(secHead)
}

// fail counts one wrong answer that any of covered could have been meant for,
// and says how many more are taken before they lock.
func (st *state) fail(m Method, covered []*enrollment, known bool) (left int) {
	st.charge(m)
	if m.PhishingResistant {
		return delayFrom // there is nothing in it to guess: it never locks
	}
	st.touch(secEnrollments)
	if m.Name == methodBypass {
		r := covered[0]
		r.lane(known).Fails++
		r.Disabled = r.inARow() >= disableAt
		return max(0, disableAt-r.inARow())
	}
	t, b := st.class(m)
	left = t.left(b, known, st.now)
	for _, r := range covered {
		l := r.lane(known)
		l.Fails++
		if l.Fails >= delayFrom {
			d := delays[min(l.Fails-delayFrom, len(delays)-1)]
			l.Until = st.now.Add(d).Unix() + 1 // whole seconds, never early
		}
		r.Disabled = r.Disabled || r.inARow() >= disableAt
		left = min(left, max(0, delayFrom-l.Fails))
	}
	return left
}

// spreads says whether the failure that was just charged counts beyond the account.
func (st *state) spreads(m Method) bool {
	return m.Guessable && len(st.head.Guesses.Times) <= networkPerAccount
}

func (r *enrollment) inARow() int { return r.Unknown.Fails + r.Known.Fails }

// succeed forgets the failures of what was used, and of nothing else (NIST SP
// 800-63B-4, section 3.2.2).
func (r *enrollment) succeed(now time.Time) {
	r.Unknown, r.Known, r.Used = lane{}, lane{}, now.Unix()
}
