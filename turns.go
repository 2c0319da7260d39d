package mfa

import (
	"context"
	"sync"
)

// turns let the requests of one process that write one value go one after the
// other. That saves conflicts; between processes the store's compare-and-swap
// decides. At their own values users do not wait for each other: somebody who sends
// a thousand requests at a time keeps nobody waiting but themselves. At a budget
// that they share they do.
type turns struct {
	mu   sync.Mutex
	keys map[string]*turn
}

// A turn is who is at it, and how many there are, waiting ones included.
type turn struct {
	at    chan struct{} // holds one token
	there int
}

func newTurns() *turns { return &turns{keys: map[string]*turn{}} }

// enter waits for the turn of a key, or for ctx to end. Where somebody was there
// before, what the caller has read of the value may have been written since. With
// maxWaiting there already it is [ErrBusy].
func (t *turns) enter(ctx context.Context, key string) (leave func(), behind bool, err error) {
	t.mu.Lock()
	k := t.keys[key]
	if k == nil {
		k = &turn{at: make(chan struct{}, 1)}
		t.keys[key] = k
	}
	if k.there >= maxWaiting {
		t.mu.Unlock()
		return nil, false, ErrBusy
	}
	behind = k.there > 0
	k.there++
	t.mu.Unlock()
	select {
	case k.at <- struct{}{}:
		return func() { <-k.at; t.left(key, k) }, behind, nil
	case <-ctx.Done():
		t.left(key, k)
		return nil, false, ctx.Err()
	}
}

func (t *turns) left(key string, k *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.there--; k.there == 0 {
		delete(t.keys, key)
	}
}
