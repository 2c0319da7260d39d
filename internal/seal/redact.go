package seal

import (
	"fmt"
	"io"
	"log/slog"
)

// Format keeps the keys out of every verb.
func (r Ring) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, "seal.Ring(secret)") }

// LogValue is what Format prints.
func (r Ring) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
