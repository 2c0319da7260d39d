package stories_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// The rollout of a logistics platform, from the last hours before it to the weeks
// after everybody has to.
func TestStory_Logistics(t *testing.T) {
	t.Parallel()
	c := found(t, "logistics", "2025-09-27T11:00:00Z")
	autumn := instant(t, "2025-09-01T00:00:00Z")
	late := c.employ("late-0", autumn)                         // in no share
	old := c.employ("old", instant(t, "2024-01-01T00:00:00Z")) // has been here for long
	early := c.employ("early", autumn)                         // of one of the first companies
	early.Email, early.EmailVerified = "early@carrier.example", true
	driver := c.employ("driver", autumn) // sets an app up before it has to
	driver.client = mfa.Client{App: "dashboard", IP: netip.MustParseAddr("192.0.2.7"), Place: "Oslo, Norway"}

	promise(t, "not right away: nothing before 27 September, 12:00 UTC", func(t *testing.T) {
		c.until(t, "2025-09-27T11:59:59Z")
		wants(t, late.signIn(t), mfa.StatusPassed)
		wants(t, driver.signIn(t), mfa.StatusPassed)
	})
	promise(t, "adaptive from then on: a new browser is asked, a recognised one is not", func(t *testing.T) {
		c.until(t, "2025-09-27T12:00:00Z")
		wants(t, late.signIn(t), mfa.StatusPassed) // who has set nothing up is not kept out
		wants(t, driver.signIn(t), mfa.StatusPassed)
		driver.setUp(t, mfa.Flow{}, totp.Name)
		wants(t, driver.answer(t, driver.signIn(t), totp.Name, false), mfa.StatusPassed)
		wants(t, driver.signIn(t), mfa.StatusPassed)
		if driver.auth.AAL() != mfa.AAL1 {
			t.Errorf("evidence %+v: nothing was asked, so nothing was proved", driver.auth)
		}
		wants(t, driver.elsewhere().signIn(t), mfa.StatusChallenge)
	})
	promise(t, "travelling: asked more often, never blocked", func(t *testing.T) {
		abroad := driver.elsewhere()
		for _, from := range []string{"198.51.100.9", "203.0.113.20"} {
			abroad.client = mfa.Client{App: "dashboard", IP: netip.MustParseAddr(from), Place: "Nairobi, Kenya"}
			f := wants(t, abroad.signIn(t), mfa.StatusChallenge)
			wants(t, abroad.answer(t, f, totp.Name, false), mfa.StatusPassed)
		}
	})
	promise(t, "through October: more accounts in phases, prompted at sign-in", func(t *testing.T) {
		c.october(t, early, old, late)
	})
	promise(t, "end of October: required, nobody gets in without", func(t *testing.T) {
		c.until(t, "2025-10-31T00:00:00Z")
		for _, p := range []*person{late, early, old} {
			f := wants(t, p.signIn(t), mfa.StatusEnroll)
			if _, err := c.Skip(t.Context(), f.Token, p.client); !errors.Is(err, mfa.ErrEnrollmentRequired) || f.Grace.Skip {
				t.Errorf("%s puts it off: %v, %+v", p.ID, err, f.Grace)
			}
			if !slices.Equal(f.Methods, []string{totp.Name, webauthn.Name, sms.Name}) || !strings.Contains(f.Support, "support@") {
				t.Errorf("%s may choose of %v, or ask %q", p.ID, f.Methods, f.Support)
			}
		}
	})
	promise(t, "setting up an authenticator app, and next time its code", func(t *testing.T) {
		f := late.setUp(t, late.signIn(t), totp.Name)
		if wants(t, f, mfa.StatusPassed); f.Authentication.AAL() != mfa.AAL2 {
			t.Errorf("evidence %+v", f.Authentication)
		}
		late = late.elsewhere()
		wants(t, late.answer(t, wants(t, late.signIn(t), mfa.StatusChallenge), totp.Name, false), mfa.StatusPassed)
	})
	promise(t, "setting up a phone, in 26 countries", c.phones)
	promise(t, "a number elsewhere is refused, by country, with what else there is", func(t *testing.T) {
		f := early.signIn(t)
		for number, says := range map[string]string{swede: "Sweden", landline: "fixed line"} {
			_, err := c.Enroll(t.Context(), early.caller(f), mfa.Enroll{Method: sms.Name, Params: mfa.EnrollParams{Phone: number}})
			if r := refused(t, err); !strings.Contains(r.Detail, says) || !slices.Equal(r.Methods, []string{totp.Name, webauthn.Name}) || c.texts.count(number) != 0 {
				t.Errorf("%s: %+v", number, r)
			}
		}
	})
	promise(t, "setting up a security key, and next time a touch", func(t *testing.T) {
		f := early.setUp(t, early.signIn(t), webauthn.Name)
		wants(t, f, mfa.StatusPassed)
		early = early.elsewhere()
		f = early.answer(t, wants(t, early.signIn(t), mfa.StatusChallenge), webauthn.Name, false)
		if wants(t, f, mfa.StatusPassed); !f.Authentication.PhishingResistant() {
			t.Errorf("evidence %+v", f.Authentication)
		}
	})
	promise(t, "two methods are recommended, and the second one ends the reminder", func(t *testing.T) {
		early.Phone = "+447400123450"
		f := early.answer(t, early.elsewhere().signIn(t), webauthn.Name, false)
		if !f.Nudge {
			t.Error("nobody says that one is little")
		}
		early.setUp(t, mfa.Flow{}, sms.Name)
		if f = early.answer(t, early.elsewhere().signIn(t), sms.Name, false); f.Nudge || len(f.Authentication.Proofs) != 2 {
			t.Errorf("with two methods: nudge %v, %+v", f.Nudge, f.Authentication)
		}
	})
	promise(t, "a lost key: the other method", func(t *testing.T) {
		early.key = nil
		wants(t, early.answer(t, early.elsewhere().signIn(t), sms.Name, false), mfa.StatusPassed)
	})
	promise(t, "trusted devices are asked less", func(t *testing.T) { late.trusted(t) })
	promise(t, "service accounts: out, and in from their network", c.services)
	promise(t, "no text message: send it again, or set an app up instead", c.undelivered)
	promise(t, "codes of the app not taken: its clock, or add it anew", func(t *testing.T) { c.employ("slow", autumn).clock(t) })
	promise(t, "locked out: support resets, and one sets up anew", func(t *testing.T) { late.rescued(t) })
	promise(t, "all of it in the platform itself", platform)
}

// october plays the phases of that month.
func (c *company) october(t *testing.T, early, old, late *person) {
	var fleet []*person
	for i := range 60 {
		fleet = append(fleet, c.employ(fmt.Sprint("fleet-", i), instant(t, "2025-09-01T00:00:00Z")))
	}
	asked := func() map[string]bool {
		out := map[string]bool{}
		for _, p := range fleet {
			if p.elsewhere().signIn(t).Status == mfa.StatusEnroll {
				out[p.ID] = true
			}
		}
		return out
	}
	c.until(t, "2025-10-05T23:59:00Z")
	wants(t, early.signIn(t), mfa.StatusPassed)
	c.until(t, "2025-10-06T00:00:00Z")
	for _, p := range []*person{early, old} {
		f := wants(t, p.signIn(t), mfa.StatusEnroll)
		if !f.Grace.Skip || !f.Grace.Until.Equal(instant(t, "2025-10-31T00:00:00Z")) {
			t.Errorf("%s: grace %+v", p.ID, f.Grace)
		}
		f, err := c.Skip(t.Context(), f.Token, p.client)
		if err != nil {
			t.Fatal(err)
		}
		wants(t, f, mfa.StatusPassed)
	}
	if n := asked(); len(n) != 0 {
		t.Errorf("asked on the 6th: %v", n)
	}
	c.until(t, "2025-10-13T00:00:00Z")
	quarter := asked()
	c.until(t, "2025-10-20T00:00:00Z")
	half := asked()
	if len(quarter) < 5 || len(half) <= len(quarter) || len(half) >= len(fleet) {
		t.Errorf("of %d, a quarter is %d and half %d", len(fleet), len(quarter), len(half))
	}
	for id := range quarter {
		if !half[id] {
			t.Errorf("%s is asked no more", id)
		}
	}
	wants(t, late.signIn(t), mfa.StatusPassed)
	c.until(t, "2025-10-30T23:59:59Z")
	wants(t, late.signIn(t), mfa.StatusPassed)
}

// phones sets one up in each country.
func (c *company) phones(t *testing.T) {
	if len(numbers) != 26 {
		t.Fatalf("%d countries", len(numbers))
	}
	for _, n := range numbers {
		p := c.employ("trucks-"+n.country, instant(t, "2025-09-01T00:00:00Z"))
		p.Phone = n.number
		wants(t, p.setUp(t, p.signIn(t), sms.Name), mfa.StatusPassed)
		if text, _ := c.texts.Last(n.number); text.Channel != mfa.ChannelSMS {
			t.Errorf("%s: %+v", n.country, text.Channel)
		}
	}
}

// trusted has a browser remembered, and comes back.
func (p *person) trusted(t *testing.T) {
	f := wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
	if f.Remember != 30*day {
		t.Errorf("it can be trusted for %v", f.Remember)
	}
	p.answer(t, f, totp.Name, true)
	for range 5 {
		p.Clock.Advance(5 * day)
		wants(t, p.signIn(t), mfa.StatusPassed)
	}
	if p.auth.Remembered == "" {
		t.Errorf("evidence %+v", p.auth)
	}
	wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
	p.Clock.Advance(5 * day)
	f = wants(t, p.signIn(t), mfa.StatusChallenge) // 30 days, however often it came back
	p.answer(t, f, totp.Name, true)
	p.Clock.Advance(7*day + time.Minute)
	wants(t, p.signIn(t), mfa.StatusChallenge) // a week without coming back
}

// services sign in from where the policy says, and nowhere else.
func (c *company) services(t *testing.T) {
	robot := c.employ("robot", instant(t, "2025-01-01T00:00:00Z"))
	robot.Kind = mfa.Service
	enter := func(from string, first mfa.First) mfa.Flow {
		f, err := c.SignIn(t.Context(), mfa.SignIn{User: robot.User, First: first, Client: mfa.Client{IP: netip.MustParseAddr(from)}})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, from := range []string{"192.0.2.7", "11.0.0.1", "2001:db8::1"} {
		f := wants(t, enter(from, mfa.ClientCredentials), mfa.StatusDenied)
		if f.Reason != mfa.ReasonService || f.Support == "" {
			t.Errorf("from %s: reason %q, support %q", from, f.Reason, f.Support)
		}
	}
	for _, from := range []string{"10.1.2.3", "2001:db8:5e::7"} {
		wants(t, enter(from, mfa.ClientCredentials), mfa.StatusPassed)
	}
	wants(t, enter("10.1.2.3", mfa.Password), mfa.StatusPassed)
	if e := c.told(t, mfa.EventServiceInteractive, robot.ID); !e.Notice {
		t.Errorf("a person at a service account: %+v", e)
	}
}

// undelivered waits for a message, asks for another, and goes another way.
func (c *company) undelivered(t *testing.T) {
	p := c.employ("waits", c.Clock.Now())
	p.Phone = "+447400123451"
	f := p.signIn(t)
	e := p.begin(t, f, mfa.Enroll{Method: sms.Name})
	if _, err := c.Resend(t.Context(), p.caller(f), e.ID); !errors.Is(err, mfa.ErrTooSoon) {
		t.Errorf("at once again: %v", err)
	}
	c.Clock.Set(e.ResendAt)
	if _, err := c.Resend(t.Context(), p.caller(f), e.ID); err != nil || c.texts.count(p.Phone) != 2 {
		t.Fatalf("again: %v, %d messages", err, c.texts.count(p.Phone))
	}
	wants(t, p.confirm(t, p.caller(f), e), mfa.StatusPassed)

	f = wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
	option := optionOf(t, f, sms.Name)
	asked, err := c.Challenge(t.Context(), f.Token, option, p.client)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Challenge(t.Context(), f.Token, option, p.client); !errors.Is(err, mfa.ErrTooSoon) {
		t.Errorf("at once again: %v", err)
	}
	c.Clock.Set(asked.ResendAt)
	wants(t, p.answer(t, f, sms.Name, false), mfa.StatusPassed)

	q := c.employ("waits in vain", c.Clock.Now())
	q.Phone = "+447400123452"
	f = q.signIn(t)
	q.begin(t, f, mfa.Enroll{Method: sms.Name})
	wants(t, q.setUp(t, f, totp.Name), mfa.StatusPassed)
	if own := q.own(t); !slices.Equal(own, []string{totp.Name}) {
		t.Errorf("set up: %v", own)
	}
}

// clock has a phone that is slow, and adds it anew.
func (p *person) clock(t *testing.T) {
	wants(t, p.setUp(t, p.signIn(t), totp.Name), mfa.StatusPassed)
	p.Clock.Advance(time.Hour)
	f := wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge)
	option := optionOf(t, f, totp.Name)
	_, err := p.Verify(t.Context(), f.Token, mfa.Answer{Option: option, Code: p.phone.CodeAt(p.Clock.Now().Add(-5 * time.Minute))}, p.client)
	var wrong *mfa.NotValidError
	if !errors.As(err, &wrong) || wrong.Hint != mfa.HintClockSkew {
		t.Errorf("a phone five minutes behind: %v %+v", err, wrong)
	}
	wants(t, p.answer(t, f, totp.Name, false), mfa.StatusPassed)

	was := p.enrollment(t, totp.Name)
	before := p.phone
	p.confirm(t, p.me(), p.begin(t, mfa.Flow{}, mfa.Enroll{Method: totp.Name, Replaces: was.ID}))
	if list := p.enrollments(t); len(list) != 1 || list[0].ID == was.ID {
		t.Errorf("added anew: %+v", list)
	}
	f = p.elsewhere().signIn(t)
	p.Clock.Advance(time.Minute)
	if _, err := p.Verify(t.Context(), f.Token, mfa.Answer{Option: optionOf(t, f, totp.Name), Code: before.Code()}, p.client); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("a code of the old entry: %v", err)
	}
	wants(t, p.answer(t, f, totp.Name, false), mfa.StatusPassed)
}

// rescued is reset by support, which the host lets and which is told.
func (p *person) rescued(t *testing.T) {
	if f := wants(t, p.elsewhere().signIn(t), mfa.StatusChallenge); !strings.Contains(f.Support, "support@logistics.example") {
		t.Errorf("support is %q", f.Support)
	}
	reset := mfa.Reset{User: p.User, Actor: "sam of support", Reason: "lost phone, passport seen"}
	p.rank = func(mfa.SupportRequest) error { return errors.New("too low a rank") }
	if err := p.Reset(t.Context(), reset); !errors.Is(err, mfa.ErrSupport) {
		t.Errorf("by anybody: %v", err)
	}
	p.rank = nil
	signedIn := p.me()
	if err := p.Reset(t.Context(), reset); err != nil {
		t.Fatal(err)
	}
	if err := p.Satisfies(t.Context(), signedIn, mfa.Requirement{}); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("the old session: %v", err)
	}
	p.mails.await(t, p.Email, "reset")
	if e := p.told(t, mfa.EventReset, p.ID); e.Actor != reset.Actor || e.Reason != reset.Reason {
		t.Errorf("the audit has %+v", e)
	}
	f := wants(t, p.signIn(t), mfa.StatusEnroll) // the trusted browser is none any more
	wants(t, p.setUp(t, f, totp.Name), mfa.StatusPassed)
	if slices.Contains(p.own(t), emailcode.Name) {
		t.Error("mail is no method here")
	}
}

// platform is what the program does of it, now that everybody has to.
func platform(t *testing.T) {
	s := open(t, "logistics")
	m, f := s.join(t, "")
	if f.Status != "enroll" || !slices.Equal(f.Methods, []string{"totp", "webauthn", "sms"}) {
		t.Fatalf("a new account: %+v", f)
	}
	m.get(t, "/me").want(t, http.StatusUnauthorized)
	m.post(t, "/mfa/flow/skip", nil).want(t, http.StatusForbidden, "enrollment_required")
	var refusal struct {
		Reason, Detail string
		Methods        []string
	}
	m.post(t, "/mfa/enrollments", js{"method": "sms", "phone": swede}).want(t, http.StatusUnprocessableEntity, "destination_refused").into(t, &refusal)
	if refusal.Reason != sms.ReasonCountry || !strings.Contains(refusal.Detail, "Sweden") || !slices.Equal(refusal.Methods, []string{"totp", "webauthn"}) {
		t.Errorf("a number elsewhere: %+v", refusal)
	}
	const number = "+4740612345"
	b := m.begin(t, js{"method": "sms", "phone": number})
	m.post(t, "/mfa/enrollments/"+b.ID+"/challenge", nil).want(t, http.StatusTooManyRequests, "too_soon")
	s.advance(t, time.Minute)
	m.post(t, "/mfa/enrollments/"+b.ID+"/challenge", nil).want(t, http.StatusOK)
	if done := m.activate(t, b, js{"code": s.code(t, number)}); done.Flow == nil || done.Flow.Status != "passed" {
		t.Fatalf("set up: %+v", done)
	}
	m.get(t, "/me").want(t, http.StatusOK)

	login := func(m *member, remember bool) {
		t.Helper()
		s.advance(t, 5*time.Minute)
		f := m.login(t)
		if f.Remember.Days != 30 {
			t.Errorf("it can be trusted for %d days", f.Remember.Days)
		}
		option := f.option(t, "sms")
		m.post(t, "/mfa/flow/challenge", js{"option": option}).want(t, http.StatusOK)
		m.passed(t, m.verify(t, option, s.code(t, number), js{"remember": remember}))
	}
	m = m.elsewhere()
	login(m, true)
	s.advance(t, 5*day)
	if f := m.login(t); f.Status != "passed" {
		t.Errorf("a trusted browser: %+v", f)
	}
	login(m.elsewhere(), false)
	s.advance(t, 8*day)
	login(m, false)
}
