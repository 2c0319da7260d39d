package notify

import (
	"fmt"
	"log/slog"
)

// Format prints no more than the kind of event: the link of a mail does what it says
// for whoever opens it.
func (d Data) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "notify.Data(%s)", d.Type) }

// LogValue is what Format prints.
func (d Data) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(d)) }
