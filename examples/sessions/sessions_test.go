package sessions

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gorilla/sessions"
	"github.com/pquerna/otp/totp"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/store/memory"
	totpfactor "github.com/mfakit/mfa/totp"
)

const (
	origin = "https://app.example"
	cookie = "__Host-session"
	advice = 8 * time.Hour // the policy's, of how long sessions live
)

type object = map[string]any

// A library is what the tests know of a host: itself, how it signs out, and what has to
// stand around the app.
type library struct {
	mfahttp.Host
	logout func(w http.ResponseWriter, r *http.Request) error
	around func(http.Handler) http.Handler
}

func withSCS(e *mfa.Engine) library {
	s := scs.New()
	s.Cookie.Name, s.Cookie.Secure = cookie, true
	h := &SCS{Sessions: s, Engine: e, User: find}
	return library{h, h.Logout, s.LoadAndSave}
}

func withSignedCookie(e *mfa.Engine) library {
	h := NewGorilla(e, find, []byte(rand.Text()+rand.Text()))
	return library{h, h.Logout, func(next http.Handler) http.Handler { return next }}
}

func withFiles(dir string) func(e *mfa.Engine) library {
	return func(e *mfa.Engine) library {
		store := sessions.NewFilesystemStore(dir, []byte(rand.Text()+rand.Text()))
		store.Options = &sessions.Options{Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
		h := &Gorilla{Store: store, Name: cookie, Life: time.Hour, Engine: e, User: find}
		return library{h, h.Logout, func(next http.Handler) http.Handler { return next }}
	}
}

// users are two people; a password of theirs is not what is tested.
var users = map[string]mfa.User{"1": {ID: "1", Name: "ada"}, "2": {ID: "2", Name: "bob"}}

func find(_ context.Context, id string) (mfa.User, error) {
	u, ok := users[id]
	if !ok {
		return mfa.User{}, mfa.ErrNotFound
	}
	return u, nil
}

// newSite is an app over a library: a login, who is in, and the API.
func newSite(t *testing.T, clock func() time.Time, with func(*mfa.Engine) library) http.Handler {
	t.Helper()
	apps, err := totpfactor.New(totpfactor.Config{Issuer: "Sessions"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	engine, err := mfa.New(mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{apps}, Now: clock,
		Policy: &policy.Policy{Rules: policy.Rules{Mode: policy.Offer, SessionLifetime: advice}}})
	if err != nil {
		t.Fatal(err)
	}
	lib := with(engine)
	h, err := mfahttp.New(mfahttp.Config{Engine: engine, Host: lib, Origin: origin, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/mfa/", h)
	mux.HandleFunc("POST /login/{id}", func(w http.ResponseWriter, r *http.Request) {
		flow, err := engine.SignIn(r.Context(), mfa.SignIn{User: users[r.PathValue("id")], First: mfa.Password, Client: h.Client(r)})
		if err != nil {
			h.WriteError(w, r, err)
			return
		}
		h.WriteFlow(w, r, http.StatusOK, flow)
	})
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, r *http.Request) {
		u, evidence, err := lib.Session(r)
		if err != nil {
			h.WriteError(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object{"name": u.Name, "amr": evidence.AMR()})
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := lib.logout(w, r); err != nil {
			h.WriteError(w, r, err)
		}
	})
	return lib.around(h.Protect(mux))
}

// A browser keeps the site's cookies, and what they said of themselves.
type browser struct {
	t       *testing.T
	site    http.Handler
	clock   *mfatest.Clock
	cookies map[string]string
	last    map[string]*http.Cookie
}

func (b *browser) another() *browser {
	return &browser{b.t, b.site, b.clock, map[string]string{}, map[string]*http.Cookie{}}
}

func (b *browser) send(method, path string, body any, want int) object {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	if body == nil {
		text = nil
	}
	r := httptest.NewRequest(method, origin+path, bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.site.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name], b.last[c.Name] = c.Value, c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	if w.Code != want {
		b.t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
	}
	out := object{}
	if strings.Contains(w.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			b.t.Fatal(err)
		}
	}
	return out
}

func (b *browser) code(secret any) string {
	b.t.Helper()
	c, err := totp.GenerateCode(secret.(string), b.clock.Advance(time.Minute))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// enroll adds an authenticator app to the session.
func (b *browser) enroll() (secret any) {
	b.t.Helper()
	begun := b.send("POST", "/mfa/enrollments", object{"method": "totp"}, http.StatusCreated)
	b.send("POST", "/mfa/enrollments/"+begun["id"].(string)+"/activate", object{"code": b.code(begun["secret"])}, http.StatusOK)
	return begun["secret"]
}

// answer gives a flow its code.
func (b *browser) answer(flow object, secret any) {
	b.t.Helper()
	option := flow["options"].([]any)[0].(object)["id"]
	b.send("POST", "/mfa/flow/verify", object{"option": option, "code": b.code(secret)}, http.StatusOK)
}

// in checks who is signed in, and by what.
func (b *browser) in(name string, amr ...any) {
	b.t.Helper()
	me := b.send("GET", "/me", nil, http.StatusOK)
	if got := me["amr"].([]any); me["name"] != name || len(got) != len(amr) || got[0] != amr[0] {
		b.t.Errorf("in: %v, want %s by %v", me, name, amr)
	}
}

// out checks that a session's cookie opens nothing, or none.
func (b *browser) out(id string) {
	b.t.Helper()
	other := b.another()
	if id != "" {
		other.cookies[cookie] = id
	}
	other.send("GET", "/me", nil, http.StatusUnauthorized)
	other.send("GET", "/mfa/enrollments", nil, http.StatusUnauthorized)
}

// each runs a test over every library.
func each(t *testing.T, test func(t *testing.T, b *browser)) {
	for name, with := range map[string]func(*mfa.Engine) library{
		"scs": withSCS, "gorilla, a signed cookie": withSignedCookie, "gorilla, files": withFiles(t.TempDir()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &browser{t: t, clock: mfatest.NewClock(time.Now())}
			b.site = newSite(t, b.clock.Now, with)
			test(t, b.another())
		})
	}
}

func TestASessionsLife(t *testing.T) {
	each(t, func(t *testing.T, b *browser) {
		b.out("")
		b.send("POST", "/login/1", object{}, http.StatusOK)
		b.in("ada", "pwd")
		byPassword := b.cookies[cookie]
		secret := b.enroll() // Renewed
		b.in("ada", "pwd")   // as who enrols an app has not signed in with it
		if b.cookies[cookie] == byPassword {
			t.Error("the id has stayed over a change")
		}
		b.out(byPassword)

		enrolled := b.cookies[cookie]
		b.send("POST", "/logout", nil, http.StatusOK)
		b.out("")
		b.out(enrolled)
		if b.cookies[cookie] != "" {
			t.Error("signed out, and the cookie is still there")
		}

		flow := b.send("POST", "/login/1", object{}, http.StatusOK)
		if flow["status"] != "challenge" || b.cookies[cookie] != "" {
			t.Fatalf("in without a code: %v", flow)
		}
		b.answer(flow, secret) // Passed
		b.in("ada", "pwd", "otp", "mfa")

		b.clock.Advance(11 * time.Minute)
		before := b.cookies[cookie]
		b.answer(b.send("POST", "/mfa/stepup", object{}, http.StatusOK), secret) // Passed, of a step-up
		b.in("ada", "pwd", "otp", "mfa")
		if b.cookies[cookie] == before {
			t.Error("the id has stayed over a step-up")
		}
		b.out(before)
	})
}

// What was in the browser before, a stranger's session or an id that a stranger has put
// there, is not what somebody is signed in by.
func TestSigningInTakesAnID(t *testing.T) {
	each(t, func(t *testing.T, b *browser) {
		b.send("POST", "/login/2", object{}, http.StatusOK)
		bobs := b.cookies[cookie]
		b.send("POST", "/login/1", object{}, http.StatusOK)
		b.in("ada", "pwd")
		if b.cookies[cookie] == bobs {
			t.Error("the id was another user's")
		}
		b.out(bobs)
		b = b.another()
		b.cookies[cookie] = "planted"
		b.send("POST", "/login/1", object{}, http.StatusOK)
		b.in("ada", "pwd")
		b.out("planted")
	})
}

// What is removed in one browser ends what rests on it in the other.
func TestEvidenceThatIsVoidIsNoSession(t *testing.T) {
	each(t, func(t *testing.T, b *browser) {
		b.send("POST", "/login/1", object{}, http.StatusOK)
		secret := b.enroll()
		other := b.another()
		other.answer(other.send("POST", "/login/1", object{}, http.StatusOK), secret)
		other.in("ada", "pwd", "otp", "mfa")
		b.answer(b.send("POST", "/mfa/stepup", object{}, http.StatusOK), secret)
		b.send("DELETE", "/mfa/enrollments", nil, http.StatusNoContent)
		b.in("ada", "pwd")
		b.out(other.cookies[cookie])
	})
}

// A session lives as long as the policy says, from its sign-in on, and its cookie is
// one that only this site's server reads.
func TestTheCookie(t *testing.T) {
	each(t, func(t *testing.T, b *browser) {
		b.send("POST", "/login/1", object{}, http.StatusOK)
		secret := b.enroll()
		b.send("POST", "/logout", nil, http.StatusOK)
		b.answer(b.send("POST", "/login/1", object{}, http.StatusOK), secret)
		for range 2 {
			c := b.last[cookie]
			if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
				t.Errorf("the cookie: %+v", c)
			}
			if left := time.Duration(c.MaxAge) * time.Second; left > advice+time.Second || left < advice-time.Minute {
				t.Errorf("the cookie lives for %s, and the policy says %s", left, advice)
			}
			b.clock.Advance(11 * time.Minute)
			b.answer(b.send("POST", "/mfa/stepup", object{}, http.StatusOK), secret)
		}
	})
}
