package mailer_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mailer"
)

// What a server's answer may be instead of a line.
const (
	hangUp = "hang up" // the connection ends
	silent = "silent"  // nothing comes any more
)

// A mailServer is an SMTP server on loopback, as small as can be. Its
// fields are set before start.
type mailServer struct {
	implicit, noTLS bool
	extensions      []string // beside STARTTLS
	// answer decides what is answered to a command of the n-th connection (from
	// 1); "" leaves it to the server. The greeting is the command GREETING, the
	// end of a message is END.
	answer func(n int, verb, line string) string

	addr  string
	roots *x509.CertPool

	mu       sync.Mutex
	cond     *sync.Cond
	conns    int
	open     []net.Conn
	commands []string // with the number of their connection
	mails    []received
	ended    int // connections
}

type received struct {
	from, to string
	data     string
	tls      bool
}

func start(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	cert := selfSigned(t)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(cert.Leaf)
	s.cond = sync.NewCond(&s.mu)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns++
			n := s.conns
			s.open = append(s.open, c)
			s.mu.Unlock()
			all.Go(func() {
				defer c.Close()
				s.serve(n, c, cert)
				s.mu.Lock()
				s.ended++
				s.cond.Broadcast()
				s.mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		s.hangUpAll()
		all.Wait()
	})
	return s
}

func (s *mailServer) hangUpAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.open {
		c.Close()
	}
}

// awaitEnds waits until n connections have ended.
func (s *mailServer) awaitEnds(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ended < n {
		s.cond.Wait()
	}
}

func (s *mailServer) received() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

// said counts the commands that begin like this, over all connections.
func (s *mailServer) said(command string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if _, said, _ := strings.Cut(c, " "); strings.HasPrefix(said, command) {
			n++
		}
	}
	return n
}

func (s *mailServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// A session is one connection to the server.
type session struct {
	server *mailServer
	n      int
	conn   net.Conn
	text   *textproto.Reader
	mail   received
	gone   bool
}

func (s *mailServer) serve(n int, c net.Conn, cert tls.Certificate) {
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	x := &session{server: s, n: n, conn: c}
	if s.implicit {
		x.over(tls.Server(c, config))
	} else {
		x.over(c)
	}
	x.reply("GREETING", "", "220 test ESMTP")
	for !x.gone {
		line, err := x.text.ReadLine()
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		s.mu.Lock()
		s.commands = append(s.commands, fmt.Sprintf("%d %s", n, line))
		s.mu.Unlock()
		switch verb {
		case "EHLO":
			x.reply(verb, line, x.hello())
		case "STARTTLS":
			if x.reply(verb, line, "220 go ahead") {
				x.over(tls.Server(c, config))
			}
		case "MAIL":
			x.mail = received{from: argument(line), tls: x.encrypted()}
			x.reply(verb, line, "250 2.1.0 ok")
		case "RCPT":
			x.mail.to += argument(line)
			x.reply(verb, line, "250 2.1.5 ok")
		case "DATA":
			if x.reply(verb, line, "354 go ahead") {
				x.content()
			}
		case "AUTH":
			x.reply(verb, line, "235 2.7.0 welcome")
		case "QUIT":
			x.reply(verb, line, "221 bye")
			return
		default:
			x.reply(verb, line, "250 ok")
		}
	}
}

func (x *session) over(c net.Conn) { x.conn, x.text = c, textproto.NewReader(bufio.NewReader(c)) }

func (x *session) encrypted() bool { _, ok := x.conn.(*tls.Conn); return ok }

func (x *session) hello() string {
	lines := append([]string{"test"}, x.server.extensions...)
	if !x.server.noTLS && !x.encrypted() {
		lines = append(lines, "STARTTLS")
	}
	for i, line := range lines {
		lines[i] = "250-" + line
	}
	lines = append(lines, "250 ENHANCEDSTATUSCODES")
	return strings.Join(lines, "\r\n")
}

// content reads a message, which counts once it is complete.
func (x *session) content() {
	data, err := io.ReadAll(x.text.DotReader())
	if err != nil {
		return
	}
	x.mail.data = string(data)
	accepted := x.mail
	answer := ""
	if x.server.answer != nil {
		answer = x.server.answer(x.n, "END", "")
	}
	if answer == "" || answer == hangUp || answer == silent || answer[0] == '2' || answer[0] > '9' {
		x.server.mu.Lock()
		x.server.mails = append(x.server.mails, accepted)
		x.server.mu.Unlock()
	}
	if answer == "" {
		answer = "250 2.0.0 taken"
	}
	x.say(answer)
}

// reply gives the answer that the test wants, or else usual; it reports whether
// that was the usual one.
func (x *session) reply(verb, line, usual string) bool {
	answer := ""
	if x.server.answer != nil {
		answer = x.server.answer(x.n, verb, line)
	}
	if answer == "" {
		x.say(usual)
		return true
	}
	x.say(answer)
	return false
}

func (x *session) say(answer string) {
	switch answer {
	case hangUp:
		x.gone = true
	case silent:
		_, _ = io.Copy(io.Discard, x.conn) // until the client or the test has had enough
		x.gone = true
	default:
		fmt.Fprintf(x.conn, "%s\r\n", answer)
	}
}

// argument is what stands in angle brackets.
func argument(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	inside, _, _ := strings.Cut(rest, ">")
	return inside
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

var noon = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC)

// sender makes a sender to the server, which trusts it. Only what a test asks for
// takes time, so that a slow machine changes nothing.
func (s *mailServer) sender(t *testing.T, options ...func(*mailer.Config)) *mailer.Sender {
	t.Helper()
	c := mailer.Config{
		Addr: s.addr, From: "Example <no-reply@example.com>", Now: func() time.Time { return noon },
		ImplicitTLS: s.implicit, TLS: &tls.Config{RootCAs: s.roots}, Timeout: time.Hour, IdleTimeout: time.Hour,
	}
	for _, option := range options {
		option(&c)
	}
	m, err := mailer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func message() mfa.Message {
	return mfa.Message{
		ID: "k3j5h6", Channel: mfa.ChannelEmail, To: "ada@example.org", Subject: "Your code",
		Text: "Your code is 271828.\n", HTML: "<p>Your code is <b>271828</b>.</p>\n",
	}
}
