package pages_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// as is a browser in which a user is signed in by the password, and the code of their
// app if they have one.
func (h *host) as(name string, phone *mfatest.Authenticator) *browser {
	h.t.Helper()
	ctx := context.Background()
	client := mfa.Client{App: "web"}
	flow, err := h.SignIn(ctx, mfa.SignIn{User: userNamed(name), First: mfa.Password, Client: client})
	if err == nil && phone != nil {
		flow, err = h.Verify(ctx, flow.Token, phone.Answer(flow), client)
		h.Clock.Advance(phone.Period)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if flow.Status != mfa.StatusPassed {
		h.t.Fatalf("%s is not signed in: the flow is at %q", name, flow.Status)
	}
	b := h.browser()
	id := rand.Text()
	h.mu.Lock()
	h.sessions[id] = session{flow.User, flow.Authentication}
	h.mu.Unlock()
	b.cookies["session"] = id
	return b
}

// phoneOf is an app that is set up with the key that a page shows.
func (p *page) phoneOf() *mfatest.Authenticator {
	p.b.t.Helper()
	a := p.root.first(func(n *node) bool { return strings.HasPrefix(n.attr["href"], "otpauth:") })
	if a == nil {
		p.b.t.Fatalf("%s shows no key:\n%d %s", p.path, p.status, p.body)
	}
	phone, err := mfatest.NewAuthenticator(a.attr["href"], p.b.h.Clock.Now)
	if err != nil {
		p.b.t.Fatal(err)
	}
	return phone
}

// secret is the key that a page shows for typing.
func (p *page) secret() string {
	p.b.t.Helper()
	s := p.id("secret")
	if s == nil {
		p.b.t.Fatalf("%s shows no key:\n%d %s", p.path, p.status, p.body)
	}
	return s.words()
}

// says fails the test unless a part of the page holds these words.
func (p *page) says(id, want string) *page {
	p.b.t.Helper()
	if n := p.id(id); n == nil || !strings.Contains(n.words(), want) {
		p.b.t.Fatalf("%s: #%s does not say %q:\n%d %s", p.path, id, want, p.status, p.body)
	}
	return p
}

// without fails the test if the page holds a text.
func (p *page) without(texts ...string) *page {
	p.b.t.Helper()
	for _, text := range texts {
		if text != "" && strings.Contains(p.body, text) {
			p.b.t.Fatalf("%s holds %q:\n%d %s", p.path, text, p.status, p.body)
		}
	}
	return p
}

// leads fails the test unless sending this leads to a page of ours, and back to want then.
func (b *browser) asksFirst(method, path, want string, fields ...string) {
	b.t.Helper()
	p := b.send(method, path, encode(fields...))
	to, err := url.Parse(p.header.Get("Location"))
	if err != nil || p.status != http.StatusSeeOther || to.Path != "/account/confirm" || to.Query().Get("return") != want {
		b.t.Errorf("%s %s: %d to %q, want /account/confirm, and back to %s then", method, path, p.status, p.header.Get("Location"), want)
	}
}

// owned are what a user has set up, recovery codes left out.
func (h *host) owned(name string) []mfa.Enrollment {
	h.t.Helper()
	all, err := h.Enrollments(context.Background(), "id-"+name)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []mfa.Enrollment
	for _, e := range all {
		if e.Method != "recovery" && !e.Implicit {
			out = append(out, e)
		}
	}
	return out
}

// texts of the elements with a class.
func (p *page) class(name string) (out []string) {
	for _, n := range p.root.all(func(n *node) bool { return strings.Contains(" "+n.attr["class"]+" ", " "+name+" ") }) {
		out = append(out, n.words())
	}
	return out
}

// quickCodes are recovery codes that cost nothing to make; nobody answers with them here.
var quickCodes = change{engine: func(c *mfa.Config) { c.Factors = append(c.Factors, codesFactor{}) }}

type codesFactor struct{}

func (codesFactor) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Label: "Recovery codes", Kind: mfa.Have, Recovery: true}
}

func (codesFactor) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	codes := make([]string, 10)
	for i := range codes {
		codes[i] = strings.Map(func(r rune) rune { return '0' + r%10 }, rand.Text()[:16]) // of digits: no words of ours
	}
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: []byte("{}"), Remaining: len(codes)}}, nil
}

func (codesFactor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (codesFactor) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, &mfa.NotValidError{}
}
