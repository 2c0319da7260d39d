package stories_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/program"
	"github.com/mfakit/mfa/mfatest"
)

type js map[string]any

// A site is the demo, running under a product's policy.
type site struct {
	url   string
	ahead time.Duration // of its clock
}

// open starts the program in development, with everything in memory, and ends it
// when the test does.
func open(t *testing.T, name string) *site {
	t.Helper()
	log := new(program.Output)
	p, err := program.Start(exec.Command(webapp, "-dev", "-addr", "127.0.0.1:0", "-store", "memory:", "-policy", policyFile(name)), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() || strings.Contains(log.String(), "panic") {
			t.Errorf("the program's log:\n%s", log)
		}
	})
	return &site{url: p.URL}
}

// now is the time as the site sees it.
func (s *site) now() time.Time { return time.Now().Add(s.ahead) }

// advance moves the site's clock.
func (s *site) advance(t *testing.T, d time.Duration) {
	t.Helper()
	s.browser().post(t, "/dev/clock", js{"advance": d.String()}).want(t, http.StatusOK)
	s.ahead += d
}

type letter struct{ Channel, To, Subject, Body string }

func (s *site) inbox(t *testing.T) []letter {
	t.Helper()
	var list []letter
	s.browser().get(t, "/dev/inbox.json").want(t, http.StatusOK).into(t, &list)
	return list
}

// mail is the newest mail to somebody with these words in its subject. Notices go
// out after the answer, and the inbox can only be asked.
func (s *site) mail(t *testing.T, to, subject string) letter {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, l := range s.inbox(t) {
			if l.To == to && strings.Contains(strings.ToLower(l.Subject), subject) {
				return l
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("no mail %q to %s", subject, to)
		}
	}
}

var codeInText = regexp.MustCompile(`\b(\d{6})\b`)

// code is the newest code that went to a number or an address.
func (s *site) code(t *testing.T, to string) string {
	t.Helper()
	for _, l := range s.inbox(t) {
		in := codeInText
		if l.Channel == "email" {
			in = codeInMail
		}
		if code := in.FindStringSubmatch(l.Body); l.To == to && code != nil {
			return code[1]
		}
	}
	t.Fatalf("no code to %s", to)
	return ""
}

// A browser keeps cookies.
type browser struct {
	site   *site
	http   *http.Client
	header http.Header // with each request
}

func (s *site) browser() *browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &browser{site: s, header: http.Header{}, http: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// A reply is an answer, read in full.
type reply struct {
	what   string
	status int
	header http.Header
	body   []byte
}

func (b *browser) get(t *testing.T, path string) reply { t.Helper(); return b.do(t, "GET", path, nil) }
func (b *browser) post(t *testing.T, path string, body any) reply {
	t.Helper()
	return b.do(t, "POST", path, body)
}
func (b *browser) delete(t *testing.T, path string) reply {
	t.Helper()
	return b.do(t, "DELETE", path, nil)
}

func (b *browser) do(t *testing.T, method, path string, body any) reply {
	t.Helper()
	var reader io.Reader
	kind := "application/json"
	switch v := body.(type) {
	case nil:
	case url.Values:
		reader, kind = strings.NewReader(v.Encode()), "application/x-www-form-urlencoded"
	default:
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.site.url+path, reader)
	if err != nil {
		t.Fatal(err)
	}
	if reader != nil {
		r.Header.Set("Content-Type", kind)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	res, err := b.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out := reply{what: method + " " + path, status: res.StatusCode, header: res.Header}
	if out.body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return out
}

// page is what a person sees who posts a form.
func (b *browser) page(t *testing.T, path string, form url.Values) string {
	t.Helper()
	b.header.Set("Accept", "text/html")
	defer b.header.Del("Accept")
	return html.UnescapeString(string(b.post(t, path, form).want(t, http.StatusOK).body))
}

// want checks the status and, for problems, the code.
func (r reply) want(t *testing.T, status int, code ...string) reply {
	t.Helper()
	var p struct{ Code string }
	if len(code) > 0 {
		_ = json.Unmarshal(r.body, &p) // then it is not the code that is wanted
	}
	if r.status != status || len(code) > 0 && p.Code != code[0] {
		t.Fatalf("%s: %d %s, want %d %v", r.what, r.status, r.body, status, code)
	}
	return r
}

func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("%s: %v in %s", r.what, err, r.body)
	}
}

// lacks is what a change asks for, by a refusal.
func (r reply) lacks(t *testing.T) []string {
	t.Helper()
	var p struct{ Missing []string }
	r.want(t, http.StatusForbidden, "requirement").into(t, &p)
	return p.Missing
}

type flow struct {
	Status, Purpose, Reason string
	Options                 []struct{ ID, Method string }
	Methods                 []string
	Remember                struct{ Days int }
}

func (r reply) flow(t *testing.T) flow {
	t.Helper()
	var f flow
	r.into(t, &f)
	return f
}

func (f flow) option(t *testing.T, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("%s is not asked for by %+v", method, f)
	return ""
}

// A member has an account.
type member struct {
	*browser
	email, password, number string
	phone                   *mfatest.Authenticator
}

// join makes an account, with a number on file or without.
func (s *site) join(t *testing.T, number string) (*member, flow) {
	t.Helper()
	m := &member{s.browser(), strings.ToLower(rand.Text()) + "@example.net", "pass " + rand.Text(), number, nil}
	r := m.post(t, "/register", js{"email": m.email, "password": m.password, "phone": number})
	return m, r.want(t, http.StatusCreated).flow(t)
}

// elsewhere is the same person in another browser.
func (m *member) elsewhere() *member {
	other := *m
	other.browser = m.site.browser()
	return &other
}

func (m *member) login(t *testing.T) flow {
	t.Helper()
	return m.post(t, "/login", js{"email": m.email, "password": m.password}).want(t, http.StatusOK).flow(t)
}

func (m *member) reauthenticate(t *testing.T) {
	t.Helper()
	m.post(t, "/reauthenticate", js{"password": m.password}).want(t, http.StatusNoContent)
}

type begun struct{ ID, Method, Secret, URI, QR string }

func (m *member) begin(t *testing.T, what js) begun {
	t.Helper()
	var b begun
	m.post(t, "/mfa/enrollments", what).want(t, http.StatusCreated).into(t, &b)
	return b
}

// scan puts what was begun into the phone.
func (m *member) scan(t *testing.T, b begun) {
	t.Helper()
	var err error
	if m.phone, err = mfatest.NewAuthenticator(b.URI, m.site.now); err != nil {
		t.Fatal(err)
	}
}

type activated struct {
	Enrollment    struct{ ID, Method string }
	RecoveryCodes []string `json:"recovery_codes"`
	Flow          *flow
}

func (m *member) activate(t *testing.T, b begun, proof js) activated {
	t.Helper()
	var done activated
	m.post(t, "/mfa/enrollments/"+b.ID+"/activate", proof).want(t, http.StatusOK).into(t, &done)
	return done
}

// addApp sets an authenticator app up.
func (m *member) addApp(t *testing.T) activated {
	t.Helper()
	b := m.begin(t, js{"method": "totp"})
	m.scan(t, b)
	return m.activate(t, b, js{"code": m.phone.Code()})
}

// nextCode is the phone's, once it has a new one.
func (m *member) nextCode(t *testing.T) string {
	t.Helper()
	m.site.advance(t, m.phone.Period)
	return m.phone.Code()
}

// verify answers a flow.
func (m *member) verify(t *testing.T, option, code string, more ...js) reply {
	t.Helper()
	answer := js{"option": option, "code": code}
	for _, members := range more {
		for k, v := range members {
			answer[k] = v
		}
	}
	return m.post(t, "/mfa/flow/verify", answer)
}

// signIn goes through a sign-in with the app's code.
func (m *member) signIn(t *testing.T) {
	t.Helper()
	m.passed(t, m.verify(t, m.login(t).option(t, "totp"), m.nextCode(t)))
}

// passed checks that somebody is in.
func (m *member) passed(t *testing.T, r reply) {
	t.Helper()
	if f := r.want(t, http.StatusOK).flow(t); f.Status != "passed" {
		t.Fatalf("%s: %+v", r.what, f)
	}
	m.get(t, "/me").want(t, http.StatusOK)
}

// ids are the enrollments of the member.
func (m *member) ids(t *testing.T) map[string]string {
	t.Helper()
	var l struct{ Enrollments []struct{ ID, Method string } }
	m.get(t, "/mfa/enrollments").want(t, http.StatusOK).into(t, &l)
	out := map[string]string{}
	for _, e := range l.Enrollments {
		out[e.Method] = e.ID
	}
	return out
}
