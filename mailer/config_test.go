package mailer_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/mfakit/mfa/mailer"
)

func TestNew(t *testing.T) {
	good := mailer.Config{Addr: "smtp.example.com:587", From: "Example <no-reply@example.com>"}
	for _, c := range []struct {
		name   string
		change func(*mailer.Config)
		want   string // in the error; empty: it is fine
	}{
		{"as it is", func(*mailer.Config) {}, ""},
		{"no address", func(c *mailer.Config) { c.Addr = "" }, "Addr"},
		{"no port", func(c *mailer.Config) { c.Addr = "smtp.example.com" }, "Addr"},
		{"no host", func(c *mailer.Config) { c.Addr = ":587" }, "Addr"},
		{"port 0", func(c *mailer.Config) { c.Addr = "smtp.example.com:0" }, "Addr"},
		{"named port", func(c *mailer.Config) { c.Addr = "smtp.example.com:smtp" }, "Addr"},
		{"no sender", func(c *mailer.Config) { c.From = "" }, "From"},
		{"two senders", func(c *mailer.Config) { c.From = "a@example.com, b@example.com" }, "From"},
		{"sender with a line break", func(c *mailer.Config) { c.From = "A\r\nBcc: x@example.net <a@example.com>" }, "From"},
		{"sender with hidden text", func(c *mailer.Config) { c.From = "=?utf-8?q?A=E2=80=AEB?= <a@example.com>" }, "From"},
		{"sender with an encoded line break", func(c *mailer.Config) { c.From = "=?utf-8?q?A=0D=0AB?= <a@example.com>" }, "From"},
		{"sender with zero width", func(c *mailer.Config) { c.From = "Exa\u200Bmple <a@example.com>" }, "From"},
		{"long sender", func(c *mailer.Config) { c.From = strings.Repeat("A", 200) + " <a@example.com>" }, "From"},
		{"sender in another script", func(c *mailer.Config) { c.From = "Beispiel Größe <a@example.com>" }, ""},
		{"replies to nobody", func(c *mailer.Config) { c.ReplyTo = "x" }, "ReplyTo"},
		{"user alone", func(c *mailer.Config) { c.Username = "u" }, "Password"},
		{"password alone", func(c *mailer.Config) { c.Password = "p" }, "Username"},
		{"both", func(c *mailer.Config) { c.Username, c.Password = "u", "p" }, ""},
		{"negative time", func(c *mailer.Config) { c.Timeout = -1 }, "Timeout"},
		{"too many connections", func(c *mailer.Config) { c.Connections = 65 }, "Connections"},
		{"negative connections", func(c *mailer.Config) { c.Connections = -1 }, "Connections"},
		{"hello with a line break", func(c *mailer.Config) { c.Hello = "a\r\nb" }, "Hello"},
		{"plain text to another machine", func(c *mailer.Config) { c.InsecurePlaintext = true }, "InsecurePlaintext"},
		{"plain text to a name that begins like loopback", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext = "127.0.0.1.example.com:25", true }, "InsecurePlaintext"},
		{"plain text on loopback", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext = "127.0.0.1:25", true }, ""},
		{"plain text on IPv6 loopback", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext = "[::1]:25", true }, ""},
		{"plain text on localhost", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext = "localhost:25", true }, ""},
		{"plain text and TLS", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext, c.TLS = "localhost:25", true, &tls.Config{} }, "InsecurePlaintext"},
		{"plain text and implicit TLS", func(c *mailer.Config) { c.Addr, c.InsecurePlaintext, c.ImplicitTLS = "localhost:25", true, true }, "InsecurePlaintext"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			s, err := mailer.New(config)
			if c.want == "" && (err != nil || s == nil) {
				t.Error(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error about %s", err, c.want)
			}
		})
	}
}

// What is given is copied.
func TestNew_CopiesTLS(t *testing.T) {
	server := start(t, &mailServer{})
	own := &tls.Config{RootCAs: server.roots}
	s := server.sender(t, func(c *mailer.Config) { c.TLS = own })
	own.RootCAs, own.ServerName = nil, "other"
	send(t, s)
}
