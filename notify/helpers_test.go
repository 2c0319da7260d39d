package notify_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/notify"
)

// A mailbox is a sender that keeps what it is given, or fails as it is told.
type mailbox struct {
	mu    sync.Mutex
	mails []mfa.Message
	fail  func(mfa.Message) error // nil: take everything
}

func (b *mailbox) Send(_ context.Context, m mfa.Message) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		if err := b.fail(m); err != nil {
			return "", err
		}
	}
	b.mails = append(b.mails, m)
	return "", nil
}

func (b *mailbox) all() []mfa.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

func (b *mailbox) failing(f func(mfa.Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = f
}

func config(b *mailbox) notify.Config {
	return notify.Config{
		Sender: b, AppName: "Example", SettingsURL: "https://example.com/settings?tab=security&x=1",
		SupportText: "If you cannot sign in, write to support@example.com.",
	}
}

func notifier(t *testing.T, b *mailbox, options ...func(*notify.Config)) *notify.Notifier {
	t.Helper()
	c := config(b)
	for _, option := range options {
		option(&c)
	}
	n, err := notify.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

// event is a notice with everything that is known of one.
func event(kind mfa.EventType) mfa.Event {
	return mfa.Event{
		ID: "k3j5h6", Type: kind, Notice: true, Time: time.Date(2026, time.March, 1, 12, 0, 30, 0, time.UTC),
		User: "u7", Name: "ada@example.org", Email: "ada@example.org", Method: "totp", Enrollment: "e1", Label: "Ada's phone",
		App: "web", IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo, Norway", UserAgent: firefox, Generation: 3, Count: 7,
		Until: time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC),
	}
}

// one observes an event, and returns its mail.
func one(t *testing.T, e mfa.Event, options ...func(*notify.Config)) mfa.Message {
	t.Helper()
	b := &mailbox{}
	if err := notifier(t, b, options...).Observe(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	mails := b.all()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	return mails[0]
}

// eventTypes reads the root package's list: whether each is a notice.
func eventTypes(t *testing.T) map[mfa.EventType]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../event.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	types := map[mfa.EventType]bool{}
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			v := spec.(*ast.ValueSpec)
			if of, ok := v.Type.(*ast.Ident); !ok || of.Name != "EventType" {
				continue
			}
			value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			types[mfa.EventType(value)] = strings.HasPrefix(v.Comment.Text(), "*")
		}
	}
	if len(types) < 20 || !types[mfa.EventReset] || types[mfa.EventFailed] {
		t.Fatalf("the list was not understood: %v", types)
	}
	return types
}
