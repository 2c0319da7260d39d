package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A runner runs a test binary in its package's folder.
type runner struct {
	binary, folder string
	tests          []*test
	reached        map[int][]*test // which tests come by a mutant
	mu             sync.Mutex      // over test.kills
}

type test struct {
	name  string
	cost  time.Duration
	kills int
}

// exec runs some tests. Mutants may eat all memory and all time.
func (r *runner) exec(limit time.Duration, env []string, tests ...*test) (out string, ok bool) {
	var names []string
	for _, t := range tests {
		names = append(names, t.name)
	}
	c := exec.Command("sh", "-c", `ulimit -v 6000000; exec "$0" "$@"`, r.binary, "-test.failfast", "-test.timeout="+limit.String(), "-test.run=^("+strings.Join(names, "|")+")$")
	c.Dir, c.Env = r.folder, append(os.Environ(), env...)
	said, err := c.CombinedOutput()
	return string(said), err == nil
}

// look finds out which tests come by which mutants, test by test.
func (r *runner) look(tmp string, workers int) error {
	c := exec.Command(r.binary, "-test.list=.")
	c.Dir = r.folder
	said, err := c.Output()
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(said)) {
		if !strings.HasPrefix(name, "Benchmark") {
			r.tests = append(r.tests, &test{name: name})
		}
	}
	r.reached = map[int][]*test{}
	var wrong error
	each(workers, len(r.tests), func(i int) {
		t := r.tests[i]
		file := filepath.Join(tmp, t.name)
		_ = os.WriteFile(file, nil, 0o600)
		begin := time.Now()
		out, ok := r.exec(10*time.Minute, []string{"MUTANTS_REACHED=" + file}, t)
		t.cost = time.Since(begin)
		list, err := os.ReadFile(file)
		r.mu.Lock()
		defer r.mu.Unlock()
		if !ok || err != nil {
			wrong = fmt.Errorf("%s fails without a mutant: %v\n%s", t.name, err, out)
		}
		for line := range strings.FieldsSeq(string(list)) {
			n, _ := strconv.Atoi(line) // as it was written
			r.reached[n] = append(r.reached[n], t)
		}
	})
	return wrong
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// survives says whether no test notices a mutant: first those run that are quick and
// have noticed many.
func (r *runner) survives(n int) (alive, timeout bool) {
	r.mu.Lock()
	tests := slices.Clone(r.reached[n])
	slices.SortStableFunc(tests, func(a, b *test) int { return cmp.Compare(b.worth(), a.worth()) })
	r.mu.Unlock()
	for size := 4; len(tests) > 0; size *= 6 {
		now := tests[:min(size, len(tests))]
		tests = tests[len(now):]
		limit := 20 * time.Second
		for _, t := range now {
			limit += 5 * t.cost
		}
		out, ok := r.exec(limit, []string{"MUTANT=" + strconv.Itoa(n)}, now...)
		if ok {
			continue
		}
		if m := failed.FindStringSubmatch(out); m != nil {
			r.mu.Lock()
			for _, t := range now {
				if t.name == m[1] {
					t.kills++
				}
			}
			r.mu.Unlock()
		}
		return false, strings.Contains(out, "panic: test timed out")
	}
	return true, false
}

func (t *test) worth() float64 { return float64(1+t.kills) / (0.02 + t.cost.Seconds()) }

// each calls f for all numbers below n, some at a time.
func each(workers, n int, f func(int)) {
	next := make(chan int)
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	done.Wait()
}
