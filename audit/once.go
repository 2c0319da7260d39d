package audit

import (
	"context"
	"errors"
	"sync"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/recent"
)

// maxTaken is how many notices are remembered: hours of a busy service, in less
// than a megabyte.
const maxTaken = 4096

// Once makes an observer that hands a security notice on to o until o has taken it,
// and not again: for exporters that cannot tell a repetition by its ID. It
// remembers the last 4096 in this process; one that comes back after a restart, or
// to another process, is handed on again. An o that fails half way has seen the
// notice more than once all the same. All other events, which the engine tells
// once, are handed on as they come.
//
// It panics if o is nil.
func Once(o mfa.Observer) mfa.Observer {
	if o == nil {
		panic("audit: Once has no observer")
	}
	return &once{next: o, taken: recent.New(maxTaken), busy: map[string]bool{}}
}

type once struct {
	next  mfa.Observer
	taken *recent.IDs

	mu   sync.Mutex
	busy map[string]bool // with next at this moment
}

// errBusy has a notice offered again: the engine stops waiting for an observer that
// is slow, which may still take it.
var errBusy = errors.New("audit: the notice is still being told")

// Observe implements [mfa.Observer].
func (o *once) Observe(ctx context.Context, e mfa.Event) error {
	if !e.Notice || e.ID == "" {
		return o.next.Observe(ctx, e)
	}
	mine, err := o.begin(e.ID)
	if !mine {
		return err
	}
	taken := false
	defer func() { o.end(e.ID, taken) }()
	err = o.next.Observe(ctx, e)
	taken = err == nil
	return err
}

func (o *once) begin(id string) (mine bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.taken.Has(id):
		return false, nil
	case o.busy[id]:
		return false, errBusy
	}
	o.busy[id] = true
	return true, nil
}

func (o *once) end(id string, taken bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.busy, id)
	if taken {
		o.taken.Add(id)
	}
}
