package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

const (
	// patience is how long one case may take on a slow database. Its context ends then.
	patience = time.Minute
	// grace is how long an operation may go on after its context has ended,
	// before the case calls it hung.
	grace = 10 * time.Second
)

// A testCase is one rule of the contract. It returns an error instead of
// failing a test, so that broken stores can be shown to break it. Its stores
// are handles on one empty database; they may be the same handle.
type testCase struct {
	name  string
	rule  string // what the contract says
	often string // what usually breaks it
	read  string // the heading of docs/adapters.md that tells more, as an anchor
	check func(ctx context.Context, a, b mfa.Store) error
	needs ability
}

// An ability is an optional method of a store, without which a case has
// nothing to check. The zero value is had by all.
type ability struct {
	method string
	in     func(mfa.Store) bool
}

// A note is an error that fails nothing: what its author should know.
type note string

func (n note) Error() string { return string(n) }

// run checks one pair of stores and reports to t.
func (c testCase) run(t *testing.T, a, b mfa.Store) {
	t.Helper()
	if c.needs.in != nil && !(c.needs.in(a) && c.needs.in(b)) {
		t.Logf("the store has no method %s, which is optional", c.needs.method)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := c.bounded(ctx, grace, a, b)
	var n note
	switch {
	case errors.As(err, &n):
		t.Log(n)
	case errors.Is(err, errHung):
		// The end of the test may hang as well, and keep what it has to say.
		fmt.Fprintf(os.Stderr, "%s: %s\n", t.Name(), c.explain(err))
		t.Error(c.explain(err))
	case err != nil:
		t.Error(c.explain(err))
	}
}

// errHung says that a case did not end with its context.
var errHung = errors.New("an operation does not return although its context has ended: " +
	"it waits for a lock, a connection or an answer without looking at the context")

// bounded runs the check, and gives up on it some time after ctx has ended.
func (c testCase) bounded(ctx context.Context, grace time.Duration, a, b mfa.Store) error {
	done := make(chan error, 1)
	go func() {
		defer close(done) // also where a store ends the goroutine, as t.FailNow does
		done <- c.check(ctx, a, b)
	}()
	ended := func(err error, ok bool) error {
		if !ok {
			return errors.New("the case was ended from within the store, perhaps by t.FailNow; return an error there")
		}
		return err
	}
	select {
	case err, ok := <-done:
		return ended(err, ok)
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err, ok := <-done:
		return ended(err, ok)
	case <-timer.C:
		return errHung
	}
}

// explain tells an adapter's author what went wrong, by which rule that is
// wrong, what it usually comes from, and where to read on.
func (c testCase) explain(err error) string {
	var b strings.Builder
	b.WriteString(err.Error())
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errHung) {
		fmt.Fprintf(&b, "\n(the case had %v)", patience)
	}
	fmt.Fprintf(&b, "\n  rule:  %s\n  often: %s\n  read:  docs/adapters.md#%s", c.rule, c.often, c.read)
	return b.String()
}
