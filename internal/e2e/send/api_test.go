package send_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/sms/gateway"
)

// A web is a site's HTTP API, with a login page and all that it has answered.
type web struct {
	*person
	url      string
	api      *mfahttp.Handler
	passed   mfa.Authentication
	answered strings.Builder
}

// newWeb starts the API over a real site. Its codes have ten digits, so that one
// which turns up elsewhere is no accident.
func newWeb(t *testing.T) *web {
	t.Helper()
	w := &web{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serve(rw, r) }))
	w.url = "http://" + server.Listener.Addr().String()
	s := newSite(t, want{kannel: true, smtp: true, parts: func(p *parts) {
		p.Digits, p.Implicit, p.ReportURL = 10, true, w.url+"/mfa/delivery/kannel"
	}})
	w.person = s.person("kim")
	reports, err := gateway.NewKannel(gateway.KannelConfig{URL: s.parts.Kannel, Username: s.parts.Username, Password: s.parts.Password,
		ReportURL: s.parts.ReportURL, ReportSecret: reportSecret})
	if err != nil {
		t.Fatal(err)
	}
	w.api, err = mfahttp.New(mfahttp.Config{Engine: s.Engine, Host: w, Origin: w.url, Now: s.clock.Now, Logger: s.logger(),
		Reports: map[string]mfahttp.Reporter{"kannel": reports}})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return w
}

func (w *web) serve(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/login" {
		w.api.ServeHTTP(rw, r)
		return
	}
	flow, err := w.SignIn(r.Context(), mfa.SignIn{User: w.user, First: mfa.Password, Client: w.api.Client(r)})
	if err != nil {
		w.api.WriteError(rw, r, err)
		return
	}
	w.api.WriteFlow(rw, r, http.StatusOK, flow)
}

// Session implements mfahttp.Host: nobody has one.
func (w *web) Session(*http.Request) (mfa.User, mfa.Authentication, error) {
	return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
}

// Passed and Renewed implement mfahttp.Host.
func (w *web) Passed(_ http.ResponseWriter, _ *http.Request, flow mfa.Flow) error {
	w.passed = flow.Authentication
	return nil
}

func (w *web) Renewed(_ http.ResponseWriter, _ *http.Request, a mfa.Authentication) error {
	w.passed = a
	return nil
}

// A browser keeps cookies.
type browser struct {
	*web
	http.Client
}

func (w *web) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &browser{web: w, Client: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	w.t.Cleanup(b.CloseIdleConnections)
	return b
}

// send makes a request and keeps the whole answer for the search.
func (b *browser) send(method, path, contentType, body string, want int) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Origin", b.url)
	got, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != want {
		b.t.Fatalf("%s %s: %d %s %v, want %d", method, path, got.StatusCode, text, err, want)
	}
	if err := got.Header.Write(&b.answered); err != nil {
		b.t.Fatal(err)
	}
	b.answered.Write(text)
	return string(text)
}

// json sends a document, and returns the answer's.
func (b *browser) json(method, path string, body map[string]string, want int) (out struct{ Options []mfa.Option }) {
	b.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b.send(method, path, "application/json", string(raw), want)), &out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

// login gives the password, and asks for the code of a method.
func (b *browser) login(method string) (option string) {
	b.t.Helper()
	flow := b.json("POST", "/login", nil, http.StatusOK)
	option = optionOf(b.t, mfa.Flow{Options: flow.Options}, method).ID
	b.json("POST", "/mfa/flow/challenge", map[string]string{"option": option}, http.StatusOK)
	return option
}

// Codes and links come by message alone: they are in no answer, log or event,
// whatever is asked for. The carrier's report comes by HTTP, too.
func TestA53_A89_CodesAreNowhereButInTheMessage(t *testing.T) {
	w := newWeb(t)
	w.importNumber("+447400123456")
	b := w.browser()
	option := b.login("sms")
	m, code := w.kannel.Await("+447400123456", 1, codeInText)
	testserver.Until(t, "the delivery report", func() bool {
		view := b.json("GET", "/mfa/flow", nil, http.StatusOK)
		return optionOf(t, mfa.Flow{Options: view.Options}, "sms").Delivery == mfa.DeliveryDelivered
	})
	wrong := "0000000000"
	if code[1] == wrong {
		wrong = "1111111111"
	}
	b.json("POST", "/mfa/flow/verify", map[string]string{"option": option, "code": wrong}, http.StatusUnauthorized)
	b.json("POST", "/mfa/flow/challenge", map[string]string{"option": option}, http.StatusTooManyRequests)
	b.json("POST", "/mfa/flow/verify", map[string]string{"option": option, "code": code[1]}, http.StatusOK)
	secrets := []string{code[1], m.Text}

	w.kannel.Stop()
	b = w.browser()
	flow := b.json("POST", "/login", nil, http.StatusOK)
	w.clock.Advance(5 * time.Minute)
	b.json("POST", "/mfa/flow/challenge", map[string]string{"option": optionOf(t, mfa.Flow{Options: flow.Options}, "sms").ID}, http.StatusBadGateway)
	option = optionOf(t, mfa.Flow{Options: flow.Options}, "email").ID
	b.json("POST", "/mfa/flow/challenge", map[string]string{"option": option}, http.StatusOK)
	letter := w.letter("kim", 1, codeSubject)
	link, err := url.ParseQuery(find(t, linkInMail, letter.Text))
	if err != nil {
		t.Fatal(err)
	}
	mailed := find(t, codeInMail, letter.Text)
	b.json("POST", "/mfa/flow/verify", map[string]string{"option": option, "code": mailed}, http.StatusOK)
	if w.passed.User != w.user.ID {
		t.Fatal("nobody was signed in")
	}
	w.told.event(t, mfa.EventFlowPassed)
	for _, secret := range append(secrets, mailed, link.Get("token")) {
		if secret == "" || strings.Contains(w.answered.String(), secret) || strings.Contains(w.told.String(), secret) {
			t.Errorf("the answers, the log or the events hold %q:\n%s\n%s", secret, w.answered.String(), w.told)
		}
	}
}

// Whoever opens the link of a mail sees a button, as often as they like; who
// presses it in the browser that asked is signed in.
func TestO13_OpeningTheLinkChangesNothing(t *testing.T) {
	w := newWeb(t)
	w.importNumber("+447400123456")
	b := w.browser()
	b.login("email")
	letter := w.letter("kim", 1, codeSubject)
	query := find(t, linkInMail, letter.Text)
	scanner := w.browser()
	for range 3 {
		scanner.send("HEAD", "/mfa/link?"+query, "", "", http.StatusOK)
		scanner.send("GET", "/mfa/link?"+query, "", "", http.StatusOK)
	}
	page := b.send("GET", "/mfa/link?"+query, "", "", http.StatusOK)
	if w.passed.User != "" {
		t.Fatal("opening the link has signed somebody in")
	}
	form := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	b.send("POST", "/mfa/link", "application/x-www-form-urlencoded", form.Encode(), http.StatusSeeOther)
	if w.passed.User != w.user.ID {
		t.Error("pressing the button has signed nobody in")
	}
}
