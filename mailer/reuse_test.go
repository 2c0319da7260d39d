package mailer_test

import (
	"context"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
)

func send(t *testing.T, s *mailer.Sender) {
	t.Helper()
	if _, err := s.Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
}

func TestReuse(t *testing.T) {
	server := start(t, &mailServer{})
	s := server.sender(t)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		send(t, s)
	}
	if n := server.connections(); n != 1 || len(server.received()) != 3 {
		t.Errorf("%d mails over %d connections", len(server.received()), n)
	}
	if err := s.Check(t.Context()); err != nil { // by a new connection, in the place of the idle one
		t.Fatal(err)
	}
	server.awaitEnds(1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	server.awaitEnds(2)
	if server.said("QUIT") != 2 {
		t.Error("no goodbye")
	}
	send(t, s) // after Close too, but nothing is kept
	server.awaitEnds(3)
}

func TestReuse_Idle(t *testing.T) {
	t.Run("not at all", func(t *testing.T) {
		server := start(t, &mailServer{})
		s := server.sender(t, func(c *mailer.Config) { c.IdleTimeout = -1 })
		send(t, s)
		server.awaitEnds(1)
		send(t, s)
		if n := server.connections(); n != 2 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("for a while", func(t *testing.T) {
		server := start(t, &mailServer{})
		s := server.sender(t, func(c *mailer.Config) { c.IdleTimeout = 1 })
		send(t, s)
		server.awaitEnds(1) // by itself
		if server.said("QUIT") != 1 {
			t.Error("no goodbye")
		}
	})
}

// A connection that broke while it was idle costs no message, and sends none twice.
func TestReuse_BrokenWhileIdle(t *testing.T) {
	t.Run("closed by the server", func(t *testing.T) {
		server := start(t, &mailServer{})
		s := server.sender(t)
		send(t, s)
		server.hangUpAll()
		server.awaitEnds(1)
		send(t, s)
		if got := len(server.received()); got != 2 || server.connections() != 2 {
			t.Errorf("%d mails over %d connections", got, server.connections())
		}
	})
	for _, verb := range []string{"MAIL", "RCPT", "DATA"} {
		for _, reply := range []string{hangUp, "421 4.4.2 idle for too long"} {
			t.Run(verb+" "+reply, func(t *testing.T) {
				var first atomic.Bool
				first.Store(true)
				server := start(t, &mailServer{answer: func(n int, v, _ string) string {
					if n == 1 && v == verb && !first.Swap(false) {
						return reply
					}
					return ""
				}})
				s := server.sender(t)
				send(t, s)
				send(t, s)
				if got := len(server.received()); got != 2 || server.connections() != 2 {
					t.Errorf("%d mails over %d connections", got, server.connections())
				}
			})
		}
	}
}

// Once the message was sent, it is not sent again, whatever happens.
func TestReuse_NeverTwice(t *testing.T) {
	for _, reply := range []string{hangUp, "421 closing", "451 later", "what?"} {
		t.Run(reply, func(t *testing.T) {
			var ends atomic.Int32
			server := start(t, &mailServer{answer: func(_ int, v, _ string) string {
				if v == "END" && ends.Add(1) == 2 {
					return reply
				}
				return ""
			}})
			s := server.sender(t)
			send(t, s)
			if _, err := s.Send(t.Context(), message()); err == nil {
				t.Fatal("sent")
			}
			if n := ends.Load(); n != 2 {
				t.Errorf("%d messages, want 2", n)
			}
			send(t, s)
			if n := server.connections(); n != 2 {
				t.Errorf("%d connections: one that failed was used again", n)
			}
		})
	}
}

// A new connection that fails is no reason for another one, and neither is a refusal.
func TestReuse_TriesOnce(t *testing.T) {
	for _, reply := range []string{hangUp, "421 closing", "550 5.1.1 nobody"} {
		t.Run(reply, func(t *testing.T) {
			server := start(t, &mailServer{answer: at("RCPT", reply)})
			if _, err := server.sender(t).Send(t.Context(), message()); err == nil {
				t.Fatal("sent")
			}
			if n := server.connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
	t.Run("refused on an idle one", func(t *testing.T) {
		server := start(t, &mailServer{answer: at("RCPT", "550 5.1.1 nobody")})
		s := server.sender(t)
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Send(t.Context(), message())
		wantFault(t, err, mfa.SendBadDestination, false, false)
		if n := server.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
	t.Run("time is up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := start(t, &mailServer{answer: func(_ int, v, _ string) string {
			if v == "MAIL" {
				cancel()
				return silent
			}
			return ""
		}})
		s := server.sender(t)
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := s.Send(ctx, message())
		wantFault(t, err, mfa.SendUnreachable, true, true)
		if n := server.connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// A cutConn is a connection that tells when it was cut off: by a deadline in the
// past, or by its end.
type cutConn struct {
	net.Conn
	once sync.Once
	cut  chan struct{}
}

func (c *cutConn) SetDeadline(t time.Time) error {
	err := c.Conn.SetDeadline(t)
	if !t.IsZero() && t.Before(time.Now()) {
		c.once.Do(func() { close(c.cut) })
	}
	return err
}

func (c *cutConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.cut) })
	return err
}

// A message that is broken off in the middle never reaches anybody: no command
// follows it, which would end it.
func TestReuse_HalfAMessageIsNone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	near, server := net.Pipe() // what is written waits until it is read
	client := &cutConn{Conn: near, cut: make(chan struct{})}
	s, err := mailer.New(mailer.Config{Addr: "localhost:25", From: "no-reply@example.com", InsecurePlaintext: true, Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.Connect(client)
	rest := make(chan string, 1)
	go func() {
		text := textproto.NewConn(server)
		_ = text.PrintfLine("220 test")
		for _, answer := range []string{"250 test", "250 ok", "250 ok", "354 go ahead"} { // EHLO, MAIL, RCPT, DATA
			_, _ = text.ReadLine()
			_ = text.PrintfLine("%s", answer)
		}
		_, _ = text.ReadLine() // the first header
		cancel()
		<-client.cut // or all of it could be read before that is noticed
		all, _ := io.ReadAll(text.R)
		rest <- string(all)
	}()
	m := message()
	m.Text = strings.Repeat("one line of many\n", 10_000)
	_, err = s.Send(ctx, m)
	wantFault(t, err, mfa.SendUnreachable, true, true) // it was not sent
	if all := <-rest; all == "" || strings.Contains(all, "\n.\r\n") || strings.Contains(all, "QUIT") {
		t.Errorf("%d bytes, and their end is %q", len(all), all[max(0, len(all)-40):])
	}
}
