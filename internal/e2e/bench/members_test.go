// Package bench_test measures the engine over real databases, beside the least
// that a verification could cost there. Both take turns in one run: compare figures
// of one run, never of two.
package bench_test

import (
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
}

// A crowd are the members, and what an engine needs to know them.
type crowd struct {
	members []member
	keys    *mfa.KeyRing
	factors []mfa.Factor
	clock   *mfatest.Clock
}

// newCrowd makes users of the usual kind, who have an authenticator app, recovery
// codes, and some sign-ins behind them.
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
	var phones []*mfatest.Authenticator
	var list []mfa.User
	for range users {
		u := mfa.User{ID: rand.Text(), Name: "ada@example.com", Email: "ada@example.com", EmailVerified: true}
		phone, _ := engine.EnrollTOTP(b, u)
		phones, list = append(phones, phone), append(list, u)
	}
	const signIns = 12
	for n := range signIns {
		c.clock.Advance(26 * time.Hour)
		for i, u := range list {
			flow := c.begin(b, engine, u, n)
			if _, err := engine.Verify(b.Context(), flow.Token, phones[i].Answer(flow), from(n)); err != nil {
				b.Fatal(err)
			}
		}
	}
	c.clock.Advance(26 * time.Hour)
	for i, u := range list {
		flow := c.begin(b, engine, u, 0)
		m := member{key: "user/" + u.ID, token: flow.Token, answer: phones[i].Answer(flow)}
		item, err := store.Load(b.Context(), m.key)
		if err != nil {
			b.Fatal(err)
		}
		m.value = item.Value
		c.members = append(c.members, m)
	}
	return c
}

func (c *crowd) begin(b *testing.B, e *mfatest.Engine, u mfa.User, n int) mfa.Flow {
	b.Helper()
	flow, err := e.SignIn(b.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: from(n)})
	if err != nil || flow.Status != mfa.StatusChallenge {
		b.Fatalf("sign in: %s, %v", flow.Status, err)
	}
	return flow
}

// from are the places where somebody signs in from.
func from(n int) mfa.Client {
	return mfa.Client{IP: netip.AddrFrom4([4]byte{198, 18, byte(n % 4), 7}),
		UserAgent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 150+n%3)}
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
		flow, err := e.Verify(ctx, m.token, m.answer, mfa.Client{})
		if err == nil && flow.Status != mfa.StatusPassed {
			err = fmt.Errorf("status %s", flow.Status)
		}
		return err
	}
}
