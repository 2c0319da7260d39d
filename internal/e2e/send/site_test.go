// Package send_test sends codes and notices through a real SMS gateway and a
// real mail server, reads them back from there, and signs in with them.
package send_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/sms/gateway"
)

var (
	codeInText = regexp.MustCompile(`\n\n@app\.example\.test #(\d{6,10})$`) // the last line, so that the text is whole
	codeInMail = regexp.MustCompile(`(?m)^Your code is: (\d{6,10})$`)
	linkInMail = regexp.MustCompile(`(?m)^https://app\.example\.test/mfa/link\?(\S+)$`)
)

const (
	codeSubject  = "Your code for Example"
	setupSubject = "Confirm this address for Example"
)

// A site is an application with its servers.
type site struct {
	*mfa.Engine
	t      *testing.T
	parts  parts
	kannel *testserver.Kannel    // nil: there is none
	smtp   *testserver.OpenSMTPD // nil: there is none
	clock  *mfatest.Clock
	told   *told // log and events
}

// want is what a site is to have; the zero value is a site without servers,
// which are all out of reach.
type want struct {
	kannel, smtp bool
	parts        func(*parts) // changes what engines are made of
	options      func(*options)
}

func newSite(t *testing.T, w want) *site {
	t.Helper()
	s := &site{t: t, clock: mfatest.NewClock(time.Now().UTC().Truncate(time.Second)), told: &told{}}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	exported, err := keys.Export()
	if err != nil {
		t.Fatal(err)
	}
	s.parts = parts{File: filepath.Join(t.TempDir(), "site.db"), Keys: exported, Kannel: "http://127.0.0.1:9", SMTP: "localhost:9",
		Username: "mfa", Password: "none", ReportURL: s.reports(), Start: s.clock.Now()}
	if w.kannel {
		s.kannel = testserver.NewKannel(t)
		s.parts.Kannel, s.parts.Username, s.parts.Password = s.kannel.URL, s.kannel.Username, s.kannel.Password
	}
	if w.smtp {
		s.smtp = testserver.NewOpenSMTPD(t)
		s.parts.SMTP, s.parts.CA = s.smtp.Addr, s.smtp.CA
	}
	if w.parts != nil {
		w.parts(&s.parts)
	}
	o := options{now: s.clock.Now, log: s.logger(), observers: []mfa.Observer{s.told}}
	if w.options != nil {
		w.options(&o)
	}
	engine, end, err := s.parts.engine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s.Engine = engine
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("told:\n%s", s.told)
		}
	})
	return s
}

func (s *site) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(s.told, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// reports starts what takes delivery reports, and returns its URL.
func (s *site) reports() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		carrier, err := gateway.NewKannel(gateway.KannelConfig{URL: s.parts.Kannel, Username: s.parts.Username, Password: s.parts.Password,
			ReportURL: s.parts.ReportURL, ReportSecret: reportSecret})
		if err == nil {
			var report mfa.Report
			if report, err = carrier.Report(r); err == nil {
				err = s.Reported(r.Context(), report)
			}
		}
		if err != nil {
			if !errors.Is(err, mfa.ErrClosed) { // a late one, when the test is over
				s.t.Errorf("a delivery report: %v", err)
			}
			http.Error(w, "", http.StatusBadRequest)
		}
	}))
	s.t.Cleanup(server.Close)
	return server.URL + "/delivery/kannel?site=a%20b"
}

// client is where requests come from.
func client() mfa.Client {
	return mfa.Client{App: "web", IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo, Norway", UserAgent: "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
}

// A person is a user of a site.
type person struct {
	*site
	user mfa.User
}

func (s *site) person(name string) *person {
	address := name + "@" + testserver.Domain
	return &person{s, mfa.User{ID: "id-" + name, Name: address, Email: address, EmailVerified: true}}
}

// signIn gives the password.
func (p *person) signIn() mfa.Flow {
	p.t.Helper()
	flow, err := p.SignIn(p.t.Context(), mfa.SignIn{User: p.user, First: mfa.Password, Client: client()})
	if err != nil {
		p.t.Fatal(err)
	}
	return flow
}

// caller is a session of somebody who has signed in with a password alone.
func (p *person) caller() mfa.Caller {
	p.t.Helper()
	flow := p.signIn()
	if flow.Status != mfa.StatusPassed {
		p.t.Fatalf("the sign-in is %s", flow.Status)
	}
	return mfa.Caller{User: p.user, Authentication: flow.Authentication, Client: client()}
}

// enrolNumber sets a number up, with the code that arrives there.
func (p *person) enrolNumber(number string) {
	p.t.Helper()
	c := p.caller()
	begun, err := p.Enroll(p.t.Context(), c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}})
	if err != nil {
		p.t.Fatal(err)
	}
	_, code := p.kannel.Await(number, 1, codeInText)
	if _, err := p.Activate(p.t.Context(), c, begun.ID, mfa.Answer{Code: code[1]}); err != nil {
		p.t.Fatal(err)
	}
	p.clock.Advance(time.Hour) // so that the next code may follow at once
}

// importNumber sets a number up as a host does that brings it from elsewhere.
func (p *person) importNumber(number string) {
	p.t.Helper()
	p.enrolImported("sms", map[string]string{"number": number})
}

// importAddress does the same with the person's address.
func (p *person) importAddress() {
	p.t.Helper()
	p.enrolImported("email", map[string]string{"address": p.user.Email})
}

func (p *person) enrolImported(method string, state any) {
	p.t.Helper()
	if err := enrolImported(p.t.Context(), p.Engine, p.caller(), method, state); err != nil {
		p.t.Fatal(err)
	}
}

// ask asks for the challenge of the flow's option of a method.
func (p *person) ask(flow mfa.Flow, method string) (option string, asked mfa.Asked, err error) {
	p.t.Helper()
	option = optionOf(p.t, flow, method).ID
	asked, err = p.Challenge(p.t.Context(), flow.Token, option, client())
	return option, asked, err
}

func (p *person) mustAsk(flow mfa.Flow, method string) (option string) {
	p.t.Helper()
	option, _, err := p.ask(flow, method)
	if err != nil {
		p.t.Fatal(err)
	}
	return option
}

func optionOf(t testing.TB, flow mfa.Flow, method string) mfa.Option {
	t.Helper()
	for _, o := range flow.Options {
		if o.Method == method {
			return o
		}
	}
	t.Fatalf("%s is no option of %+v", method, flow.Options)
	return mfa.Option{}
}

// passes answers, and expects the flow to pass.
func (p *person) passes(flow mfa.Flow, option, answer string) {
	p.t.Helper()
	flow, err := p.Verify(p.t.Context(), flow.Token, mfa.Answer{Option: option, Code: answer}, client())
	if err != nil || flow.Status != mfa.StatusPassed {
		p.t.Fatalf("the answer: %v, the flow: %s", err, flow.Status)
	}
}

// view reads the flow again.
func (p *person) view(flow mfa.Flow, method string) mfa.Option {
	p.t.Helper()
	flow, err := p.Flow(p.t.Context(), flow.Token)
	if err != nil {
		p.t.Fatal(err)
	}
	return optionOf(p.t, flow, method)
}

// told collects what a site tells of: its log, and all events.
type told struct {
	mu     sync.Mutex
	text   bytes.Buffer
	events []mfa.Event
}

func (o *told) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *told) Observe(_ context.Context, e mfa.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, e)
	fmt.Fprintf(&o.text, "event %s\n", line)
	return nil
}

func (o *told) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the site has told of something.
func (o *told) await(t testing.TB, what string) {
	t.Helper()
	testserver.Until(t, "the site to tell of "+what, func() bool { return strings.Contains(o.String(), what) })
}

// event waits for an event of a type.
func (o *told) event(t testing.TB, kind mfa.EventType) (found mfa.Event) {
	t.Helper()
	testserver.Until(t, "event "+string(kind), func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, e := range o.events {
			if e.Type == kind {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// letter waits for the nth mail to a person with a subject.
func (s *site) letter(name string, n int, subject string) (last testserver.Letter) {
	s.t.Helper()
	testserver.Until(s.t, fmt.Sprintf("mail %d to %s: %s", n, name, subject), func() bool {
		found := 0
		for _, l := range s.smtp.Inbox(name + "@" + testserver.Domain) {
			if l.Subject() == subject {
				last, found = l, found+1
			}
		}
		return found >= n
	})
	return last
}

// find is the first submatch.
func find(t testing.TB, pattern *regexp.Regexp, text string) string {
	t.Helper()
	match := pattern.FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no %v in\n%s", pattern, text)
	}
	return match[1]
}
