package mailer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// Limits, and what zero fields of [Config] mean.
const (
	defaultTimeout     = 10 * time.Second // a person is waiting for a code
	defaultIdle        = 30 * time.Second // servers hang up after minutes
	defaultConnections = 4                // what servers allow one client without asking
	maxConnections     = 64
	maxName            = 128       // bytes of From's name
	maxSubject         = 256       // bytes; the rest is cut
	maxBody            = 256 << 10 // bytes of text, and of HTML
	maxID              = 64        // bytes of mfa.Message.ID
	// maxAnswers bounds what a server may say while one message is sent, its
	// certificates included.
	maxAnswers = 256 << 10
	quitTime   = time.Second // for good manners towards a server that is not needed any more
)

// Port 465 speaks TLS from the first byte (RFC 8314, section 3.3).
const submissions = 465

// Config says how mails are sent. Addr and From are enough for a server that
// knows this machine; the zero value of everything else is the safe choice.
type Config struct {
	// Addr is the server, "host:port". The host is the name that its certificate
	// has to be for. Port 587 or 465 is where providers take mail from programs.
	Addr string

	// From is the sender, as address or with a name: "Example <no-reply@example.com>".
	// Bounces go there too. Its domain should be one that may send from this
	// server (SPF, DKIM, DMARC), or mails end up as junk.
	From string

	// ReplyTo is where replies go, in the same form; empty: to From.
	ReplyTo string

	// Username and Password log in, by PLAIN or LOGIN. Empty: nobody logs in.
	Username, Password string

	// ImplicitTLS speaks TLS from the first byte on ports other than 465 too.
	// Without it, such a port has to offer STARTTLS.
	ImplicitTLS bool

	// TLS changes how the server's certificate is checked, for a private
	// authority. Nil: the system's authorities, TLS 1.2 at least. An empty
	// ServerName means the host of Addr. It is copied.
	TLS *tls.Config

	// InsecurePlaintext sends everything as it is, codes and Password included,
	// for tests with a server on this machine. New refuses it unless the host of Addr is
	// "localhost" or a loopback address.
	InsecurePlaintext bool

	// Hello is the name that this machine gives itself; empty: the domain of
	// From, so that the machine's own name is not told.
	Hello string

	// Timeout bounds one Send, connecting included; 0: 10 s.
	Timeout time.Duration

	// IdleTimeout is how long a connection is kept for the next message; 0:
	// 30 s; negative: not at all.
	IdleTimeout time.Duration

	// Connections is how many there are at most at a time, 1 to 64; 0: 4. More
	// messages wait, within their Timeout.
	Connections int

	// Now dates the mails; nil: time.Now.
	Now func() time.Time
}

// New makes a sender. It connects to nothing; see [Sender.Check]. Its errors name
// the field that is wrong.
func New(c Config) (*Sender, error) {
	s := &Sender{timeout: c.Timeout, idleTime: c.IdleTimeout, now: c.Now, plaintext: c.InsecurePlaintext, connect: new(net.Dialer).DialContext}
	if err := s.server(c); err != nil {
		return nil, err
	}
	if err := s.names(c); err != nil {
		return nil, err
	}
	switch {
	case c.Timeout < 0:
		return nil, errors.New("mailer: Timeout is negative")
	case c.Connections < 0 || c.Connections > maxConnections:
		return nil, fmt.Errorf("mailer: Connections is %d, and must be 1 to %d", c.Connections, maxConnections)
	case (c.Username == "") != (c.Password == ""):
		return nil, errors.New("mailer: Username and Password belong together")
	}
	s.username, s.password = c.Username, c.Password
	if s.timeout == 0 {
		s.timeout = defaultTimeout
	}
	if s.idleTime == 0 {
		s.idleTime = defaultIdle
	}
	if s.now == nil {
		s.now = time.Now
	}
	connections := c.Connections
	if connections == 0 {
		connections = defaultConnections
	}
	s.slots = make(chan struct{}, connections)
	return s, nil
}

// server takes over where to connect, and how.
func (s *Sender) server(c Config) error {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil || host == "" {
		return fmt.Errorf("mailer: Addr %q is not host:port", c.Addr)
	}
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return fmt.Errorf("mailer: Addr %q has no port number", c.Addr)
	}
	s.host = host
	s.implicit = c.ImplicitTLS || s.port == submissions
	if c.InsecurePlaintext {
		if c.ImplicitTLS || c.TLS != nil {
			return errors.New("mailer: InsecurePlaintext and TLS exclude each other")
		}
		if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			return errors.New("mailer: InsecurePlaintext is for a test server on this machine, and Addr is another")
		}
		s.implicit = false
		return nil
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLS != nil {
		s.tls = c.TLS.Clone()
	}
	if s.tls.ServerName == "" {
		s.tls.ServerName = host
	}
	return nil
}

// names takes over what mails say of their sender.
func (s *Sender) names(c Config) (err error) {
	if s.from, err = parseNamed(c.From); err != nil {
		return fmt.Errorf("mailer: From: %w", err)
	}
	if c.ReplyTo != "" {
		if s.replyTo, err = parseNamed(c.ReplyTo); err != nil {
			return fmt.Errorf("mailer: ReplyTo: %w", err)
		}
	}
	s.domain = s.from.Address[strings.LastIndexByte(s.from.Address, '@')+1:]
	if s.hello = c.Hello; s.hello == "" {
		s.hello = s.domain
	}
	if strings.ContainsFunc(s.hello, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || len(s.hello) > maxDomain {
		return errors.New("mailer: Hello is not a host name")
	}
	return nil
}

// parseNamed reads an address with or without a name, of the host's choice.
func parseNamed(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, errors.New("it is not one address")
	}
	if err := CheckAddress(a.Address); err != nil {
		return nil, err
	}
	hidden := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }
	if len(a.Name) > maxName || !utf8.ValidString(a.Name) || strings.ContainsFunc(a.Name, hidden) {
		return nil, errors.New("the name is too long, or has characters that cannot be seen")
	}
	return a, nil
}

var _ mfa.Sender = (*Sender)(nil)
