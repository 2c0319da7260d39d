package emailcode

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

var (
	bg   = context.Background()
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ada  = mfa.User{ID: "7", Name: "ada@example.com", Email: address1, EmailVerified: true}
	desk = mfa.Client{IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo, Norway",
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"}
)

const (
	address1, mask1 = "ada@example.com", "a•••@example.com"
	address2        = "lovelace@example.org"
)

var (
	codeForm = regexp.MustCompile(`(?m)^Your code is: (\d{6,10})$`)
	linkForm = regexp.MustCompile(`(?m)^https?://\S+$`)
)

func codeIn(t testing.TB, m mfa.Message) string {
	t.Helper()
	found := codeForm.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatal("there is no code in the mail")
	}
	return found[1]
}

// linkIn is the link of a mail, and its query.
func linkIn(t testing.TB, m mfa.Message) (string, url.Values) {
	t.Helper()
	link := linkForm.FindString(m.Text)
	u, err := url.Parse(link)
	if link == "" || err != nil {
		t.Fatalf("no link in the mail, %v", err)
	}
	return link, u.Query()
}

func wrong(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

func newFactor(t testing.TB, options ...func(*Config)) *Factor {
	t.Helper()
	f, err := New(config(options...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func config(options ...func(*Config)) Config {
	c := Config{AppName: "Example", Sender: new(mfatest.Inbox)}
	for _, o := range options {
		o(&c)
	}
	return c
}

func withLink(c *Config) { c.Link = "https://example.com/mfa/link" }

func enroll(f *Factor, address string) (mfa.Step, error) {
	return f.Enroll(bg, mfa.EnrollRequest{User: ada, Client: desk, ID: "e1", Params: mfa.EnrollParams{Email: address}, Now: noon})
}

func challenge(address string) mfa.ChallengeRequest {
	return mfa.ChallengeRequest{User: ada, Client: desk, Purpose: mfa.ForAuthentication, Flow: "f1", Enrollments: enrolled(address), Now: noon,
		Elsewhere: func() (string, error) { return "flow-token", nil }}
}

func enrolled(address string) []mfa.Enrolled {
	return []mfa.Enrolled{{ID: "e1", State: []byte(`{"address":"` + address + `"}`)}}
}

func asked(t testing.TB, f *Factor) mfa.Step {
	t.Helper()
	step, err := f.Challenge(bg, challenge(address1))
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func answer(step mfa.Step, code string) mfa.VerifyRequest {
	return mfa.VerifyRequest{User: ada, Purpose: mfa.ForAuthentication, Flow: "f1", Enrollments: enrolled(address1),
		Pending: step.Pending, Answer: mfa.Answer{Code: code}, Now: noon}
}

func verifies(f *Factor, step mfa.Step, code string) bool {
	_, err := f.Verify(bg, answer(step, code))
	return err == nil
}

func reason(err error) string {
	if r := (*mfa.RefusedError)(nil); errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

// A world is an engine with codes by mail, where a verified address counts.
type world struct {
	*mfatest.Engine
	t   testing.TB
	bag *mfatest.Inbox
}

// decisions is a policy that asks everybody, and counts verified addresses.
type decisions struct{}

func (decisions) Decide(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{Name}}
}

func newWorld(t testing.TB, options ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, bag: new(mfatest.Inbox)}
	f := newFactor(t, append([]func(*Config){func(c *Config) { c.Sender = w.bag }}, options...)...)
	w.Engine = mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Factors = append([]mfa.Factor{f}, c.Factors...)
		c.Policy = decisions{}
	})
	return w
}

// last is the mail that was sent last.
func (w *world) last() mfa.Message {
	w.t.Helper()
	sent := w.bag.Messages()
	if len(sent) == 0 {
		w.t.Fatal("nothing was sent")
	}
	return sent[len(sent)-1]
}

// begin signs in, as far as the option of the address; "" where there is none.
func (w *world) begin(u mfa.User, first mfa.First) (mfa.Flow, string) {
	w.t.Helper()
	f, err := w.SignIn(bg, mfa.SignIn{User: u, First: first, Client: desk})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range f.Options {
		if o.Method == Name {
			return f, o.ID
		}
	}
	return f, ""
}

// mail has a code sent for an option.
func (w *world) mail(f mfa.Flow, option string) mfa.Message {
	w.t.Helper()
	if _, err := w.Challenge(bg, f.Token, option, desk); err != nil {
		w.t.Fatal(err)
	}
	return w.last()
}

func anywhere(c *Config) { c.InsecureLinkAnywhere = true }
