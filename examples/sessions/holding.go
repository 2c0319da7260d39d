package sessions

import (
	"context"
	"errors"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// holding finds the evidence's user, and takes evidence for none whose generation has
// passed: from before a reset, or of a device that was removed, in this process or in
// another. A store that fails is neither; the request fails with it.
func holding(ctx context.Context, e *mfa.Engine, find func(context.Context, string) (mfa.User, error), evidence mfa.Authentication) (mfa.User, mfa.Authentication, error) {
	u, err := find(ctx, evidence.User)
	if err == nil {
		err = e.Satisfies(ctx, mfa.Caller{User: u, Authentication: evidence}, mfa.Requirement{})
	}
	switch {
	case errors.Is(err, mfa.ErrNotFound), errors.Is(err, mfa.ErrRequirement):
		return mfa.User{}, mfa.Authentication{}, mfahttp.ErrNoSession
	case err != nil:
		return mfa.User{}, mfa.Authentication{}, err
	}
	return u, evidence, nil
}
