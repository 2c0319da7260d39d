package mfa_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

var bg = context.Background()

// A world is an engine with all that it stands on.
type world struct {
	*mfa.Engine
	t      testing.TB
	clock  *mfatest.Clock
	events *mfatest.Recorder
	store  mfa.Store
	keys   *mfa.KeyRing
	mail   *mailbox
	pauses *pauses
}

// newWorld makes an engine with authenticator apps, mailed codes, keys and
// quick recovery codes over a store in memory.
func newWorld(t testing.TB, options ...func(*mfa.Config)) *world {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, clock: mfatest.NewClock(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)), keys: keys, store: memory.New(), mail: &mailbox{}}
	return w.twin(options...)
}

// twin is another process over the same store: another engine, with events and
// pauses of its own.
func (w *world) twin(options ...func(*mfa.Config)) *world {
	w.t.Helper()
	apps, err := totp.New(totp.Config{Issuer: "Test"})
	if err != nil {
		w.t.Fatal(err)
	}
	out := *w
	out.events, out.pauses = &mfatest.Recorder{}, &pauses{}
	c := mfa.Config{
		Support: func(context.Context, mfa.SupportRequest) error { return nil },
		Store:   w.store, Keys: w.keys, Now: w.clock.Now, Wait: out.pauses.wait,
		Factors:   []mfa.Factor{apps, mailFactor{w.mail}, keyFactor{}, quickRecovery{}},
		Observers: []mfa.Observer{out.events},
		Logger:    slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		option(&c)
	}
	if out.Engine, err = mfa.New(c); err != nil {
		w.t.Fatal(err)
	}
	out.store, out.keys = c.Store, c.Keys
	w.t.Cleanup(func() { _ = out.Close(bg) })
	return &out
}

// drain ends the engine, so that all that it had to tell is told.
func (w *world) drain() {
	w.t.Helper()
	if err := w.Close(bg); err != nil {
		w.t.Fatal(err)
	}
}

func withPolicy(d func(mfa.Subject) mfa.Decision) func(*mfa.Config) {
	return func(c *mfa.Config) { c.Policy = policyFunc(d) }
}

func withStore(s mfa.Store) func(*mfa.Config) { return func(c *mfa.Config) { c.Store = s } }

// silent leaves the observers out, so that nothing is written after an answer.
func silent(c *mfa.Config) { c.Observers = nil }

type policyFunc func(mfa.Subject) mfa.Decision

func (f policyFunc) Decide(s mfa.Subject) mfa.Decision { return f(s) }

// required asks everybody for a second factor.
func required(mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
}

// pauses is a Config.Wait that takes no time and remembers what was asked of it.
type pauses struct {
	mu   sync.Mutex
	list []time.Duration
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, d)
	return ctx.Err()
}

func (p *pauses) all() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.list)
}

func person(id string) mfa.User {
	return mfa.User{ID: id, Name: id + "@example.com", Email: id + "@example.com", EmailVerified: true}
}

// from is a client in the nth network.
func from(n int) mfa.Client {
	return mfa.Client{IP: netip.AddrFrom4([4]byte{10, byte(n >> 8), byte(n), 7}), UserAgent: "Browser/1"}
}

// signIn begins a sign-in with the right password.
func (w *world) signIn(u mfa.User, c mfa.Client) mfa.Flow {
	w.t.Helper()
	f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password, Client: c})
	if err != nil {
		w.t.Fatalf("sign in: %v", err)
	}
	return f
}

func (w *world) want(f mfa.Flow, err error, status mfa.Status) {
	w.t.Helper()
	if err != nil || f.Status != status {
		w.t.Fatalf("flow is %q (%s), error %v; want %q", f.Status, f.Reason, err, status)
	}
}

// An app is an authenticator app that was enrolled.
type app struct {
	*mfatest.Authenticator
	id    string
	codes []string // the recovery codes that came with it
	auth  mfa.Authentication
	flow  *mfa.Flow
	made  int // when, in the order of a test
}

// scan begins to set an app up.
func (w *world) scan(c mfa.Caller, r mfa.Enroll) *app {
	w.t.Helper()
	r.Method = totp.Name
	p, err := w.Enroll(bg, c, r)
	if err != nil {
		w.t.Fatalf("enroll: %v", err)
	}
	return w.phone(p)
}

// phone is the app that scans what an enrolment shows.
func (w *world) phone(p mfa.Enrolling) *app {
	w.t.Helper()
	phone, err := mfatest.NewAuthenticator(p.Challenge.(*totp.Challenge).URI, w.clock.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	return &app{Authenticator: phone, id: p.ID}
}

// enroll sets an app up, and moves on to its next code.
func (w *world) enroll(c mfa.Caller, r mfa.Enroll) *app {
	w.t.Helper()
	a := w.scan(c, r)
	done, err := w.Activate(bg, c, a.id, mfa.Answer{Code: a.Code()})
	if err != nil {
		w.t.Fatalf("activate: %v", err)
	}
	a.codes, a.auth, a.flow = done.RecoveryCodes, done.Authentication, done.Flow
	w.next()
	return a
}

// withApp is a user who signed in and set an app up.
func (w *world) withApp(u mfa.User) *app {
	w.t.Helper()
	f := w.signIn(u, mfa.Client{})
	c := mfa.Caller{User: u, Authentication: f.Authentication}
	if f.Status == mfa.StatusEnroll {
		c = mfa.Caller{FlowToken: f.Token}
	}
	return w.enroll(c, mfa.Enroll{})
}

// next moves the clock to the next code.
func (w *world) next() { w.clock.Advance(30 * time.Second) }

// verify answers a flow with a code for an option.
func (w *world) verify(f mfa.Flow, option, code string, c mfa.Client) (mfa.Flow, error) {
	return w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: code}, c)
}

// byMail passes a flow with the code of a mail.
func (w *world) byMail(f mfa.Flow, box *mailbox, c mfa.Client) mfa.Flow {
	w.t.Helper()
	id := option(w.t, f, "email")
	is(w.t, second(w.Challenge(bg, f.Token, id, c)), nil)
	f, err := w.verify(f, id, box.last().code, c)
	w.want(f, err, mfa.StatusPassed)
	return f
}

// enter is a whole sign-in with an app; it moves on to the next code.
func (w *world) enter(u mfa.User, a *app, c mfa.Client) mfa.Flow {
	w.t.Helper()
	f := w.signIn(u, c)
	out, err := w.verify(f, a.id, a.Code(), c)
	w.want(out, err, mfa.StatusPassed)
	w.next()
	return out
}

// session is a caller who signed in with an app a moment ago.
func (w *world) session(u mfa.User, a *app) mfa.Caller {
	w.t.Helper()
	return mfa.Caller{User: u, Authentication: w.enter(u, a, mfa.Client{}).Authentication}
}

// wrong is a well-formed code that is none of the app's now.
func (a *app) wrong(now time.Time) string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		if !slices.ContainsFunc([]int{-1, 0, 1}, func(k int) bool { return a.CodeAt(now.Add(time.Duration(k)*30*time.Second)) == code }) {
			return code
		}
	}
}

func (w *world) wrong(a *app) string { return a.wrong(w.clock.Now()) }

func is(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error %v, want %v", err, target)
	}
}

// misses says what a RequirementError names.
func misses(t testing.TB, err error, want ...string) {
	t.Helper()
	var r *mfa.RequirementError
	if !errors.As(err, &r) {
		t.Fatalf("error %v, want a RequirementError", err)
	}
	for _, m := range want {
		if !slices.Contains(r.Missing, m) {
			t.Fatalf("missing %q, want %q", r.Missing, want)
		}
	}
}

func locked(t testing.TB, err error) *mfa.LockedError {
	t.Helper()
	var l *mfa.LockedError
	if !errors.As(err, &l) {
		t.Fatalf("error %v, want a LockedError", err)
	}
	return l
}

func methods(list []mfa.Option) (out []string) {
	for _, o := range list {
		out = append(out, o.Method)
	}
	return out
}

// option is the ID of a flow's option with this method.
func option(t testing.TB, f mfa.Flow, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("options are %v, want one by %s", methods(f.Options), method)
	return ""
}

// value is what the store holds of a user.
func value(t testing.TB, s mfa.Store, user string) mfa.Item {
	t.Helper()
	item, err := s.Load(bg, "user/"+user)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// mailbox receives what the mail factor sends.
type mailbox struct {
	mu   sync.Mutex
	sent []letter
	fail bool
}

type letter struct{ to, code string }

func (b *mailbox) put(l letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail {
		return errors.New("carrier is down")
	}
	b.sent = append(b.sent, l)
	return nil
}

func (b *mailbox) last() letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.sent) == 0 {
		return letter{}
	}
	return b.sent[len(b.sent)-1]
}

func (b *mailbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sent)
}

// mailFactor mails codes: something that proves neither knowing nor having.
type mailFactor struct{ box *mailbox }

type mailPending struct{ To, Code, Flow string }

func (mailFactor) Method() mfa.Method {
	return mfa.Method{Name: "email", Label: "E-mail", Channel: "email", Guessable: true}
}

func (f mailFactor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	to := r.Params.Email
	if to == "" {
		to = r.User.Email
	}
	if to == "" || r.Implicit && !r.User.EmailVerified {
		return mfa.Step{}, &mfa.RefusedError{Reason: "no_address"}
	}
	if r.Implicit {
		return mfa.Step{Done: &mfa.Verified{State: []byte(to), Address: to}, Hint: to[:1] + "…"}, nil
	}
	return f.step(to, r.ID), nil
}

func (f mailFactor) step(to, flow string) mfa.Step {
	var b [4]byte
	rand.Read(b[:])
	p := mailPending{to, fmt.Sprintf("%06d", binary.BigEndian.Uint32(b[:])%1e6), flow}
	pending, _ := json.Marshal(p)
	return mfa.Step{Pending: pending, Hint: to[:1] + "…", Challenge: mailed{},
		Delivery: &mfa.Delivery{Sender: carrier(func(mfa.Message) error { return f.box.put(letter{to, p.Code}) }), Message: mfa.Message{To: to, Text: p.Code}}}
}

// carrier is an mfa.Sender.
type carrier func(mfa.Message) error

func (c carrier) Send(_ context.Context, m mfa.Message) (string, error) { return "ref", c(m) }

type mailed struct{}

func (mailed) Method() string { return "email" }

func (f mailFactor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	if r.Purpose == mfa.ForEnrollment {
		var p mailPending
		if err := json.Unmarshal(r.Previous, &p); err != nil {
			return mfa.Step{}, err
		}
		return f.step(p.To, r.Flow), nil
	}
	return f.step(string(r.Enrollments[0].State), r.Flow), nil
}

func (mailFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if len(r.Answer.Code) != 6 || strings.Trim(r.Answer.Code, "0123456789") != "" {
		return mfa.Verified{}, mfa.ErrBadInput
	}
	var p mailPending
	if r.Pending == nil || json.Unmarshal(r.Pending, &p) != nil || p.Code != r.Answer.Code || p.Flow != r.Flow {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	v := mfa.Verified{State: []byte(p.To), AMR: []string{"email"}}
	if r.Purpose == mfa.ForAuthentication {
		v.EnrollmentID = r.Enrollments[0].ID
	}
	return v, nil
}

// keyFactor is a key that resists phishing: its credential is its name.
type keyFactor struct{}

func (keyFactor) Method() mfa.Method {
	return mfa.Method{Name: "key", Label: "Key", Kind: mfa.Have, PhishingResistant: true, Together: true}
}

func (keyFactor) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Pending: []byte("touch")}, nil
}

func (keyFactor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{Pending: []byte("touch")}, nil
}

func (keyFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if r.Pending == nil {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	v := mfa.Verified{State: r.Answer.Credential, AMR: []string{"hwk"}, UserVerified: true}
	if r.Purpose == mfa.ForEnrollment {
		return v, nil
	}
	for _, e := range r.Enrollments {
		if string(e.State) == string(r.Answer.Credential) {
			v.EnrollmentID = e.ID
			return v, nil
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

func (w *world) enrollKey(c mfa.Caller, name string) mfa.Activated {
	w.t.Helper()
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "key"})
	if err != nil {
		w.t.Fatal(err)
	}
	done, err := w.Activate(bg, c, p.ID, mfa.Answer{Credential: []byte(name)})
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// quickRecovery are recovery codes without the slow digest.
type quickRecovery struct{}

func (quickRecovery) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Label: "Recovery codes", Kind: mfa.Have, Together: true, Recovery: true}
}

func (quickRecovery) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit"}
	}
	var codes []string
	var hashes []string
	for range 10 {
		codes = append(codes, rand.Text())
		hashes = append(hashes, quickHash(codes[len(codes)-1]))
	}
	state, _ := json.Marshal(hashes)
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: state, Remaining: len(codes)}}, nil
}

func quickHash(code string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(code))) }

func (quickRecovery) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (quickRecovery) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	var hashes []string
	if err := json.Unmarshal(r.Enrollments[0].State, &hashes); err != nil {
		return mfa.Verified{}, err
	}
	i := slices.Index(hashes, quickHash(r.Answer.Code))
	if i < 0 {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	hashes = slices.Delete(hashes, i, i+1)
	state, _ := json.Marshal(hashes)
	return mfa.Verified{EnrollmentID: r.Enrollments[0].ID, State: state, Remaining: len(hashes), AMR: []string{"otp"}}, nil
}

// A tap is a store whose calls for users' values can be counted and tampered with.
type tap struct {
	mfa.Store
	mu           sync.Mutex
	loads, saves int
	onLoad       func(n int, key string, load func() (mfa.Item, error)) (mfa.Item, error)
	onSave       func(n int, key string, old int64, item mfa.Item, save func() error) error
}

func (s *tap) under() mfa.Store { return s.Store }

func (s *tap) Load(ctx context.Context, key string) (mfa.Item, error) {
	load := func() (mfa.Item, error) { return s.Store.Load(ctx, key) }
	if !strings.HasPrefix(key, "user/") {
		return load()
	}
	s.mu.Lock()
	s.loads++
	n, hook := s.loads, s.onLoad
	s.mu.Unlock()
	if hook != nil {
		return hook(n, key, load)
	}
	return load()
}

func (s *tap) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	save := func() error { return s.Store.Save(ctx, key, old, item) }
	if !strings.HasPrefix(key, "user/") {
		return save()
	}
	s.mu.Lock()
	s.saves++
	n, hook := s.saves, s.onSave
	s.mu.Unlock()
	if hook != nil {
		return hook(n, key, old, item, save)
	}
	return save()
}

// reset begins counting anew, without hooks.
func (s *tap) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads, s.saves, s.onLoad, s.onSave = 0, 0, nil, nil
}

func (s *tap) counts() (loads, saves int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads, s.saves
}

// onSaves resets the tap and tampers with saves.
func (s *tap) onSaves(f func(n int, save func() error) error) {
	s.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onSave = func(n int, _ string, _ int64, _ mfa.Item, save func() error) error { return f(n, save) }
}

// parallel runs f n times at once, and returns what each run returned.
func parallel(n int, f func(i int) error) []error {
	out := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			out[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return out
}

// tallyOf counts errors by what they are.
func tallyOf(errs []error, targets ...error) []int {
	out := make([]int, len(targets)+1) // the last: none of them
	for _, err := range errs {
		i := slices.IndexFunc(targets, func(t error) bool { return t == nil && err == nil || t != nil && errors.Is(err, t) })
		if i < 0 {
			i = len(targets)
		}
		out[i]++
	}
	return out
}

func asError[T error](err error, into *T) bool { return errors.As(err, into) }

// disable guesses at an option until it is disabled, waiting as it is told to,
// and returns how many guesses were answered.
func (w *world) disable(u mfa.User, id string, guess func() string) int {
	w.t.Helper()
	for answered := 0; answered < 1000; {
		f := w.signIn(u, mfa.Client{})
		if f.Status != mfa.StatusChallenge || !slices.ContainsFunc(f.Options, func(o mfa.Option) bool { return o.ID == id }) {
			return answered
		}
		_, err := w.verify(f, id, guess(), mfa.Client{})
		if errors.Is(err, mfa.ErrNotValid) {
			answered++
			continue
		}
		l := locked(w.t, err)
		if l.Disabled {
			return answered
		}
		w.clock.Set(l.Until)
	}
	w.t.Fatal("is never disabled")
	return 0
}

// glass seals nothing, so that tests can look at what is stored; it holds the
// engine to its associated data all the same.
type glass struct{}

func (glass) Encrypt(plain, associated []byte) ([]byte, error) {
	sum := sha256.Sum256(associated)
	return append(sum[:], plain...), nil
}

func (glass) Decrypt(sealed, associated []byte) ([]byte, error) {
	sum := sha256.Sum256(associated)
	if len(sealed) < len(sum) || string(sealed[:len(sum)]) != string(sum[:]) {
		return nil, errors.New("glass: does not open")
	}
	return sealed[len(sum):], nil
}

// refusing takes no event.
type refusing struct{}

func (refusing) Observe(context.Context, mfa.Event) error { return errors.New("refused") }

// untapped is another process that goes to the store past the tap.
func (w *world) untapped(s *tap) *mfa.Engine {
	w.t.Helper()
	return w.twin(silent, withStore(s.Store)).Engine
}

func indexOf(b []byte, s string) int { return strings.Index(string(b), s) }

// secretOf is the secret that an enrolment showed.
func secretOf(t testing.TB, p mfa.Enrolling) string {
	t.Helper()
	c, ok := p.Challenge.(*totp.Challenge)
	if !ok || len(c.Secret) < 16 {
		t.Fatal("no secret was shown")
	}
	return c.Secret
}
