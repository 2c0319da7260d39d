package main

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestTooManyWrongPasswords(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register("ada@example.org")
	b := s.browser()
	b.header.Set(devClientIP, "192.0.2.1")
	try := func(email, password string) reply {
		return b.send("POST", "/login", object{"email": email, "password": password})
	}
	for range pairRule.free {
		want(t, try("ada@example.org", badPassword), http.StatusUnauthorized, "invalid_credentials")
	}
	r := try("ada@example.org", badPassword)
	want(t, r, http.StatusTooManyRequests, "too_often")
	if r.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
	}
	want(t, try("Ada@Example.ORG ", goodPassword), http.StatusTooManyRequests, "too_often") // the right one is not told apart
	want(t, try("bob@example.org", badPassword), http.StatusUnauthorized, "invalid_credentials")

	// The owner is elsewhere, and not held up by it.
	b.header.Set(devClientIP, "192.0.2.2")
	want(t, try("ada@example.org", goodPassword), http.StatusOK, "")

	// The delay doubles, ends, and is forgotten with the right password.
	b.header.Set(devClientIP, "192.0.2.1")
	s.advance(time.Second)
	want(t, try("ada@example.org", badPassword), http.StatusUnauthorized, "invalid_credentials")
	s.advance(time.Second)
	want(t, try("ada@example.org", badPassword), http.StatusTooManyRequests, "too_often")
	s.advance(time.Second)
	want(t, try("ada@example.org", goodPassword), http.StatusOK, "")
	for range pairRule.free {
		want(t, try("ada@example.org", badPassword), http.StatusUnauthorized, "invalid_credentials")
	}
}

// All routes that take a password share one count.
func TestTooManyWrongPasswordsInASession(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	for i := range pairRule.free {
		if i%2 == 0 {
			want(t, b.send("POST", "/reauthenticate", object{"password": badPassword}), http.StatusUnauthorized, "invalid_credentials")
		} else {
			want(t, b.send("POST", "/password", object{"current": badPassword, "new": "another good one"}), http.StatusUnauthorized, "invalid_credentials")
		}
	}
	want(t, b.send("POST", "/reauthenticate", object{"password": goodPassword}), http.StatusTooManyRequests, "too_often")
	want(t, b.send("POST", "/password", object{"current": goodPassword, "new": "another good one"}), http.StatusTooManyRequests, "too_often")
	want(t, b.send("POST", "/login", object{"email": "ada@example.org", "password": goodPassword}), http.StatusTooManyRequests, "too_often")
}

func TestTooManyWrongPasswordsOfOneNetwork(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx := t.Context()
	ip := parseIP(t, "2001:db8::1")
	for i := range networkRule.free {
		if err := s.app.throttle.charge(ctx, string(rune('a'+i)), ip); err != nil {
			t.Fatalf("account %d: %v", i, err)
		}
	}
	if err := s.app.throttle.charge(ctx, "one more", parseIP(t, "2001:db8::ffff")); err == nil {
		t.Error("another address of the same /64 goes on")
	}
	if err := s.app.throttle.charge(ctx, "one more", parseIP(t, "2001:db8:0:1::1")); err != nil {
		t.Errorf("another network: %v", err)
	}
}

// People of one office sign in all day.
func TestRightPasswordsDoNotSlowANetworkDown(t *testing.T) {
	t.Parallel()
	s := start(t)
	ip := parseIP(t, "192.0.2.1")
	for i := range 2 * networkRule.free {
		if err := s.app.throttle.charge(t.Context(), "ada@example.org", ip); err != nil {
			t.Fatalf("sign-in %d: %v", i, err)
		}
		if err := s.app.throttle.refund(t.Context(), "ada@example.org", ip); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParallelGuessesAreCounted(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.browser().register("ada@example.org")
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := map[int]int{}
	for range 40 {
		wg.Go(func() {
			r := s.browser().send("POST", "/login", object{"email": "ada@example.org", "password": badPassword})
			mu.Lock()
			defer mu.Unlock()
			answers[r.status]++
		})
	}
	wg.Wait()
	if answers[401] != pairRule.free || answers[429] != 40-pairRule.free {
		t.Errorf("answers %v", answers)
	}
}

func TestDelayRule(t *testing.T) {
	for failures, want := range map[int]time.Duration{
		0: 0, 4: 0, 5: time.Second, 6: 2 * time.Second, 14: 512 * time.Second, 15: 15 * time.Minute, 1000: 15 * time.Minute,
	} {
		if got := pairRule.delay(failures); got != want {
			t.Errorf("%d failures: %v, want %v", failures, got, want)
		}
	}
}
