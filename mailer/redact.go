package mailer

import (
	"fmt"
	"log/slog"
)

// What holds the password prints and logs without it.

// Format prints no more than the server and the sender.
func (c Config) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mailer.Config(%s, %s)", c.Addr, c.From) }

// LogValue is what Format prints.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints no more than the server and the sender.
func (s *Sender) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "mailer.Sender(%s:%d, %s)", s.host, s.port, s.from)
}

// LogValue is what Format prints.
func (s *Sender) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }
