package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

func ExampleJSON() {
	trail := audit.JSON(os.Stdout)
	_ = trail.Observe(context.Background(), mfa.Event{
		ID: "4xk2m7", Type: mfa.EventFailed, Time: time.Unix(1772366400, 0), User: "7", Method: "totp", Enrollment: "a6",
		Label: "Ada's phone\n", Count: 1, App: "web", IP: netip.MustParseAddr("192.0.2.7"), UserAgent: "curl/8\u001b[2J",
	})
	// Output:
	// {"time":"2026-03-01T12:00:00.000Z","type":"factor.failed","id":"4xk2m7","user":"7","method":"totp","enrollment":"a6","label":"Ada's phone","count":1,"app":"web","ip":"192.0.2.7","user_agent":"curl/8\u001b[2J"}
}

func ExampleSlog() {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil)) // the program's
	trail := audit.Slog(log.Handler())
	_ = trail.Observe(context.Background(), mfa.Event{
		ID: "4xk2m7", Type: mfa.EventReset, Notice: true, Time: time.Unix(1772366400, 0), User: "7", Actor: "carol", Reason: "lost phone",
	})
	// Output:
	// time=2026-03-01T12:00:00.000Z level=WARN msg="mfa: account.reset" mfa.type=account.reset mfa.id=4xk2m7 mfa.notice=true mfa.user=7 mfa.actor=carol mfa.reason="lost phone"
}

// A table of every authenticator that was ever bound, which stays when they are
// gone: a host keeps it in its database.
func ExampleBindingOf() {
	ctx := context.Background()
	var kept table
	t := new(example)
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Observers = append([]mfa.Observer{&kept}, c.Observers...) })

	ada := mfa.User{ID: "7", Name: "ada@example.com"}
	session := mfa.Caller{User: ada, Client: mfa.Client{IP: netip.MustParseAddr("192.0.2.7")}}
	flow, err := m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password, Client: session.Client})
	t.check(err)
	session.Authentication = flow.Authentication
	begun, err := m.Enroll(ctx, session, mfa.Enroll{Method: "totp"})
	t.check(err)
	phone, err := mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, m.Clock.Now)
	t.check(err)
	_, err = m.Activate(ctx, session, begun.ID, mfa.Answer{Code: phone.Code()})
	t.check(err)
	_, err = m.Events.Await(ctx, mfa.EventRecoveryCodes, 1) // events come after the answer
	t.check(err)

	// Five minutes later she signs in with it from somewhere else, and removes it.
	m.Clock.Advance(5 * time.Minute)
	session.Client.IP = netip.MustParseAddr("198.51.100.9")
	flow, err = m.SignIn(ctx, mfa.SignIn{User: ada, First: mfa.Password, Client: session.Client})
	t.check(err)
	flow, err = m.Verify(ctx, flow.Token, phone.Answer(flow), session.Client)
	t.check(err)
	session.Authentication = flow.Authentication
	_, err = m.Remove(ctx, session, begun.ID)
	t.check(err)

	t.end() // closes the engine: all that it had to tell is told
	for _, row := range kept.rows {
		fmt.Println(row)
	}
	// Unordered output:
	// 7 totp 12:00 192.0.2.7 until 12:05 198.51.100.9
	// 7 recovery 12:00 192.0.2.7 until 12:05 198.51.100.9
}

// A row says that an authenticator was a user's, from when to when, and from
// where it was bound and ended.
type row struct {
	User, Enrollment, Method string
	Bound, Ended             time.Time // Ended is zero while it is good
	BoundIP, EndedIP         netip.Addr
	EndedBy                  string // somebody of support; empty: the user
}

// A table is a mfa.Observer that keeps rows, and never drops one.
type table struct {
	mu   sync.Mutex
	rows []*row
	seen map[string]bool // notices come at least once; a database has a unique column
}

func (t *table) Observe(_ context.Context, e mfa.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen[e.ID] {
		return nil
	}
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	t.seen[e.ID] = true
	switch audit.BindingOf(e) {
	case audit.Replaces:
		// A user with several of one method has one replaced: which one, the hint tells.
		t.end(e, func(r *row) bool { return r.Method == e.Method })
		t.bind(e)
	case audit.Binds:
		t.bind(e)
	case audit.Unbinds:
		t.end(e, func(r *row) bool { return r.Enrollment == e.Enrollment })
		if !slices.ContainsFunc(t.rows, func(r *row) bool { return r.open(e.User) && r.Method != "recovery" }) {
			t.end(e, func(*row) bool { return true }) // recovery codes go with the last one
		}
	case audit.UnbindsAll:
		t.end(e, func(*row) bool { return true })
	}
	return nil
}

func (t *table) bind(e mfa.Event) {
	t.rows = append(t.rows, &row{User: e.User, Enrollment: e.Enrollment, Method: e.Method, Bound: e.Time, BoundIP: e.IP})
}

func (t *table) end(e mfa.Event, which func(*row) bool) {
	for _, r := range t.rows {
		if r.open(e.User) && which(r) {
			r.Ended, r.EndedIP, r.EndedBy = e.Time, e.IP, e.Actor
		}
	}
}

func (r *row) open(user string) bool { return r.User == user && r.Ended.IsZero() }

func (r *row) String() string {
	s := fmt.Sprintf("%s %s %s %s", r.User, r.Method, r.Bound.Format("15:04"), r.BoundIP)
	if r.Ended.IsZero() {
		return s
	}
	s = fmt.Sprintf("%s until %s %s by %s", s, r.Ended.Format("15:04"), r.EndedIP, r.EndedBy)
	return strings.TrimSuffix(s, " by ")
}

// example stands in for the *testing.T that an example does not have.
type example struct{ cleanup []func() }

func (*example) Helper()                           {}
func (*example) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (e *example) Cleanup(f func())                { e.cleanup = append(e.cleanup, f) }

func (e *example) check(err error) {
	if err != nil {
		e.Fatalf("%v", err)
	}
}

func (e *example) end() {
	for _, f := range e.cleanup {
		f()
	}
}
