//go:build !race

package pages_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/mfatest/authenticator"
)

// A visitor goes through a host's pages without a browser, to bring about what a browser
// is to be shown.
type visitor struct {
	*host
	language string
	cookies  map[string]string
	agent    string
	phone    *mfatest.Authenticator
	key      *authenticator.Authenticator
}

// What a browser calls itself.
const (
	desktop = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

func newVisitor(t testing.TB, language string, s setting) *visitor {
	if s.codes == nil {
		s.codes = quickCodes{}
	}
	h := newHost(t, shown.url, s)
	return &visitor{host: h, language: language, cookies: map[string]string{}, agent: desktop}
}

// An answer is a page that a visitor got.
type answer struct {
	v      *visitor
	status int
	header http.Header
	path   string
	body   string
}

func (v *visitor) send(method, path, body, kind string) *answer {
	r := httptest.NewRequestWithContext(context.Background(), method, v.origin+path, strings.NewReader(body))
	r.RequestURI = path
	r.RemoteAddr = "192.0.2.7:1234"
	r.Header.Set("User-Agent", v.agent)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", v.language)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Origin", v.origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	v.mux.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	if to := w.Header().Get("Location"); w.Code == http.StatusSeeOther {
		return v.send(http.MethodGet, to, "", "")
	}
	return &answer{v, w.Code, w.Header(), path, w.Body.String()}
}

func (v *visitor) get(path string) *answer { return v.send(http.MethodGet, path, "", "") }

// post sends fields, which are pairs of name and value.
func (v *visitor) post(path string, fields ...string) *answer {
	list := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		list.Set(fields[i], fields[i+1])
	}
	return v.send(http.MethodPost, path, list.Encode(), "application/x-www-form-urlencoded")
}

// login gives the password.
func (v *visitor) login(name string) *answer {
	v.t.Helper()
	return v.post("/login", "name", name, "password", password)
}

// submit sends the page's form of that id, or action, with what it holds and these fields.
func (a *answer) submit(form string, fields ...string) *answer {
	a.v.t.Helper()
	d := xml.NewDecoder(strings.NewReader(a.body))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var action string
	var all []string
	within, found := false, false
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch x := token.(type) {
		case xml.StartElement:
			at := map[string]string{}
			for _, a := range x.Attr {
				at[a.Name.Local] = a.Value
			}
			switch {
			case x.Name.Local == "form" && (at["id"] == form || at["action"] == form):
				within, found, action = true, true, at["action"]
			case within && x.Name.Local == "input" && at["type"] != "checkbox":
				all = append(all, at["name"], at["value"])
			}
		case xml.EndElement:
			within = within && x.Name.Local != "form"
		}
	}
	if !found {
		a.v.t.Fatalf("%s has no form %s:\n%s", a.path, form, a.body)
	}
	if action == "" {
		action = a.path
	}
	return a.v.post(action, append(all, fields...)...)
}

// link is the address of the page's first link that matches.
func (a *answer) link(pattern string) string {
	a.v.t.Helper()
	m := regexp.MustCompile(`(?:href|action)="([^"]*` + pattern + `[^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		a.v.t.Fatalf("%s has no link to %s:\n%s", a.path, pattern, a.body)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// has enrols a user in methods, in the order given, and signs nobody in.
func (v *visitor) has(name string, methods ...string) {
	v.t.Helper()
	for _, method := range methods {
		if method == "totp" {
			v.phone, _ = v.EnrollTOTP(v.t, userNamed(name))
			continue
		}
		v.enroll(name, method)
		v.Clock.Advance(11 * time.Minute)
	}
}

func (v *visitor) enroll(name, method string) {
	v.t.Helper()
	ctx := context.Background()
	flow, caller := v.caller(name)
	begun, err := v.Enroll(ctx, caller, mfa.Enroll{Method: method})
	if err != nil {
		v.t.Fatal(err)
	}
	if begun.Activated != nil {
		return
	}
	var answer mfa.Answer
	if method == "webauthn" {
		v.key = authenticator.New(authenticator.Options{Origin: v.origin})
		answer, err = v.key.Enroll(begun.Challenge)
	} else {
		answer.Code = v.sent(method)
	}
	if err == nil {
		_, err = v.Activate(ctx, caller, begun.ID, answer)
	}
	if err != nil {
		v.t.Fatalf("%s for %s (%s): %v", method, name, flow.Status, err)
	}
}

// caller is somebody who may set up more.
func (v *visitor) caller(name string) (mfa.Flow, mfa.Caller) {
	v.t.Helper()
	ctx, client := context.Background(), mfa.Client{App: "web"}
	flow, err := v.SignIn(ctx, mfa.SignIn{User: userNamed(name), First: mfa.Password, Client: client})
	if err == nil && flow.Status == mfa.StatusChallenge {
		flow, err = v.answer(flow, client)
	}
	if err != nil {
		v.t.Fatal(err)
	}
	if flow.Status == mfa.StatusEnroll {
		return flow, mfa.Caller{FlowToken: flow.Token, Client: client}
	}
	return flow, mfa.Caller{User: userNamed(name), Authentication: flow.Authentication, Client: client}
}

// answer answers a flow by its first option.
func (v *visitor) answer(flow mfa.Flow, client mfa.Client) (mfa.Flow, error) {
	ctx, option := context.Background(), flow.Options[0]
	if v.phone != nil {
		flow, err := v.Verify(ctx, flow.Token, v.phone.Answer(flow), client)
		v.Clock.Advance(time.Minute)
		return flow, err
	}
	asked, err := v.Challenge(ctx, flow.Token, option.ID, client)
	if err != nil {
		return mfa.Flow{}, err
	}
	if option.Method != "webauthn" {
		return v.Verify(ctx, flow.Token, mfa.Answer{Option: option.ID, Code: v.sent(option.Method)}, client)
	}
	answer, err := v.key.Answer(flow, asked.Challenge)
	if err != nil {
		return mfa.Flow{}, err
	}
	return v.Verify(ctx, flow.Token, answer, client)
}

// signedIn gives the visitor a session, by whatever the user has.
func (v *visitor) signedIn(name string) {
	v.t.Helper()
	a := v.login(name)
	if v.cookies["session"] != "" {
		return
	}
	code := ""
	if v.phone != nil {
		a, code = a.other("totp"), v.phone.Code()
	} else {
		code = v.sent("email")
	}
	if a.submit("code-form", "code", code); v.cookies["session"] == "" {
		v.t.Fatalf("%s is not signed in:\n%s", name, a.body)
	}
	v.Clock.Advance(time.Minute)
}

// sent is the code of the newest message.
func (v *visitor) sent(method string) string { return v.host.lastCode(method) }

func (h *host) lastCode(method string) string {
	h.t.Helper()
	in := h.mails
	if method == "sms" {
		in = h.texts
	}
	all := in.Messages()
	if len(all) == 0 || in.Code(all[len(all)-1].To) == "" {
		h.t.Fatalf("no code was sent by %s", method)
	}
	return in.Code(all[len(all)-1].To)
}

// quickCodes are recovery codes that cost nothing to make; nobody answers with them.
type quickCodes struct{}

func (quickCodes) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Label: "Recovery codes", Kind: mfa.Have, Recovery: true}
}

func (quickCodes) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	codes := make([]string, 10)
	for i := range codes {
		text := strings.ToLower(rand.Text())
		codes[i] = fmt.Sprintf("%s-%s-%s-%s", text[:4], text[4:8], text[8:12], text[12:16])
	}
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: []byte("{}"), Remaining: len(codes)}}, nil
}

func (quickCodes) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (quickCodes) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, &mfa.NotValidError{}
}

// flowNow is what the API says of the visitor's flow, which scripts ask for.
func (v *visitor) flowNow() string {
	a := v.get("/mfa/flow")
	if a.status != http.StatusOK || !json.Valid([]byte(a.body)) {
		return ""
	}
	return a.body
}
