package otelmfa

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// begin begins a span of the work that ctx is about.
func (t *Telemetry) begin(ctx context.Context, name string, kind trace.SpanKind, list ...attribute.KeyValue) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(told(list)...))
}

// end ends a span. Of an error it says the kind: its words may name a key, and so a user.
func end(span trace.Span, outcome string, fault bool, list ...attribute.KeyValue) {
	if span.IsRecording() {
		span.SetAttributes(told(append(list, keyOutcome.String(outcome)))...)
		if fault {
			span.SetStatus(codes.Error, outcome)
		}
	}
	span.End()
}

// A tally counts the calls of the store on the way of one request.
type tally struct{ calls, conflicts atomic.Int64 }

type tallyKey struct{}

func withTally(ctx context.Context) (context.Context, *tally) {
	n := new(tally)
	return context.WithValue(ctx, tallyKey{}, n), n
}

func (n *tally) attributes() []attribute.KeyValue {
	return []attribute.KeyValue{keyCalls.Int64(n.calls.Load()), keyConflicts.Int64(n.conflicts.Load())}
}

// count notes a call, in all requests that ctx is within.
func count(ctx context.Context, conflict bool) {
	n, within := ctx.Value(tallyKey{}).(*tally)
	if !within {
		return
	}
	n.calls.Add(1)
	if conflict {
		n.conflicts.Add(1)
	}
}
