package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

const (
	accountSID = "AC0123456789abcdef0123456789abcdef"
	apiKey     = "SK0123456789abcdef0123456789abcdef"
	serviceSID = "MG0123456789abcdef0123456789abcdef"
	messageSID = "SM0123456789abcdef0123456789abcdef"

	// What no error and no log may show.
	number    = "+4915112345678"
	text      = "canary7 is your code. @example.com #canary7"
	authToken = "canary-auth-token"
	password  = "canary-password"
	secret    = "canary-report-secret-0123456789"
	token     = "canary-report-token"

	reportURL = "https://login.example.com/mfa/delivery/x"
)

// shortTimeout leaves time to connect to this machine, however busy it is: a
// time-out before that has another meaning.
const shortTimeout = 500 * time.Millisecond

var message = mfa.Message{ID: "m1", Channel: mfa.ChannelSMS, To: number, Text: text, Report: token}

// A seen is a request as a server got it.
type seen struct {
	method, path, user, password string
	header                       http.Header
	query, form                  url.Values
	body                         string
}

// A carrier answers every request alike and keeps what it got.
type carrier struct {
	*httptest.Server
	mu       sync.Mutex
	requests []seen
	answer   http.HandlerFunc
}

func newCarrier(t *testing.T, answer http.HandlerFunc) *carrier {
	t.Helper()
	c := &carrier{answer: answer}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := seen{method: r.Method, path: r.URL.EscapedPath(), header: r.Header, query: r.URL.Query()}
	s.user, s.password, _ = r.BasicAuth()
	body, _ := io.ReadAll(r.Body)
	s.body = string(body)
	s.form, _ = url.ParseQuery(s.body)
	c.mu.Lock()
	c.requests = append(c.requests, s)
	c.mu.Unlock()
	c.answer(w, r)
}

func (c *carrier) got() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// one is the only request that came.
func (c *carrier) one(t *testing.T) seen {
	t.Helper()
	got := c.got()
	if len(got) != 1 {
		t.Fatalf("%d requests came, want 1", len(got))
	}
	return got[0]
}

func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func newTwilio(t *testing.T, base string, edit func(*gateway.TwilioConfig)) *gateway.Twilio {
	t.Helper()
	c := gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, From: "+15005550006", BaseURL: base, ReportURL: reportURL}
	if edit != nil {
		edit(&c)
	}
	s, err := gateway.NewTwilio(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newKannel(t *testing.T, base string, edit func(*gateway.KannelConfig)) *gateway.Kannel {
	t.Helper()
	c := gateway.KannelConfig{URL: base, Username: "user", Password: password, ReportURL: reportURL, ReportSecret: secret}
	if edit != nil {
		edit(&c)
	}
	s, err := gateway.NewKannel(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainHTTP is a generic sender with every kind of field.
func plainHTTP(base string) gateway.HTTPConfig {
	return gateway.HTTPConfig{
		URL:          base + "/send",
		Query:        map[string]string{"key": password},
		Header:       map[string]string{"Authorization": "Bearer " + authToken},
		Form:         map[string]string{"to": "{to}", "text": "{text}", "callback": "{report_url}"},
		Code:         gateway.Field{JSON: "code"},
		Reasons:      map[string]string{"bad": mfa.SendBadDestination, "stop": mfa.SendOptedOut, "rate": mfa.SendThrottled},
		Reference:    gateway.Field{JSON: "id"},
		ReportURL:    reportURL,
		ReportSecret: secret,
		ReportState:  gateway.Field{Query: "status"},
		ReportStates: map[string]mfa.DeliveryState{"ok": mfa.DeliveryDelivered, "no": mfa.DeliveryFailed, "wait": mfa.DeliveryOnItsWay},
	}
}

func newHTTP(t *testing.T, c gateway.HTTPConfig) *gateway.HTTP {
	t.Helper()
	s, err := gateway.NewHTTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A reporter is a sender that reads its carrier's reports.
type reporter interface {
	mfa.Sender
	Report(*http.Request) (mfa.Report, error)
}

// senders makes one of each kind for a carrier at base, with a time-out.
func senders(t *testing.T, base string, timeout time.Duration) map[string]reporter {
	t.Helper()
	c := plainHTTP(base)
	c.Timeout = timeout
	get := gateway.HTTPConfig{URL: base + "/get", Method: http.MethodGet, Timeout: timeout,
		Query: map[string]string{"to": "{to}", "text": "{text}", "password": password}}
	keyed := c
	keyed.Header = map[string]string{"Idempotency-Key": "{id}"}
	return map[string]reporter{
		"Twilio":     newTwilio(t, base, func(c *gateway.TwilioConfig) { c.Timeout = timeout }),
		"Kannel":     newKannel(t, base, func(c *gateway.KannelConfig) { c.Timeout = timeout }),
		"HTTP":       newHTTP(t, c),
		"HTTP GET":   newHTTP(t, get),
		"HTTP keyed": newHTTP(t, keyed),
	}
}

// wantError checks an error's reason and advice, and that it gives nothing away.
func wantError(t *testing.T, err error, reason string, retry, elsewhere bool) *mfa.SendError {
	t.Helper()
	var e *mfa.SendError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a SendError", err)
	}
	if e.Reason != reason || e.Retry != retry || e.Elsewhere != elsewhere {
		t.Errorf("got %s (retry %t, elsewhere %t), want %s (retry %t, elsewhere %t)",
			e.Reason, e.Retry, e.Elsewhere, reason, retry, elsewhere)
	}
	noCanary(t, err)
	return e
}

// advised is wantError with the advice that belongs to the reason.
func advised(t *testing.T, err error, reason string) *mfa.SendError {
	t.Helper()
	switch reason {
	case mfa.SendBadDestination, mfa.SendOptedOut:
		return wantError(t, err, reason, false, false)
	case mfa.SendUnauthorized, mfa.SendRefused:
		return wantError(t, err, reason, false, true)
	}
	return wantError(t, err, reason, true, true)
}

func send(t *testing.T, s mfa.Sender, m mfa.Message) (string, error) {
	t.Helper()
	return s.Send(context.Background(), m)
}

func wantSent(t *testing.T, s mfa.Sender, m mfa.Message, ref string) {
	t.Helper()
	got, err := send(t, s, m)
	if err != nil {
		t.Fatal(err)
	}
	if got != ref {
		t.Errorf("the reference is %q, want %q", got, ref)
	}
}

// wantFields checks some fields of a form or a query.
func wantFields(t *testing.T, got url.Values, want map[string]string) {
	t.Helper()
	for name, v := range want {
		if len(got[name]) != 1 || got.Get(name) != v {
			t.Errorf("%s is %q, want %q", name, got[name], v)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("there is a field %s", name)
		}
	}
}

func request(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}
