package mfa

import (
	"context"
	"sync"
)

// turns let the requests of one process that are for one user go one after the
// other. That saves conflicts; between processes the store's compare-and-swap
// decides. Users do not wait for each other: somebody who sends a thousand
// requests at a time keeps nobody waiting but themselves.
type turns struct {
	mu    sync.Mutex
	users map[string]*turn
}

// A turn is who is at it, and how many there are, waiting ones included.
type turn struct {
	at    chan struct{} // holds one token
	there int
}

func newTurns() *turns { return &turns{users: map[string]*turn{}} }

// enter waits for the user's turn, or for ctx to end. With maxWaiting there
// already it is [ErrBusy].
func (t *turns) enter(ctx context.Context, user string) (leave func(), err error) {
	t.mu.Lock()
	u := t.users[user]
	if u == nil {
		u = &turn{at: make(chan struct{}, 1)}
		t.users[user] = u
	}
	if u.there >= maxWaiting {
		t.mu.Unlock()
		return nil, ErrBusy
	}
	u.there++
	t.mu.Unlock()
	select {
	case u.at <- struct{}{}:
		return func() { <-u.at; t.left(user, u) }, nil
	case <-ctx.Done():
		t.left(user, u)
		return nil, ctx.Err()
	}
}

func (t *turns) left(user string, u *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u.there--; u.there == 0 {
		delete(t.users, user)
	}
}
