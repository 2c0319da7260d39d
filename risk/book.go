package risk

import (
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// What the report shows is kept for 90 days: flows by day, level and outcome, and
// reasons by fortnight. Reasons have names of the host's making, so they are bounded.
const (
	bookDays    = 90
	bookTerms   = bookDays/termDays + 2
	termDays    = 14
	maxReasons  = 32
	maxCode     = 40 // bytes
	otherReason = "other"

	daySeconds  = 24 * 60 * 60
	bookLimit   = 1 << 40 // more of anything has not happened
	furthestDay = 1 << 20 // since 1970: the year 4840
)

// bookLevels are the levels in the order of their rows.
var bookLevels = [...]mfa.RiskLevel{mfa.RiskLow, mfa.RiskUnknown, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere}

// An outcome is what a flow came to.
type outcome uint8

const (
	outcomeStarted outcome = iota
	outcomePassed
	outcomeDenied
	outcomes
)

// A dayCount is what happened on one day, in earnest and in shadow.
type dayCount struct {
	day   int64 // since 1970
	flows [2][len(bookLevels)][outcomes]uint64
}

// A termCount is how often a reason was given within a fortnight.
type termCount struct {
	term  int64
	flows [outcomes]uint64
}

type reasonCount struct {
	code  string
	terms []termCount // oldest first
}

// A book is what one row keeps for the report. Its owner holds a lock.
type book struct {
	days    []dayCount    // oldest first
	reasons []reasonCount // by code
}

func levelIndex(l mfa.RiskLevel) int {
	if i := slices.Index(bookLevels[:], l); i >= 0 {
		return i
	}
	return slices.Index(bookLevels[:], mfa.RiskUnknown)
}

// note counts a flow.
func (b *book) note(at time.Time, o outcome, a *mfa.Assessment) {
	day := dayOf(at)
	shadow := 0
	if a.Shadow {
		shadow = 1
	}
	if d := b.day(day); d != nil {
		d.flows[shadow][levelIndex(a.Level)][o]++
	}
	for i, r := range a.Reasons {
		again := slices.ContainsFunc(a.Reasons[:i], func(o mfa.RiskReason) bool { return o.Code == r.Code })
		if again || i >= maxReasons {
			continue
		}
		if w := b.reason(r.Code, day/termDays); w != nil {
			w.flows[o]++
		}
	}
}

func dayOf(at time.Time) int64 {
	return min(max(at.Unix()/daySeconds, 0), furthestDay)
}

// day finds a day, or begins it. A day that is older than the oldest where there
// is no room is nil.
func (b *book) day(day int64) *dayCount {
	i, ok := slices.BinarySearchFunc(b.days, day, func(d dayCount, day int64) int { return int(d.day - day) })
	if ok {
		return &b.days[i]
	}
	if len(b.days) >= bookDays {
		if i == 0 {
			return nil
		}
		b.days = slices.Delete(b.days, 0, 1)
		i--
	}
	b.days = slices.Insert(b.days, i, dayCount{day: day})
	return &b.days[i]
}

// reason finds a reason's fortnight, or begins it. Where there is no room for another
// reason it is counted with the others.
func (b *book) reason(code string, term int64) *termCount {
	if code == "" || len(code) > maxCode {
		code = otherReason
	}
	i, ok := b.find(code)
	if !ok && code != otherReason && !b.room() {
		code = otherReason
		i, ok = b.find(code)
	}
	if !ok {
		b.reasons = slices.Insert(b.reasons, i, reasonCount{code: code})
	}
	r := &b.reasons[i]
	j, ok := slices.BinarySearchFunc(r.terms, term, func(w termCount, term int64) int { return int(w.term - term) })
	if ok {
		return &r.terms[j]
	}
	if len(r.terms) >= bookTerms {
		if j == 0 {
			return nil
		}
		r.terms = slices.Delete(r.terms, 0, 1)
		j--
	}
	r.terms = slices.Insert(r.terms, j, termCount{term: term})
	return &r.terms[j]
}

func (b *book) find(code string) (i int, ok bool) {
	return slices.BinarySearchFunc(b.reasons, code, func(r reasonCount, code string) int {
		switch {
		case r.code < code:
			return -1
		case r.code > code:
			return 1
		}
		return 0
	})
}

// room says whether another reason fits in; a place is kept for the others.
func (b *book) room() bool {
	used := len(b.reasons)
	if _, ok := b.find(otherReason); !ok {
		used++
	}
	return used < maxReasons
}

// forget drops what is older than 90 days before day.
func (b *book) forget(day int64) {
	b.days = slices.DeleteFunc(b.days, func(d dayCount) bool { return d.day <= day-bookDays })
	for i := range b.reasons {
		r := &b.reasons[i]
		r.terms = slices.DeleteFunc(r.terms, func(w termCount) bool { return (w.term+1)*termDays <= day-bookDays+1 })
	}
	b.reasons = slices.DeleteFunc(b.reasons, func(r reasonCount) bool { return len(r.terms) == 0 })
}

func (b *book) merge(other *book) {
	for _, from := range other.days {
		to := b.day(from.day)
		if to == nil {
			continue
		}
		for s := range from.flows {
			for l := range from.flows[s] {
				for o, n := range from.flows[s][l] {
					to.flows[s][l][o] += n
				}
			}
		}
	}
	for _, r := range other.reasons {
		for _, from := range r.terms {
			to := b.reason(r.code, from.term)
			if to == nil {
				continue
			}
			for o, n := range from.flows {
				to.flows[o] += n
			}
		}
	}
}

func (b *book) copyFrom(other *book) {
	b.days = slices.Clone(other.days)
	b.reasons = slices.Clone(other.reasons)
	for i := range b.reasons {
		b.reasons[i].terms = slices.Clone(b.reasons[i].terms)
	}
}
