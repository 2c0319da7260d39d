package mailer

import (
	"errors"
	"slices"

	"github.com/wneessen/go-mail/smtp"
)

var errNoLogin = errors.New("mailer: the server offers neither PLAIN nor LOGIN")

// login logs in by what the server offers of PLAIN and LOGIN. Both refuse a
// connection without TLS, unless it is to this machine.
type login struct {
	smtp.Auth // the one that was chosen
	sender    *Sender
	began     bool // so that a failure is known to be the login's
}

// Start implements smtp.Auth.
func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	l.began = true
	s := l.sender
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		l.Auth = smtp.PlainAuth("", s.username, s.password, s.host, false)
	case slices.Contains(server.Auth, "LOGIN"):
		l.Auth = smtp.LoginAuth(s.username, s.password, s.host, false)
	default:
		return "", nil, errNoLogin
	}
	return l.Auth.Start(server)
}
