package races_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// texts is a factor of texted codes, and their carrier.
type texts struct {
	mu   sync.Mutex
	to   map[string]int    // messages per number
	last map[string]string // codes
	sent atomic.Int64
	fail atomic.Bool

	share int // of the limits
}

// The limits of texts. What comes in thousands, and its clients, are an eighth of
// that where a save leaves the process.
const (
	perNumber = 5
	perUser   = 10 // the engine's own
)

func (f *texts) some(thousand int) int { return thousand / f.share }

func (*texts) Method() mfa.Method {
	return mfa.Method{Name: "sms", Kind: mfa.Have, Channel: "sms", Restricted: true, Guessable: true}
}

// Send takes a message, and may say that it could not.
func (f *texts) Send(_ context.Context, m mfa.Message) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to[m.To]++
	f.last[m.To] = m.Text
	f.sent.Add(1)
	if f.fail.Load() {
		return "", &mfa.SendError{Reason: mfa.SendUnreachable}
	}
	return rand.Text(), nil
}

func (f *texts) step(to string, known bool) mfa.Step {
	code := rand.Text()
	return mfa.Step{Pending: []byte(to + " " + code), Delivery: &mfa.Delivery{Sender: f, Known: known, Message: mfa.Message{Channel: mfa.ChannelSMS, To: to, Text: code},
		Budgets: []mfa.Budget{
			{Name: mfa.BudgetDestination, Key: to, Hour: perNumber, Day: 2 * perNumber},
			{Name: mfa.BudgetNetwork, Hour: f.some(200)},
			{Name: "prefix", Key: to[:5], Hour: f.some(400), Leased: true},
			{Name: "system", Hour: f.some(700), Leased: true},
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
	to, code, _ := strings.Cut(string(r.Pending), " ")
	if code == "" || code != r.Answer.Code {
		return mfa.Verified{}, mfa.ErrNotValid
	}
	out := mfa.Verified{State: []byte(to), AMR: []string{"sms"}}
	if len(r.Enrollments) > 0 {
		out.EnrollmentID, out.State = r.Enrollments[0].ID, r.Enrollments[0].State
	}
	return out, nil
}

// A carrierSite is two engines over one store, with text messages.
type carrierSite struct {
	*site
	texts *texts
}

func newCarrierSite(t testing.TB, handles []mfa.Store) *carrierSite {
	t.Helper()
	carrier := &texts{to: map[string]int{}, last: map[string]string{}, share: 8}
	if _, in := handles[0].(*memory.Store); in {
		carrier.share = 1
	}
	return &carrierSite{newSite(t, handles, func(c *mfa.Config) { c.Factors, c.AcceptRestricted = []mfa.Factor{carrier}, true }), carrier}
}

// starts makes n requests by 50 clients in parallel, or by the share of them, and
// counts how they were met.
func (s *carrierSite) starts(n int, request func(e *mfa.Engine, i int) error) map[string]int {
	clients := max(10, s.texts.some(50))
	var mu sync.Mutex
	counts := map[string]int{}
	together(clients, func(client int) string {
		for i := client; i < n; i += clients {
			what := "sent"
			err := request(s.engine(i/clients), i)
			switch {
			case errors.Is(err, mfa.ErrBusy):
				what = "busy" // and what was paid by then is lost
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

// a thousand starts of each kind (in memory; elsewhere an eighth of it), from 50 parallel clients over two
// engines on one store, send no more than the limits, and use what is leased.
func TestO05_A87_A88_AThousandStarts(t *testing.T) {
	t.Parallel()
	number := func(i int) string { return fmt.Sprintf("+4477%08d", i) }
	for name, c := range map[string]struct {
		fails bool // the carrier, so that there are no pauses
		most  func(f *texts) (least, most int)
		start func(s *carrierSite, e *mfa.Engine, i int) error
	}{
		"of one user": {false, exactly(perUser), func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, "ada", number(i), mfa.Client{})
		}},
		"to one number": {false, func(*texts) (int, int) { return 1, 2 }, func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(0), mfa.Client{})
		}},
		"to one number that takes none": {true, exactly(perNumber), func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(0), mfa.Client{})
		}},
		"to one prefix": {false, nearly(400), func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), number(i), mfa.Client{})
		}},
		"to the world": {false, nearly(700), func(s *carrierSite, e *mfa.Engine, i int) error {
			return s.enroll(e, rand.Text(), fmt.Sprintf("+%04d%07d", 1000+i%9*100, i), mfa.Client{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
				s := newCarrierSite(t, handles)
				s.texts.fail.Store(c.fails)
				counts := s.starts(s.texts.some(1000), func(e *mfa.Engine, i int) error { return c.start(s, e, i) })
				sent := int(s.texts.sent.Load())
				if least, most := c.most(s.texts); sent > most || sent < least-counts["busy"] {
					t.Errorf("%d sent, want %d to %d: %v", sent, least, most, counts)
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
		})
	}
}

// exactly and nearly are how many messages go out: of what is leased a little may
// be left.

func exactly(n int) func(*texts) (least, most int) {
	return func(*texts) (int, int) { return n, n }
}

func nearly(thousand int) func(*texts) (least, most int) {
	return func(f *texts) (int, int) { return f.some(thousand) * 95 / 100, f.some(thousand) }
}

// The same for sign-ins of a user who has a number: the message that goes out
// carries the code that counts.
func TestA12_A87_A88_AThousandSignIns(t *testing.T) {
	t.Parallel()
	onEveryHandle(t, func(t *testing.T, handles []mfa.Store) {
		s := newCarrierSite(t, handles)
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
		counts := s.starts(s.texts.some(1000), func(e *mfa.Engine, i int) error {
			_, err := e.Challenge(t.Context(), flows[i%len(flows)].Token, p.ID, mfa.Client{})
			return err
		})
		if sent := int(s.texts.sent.Load()); sent != perNumber || counts["failed"] != sent {
			t.Errorf("%d sent, want %d: %v", sent, perNumber, counts)
		}
	})
}
