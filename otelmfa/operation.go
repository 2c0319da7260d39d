package otelmfa

import (
	"context"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// operations are the methods of [mfa.Engine] that do something for somebody.
var operations = wordsOf("activate", "activity", "attachment", "begin_passkey", "begin_passkey_for", "cancel_reset", "challenge",
	"change_requirement", "check", "choices", "claim_reset", "close", "continue", "devices", "enroll", "enrollments", "erase", "export", "feedback",
	"finish_passkey", "flow", "foresee", "forget_device", "forget_devices", "import", "issue_bypass", "orphan", "overview", "password_changed",
	"recovery_codes", "redeem", "redeliver", "remove", "remove_all", "rename", "reported", "repudiate", "request_reset", "resend", "reset",
	"reset_due", "rewrap", "satisfies", "sign_in", "sign_out_everywhere", "signals", "skip", "step_up", "verify", "verify_elsewhere")

// Operation measures one call of the engine, for programs that call it themselves: how
// long it takes, how it ends, and, where it returns a flow, where that stands. The name
// is that of the method, in lower case with underscores; any other is "other".
//
//	flow, err := otelmfa.Operation(ctx, telemetry, "sign_in", func(ctx context.Context) (mfa.Flow, error) {
//		return engine.SignIn(ctx, mfa.SignIn{User: user, First: mfa.Password, Client: client})
//	})
func Operation[T any](ctx context.Context, t *Telemetry, name string, call func(context.Context) (T, error)) (T, error) {
	name = operations.of(name)
	ctx, calls := withTally(ctx)
	ctx, span := t.begin(ctx, "mfa."+name, trace.SpanKindInternal)
	begun := time.Now()
	result, err := call(ctx)
	took := time.Since(begun).Seconds()
	outcome, fault := outcomeOf(err)
	list := []attribute.KeyValue{keyOperation.String(name)}
	if flow, is := any(result).(mfa.Flow); is && err == nil {
		list = append(list, keyPurpose.String(purposes.of(string(flow.Purpose))), keyStatus.String(statuses.of(string(flow.Status))))
	}
	t.m.operation.Record(ctx, took, with(append(list, keyOutcome.String(outcome))...))
	end(span, outcome, fault, append(list, calls.attributes()...)...)
	return result, err
}
