package totp

import (
	"fmt"
	"io"
	"log/slog"
)

// What a value that holds a secret says of itself, whoever prints it and
// however. Only JSON carries the secret, since that is what both types are for.
const (
	redactedState     = "totp.State(redacted)"
	redactedChallenge = "totp.Challenge(redacted)"
)

// String keeps the secret out of messages.
func (s State) String() string { return redactedState }

// GoString keeps the secret out of dumps.
func (s State) GoString() string { return redactedState }

// Format keeps the secret out of every verb of package fmt.
func (s State) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redactedState) }

// LogValue keeps the secret out of logs.
func (s State) LogValue() slog.Value { return slog.StringValue(redactedState) }

// String keeps the secret out of messages.
func (c Challenge) String() string { return redactedChallenge }

// GoString keeps the secret out of dumps.
func (c Challenge) GoString() string { return redactedChallenge }

// Format keeps the secret out of every verb of package fmt.
func (c Challenge) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, redactedChallenge) }

// LogValue keeps the secret out of logs.
func (c Challenge) LogValue() slog.Value { return slog.StringValue(redactedChallenge) }
