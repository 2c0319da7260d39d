package otelmfa

import (
	"context"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/trace"
)

// scorer measures the host's scorer. What it says is told by events.
type scorer struct {
	mfa.Scorer
	t *Telemetry
}

func (s *scorer) Score(ctx context.Context, a mfa.Attempt, history []byte) (mfa.Assessment, []byte, error) {
	ctx, span := s.t.begin(ctx, "mfa.risk.score", trace.SpanKindInternal)
	begun := time.Now()
	said, seen, err := s.Scorer.Score(ctx, a, history)
	outcome, fault := outcomeOf(err)
	s.t.m.score.Record(ctx, time.Since(begun).Seconds(), with(keyOutcome.String(outcome)))
	end(span, outcome, fault, keyLevel.String(levels.of(string(said.Level))))
	return said, seen, err
}

// Watching is optional in a scorer; see [mfa.Scorer].
func (s *scorer) Watching(now time.Time) bool {
	w, is := s.Scorer.(interface{ Watching(now time.Time) bool })
	return is && w.Watching(now)
}

// Describe is optional in a scorer; see [mfa.Engine.Export].
func (s *scorer) Describe(history []byte) (any, error) {
	if d, is := s.Scorer.(interface{ Describe([]byte) (any, error) }); is {
		return d.Describe(history)
	}
	return nil, nil
}
