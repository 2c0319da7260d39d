package mailer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
)

func wantFault(t *testing.T, err error, reason string, retry, elsewhere bool) {
	t.Helper()
	var fault *mfa.SendError
	if !errors.As(err, &fault) {
		t.Fatalf("got %v", err)
	}
	if fault.Reason != reason || fault.Retry != retry || fault.Elsewhere != elsewhere {
		t.Errorf("got %s, retry %t, elsewhere %t (%v); want %s, %t, %t", fault.Reason, fault.Retry, fault.Elsewhere, fault.Err, reason, retry, elsewhere)
	}
	if fault.Err == nil {
		t.Error("the cause is not told")
	}
}

// at answers one command, and leaves the others to the server.
func at(verb, reply string) func(int, string, string) string {
	return func(_ int, v, _ string) string {
		if v == verb {
			return reply
		}
		return ""
	}
}

var replies = []struct {
	verb, reply      string
	reason           string
	retry, elsewhere bool
}{
	{"RCPT", "550 5.1.1 <ada@example.org> no such user", mfa.SendBadDestination, false, false},
	{"RCPT", "550 no mailbox ada@example.org", mfa.SendBadDestination, false, false},
	{"RCPT", "551 moved", mfa.SendBadDestination, false, false},
	{"RCPT", "553 bad name", mfa.SendBadDestination, false, false},
	{"RCPT", "554 5.1.2 no such domain", mfa.SendBadDestination, false, false},
	{"RCPT", "552 5.2.2 mailbox full", mfa.SendBadDestination, false, false},
	{"RCPT", "550 5.2.1 disabled", mfa.SendBadDestination, false, false},
	{"RCPT", "550 5.0.0 no", mfa.SendBadDestination, false, false},
	{"RCPT", "550 5.7.1 relaying denied", mfa.SendRefused, false, true},
	{"RCPT", "550 5.1.8 sender's domain", mfa.SendRefused, false, true},
	{"RCPT", "554 blocked", mfa.SendRefused, false, true},
	{"RCPT", "530 5.7.0 log in first", mfa.SendUnauthorized, false, true},
	{"RCPT", "450 4.2.0 grey list", mfa.SendThrottled, true, true},
	{"RCPT", "451 4.7.1 grey list", mfa.SendThrottled, true, true},
	{"RCPT", "452 4.5.3 too many", mfa.SendThrottled, true, true},
	{"RCPT", "451 4.3.0 fault", mfa.SendUnreachable, true, true},
	{"RCPT", "450 4.4.1 no route", mfa.SendUnreachable, true, true},
	{"RCPT", "421 4.7.0 too many connections", mfa.SendThrottled, true, true},
	{"MAIL", "550 5.7.1 sender refused", mfa.SendRefused, false, true},
	{"MAIL", "550 no", mfa.SendRefused, false, true},
	{"MAIL", "530 log in first", mfa.SendUnauthorized, false, true},
	{"MAIL", "421 closing", mfa.SendUnreachable, true, true},
	{"MAIL", "451 later", mfa.SendUnreachable, true, true},
	{"DATA", "554 5.5.1 no recipients", mfa.SendRefused, false, true},
	{"DATA", "451 4.3.0 fault", mfa.SendUnreachable, true, true},
	{"END", "554 5.7.1 spam: Your code is 271828", mfa.SendRefused, false, true},
	{"END", "550 5.1.1 ada@example.org", mfa.SendRefused, false, true},
	{"END", "452 4.3.1 disk full", mfa.SendUnreachable, true, true},
	{"END", "what?", mfa.SendBadAnswer, true, false},
	{"END", hangUp, mfa.SendBadAnswer, true, false},
	{"DATA", hangUp, mfa.SendUnreachable, true, true},
	{"RCPT", hangUp, mfa.SendUnreachable, true, true},
	{"MAIL", hangUp, mfa.SendUnreachable, true, true},
	{"MAIL", "what?", mfa.SendUnreachable, true, true},
	{"EHLO", hangUp, mfa.SendUnreachable, true, true},
	{"STARTTLS", "454 4.7.0 not now", mfa.SendUnreachable, true, true},
	{"STARTTLS", hangUp, mfa.SendUnreachable, true, true},
	{"GREETING", hangUp, mfa.SendUnreachable, true, true},
	{"GREETING", "554 5.7.1 go away", mfa.SendRefused, false, true},
	{"GREETING", "421 busy", mfa.SendUnreachable, true, true},
	{"GREETING", "HTTP/1.1 400 Bad Request", mfa.SendUnreachable, true, true},
	{"AUTH", "535 5.7.8 wrong for example", mfa.SendUnauthorized, false, true},
	{"AUTH", "534 5.7.9 too weak", mfa.SendUnauthorized, false, true},
	{"AUTH", "554 no", mfa.SendUnauthorized, false, true},
	{"AUTH", "454 not now", mfa.SendUnreachable, true, true},
	{"AUTH", hangUp, mfa.SendUnreachable, true, true},
}

func TestSend_Replies(t *testing.T) {
	for _, c := range replies {
		t.Run(c.verb+" "+c.reply, func(t *testing.T) {
			server := start(t, &mailServer{extensions: []string{"AUTH PLAIN"}, answer: at(c.verb, c.reply)})
			s := server.sender(t, func(k *mailer.Config) { k.Username, k.Password = "example", "p4ss" })
			_, err := s.Send(t.Context(), message())
			wantFault(t, err, c.reason, c.retry, c.elsewhere)
			if n := server.said("EHLO"); n > 2 { // before and after STARTTLS
				t.Errorf("%d times EHLO: it tried again by itself", n)
			}
		})
	}
}

// A89: neither the address nor the text nor the code nor the password is in an error, whatever
// the server says.
func TestA89_ErrorsHoldNothingOfTheMessage(t *testing.T) {
	secrets := []string{"271828", "ada@", "example.org", "Your code", "p4ss", "u53r"}
	for _, c := range replies {
		if c.reply == hangUp {
			continue
		}
		echo := c.reply + " " + strings.Join(secrets, " ")
		server := start(t, &mailServer{extensions: []string{"AUTH PLAIN"}, answer: at(c.verb, echo)})
		s := server.sender(t, func(k *mailer.Config) { k.Username, k.Password = "u53r", "p4ss" })
		_, err := s.Send(t.Context(), message())
		if err == nil {
			t.Fatal("sent")
		}
		seen := ""
		for e := err; e != nil; e = errors.Unwrap(e) {
			seen += fmt.Sprintf("%v|%+v|%#v|%s\n", e, e, e, e.Error())
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "error", err, "message", message(), "sender", s)
		for _, secret := range secrets {
			if strings.Contains(seen+log.String(), secret) {
				t.Errorf("%s %s: %q is in %s%s", c.verb, c.reply, secret, seen, &log)
			}
		}
	}
}

func TestPrintsWithoutPassword(t *testing.T) {
	c := mailer.Config{Addr: "mail.test:587", From: "no-reply@example.com", Username: "u53r", Password: "p4ss"}
	s, err := mailer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "config", c, "sender", s)
	for _, seen := range []string{fmt.Sprintf("%v %+v %#v %s", c, c, c, c), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), log.String()} {
		if strings.Contains(seen, "p4ss") || strings.Contains(seen, "u53r") {
			t.Error(seen)
		}
	}
}

func TestSend_NobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Nobody listens on a port that a client has, and nobody else can get it meanwhile.
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := mailer.New(mailer.Config{Addr: c.LocalAddr().String(), From: "no-reply@example.com", Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Send(t.Context(), message())
	wantFault(t, err, mfa.SendUnreachable, true, true)
	wantFault(t, s.Check(t.Context()), mfa.SendUnreachable, true, true)
}

// A server that says nothing holds nobody up, and it is told whether the message
// may have gone out.
func TestSend_Silence(t *testing.T) {
	for _, c := range []struct{ verb, reason string }{
		{"GREETING", mfa.SendUnreachable}, {"EHLO", mfa.SendUnreachable}, {"STARTTLS", mfa.SendUnreachable}, {"AUTH", mfa.SendUnreachable},
		{"MAIL", mfa.SendUnreachable}, {"RCPT", mfa.SendUnreachable}, {"DATA", mfa.SendUnreachable}, {"END", mfa.SendTimeout},
	} {
		t.Run(c.verb, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			server := start(t, &mailServer{extensions: []string{"AUTH PLAIN"}, answer: func(_ int, verb, _ string) string {
				if verb != c.verb {
					return ""
				}
				cancel() // the request's time is up just now
				return silent
			}})
			s := server.sender(t, func(k *mailer.Config) { k.Username, k.Password = "example", "p4ss" })
			_, err := s.Send(ctx, message())
			wantFault(t, err, c.reason, true, c.reason == mfa.SendUnreachable)
		})
	}
	t.Run("Timeout", func(t *testing.T) {
		server := start(t, &mailServer{answer: at("GREETING", silent)})
		s := server.sender(t, func(k *mailer.Config) { k.Timeout = 1 })
		_, err := s.Send(t.Context(), message())
		wantFault(t, err, mfa.SendUnreachable, true, true)
	})
	t.Run("all connections are busy", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		busy := make(chan struct{})
		server := start(t, &mailServer{answer: func(_ int, verb, _ string) string {
			if verb != "GREETING" {
				return ""
			}
			close(busy)
			return silent
		}})
		s := server.sender(t, func(k *mailer.Config) { k.Connections = 1 })
		done := make(chan error)
		go func() { _, err := s.Send(ctx, message()); done <- err }()
		<-busy
		over, end := context.WithCancel(t.Context())
		end()
		_, err := s.Send(over, message())
		wantFault(t, err, mfa.SendUnreachable, true, true)
		cancel()
		wantFault(t, <-done, mfa.SendUnreachable, true, true)
		if n := server.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// A server that never ends its sentence is cut off.
func TestSend_Flood(t *testing.T) {
	server := start(t, &mailServer{answer: func(_ int, verb, _ string) string {
		if verb == "MAIL" {
			return strings.Repeat("250-on and on\r\n", 1<<16) + "250 done"
		}
		return ""
	}})
	_, err := server.sender(t).Send(t.Context(), message())
	wantFault(t, err, mfa.SendUnreachable, true, true)
	if server.said("RCPT") != 0 {
		t.Error("it was heard to the end")
	}
}
