package sim

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// number reads an environment variable; otherwise, where it is not set.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}

func kitFor(t *testing.T) *kit {
	t.Helper()
	k, err := newKit()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestSeeds leads many runs, and shows the shortest story of the first that breaks an
// invariant. MFA_SIM_SEEDS says how many, MFA_SIM_FROM from which seed on;
// MFA_SIM_SEED=n leads the run of n alone and tells its story, with -v.
func TestSeeds(t *testing.T) {
	if os.Getenv("MFA_SIM_SEED") != "" {
		r := run(t, kitFor(t), planFor(uint64(number(t, "MFA_SIM_SEED", 0))))
		t.Log("\n" + r.tell())
		if r.breach != nil {
			t.Errorf("seed %d breaks %s", r.plan.seed, r.breach.invariant)
		}
		return
	}
	from, seeds := number(t, "MFA_SIM_FROM", 0), number(t, "MFA_SIM_SEEDS", usualSeeds)
	sum := &total{tally: map[string]int{}}
	t.Run("runs", func(t *testing.T) {
		var next atomic.Int64
		var broken atomic.Bool
		for range runtime.GOMAXPROCS(0) {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				k := kitFor(t)
				for !broken.Load() {
					n := next.Add(1) - 1
					if n >= int64(seeds) {
						return
					}
					r := run(t, k, planFor(uint64(from)+uint64(n)))
					sum.add(r)
					if r.breach != nil && broken.CompareAndSwap(false, true) {
						report(t, k, r)
					}
				}
			})
		}
	})
	t.Logf("%d runs, %d calls of the engine, %d faults", sum.runs, sum.calls, sum.faults)
	if testing.Verbose() {
		t.Log("\n" + sum.table())
	}
	if !t.Failed() && seeds >= coveredBy {
		sum.covers(t)
	}
}

// report tells of a run that broke something, once as it was and once as short as it can be.
func report(t *testing.T, k *kit, r result) {
	t.Errorf("seed %d breaks %s: %s", r.plan.seed, r.breach.invariant, r.breach.what)
	if os.Getenv("MFA_SIM_BRIEF") != "" {
		return
	}
	short := shrink(func(p *plan) result { return run(t, k, p) }, r, 2000)
	t.Logf("the whole story is told by MFA_SIM_SEED=%d; the shortest that breaks the same:\n%s", r.plan.seed, short.tell())
}

// A total is what many runs came to.
type total struct {
	mu                  sync.Mutex
	runs, calls, faults int
	tally               map[string]int
}

func (s *total) add(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs++
	s.calls += r.calls
	s.faults += len(r.faults)
	for what, n := range r.tally {
		s.tally[what] += n
	}
}
