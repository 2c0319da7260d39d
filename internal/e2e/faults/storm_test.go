package faults_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// people is how many live at once.
const people = 8

// A storm is many people who live at once, while something happens to what their
// site keeps.
type storm struct {
	site *site
	name string
	lost atomic.Int64 // requests whose answer was a fault

	before func()       // each request; nil: nothing
	told   func(record) // what is known of a life, whenever that changes; nil: nobody

	mu       sync.Mutex
	changed  *sync.Cond // acks or over changed
	acks     int
	over     bool
	lives    []*life
	problems []string
}

func newStorm(s *site, name string) *storm {
	st := &storm{site: s, name: name}
	st.changed = sync.NewCond(&st.mu)
	return st
}

// during has people live while something happens: after some steps were
// acknowledged it does, and they live on for as many. Then all come to rest.
func (s *storm) during(acks int, happens func()) {
	s.site.t.Helper()
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for !s.isOver() {
				s.next().lead()
			}
		})
	}
	s.await(acks)
	happens()
	s.mu.Lock()
	reached := s.acks
	s.mu.Unlock()
	s.await(reached + acks)
	s.end()
	all.Wait()
}

// next is a life that begins.
func (s *storm) next() *life {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.newLife(len(s.lives))
	s.lives = append(s.lives, l)
	return l
}

func (s *storm) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

func (s *storm) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.changed.Broadcast()
}

// acknowledged notes that a step was. It is true.
func (s *storm) acknowledged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acks++
	s.changed.Broadcast()
	return true
}

// await waits until so many steps were acknowledged, or nobody lives any more.
func (s *storm) await(acks int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.acks < acks && !s.over {
		s.changed.Wait()
	}
}

// awaitLost waits until so many more requests have met the fault.
func (s *storm) awaitLost(more int64) {
	s.site.t.Helper()
	from := s.lost.Load()
	s.until("requests to meet the fault", func() bool { return s.lost.Load() >= from+more || s.isOver() })
}

// problem notes what must not be, which ends the storm. It is false.
func (s *storm) problem(format string, args ...any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
	s.over = true
	s.changed.Broadcast()
	return false
}

// patience is how long one request is waited for, and how long it is tried.
const patience = 30 * time.Second

// errOver says that the storm was over before a request was answered.
var errOver = errors.New("the storm is over")

// outcome makes a request of one engine or the other, again while it meets the
// fault, and returns its answer.
func (s *storm) outcome(request func(context.Context, *mfa.Engine) error) error {
	answer := errOver
	tried := 0
	s.until("a request to be answered", func() bool {
		if s.before != nil {
			s.before()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err := request(ctx, s.site.engines[tried%len(s.site.engines)])
		tried++
		if faulty(err) {
			s.lost.Add(1)
			return s.isOver()
		}
		answer = err
		return true
	})
	return answer
}

// insist makes a request until it is done. False: the storm is over, or it is refused.
func (s *storm) insist(request func(context.Context, *mfa.Engine) error) bool {
	err := s.outcome(request)
	if err == nil || errors.Is(err, errOver) {
		return err == nil
	}
	return s.problem("%v", err)
}

// until is testserver.Until for any goroutine: what never happens is a problem.
func (s *storm) until(what string, holds func() bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.problem("waited in vain for %s", what)
			return
		}
	}
}
