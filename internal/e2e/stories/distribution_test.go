package stories_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/sms"
	"github.com/mfakit/mfa/totp"
	"github.com/mfakit/mfa/webauthn"
)

// A platform for the distribution of apps, whose users choose to have a second
// factor.
func TestStory_Distribution(t *testing.T) {
	t.Parallel()
	s := open(t, "distribution")
	m, f := s.join(t, "+447400123456")
	if f.Status != "passed" {
		t.Fatalf("nobody has to: %+v", f)
	}
	key := authenticator.New(authenticator.Options{Origin: s.url})

	promise(t, "a security key only after an app or text messages", func(t *testing.T) {
		m.post(t, "/mfa/enrollments", js{"method": "webauthn"}).want(t, http.StatusUnprocessableEntity, "method_not_allowed")
	})
	promise(t, "a QR code and, beside it, the secret to type; the entry is named after product and address", func(t *testing.T) {
		b := m.begin(t, js{"method": "totp"})
		m.scan(t, b)
		if m.phone.Issuer == "" || m.phone.Account != m.email || len(b.Secret) < 32 || !strings.Contains(b.URI, b.Secret) || !strings.HasPrefix(b.QR, "data:image/png;base64,") {
			t.Errorf("to be scanned: %s: %s, %.30s", m.phone.Issuer, m.phone.Account, b.QR)
		}
		m.post(t, "/mfa/enrollments/"+b.ID+"/activate", js{"code": m.phone.CodeAt(s.now().Add(-time.Hour))}).want(t, http.StatusUnauthorized, "code_not_valid")
		if len(m.ids(t)) != 0 {
			t.Error("set up without a code")
		}
		if done := m.activate(t, b, js{"code": m.phone.Code()}); done.Enrollment.Method != "totp" {
			t.Errorf("no word of success: %+v", done)
		}
	})
	promise(t, "signing in takes a code then, in both front ends", func(t *testing.T) {
		m = m.elsewhere()
		f := m.login(t)
		m.get(t, "/me").want(t, http.StatusUnauthorized)
		m.passed(t, m.verify(t, f.option(t, "totp"), m.nextCode(t)))
	})
	promise(t, "the security key can be added now, and used", func(t *testing.T) {
		b := m.post(t, "/mfa/enrollments", js{"method": "webauthn"}).want(t, http.StatusCreated)
		credential, err := key.Create(b.body)
		if err != nil {
			t.Fatal(err)
		}
		var begun begun
		b.into(t, &begun)
		m.activate(t, begun, js{"credential": json.RawMessage(credential)})
		other := m.elsewhere()
		option := other.login(t).option(t, "webauthn")
		asked := other.post(t, "/mfa/flow/challenge", js{"option": option}).want(t, http.StatusOK)
		if credential, err = key.Get(asked.body); err != nil {
			t.Fatal(err)
		}
		other.passed(t, other.post(t, "/mfa/flow/verify", js{"option": option, "credential": json.RawMessage(credential)}))
	})
	promise(t, "disabling asks for the current password", func(t *testing.T) {
		id := m.ids(t)["totp"]
		s.advance(t, changeMaxAge)
		if lacks := m.delete(t, "/mfa/enrollments").lacks(t); !slices.Contains(lacks, "password") {
			t.Errorf("it asks for %v", lacks)
		}
		m.post(t, "/reauthenticate", js{"password": "not " + m.password}).want(t, http.StatusUnauthorized, "invalid_credentials")
		m.reauthenticate(t)
		// The page asks for no more than that. Whoever has stolen the password would be
		// the one to disable it, so a factor is asked for as well (OWASP ASVS 5.0, 7.5.1).
		if lacks := m.delete(t, "/mfa/enrollments/"+id).lacks(t); slices.Contains(lacks, "password") {
			t.Errorf("it still asks for %v", lacks)
		}
		m.stepUp(t)
		m.delete(t, "/mfa/enrollments/"+id).want(t, http.StatusConflict, "enrollment_required") // the key rests on it
		m.delete(t, "/mfa/enrollments").want(t, http.StatusNoContent)
		if f := m.elsewhere().login(t); f.Status != "passed" || len(m.ids(t)) != 0 {
			t.Errorf("disabled, and still asked: %+v", f)
		}
	})
	promise(t, "a mail about every change", func(t *testing.T) {
		s.mail(t, m.email, "a way to sign in was added")
		s.mail(t, m.email, "recovery codes")
		s.mail(t, m.email, "reset")
		m.reauthenticate(t)
		m.addApp(t)
		m.stepUp(t)
		m.delete(t, "/mfa/enrollments/"+m.ids(t)["totp"]).want(t, http.StatusNoContent)
		s.mail(t, m.email, "removed")
		m.post(t, "/password", js{"current": m.password, "new": m.password + "2"}).want(t, http.StatusNoContent)
		s.mail(t, m.email, "password")
	})
	promise(t, "an issue: change the password, and ask support", distributionSupport)
	promise(t, "two front ends, one account", frontEnds)
	promise(t, "a security key after text messages", afterTexts)
}

// stepUp proves the app once more in a session.
func (m *member) stepUp(t *testing.T) {
	t.Helper()
	f := m.post(t, "/mfa/stepup", js{"max_age": 60}).want(t, http.StatusOK).flow(t)
	m.passed(t, m.verify(t, f.option(t, "totp"), m.nextCode(t)))
}

// distributionSupport has somebody change a password that a thief has.
func distributionSupport(t *testing.T) {
	c := found(t, "distribution", "2026-03-01T00:00:00Z")
	p := c.employ("ada", c.Clock.Now())
	wants(t, p.signIn(t), mfa.StatusPassed)
	p.setUp(t, mfa.Flow{}, totp.Name)
	thief := p.elsewhere()
	f := wants(t, thief.signIn(t), mfa.StatusChallenge)
	if !strings.Contains(f.Support, "support@distribution.example") {
		t.Errorf("support is %q", f.Support)
	}
	p.Clock.Advance(p.phone.Period)
	if _, err := c.PasswordChanged(t.Context(), p.me()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(t.Context(), f.Token, mfa.Answer{Option: f.Options[0].ID, Code: p.phone.Code()}, thief.client); !errors.Is(err, mfa.ErrFlowExpired) {
		t.Errorf("the sign-in with the old password goes on: %v", err)
	}
}

// frontEnds signs in to a dashboard and a store.
func frontEnds(t *testing.T) {
	c := found(t, "distribution", "2026-03-01T00:00:00Z")
	dashboard := c.employ("ada", c.Clock.Now())
	dashboard.client.App = "dashboard"
	store := dashboard.elsewhere()
	store.client.App = "store"
	wants(t, dashboard.signIn(t), mfa.StatusPassed)
	dashboard.setUp(t, mfa.Flow{}, totp.Name)
	store.phone = dashboard.phone
	wants(t, store.answer(t, store.signIn(t), totp.Name, false), mfa.StatusPassed)
	dashboard = dashboard.elsewhere()
	wants(t, dashboard.answer(t, dashboard.signIn(t), totp.Name, false), mfa.StatusPassed)

	strayed := dashboard.me()
	strayed.Client.App = "store"
	if err := c.Satisfies(t.Context(), strayed, mfa.Requirement{}); !errors.Is(err, mfa.ErrRequirement) {
		t.Errorf("a session of the one in the other: %v", err)
	}
	if _, err := c.RemoveAll(t.Context(), dashboard.me()); err != nil {
		t.Fatal(err)
	}
	wants(t, store.elsewhere().signIn(t), mfa.StatusPassed)
}

// afterTexts adds a security key to a number.
func afterTexts(t *testing.T) {
	c := found(t, "distribution", "2026-03-01T00:00:00Z")
	p := c.employ("ada", c.Clock.Now())
	p.Phone = "+447400123456"
	f := wants(t, p.signIn(t), mfa.StatusPassed)
	if !slices.Equal(f.Methods, []string{totp.Name, sms.Name}) {
		t.Errorf("first there may be %v", f.Methods)
	}
	if _, err := c.Enroll(t.Context(), p.me(), mfa.Enroll{Method: webauthn.Name}); !errors.Is(err, mfa.ErrMethodNotAllowed) {
		t.Errorf("a key first: %v", err)
	}
	p.setUp(t, mfa.Flow{}, sms.Name)
	p = p.elsewhere()
	wants(t, p.answer(t, p.signIn(t), sms.Name, false), mfa.StatusPassed)
	p.setUp(t, mfa.Flow{}, webauthn.Name)
	if own := p.own(t); !slices.Equal(own, []string{sms.Name, webauthn.Name}) {
		t.Errorf("set up: %v", own)
	}
}
