package stories_test

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
)

// A contact centre: a code by mail for everybody, from a day on and for good.
func TestStory_ContactCentre(t *testing.T) {
	t.Parallel()
	c := found(t, "contact-centre", "2023-09-04T23:59:59Z")
	agent := c.employ("agent", instant(t, "2022-01-01T00:00:00Z"))
	agent.EmailVerified = true
	agent.client.App = "console"

	promise(t, "from 5 September 2023 a mail with a code at the next login, in console and phone app", func(t *testing.T) {
		wants(t, agent.signIn(t), mfa.StatusPassed)
		c.until(t, "2023-09-05T00:00:00Z")
		for _, app := range []string{"console", "talk"} {
			p := agent.elsewhere()
			p.client.App = app
			f := wants(t, p.signIn(t), mfa.StatusChallenge) // nothing was set up
			if len(f.Options) != 1 {
				t.Errorf("%s asks for %+v", app, f.Options)
			}
			wants(t, p.answer(t, f, emailcode.Name, false), mfa.StatusPassed)
		}
	})
	promise(t, "no opting out", func(t *testing.T) { agent.optsOut(t) })
	promise(t, "remember me: 30 days, and then again", func(t *testing.T) {
		p := agent.elsewhere()
		f := wants(t, p.signIn(t), mfa.StatusChallenge)
		if f.Remember != 30*day {
			t.Errorf("up to %v", f.Remember)
		}
		p.answer(t, f, emailcode.Name, true)
		for range 29 {
			c.Clock.Advance(day)
			wants(t, p.signIn(t), mfa.StatusPassed)
		}
		wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
		c.Clock.Advance(day)
		wants(t, p.signIn(t), mfa.StatusChallenge)
	})
	promise(t, "the mail says from which address and place", func(t *testing.T) {
		p := agent.elsewhere()
		p.client.IP, p.client.Place = netip.MustParseAddr("198.51.100.9"), "Austin, Texas"
		wants(t, p.answer(t, p.signIn(t), emailcode.Name, false), mfa.StatusPassed)
		m := c.mails.await(t, agent.Email, "Your code for")
		for _, says := range []string{"198.51.100.9", "Austin, Texas", origin + "/mfa/link?"} {
			if !strings.Contains(m.Text, says) || !strings.Contains(m.HTML, strings.ReplaceAll(says, "&", "&amp;")) {
				t.Errorf("it does not say %q:\n%s", says, m.Text)
			}
		}
	})
	promise(t, "nobody gets in without the code of that sign-in", func(t *testing.T) {
		thief, owner := agent.elsewhere(), agent.elsewhere()
		f, own := thief.signIn(t), owner.signIn(t)
		a := owner.proof(t, own, emailcode.Name)
		if _, err := c.Verify(t.Context(), f.Token, a, thief.client); !errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("the owner's code in a stranger's sign-in: %v", err)
		}
	})
	promise(t, "a mailbox that is lost or shared: support puts the right address in its place", func(t *testing.T) {
		agent.readdressed(t)
		c.employ("shared", c.Clock.Now()).supported(t)
	})
	promise(t, "mobile apps do without, for now", func(t *testing.T) {
		p := agent.elsewhere()
		p.client.App = "mobile"
		wants(t, p.signIn(t), mfa.StatusPassed)
		strayed := p.me()
		strayed.Client.App = "console"
		if err := c.Satisfies(t.Context(), strayed, mfa.Requirement{}); !errors.Is(err, mfa.ErrRequirement) {
			t.Errorf("the app's session in the console: %v", err)
		}
	})
	promise(t, "agents do not share a login: each has one, and codes of their own", func(t *testing.T) {
		colleague := c.employ("colleague", c.Clock.Now())
		colleague.EmailVerified = true
		wants(t, colleague.answer(t, wants(t, colleague.signIn(t), mfa.StatusChallenge), emailcode.Name, false), mfa.StatusPassed)
	})
	promise(t, "in the console itself: the mail, its link where the login began, and remember me", console)
}

// optsOut tries what there is.
func (p *person) optsOut(t *testing.T) {
	f := wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
	if _, err := p.Skip(t.Context(), f.Token, p.client); !errors.Is(err, mfa.ErrEnrollmentRequired) {
		t.Errorf("put off: %v", err)
	}
	p.answer(t, p.signIn(t), emailcode.Name, false)
	if _, err := p.RemoveAll(t.Context(), p.me()); !errors.Is(err, mfa.ErrNoEnrollment) {
		t.Errorf("all removed: %v", err)
	}
	list, err := p.Enrollments(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if _, err := p.Remove(t.Context(), p.me(), e.ID); !errors.Is(err, mfa.ErrNoEnrollment) {
			t.Errorf("%s removed: %v", e.Method, err)
		}
	}
	wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)

	unverified := p.employ("unverified", p.Clock.Now())
	f = wants(t, unverified.signIn(t), mfa.StatusEnroll)
	if f.Grace.Skip || !slices.Equal(f.Methods, []string{emailcode.Name}) {
		t.Errorf("an address that nobody has verified: %+v", f)
	}
	wants(t, unverified.setUp(t, f, emailcode.Name), mfa.StatusPassed)
	if _, err := p.Remove(t.Context(), unverified.me(), unverified.enrollment(t, emailcode.Name).ID); !errors.Is(err, mfa.ErrRequirement) && !errors.Is(err, mfa.ErrEnrollmentRequired) {
		t.Errorf("the address that was set up removed: %v", err)
	}
}

// readdressed has another address on file, which the host has verified.
func (p *person) readdressed(t *testing.T) {
	old := p.Email
	p.Email = "agent@right.example"
	was := p.mails.count(old)
	if was == 0 {
		t.Fatal("codes are not counted")
	}
	wants(t, p.answer(t, wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge), emailcode.Name, false), mfa.StatusPassed)
	if p.mails.count(old) != was {
		t.Error("the old mailbox still gets codes")
	}
}

// supported has an address of their own choosing, which support replaces with the
// person on the telephone.
func (p *person) supported(t *testing.T) {
	wants(t, p.setUp(t, wants(t, p.signIn(t), mfa.StatusEnroll), emailcode.Name), mfa.StatusPassed)
	if f := p.elsewhere().signIn(t); !strings.Contains(f.Support, "support@contact-centre.example") {
		t.Errorf("support is %q", f.Support)
	}
	old, session := p.Email, p.me()
	p.Clock.Advance(time.Minute)
	support := mfa.Caller{User: p.User, Actor: "sam of support", Reason: "shared mailbox; called back"}
	what := mfa.Enroll{Method: emailcode.Name, Replaces: p.enrollment(t, emailcode.Name).ID, Params: mfa.EnrollParams{Email: "own@right.example"}}
	p.rank = func(r mfa.SupportRequest) error {
		if r.Act == mfa.SupportReplace {
			return errors.New("too low a rank")
		}
		return nil
	}
	if _, err := p.Enroll(t.Context(), support, what); !errors.Is(err, mfa.ErrSupport) {
		t.Errorf("by anybody: %v", err)
	}
	p.rank = nil
	e, err := p.Enroll(t.Context(), support, what)
	if err != nil {
		t.Fatal(err)
	}
	p.Email = "own@right.example"
	p.confirm(t, support, e) // by the code that the person reads out
	for _, to := range []string{old, p.Email} {
		p.mails.await(t, to, "a way to sign in was replaced")
	}
	if ev := p.told(t, mfa.EventReplaced, p.ID); ev.Actor != support.Actor || ev.Reason != support.Reason {
		t.Errorf("the audit has %+v", ev)
	}
	if err := p.Satisfies(t.Context(), session, mfa.Requirement{SecondFactor: true}); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("the session by the old address: %v", err)
	}
	wants(t, p.answer(t, p.elsewhere().signIn(t), emailcode.Name, false), mfa.StatusPassed)
}

var linkInMail = regexp.MustCompile(`(?m)^(http://\S+/mfa/link\?\S+)$`)

// console is what the program does of it.
func console(t *testing.T) {
	s := open(t, "contact-centre")
	m, f := s.join(t, "")
	if f.Status == "enroll" { // nobody has verified the address yet
		m.activate(t, m.begin(t, js{"method": "email"}), js{"code": s.code(t, m.email)})
	}
	m = m.elsewhere()
	m.header.Set("X-Dev-Client-IP", "198.51.100.9")
	_, mail := m.asked(t)
	match := linkInMail.FindStringSubmatch(mail.Body)
	if match == nil || !strings.Contains(mail.Body, "198.51.100.9") {
		t.Fatalf("no link or no address in the mail:\n%s", mail.Body)
	}
	u, err := url.Parse(match[1])
	if err != nil {
		t.Fatal(err)
	}
	scanner := s.browser()
	for _, b := range []*browser{scanner, m.browser} {
		if page := b.get(t, u.RequestURI()).want(t, http.StatusOK); !strings.Contains(string(page.body), "<button") {
			t.Errorf("no button on %s", page.body)
		}
	}
	m.get(t, "/me").want(t, http.StatusUnauthorized)
	press := url.Values{"option": u.Query()["option"], "token": u.Query()["token"]}
	scanner.post(t, "/mfa/link", press).want(t, http.StatusNotFound)
	m.post(t, "/mfa/link", press).want(t, http.StatusSeeOther)
	m.get(t, "/me").want(t, http.StatusOK)

	option, _ := m.asked(t)
	m.passed(t, m.verify(t, option, s.code(t, m.email), js{"remember": true}))
	s.advance(t, 29*day)
	m.get(t, "/me").want(t, http.StatusOK) // still signed in
	if f := m.login(t); f.Status != "passed" {
		t.Errorf("after 29 days: %+v", f)
	}
	s.advance(t, day)
	if f := m.login(t); f.Status != "challenge" {
		t.Errorf("after 30 days: %+v", f)
	}
}

// asked begins a sign-in, later, and is the mail of it.
func (m *member) asked(t *testing.T) (option string, mail letter) {
	t.Helper()
	m.site.advance(t, 5*time.Minute)
	f := m.login(t)
	if f.Remember.Days != 30 {
		t.Errorf("it can be remembered for %d days", f.Remember.Days)
	}
	option = f.option(t, "email")
	m.post(t, "/mfa/flow/challenge", js{"option": option}).want(t, http.StatusOK)
	return option, m.site.mail(t, m.email, "your code")
}
