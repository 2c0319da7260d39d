// Package recent remembers identifiers for a while, in bounded memory.
package recent

import "sync"

// IDs holds the identifiers that were added last. It is safe for use by any
// number of goroutines. Make it with [New].
type IDs struct {
	mu    sync.Mutex
	known map[string]bool
	ring  []string // the oldest is at next, once it is full
	next  int
	limit int
}

// New makes an empty memory of at most limit identifiers, which is 1 or more.
func New(limit int) *IDs {
	return &IDs{known: map[string]bool{}, limit: max(limit, 1)}
}

// Has says whether id is remembered.
func (r *IDs) Has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[id]
}

// Add remembers id, and forgets the oldest where there is no room. An id that is
// known already stays as old as it is.
func (r *IDs) Add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.known[id]:
		return
	case len(r.ring) < r.limit:
		r.ring = append(r.ring, id)
	default:
		delete(r.known, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % r.limit
	}
	r.known[id] = true
}
