package stories_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/notify"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

const (
	origin  = "https://app.example.com"
	product = "Example"
	day     = 24 * time.Hour

	changeMaxAge = 11 * time.Minute // more than evidence for a change may be old
)

// known are the methods that products have.
var known = []string{totp.Name, webauthn.Name, sms.Name, emailcode.Name, "recovery"}

// A company runs a product: an engine under the product's policy, and what it sends.
type company struct {
	*mfatest.Engine
	texts, mails *post
	rank         func(mfa.SupportRequest) error // what support may do; nil: all
}

// found starts a company whose clock shows a moment, such as "2025-09-27T12:00:00Z".
func found(t *testing.T, name, at string) *company {
	t.Helper()
	text, err := os.ReadFile(policyFile(name))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.ParseFor(text, known)
	if err != nil {
		t.Fatal(err)
	}
	c := &company{texts: new(post), mails: new(post)}
	c.Engine = mfatest.NewEngine(t, func(m *mfa.Config) {
		m.Policy = rules
		m.Factors = c.factors(t)
		m.Observers = append(m.Observers, c.notices(t))
		m.Support = func(_ context.Context, r mfa.SupportRequest) error {
			if c.rank == nil {
				return nil
			}
			return c.rank(r)
		}
	})
	c.Clock.Set(instant(t, at))
	return c
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (c *company) factors(t *testing.T) []mfa.Factor {
	t.Helper()
	apps, err := totp.New(totp.Config{Issuer: product})
	keys, err1 := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "app.example.com", Name: product, Origins: []string{origin}}})
	texts, err2 := sms.New(sms.Config{AppName: product, Origin: origin, Sender: c.texts, Countries: sms.Countries(countries()...), ResendWrong: true})
	mails, err3 := emailcode.New(emailcode.Config{AppName: product, Sender: c.mails, Link: origin + "/mfa/link"})
	if err := errors.Join(err, err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return []mfa.Factor{apps, keys, texts, mails, noCodes{}}
}

func (c *company) notices(t *testing.T) mfa.Observer {
	t.Helper()
	n, err := notify.New(notify.Config{Sender: c.mails, AppName: product, SettingsURL: origin + "/settings"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// told is the newest event of a type about a user, which may come after the answer.
func (c *company) told(t *testing.T, kind mfa.EventType, user string) mfa.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	list, err := c.Events.AwaitFunc(ctx, func(e mfa.Event) bool { return e.Type == kind && e.User == user }, 1)
	if err != nil {
		t.Fatalf("%s of %s: %v", kind, user, err)
	}
	return list[len(list)-1]
}

// until moves the clock on to a moment, which is not past.
func (c *company) until(t *testing.T, at string) {
	t.Helper()
	d := instant(t, at).Sub(c.Clock.Now())
	if d < 0 {
		t.Fatalf("%s is past", at)
	}
	c.Clock.Advance(d)
}

// A person has an account, a browser, and what they have set up.
type person struct {
	*company
	mfa.User
	client mfa.Client
	auth   mfa.Authentication // of their session
	phone  *mfatest.Authenticator
	key    *authenticator.Authenticator
}

// employ makes an account.
func (c *company) employ(id string, created time.Time) *person {
	return &person{company: c, User: mfa.User{ID: id, Name: id + "@example.net", Email: id + "@example.net", CreatedAt: created}}
}

// elsewhere is the same person in a browser that nobody has seen.
func (p *person) elsewhere() *person {
	other := *p
	other.client, other.auth = mfa.Client{App: p.client.App}, mfa.Authentication{}
	return &other
}

// signIn begins a sign-in by password.
func (p *person) signIn(t *testing.T) mfa.Flow {
	t.Helper()
	f, err := p.SignIn(t.Context(), mfa.SignIn{User: p.User, First: mfa.Password, Client: p.client})
	if err != nil {
		t.Fatal(err)
	}
	return p.went(f)
}

// went keeps what a browser does.
func (p *person) went(f mfa.Flow) mfa.Flow {
	if f.DeviceToken != "" {
		p.client.DeviceToken = f.DeviceToken
	}
	if f.Status == mfa.StatusPassed {
		p.auth = f.Authentication
	}
	return f
}

// answer proves one of the methods that the flow asks for.
func (p *person) answer(t *testing.T, f mfa.Flow, method string, remember bool) mfa.Flow {
	t.Helper()
	a := p.proof(t, f, method)
	a.Remember = remember
	f, err := p.Verify(t.Context(), f.Token, a, p.client)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return p.went(f)
}

// proof is a right answer, by what the person holds.
func (p *person) proof(t *testing.T, f mfa.Flow, method string) mfa.Answer {
	t.Helper()
	a := mfa.Answer{Option: optionOf(t, f, method)}
	if method == totp.Name {
		p.Clock.Advance(p.phone.Period)
		a.Code = p.phone.Code()
		return a
	}
	asked, err := p.Challenge(t.Context(), f.Token, a.Option, p.client)
	if wait := (*mfa.WaitError)(nil); errors.As(err, &wait) && !wait.Limit { // the pause between two messages
		p.Clock.Set(wait.Until)
		asked, err = p.Challenge(t.Context(), f.Token, a.Option, p.client)
	}
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	switch method {
	case webauthn.Name:
		if a, err = p.key.Answer(f, asked.Challenge); err != nil {
			t.Fatal(err)
		}
	case sms.Name:
		a.Code = p.texts.Code(p.Phone)
	case emailcode.Name:
		a.Code = p.mails.mailed(t, p.Email)
	}
	return a
}

func optionOf(t *testing.T, f mfa.Flow, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("%s is not asked for: %s, options %v", method, f.Status, f.Options)
	return ""
}

// wants checks where a flow stands.
func wants(t *testing.T, f mfa.Flow, status mfa.Status) mfa.Flow {
	t.Helper()
	if f.Status != status {
		t.Fatalf("the sign-in is %s %s, want %s", f.Status, f.Reason, status)
	}
	return f
}

// caller is who changes something: the sign-in that asks to enrol, or the session.
func (p *person) caller(f mfa.Flow) mfa.Caller {
	if f.Status == mfa.StatusEnroll {
		return mfa.Caller{FlowToken: f.Token, Client: p.client}
	}
	return p.me()
}

// me is the session.
func (p *person) me() mfa.Caller {
	return mfa.Caller{User: p.User, Authentication: p.auth, Client: p.client}
}

// setUp enrols a method and is where the sign-in goes from there.
func (p *person) setUp(t *testing.T, f mfa.Flow, method string) mfa.Flow {
	t.Helper()
	return p.confirm(t, p.caller(f), p.begin(t, f, mfa.Enroll{Method: method}))
}

func (p *person) begin(t *testing.T, f mfa.Flow, what mfa.Enroll) mfa.Enrolling {
	t.Helper()
	e, err := p.Enroll(t.Context(), p.caller(f), what)
	if err != nil {
		t.Fatalf("set up %s: %v", what.Method, err)
	}
	return e
}

// confirm finishes an enrolment with what arrives, or by what shows up.
func (p *person) confirm(t *testing.T, who mfa.Caller, e mfa.Enrolling) mfa.Flow {
	t.Helper()
	var a mfa.Answer
	var err error
	switch e.Method {
	case totp.Name:
		p.phone, err = mfatest.NewAuthenticator(e.Challenge.(*totp.Challenge).URI, p.Clock.Now)
		if err == nil {
			a.Code = p.phone.Code()
		}
	case webauthn.Name:
		p.key = authenticator.New(authenticator.Options{Origin: origin})
		a, err = p.key.Enroll(e.Challenge)
	case sms.Name:
		a.Code = p.texts.Code(p.Phone)
	case emailcode.Name:
		a.Code = p.mails.mailed(t, p.Email)
	}
	if err != nil {
		t.Fatal(err)
	}
	done, err := p.Activate(t.Context(), who, e.ID, a)
	if err != nil {
		t.Fatalf("confirm %s: %v", e.Method, err)
	}
	if done.Flow != nil {
		return p.went(*done.Flow)
	}
	p.auth = done.Authentication
	return mfa.Flow{}
}

// own are the methods that the person has set up.
func (p *person) own(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, e := range p.enrollments(t) {
		out = append(out, e.Method)
	}
	return out
}

func (p *person) enrollments(t *testing.T) []mfa.Enrollment {
	t.Helper()
	list, err := p.Enrollments(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(e mfa.Enrollment) bool { return e.Method == "recovery" || e.Implicit })
}

// enrollment is the one of a method.
func (p *person) enrollment(t *testing.T, method string) mfa.Enrollment {
	t.Helper()
	for _, e := range p.enrollments(t) {
		if e.Method == method {
			return e
		}
	}
	t.Fatalf("%s is not set up", method)
	return mfa.Enrollment{}
}

// refused is the refusal that err is.
func refused(t *testing.T, err error) *mfa.RefusedError {
	t.Helper()
	var r *mfa.RefusedError
	if !errors.As(err, &r) {
		t.Fatalf("not refused: %v", err)
	}
	return r
}

// noCodes is a factor of recovery codes that nobody uses, as no help page tells of
// them: the digests of real ones take most of a test's time.
type noCodes struct{}

func (noCodes) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Kind: mfa.Have, Together: true, Recovery: true}
}

func (noCodes) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Codes: []string{"x"}, Done: &mfa.Verified{State: []byte("{}"), Remaining: 1}}, nil
}

func (noCodes) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (noCodes) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrNotValid
}
