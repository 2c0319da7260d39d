package ops

import (
	"context"
	"errors"

	"github.com/mfakit/mfa"
)

// Resets has the owners of delayed resets whose time is over mailed, as
// mfa.Engine.ResetDue does for one user. It belongs into a job that runs every
// hour or so: without it the mail goes out when its owner asks for it. Find looks a
// user up by ID, as mfa.Config.Users does; one who is gone ([mfa.ErrNotFound]) is
// passed over. Errors as of [Redeliver].
func Resets(ctx context.Context, store mfa.Store, engine *mfa.Engine, find func(ctx context.Context, id string) (mfa.User, error), o Options) (Stats, error) {
	if engine == nil || find == nil {
		return Stats{Last: o.After}, errors.New("ops: there is no engine, or no way to find users")
	}
	return walk(ctx, store, o, func(ctx context.Context, id string) error {
		u, err := find(ctx, id)
		if errors.Is(err, mfa.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return engine.ResetDue(ctx, u)
	})
}
