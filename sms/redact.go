package sms

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold a number or a code print and log without it, whatever the
// verb or the handler, so that a careless line gives nothing away.

// Format keeps the number out of every verb of package fmt.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "sms.State(redacted)") }

// LogValue keeps the number out of logs.
func (s State) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Format prints no more than the country.
func (d Destination) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "sms.Destination(%v, country %q, known %t)", d.User, d.Country, d.Known)
}

// LogValue is what Format prints.
func (d Destination) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(d)) }
