package emailcode

import (
	"fmt"
	"io"
	"log/slog"
)

// Values that hold an address or a code print and log without it, whatever the
// verb or the handler, so that a careless line gives nothing away.

// Format keeps the address out of every verb of package fmt.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "emailcode.State(redacted)") }

// LogValue keeps the address out of logs.
func (s State) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Format keeps code and link out of every verb of package fmt.
func (d Data) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "emailcode.Data(redacted)") }

// LogValue keeps code and link out of logs.
func (d Data) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(d)) }
