package audit_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// A file is a writer for any number of goroutines, that counts the calls.
type file struct {
	mu    sync.Mutex
	text  bytes.Buffer
	calls int
}

func (f *file) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.text.Write(b)
}

func (f *file) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text.String()
}

// A line is what a reader of the trail gets.
type line map[string]any

// parse reads a trail as its readers do: line by line.
func parse(t *testing.T, text string) []line {
	t.Helper()
	var all []line
	for one := range strings.Lines(text) {
		var l line
		if err := json.Unmarshal([]byte(one), &l); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		all = append(all, l)
	}
	return all
}

// event is an event with everything that can be known of one.
func event() mfa.Event {
	return mfa.Event{
		ID: "k3j5h6", Type: mfa.EventReplaced, Notice: true,
		Time: time.Date(2026, time.March, 1, 13, 0, 30, 125_999_999, time.FixedZone("CET", 3600)),
		User: "u7", Name: "Ada Lovelace", Email: "ada@example.org", Also: []string{"old@example.org"},
		Actor: "carol@staff.example", Reason: "ticket 8812345", Method: "sms", Enrollment: "e1", Replaced: "e0", Label: "Ada's phone",
		Hint: "+47 ••• ••34", OldHint: "+47 ••• ••12", First: true, App: "web", IP: netip.MustParseAddr("192.0.2.7"),
		Place: "Oslo, Norway", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		Generation: 3, Count: 7, Until: time.Date(2026, time.March, 4, 13, 0, 0, 0, time.FixedZone("CET", 3600)),
		Device: "d7k2", Activity: "k3j5",
		Risk: &mfa.Assessment{Level: mfa.RiskHigh, Score: 3.25049, Shadow: true, Place: "Iași, Romania", Reasons: []mfa.RiskReason{
			{Code: "new_country", Text: "first time from Romania", Usual: "you usually sign in from Norway", Weight: 4.5},
			{Code: "known_browser", Text: "a browser that you use", Weight: -1.25},
			{Code: "long_absence", Text: "the first time in a while"},
		}},
	}
}

var listed = regexp.MustCompile(`(?m)^\tEvent\w+ +EventType = "([a-z._]+)" +//( \*)?`)

// eventTypes reads the root package's list: whether each is a notice.
func eventTypes(t *testing.T) map[mfa.EventType]bool {
	t.Helper()
	source, err := os.ReadFile("../event.go")
	if err != nil {
		t.Fatal(err)
	}
	types := map[mfa.EventType]bool{}
	for _, m := range listed.FindAllStringSubmatch(string(source), -1) {
		types[mfa.EventType(m[1])] = m[2] != ""
	}
	if len(types) < 25 || len(types) != strings.Count(string(source), "EventType = ") || !types[mfa.EventReset] || types[mfa.EventFailed] {
		t.Fatalf("the list was not understood: %v", types)
	}
	return types
}

// A life is an engine whose events are waited for, step by step, so that their
// order is known. Observers before the recorder have seen what it has seen.
type life struct {
	*mfatest.Engine
	t    *testing.T
	seen map[mfa.EventType]int
}

func newLife(t *testing.T, observers []mfa.Observer, options ...func(*mfa.Config)) *life {
	t.Helper()
	m := mfatest.NewEngine(t, append(options, func(c *mfa.Config) { c.Observers = append(observers, c.Observers...) })...)
	return &life{m, t, map[mfa.EventType]int{}}
}

// saw waits for events that a step has caused.
func (l *life) saw(types ...mfa.EventType) {
	l.t.Helper()
	for _, kind := range types {
		l.seen[kind]++
		if _, err := l.Events.Await(l.t.Context(), kind, l.seen[kind]); err != nil {
			l.t.Fatal(err)
		}
	}
}

func (l *life) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *life) signIn(u mfa.User, c mfa.Client) mfa.Flow {
	l.t.Helper()
	f, err := l.SignIn(l.t.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: c})
	l.must(err)
	return f
}

// proves signs in with the phone's next code, and waits until all is told.
func (l *life) proves(u mfa.User, phone *mfatest.Authenticator, c mfa.Client) mfa.Authentication {
	l.t.Helper()
	l.Clock.Advance(phone.Period)
	f := l.signIn(u, c)
	l.saw(mfa.EventFlowStarted)
	f, err := l.Verify(l.t.Context(), f.Token, phone.Answer(f), c)
	l.must(err)
	l.saw(mfa.EventVerified, mfa.EventFlowPassed)
	return f.Authentication
}

// option is the flow's option of a method.
func option(t *testing.T, f mfa.Flow, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("%s is not offered by %v", method, f.Options)
	return ""
}
