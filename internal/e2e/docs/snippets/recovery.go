package snippets

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// withSupport has staff help those below them, by rank.
func withSupport(config mfa.Config, rank func(user string) int, secondPairOfEyes func(mfa.SupportRequest) bool) mfa.Config {
	config.Support = func(_ context.Context, r mfa.SupportRequest) error {
		if rank(r.Actor) <= rank(r.User.ID) {
			return errors.New("only of those below one's own rank")
		}
		if r.Act == mfa.SupportReset && !secondPairOfEyes(r) {
			return errors.New("somebody else has to agree")
		}
		return nil
	}
	return config
}

func help(ctx context.Context, engine *mfa.Engine, user mfa.User) (string, time.Time, error) {
	code, expires, err := engine.IssueBypass(ctx, mfa.Bypass{User: user, Actor: "carol", Reason: "ticket 8812, seen in person"})
	return code, expires, err
}

func wasLost(flow mfa.Flow) bool {
	return flow.Enrolled || slices.ContainsFunc(flow.Authentication.Proofs, func(p mfa.Proof) bool {
		return p.Method == "recovery" || p.Method == "bypass"
	})
}
