package main

import (
	"context"
	"errors"
)

var errRank = errors.New("webapp: not for an account of this rank")

// A rank says what an account's owner may do to other accounts.
type rank string

const (
	ordinary rank = "" // nothing
	support  rank = "support"
	admin    rank = "admin"
)

// parseRank reads a rank as people write it.
func parseRank(s string) (rank, error) {
	switch s {
	case "user":
		return ordinary, nil
	case string(support), string(admin):
		return rank(s), nil
	}
	return "", badRequest(`"rank" is none of user, support and admin`)
}

func (r rank) String() string {
	if r == ordinary {
		return "user"
	}
	return string(r)
}

func (r rank) atLeast(o rank) bool {
	order := map[rank]int{support: 1, admin: 2}
	return order[r] >= order[o]
}

// setRank gives an account another rank, also for the sessions that it has.
// errNoAccount.
func (s accounts) setRank(ctx context.Context, email string, to rank) error {
	return change(ctx, s.db, errNoAccount, `UPDATE webapp_accounts SET "rank" = ? WHERE email = ?`, to, email)
}
