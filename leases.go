package mfa

import (
	"sync"
	"time"

	"github.com/mfakit/mfa/internal/quota"
)

// leases are the blocks of leased budgets that this process holds, and the
// messages that it is about to hand over.
type leases struct {
	mu      sync.Mutex
	blocks  map[string]*block
	good    map[string]int  // right answers to tell to breakers
	out     map[string]int  // messages to strangers that went out of blocks, to tell to breakers
	telling map[string]bool // breakers that somebody is telling of right answers
	busy    map[string]bool // destinations to which a message is on its way
	swept   time.Time       // the end of the blocks that began when those before were dropped
}

type block struct {
	left   int
	until  time.Time
	recent int // how many were used of it, all fetches together
}

func (l *leases) take(key string, known bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.blocks[leaseName(key, known)]
	if b == nil || b.left == 0 || !now.Before(b.until) {
		return false
	}
	b.left--
	b.recent++
	return true
}

// recent is how many messages of a block have gone out since it began.
func (l *leases) recent(key string, known bool, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.blocks[leaseName(key, known)]; b != nil && now.Before(b.until) {
		return b.recent
	}
	return 0
}

// drop throws away what is left for strangers: the breaker is open.
func (l *leases) drop(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.blocks, leaseName(key, false))
}

// put keeps what is left of a block of which used went out just now, and drops
// blocks that have run out.
func (l *leases) put(key string, known bool, n, used int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// Once for each bucket: all that remain end with it, and looking through ten
	// thousand of them for each message would hold up the others.
	if end := quota.BucketEnd(now); len(l.blocks) >= maxLeases && !end.Equal(l.swept) {
		l.swept = end
		for k, b := range l.blocks {
			if !now.Before(b.until) {
				delete(l.blocks, k)
			}
		}
	}
	if len(l.blocks) >= maxLeases {
		return // what is left of it is lost, and counted
	}
	name := leaseName(key, known)
	if b := l.blocks[name]; b != nil && now.Before(b.until) {
		b.left += n
		b.recent += used
		return
	}
	l.blocks[name] = &block{left: n, until: quota.BucketEnd(now), recent: used}
}

// giveBack is the reverse of take. A block that was dropped meanwhile stays so: its
// breaker is open.
func (l *leases) giveBack(key string, known bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.blocks[leaseName(key, known)]; b != nil && now.Before(b.until) {
		b.left++
		b.recent--
	}
}

func leaseName(key string, known bool) string {
	if known {
		return key + " known"
	}
	return key
}

// reserveDestination keeps a second request of this process from sending to the
// same destination while the first is at it. Across processes the budget alone
// decides; a mark in the store would outlive a process that died.
func (l *leases) reserveDestination(c *charge) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, b := range c.budgets {
		if b.Name != BudgetDestination || c.busy != "" {
			continue
		}
		if l.busy[c.keys[i]] {
			return false
		}
		l.busy[c.keys[i]] = true
		c.busy = c.keys[i]
	}
	return true
}

// settle frees the destination, however the request ended.
func (e *Engine) settle(m *message) {
	if m.charge != nil {
		e.leases.releaseDestination(m.charge)
	}
}

func (l *leases) releaseDestination(c *charge) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.busy, c.busy)
	c.busy = ""
}

// wentOut notes, for a breaker, that a stranger gets a message of a block.
func (l *leases) wentOut(c *charge, i int) {
	if c.known || c.budgets[i].MinSent == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if key := c.keys[i]; len(l.out) < maxLeases || l.out[key] > 0 {
		l.out[key]++
	}
}

func (l *leases) takeGood(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.good[key]
	delete(l.good, key)
	return n
}

// takeOut is takeGood for messages that went out.
func (l *leases) takeOut(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.out[key]
	delete(l.out, key)
	return n
}

// addOut gives back what takeOut took, less the message that is being paid for.
func (l *leases) addOut(key string, n int, known bool) {
	if !known {
		n--
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n > 0 && (len(l.out) < maxLeases || l.out[key] > 0) {
		l.out[key] += n
	}
}

func (l *leases) addGood(key string, n int) (total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n > 0 && (len(l.good) < maxLeases || l.good[key] > 0) {
		l.good[key] += n
	}
	return l.good[key]
}

// cameBack notes a right answer, and says whether nobody is telling of those yet.
func (l *leases) cameBack(key string) (first bool) {
	l.addGood(key, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	first = !l.telling[key]
	l.telling[key] = true
	return first
}

// told ends the telling: at once, or else where nothing has come meanwhile.
func (l *leases) told(key string, atOnce bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !atOnce && l.good[key] > 0 {
		return false
	}
	delete(l.telling, key)
	return true
}
