package stories_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
)

// A portal of health-care providers: from a day on, those who come new have to.
func TestStory_Health(t *testing.T) {
	t.Parallel()
	c := found(t, "health", "2025-10-20T00:00:00Z")
	veteran := c.employ("veteran", instant(t, "2025-10-19T23:59:59Z"))
	veteran.Phone = "+12015550100"
	newcomer := c.employ("newcomer", instant(t, "2025-10-20T00:00:00Z"))
	newcomer.Phone = "+12015550123"
	clinic := c.employ("clinic", c.Clock.Now())
	clinic.Phone = landline

	promise(t, "encouraged, and optional for accounts of before 20 October 2025", func(t *testing.T) {
		if f := wants(t, veteran.signIn(t), mfa.StatusPassed); !slices.Equal(f.Methods, []string{sms.Name, totp.Name}) {
			t.Errorf("may be set up: %v", f.Methods)
		}
	})
	promise(t, "required of those made since, at their first sign-in", func(t *testing.T) {
		f := wants(t, newcomer.signIn(t), mfa.StatusEnroll)
		if _, err := c.Skip(t.Context(), f.Token, newcomer.client); !errors.Is(err, mfa.ErrEnrollmentRequired) {
			t.Errorf("put off: %v", err)
		}
	})
	promise(t, "text messages are suggested first, to the number on file", func(t *testing.T) {
		f := newcomer.signIn(t)
		if !slices.Equal(f.Methods, []string{sms.Name, totp.Name}) {
			t.Errorf("in this order: %v", f.Methods)
		}
		wants(t, newcomer.setUp(t, f, sms.Name), mfa.StatusPassed) // no number is typed
		if c.texts.count(newcomer.Phone) != 1 {
			t.Error("nothing went to the number on file")
		}
	})
	promise(t, "a landline does not do: the code app, or another number from the executive", func(t *testing.T) {
		f := wants(t, clinic.signIn(t), mfa.StatusEnroll)
		_, err := c.Enroll(t.Context(), clinic.caller(f), mfa.Enroll{Method: sms.Name})
		if r := refused(t, err); r.Reason != sms.ReasonFixed || !slices.Equal(r.Methods, []string{totp.Name}) || r.Detail == "" {
			t.Errorf("refused with %+v", r)
		}
		if !strings.Contains(f.Support, "account executive") {
			t.Errorf("support is %q", f.Support)
		}
		wants(t, clinic.setUp(t, f, totp.Name), mfa.StatusPassed)

		corrected := c.employ("corrected", c.Clock.Now())
		corrected.Phone = landline
		wants(t, corrected.signIn(t), mfa.StatusEnroll)
		corrected.Phone = "+12015550124"
		wants(t, corrected.setUp(t, corrected.signIn(t), sms.Name), mfa.StatusPassed)
	})
	promise(t, "others set it up in the settings, and a mail confirms it", func(t *testing.T) {
		veteran.setUp(t, mfa.Flow{}, sms.Name)
		c.mails.await(t, veteran.Email, "a way to sign in was added")
	})
	promise(t, "a code at every sign-in, which then lasts for 5 days", func(t *testing.T) {
		for range 3 {
			f := wants(t, veteran.signIn(t), mfa.StatusChallenge)
			if f.Remember != 0 {
				t.Errorf("not to be asked for %v", f.Remember)
			}
			f = wants(t, veteran.answer(t, f, sms.Name, true), mfa.StatusPassed)
			if life := f.Authentication.SessionLifetime; life != 5*day {
				t.Errorf("it lasts %v", life)
			}
			c.Clock.Advance(5 * day)
		}
	})
	promise(t, "a new number: confirmed by a code that goes there, and used from then on", func(t *testing.T) { veteran.moves(t) })
	promise(t, "a wrong code from the app: the next one; by text message: a new one comes by itself", func(t *testing.T) {
		clinic.mistypes(t)
		newcomer.mistyped(t)
	})
	promise(t, "another method: reset, a mail says so, and set up anew", func(t *testing.T) {
		veteran = veteran.elsewhere()
		veteran.answer(t, veteran.signIn(t), sms.Name, false)
		f, err := c.RemoveAll(t.Context(), veteran.me())
		if err != nil {
			t.Fatal(err)
		}
		wants(t, veteran.went(f), mfa.StatusPassed)
		c.mails.await(t, veteran.Email, "two-step sign-in was reset")
		wants(t, veteran.elsewhere().signIn(t), mfa.StatusPassed)
		veteran.auth = c.Reauthenticated(veteran.auth, mfa.Password)
		veteran.setUp(t, mfa.Flow{}, totp.Name)
		wants(t, veteran.answer(t, veteran.elsewhere().signIn(t), totp.Name, false), mfa.StatusPassed)

		f, err = c.RemoveAll(t.Context(), newcomer.me()) // who has to have one sets it up at once
		if err != nil {
			t.Fatal(err)
		}
		wants(t, newcomer.setUp(t, wants(t, f, mfa.StatusEnroll), totp.Name), mfa.StatusPassed)
		if own := newcomer.own(t); !slices.Equal(own, []string{totp.Name}) {
			t.Errorf("set up: %v", own)
		}
	})
	promise(t, "phone and app lost: support", func(t *testing.T) {
		c.Clock.Advance(time.Hour)
		if err := c.Reset(t.Context(), mfa.Reset{User: newcomer.User, Actor: "team", Reason: "called back"}); err != nil {
			t.Fatal(err)
		}
		wants(t, newcomer.setUp(t, wants(t, newcomer.signIn(t), mfa.StatusEnroll), sms.Name), mfa.StatusPassed)
	})
	promise(t, "all of it in the portal itself", portal)
}

// moves has codes go to a new number, as soon as it is confirmed and not before.
func (p *person) moves(t *testing.T) {
	p.answer(t, p.signIn(t), sms.Name, false)
	old, before := p.Phone, p.enrollment(t, sms.Name)
	e := p.begin(t, mfa.Flow{}, mfa.Enroll{Method: sms.Name, Replaces: before.ID, Params: mfa.EnrollParams{Phone: "+12015550177"}})
	wants(t, p.answer(t, p.elsewhere().signIn(t), sms.Name, false), mfa.StatusPassed) // by the old one

	p.Phone = "+12015550177" // which the portal has in its own records
	p.confirm(t, p.me(), e)
	if after := p.enrollments(t); len(after) != 1 || after[0].Label != before.Label || after[0].Hint == before.Hint {
		t.Errorf("carried over: %+v", after)
	}
	p.mails.await(t, p.Email, "a way to sign in was replaced")
	was := p.texts.count(old)
	wants(t, p.answer(t, p.elsewhere().signIn(t), sms.Name, false), mfa.StatusPassed)
	if p.texts.count(old) != was {
		t.Error("the old number still gets codes")
	}
}

// mistypes is wrong with the app once.
func (p *person) mistypes(t *testing.T) {
	f := p.elsewhere().signIn(t)
	_, err := p.Verify(t.Context(), f.Token, mfa.Answer{Option: optionOf(t, f, totp.Name), Code: p.phone.CodeAt(p.Clock.Now().Add(-24 * time.Hour))}, p.client)
	if !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	wants(t, p.answer(t, f, totp.Name, false), mfa.StatusPassed)
}

// mistyped is wrong with a text message once.
func (p *person) mistyped(t *testing.T) {
	f := p.elsewhere().signIn(t)
	p.Clock.Advance(time.Minute)
	option := optionOf(t, f, sms.Name)
	if _, err := p.Challenge(t.Context(), f.Token, option, p.client); err != nil {
		t.Fatal(err)
	}
	first, n := p.texts.Code(p.Phone), p.texts.count(p.Phone)
	wrong := "000000"
	if first == wrong {
		wrong = "000001"
	}
	p.Clock.Advance(time.Minute)
	_, err := p.Verify(t.Context(), f.Token, mfa.Answer{Option: option, Code: wrong}, p.client)
	var told *mfa.NotValidError
	if !errors.As(err, &told) || told.Resent == nil || p.texts.count(p.Phone) != n+1 {
		t.Fatalf("a wrong code: %v, %d messages more", err, p.texts.count(p.Phone)-n)
	}
	f, err = p.Verify(t.Context(), f.Token, mfa.Answer{Option: option, Code: p.texts.Code(p.Phone)}, p.client)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, p.went(f), mfa.StatusPassed)
}

// portal is what the program does of it.
func portal(t *testing.T) {
	s := open(t, "health")
	m, f := s.join(t, "+12015550123")
	if f.Status != "enroll" || !slices.Equal(f.Methods, []string{"sms", "totp"}) {
		t.Fatalf("a new account: %+v", f)
	}
	m.get(t, "/me").want(t, http.StatusUnauthorized)
	m.post(t, "/mfa/flow/skip", nil).want(t, http.StatusForbidden, "enrollment_required")
	done := m.activate(t, m.begin(t, js{"method": "sms"}), js{"code": s.code(t, m.number)})
	if done.Flow == nil || done.Flow.Status != "passed" {
		t.Fatalf("set up: %+v", done)
	}
	s.mail(t, m.email, "a way to sign in was added")

	s.advance(t, 119*time.Hour)
	m.get(t, "/me").want(t, http.StatusOK)
	s.advance(t, 2*time.Hour)
	m.get(t, "/me").want(t, http.StatusUnauthorized)
	option := m.login(t).option(t, "sms")
	m.post(t, "/mfa/flow/challenge", js{"option": option}).want(t, http.StatusOK)
	m.passed(t, m.verify(t, option, s.code(t, m.number)))

	var away flow
	m.delete(t, "/mfa/enrollments").want(t, http.StatusOK).into(t, &away)
	if s.mail(t, m.email, "reset"); away.Status != "enroll" {
		t.Fatalf("reset: %+v", away)
	}
	if done := m.addApp(t); done.Flow == nil || done.Flow.Status != "passed" {
		t.Errorf("set up anew: %+v", done)
	}
	m = m.elsewhere()
	m.signIn(t)

	clinic, _ := s.join(t, landline)
	var refusal struct {
		Reason  string
		Methods []string
	}
	clinic.post(t, "/mfa/enrollments", js{"method": "sms"}).want(t, http.StatusUnprocessableEntity, "destination_refused").into(t, &refusal)
	if refusal.Reason != sms.ReasonFixed || !slices.Equal(refusal.Methods, []string{"totp"}) {
		t.Errorf("a landline: %+v", refusal)
	}
}
