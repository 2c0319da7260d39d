package authenticator_test

import (
	"errors"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/mfatest/authenticator"
	"github.com/mfakit/mfa/webauthn"
)

var ada = mfa.User{ID: "7", Name: "ada@example.com"}

// engine is an engine with keys on the page.
func engine(t *testing.T, c webauthn.Config) *mfatest.Engine {
	t.Helper()
	c.RP = webauthn.RelyingParty{ID: site, Origins: []string{page}}
	keys, err := webauthn.New(c)
	must(t, err)
	return mfatest.NewEngine(t, func(m *mfa.Config) { m.Factors = append(m.Factors, keys) })
}

// enroll adds a key after a sign-in by password.
func enroll(t *testing.T, m *mfatest.Engine, key *authenticator.Authenticator) error {
	t.Helper()
	flow, err := m.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
	must(t, err)
	session := mfa.Caller{User: ada, Authentication: flow.Authentication}
	enrolling, err := m.Enroll(t.Context(), session, mfa.Enroll{Method: webauthn.Name})
	must(t, err)
	answer, err := key.Enroll(enrolling.Challenge)
	must(t, err)
	_, err = m.Activate(t.Context(), session, enrolling.ID, answer)
	return err
}

// enter signs in by password and key.
func enter(t *testing.T, m *mfatest.Engine, key *authenticator.Authenticator) (mfa.Flow, error) {
	t.Helper()
	flow, err := m.SignIn(t.Context(), mfa.SignIn{User: ada, First: mfa.Password})
	must(t, err)
	if len(flow.Options) == 0 {
		t.Fatalf("status %s, and nothing to answer", flow.Status)
	}
	asked, err := m.Challenge(t.Context(), flow.Token, flow.Options[0].ID, mfa.Client{})
	must(t, err)
	answer, err := key.Answer(flow, asked.Challenge)
	must(t, err)
	return m.Verify(t.Context(), flow.Token, answer, mfa.Client{})
}

func TestEngineNoticesAClone(t *testing.T) {
	m, key := engine(t, webauthn.Config{}), authenticator.New(authenticator.Options{Origin: page})
	must(t, enroll(t, m, key))
	stolen := key.Clone()
	for range 2 {
		_, err := enter(t, m, key)
		must(t, err)
	}
	if _, err := enter(t, m, stolen); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("the clone's first use: %v", err)
	}
	if _, err := m.Events.Await(t.Context(), mfa.EventCloneSuspected, 1); err != nil {
		t.Error(err)
	}
}

func TestEngineNeverLocksOutASyncedPasskey(t *testing.T) {
	m, phone := engine(t, webauthn.Config{}), authenticator.New(authenticator.Options{Origin: page, Synced: true})
	must(t, enroll(t, m, phone))
	for _, device := range []*authenticator.Authenticator{phone, phone.Clone(), phone} {
		flow, err := enter(t, m, device)
		must(t, err)
		if flow.Status != mfa.StatusPassed {
			t.Error(flow.Status)
		}
	}
}

func TestEngineTakesOnlyModelsThatItKnows(t *testing.T) {
	known, err := authenticator.NewMaker()
	must(t, err)
	stranger, err := authenticator.NewMaker()
	must(t, err)
	good, bad := webauthn.AAGUID{1}, webauthn.AAGUID{2}
	m := engine(t, webauthn.Config{
		Attestation: webauthn.Attestation{Roots: known.Roots(), Demand: true},
		Deny:        []webauthn.AAGUID{bad},
	})
	for _, c := range []struct {
		name    string
		options authenticator.Options
		reason  string
	}{
		{"no attestation", authenticator.Options{AAGUID: good}, "attestation_missing"},
		{"another maker's", authenticator.Options{AAGUID: good, Maker: stranger}, "attestation_untrusted"},
		{"a denied model", authenticator.Options{AAGUID: bad, Maker: known}, "authenticator_not_allowed"},
	} {
		c.options.Origin = page
		var refused *mfa.RefusedError
		if err := enroll(t, m, authenticator.New(c.options)); !errors.As(err, &refused) || refused.Reason != c.reason {
			t.Errorf("%s: %v, want %s", c.name, err, c.reason)
		}
	}
	key := authenticator.New(authenticator.Options{Origin: page, AAGUID: good, Maker: known})
	must(t, enroll(t, m, key))
	flow, err := enter(t, m, key)
	must(t, err)
	if got := flow.Authentication.AAL(); got != mfa.AAL3 {
		t.Errorf("assurance %v, want AAL3", got)
	}
}
