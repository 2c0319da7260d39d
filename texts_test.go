package mfa_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mfakit/mfa"
)

// texts is a factor that sends codes to phones, under what budgets a test likes.
type texts struct {
	out     mfa.Sender
	budgets func(to string) []mfa.Budget
	known   bool                        // all numbers count as verified before
	before  func(context.Context) error // asked before a message goes out
	resend  bool                        // a wrong answer asks for a new code
	divert  string                      // not empty: the number has been changed to this
}

// textDigits is long enough that a search for a code finds nothing by chance.
const textDigits = 12

type textPending struct{ To, Code, Flow string }

type textAsked struct {
	To string `json:"to"`
}

func (textAsked) Method() string { return "sms" }

func (*texts) Method() mfa.Method {
	return mfa.Method{Name: "sms", Label: "Text message", Kind: mfa.Have, Channel: "sms", Restricted: true, Guessable: true}
}

func (f *texts) step(to, flow string, known bool) mfa.Step {
	var b [8]byte
	rand.Read(b[:])
	p := textPending{to, fmt.Sprintf("%0*d", textDigits, binary.BigEndian.Uint64(b[:])%1e12), flow}
	pending, _ := json.Marshal(p)
	d := &mfa.Delivery{Sender: f.out, Known: known || f.known, Before: f.before,
		Message: mfa.Message{Channel: mfa.ChannelSMS, To: to, Text: "Your code is " + p.Code}}
	if f.budgets != nil {
		d.Budgets = f.budgets(to)
	}
	return mfa.Step{Pending: pending, Challenge: textAsked{mask(to)}, Hint: mask(to), Delivery: d}
}

func mask(to string) string { return "••• " + to[max(0, len(to)-2):] }

// Enroll texts a code to Params.Phone; Import takes a number as it is.
func (f *texts) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	switch {
	case r.Implicit:
		return mfa.Step{}, mfa.ErrBadInput
	case r.Params.Import != nil:
		return mfa.Step{Hint: mask(string(r.Params.Import)), Done: &mfa.Verified{State: r.Params.Import}}, nil
	case !strings.HasPrefix(r.Params.Phone, "+"):
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_a_number"}
	}
	return f.step(r.Params.Phone, r.ID, false), nil
}

func (f *texts) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	if r.Purpose == mfa.ForEnrollment {
		var p textPending
		if err := json.Unmarshal(r.Previous, &p); err != nil {
			return mfa.Step{}, err
		}
		return f.step(p.To, r.Flow, false), nil
	}
	return f.step(cmp.Or(f.divert, string(r.Enrollments[0].State)), r.Flow, true), nil
}

func (f *texts) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if len(r.Answer.Code) != textDigits || strings.Trim(r.Answer.Code, "0123456789") != "" {
		return mfa.Verified{}, mfa.ErrBadInput
	}
	var p textPending
	if r.Pending == nil || json.Unmarshal(r.Pending, &p) != nil || p.Code != r.Answer.Code || p.Flow != r.Flow {
		return mfa.Verified{}, &mfa.NotValidError{Resend: f.resend}
	}
	v := mfa.Verified{State: []byte(p.To), AMR: []string{"sms"}}
	if r.Purpose == mfa.ForAuthentication {
		v.EnrollmentID = r.Enrollments[0].ID
	}
	return v, nil
}

// tower is a carrier: an mfa.Sender that remembers what it was given, and then
// does what its test says.
type tower struct {
	mu   sync.Mutex
	sent []mfa.Message
	then func(ctx context.Context, m mfa.Message) error
}

func (o *tower) Send(ctx context.Context, m mfa.Message) (string, error) {
	o.mu.Lock()
	o.sent = append(o.sent, m)
	then := o.then
	o.mu.Unlock()
	if then == nil {
		return "ref", nil
	}
	return "", then(ctx, m)
}

func (o *tower) does(then func(context.Context, mfa.Message) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.then = then
}

// fails makes it fail with err from now on; nil: it works again.
func (o *tower) fails(err error) {
	o.does(func(context.Context, mfa.Message) error { return err })
}

func (o *tower) all() []mfa.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.sent)
}

func (o *tower) count() int { return len(o.all()) }

// code is what the last message says.
func (o *tower) code() string {
	all := o.all()
	text := all[len(all)-1].Text
	return text[len(text)-textDigits:]
}

// A textWorld is a world with text messages.
type textWorld struct {
	*world
	texts   *texts
	tower   *tower
	options []func(*mfa.Config)
}

func newTextWorld(t testing.TB, budgets func(to string) []mfa.Budget, options ...func(*mfa.Config)) *textWorld {
	t.Helper()
	o := &tower{}
	f := &texts{out: o, budgets: budgets}
	options = append([]func(*mfa.Config){func(c *mfa.Config) { c.Factors = append(c.Factors, f) }}, options...)
	return &textWorld{world: newWorld(t, options...), texts: f, tower: o, options: options}
}

// process is another process over the same store, with the same carrier.
func (w *textWorld) process(options ...func(*mfa.Config)) *textWorld {
	w.t.Helper()
	out := *w
	out.world = w.twin(append(slices.Clone(w.options), options...)...)
	return &out
}

// elsewhere is another process with a carrier of its own.
func (w *textWorld) elsewhere(out mfa.Sender) *textWorld {
	w.t.Helper()
	f := *w.texts
	f.out = out
	return w.process(func(c *mfa.Config) { c.Factors[len(c.Factors)-1] = &f })
}

// password is a caller who gave the right password a moment ago.
func (w *textWorld) password(u mfa.User) mfa.Caller {
	return mfa.Caller{User: u, Authentication: mfa.Authentication{User: u.ID,
		Proofs: []mfa.Proof{{Method: string(mfa.Password), First: true, Kind: mfa.Know, Time: w.clock.Now()}}}}
}

// numbers counts up users and numbers that no test has used before.
var numbers atomic.Int64

// ring has a code texted to a number that nobody has verified, for a user who is new.
func (w *textWorld) ring(to string, c mfa.Client) error {
	caller := w.password(person(fmt.Sprint("stranger-", numbers.Add(1))))
	caller.Client = c
	return second(w.Enroll(bg, caller, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: to}}))
}

// fresh is a number that no test has used before.
func fresh() string { return fmt.Sprintf("+4477%08d", numbers.Add(1)) }

// withNumber is a user who has this number, and the enrollment's identifier.
func (w *textWorld) withNumber(u mfa.User, to string) string {
	w.t.Helper()
	p, err := w.Enroll(bg, w.password(u), mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Import: []byte(to)}})
	if err != nil || p.Activated == nil {
		w.t.Fatalf("import: %v", err)
	}
	return p.ID
}

// ask has a code texted for a flow.
func (w *textWorld) ask(f mfa.Flow) (mfa.Asked, error) {
	w.t.Helper()
	return w.Challenge(bg, f.Token, option(w.t, f, "sms"), mfa.Client{})
}

// mistaken is a code that no message says.
const mistaken = "000000000000"

func waits(t testing.TB, err error) *mfa.WaitError {
	t.Helper()
	var w *mfa.WaitError
	if !asError(err, &w) {
		t.Fatalf("error %v, want a WaitError", err)
	}
	return w
}

// all is one budget that every message falls under.
func all(b mfa.Budget) func(string) []mfa.Budget {
	b.Name, b.Key = "system", "all"
	return func(string) []mfa.Budget { return []mfa.Budget{b} }
}
