package ops_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// passes is a factor of the kind that webauthn is: its keys lead to their users,
// count, and have an attestation. There is no signature; what a key would sign is told.
type passes struct{}

// An assertion is what a key answers, and what is kept of one.
type assertion struct {
	Challenge, ID, Handle string
	Count                 int
}

type asked assertion

func (asked) Method() string { return "pass" }

func (passes) Method() mfa.Method {
	return mfa.Method{Name: "pass", Label: "Passkey", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
}

func ask(handle string) mfa.Step {
	a := assertion{Challenge: rand.Text(), Handle: handle}
	pending, _ := json.Marshal(a)
	return mfa.Step{Pending: pending, Challenge: asked(a)}
}

func (passes) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit"}
	}
	if r.UserState != nil {
		return ask(string(r.UserState)), nil
	}
	return ask(rand.Text()), nil
}

func (passes) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	return ask(string(r.UserState)), nil
}

func (passes) Discover(context.Context, mfa.DiscoverRequest) (mfa.Step, error) { return ask(""), nil }

func (passes) Find(pending []byte, a mfa.Answer) ([]string, error) {
	said, _, err := read(pending, a)
	return []string{"id:" + said.ID, "user:" + said.Handle}, err
}

func read(pending []byte, a mfa.Answer) (said, want assertion, err error) {
	if json.Unmarshal(a.Credential, &said) != nil {
		return said, want, mfa.ErrBadInput
	}
	if json.Unmarshal(pending, &want) != nil || want.Challenge != said.Challenge {
		return said, want, &mfa.NotValidError{}
	}
	return said, want, nil
}

func (passes) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	said, want, err := read(r.Pending, r.Answer)
	if err != nil {
		return mfa.Verified{}, err
	}
	v := mfa.Verified{AMR: []string{"hwk", "user"}, UserVerified: true}
	v.State, _ = json.Marshal(assertion{ID: said.ID, Count: said.Count})
	if r.Purpose == mfa.ForEnrollment {
		v.UserState, v.Claims, v.Attachment = []byte(want.Handle), []string{"id:" + said.ID, "user:" + want.Handle}, []byte("made by "+said.ID)
		return v, nil
	}
	for _, e := range r.Enrollments {
		var was assertion
		if json.Unmarshal(e.State, &was) == nil && was.ID == said.ID && said.Handle == string(r.UserState) && said.Count > was.Count {
			v.EnrollmentID = e.ID
			return v, nil
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

// A fob is a key of one user.
type fob struct {
	assertion
	user       mfa.User
	enrollment string
}

// sign answers a challenge, one further each time.
func (f *fob) sign(c mfa.Challenge) mfa.Answer {
	f.Challenge = c.(asked).Challenge
	f.Count++
	credential, _ := json.Marshal(f.assertion)
	return mfa.Answer{Option: "pass", Credential: credential}
}

// A site is a store and its keys, which outlive processes.
type site struct {
	store mfa.Store
	keys  *mfa.KeyRing
	clock *mfatest.Clock
	quick bool // there are no recovery codes, whose digests are slow
}

func newSite(t *testing.T) site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	return site{memory.New(), keys, mfatest.NewClock(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC)), false}
}

func quickSite(t *testing.T) site {
	s := newSite(t)
	s.quick = true
	return s
}

// with is the site as processes see it that have another ring.
func (s site) with(t *testing.T, ring func(*mfa.KeyRing) (*mfa.KeyRing, error)) site {
	t.Helper()
	var err error
	if s.keys, err = ring(s.keys); err != nil {
		t.Fatal(err)
	}
	return s
}

// process starts an engine on the site, with one observer.
func (s site) process(t mfatest.TB, o mfa.Observer, options ...func(*mfa.Config)) *mfatest.Engine {
	t.Helper()
	m := mfatest.NewEngine(t, append([]func(*mfa.Config){func(c *mfa.Config) {
		c.Store, c.Keys, c.Observers, c.Now, c.Factors = s.store, s.keys, []mfa.Observer{o}, s.clock.Now, factors(t, s.quick)
		c.Logger = slog.New(slog.DiscardHandler)
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) { return user(id), 0, nil }
	}}, options...)...)
	m.Clock = s.clock
	return m
}

// factors are apps, keys, mails of which there are two in an hour, and recovery codes.
func factors(t mfatest.TB, quick bool) []mfa.Factor {
	t.Helper()
	apps, err1 := totp.New(totp.Config{Issuer: "Test"})
	mails, err2 := emailcode.New(emailcode.Config{AppName: "Test", Sender: new(mfatest.Inbox),
		Limits: emailcode.Limits{Address: emailcode.Rate{Hour: 2, Day: 2}}})
	codes, err3 := recovery.New(recovery.Config{})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatalf("%v", err)
	}
	if quick {
		return []mfa.Factor{passes{}, apps, mails}
	}
	return []mfa.Factor{passes{}, apps, mails, codes}
}

func user(id string) mfa.User {
	return mfa.User{ID: id, Name: "ada", Email: "ada@example.org"}
}

func caller(t *testing.T, m *mfatest.Engine, u mfa.User) mfa.Caller {
	t.Helper()
	f, err := m.SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password})
	if err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("%v, %v", f.Status, err)
	}
	return mfa.Caller{User: u, Authentication: f.Authentication}
}

// withKey gives a user who has nothing a key.
func withKey(t *testing.T, m *mfatest.Engine, u mfa.User) *fob {
	t.Helper()
	f := &fob{user: u, assertion: assertion{ID: "key-" + u.ID}}
	c := caller(t, m, u)
	e, err := m.Enroll(t.Context(), c, mfa.Enroll{Method: "pass"})
	if err != nil {
		t.Fatal(err)
	}
	f.Handle = e.Challenge.(asked).Handle
	if _, err := m.Activate(t.Context(), c, e.ID, f.sign(e.Challenge)); err != nil {
		t.Fatal(err)
	}
	f.enrollment = e.ID
	return f
}

// byKey signs in by a key, without saying who comes.
func byKey(ctx context.Context, m *mfatest.Engine, f *fob) error {
	p, err := m.BeginPasskey(ctx, mfa.Client{})
	if err != nil {
		return err
	}
	flow, err := m.FinishPasskey(ctx, p.Token, f.sign(p.Challenge), mfa.Client{})
	if err == nil && (flow.Status != mfa.StatusPassed || flow.User != f.user.ID) {
		err = fmt.Errorf("%s as %q", flow.Status, flow.User)
	}
	return err
}

// closed ends a process, after all that it has left to do.
func closed(t *testing.T, m *mfatest.Engine) {
	t.Helper()
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// dump is what a store holds.
func dump(t *testing.T, store mfa.Store) map[string]mfa.Item {
	t.Helper()
	all := map[string]mfa.Item{}
	err := store.(mfa.Scanner).Scan(t.Context(), "", "", func(key string, item mfa.Item) error {
		all[key] = item
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A hooked store calls a function before each Save, and takes the error it returns
// for its own.
type hooked struct {
	*memory.Store
	mu   sync.Mutex
	save func(key string) error
}

func (h *hooked) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	h.mu.Lock()
	hook := h.save
	h.mu.Unlock()
	if hook != nil {
		if err := hook(key); err != nil {
			return err
		}
	}
	return h.Store.Save(ctx, key, old, item)
}

func (h *hooked) onSave(f func(key string) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.save = f
}

// A plain store has what a Store must have, and no more.
type plain struct{ mfa.Store }

// A walkable store can be walked, and cannot drop what has expired.
type walkable struct {
	mfa.Store
	mfa.Scanner
}

// examples stands in for a test.
type examples struct{}

func (examples) Helper()                           {}
func (examples) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (examples) Cleanup(func())                    {}
