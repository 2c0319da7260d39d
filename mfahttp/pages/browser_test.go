package pages_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
)

// A browser keeps cookies, follows redirects, and holds each page that it gets to
// what holds for all pages: see wellFormed.
type browser struct {
	t       *testing.T
	h       *host
	cookies map[string]string
	header  http.Header     // sent with every request
	seen    strings.Builder // all that was ever answered
}

func (h *host) browser() *browser {
	return &browser{t: h.t, h: h, cookies: map[string]string{}, header: http.Header{}}
}

// copy is another browser with the same cookies.
func (b *browser) copy() *browser {
	return &browser{t: b.t, h: b.h, cookies: maps.Clone(b.cookies), header: b.header.Clone()}
}

// A page is an answer that was read.
type page struct {
	b      *browser
	status int
	header http.Header
	path   string // with its query, after redirects
	body   string
	root   *node // nil: it is no HTML
}

// send sends one request and follows nothing. Headers are pairs of name and value.
func (b *browser) send(method, path, body string, headers ...string) *page {
	b.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, origin+path, strings.NewReader(body))
	r.RequestURI = path
	r.RemoteAddr = "192.0.2.7:1234"
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	maps.Copy(r.Header, b.header)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.h.mux.ServeHTTP(w, r)
	for name, values := range w.Header() {
		b.seen.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	b.seen.Write(w.Body.Bytes())
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	p := &page{b: b, status: w.Code, header: w.Header(), path: path, body: w.Body.String()}
	if w.Code != http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		p.root = parseHTML(b.t, p.body)
		if b.h.pages != nil && strings.HasPrefix(path, "/account") {
			p.wellFormed()
		}
	}
	return p
}

// follow goes where redirects lead.
func (p *page) follow() *page {
	p.b.t.Helper()
	for hops := 0; p.status == http.StatusSeeOther; hops++ {
		to := p.header.Get("Location")
		if hops == 5 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
			p.b.t.Fatalf("%s leads to %q, after %d redirects", p.path, to, hops)
		}
		p = p.b.send(http.MethodGet, to, "")
	}
	return p
}

func (b *browser) get(path string, headers ...string) *page {
	b.t.Helper()
	return b.send(http.MethodGet, path, "", headers...).follow()
}

// post sends fields, which are pairs of name and value, and follows where it leads.
func (b *browser) post(path string, fields ...string) *page {
	b.t.Helper()
	return b.send(http.MethodPost, path, encode(fields...)).follow()
}

func encode(fields ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v.Encode()
}

// submit fills in a page's form and sends it, as a browser without scripts does. The
// form is named by its id or its action; fields are pairs of name and value, and each has
// to be in it. A box is checked by its value, and cleared by "".
func (p *page) submit(form string, fields ...string) *page {
	p.b.t.Helper()
	f := p.form(form)
	have := f.fields()
	for i := 0; i+1 < len(fields); i += 2 {
		if f.first(func(n *node) bool { return n.attr["name"] == fields[i] }) == nil {
			p.b.t.Fatalf("%s: the form %s has no field %s:\n%s", p.path, form, fields[i], p.body)
		}
		have.Set(fields[i], fields[i+1])
		if fields[i+1] == "" {
			have.Del(fields[i])
		}
	}
	action := f.attr["action"]
	if action == "" {
		action = p.path
	}
	if f.attr["method"] != "post" {
		p.b.t.Fatalf("%s: the form %s is not posted", p.path, form)
	}
	return p.b.send(http.MethodPost, action, have.Encode()).follow()
}

// want fails the test unless the page has this status and, if it is not empty, heading.
func (p *page) want(status int, heading string) *page {
	p.b.t.Helper()
	if p.status != status || heading != "" && p.heading() != heading {
		p.b.t.Fatalf("%s: %d %q, want %d %q:\n%s", p.path, p.status, p.heading(), status, heading, p.body)
	}
	return p
}

// at fails the test unless it was led to this path, whatever the query.
func (p *page) at(path string) *page {
	p.b.t.Helper()
	if got, _, _ := strings.Cut(p.path, "?"); got != path {
		p.b.t.Fatalf("at %s, want %s:\n%d %s", p.path, path, p.status, p.body)
	}
	return p
}

// login gives the password, and is the page that follows.
func (b *browser) login(name string, fields ...string) *page {
	b.t.Helper()
	return b.post("/login", append([]string{"name", name, "password", rightPassword}, fields...)...)
}

// enroll gives a user one more way to sign in, without pages, and lets the pauses pass. Empty
// params take what is on file. A member's app confirms it. It returns the enrollment's id.
func (h *host) enroll(name, method string, params mfa.EnrollParams) (id string) {
	h.t.Helper()
	ctx, client := context.Background(), mfa.Client{App: "web"}
	flow, err := h.SignIn(ctx, mfa.SignIn{User: userNamed(name), First: mfa.Password, Client: client})
	if err == nil && flow.Status == mfa.StatusChallenge {
		flow, err = h.Verify(ctx, flow.Token, h.apps[name].Answer(flow), client)
		h.Clock.Advance(time.Minute)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	caller := mfa.Caller{User: userNamed(name), Authentication: flow.Authentication, Client: client}
	if flow.Status == mfa.StatusEnroll {
		caller = mfa.Caller{FlowToken: flow.Token, Client: client}
	}
	begun, err := h.Enroll(ctx, caller, mfa.Enroll{Method: method, Params: params})
	if err != nil {
		h.t.Fatal(err)
	}
	if begun.Activated != nil {
		return begun.ID
	}
	answer := mfa.Answer{}
	switch method {
	case "sms":
		answer.Code = h.lastCode(h.texts)
	case "email":
		answer.Code = h.lastCode(h.mails)
	case "webauthn":
		answer.Credential = []byte(signed(h.t, "key-of-"+name, begun.Challenge))
	}
	if _, err := h.Activate(ctx, caller, begun.ID, answer); err != nil {
		h.t.Fatal(err)
	}
	h.Clock.Advance(10 * time.Minute)
	return begun.ID
}

// lastCode is the code of the newest message.
func (h *host) lastCode(in *mfatest.Inbox) string {
	h.t.Helper()
	all := in.Messages()
	if len(all) == 0 {
		h.t.Fatal("no message was sent")
	}
	code := in.Code(all[len(all)-1].To)
	if code == "" {
		h.t.Fatal("the message has no code")
	}
	return code
}

// member is a user with an authenticator app.
func (h *host) member(name string) *mfatest.Authenticator {
	h.t.Helper()
	h.apps[name], _ = h.EnrollTOTP(h.t, userNamed(name))
	return h.apps[name]
}

// code is what the app shows, and the clock moves on to its next one.
func (h *host) code(phone *mfatest.Authenticator) string {
	code := phone.Code()
	h.Clock.Advance(phone.Period)
	return code
}

// wrong is a code that is not the app's.
func wrong(phone *mfatest.Authenticator) string {
	if phone.Code() == "000000" {
		return "000001"
	}
	return "000000"
}

// signedIn is a browser whose user has passed both factors.
func (h *host) signedIn(name string, phone *mfatest.Authenticator) *browser {
	h.t.Helper()
	b := h.browser()
	b.login(name).submit("/account/challenge", "code", h.code(phone)).want(http.StatusOK, "")
	if b.cookies["session"] == "" {
		h.t.Fatal("there is no session")
	}
	return b
}
