package ops

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// users is the prefix of the keys under which the engine keeps users.
const users = "user/"

// Options say how a walk over users is done. The zero value is fine.
type Options struct {
	// Parallel is how many users are worked on at a time, 1 to 256; 0: 4.
	Parallel int

	// After goes on after this user: Stats.Last of a walk that was stopped.
	// Empty: from the start.
	After string

	// Progress is called after each user, by one goroutine at a time; a slow one
	// slows the walk. Nil: nobody is told.
	Progress func(Stats)
}

// Stats are what a walk over users has done.
type Stats struct {
	Users    int       // that were worked on, those that failed included
	Failed   int       // of these
	Failures []Failure // the first 100
	// Last is the last user up to whom all are done, in the walk's order. It is
	// the After of a walk that goes on; those beyond it that were done as well are done again.
	Last string
}

// A Failure is a user with whom something went wrong. Err holds no secret.
type Failure struct {
	User string
	Err  error
}

// walk calls do for each user of a store.
func walk(ctx context.Context, store mfa.Store, o Options, do func(ctx context.Context, user string) error) (Stats, error) {
	after := ""
	if o.After != "" {
		after = userKey(o.After)
	}
	source, err := scanned(store, users, after)
	if err != nil {
		return Stats{Last: o.After}, err
	}
	return overUsers(ctx, source, o, func(ctx context.Context, key string) error {
		user, err := userOf(key)
		if err != nil {
			return err
		}
		return do(ctx, user)
	})
}

// overUsers calls do for each key of a source, and counts.
func overUsers(ctx context.Context, source func(context.Context, func(string, mfa.Item) error) error, o Options, do func(ctx context.Context, key string) error) (Stats, error) {
	stats := Stats{Last: o.After}
	c := course[struct{}]{source: source, parallel: o.Parallel,
		do: func(ctx context.Context, key string, _ mfa.Item) (struct{}, error) {
			return struct{}{}, do(ctx, key)
		},
		enter: func(key string, _ struct{}, err error) {
			stats.Users++
			if err != nil {
				stats.Failed++
				stats.Failures = appendFailure(stats.Failures, Failure{nameOf(key), err})
			}
		},
		settle: func(key string, _ struct{}, _ error) error {
			stats.Last = nameOf(key)
			return nil
		},
	}
	if o.Progress != nil {
		c.told = func() {
			told := stats
			told.Failures = slices.Clone(stats.Failures)
			o.Progress(told)
		}
	}
	err := c.run(ctx)
	return stats, err
}

func userKey(id string) string { return users + url.PathEscape(id) }

var errNoUsersKey = errors.New("ops: the key is no user's")

// userOf is the user of a key.
func userOf(key string) (string, error) {
	id, err := url.PathUnescape(strings.TrimPrefix(key, users))
	if err != nil || id == "" || userKey(id) != key {
		return "", errNoUsersKey
	}
	return id, nil
}

// nameOf is the user of a key; of one that the engine did not make, what is after
// the prefix.
func nameOf(key string) string {
	if id, err := userOf(key); err == nil {
		return id
	}
	return strings.TrimPrefix(key, users)
}
