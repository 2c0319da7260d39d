package send_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mailer"
)

// headers are all that a mail of ours has, in a mailbox of OpenSMTPD.
var headers = []string{"Auto-Submitted", "Content-Type", "Date", "Delivered-To", "From", "Message-Id", "Mime-Version", "Received", "Return-Path", "Subject", "To"}

// sound holds a mail to having one recipient and no header that is not ours.
func sound(t *testing.T, l testserver.Letter) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(l.Header)) {
		if !slices.Contains(headers, name) || len(l.Header[name]) != 1 {
			t.Errorf("header %s: %q", name, l.Header[name])
		}
	}
	if to := l.Header.Get("To"); to != "<"+l.To+">" {
		t.Errorf("To is %s, and it lies in the mailbox of %s", to, l.To)
	}
	if from := l.Header.Get("From"); from != `"Example" <no-reply@example.test>` {
		t.Errorf("From is %s", from)
	}
}

// hostile is put wherever a stranger can write something. Some of it is shown,
// in one line; some looks like a link or an address and is left out.
var hostile = []string{
	"x\r\nBcc: eve\r\nSubject: win\r\n\r\n.\r\nMAIL FROM: eve\nRCPT TO: eve\r%0d%0aBcc: eve\u202e\u2028Bcc: eve<b>b</b>{{.Code}}",
	"x\r\nBcc: eve@example.test\r\nSubject: win\r\n\r\n.\r\nMAIL FROM:<eve@example.test>\r\nRCPT TO:<eve@example.test>\r\n",
}

// Names, labels, places and browsers add neither a header nor a recipient, nor
// markup.
func TestO12_HostileTextStaysInItsLine(t *testing.T) {
	for _, text := range hostile {
		hostileMails(t, text)
	}
}

// hostileMails has every kind of mail sent with a text in it.
func hostileMails(t *testing.T, hostile string) {
	t.Helper()
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	kim.user.Name = hostile
	from := client()
	from.Place, from.UserAgent = hostile, hostile
	flow, err := s.SignIn(t.Context(), mfa.SignIn{User: kim.user, First: mfa.Password, Client: from})
	if err != nil {
		t.Fatal(err)
	}
	c := mfa.Caller{User: kim.user, Authentication: flow.Authentication, Client: from}
	begun, err := s.Enroll(t.Context(), c, mfa.Enroll{Method: "email", Label: hostile[:min(len(hostile), 60)]})
	if err != nil {
		t.Fatal(err)
	}
	setup := s.letter("kim", 1, setupSubject)
	if _, err := s.Activate(t.Context(), c, begun.ID, mfa.Answer{Code: find(t, codeInMail, setup.Text)}); err != nil {
		t.Fatal(err)
	}
	s.letter("kim", 1, addedSubject)
	s.clock.Advance(flow.Expires.Sub(s.clock.Now()) + 1)
	flow, err = s.SignIn(t.Context(), mfa.SignIn{User: kim.user, First: mfa.Password, Client: from})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Challenge(t.Context(), flow.Token, optionOf(t, flow, "email").ID, from); err != nil {
		t.Fatal(err)
	}
	s.letter("kim", 1, codeSubject)

	letters := s.smtp.Settled()
	if len(letters) != 3 {
		t.Errorf("%d mails have arrived, want 3", len(letters))
	}
	for _, l := range letters {
		sound(t, l)
		if l.To != kim.user.Email {
			t.Errorf("a mail to %s", l.To)
		}
		if strings.Contains(hostile, "\u202e") && l.Subject() != setupSubject && !strings.Contains(l.Text, "x Bcc: eve Subject: win . MAIL FROM: eve") {
			t.Errorf("%s: what was written is not shown in one line:\n%s", l.Subject(), l.Text)
		}
		for _, line := range strings.FieldsFunc(l.Text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' }) {
			for _, command := range []string{"Bcc:", "Subject:", "MAIL FROM", "RCPT TO"} {
				if strings.HasPrefix(line, command) {
					t.Errorf("%s: a line of its own: %q", l.Subject(), line)
				}
			}
		}
		if strings.Contains(l.HTML, "<b>b") || strings.ContainsRune(l.HTML+l.Text, '\u202e') {
			t.Errorf("%s: markup or a turned direction:\n%s", l.Subject(), l.HTML)
		}
	}
}

// No address is written to, unless it is one.
func TestO12_ForgedAddressesReachNobody(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	c := kim.caller()
	post := s.post()
	addresses := forged("kim@example.test", "eve@example.test")
	refused := func(when string) {
		t.Helper()
		for _, address := range addresses {
			_, err := post.Send(t.Context(), mfa.Message{ID: "id", Channel: mfa.ChannelEmail, To: address, Text: "000000"})
			if failed := (*mfa.SendError)(nil); !errors.As(err, &failed) || failed.Reason != mfa.SendBadDestination {
				t.Errorf("%q, %s: %v", address, when, err)
			}
		}
	}
	for _, address := range addresses {
		if _, err := s.Enroll(t.Context(), c, mfa.Enroll{Method: "email", Params: mfa.EnrollParams{Email: address}}); !errors.Is(err, mfa.ErrRefused) {
			t.Errorf("%q is enrolled: %v", address, err)
		}
	}
	refused("with the server up")
	if letters := s.smtp.Settled(); len(letters) != 0 {
		t.Errorf("%d mails have arrived, the first is\n%s", len(letters), letters[0].Raw)
	}
	s.smtp.Stop() // which refuses most of them by itself
	refused("without a server")
}

// Whatever subject and body hold, they stay those of one mail.
func TestO12_BodiesEndNoMail(t *testing.T) {
	s := newSite(t, want{smtp: true})
	post := s.post()
	for _, end := range []string{"\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n"} {
		body := "a" + end + "MAIL FROM:<eve@example.test>" + end + "RCPT TO:<eve@example.test>" + end + "DATA" + end + "From: eve@example.test\n\nb" + end
		id := "id" + strings.NewReplacer("\r", "r", "\n", "n", ".", "d").Replace(end)
		if _, err := post.Send(t.Context(), mfa.Message{ID: id, Channel: mfa.ChannelEmail, To: id + "@example.test", Subject: "a" + end + "Bcc: eve@example.test", Text: body, HTML: body}); err != nil {
			t.Fatal(err)
		}
		l := s.smtp.Await(id+"@example.test", 1)[0]
		sound(t, l)
		if !strings.Contains(l.Text, "RCPT TO:<eve@example.test>") || !strings.Contains(l.Text, "\nb") {
			t.Errorf("%q: the text is %q", end, l.Text)
		}
	}
	if n := len(s.smtp.Settled()); n != 5 {
		t.Errorf("%d mails have arrived, want 5", n)
	}
}

// post is a sender beside the site's engine.
func (s *site) post() *mailer.Sender {
	s.t.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(s.parts.CA)
	post, err := mailer.New(mailer.Config{Addr: s.parts.SMTP, From: "Example <no-reply@example.test>", TLS: &tls.Config{RootCAs: trusted}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = post.Close() })
	return post
}
