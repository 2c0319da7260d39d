// Package bench_test measures the engine over real databases, beside the least
// that a verification could cost there. Both take turns in one run: compare figures
// of one run, never of two.
package bench_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// clients is how many verify at a time, each in a goroutine and for a user of its own.
const clients = 64

// A member is a user with a flow that waits for a code.
type member struct {
	key    string // of the stored value
	value  []byte // what is stored: with the flow open and the code unspent
	token  string
	answer mfa.Answer
	client mfa.Client
}

// A person is a user with their browsers.
type person struct {
	mfa.User
	phone    *mfatest.Authenticator
	browsers [browsers]mfa.Client
}

const browsers = 5

// A crowd are the members, and what an engine needs to know them.
type crowd struct {
	members []member
	keys    *mfa.KeyRing
	factors []mfa.Factor
	clock   *mfatest.Clock
}

// newCrowd makes users of the usual kind, who have an authenticator app, recovery
// codes, five browsers, and some sign-ins behind them.
func newCrowd(b *testing.B, users int) *crowd {
	b.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		b.Fatal(err)
	}
	apps, err := totp.New(totp.Config{Issuer: "Bench"})
	if err != nil {
		b.Fatal(err)
	}
	c := &crowd{keys: keys, factors: []mfa.Factor{apps, papers{}}, clock: mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}
	store := memory.New()
	engine := &mfatest.Engine{Engine: c.engine(b, store), Clock: c.clock}
	var people []*person
	for range users {
		people = append(people, newPerson(b, engine))
	}
	const signIns = 15
	for n := range signIns {
		c.clock.Advance(26 * time.Hour)
		for _, p := range people {
			p.signIn(b, engine, n)
		}
	}
	c.clock.Advance(26 * time.Hour)
	for _, p := range people {
		flow := p.begin(b, engine, 0)
		m := member{key: "user/" + p.ID, token: flow.Token, answer: p.phone.Answer(flow), client: p.browsers[0]}
		item, err := store.Load(b.Context(), m.key)
		if err != nil {
			b.Fatal(err)
		}
		m.value = item.Value
		c.members = append(c.members, m)
	}
	return c
}

func newPerson(b *testing.B, e *mfatest.Engine) *person {
	b.Helper()
	p := &person{User: mfa.User{ID: rand.Text(), Name: "ada@example.com", Email: "ada@example.com", EmailVerified: true}}
	p.phone, _ = e.EnrollTOTP(b, p.User)
	for n := range p.browsers {
		p.browsers[n] = mfa.Client{IP: netip.AddrFrom4([4]byte{198, 18, byte(n), 7}),
			UserAgent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 150+n)}
	}
	return p
}

// begin gives the password, in browser n.
func (p *person) begin(b *testing.B, e *mfatest.Engine, n int) mfa.Flow {
	b.Helper()
	browser := &p.browsers[n%browsers]
	flow, err := e.SignIn(b.Context(), mfa.SignIn{User: p.User, First: mfa.Password, Client: *browser})
	if err != nil || flow.Status != mfa.StatusChallenge {
		b.Fatalf("sign in: %s, %v", flow.Status, err)
	}
	browser.DeviceToken = cmp.Or(flow.DeviceToken, browser.DeviceToken)
	return flow
}

func (p *person) signIn(b *testing.B, e *mfatest.Engine, n int) {
	b.Helper()
	flow := p.begin(b, e, n)
	browser := &p.browsers[n%browsers]
	flow, err := e.Verify(b.Context(), flow.Token, p.phone.Answer(flow), *browser)
	if err != nil {
		b.Fatal(err)
	}
	browser.DeviceToken = cmp.Or(flow.DeviceToken, browser.DeviceToken)
}

func (c *crowd) engine(b *testing.B, store mfa.Store) *mfa.Engine {
	b.Helper()
	e, err := mfa.New(mfa.Config{Store: store, Keys: c.keys, Factors: c.factors, Now: c.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return e
}

// fill puts what the members have into a store.
func (c *crowd) fill(b *testing.B, store mfa.Store) {
	b.Helper()
	for _, m := range c.members {
		if err := store.Save(b.Context(), m.key, 0, mfa.Item{Value: m.value, Version: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// A rewinding store reads and writes for real, and shows each member's value as
// it was before: with a flow that is open and a code that is not spent. So one
// right answer can be given again and again.
type rewinding struct {
	mfa.Store
	before map[string][]byte
}

func (c *crowd) rewind(store mfa.Store) mfa.Store {
	before := map[string][]byte{}
	for _, m := range c.members {
		before[m.key] = m.value
	}
	return &rewinding{store, before}
}

func (s *rewinding) Load(ctx context.Context, key string) (mfa.Item, error) {
	item, err := s.Store.Load(ctx, key)
	if value := s.before[key]; value != nil && err == nil {
		item.Value = value // not a copy, which would cost the engine: it does not open any more if it is written to
	}
	return item, err
}

// verifying is the whole engine, from a member's token to an answer.
func (c *crowd) verifying(e *mfa.Engine) operation {
	return func(ctx context.Context, client int) error {
		m := &c.members[client]
		flow, err := e.Verify(ctx, m.token, m.answer, m.client)
		if err == nil && flow.Status != mfa.StatusPassed {
			err = fmt.Errorf("status %s", flow.Status)
		}
		return err
	}
}
