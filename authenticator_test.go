package mfa_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// passFactor is a factor of the kind that webauthn is: its keys find their
// users, are good on one site, and answer a challenge once. A client's Place
// stands for the site.
type passFactor struct {
	bound    bool          // keys may be shown to be bound to their device
	lifetime time.Duration // of what Discover asks; 0: the engine's

	mu         sync.Mutex
	enrolled   []mfa.EnrollRequest
	challenged []mfa.ChallengeRequest
	discovered []mfa.DiscoverRequest
	signalled  []mfa.SignalsRequest
}

// An assertion is what an authenticator gives, as JSON. There is no signature:
// the key that would have made it is told.
type assertion struct {
	Challenge  string        `json:",omitempty"`
	ID         string        // the credential's
	Key        string        // what signed
	Handle     string        `json:",omitempty"` // of the user, where the key knows it
	Count      int           `json:",omitempty"`
	UV         bool          `json:",omitempty"`
	Bound      bool          `json:",omitempty"`
	Site       string        `json:",omitempty"`
	Claims     []string      `json:",omitempty"` // beside the credential's and the handle's
	Attachment string        `json:",omitempty"`
	Large      int           `json:",omitempty"` // the attachment's size, where it is not told
	Alarm      mfa.EventType `json:",omitempty"` // what the factor is to find odd about it
	Refuse     bool          `json:",omitempty"` // it is to be refused
}

type passPending struct {
	Challenge, Handle string
	UV                bool
}

type passState struct {
	ID, Key string
	Bound   bool
	Count   int
}

// passAsked is what a browser is shown.
type passAsked struct {
	Challenge, Handle string
	UV                bool
}

func (passAsked) Method() string { return "pass" }

func (f *passFactor) Method() mfa.Method {
	return mfa.Method{Name: "pass", Label: "Passkey", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true, DeviceBound: f.bound}
}

func passStep(handle string, uv bool) mfa.Step {
	p := passPending{Challenge: rand.Text(), Handle: handle, UV: uv}
	pending, _ := json.Marshal(p)
	return mfa.Step{Pending: pending, Challenge: passAsked(p)}
}

func handleOf(userState []byte) string {
	if userState == nil {
		return rand.Text()
	}
	return string(userState)
}

func (f *passFactor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit"}
	}
	f.mu.Lock()
	f.enrolled = append(f.enrolled, r)
	f.mu.Unlock()
	return passStep(handleOf(r.UserState), false), nil
}

func (f *passFactor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.challenged = append(f.challenged, r)
	return passStep(handleOf(r.UserState), r.UserVerification), nil
}

func (f *passFactor) Discover(_ context.Context, r mfa.DiscoverRequest) (mfa.Step, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.discovered = append(f.discovered, r)
	step := passStep("", false)
	if f.lifetime > 0 {
		step.Expires = r.Now.Add(f.lifetime)
	}
	return step, nil
}

func (f *passFactor) Find(pending []byte, a mfa.Answer) ([]string, error) {
	as, _, err := readPass(pending, a)
	if err != nil {
		return nil, err
	}
	return []string{"id:" + as.ID, "user:" + as.Handle}, nil
}

func readPass(pending []byte, a mfa.Answer) (assertion, passPending, error) {
	var as assertion
	var p passPending
	if json.Unmarshal(a.Credential, &as) != nil {
		return as, p, mfa.ErrBadInput
	}
	if pending == nil || json.Unmarshal(pending, &p) != nil || p.Challenge == "" || p.Challenge != as.Challenge || p.UV && !as.UV {
		return as, p, &mfa.NotValidError{}
	}
	return as, p, nil
}

func (f *passFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	as, p, err := readPass(r.Pending, r.Answer)
	if err != nil {
		return mfa.Verified{}, err
	}
	refused := &mfa.RefusedError{Subject: mfa.SubjectAuthenticator, Reason: "not_accepted"}
	if as.Refuse {
		return mfa.Verified{}, fmt.Errorf("pass: %w", refused)
	}
	state, _ := json.Marshal(passState{as.ID, as.Key, as.Bound, as.Count})
	v := mfa.Verified{State: state, AMR: []string{"hwk"}, UserVerified: as.UV, DeviceBound: as.Bound, Alarm: as.Alarm}
	if as.UV {
		v.AMR = append(v.AMR, "user")
	}
	if r.Purpose == mfa.ForEnrollment {
		v.UserState, v.Label, v.Scope = []byte(p.Handle), "Maker's key", as.Site
		v.Claims = append([]string{"id:" + as.ID, "user:" + p.Handle}, as.Claims...)
		v.Attachment = []byte(as.Attachment + strings.Repeat("x", as.Large))
		return v, nil
	}
	for _, e := range r.Enrollments {
		var was passState
		if json.Unmarshal(e.State, &was) != nil || was.ID != as.ID || was.Key != as.Key {
			continue
		}
		if as.Handle != string(r.UserState) && (as.Handle != "" || r.Purpose == mfa.ForDiscovery) {
			break
		}
		if was.Count > 0 && as.Count <= was.Count {
			return mfa.Verified{}, fmt.Errorf("pass: %w", &mfa.NotValidError{Alarm: mfa.EventCloneSuspected, Enrollment: e.ID})
		}
		v.EnrollmentID, v.DeviceBound = e.ID, was.Bound
		v.State, _ = json.Marshal(passState{was.ID, was.Key, was.Bound, as.Count})
		return v, nil
	}
	return mfa.Verified{}, fmt.Errorf("pass: not one of these: %w", &mfa.NotValidError{Hint: "a hint", Enrollment: "which"})
}

func (f *passFactor) Scope(c mfa.Client) string { return c.Place }

func (f *passFactor) Signals(r mfa.SignalsRequest) (any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signalled = append(f.signalled, r)
	if r.UserState == nil {
		return nil, nil
	}
	ids := []string{}
	for _, e := range r.Enrollments {
		var s passState
		_ = json.Unmarshal(e.State, &s)
		ids = append(ids, s.ID)
	}
	return map[string]any{"handle": string(r.UserState), "ids": ids}, nil
}

// lastChallenge is what the factor was last asked to challenge.
func (f *passFactor) lastChallenge() mfa.ChallengeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.challenged[len(f.challenged)-1]
}

func (f *passFactor) lastEnroll() mfa.EnrollRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.enrolled[len(f.enrolled)-1]
}

// A fob is an authenticator with one credential.
type fob struct {
	assertion
	counts bool // it has a counter
}

func newFob() *fob {
	return &fob{assertion: assertion{ID: rand.Text(), Key: rand.Text(), UV: true}}
}

// sign answers a challenge.
func (b *fob) sign(c mfa.Challenge, edits ...func(*assertion)) mfa.Answer {
	if b.counts {
		b.Count++
	}
	a := b.assertion
	a.Challenge = c.(passAsked).Challenge
	for _, edit := range edits {
		edit(&a)
	}
	credential, _ := json.Marshal(a)
	return mfa.Answer{Option: "pass", Credential: credential}
}

// unverified is an answer without user verification, signed by another key, and so on.
func unverified(a *assertion)   { a.UV = false }
func wrongKey(a *assertion)     { a.Key = "forged" }
func isRefused(a *assertion)    { a.Refuse = true }
func alarming(a *assertion)     { a.Alarm = mfa.EventCloneSuspected }
func at(s string) mfa.Client    { return mfa.Client{Place: s} }
func onApp(s string) mfa.Client { return mfa.Client{App: s} }

// people are the host's users, as Config.Users finds them.
type people struct {
	mu    sync.Mutex
	users map[string]mfa.User
	min   map[string]uint64
	err   error
}

func (p *people) add(u mfa.User) mfa.User {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.ID] = u
	return u
}

func (p *people) find(_ context.Context, id string) (mfa.User, uint64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return mfa.User{}, 0, p.err
	}
	u, ok := p.users[id]
	if !ok {
		return mfa.User{}, 0, fmt.Errorf("people: %w", mfa.ErrNotFound)
	}
	return u, p.min[id], nil
}

// A keyWorld is a world with passkeys, over a store that can be spied on.
type keyWorld struct {
	*world
	pass  *passFactor
	users *people
	spy   *spy
}

func newKeyWorld(t testing.TB, options ...func(*mfa.Config)) *keyWorld {
	t.Helper()
	k := &keyWorld{pass: &passFactor{}, spy: &spy{}, users: &people{users: map[string]mfa.User{}, min: map[string]uint64{}}}
	wrap := func(c *mfa.Config) { k.spy.Store, c.Store = c.Store, k.spy }
	k.world = newWorld(t, append([]func(*mfa.Config){wrap, k.install}, options...)...)
	return k
}

func (k *keyWorld) install(c *mfa.Config) {
	c.Factors = append(c.Factors, k.pass)
	c.Users = k.users.find
}

// twin is another process over the same store.
func (k *keyWorld) twin(options ...func(*mfa.Config)) *keyWorld {
	k.t.Helper()
	x := *k
	x.world = k.world.twin(append([]func(*mfa.Config){k.install}, options...)...)
	return &x
}

// past is a twin that goes to the store past the spy.
func (k *keyWorld) past() *keyWorld {
	k.t.Helper()
	return k.twin(silent, withStore(k.spy.Store))
}

// caller is a user who signed in with a password a moment ago, or a flow of
// theirs that asks to enrol.
func (k *keyWorld) caller(u mfa.User) mfa.Caller {
	k.t.Helper()
	f := k.signIn(k.users.add(u), mfa.Client{})
	if f.Status == mfa.StatusEnroll {
		return mfa.Caller{FlowToken: f.Token}
	}
	k.want(f, nil, mfa.StatusPassed)
	return mfa.Caller{User: u, Authentication: f.Authentication}
}

// pending begins an enrolment of a key.
func (k *keyWorld) pending(c mfa.Caller, r mfa.Enroll) mfa.Enrolling {
	k.t.Helper()
	r.Method = "pass"
	p, err := k.Enroll(bg, c, r)
	if err != nil {
		k.t.Fatalf("enroll: %v", err)
	}
	return p
}

// confirm answers an enrolment; the key learns the user's handle.
func (k *keyWorld) confirm(c mfa.Caller, p mfa.Enrolling, b *fob, edits ...func(*assertion)) (mfa.Activated, error) {
	b.Handle = p.Challenge.(passAsked).Handle
	return k.Activate(bg, c, p.ID, b.sign(p.Challenge, edits...))
}

// register enrols a key.
func (k *keyWorld) register(c mfa.Caller, b *fob, r mfa.Enroll) mfa.Activated {
	k.t.Helper()
	done, err := k.confirm(c, k.pending(c, r), b)
	if err != nil {
		k.t.Fatalf("activate: %v", err)
	}
	return done
}

// withKey is a user who has enrolled a new key, and nothing else but recovery
// codes, and the session in which they did.
func (k *keyWorld) withKey(u mfa.User) (b *fob, id string, c mfa.Caller) {
	k.t.Helper()
	b = newFob()
	c = k.caller(u)
	done := k.register(c, b, mfa.Enroll{})
	if done.Flow != nil {
		done.Authentication = done.Flow.Authentication
	}
	return b, done.Enrollment.ID, mfa.Caller{User: u, Authentication: done.Authentication}
}

func (k *keyWorld) begin(c mfa.Client) mfa.Passkey {
	k.t.Helper()
	p, err := k.BeginPasskey(bg, c)
	if err != nil {
		k.t.Fatalf("begin: %v", err)
	}
	return p
}

// passkey is a whole sign-in with nothing but a key.
func (k *keyWorld) passkey(b *fob, c mfa.Client, edits ...func(*assertion)) (mfa.Flow, error) {
	k.t.Helper()
	p := k.begin(c)
	return k.FinishPasskey(bg, p.Token, b.sign(p.Challenge, edits...), c)
}

// entered is the session of such a sign-in.
func (k *keyWorld) entered(u mfa.User, b *fob, edits ...func(*assertion)) mfa.Caller {
	k.t.Helper()
	f, err := k.passkey(b, mfa.Client{}, edits...)
	k.want(f, err, mfa.StatusPassed)
	return mfa.Caller{User: u, Authentication: f.Authentication}
}

// ask challenges the keys of a flow.
func (k *keyWorld) ask(f mfa.Flow) mfa.Challenge {
	k.t.Helper()
	asked, err := k.Challenge(bg, f.Token, "pass", mfa.Client{})
	if err != nil {
		k.t.Fatalf("challenge: %v", err)
	}
	return asked.Challenge
}

// answer challenges the keys of a flow and answers with one.
func (k *keyWorld) answer(f mfa.Flow, b *fob, edits ...func(*assertion)) (mfa.Flow, error) {
	k.t.Helper()
	return k.Verify(bg, f.Token, b.sign(k.ask(f), edits...), mfa.Client{})
}

// keysOf are the keys of one kind in the store.
func (k *keyWorld) keysOf(kind string) []string {
	k.t.Helper()
	var out []string
	for key := range dump(k.t.(*testing.T), k.spy.Store) {
		if strings.HasPrefix(key, kind+"/") {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// notices are the security notices of one type, once the engine has told them all.
func (k *keyWorld) notices(kind mfa.EventType) []mfa.Event {
	return slices.DeleteFunc(k.events.ByType(kind), func(e mfa.Event) bool { return !e.Notice })
}

// A spy is a store whose calls are counted by what they do to what ("save
// user"), and can be tampered with.
type spy struct {
	mfa.Store
	mu   sync.Mutex
	seen map[string]int
	hook func(what, key string, n int, do func() error) error
}

// on counts anew, and has hook in each call's way; n is the how manieth of its kind.
func (s *spy) on(hook func(what, key string, n int, do func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.hook = map[string]int{}, hook
}

func (s *spy) reset() { s.on(nil) }

// calls are the counts, in words.
func (s *spy) calls() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for what, n := range s.seen {
		out = append(out, fmt.Sprintf("%s %d", what, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (s *spy) call(verb, key string, do func() error) error {
	kind, _, _ := strings.Cut(key, "/")
	what := verb + " " + kind
	s.mu.Lock()
	if s.seen == nil {
		s.seen = map[string]int{}
	}
	s.seen[what]++
	n, hook := s.seen[what], s.hook
	s.mu.Unlock()
	if hook == nil {
		return do()
	}
	return hook(what, key, n, do)
}

func (s *spy) Load(ctx context.Context, key string) (item mfa.Item, err error) {
	err = s.call("load", key, func() error { item, err = s.Store.Load(ctx, key); return err })
	if err != nil {
		return mfa.Item{}, err
	}
	return item, nil
}

func (s *spy) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return s.call("save", key, func() error { return s.Store.Save(ctx, key, old, item) })
}

func (s *spy) Delete(ctx context.Context, key string, old int64) error {
	return s.call("delete", key, func() error { return s.Store.Delete(ctx, key, old) })
}

// only tampers with calls of one kind.
func (s *spy) only(what string, f func(n int, do func() error) error) {
	s.on(func(w, _ string, n int, do func() error) error {
		if w == what {
			return f(n, do)
		}
		return do()
	})
}

// once does f at the first call of one kind.
func (s *spy) once(what string, f func(do func() error) error) {
	s.only(what, func(n int, do func() error) error {
		if n == 1 {
			return f(do)
		}
		return do()
	})
}

// lost is a call that happened and whose answer was not received.
func lost(do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return errWire
}

// notDone is a call that never reached the store.
func notDone(func() error) error { return errWire }

// notDurable is a call that happened, but may not outlive its server.
func notDurable(do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return fmt.Errorf("test: %w", mfa.ErrNotDurable)
}

// repeated is a call that a driver sent twice by itself.
func repeated(do func() error) error {
	if err := do(); err != nil {
		return err
	}
	return do()
}

func (s *spy) under() mfa.Store { return s.Store }
