package mailer

import (
	"context"
	"net"
)

// Connect makes the sender speak to c.
func (s *Sender) Connect(c net.Conn) {
	s.connect = func(context.Context, string, string) (net.Conn, error) { return c, nil }
}
