package risk

import (
	"fmt"
	"log/slog"
)

// What holds a sign-in or a key prints and logs without the address, the tokens and
// the key, whatever the verb or the handler.

// Format prints no more than the name.
func (s *Scorer) Format(w fmt.State, _ rune) { fmt.Fprint(w, "risk.Scorer") }

// LogValue is what Format prints.
func (s *Scorer) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Format prints no more than identifiers.
func (s Sighting) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "risk.Sighting(%v)", s.Attempt) }

// LogValue is what Format prints.
func (s Sighting) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// Format prints no more than identifiers.
func (r Recorded) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "risk.Recorded(%v, passed %t)", r.Attempt, r.Passed)
}

// LogValue is what Format prints.
func (r Recorded) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }
