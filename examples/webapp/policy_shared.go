package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Instances that share a server's database tell each other when an admin replaces the
// policy: else whoever has to set up a second factor at one of them gets in without at
// the next. An instance that starts without a file begins with what was posted last. One
// that has a file begins with that: whoever runs the app has the last word there.

// newsEvery is how long after each other the instances look. For so long after a
// change a sign-in may be decided by the old policy.
const newsEvery = 2 * time.Second

// newsTimeout is how long a look may take.
const newsTimeout = 10 * time.Second

// A policyNews is the last one that an instance knows of, by its number.
type policyNews struct {
	looked bool
	number string // empty: there was none
}

// tellPolicy posts a policy for the other instances. This one has it already.
func (a *app) tellPolicy(ctx context.Context, text string) error {
	if !a.config.tables.server() {
		return nil
	}
	number := rand.Text()
	if _, err := a.db.ExecContext(ctx, setMeta, "policy", number+"\n"+text, number+"\n"+text); err != nil {
		return err
	}
	a.news = policyNews{true, number}
	return nil
}

// lastPolicy is what was posted last; an empty number: nothing was.
func (a *app) lastPolicy(ctx context.Context) (number, text string, err error) {
	var value string
	err = a.db.QueryRowContext(ctx, `SELECT value FROM webapp_meta WHERE name = 'policy'`).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	number, text, _ = strings.Cut(value, "\n")
	return number, text, err
}

// followPolicy does what admins decide at other instances, until ctx ends.
func (a *app) followPolicy(ctx context.Context) {
	tick := time.NewTicker(newsEvery)
	defer tick.Stop()
	for {
		if err := a.followOnce(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "webapp: the policy of another instance was not taken over", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// followOnce takes over a policy that was posted since the last look; at the first look,
// where there is a file, that may just have been written by another instance on this
// machine, so it is read again.
func (a *app) followOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, newsTimeout) // whoever wants to replace the policy waits for it
	defer cancel()
	a.replacing.Lock()
	defer a.replacing.Unlock()
	number, text, err := a.lastPolicy(ctx)
	if err != nil {
		return err
	}
	was := a.news
	a.news = policyNews{true, number}
	switch {
	case !was.looked && a.config.policy != "" && number != "":
		return a.live.ReplaceFile(a.config.policy)
	case number == was.number: // of the first look, too, where nothing was posted
		return nil
	}
	if err := a.live.Replace([]byte(text)); err != nil {
		return fmt.Errorf("it names what this instance has not: %w", err)
	}
	a.log.WarnContext(ctx, "webapp: the policy was replaced at another instance")
	if a.config.policy != "" {
		return writePolicy(a.config.policy, text)
	}
	return nil
}
