package evaluate

import (
	"sort"

	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// An item is a row in the window.
type item struct {
	row    *rba.Row
	kind   kind
	number uint64 // of a legitimate one: how many there were before
}

// A window holds the rows that come next, so that donors can be taken from
// sign-ins that no scorer has seen. Rows leave it in the order in which they came.
type window struct {
	size      int // legitimate rows that it looks ahead
	next      uint64
	items     queue[item]
	ahead     queue[*rba.Row] // the legitimate ones
	countries map[intern.Key]*queue[*rba.Row]
	alike     map[intern.Key]*queue[*rba.Row]
}

func newWindow(size int) *window {
	return &window{size: size, countries: map[intern.Key]*queue[*rba.Row]{}, alike: map[intern.Key]*queue[*rba.Row]{}}
}

func (w *window) push(row *rba.Row, k kind) {
	i := item{row: row, kind: k}
	if k == legitimate {
		i.number = w.next
		w.next++
		w.ahead.push(row)
		pushTo(w.countries, countryKey(row), row)
		pushTo(w.alike, alikeKey(row), row)
	}
	w.items.push(i)
}

// full says that the first row can be taken out with enough of them behind it.
func (w *window) full() bool { return w.ahead.len() > w.size }

// pop takes the first row out; false: there is none.
func (w *window) pop() (item, bool) {
	if w.items.len() == 0 {
		return item{}, false
	}
	i := w.items.pop()
	if i.kind == legitimate {
		w.ahead.pop()
		popFrom(w.countries, countryKey(i.row))
		popFrom(w.alike, alikeKey(i.row))
	}
	return i, true
}

// tries is how often a donor is drawn until one fits. Those that never do are counted as unmatched.
const tries = 16

// donor draws one for an attacker from what comes after the victim's sign-in, which has just
// been taken out. Nil: none was found.
func (w *window) donor(seed uint64, by attacker, victim item, t *trace) *rba.Row {
	from, most := &w.ahead, naiveDonors
	switch by {
	case vpn:
		from, most = w.countries[countryKey(victim.row)], likeDonors
	case targeted:
		from, most = w.alike[alikeKey(victim.row)], likeDonors
	}
	if from == nil || from.len() == 0 {
		return nil
	}
	n := sort.Search(min(most, from.len()), func(i int) bool { return from.at(i).Time.Sub(victim.row.Time) > donorTime })
	if n == 0 {
		return nil
	}
	for try := range uint64(tries) {
		row := from.at(below(draw(seed, 'd', uint64(by), victim.number, try), n))
		if row.User == victim.row.User {
			continue
		}
		if by == targeted && (row.IP == victim.row.IP || intern.Addr(row.IP) == t.address) {
			continue
		}
		return row
	}
	return nil
}

func pushTo(m map[intern.Key]*queue[*rba.Row], k intern.Key, row *rba.Row) {
	q := m[k]
	if q == nil {
		q = &queue[*rba.Row]{}
		m[k] = q
	}
	q.push(row)
}

func popFrom(m map[intern.Key]*queue[*rba.Row], k intern.Key) {
	q := m[k]
	q.pop()
	if q.len() == 0 {
		delete(m, k)
	}
}

// A queue is first in, first out.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int   { return len(q.items) - q.head }
func (q *queue[T]) at(i int) T { return q.items[q.head+i] }
func (q *queue[T]) push(v T)   { q.items = append(q.items, v) }

func (q *queue[T]) pop() T {
	var none T
	v := q.items[q.head]
	q.items[q.head] = none
	q.head++
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return v
}
