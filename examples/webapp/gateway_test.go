package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// A kannel stands for the gateway of that name: it takes messages as its sendsms
// interface does, and reports what the test wants.
type kannel struct {
	t      *testing.T
	url    string
	mu     sync.Mutex
	answer string // instead of taking the message
	got    []url.Values
}

func startKannel(t *testing.T) *kannel {
	k := &kannel{t: t}
	s := httptest.NewServer(http.HandlerFunc(k.sendsms))
	t.Cleanup(s.Close)
	k.url = s.URL
	return k
}

func (k *kannel) flag() string {
	return "kannel:" + strings.Replace(k.url, "://", "://me:pass%40word@", 1) + "/cgi-bin/sendsms?from=Demo"
}

func (k *kannel) sendsms(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	q := r.URL.Query()
	if r.URL.Path != "/cgi-bin/sendsms" || q.Get("username") != "me" || q.Get("password") != "pass@word" || q.Get("from") != "Demo" {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "Authorization failed for sendsms")
		return
	}
	if k.answer != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, k.answer)
		return
	}
	k.got = append(k.got, q)
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprint(w, "0: Accepted for delivery")
}

func (k *kannel) refuse(answer string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = answer
}

func (k *kannel) last() url.Values {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.got) == 0 {
		k.t.Fatal("no message")
	}
	return k.got[len(k.got)-1]
}

func (k *kannel) code() string { return sixDigits.FindString(k.last().Get("text")) }

// report fetches the URL that came with the last message.
func (k *kannel) report(status string) int {
	k.t.Helper()
	r, err := http.Get(strings.ReplaceAll(strings.ReplaceAll(k.last().Get("dlr-url"), "%d", status), "%%", "%"))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}

func TestGatewaySendsAndReports(t *testing.T) {
	t.Parallel()
	k := startKannel(t)
	s := start(t, "-sms", k.flag())
	b := s.browser()
	b.register("ada@example.org")
	page := b.submit("/setup/sms", "phone", adasNumber, "replaces", "")
	want(t, page, http.StatusOK, "")
	if !strings.Contains(page.body, "Not arriving?") || k.last().Get("to") != adasNumber {
		t.Errorf("%s", page.body)
	}
	want(t, b.confirmCode(page, "sms", k.code()), http.StatusOK, "")
	b.submit("/logout")
	s.advance(time.Minute)
	page = b.loginPage("ada@example.org")
	for _, c := range []struct{ status, says string }{{"8", "On its way"}, {"1", "Delivered"}, {"2", "Delivered"}} { // what is final stays
		if status := k.report(c.status); status != http.StatusNoContent {
			t.Fatalf("report %s: status %d", c.status, status)
		}
		if seen := b.page("/challenge"); !strings.Contains(find(t, seen.body, `(?s)id="delivery"[^>]*>([^<]*)<`), c.says) {
			t.Errorf("report %s: %s", c.status, seen.body)
		}
	}
	b.answer(page, k.code()).wantRedirect(t, "/")
	b.submit("/logout")
	s.advance(10 * time.Minute)
	b.loginPage("ada@example.org")
	k.report("16")
	if seen := b.page("/challenge"); !strings.Contains(seen.body, ">Not delivered: ") || !strings.Contains(seen.body, "Use a recovery code") {
		t.Errorf("%s", seen.body)
	}
	if len(s.to(adasNumber)) != 0 {
		t.Error("the inbox has what the gateway sent")
	}
}

func TestGatewayThatFailsIsToldOf(t *testing.T) {
	t.Parallel()
	k := startKannel(t)
	s := start(t, "-sms", k.flag())
	b := s.browser()
	b.register("ada@example.org")
	k.refuse("Temporal failure, try again later.")
	page := b.submit("/setup/sms", "phone", adasNumber, "replaces", "")
	want(t, page, http.StatusBadGateway, "")
	if !strings.Contains(page.body, "Our carrier") || !strings.Contains(page.body, `id="resend-form"`) || strings.Contains(page.body, `id="code-form"`) {
		t.Errorf("%s", page.body)
	}
	k.refuse("")
	page = b.submit("/setup/sms/resend", "id", hiddenField(t, page.body, "id"), "to", hiddenField(t, page.body, "to"), "replaces", "") // at once
	want(t, page, http.StatusOK, "")
	want(t, b.confirmCode(page, "sms", k.code()), http.StatusOK, "")
	b.submit("/logout")
	s.advance(10 * time.Minute)

	k.refuse("Temporal failure, try again later.")
	page = b.loginPage("ada@example.org")
	want(t, page, http.StatusBadGateway, "")
	if !strings.Contains(page.body, "Our carrier") || !strings.Contains(page.body, `id="send-form"`) || !strings.Contains(page.body, "Use a recovery code") {
		t.Errorf("%s", page.body)
	}
	k.refuse("what is this")
	s.advance(10 * time.Minute)
	page = b.loginPage("ada@example.org")
	k.refuse("")
	page = b.again(page)
	want(t, page, http.StatusOK, "")
	b.answer(page, k.code()).wantRedirect(t, "/")
	if log := s.log.String(); strings.Contains(log, "pass@word") || strings.Contains(log, "40612345") {
		t.Errorf("log %s", log)
	}
}

func TestForgedReportIsRefused(t *testing.T) {
	t.Parallel()
	k := startKannel(t)
	s := start(t, "-sms", k.flag())
	b := s.browser()
	b.register("ada@example.org")
	b.submit("/setup/sms", "phone", adasNumber, "replaces", "")
	u := k.last().Get("dlr-url")
	for _, forged := range []string{u[:strings.Index(u, "&k=")] + "&d=1", strings.Replace(u, "&k=", "&k=A", 1)} {
		r, err := http.Get(strings.ReplaceAll(forged, "%d", "1"))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusForbidden {
			t.Errorf("status %d", r.StatusCode)
		}
	}
}
