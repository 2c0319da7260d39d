package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// What is approved is shown where the code is asked for, and is done once.
func TestTransferIsApprovedOnceByItsText(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.signIn("ada@example.org", p)
	ask := func(to string) string {
		t.Helper()
		r := b.submit("/transfer", "to", to, "amount", "100")
		want(t, r, http.StatusSeeOther, "")
		return r.header.Get("Location")
	}
	approve := func(page string) {
		t.Helper()
		back := strings.ReplaceAll(page+"?said=approved", "/", "%2F")
		b.submit(page+"/approve").wantRedirect(t, "/challenge?return="+strings.NewReplacer("?", "%3F", "=", "%3D").Replace(back))
	}
	bob, eve := ask("Bob"), ask("Eve")
	b.submit(bob).wantRedirect(t, bob+"?said=unapproved") // what the session has proved is not enough
	approve(bob)
	challenge := b.page("/challenge").body
	if !strings.Contains(challenge, "Pay 100 EUR to Bob") || !strings.Contains(challenge, "Approve</button>") {
		t.Fatalf("what is approved is not shown: %s", challenge)
	}
	option := find(t, challenge, `name="option" value="([^"]+)"`)
	b.submit("/challenge", "option", option, "code", p.next(), "return", bob+"?said=approved").wantRedirect(t, bob+"?said=approved")
	b.submit(eve).wantRedirect(t, eve+"?said=unapproved") // it serves no other
	if page := b.page(bob + "?said=approved").body; !strings.Contains(page, "Pay now") {
		t.Errorf("%s", page)
	}
	results := make(chan string, 5)
	var all sync.WaitGroup
	for range cap(results) {
		all.Go(func() {
			r := b.send("POST", bob, nil)
			results <- http.StatusText(r.status)
		})
	}
	all.Wait()
	close(results)
	paid := 0
	for r := range results {
		if r == "OK" {
			paid++
		}
	}
	if paid != 1 {
		t.Errorf("paid %d times", paid)
	}
	if page := b.page(bob).body; !strings.Contains(page, "Paid") || strings.Contains(page, "<form class=\"actions\"") {
		t.Errorf("%s", page)
	}
	want(t, b.submit(bob+"/approve"), http.StatusNotFound, "")
	if page := b.page("/settings").body; !strings.Contains(page, "Approved: Pay 100 EUR to Bob") {
		t.Error("it is not in the history")
	}
}

// Programs approve by the API, and name the action by its identifier alone.
func TestTransferByTheAPI(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, other := s.browser(), s.browser()
	b.register("ada@example.org")
	p := b.enroll()
	b.signIn("ada@example.org", p)
	r := b.send("POST", "/transfer", object{"to": "Bob", "amount": "99.50"})
	want(t, r, http.StatusCreated, "")
	made := r.json(t)
	if made["text"] != "Pay 99.50 EUR to Bob" || made["state"] != "pending" {
		t.Errorf("%v", made)
	}
	id, action := made["id"].(string), made["action"]
	want(t, b.send("POST", "/transfer/"+id, nil), http.StatusForbidden, "requirement")
	other.register("bob@example.org")
	want(t, other.send("GET", "/transfer/"+id, nil), http.StatusNotFound, "")
	want(t, other.send("POST", "/mfa/stepup", object{"action": action}), http.StatusNotFound, "no_action")
	want(t, b.send("POST", "/mfa/stepup", object{"action": "transfer:none"}), http.StatusNotFound, "no_action")
	want(t, b.send("POST", "/mfa/stepup", object{"action": "none"}), http.StatusNotFound, "no_action")

	r = b.send("POST", "/mfa/stepup", object{"action": action})
	want(t, r, http.StatusOK, "")
	if !strings.Contains(r.body, "Pay 99.50 EUR to Bob") {
		t.Errorf("%s", r.body)
	}
	want(t, b.send("POST", "/mfa/flow/verify", object{"option": optionOf(t, r.json(t), "totp"), "code": p.next()}), http.StatusOK, "")
	s.advance(11 * time.Minute) // an approval does not wait
	want(t, b.send("POST", "/transfer/"+id, nil), http.StatusForbidden, "requirement")
}

func TestTransferNeedsASecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	b := s.browser()
	b.register("ada@example.org")
	page := b.submit("/transfer", "to", "Bob", "amount", "100").header.Get("Location")
	if r := b.submit(page + "/approve"); r.status != http.StatusForbidden || !strings.Contains(r.body, "Set up a second step first") {
		t.Errorf("status %d: %s", r.status, r.body)
	}
	for _, wrong := range [][2]string{{"", "1"}, {"Bob\u202e", "1"}, {"Bob", ""}, {"Bob", "0"}, {"Bob", "-1"}, {"Bob", "1.5"}, {"Bob", "1e3"}, {"Bob", "99999999999999999999"}, {strings.Repeat("x", 65), "1"}} {
		want(t, b.submit("/transfer", "to", wrong[0], "amount", wrong[1]), http.StatusUnprocessableEntity, "")
	}
}
