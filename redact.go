package mfa

import (
	"fmt"
	"log/slog"
)

// Values that carry a token, a code or a secret print without it, whatever the
// verb, so that a careless log line gives nothing away.

// Format prints no more than identifiers.
func (f Flow) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Flow(user %q, %s, %s %s)", f.User, f.Purpose, f.Status, f.Reason)
}

// LogValue keeps the tokens out of logs.
func (f Flow) LogValue() slog.Value {
	return slog.GroupValue(slog.String("user", f.User), slog.String("status", string(f.Status)),
		slog.String("purpose", string(f.Purpose)), slog.String("reason", f.Reason))
}

// Format prints no more than identifiers.
func (u User) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.User(%q)", u.ID) }

// LogValue keeps all but the identifier out of logs.
func (u User) LogValue() slog.Value { return slog.StringValue(u.ID) }

// Format prints no more than identifiers.
func (c Client) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Client(app %q, ip %s, user agent %q)", c.App, c.IP, c.UserAgent)
}

// LogValue keeps the device token out of logs.
func (c Client) LogValue() slog.Value {
	return slog.GroupValue(slog.String("app", c.App), slog.Any("ip", c.IP), slog.String("user_agent", c.UserAgent))
}

// Format prints no more than identifiers.
func (c Caller) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Caller(%v, %v, flow %t)", c.User, c.Client, c.FlowToken != "")
}

// Format prints no more than identifiers.
func (a Answer) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Answer(option %q)", a.Option) }

// Format prints no more than identifiers.
func (a Activated) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Activated(%+v, %d recovery codes)", a.Enrollment, len(a.RecoveryCodes))
}

// Format prints no more than identifiers.
func (p EnrollParams) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.EnrollParams(redacted)") }

// Format prints no more than identifiers.
func (r EnrollRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.EnrollRequest(%v, %q)", r.User, r.ID)
}

// Format prints no more than identifiers.
func (r ChallengeRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.ChallengeRequest(%v, %s)", r.User, r.Purpose)
}

// Format prints no more than identifiers.
func (r VerifyRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.VerifyRequest(%v, %s)", r.User, r.Purpose)
}

// Format prints no more than identifiers.
func (r Enrolled) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Enrolled(%q)", r.ID) }

// Format prints no more than identifiers.
func (t Step) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.Step(redacted)") }

// Format prints no more than identifiers.
func (v Verified) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Verified(%q)", v.EnrollmentID) }

// Format prints no more than identifiers.
func (e Event) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Event(%s %s, user %q, %s %s)", e.ID, e.Type, e.User, e.Method, e.Enrollment)
}

// LogValue keeps addresses out of logs.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("type", string(e.Type)), slog.String("user", e.User),
		slog.String("method", e.Method), slog.String("enrollment", e.Enrollment), slog.String("actor", e.Actor))
}
