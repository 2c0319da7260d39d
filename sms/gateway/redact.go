package gateway

import (
	"fmt"
	"log/slog"
)

// Senders and their configurations hold credentials. They print and log without
// them, whatever the verb or the handler.

// Format prints no more than the kind.
func (t *Twilio) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.Twilio") }

// LogValue is what Format prints.
func (t *Twilio) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format prints no more than the kind.
func (c TwilioConfig) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.TwilioConfig(redacted)") }

// LogValue is what Format prints.
func (c TwilioConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON writes what Format prints: credentials are read from a file, and not
// written to one.
func (c TwilioConfig) MarshalJSON() ([]byte, error) {
	return []byte(`"gateway.TwilioConfig(redacted)"`), nil
}

// Format prints no more than the kind.
func (k *Kannel) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.Kannel") }

// LogValue is what Format prints.
func (k *Kannel) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

// Format prints no more than the kind.
func (c KannelConfig) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.KannelConfig(redacted)") }

// LogValue is what Format prints.
func (c KannelConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON writes what Format prints: credentials are read from a file, and not
// written to one.
func (c KannelConfig) MarshalJSON() ([]byte, error) {
	return []byte(`"gateway.KannelConfig(redacted)"`), nil
}

// Format prints no more than the kind.
func (h *HTTP) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.HTTP") }

// LogValue is what Format prints.
func (h *HTTP) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(h)) }

// Format prints no more than the kind.
func (c HTTPConfig) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.HTTPConfig(redacted)") }

// LogValue is what Format prints.
func (c HTTPConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// MarshalJSON writes what Format prints: credentials are read from a file, and not
// written to one.
func (c HTTPConfig) MarshalJSON() ([]byte, error) {
	return []byte(`"gateway.HTTPConfig(redacted)"`), nil
}

// Format prints no more than the kind.
func (f *Fallback) Format(s fmt.State, _ rune) { fmt.Fprint(s, "gateway.Fallback") }

// LogValue is what Format prints.
func (f *Fallback) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(f)) }
