package mailer_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
)

// parse opens a mail: its headers, its text and its HTML.
func parse(t *testing.T, data string) (h mail.Header, text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind == "text/plain" {
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatal(err)
		}
		return m.Header, string(body), ""
	}
	if kind != "multipart/alternative" {
		t.Fatalf("the mail is %s", kind)
	}
	var bodies []string
	for r, want := multipart.NewReader(m.Body, params["boundary"]), []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"}; ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type"); len(bodies) >= len(want) || got != want[len(bodies)] {
			t.Errorf("part %d is %s", len(bodies), got)
		}
		body, err := io.ReadAll(part) // multipart undoes the encoding
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	if len(bodies) != 2 {
		t.Fatalf("%d parts", len(bodies))
	}
	return m.Header, bodies[0], bodies[1]
}

func lines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

func TestSend(t *testing.T) {
	for name, server := range map[string]*mailServer{"STARTTLS": {}, "implicit TLS": {implicit: true}} {
		t.Run(name, func(t *testing.T) {
			start(t, server)
			s := server.sender(t, func(c *mailer.Config) { c.ReplyTo = "help@example.com" })
			ref, err := s.Send(t.Context(), message())
			if err != nil {
				t.Fatal(err)
			}
			got := server.received()
			if len(got) != 1 || got[0].from != "no-reply@example.com" || got[0].to != "ada@example.org" || !got[0].tls {
				t.Fatalf("got %+v", got)
			}
			h, text, html := parse(t, got[0].data)
			for key, want := range map[string]string{
				"From":           `"Example" <no-reply@example.com>`,
				"To":             "<ada@example.org>",
				"Reply-To":       "<help@example.com>",
				"Subject":        "Your code",
				"Date":           "Sun, 01 Mar 2026 12:00:00 +0000",
				"Message-Id":     "<k3j5h6@example.com>",
				"Auto-Submitted": "auto-generated",
				"User-Agent":     "",
			} {
				if h.Get(key) != want {
					t.Errorf("%s: %q, want %q", key, h.Get(key), want)
				}
			}
			if ref != "k3j5h6@example.com" {
				t.Errorf("the reference is %q", ref)
			}
			if lines(text) != message().Text || lines(html) != message().HTML {
				t.Errorf("the bodies are %q and %q", text, html)
			}
			if server.said("EHLO example.com") == 0 {
				t.Error("the machine told another name")
			}
		})
	}
}

func TestSend_TextAlone(t *testing.T) {
	server := start(t, &mailServer{})
	m := message()
	m.HTML, m.Subject, m.Text = "", "Zugangsschlüssel geändert – жёлтый", "Grüße = 3D, "+strings.Repeat("lang ", 40)+"\n.\n..\nMAIL FROM:<evil@example.net>\n"
	if _, err := server.sender(t).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.received()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	h, text, _ := parse(t, got[0].data)
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != m.Subject {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if lines(text) != m.Text {
		t.Errorf("the text is %q", text)
	}
	for line := range strings.SplitSeq(got[0].data, "\n") {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("a line that not every server takes: %q", line)
		}
	}
}

// The password goes over TLS, in the way that the server knows.
func TestSend_LogsIn(t *testing.T) {
	for name, extension := range map[string]string{"PLAIN": "AUTH LOGIN PLAIN", "LOGIN": "AUTH LOGIN XOAUTH2"} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			server := start(t, &mailServer{extensions: []string{extension}, answer: func(_ int, verb, line string) string {
				if line == "AUTH LOGIN" || asked == 1 {
					asked++
					return "334 VXNlcm5hbWU6"
				}
				if asked == 2 {
					asked++
					return "235 ok"
				}
				return ""
			}})
			s := server.sender(t, func(c *mailer.Config) { c.Username, c.Password = "example", "p4ss" })
			if err := s.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{
				"PLAIN": {"AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00example\x00p4ss"))},
				"LOGIN": {"AUTH LOGIN", base64.StdEncoding.EncodeToString([]byte("example")), base64.StdEncoding.EncodeToString([]byte("p4ss"))},
			}[name]
			for _, command := range want {
				if server.said(command) != 1 {
					t.Errorf("%q was not said", command)
				}
			}
			if len(server.received()) != 0 {
				t.Error("Check sent something")
			}
		})
	}
}

// Without TLS nothing is said that matters.
func TestSend_DemandsTLS(t *testing.T) {
	server := start(t, &mailServer{noTLS: true, extensions: []string{"AUTH PLAIN"}})
	s := server.sender(t, func(c *mailer.Config) { c.Username, c.Password = "example", "p4ss" })
	_, err := s.Send(t.Context(), message())
	wantFault(t, err, mfa.SendUnreachable, true, true)
	for _, command := range []string{"AUTH", "MAIL"} {
		if server.said(command) != 0 {
			t.Errorf("%s was said in the clear", command)
		}
	}
	// The same server is good enough for a test on this machine.
	s = server.sender(t, func(c *mailer.Config) { c.InsecurePlaintext, c.TLS = true, nil })
	if _, err := s.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	if got := server.received(); len(got) != 1 || got[0].tls {
		t.Errorf("got %+v", got)
	}
}

func TestSend_ChecksTheCertificate(t *testing.T) {
	for name, server := range map[string]*mailServer{"STARTTLS": {}, "implicit TLS": {implicit: true}} {
		t.Run(name, func(t *testing.T) {
			start(t, server)
			s := server.sender(t, func(c *mailer.Config) { c.TLS = nil }) // the system's authorities
			_, err := s.Send(t.Context(), message())
			wantFault(t, err, mfa.SendUnreachable, false, true)
			s = server.sender(t, func(c *mailer.Config) { c.TLS.ServerName = "another.test" })
			_, err = s.Send(t.Context(), message())
			wantFault(t, err, mfa.SendUnreachable, false, true)
			if server.said("MAIL") != 0 {
				t.Error("a stranger was told about a mail")
			}
		})
	}
}

// Many goroutines send over few connections.
func TestSend_Parallel(t *testing.T) {
	server := start(t, &mailServer{})
	s := server.sender(t, func(c *mailer.Config) { c.Connections = 2 })
	const senders, each = 8, 5
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for j := range each {
				m := message()
				m.ID = string(rune('a'+i)) + string(rune('a'+j))
				if _, err := s.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var ids []string
	for _, got := range server.received() {
		h, _, _ := parse(t, got.data)
		ids = append(ids, h.Get("Message-Id"))
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != senders*each || len(ids) != senders*each {
		t.Errorf("%d mails, %q", len(ids), ids)
	}
	if n := server.connections(); n > 2 {
		t.Errorf("%d connections", n)
	}
}

// O-12: what comes from strangers is one line, one address, or nothing.
func TestO12_NothingIsInjected(t *testing.T) {
	server := start(t, &mailServer{})
	s := server.sender(t)
	t.Run("address", func(t *testing.T) {
		for _, to := range badAddresses {
			m := message()
			m.To = to
			_, err := s.Send(t.Context(), m)
			wantFault(t, err, mfa.SendBadDestination, false, false)
			if server.connections() != 0 {
				t.Fatalf("a server was asked about %q", to)
			}
		}
	})
	t.Run("identifier", func(t *testing.T) {
		for _, id := range []string{"", "a b", "a\r\nBcc: x@example.net", "a>", "ä", strings.Repeat("a", 65)} {
			m := message()
			m.ID = id
			_, err := s.Send(t.Context(), m)
			wantFault(t, err, mfa.SendRefused, false, false)
		}
	})
	t.Run("subject and bodies", func(t *testing.T) {
		m := message()
		m.Subject = "Code\r\nBcc: eve@example.net\nX: y\r\n\r\nbody\u2028\u202Eevil\u200B\u2066 \x00\x1b[31m" + strings.Repeat("é", 200) + "\xff"
		m.Text = "one\r\n.\r\nRCPT TO:<eve@example.net>\r\nDATA\r\n\x00"
		m.HTML = "<p>\r\n.\r\nQUIT\r\n--boundary--\r\n"
		if _, err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := server.received()
		if len(got) != 1 || got[0].to != "ada@example.org" {
			t.Fatalf("got %+v", got)
		}
		h, text, html := parse(t, got[0].data)
		if len(h["Bcc"]) != 0 || len(h["X"]) != 0 {
			t.Errorf("headers were added: %v", h)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil || !strings.HasPrefix(subject, "Code Bcc: eve@example.net X: y body evil [31mé") || len(subject) > 256 {
			t.Errorf("the subject is %q, %v", subject, err)
		}
		if lines(text) != lines(m.Text) || lines(html) != lines(m.HTML) {
			t.Errorf("the bodies are %q and %q", text, html)
		}
	})
}

func TestSend_RefusesOtherMessages(t *testing.T) {
	server := start(t, &mailServer{})
	s := server.sender(t)
	for name, change := range map[string]func(*mfa.Message){
		"by SMS":    func(m *mfa.Message) { m.Channel = mfa.ChannelSMS },
		"empty":     func(m *mfa.Message) { m.Text = "" },
		"too long":  func(m *mfa.Message) { m.Text = string(bytes.Repeat([]byte("a"), 256<<10+1)) },
		"long HTML": func(m *mfa.Message) { m.HTML = string(bytes.Repeat([]byte("a"), 256<<10+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			m := message()
			change(&m)
			_, err := s.Send(t.Context(), m)
			wantFault(t, err, mfa.SendRefused, false, false)
		})
	}
	if server.connections() != 0 {
		t.Error("the server was asked")
	}
}
