package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mfakit/mfa"
)

// A world is one run of a plan: the deployment, the people, and what is known of both
// without asking the engine.
type world struct {
	plan *plan
	kit  *kit
	db   *database

	mu       sync.Mutex // of all that follows
	fleet    []*instance
	clocks   []clock
	graves   []*instance // what crashed
	highest  time.Time   // that any clock has shown
	accounts []*account
	quiet    bool // nothing goes wrong: before the first visit, and after the last
	behind   map[string]int
	began    time.Time

	deafUntil, muteUntil time.Time

	ada, bob, mal, robot *account

	story   []string
	faults  []string // their names, in the order in which they happened
	calls   int
	tally   map[string]int
	breach  *breach
	secrets map[string]bool
	said    map[string]bool // errors, events and logs, each once
	told    map[string]mfa.Event
	learned map[string]learning
	mail    map[*call]*letter
	once    map[string]int      // how often each right answer was accepted
	owners  map[string]*account // of numbers and addresses
	work    sync.WaitGroup
}

// An outcome of a run.
type result struct {
	plan   *plan
	story  []string
	faults []string
	calls  int
	tally  map[string]int
	breach *breach
}

// A breach is an invariant that did not hold.
type breach struct {
	invariant invariant
	what      string
}

// broke notes the first breach of a run: what comes after it may follow from it. That
// risk has learned is seen before the answer that it follows from. w.mu is held.
func (w *world) broke(which invariant, format string, args ...any) {
	if w.breach != nil && w.breach.invariant != learnsPassed {
		return
	}
	w.breach = &breach{which, fmt.Sprintf(format, args...)}
	w.tellf("BROKEN %s: %s", which, w.breach.what)
}

// tellf adds to the story. w.mu is held.
func (w *world) tellf(format string, args ...any) {
	at := time.Since(w.began)
	w.story = append(w.story, fmt.Sprintf("%s  ", clockFace(at))+fmt.Sprintf(format, args...))
}

// clockFace shows days, and a time of day to the millisecond.
func clockFace(d time.Duration) string {
	days := d / (24 * time.Hour)
	d -= days * 24 * time.Hour
	return fmt.Sprintf("day %d %02d:%02d:%06.3f", days, int(d.Hours()), int(d.Minutes())%60, (d % time.Minute).Seconds())
}

func (w *world) count(what string) { w.tally[what]++ }

func (w *world) weather() weather {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quiet {
		return weather{name: "calm"}
	}
	return w.plan.set.weather
}

func (w *world) faulted(u *use, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	verb, _, _ := strings.Cut(u.what, " ")
	w.count("fault: " + verb + " " + what)
	w.faults = append(w.faults, u.name)
	if u.c != nil {
		u.c.troubles = append(u.c.troubles, u.what+" "+what)
		u.c.stale, u.c.late = u.c.stale || what == "is stale", u.c.late || what == "lands late"
		return
	}
	w.tellf("behind an answer, on instance %d: %s %s", u.in.slot+1, u.what, what)
}

// background is work that the end of the run waits for.
func (w *world) background(f func()) {
	w.work.Go(f)
}

// run leads a plan through, in a bubble where time passes only when everybody waits,
// and so the same way each time.
func run(t *testing.T, k *kit, p *plan) (r result) {
	synctest.Test(t, func(*testing.T) {
		w := &world{plan: p, kit: k, db: newDatabase(), began: time.Now(), behind: map[string]int{}, tally: map[string]int{}, secrets: map[string]bool{},
			said: map[string]bool{}, told: map[string]mfa.Event{}, learned: map[string]learning{},
			mail: map[*call]*letter{}, owners: map[string]*account{}, once: map[string]int{}, quiet: true}
		k.world = w
		w.fleet, w.clocks = make([]*instance, p.set.instances), make([]clock, p.set.instances)
		w.mu.Lock()
		for i := range w.fleet {
			w.start(i)
		}
		w.populate()
		w.mu.Unlock()
		w.prologue()
		w.lead()
		w.epilogue()
		r = result{plan: p, story: w.story, faults: w.faults, calls: w.calls, tally: w.tally, breach: w.breach}
	})
	return r
}

// prologue gives the people what they have when the story begins.
func (w *world) prologue() {
	for i, a := range []*account{w.ada, w.bob, w.mal} {
		if slices.Contains(w.plan.settled, a.name()) {
			w.visit(planned{id: -1 - i, kind: "before", limit: 1 << 30}).settle(a)
		}
	}
	w.rest()
	w.mu.Lock()
	w.quiet = false
	w.mu.Unlock()
}

// lead sends everybody on their way, and waits until all are done.
func (w *world) lead() {
	for _, p := range w.plan.visits {
		v := w.visit(p)
		w.work.Go(func() {
			v.pause(time.Until(w.began.Add(p.at + v.d.between(0, 1000))))
			visitsDo[p.kind](v)
		})
	}
	for _, i := range w.plan.incidents {
		w.work.Go(func() {
			_ = nap(context.Background(), time.Until(w.began.Add(i.at)))
			w.happen(i)
		})
	}
	w.work.Wait()
	w.rest()
	w.mu.Lock()
	w.quiet = true
	w.mu.Unlock()
}

// rest lets the last answer's work begin before the weather changes: at one and the
// same moment it would be chance which of them is first.
func (w *world) rest() { _ = nap(context.Background(), 10*time.Microsecond) }
