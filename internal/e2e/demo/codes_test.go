package demo_test

import (
	"crypto/rand"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testserver"
)

const (
	number      = "+4740612345"
	otherNumber = "+4798765432"
)

var (
	sixDigits  = regexp.MustCompile(`\b(\d{6})\b`)
	codeInMail = regexp.MustCompile(`(?m)^Your code is: (\d{6})$`)
	linkInMail = regexp.MustCompile(`(?m)^(http://\S+/mfa/link\?\S+)$`)
)

const (
	codeSubject  = "Your code for"
	setupSubject = "Confirm this address for"
)

// sent notes a code that went out: from then on only the message may hold it,
// and the page of development that shows messages.
func (c *canaries) sent(code string) string {
	c.add(code, canary{what: "a code that was sent", once: "GET /dev/inbox.json", forms: [][]byte{[]byte(code)}, typed: true})
	return code
}

// link notes what a mailed link carries, which its own page alone repeats.
func (c *canaries) link(token string) {
	c.add(token, canary{what: "a mailed link's token", once: "GET /mfa/link", forms: [][]byte{[]byte(token)}})
}

// A carried is a demo that sends by real servers.
type carried struct {
	*app
	kannel *testserver.Kannel
	mail   *testserver.OpenSMTPD
}

func startCarried(t *testing.T) carried {
	t.Helper()
	k, m := testserver.NewKannel(t), testserver.NewOpenSMTPD(t)
	return carried{start(t, "-sms", kannelFlag(t, k), "-smtp", m.Plain), k, m}
}

// kannelFlag is -sms for a Kannel.
func kannelFlag(t *testing.T, k *testserver.Kannel) string {
	t.Helper()
	u, err := url.Parse(k.URL + "/cgi-bin/sendsms?from=Example")
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(k.Username, k.Password)
	return "kannel:" + u.String()
}

// text is the code of the nth text message to a number.
func (c carried) text(to string, n int) string {
	c.t.Helper()
	_, match := c.kannel.Await(to, n, sixDigits)
	return c.seen.sent(match[1])
}

// letter is the one mail to an address with these words in its subject.
func (c carried) letter(to, subject string) testserver.Letter {
	c.t.Helper()
	var found []testserver.Letter
	testserver.Until(c.t, "the mail "+subject, func() bool {
		found = slices.DeleteFunc(c.mail.Inbox(to), func(l testserver.Letter) bool { return !strings.Contains(l.Subject(), subject) })
		return len(found) > 0
	})
	if len(found) > 1 {
		c.t.Fatalf("%d mails %q to %s, want 1", len(found), subject, to)
	}
	return found[0]
}

// codeIn is the code that a mail brings.
func (a *app) codeIn(text string) string {
	a.t.Helper()
	match := codeInMail.FindStringSubmatch(text)
	if match == nil {
		a.t.Fatalf("no code in\n%s", text)
	}
	return a.seen.sent(match[1])
}

// inboxCodes are the codes that went to a number or an address, oldest first.
func (a *app) inboxCodes(to string) []string {
	a.t.Helper()
	var out []string
	for _, m := range slices.Backward(a.inbox()) {
		if m.To != to {
			continue
		}
		if m.Channel == "sms" {
			out = append(out, a.seen.sent(sixDigits.FindStringSubmatch(m.Body)[1]))
		} else if codeInMail.MatchString(m.Body) {
			out = append(out, a.codeIn(m.Body))
		}
	}
	return out
}

// notCode is a code of the same form that is wrong.
func notCode(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// registerWith makes an account that has a number on file.
func (a *app) registerWith(t testing.TB, phone string) *person {
	t.Helper()
	p := a.stranger(t)
	p.email = strings.ToLower(rand.Text()) + "@" + testserver.Domain
	p.post("/register", js{"email": p.email, "password": p.password, "phone": phone}).want(http.StatusCreated)
	return p
}

// A sending is what the API says of a code that went out.
type sending struct {
	ID, Method, Destination string
	Digits                  int
	Resend                  time.Time `json:"resend_at"`
}

func (c *client) setUp(what js) sending {
	c.t.Helper()
	var s sending
	c.post("/mfa/enrollments", what).want(http.StatusCreated).into(&s)
	return s
}

func (c *client) confirm(s sending, code string) activated {
	c.t.Helper()
	var done activated
	c.post("/mfa/enrollments/"+s.ID+"/activate", js{"code": code}).want(http.StatusOK).into(&done)
	for _, r := range done.RecoveryCodes {
		c.app.seen.recovery(r)
	}
	return done
}

// ask has a code sent in a sign-in that has begun.
func (c *client) ask(f flow, method string) (option string, s sending) {
	c.t.Helper()
	option = f.option(c.t, method)
	c.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusOK).into(&s)
	return option, s
}

func (c *client) answerWith(option, code string) reply {
	return c.post("/mfa/flow/verify", js{"option": option, "code": code})
}

// again is another sign-in of this person in their own browser, later.
func (p *person) again() flow {
	p.t.Helper()
	p.post("/logout", nil).wantOneOf(http.StatusOK, http.StatusNoContent)
	p.app.advance(2 * time.Minute)
	f := p.login(p.client)
	if f.Status != "challenge" {
		p.t.Fatalf("the sign-in: %+v", f)
	}
	return f
}

// signInBy signs this person in with a code that is sent.
func (p *person) signInBy(method string, code func() string) {
	p.t.Helper()
	option, _ := p.ask(p.again(), method)
	p.answerWith(option, code()).want(http.StatusOK)
}

// delivery is what the flow says of the message.
func (c *client) delivery(option string) (state string, sent bool) {
	c.t.Helper()
	var f struct {
		Options []struct {
			ID, Delivery string
			Sent         bool
		}
	}
	c.get("/mfa/flow").want(http.StatusOK).into(&f)
	for _, o := range f.Options {
		if o.ID == option {
			return o.Delivery, o.Sent
		}
	}
	c.t.Fatalf("the flow has no option %s", option)
	return "", false
}

// A number on file is set up, and used, by what arrives on the phone; its owner
// is told by mail.
func TestCodes_ByARealGateway(t *testing.T) {
	c := startCarried(t)
	p := c.registerWith(t, number)
	s := p.setUp(js{"method": "sms", "label": "Mine"})
	if s.Destination != "+47 ••• ••45" || s.Digits != 6 || !s.Resend.After(c.now()) {
		t.Errorf("O-12: set up %+v", s)
	}
	done := p.confirm(s, c.text(number, 1))
	if len(done.RecoveryCodes) != 10 || done.Enrollment.Label != "Mine" {
		t.Errorf("activated %+v", done)
	}
	notice := c.letter(p.email, "a way to sign in was added")
	if !strings.Contains(notice.Text, "Mine") || !strings.Contains(notice.Text, c.url+"/settings") || notice.HTML == "" {
		t.Errorf("C-21: %q\n%s", notice.Subject(), notice.Text)
	}
	if strings.Contains(string(notice.Raw), number[1:]) {
		t.Errorf("O-12: the notice has the whole number:\n%s", notice.Raw)
	}

	f := p.again()
	option, asked := p.ask(f, "sms")
	if asked.Destination != "+47 ••• ••45" {
		t.Errorf("O-12: asked %+v", asked)
	}
	code := c.text(number, 2)
	testserver.Until(t, "the report of the delivery", func() bool {
		state, sent := p.delivery(option)
		return sent && state == "delivered"
	})
	if strings.Contains(string(p.get("/mfa/flow").body), number) {
		t.Error("O-12: the flow has the whole number")
	}
	p.answerWith(option, notCode(code)).want(http.StatusUnauthorized, "code_not_valid")
	if got := p.answerWith(option, code).want(http.StatusOK).flow(); got.Status != "passed" {
		t.Errorf("the code: %+v", got)
	}
	if m := p.me(); m.AAL != 2 || !slices.Contains(m.AMR, "sms") {
		t.Errorf("signed in as %+v", m)
	}
	c.kannel.WantSent(2)

	f = p.again()
	option, _ = p.ask(f, "sms")
	next := c.text(number, 3)
	if code != next {
		p.answerWith(option, code).want(http.StatusUnauthorized, "code_not_valid")
	}
	p.answerWith(option, next).want(http.StatusOK)
}

// An address on file is set up and used by what lies in the mailbox.
func TestCodes_ByARealMailServer(t *testing.T) {
	c := startCarried(t)
	p := c.registerWith(t, "")
	s := p.setUp(js{"method": "email"})
	if strings.Contains(s.Destination, p.email) || !strings.HasSuffix(s.Destination, "@"+testserver.Domain) {
		t.Errorf("O-12: set up %+v", s)
	}
	p.confirm(s, c.codeIn(c.letter(p.email, setupSubject).Text))

	f := p.again()
	option, _ := p.ask(f, "email")
	letter := c.letter(p.email, codeSubject)
	for _, says := range []string{"127.0.0.1", "UTC", "change your password"} {
		if !strings.Contains(letter.Text, says) || !strings.Contains(letter.HTML, says) {
			t.Errorf("the mail does not say %q:\n%s", says, letter.Text)
		}
	}
	p.answerWith(option, c.codeIn(letter.Text)).want(http.StatusOK)
	if m := p.me(); m.Email != p.email || m.AAL != 1 {
		t.Errorf("signed in as %+v; a mailbox is no second factor", m)
	}
}

// mailedLink is the link of a mail.
func (c carried) mailedLink(l testserver.Letter) *url.URL {
	c.t.Helper()
	match := linkInMail.FindStringSubmatch(l.Text)
	if match == nil {
		c.t.Fatalf("no link in\n%s", l.Text)
	}
	u, err := url.Parse(match[1])
	if err != nil || u.Scheme+"://"+u.Host != c.url || u.Query().Get("token") == "" {
		c.t.Fatalf("the link %s, %v", match[1], err)
	}
	c.seen.link(u.Query().Get("token"))
	return u
}

// Whoever fetches the link of a mail changes nothing; whoever presses its button
// in the browser that asked is in, once.
func TestO13_LinkSignsInOnlyWhenPressed(t *testing.T) {
	c := startCarried(t)
	p := c.registerWith(t, "")
	p.confirm(p.setUp(js{"method": "email"}), c.codeIn(c.letter(p.email, setupSubject).Text))
	f := p.again()
	option, _ := p.ask(f, "email")
	letter := c.letter(p.email, codeSubject)
	link := c.mailedLink(letter)

	scanner, press := c.client(t), form("option", link.Query().Get("option"), "token", link.Query().Get("token"))
	for _, who := range []*client{scanner, p.client, scanner} {
		page := who.get(link.RequestURI()).want(http.StatusOK)
		if !strings.Contains(string(page.body), `method="post"`) || len(page.header.Values("Set-Cookie")) > 0 {
			t.Errorf("the page of the link: %v %s", page.header, page.body)
		}
		who.do("HEAD", link.RequestURI(), nil).want(http.StatusOK)
	}
	if f := p.get("/mfa/flow").want(http.StatusOK).flow(); f.Status != "challenge" {
		t.Fatalf("opening the link has changed the flow: %+v", f)
	}
	p.get("/me").want(http.StatusUnauthorized)
	scanner.post("/mfa/link", press).want(http.StatusNotFound)
	scanner.get("/me").want(http.StatusUnauthorized)

	if at := p.post("/mfa/link", press).want(http.StatusSeeOther).header.Get("Location"); at != "/continue" {
		t.Errorf("the pressed button leads to %q", at)
	}
	if at := p.get("/continue").want(http.StatusSeeOther).header.Get("Location"); at != "/" {
		t.Errorf("from there to %q", at)
	}
	if m := p.me(); m.Email != p.email {
		t.Errorf("signed in as %+v", m)
	}
	p.post("/mfa/link", press).wantOneOf(http.StatusNotFound, http.StatusGone, http.StatusUnauthorized)

	f = p.again() // the link was the code's, too
	p.answerWith(f.option(t, "email"), c.codeIn(letter.Text)).want(http.StatusUnauthorized, "code_not_valid")
	if f.option(t, "email") != option {
		t.Error("the option has another name in another flow")
	}
}

// Without the gateway the other ways stay open, and the person is told what is so.
func TestCodes_GatewayIsDown(t *testing.T) {
	c := startCarried(t)
	p := c.registerWith(t, number)
	p.confirm(p.setUp(js{"method": "sms"}), c.text(number, 1))
	p.signInBy("sms", func() string { return c.text(number, 2) })
	p.confirm(p.setUp(js{"method": "email"}), c.codeIn(c.letter(p.email, setupSubject).Text))
	f := p.again()
	c.kannel.Stop()
	for range 2 { // the fault starts no pause
		r := p.post("/mfa/flow/challenge", js{"option": f.option(t, "sms")}).want(http.StatusBadGateway, "delivery_failed")
		if r.member("reason") != "unreachable" || r.member("retry") != true {
			t.Errorf("the problem: %s", r.body)
		}
	}
	now := p.get("/mfa/flow").want(http.StatusOK).flow()
	if len(now.Options) != len(f.Options) || now.Status != "challenge" {
		t.Fatalf("before %+v, after %+v", f, now)
	}
	page := p.pages().post("/challenge/send", form("option", f.option(t, "sms"), "return", "/")).want(http.StatusBadGateway)
	for _, part := range []string{"Our carrier", "Get a mail to", "Use a recovery code"} {
		if !strings.Contains(html.UnescapeString(string(page.body)), part) {
			t.Errorf("the page does not say %q:\n%s", part, page.body)
		}
	}
	option, _ := p.ask(now, "email")
	p.answerWith(option, c.codeIn(c.letter(p.email, codeSubject).Text)).want(http.StatusOK)
	if m := p.me(); m.Email != p.email {
		t.Errorf("signed in as %+v", m)
	}
	c.kannel.WantSent(2)
	c.kannel.Start()
	c.advance(time.Hour) // attempts that failed have used the hour's messages up
	p.signInBy("sms", func() string { return c.text(number, 3) })
}

// pages is the same browser, asking for pages.
func (c *client) pages() *client {
	out := *c
	out.header = maps.Clone(c.header)
	out.header.Set("Accept", "text/html")
	return &out
}

func TestO12_NumberIsRefusedWithWhatIsOpen(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	for number, reason := range map[string]string{
		"+46701234567":              "country_not_allowed",
		"+4722222222":               "fixed_line",
		"+4740612345;ext=1":         "number_not_valid",
		"+4740612345,+4798765432":   "number_not_valid",
		"+4740612345\r\n+479876543": "number_not_valid",
	} {
		r := p.post("/mfa/enrollments", js{"method": "sms", "phone": number}).want(http.StatusUnprocessableEntity, "destination_refused")
		var refused struct {
			Reason, Detail string
			Methods        []string
		}
		r.into(&refused)
		if refused.Reason != reason || refused.Detail == "" || !slices.Contains(refused.Methods, "totp") || !slices.Contains(refused.Methods, "email") {
			t.Errorf("%q: %s", number, r.body)
		}
		if strings.Contains(string(r.body), number) {
			t.Errorf("%q is repeated: %s", number, r.body)
		}
	}
	for _, m := range a.inbox() {
		if m.Channel == "sms" {
			t.Errorf("sent all the same: %+v", m)
		}
	}
}

// retryAfter is the header in seconds.
func (r reply) retryAfter() time.Duration {
	r.t.Helper()
	seconds, err := strconv.Atoi(r.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		r.t.Fatalf("%s: Retry-After %q", r.what, r.header.Get("Retry-After"))
	}
	return time.Duration(seconds) * time.Second
}

// A code is sent again after a pause, of which all that is said is true, and ends
// the one before.
func TestO03_O05_ResendWaitsAndEndsTheOldCode(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	s := p.setUp(js{"method": "sms", "phone": number})
	early := p.post("/mfa/enrollments/"+s.ID+"/challenge", nil).want(http.StatusTooManyRequests, "too_soon")
	a.advance(early.retryAfter())
	p.post("/mfa/enrollments/"+s.ID+"/challenge", nil).want(http.StatusOK)
	codes := a.inboxCodes(number)
	if len(codes) != 2 {
		t.Fatalf("%d codes went out, want 2", len(codes))
	}
	if codes[0] != codes[1] {
		p.post("/mfa/enrollments/"+s.ID+"/activate", js{"code": codes[0]}).want(http.StatusUnauthorized, "code_not_valid")
	}
	p.confirm(s, codes[1])

	f := p.again()
	option, asked := p.ask(f, "sms")
	soon := p.post("/mfa/flow/challenge", js{"option": option}).want(http.StatusTooManyRequests, "too_soon")
	if at := soon.member("resend_at"); at != asked.Resend.UTC().Format(time.RFC3339) {
		t.Errorf("resend_at %v, and first %v", at, asked.Resend)
	}
	if wait := soon.retryAfter(); a.now().Add(wait).Before(asked.Resend.Add(-time.Second)) {
		t.Errorf("Retry-After %v ends before %v", wait, asked.Resend)
	}
	if n := len(a.inboxCodes(number)); n != 3 {
		t.Fatalf("%d codes went out, want 3", n)
	}
	a.advance(soon.retryAfter())
	p.ask(f, "sms")
	codes = a.inboxCodes(number)
	if codes[2] != codes[3] {
		p.answerWith(option, codes[2]).want(http.StatusUnauthorized, "code_not_valid")
	}
	p.answerWith(option, codes[3]).want(http.StatusOK)
	f = p.again()
	p.answerWith(f.option(t, "sms"), codes[3]).want(http.StatusUnauthorized, "code_not_valid")
}

// Another number takes the place of one when a code to it comes back, and not
// before; the name stays, and the owner is told.
func TestC21_ChangeOfNumberIsConfirmedAndTold(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	done := p.confirm(p.setUp(js{"method": "sms", "phone": number, "label": "Work"}), a.lastCode(number))
	old := done.Enrollment.ID
	p.signInBy("sms", func() string { return a.lastCode(number) })
	s := p.setUp(js{"method": "sms", "phone": otherNumber, "replaces": old})
	if list := p.enrollments().Enrollments; !slices.ContainsFunc(list, func(e enrolled) bool { return e.ID == old }) {
		t.Errorf("the old number is gone before the new one is confirmed: %+v", list)
	}
	code := a.lastCode(otherNumber)
	p.post("/mfa/enrollments/"+s.ID+"/activate", js{"code": notCode(code)}).want(http.StatusUnauthorized, "code_not_valid")
	if changed := p.confirm(s, code); changed.Enrollment.Label != "Work" || len(changed.RecoveryCodes) > 0 {
		t.Errorf("changed to %+v", changed)
	}
	list := p.get("/mfa/enrollments").want(http.StatusOK)
	if body := string(list.body); strings.Contains(body, "••45") || !strings.Contains(body, "+47 ••• ••32") || strings.Count(body, `"method":"sms"`) != 1 {
		t.Errorf("the enrollments: %s", body)
	}
	m := a.waitForMail(p.email, "was replaced")
	for _, says := range []string{"Work", "••45", "••32"} {
		if !strings.Contains(m.Body, says) {
			t.Errorf("the mail does not say %q:\n%s", says, m.Body)
		}
	}
	if strings.Contains(m.Body, number) || strings.Contains(m.Body, otherNumber) {
		t.Errorf("O-12: the mail has a whole number:\n%s", m.Body)
	}

	p.signInBy("sms", func() string { return a.lastCode(otherNumber) })
	if n := len(a.inboxCodes(number)); n != 2 {
		t.Errorf("%d codes went to the old number, want 2", n)
	}
}

// nthCode is the nth code that went to a number or an address; those in the
// inbox are there when the answer is.
func (a *app) nthCode(to string, n int) string {
	a.t.Helper()
	all := a.inboxCodes(to)
	if len(all) < n {
		a.t.Fatalf("%d codes went to %s, want %d", len(all), to, n)
	}
	return all[n-1]
}

func (a *app) lastCode(to string) string {
	a.t.Helper()
	all := a.inboxCodes(to)
	if len(all) == 0 {
		a.t.Fatalf("no code went to %s", to)
	}
	return all[len(all)-1]
}

// Codes are in no answer, page or line of the log, whatever is asked for. What
// is searched is all of the run, when it ends.
func TestA53_A89_SentCodesAreNowhere(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.register(t)
	pages := p.pages()
	page := string(pages.post("/setup/sms", form("phone", number, "replaces", "", "label", "")).want(http.StatusOK).body)
	id, to := hidden(t, page, "id"), hidden(t, page, "to")
	pages.post("/setup/sms/resend", form("id", id, "to", to, "replaces", "")).want(http.StatusTooManyRequests)
	code := a.lastCode(number)
	pages.post("/setup/sms/confirm", form("id", id, "to", to, "code", notCode(code), "replaces", "", "resend", "")).want(http.StatusUnauthorized)
	pages.post("/setup/sms/confirm", form("id", id, "to", to, "code", code, "replaces", "", "resend", "")).want(http.StatusOK)
	p.signInBy("sms", func() string { return a.lastCode(number) })
	p.confirm(p.setUp(js{"method": "email"}), a.lastCode(p.email))

	f := p.again()
	for _, method := range []string{"sms", "email"} {
		option, to := f.option(t, method), map[string]string{"sms": number, "email": p.email}[method]
		pages.post("/challenge/send", form("option", option, "return", "/")).want(http.StatusSeeOther)
		pages.get("/challenge?option=" + option).want(http.StatusOK)
		pages.post("/challenge/send", form("option", option, "return", "/")).want(http.StatusTooManyRequests)
		code := a.lastCode(to)
		pages.post("/challenge", form("option", option, "return", "/", "resend", "", "code", notCode(code))).want(http.StatusUnauthorized)
		p.answerWith(option, notCode(code)).want(http.StatusUnauthorized, "code_not_valid")
		p.answerWith(option, "letter").want(http.StatusBadRequest)
		p.get("/mfa/flow").want(http.StatusOK)
	}
	option := f.option(t, "sms")
	a.advance(2 * time.Minute)
	p.ask(f, "sms")
	p.answerWith(option, a.lastCode(number)).want(http.StatusOK)
	for _, path := range []string{"/me", "/mfa/enrollments", "/mfa/activity", "/settings", "/settings/export"} {
		pages.get(path)
	}
	sent := slices.Concat(a.inboxCodes(number), a.inboxCodes(p.email))
	if len(sent) != 6 {
		t.Errorf("%d codes are looked for, want 6", len(sent))
	}
	for _, code := range sent {
		if _, ok := a.seen.all()[code]; !ok {
			t.Error("a code that was sent is not looked for")
		}
	}
}

// hidden is the value of a hidden field of a page.
func hidden(t testing.TB, page, name string) string {
	t.Helper()
	match := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if match == nil {
		t.Fatalf("no field %s in\n%s", name, page)
	}
	return html.UnescapeString(match[1])
}
