package sqlstore

import "context"

// A queue lets one in at a time. Unlike a mutex it heeds the context of who
// waits. The nil queue lets everyone in.
type queue chan struct{}

func newQueue() queue { return make(queue, 1) }

func (q queue) enter(ctx context.Context) error {
	if q == nil {
		return nil
	}
	select {
	case q <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q queue) leave() {
	if q != nil {
		<-q
	}
}
