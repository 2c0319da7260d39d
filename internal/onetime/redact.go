package onetime

import (
	"fmt"
	"io"
	"log/slog"
)

// Format prints no more than the name: a short code is found from key and hash by
// trying.
func (p Pending) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "onetime.Pending(redacted)") }

// LogValue is what Format prints.
func (p Pending) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints no more than the use, and not where the code went.
func (p Purpose) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "onetime.Purpose(%s)", p.Use) }

// LogValue is what Format prints.
func (p Purpose) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }
