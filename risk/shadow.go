package risk

import "time"

// shadow says whether a sign-in at now is scored without effect, and notes that one was
// scored. It ends a while after the first that any process of the deployment has
// scored, which the rows keep.
//
// A process that has not read the rows yet does not know. It decides rather than
// watches: else whoever makes it restart could sign in unasked.
func (p *population) shadow(now time.Time) bool {
	at := max(now.Unix(), 1)
	first := p.first.Load()
	for first == 0 || at < first { // a clock that was ahead must not make it longer
		if p.first.CompareAndSwap(first, at) {
			first = at
			break
		}
		first = p.first.Load()
	}
	if p.watch < 0 || p.rows != nil && !p.joined.Load() {
		return false
	}
	return now.Before(time.Unix(first, 0).Add(p.watch))
}

// Watching says whether sign-ins are scored without effect at this time.
func (s *Scorer) Watching(now time.Time) bool { return s.pop.shadow(now) }

// began takes in when another process has scored first.
func (p *population) began(first int64) {
	for {
		was := p.first.Load()
		is := earlier(was, first)
		if is == was || p.first.CompareAndSwap(was, is) {
			return
		}
	}
}
