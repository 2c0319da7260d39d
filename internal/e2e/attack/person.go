package attack

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa/mfatest"
)

// A person has an account, a browser that is signed in, and what they have set up.
type person struct {
	*browser
	email, password string
	phone           *mfatest.Authenticator
	app             string // the enrollment that the phone is
	secret          string // of it
	recovery        []string
}

// newcomer makes an account; its browser is signed in with the password alone. A
// number is put on file, if there is one.
func (x *Trial) newcomer(number string) *person {
	p := &person{browser: x.browser(home), email: strings.ToLower(rand.Text()) + "@example.com", password: "pass " + rand.Text()}
	if f := p.post("/register", js{"email": p.email, "password": p.password, "phone": number}).want(http.StatusCreated).flow(); f.Status != "passed" {
		fail("register: %+v", f)
	}
	return p
}

// owner is somebody with an authenticator app and recovery codes, signed in. The code
// that confirmed the app is over.
func (x *Trial) owner() *person {
	p := x.newcomer("")
	p.addApp()
	x.later(p.phone.Period)
	return p
}

type begun struct{ ID, Secret, URI, Destination string }

// begin begins an enrolment.
func (b *browser) begin(what js) (e begun) {
	b.post("/mfa/enrollments", what).want(http.StatusCreated).into(&e)
	return e
}

func (b *browser) activate(id, code string) reply {
	return b.post("/mfa/enrollments/"+id+"/activate", js{"code": code})
}

// phone is an authenticator app that scans what was shown.
func (s *Site) phone(e begun) *mfatest.Authenticator {
	a, err := mfatest.NewAuthenticator(e.URI, s.now)
	if err != nil {
		fail("%v", err)
	}
	return a
}

// addApp sets an authenticator app up, and keeps the recovery codes.
func (p *person) addApp() {
	e := p.begin(js{"method": "totp"})
	p.app, p.secret, p.phone = e.ID, e.Secret, p.site.phone(e)
	var done struct {
		Codes []string `json:"recovery_codes"`
	}
	p.activate(e.ID, p.phone.Code()).want(http.StatusOK).into(&done)
	if len(done.Codes) > 0 {
		p.recovery = done.Codes
	}
}

// addSent sets a method up whose codes are sent, to what is on file.
func (p *person) addSent(method, to string) (id string) {
	what := js{"method": method}
	if method == "sms" {
		what["phone"] = to
	}
	e := p.begin(what)
	var done struct {
		Codes []string `json:"recovery_codes"`
	}
	p.activate(e.ID, p.site.codeTo(to)).want(http.StatusOK).into(&done)
	if len(done.Codes) > 0 {
		p.recovery = done.Codes
	}
	return e.ID
}

// next moves the clock to the next code, and is that code.
func (p *person) next() string {
	p.site.later(p.phone.Period)
	return p.phone.Code()
}

// wrong is a code that no step near is right for.
func (p *person) wrong() string { return p.wrongs(1)[0] }

// wrongs are several.
func (p *person) wrongs(n int) (out []string) {
	var near []string
	for i := -60; i <= 60; i++ {
		near = append(near, p.phone.CodeAt(p.site.now().Add(time.Duration(i)*p.phone.Period)))
	}
	for _, c := range []string{"000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777", "888888", "999999"} {
		if len(out) < n && !slices.Contains(near, c) {
			out = append(out, c)
		}
	}
	if len(out) < n {
		fail("all of them are right")
	}
	return out
}

// login begins a sign-in by password in a browser; it has to wait for a second proof.
func (p *person) login(b *browser) flow {
	return b.post("/login", js{"email": p.email, "password": p.password}).challenged()
}

// verify answers a flow by a code.
func (b *browser) verify(option, code string) reply {
	return b.post("/mfa/flow/verify", js{"option": option, "code": code})
}

// elsewhere signs the person in in another browser.
func (p *person) elsewhere() *browser {
	b := p.site.browser(home)
	b.verify(p.login(b).option("totp"), p.next()).want(http.StatusOK)
	return b
}

// send has a code sent, and is the code.
func (b *browser) send(option, to string) string {
	b.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK)
	return b.site.codeTo(to)
}

// stale is a session whose proofs are too old for a change, as a thief has it: in a
// browser that is not the owner's.
func (p *person) stale() *browser {
	b := p.elsewhere()
	p.site.later(11 * time.Minute)
	return b.twin().plant("mfa-device", "")
}

type me struct {
	Email string
	AMR   []string
	AAL   int
}

func (b *browser) me() (m me) {
	b.get("/me").want(http.StatusOK).into(&m)
	return m
}

type listing struct {
	Enrollments []struct {
		ID, Method, Label string
		Disabled          bool
	}
	Left int `json:"recovery_codes_left"`
}

func (b *browser) enrollments() (l listing) {
	b.get("/mfa/enrollments").want(http.StatusOK).into(&l)
	return l
}

// mobile is a number that takes text messages, of this trial alone.
func (x *Trial) mobile(n int) string { return fmt.Sprintf("+47406%02d%03d", x.number, n) }

// withNumber is somebody whose codes go to a number. The pause after the message that
// confirmed it is over.
func (x *Trial) withNumber() (p *person, number string) {
	p, number = x.newcomer(""), x.mobile(1)
	p.addSent("sms", number)
	x.later(10 * time.Minute)
	return p, number
}

// withRank gives somebody a rank, as development may.
func (x *Trial) withRank(p *person, rank string) *person {
	x.browser("").post("/dev/rank", js{"email": p.email, "rank": rank}).want(http.StatusNoContent)
	return p
}

// proveAddress shows that the person reads mail at their address.
func (p *person) proveAddress() {
	b := p.elsewhere()
	b.post("/verify", nil).want(http.StatusNoContent)
	b.post("/verify/confirm", js{"token": p.site.linkTo(p.email, "/verify")}).want(http.StatusNoContent)
}

var userLink = regexp.MustCompile(`/admin/users/([^"/?]+)`)

// account is a person's identifier, which an admin finds by their address.
func (p *person) account(admin *browser) string {
	page := admin.with("Accept", "text/html").get("/admin?q=" + p.email).want(http.StatusOK)
	link := userLink.FindStringSubmatch(string(page.body))
	if link == nil {
		fail("an admin does not find the account")
	}
	return link[1]
}
