package ops

import (
	"context"

	"github.com/mfakit/mfa"
)

// Redeliver offers the notices that are still in users' outboxes to the engine's
// observers, as mfa.Engine.Redeliver does for one user, and waits for them. A
// user whose notices are not taken, or whose value cannot be opened, is counted and does
// not stop the walk. The error says why a walk did not come to its end: the
// store failed, cannot be walked, or ctx is done; Stats.Last is where to go on.
//
// A user with nothing in the outbox costs one Load and no Save.
func Redeliver(ctx context.Context, store mfa.Store, engine *mfa.Engine, o Options) (Stats, error) {
	if engine == nil {
		return Stats{Last: o.After}, errNoEngine
	}
	return walk(ctx, store, o, engine.Redeliver)
}
