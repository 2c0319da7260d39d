package mfa

import (
	"fmt"
	"log/slog"
)

// Values that carry a token, a code or a secret print and log without it,
// whatever the verb or the handler, so that a careless line gives nothing away. A
// handler that writes JSON asks LogValue of what it is given and of nothing below it,
// so that what holds such a value needs its own.

// Format prints no more than the name: a verb that does not fit makes fmt print what
// pointers point to.
func (e *Engine) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.Engine") }

// LogValue is what Format prints.
func (e *Engine) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

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

// Format leaves out the device token.
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

// LogValue is what Format prints.
func (c Caller) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Format prints no more than identifiers.
func (a Answer) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Answer(option %q)", a.Option) }

// LogValue is what Format prints.
func (a Answer) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format leaves out the recovery codes, the flow and the evidence.
func (a Activated) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Activated(%+v, %d recovery codes)", a.Enrollment, len(a.RecoveryCodes))
}

// LogValue is what Format prints.
func (a Activated) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format prints no more than identifiers.
func (p EnrollParams) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.EnrollParams(redacted)") }

// LogValue is what Format prints.
func (p EnrollParams) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints no more than identifiers.
func (r EnrollRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.EnrollRequest(%v, %q)", r.User, r.ID)
}

// LogValue is what Format prints.
func (r EnrollRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r ChallengeRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.ChallengeRequest(%v, %s)", r.User, r.Purpose)
}

// LogValue is what Format prints.
func (r ChallengeRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r VerifyRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.VerifyRequest(%v, %s)", r.User, r.Purpose)
}

// LogValue is what Format prints.
func (r VerifyRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r Enrolled) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Enrolled(%q)", r.ID) }

// LogValue is what Format prints.
func (r Enrolled) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (t Step) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.Step(redacted)") }

// LogValue is what Format prints.
func (t Step) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// Format prints no more than identifiers.
func (v Verified) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Verified(%q)", v.EnrollmentID) }

// LogValue is what Format prints.
func (v Verified) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(v)) }

// Format prints no more than identifiers.
func (g Enrolling) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Enrolling(%s, %q)", g.Method, g.ID)
}

// LogValue is what Format prints.
func (g Enrolling) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(g)) }

// Format prints no more than identifiers.
func (p Passkey) Format(s fmt.State, _ rune) { fmt.Fprint(s, "mfa.Passkey(redacted)") }

// LogValue is what Format prints.
func (p Passkey) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Format prints no more than identifiers.
func (r SignalsRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.SignalsRequest(%v)", r.User)
}

// LogValue is what Format prints.
func (r SignalsRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (a Asked) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Asked(%s)", a.Method) }

// LogValue is what Format prints.
func (a Asked) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format prints no more than identifiers.
func (i SignIn) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.SignIn(%v, %s, %v)", i.User, i.First, i.Client)
}

// LogValue is what Format prints.
func (i SignIn) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }

// Format prints no more than identifiers.
func (u StepUp) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.StepUp(%v, %v)", u.User, u.Client) }

// LogValue is what Format prints.
func (u StepUp) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// Format prints no more than identifiers.
func (r Enroll) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Enroll(%s)", r.Method) }

// LogValue is what Format prints.
func (r Enroll) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (e Event) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Event(%s %s, user %q, %s %s)", e.ID, e.Type, e.User, e.Method, e.Enrollment)
}

// LogValue keeps addresses out of logs.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("type", string(e.Type)), slog.String("user", e.User),
		slog.String("method", e.Method), slog.String("enrollment", e.Enrollment), slog.String("actor", e.Actor))
}

// Format prints no more than identifiers.
func (m Message) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Message(%s %q)", m.Channel, m.ID) }

// LogValue is what Format prints.
func (m Message) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(m)) }

// Format prints no more than identifiers.
func (r Report) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "mfa.Report(%s)", r.State) }

// LogValue is what Format prints.
func (r Report) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than times.
func (r ResetRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.ResetRequest(ready %v)", r.Ready)
}

// LogValue is what Format prints.
func (r ResetRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (a Attempt) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Attempt(%v, %v, %s)", a.User, a.Client, a.First)
}

// LogValue is what Format prints.
func (a Attempt) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

// Format prints no more than identifiers.
func (u Subject) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Subject(%v, %v, %s)", u.User, u.Client, u.First)
}

// LogValue is what Format prints.
func (u Subject) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// Format prints no more than identifiers.
func (b Bypass) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Bypass(%v, %q)", b.User, b.Actor)
}

// LogValue is what Format prints.
func (b Bypass) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }

// Format prints no more than identifiers.
func (r Reset) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Reset(%v, %q)", r.User, r.Actor)
}

// LogValue is what Format prints.
func (r Reset) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r SupportRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.SupportRequest(%s, %v, %q)", r.Act, r.User, r.Actor)
}

// LogValue is what Format prints.
func (r SupportRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r TellRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.TellRequest(%v, %v)", r.User, r.Event)
}

// LogValue is what Format prints.
func (r TellRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (r DiscoverRequest) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.DiscoverRequest(%v, %d enrollments)", r.Client, len(r.Enrollments))
}

// LogValue is what Format prints.
func (r DiscoverRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Format prints no more than identifiers.
func (i Import) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Import(%v, %q, %d items)", i.User, i.Source, len(i.Items))
}

// LogValue is what Format prints.
func (i Import) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }

// Format prints no more than identifiers.
func (i ImportItem) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.ImportItem(%q, %s)", i.ID, i.Method)
}

// LogValue is what Format prints.
func (i ImportItem) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(i)) }

// Format prints no more than identifiers.
func (b Budget) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "mfa.Budget(%s, %q)", b.Name, b.Label)
}

// LogValue is what Format prints.
func (b Budget) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }
