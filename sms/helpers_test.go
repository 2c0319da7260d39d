package sms

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

var (
	bg   = context.Background()
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	ada  = mfa.User{ID: "7", Name: "ada@example.com", Phone: number1}
)

// Numbers of Norway, and how they are shown.
const (
	number1, mask1 = "+4791234567", "+47 ••• ••67"
	number2        = "+4741234599"
)

var codeForm = regexp.MustCompile(`^\d{6,10}`)

// codeIn is the code that a message begins with.
func codeIn(t testing.TB, m mfa.Message) string {
	t.Helper()
	code := codeForm.FindString(m.Text)
	if code == "" {
		t.Fatal("there is no code in the text")
	}
	return code
}

// wrong is a code of the same form that this one is not.
func wrong(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

// newFactor is a factor for numbers of all countries, but for what options change.
func newFactor(t testing.TB, options ...func(*Config)) *Factor {
	t.Helper()
	f, err := New(config(options...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func config(options ...func(*Config)) Config {
	c := Config{AppName: "Example", Origin: "https://example.com", Countries: slices.Sorted(maps.Keys(countryNames)), Sender: new(mfatest.Inbox)}
	for _, o := range options {
		o(&c)
	}
	return c
}

// enroll asks for a code to a number.
func enroll(f *Factor, number string) (mfa.Step, error) {
	return f.Enroll(bg, mfa.EnrollRequest{User: ada, ID: "e1", Params: mfa.EnrollParams{Phone: number}, Now: noon})
}

// asked is the sign-in step for number1.
func asked(t testing.TB, f *Factor) mfa.Step {
	t.Helper()
	step, err := f.Challenge(bg, challenge(number1))
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func challenge(number string) mfa.ChallengeRequest {
	return mfa.ChallengeRequest{User: ada, Purpose: mfa.ForAuthentication, Flow: "f1", Enrollments: enrolled(number), Now: noon}
}

func enrolled(number string) []mfa.Enrolled {
	return []mfa.Enrolled{{ID: "e1", State: []byte(`{"number":"` + number + `"}`)}}
}

// answer is a sign-in's answer to a step.
func answer(step mfa.Step, code string) mfa.VerifyRequest {
	return mfa.VerifyRequest{User: ada, Purpose: mfa.ForAuthentication, Flow: "f1", Enrollments: enrolled(number1),
		Pending: step.Pending, Answer: mfa.Answer{Code: code}, Now: noon}
}

// reason is why an error says that a number is refused.
func reason(err error) string {
	if r := (*mfa.RefusedError)(nil); errors.As(err, &r) {
		return r.Reason
	}
	return ""
}

func detail(err error) string {
	if r := (*mfa.RefusedError)(nil); errors.As(err, &r) {
		return r.Detail
	}
	return ""
}

// A world is an engine with codes by text message beside authenticator apps.
type world struct {
	*mfatest.Engine
	t     testing.TB
	tower *mfatest.Inbox
}

func newWorld(t testing.TB, options ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, tower: new(mfatest.Inbox)}
	f := newFactor(t, append([]func(*Config){func(c *Config) { c.Sender = w.tower }}, options...)...)
	w.Engine = mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = append([]mfa.Factor{f}, c.Factors...) })
	return w
}

// last is the message that was sent last.
func (w *world) last() mfa.Message {
	w.t.Helper()
	sent := w.tower.Messages()
	if len(sent) == 0 {
		w.t.Fatal("nothing was sent")
	}
	return sent[len(sent)-1]
}

// caller is a user who gave the right password a moment ago.
func (w *world) caller(u mfa.User) mfa.Caller {
	return mfa.Caller{User: u, Authentication: mfa.Authentication{User: u.ID,
		Proofs: []mfa.Proof{{Method: string(mfa.Password), First: true, Kind: mfa.Know, Time: w.Clock.Now()}}}}
}

// enroll enrols a user's number on file, by the code that is sent there.
func (w *world) enroll(u mfa.User) mfa.Activated {
	w.t.Helper()
	e, err := w.Enroll(bg, w.caller(u), mfa.Enroll{Method: Name})
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := w.Activate(bg, w.caller(u), e.ID, mfa.Answer{Code: codeIn(w.t, w.last())})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Clock.Advance(10 * time.Minute)
	return a
}

// begin signs in by password, as far as the option of the number.
func (w *world) begin(u mfa.User) (mfa.Flow, string) {
	w.t.Helper()
	f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range f.Options {
		if o.Method == Name {
			return f, o.ID
		}
	}
	w.t.Fatalf("no option of %s: %v", Name, f.Options)
	return f, ""
}

// code has a code sent for an option.
func (w *world) code(f mfa.Flow, option string) string {
	w.t.Helper()
	if _, err := w.Challenge(bg, f.Token, option, mfa.Client{}); err != nil {
		w.t.Fatal(err)
	}
	return codeIn(w.t, w.last())
}
