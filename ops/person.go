package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/mfakit/mfa"
)

// Export writes everything that is kept of a user and is theirs to have, as
// indented JSON: an [mfa.Export] (General Data Protection Regulation, articles 15 and
// 20). There is no secret in it, and no whole telephone number; addresses that
// the host has are the host's to tell. What it has of the user in its audit trail and
// in the mails that went out it adds itself. Errors as of mfa.Engine.Export; nothing
// is written then.
func Export(ctx context.Context, engine *mfa.Engine, user string, w io.Writer) error {
	if engine == nil {
		return errNoEngine
	}
	all, err := engine.Export(ctx, user)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("ops: export: %w", err)
	}
	if _, err := w.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("ops: export: %w", err)
	}
	return nil
}

// Erase removes all that is stored of the users, as mfa.Engine.Erase does for one
// (General Data Protection Regulation, article 17). What stays of each is a sealed
// tombstone without personal data, so that evidence from before is worth nothing, and
// for at most three days, under keyed hashes, how many messages a number or an
// address was sent. The host ends their sessions first: a sign-in that goes on
// meanwhile begins anew what was erased.
//
// A user who could not be erased is counted and does not stop the others: give those
// in Stats.Failures again. All of them may be given again; who is erased stays so.
// Options.After is not for this. The error says why it did not come to the end of
// the users.
func Erase(ctx context.Context, engine *mfa.Engine, list iter.Seq[string], o Options) (Stats, error) {
	switch {
	case engine == nil || list == nil:
		return Stats{}, errors.New("ops: there is no engine, or there are no users")
	case o.After != "":
		return Stats{}, errors.New("ops: Options.After is for walks over a store")
	}
	source := func(_ context.Context, visit func(string, mfa.Item) error) error {
		for user := range list {
			if err := visit(userKey(user), mfa.Item{}); err != nil {
				return err
			}
		}
		return nil
	}
	return overUsers(ctx, source, o, func(ctx context.Context, key string) error {
		user, err := userOf(key)
		if err != nil {
			return err
		}
		return engine.Erase(ctx, user)
	})
}
