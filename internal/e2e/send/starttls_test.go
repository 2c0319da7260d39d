package send_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mailer"
)

// Codes go out over TLS, to a server whose certificate is trusted, or not at all.
func TestMailGoesOverTrustedTLSAlone(t *testing.T) {
	m := testserver.NewOpenSMTPD(t)
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(m.CA) {
		t.Fatal("the authority cannot be read")
	}
	cases := []struct {
		name  string
		addr  string
		tls   *tls.Config
		retry bool // of the error
		sent  bool
	}{
		{"trusted by configuration", m.Addr, &tls.Config{RootCAs: trusted}, false, true},
		{"not trusted", m.Addr, nil, false, false},
		{"of another name", m.Addr, &tls.Config{RootCAs: trusted, ServerName: "mail.example.test"}, false, false},
		{"no TLS offered", m.Plain, &tls.Config{RootCAs: trusted}, true, false},
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			post, err := mailer.New(mailer.Config{Addr: c.addr, From: "no-reply@example.test", TLS: c.tls})
			if err != nil {
				t.Fatal(err)
			}
			defer post.Close()
			to := string(rune('a'+i)) + "@" + testserver.Domain
			_, err = post.Send(t.Context(), mfa.Message{ID: "id", Channel: mfa.ChannelEmail, To: to, Subject: "A code", Text: "000000"})
			if c.sent {
				if err != nil {
					t.Fatal(err)
				}
				m.Await(to, 1)
				return
			}
			failed := (*mfa.SendError)(nil)
			if !errors.As(err, &failed) || failed.Reason != mfa.SendUnreachable || failed.Retry != c.retry || !failed.Elsewhere {
				t.Errorf("the error is %#v", err)
			}
		})
	}
	if n := len(m.Settled()); n != 1 {
		t.Errorf("%d mails have arrived, want 1", n)
	}
}

// A mailbox that does not exist is told from a server that is away.
func TestRefusedMailbox(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	kim.user.Email = "kim@elsewhere.test"
	kim.importAddress()
	flow := kim.signIn()
	_, _, err := kim.ask(flow, "email")
	failed := (*mfa.DeliveryError)(nil)
	if !errors.As(err, &failed) || failed.Reason != mfa.SendBadDestination || failed.Retry {
		t.Errorf("the error is %#v", err)
	}
	s.smtp.Stop()
	_, _, err = kim.ask(flow, "email")
	if !errors.As(err, &failed) || failed.Reason != mfa.SendUnreachable || !failed.Retry {
		t.Errorf("with the server away: %#v", err)
	}
}
