package demo_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa/mfatest"
)

// The steps of a life. What was acknowledged has to hold after a crash; the one
// step that was under way may or may not have happened.
const (
	nothing = iota
	registered
	enrolledApp
	usedCode
	usedRecovery
	removedApp
)

// A life is one account, from its registration to the removal of its app.
type life struct {
	*person
	acknowledged int // the last step that was
	tried        int // the last step that was begun
	codes        []string
}

// begins notes that a step is under way.
func (l *life) begins(step int) { l.tried = step }

// A storm is many people who live at once, until the demo is killed.
type storm struct {
	app      *app
	limit    int64
	count    atomic.Int64
	enough   chan struct{}
	mu       sync.Mutex
	lives    []*life
	problems []string
}

// acknowledges notes that a step was, and ends the storm where that is enough.
func (s *storm) acknowledges(l *life) {
	l.acknowledged = l.tried
	if s.count.Add(1) == s.limit {
		close(s.enough)
	}
}

// step sends one request, again where a slow machine is too busy to look at it.
// False: the demo is gone, or has refused.
func (s *storm) step(c *client, method, path string, body any, want int, out any) bool {
	r, err := c.try(method, path, body)
	for err == nil && r.status == http.StatusServiceUnavailable && r.code() == "busy" {
		r, err = c.try(method, path, body)
	}
	if err != nil {
		return false
	}
	if r.status != want {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.problems = append(s.problems, fmt.Sprintf("%s: %d %s, want %d", r.what, r.status, r.body, want))
		return false
	}
	return out == nil || json.Unmarshal(r.body, out) == nil
}

// live leads one life. False: it ended early.
func (s *storm) live(t testing.TB, toTheEnd bool) bool {
	l := &life{person: s.app.stranger(t)}
	s.mu.Lock()
	s.lives = append(s.lives, l)
	s.mu.Unlock()
	return s.register(l) && s.enroll(l) && s.useCode(l) && s.useRecovery(l, toTheEnd)
}

func (s *storm) register(l *life) bool {
	l.begins(registered)
	if !s.step(l.client, "POST", "/register", js{"email": l.email, "password": l.password}, http.StatusCreated, nil) {
		return false
	}
	s.acknowledges(l)
	return true
}

func (s *storm) enroll(l *life) bool {
	var b begun
	var done activated
	if !s.step(l.client, "POST", "/mfa/enrollments", js{"method": "totp"}, http.StatusCreated, &b) {
		return false
	}
	s.app.seen.totp(b.Secret)
	auth, err := mfatest.NewAuthenticator(b.URI, s.app.now)
	if err != nil {
		return false
	}
	l.phone = phone{s.app, b.ID, auth}
	now := s.app.now()
	l.codes = []string{auth.CodeAt(now), auth.CodeAt(now.Add(auth.Period))}
	l.begins(enrolledApp)
	if !s.step(l.client, "POST", "/mfa/enrollments/"+b.ID+"/activate", js{"code": l.codes[0]}, http.StatusOK, &done) {
		return false
	}
	l.recovery = done.RecoveryCodes
	for _, c := range l.recovery {
		s.app.seen.recovery(c)
	}
	s.acknowledges(l)
	return true
}

// answer signs in with a code, in a browser of its own.
func (s *storm) answer(l *life, step int, method, code string) (*client, bool) {
	c := s.app.client(l.t)
	var f flow
	if !s.step(c, "POST", "/login", js{"email": l.email, "password": l.password}, http.StatusOK, &f) {
		return nil, false
	}
	for _, o := range f.Options {
		if o.Method == method {
			l.begins(step)
			if !s.step(c, "POST", "/mfa/flow/verify", js{"option": o.ID, "code": code}, http.StatusOK, nil) {
				return nil, false
			}
			s.acknowledges(l)
			return c, true
		}
	}
	return nil, false
}

func (s *storm) useCode(l *life) bool {
	_, ok := s.answer(l, usedCode, "totp", l.codes[1])
	return ok
}

func (s *storm) useRecovery(l *life, remove bool) bool {
	c, ok := s.answer(l, usedRecovery, "recovery", l.recovery[0])
	if !ok || !remove {
		return ok
	}
	l.begins(removedApp)
	if !s.step(c, "DELETE", "/mfa/enrollments/"+l.phone.id, nil, http.StatusNoContent, nil) {
		return false
	}
	s.acknowledges(l)
	return true
}

// check holds a life to what was acknowledged of it.
func (l *life) check(t *testing.T, network int) {
	t.Helper()
	if l.acknowledged < registered {
		return
	}
	c := l.elsewhere()
	c.t = t
	c.header.Set("X-Dev-Client-IP", fmt.Sprintf("203.0.%d.1", network%256)) // each network's failures are limited
	f := l.login(c)
	if l.acknowledged == removedApp && f.Status != "passed" {
		t.Errorf("an app that was removed is back: %+v", f)
	}
	if f.Status == "passed" {
		has := len(c.enrollments().Enrollments)
		if l.acknowledged >= enrolledApp && l.tried < removedApp {
			t.Errorf("step %d was acknowledged, and a password alone signs in", l.acknowledged)
		}
		if has != 0 {
			t.Errorf("passed with %d apps enrolled", has)
		}
		return
	}
	if f.option(t, "totp") == "" || l.tried < enrolledApp {
		t.Errorf("step %d was begun: %+v", l.tried, f)
	}
	if l.acknowledged < enrolledApp { // it did happen, and the codes were never seen
		return
	}
	l.checkSpent(t, c, f)
}

// checkSpent holds each spent code to being refused, and an unspent one to being taken.
func (l *life) checkSpent(t *testing.T, c *client, f flow) {
	t.Helper()
	refused := func(method, code string) {
		t.Helper()
		c.post("/mfa/flow/verify", js{"option": f.option(t, method), "code": code}).want(http.StatusUnauthorized, "code_not_valid")
	}
	refused("totp", l.codes[0])
	if l.acknowledged >= usedCode {
		refused("totp", l.codes[1])
	}
	if l.acknowledged >= usedRecovery {
		refused("recovery", l.recovery[0])
	}
	c.post("/mfa/flow/verify", js{"option": f.option(t, "recovery"), "code": l.recovery[9]}).want(http.StatusOK)
	list := c.enrollments()
	if len(list.Enrollments) != 1 || list.Enrollments[0].ID != l.phone.id {
		t.Errorf("enrolled: %+v, want %s", list, l.phone.id)
	}
	if most := 9; list.Left > most || list.Left < most-1 || l.acknowledged >= usedRecovery && list.Left != most-1 {
		t.Errorf("step %d of %d: %d recovery codes left", l.acknowledged, l.tried, list.Left)
	}
}

// Whatever moment it is killed at, what was acknowledged holds.
func TestKilledInAStorm(t *testing.T) {
	t.Parallel()
	a := start(t)
	var old []*life
	for _, limit := range []int64{4, 23, 48} {
		s := &storm{app: a, limit: limit, enough: make(chan struct{})}
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				for s.live(t, n%2 == 0) {
				}
			})
		}
		select {
		case <-s.enough:
		case <-t.Context().Done():
		}
		a.kill()
		all.Wait()
		a.restart()
		if len(s.problems) != 0 {
			t.Fatalf("before it was killed: %v", s.problems)
		}
		steps := map[string]int{}
		for n, l := range s.lives {
			steps[fmt.Sprintf("%d of %d", l.acknowledged, l.tried)]++
			l.check(t, n)
		}
		t.Logf("killed after %d steps; lives by steps acknowledged and begun: %v", limit, steps)
		old = append(old, s.lives...)
	}
	// Earlier rounds too.
	a.advance(time.Minute)
	for _, l := range old {
		if l.acknowledged < enrolledApp || l.tried == removedApp {
			continue
		}
		c := l.elsewhere()
		f := l.login(c)
		c.post("/mfa/flow/verify", js{"option": f.option(t, "totp"), "code": l.phone.code()}).want(http.StatusOK)
	}
}
