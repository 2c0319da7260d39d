package mailer

import (
	"context"
	"crypto/tls"
	"net"
	"net/mail"
	"slices"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/mfakit/mfa"
)

// A Sender sends mails through one server. Make it with [New]. It is safe for
// use by any number of goroutines.
type Sender struct {
	host               string
	port               int
	implicit           bool        // TLS from the first byte
	plaintext          bool        // no TLS at all
	tls                *tls.Config // nil with plaintext
	username, password string
	hello, domain      string
	from, replyTo      *mail.Address
	timeout, idleTime  time.Duration
	now                func() time.Time
	connect            func(ctx context.Context, network, addr string) (net.Conn, error)

	slots  chan struct{} // one for each message that is on its way
	mu     sync.Mutex
	idle   []*conn // the one used last is last
	closed bool
}

// Send implements [mfa.Sender]. It returns when the server has taken the message,
// or has not within the time of ctx and Config.Timeout. The reference is the
// mail's Message-ID without its brackets, by which the server's log knows it. All
// errors are [*mfa.SendError].
func (s *Sender) Send(ctx context.Context, m mfa.Message) (ref string, err error) {
	msg, bad := s.compose(m)
	if bad != nil {
		return "", bad
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	release, err := s.enter(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	if fault := s.carry(ctx, msg); fault != nil {
		return "", fault
	}
	return m.ID + "@" + s.domain, nil
}

// Check connects, encrypts and logs in, and sends nothing: for a program's
// start, or a health check. Its errors are those of Send.
func (s *Sender) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	release, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	if idle := s.take(); idle != nil {
		idle.quit() // the new one takes its place, so that there are never too many
	}
	c, at, err := s.dial(ctx)
	if err != nil {
		return dialFault(at, err)
	}
	s.keep(c)
	return nil
}

// Close ends the connections that are idle, and keeps none from now on. Messages
// can still be sent, so that what is told while a program ends goes out.
func (s *Sender) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, c := range idle {
		c.timer.Stop()
		c.quit()
	}
	return nil
}

// enter waits until there may be one more connection.
func (s *Sender) enter(ctx context.Context) (release func(), err error) {
	if ctx.Err() == nil {
		select {
		case s.slots <- struct{}{}:
			return func() { <-s.slots }, nil
		case <-ctx.Done():
		}
	}
	return nil, unreachable("mailer: no connection became free in time")
}

// carry sends a message over a connection that is there, or a new one. A
// second connection is tried only after one that had been idle, and only where
// the server cannot have got any of the message.
func (s *Sender) carry(ctx context.Context, msg *gomail.Msg) *mfa.SendError {
	if c := s.take(); c != nil {
		fault, stale := s.deliver(ctx, c, msg)
		if !stale || ctx.Err() != nil {
			return fault
		}
	}
	c, at, err := s.dial(ctx)
	if err != nil {
		return dialFault(at, err)
	}
	fault, _ := s.deliver(ctx, c, msg)
	return fault
}

// deliver sends a message over c, and then keeps or ends c. stale says that c
// had broken before.
func (s *Sender) deliver(ctx context.Context, c *conn, msg *gomail.Msg) (fault *mfa.SendError, stale bool) {
	c.wire.left = maxAnswers
	release := c.wire.watch(ctx)
	err := c.mail.SendWithSMTPClient(c.smtp, msg)
	late := release()
	if msg.IsDelivered() {
		if late || err != nil {
			c.drop()
		} else {
			s.keep(c)
		}
		return nil, false
	}
	fault, unsent := sendFault(err, c.wire.broken.Load(), ctx.Err() != nil)
	c.drop()
	return fault, unsent && c.kept
}

// take removes the connection that was used last from those that are idle.
func (s *Sender) take() *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle) == 0 {
		return nil
	}
	c := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	c.timer.Stop()
	return c
}

// keep puts a connection where take finds it, for a while.
func (s *Sender) keep(c *conn) {
	s.mu.Lock()
	keep := !s.closed && s.idleTime > 0
	if keep {
		c.kept = true
		s.idle = append(s.idle, c)
		c.timer = time.AfterFunc(s.idleTime, func() { s.expire(c) })
	}
	s.mu.Unlock()
	if !keep {
		c.quit()
	}
}

// expire ends a connection that nobody has taken.
func (s *Sender) expire(c *conn) {
	s.mu.Lock()
	i := slices.Index(s.idle, c)
	if i >= 0 {
		s.idle = slices.Delete(s.idle, i, i+1)
	}
	s.mu.Unlock()
	if i >= 0 {
		c.quit()
	}
}
