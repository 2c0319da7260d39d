package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// A wire is the connection below TLS. It stays in this package's hands, because
// go-mail sets deadlines of its own, which know no context, and would end the
// message that is being written when asked to say goodbye in the middle of it.
type wire struct {
	net.Conn
	left   int         // bytes that the server may still say
	broken atomic.Bool // reading or writing has failed
}

var errFlood = errors.New("mailer: the server talks too much")

func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		w.broken.Store(true)
		return 0, errFlood
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	if err != nil {
		w.broken.Store(true)
	}
	return n, err
}

// SetDeadline does nothing: how long things take is the context's.
func (w *wire) SetDeadline(time.Time) error { return nil }

// watch makes everything on the wire fail once ctx is done. What it returns ends that,
// and says whether ctx came first: then the connection is of no more use.
func (w *wire) watch(ctx context.Context) (release func() (late bool)) {
	stop := context.AfterFunc(ctx, func() { _ = w.Conn.SetDeadline(time.Unix(1, 0)) })
	return func() bool { return !stop() }
}

// A conn is a connection that is ready for a message: encrypted, logged in.
type conn struct {
	wire  *wire
	mail  *gomail.Client
	smtp  *smtp.Client
	kept  bool        // was idle before this message
	timer *time.Timer // ends it while it is idle
}

// dial connects, encrypts and logs in. How far that came is told with the error.
func (s *Sender) dial(ctx context.Context) (*conn, step, error) {
	raw, err := s.connect(ctx, "tcp", net.JoinHostPort(s.host, strconv.Itoa(s.port)))
	if err != nil {
		return nil, connecting, err
	}
	c := &conn{wire: &wire{Conn: raw, left: maxAnswers}}
	release := c.wire.watch(ctx)
	at, err := s.greet(ctx, c)
	if late := release(); err == nil && late {
		err = ctx.Err()
	}
	if err != nil {
		c.drop()
		return nil, at, err
	}
	return c, at, nil
}

func (s *Sender) greet(ctx context.Context, c *conn) (step, error) {
	var over net.Conn = c.wire
	if s.implicit {
		encrypted := tls.Client(c.wire, s.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return connecting, err
		}
		over = encrypted
	}
	var auth *login
	options := []gomail.Option{
		gomail.WithHELO(s.hello), gomail.WithTimeout(s.timeout),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return over, nil }),
		gomail.WithoutNoop(), gomail.WithoutRset(), // MAIL finds a dead connection just as well, and the end of a message resets
		gomail.WithoutSMTPUTF8(), // addresses are ASCII, and not every relay behind the server can do it
	}
	switch {
	case s.plaintext:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case s.implicit:
		options = append(options, gomail.WithSSL(), gomail.WithTLSConfig(s.tls))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory), gomail.WithTLSConfig(s.tls))
	}
	if s.username != "" {
		auth = &login{sender: s}
		options = append(options, gomail.WithSMTPAuthCustom(auth))
	}
	var err error
	if c.mail, err = gomail.NewClient(s.host, options...); err != nil {
		return connecting, err
	}
	c.smtp, err = c.mail.DialToSMTPClientWithContext(ctx)
	if auth != nil && auth.began {
		return loggingIn, err
	}
	return connecting, err
}

// drop ends a connection without a word, since a command could be taken for the
// rest of a message that was broken off, or end it.
func (c *conn) drop() { _ = c.wire.Conn.Close() }

// quit ends a connection that is between messages, as SMTP wants it.
func (c *conn) quit() {
	c.wire.left = maxAnswers
	_ = c.wire.Conn.SetDeadline(time.Now().Add(quitTime))
	_ = c.smtp.Quit()
	c.drop()
}
