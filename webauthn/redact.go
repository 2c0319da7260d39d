package webauthn

import (
	"fmt"
	"io"
	"log/slog"
)

// Format prints no more than the name: a credential and its user handle name a person
// to every site that sees them again.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "webauthn.State(redacted)") }

// LogValue is what Format prints.
func (s State) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }
