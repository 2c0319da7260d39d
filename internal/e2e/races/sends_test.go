package races_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// texts is a factor of texted codes, and their carrier.
type texts struct {
	mu   sync.Mutex
	to   map[string]int // messages per number
	sent atomic.Int64
	fail atomic.Bool
}

// The limits of texts.
const (
	perNumber, perNetwork, perPrefix, perSystem = 5, 200, 400, 700
	perUser                                     = 10 // the engine's own
)

func (*texts) Method() mfa.Method {
	return mfa.Method{Name: "sms", Kind: mfa.Have, Channel: "sms", Restricted: true, Guessable: true}
}

// Send takes a message, and may say that it could not.
func (f *texts) Send(_ context.Context, m mfa.Message) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to[m.To]++
	f.sent.Add(1)
	if f.fail.Load() {
		return "", &mfa.SendError{Reason: mfa.SendUnreachable}
	}
	return rand.Text(), nil
}

func (f *texts) step(to string, known bool) mfa.Step {
	code := rand.Text()
	return mfa.Step{Pending: []byte(code), Delivery: &mfa.Delivery{Sender: f, Known: known, Message: mfa.Message{Channel: mfa.ChannelSMS, To: to, Text: code},
		Budgets: []mfa.Budget{
			{Name: mfa.BudgetDestination, Key: to, Hour: perNumber, Day: 2 * perNumber},
			{Name: mfa.BudgetNetwork, Hour: perNetwork},
			{Name: "prefix", Key: to[:5], Hour: perPrefix, Leased: true},
			{Name: "system", Hour: perSystem, Leased: true},
		}}}
}

func (f *texts) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Params.Import != nil {
		return mfa.Step{Done: &mfa.Verified{State: r.Params.Import}}, nil
	}
	return f.step(r.Params.Phone, false), nil
}

func (f *texts) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	return f.step(string(r.Enrollments[0].State), true), nil
}

func (*texts) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if r.Pending == nil || string(r.Pending) != r.Answer.Code {
		return mfa.Verified{}, mfa.ErrNotValid
	}
	return mfa.Verified{EnrollmentID: r.Enrollments[0].ID, State: r.Enrollments[0].State, AMR: []string{"sms"}}, nil
}

// A carrierSite is two engines over one store, with text messages.
type carrierSite struct {
	*site
	texts *texts
}

func newCarrierSite(t testing.TB, open handles) *carrierSite {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	s := &carrierSite{&site{t: t, clock: mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))}, &texts{to: map[string]int{}}}
	a, b := open(t)
	for i, store := range []mfa.Store{a, b} {
		e, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{s.texts}, AcceptRestricted: true, Now: s.clock.Now,
			Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		s.engines[i] = e
	}
	return s
}

// starts makes n requests by 50 clients in parallel, and counts how they were met.
func (s *carrierSite) starts(n int, request func(e *mfa.Engine, i int) error) map[string]int {
	const clients = 50
	var mu sync.Mutex
	counts := map[string]int{}
	together(clients, func(client int) string {
		for i := client; i < n; i += clients {
			what := "sent"
			switch err := request(s.engine(i/clients), i); {
			case errors.Is(err, mfa.ErrSendLimit), errors.Is(err, mfa.ErrTooSoon):
				what = "refused"
			case errors.Is(err, mfa.ErrDelivery):
				what = "failed"
			case err != nil:
				what = err.Error()
			}
			mu.Lock()
			counts[what]++
			mu.Unlock()
		}
		return ""
	})
	return counts
}

// enroll has a code texted to a number, for a user who gave the right password.
func (s *carrierSite) enroll(e *mfa.Engine, user, number string, c mfa.Client) error {
	u := mfa.User{ID: user}
	_, err := e.Enroll(s.t.Context(), mfa.Caller{User: u, Client: c, Authentication: mfa.Authentication{User: user,
		Proofs: []mfa.Proof{{Method: string(mfa.Password), First: true, Kind: mfa.Know, Time: s.clock.Now()}}}},
		mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: number}})
	return err
}

// a thousand starts of each kind, from 50 parallel clients over two
// engines on one store, send no more than the limits, and use what is leased.
func TestO05_A87_A88_AThousandStarts(t *testing.T) {
	t.Parallel()
	const n = 1000
	number := func(i int) string { return fmt.Sprintf("+4477%08d", i) }
	for name, c := range map[string]struct {
		fails       bool // the carrier, so that there are no pauses
		least, most int
		start       func(s *carrierSite, e *mfa.Engine, i int) error
	}{
		"of one user": {false, perUser, perUser, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, "ada", number(i), mfa.Client{})
		}},
		"to one number": {false, 1, 2, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(0), mfa.Client{})
		}},
		"to one number that takes none": {true, perNumber, perNumber, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(0), mfa.Client{})
		}},
		"to one prefix": {false, perPrefix * 95 / 100, perPrefix, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(i), mfa.Client{})
		}},
		"to the world": {false, perSystem * 95 / 100, perSystem, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), fmt.Sprintf("+%04d%07d", 1000+i%9*100, i), mfa.Client{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, open := range stores {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					s := newCarrierSite(t, open)
					s.texts.fail.Store(c.fails)
					counts := s.starts(n, func(e *mfa.Engine, i int) error { return c.start(s, e, i) })
					sent := int(s.texts.sent.Load())
					if sent > c.most || sent < c.least {
						t.Errorf("%d sent, want %d to %d: %v", sent, c.least, c.most, counts)
					}
					if told := counts["sent"] + counts["failed"]; told != sent {
						t.Errorf("%d sent, %d told of: %v", sent, told, counts)
					}
					s.texts.mu.Lock()
					defer s.texts.mu.Unlock()
					for to, n := range s.texts.to {
						if n > perNumber {
							t.Errorf("%d to %s", n, to)
						}
					}
				})
			}
		})
	}
}

// The same for sign-ins of a user who has a number: the message that goes out
// carries the code that counts.
func TestA12_A87_A88_AThousandSignIns(t *testing.T) {
	t.Parallel()
	onEveryStore := func(f func(t *testing.T, s *carrierSite)) {
		for kind, open := range stores {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				f(t, newCarrierSite(t, open))
			})
		}
	}
	onEveryStore(func(t *testing.T, s *carrierSite) {
		u := mfa.User{ID: "ada"}
		f, err := s.engines[0].SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.engines[0].Enroll(t.Context(), mfa.Caller{User: u, Authentication: f.Authentication},
			mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Import: []byte("+447700000001")}})
		if err != nil {
			t.Fatal(err)
		}
		s.texts.fail.Store(true) // there are no pauses
		flows := s.flows(u, 8)
		counts := s.starts(1000, func(e *mfa.Engine, i int) error {
			_, err := e.Challenge(t.Context(), flows[i%len(flows)].Token, p.ID, mfa.Client{})
			return err
		})
		if sent := int(s.texts.sent.Load()); sent != perNumber || counts["failed"] != sent {
			t.Errorf("%d sent, want %d: %v", sent, perNumber, counts)
		}
	})
}
