package load

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa/internal/pause"
)

// A target is a server that runs elsewhere, and has the demo application's calls:
// POST /register and /login beside the API under /mfa. Where it has POST /dev/clock
// its clock is moved on; else everybody waits for their next code, and one user
// makes two sign-ins a minute.
type target struct {
	address string
	http    *browser
	run     string       // tells this run's accounts from those of others
	ahead   atomic.Int64 // of our clock, in nanoseconds
	waits   bool         // its clock cannot be moved
}

func reach(ctx context.Context, o Options) (site, error) {
	address := strings.TrimSuffix(o.Target, "/")
	t := &target{address: address, http: newBrowser(address, o.Clients), run: strings.ToLower(rand.Text()[:10])}
	err := t.moveOn(ctx)
	var refused *refusal
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		t.waits = true
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load: %s: %w", address, err)
	}
	return t, nil
}

func (t *target) base() string      { return t.address }
func (t *target) counter() *counter { return nil }
func (t *target) now() time.Time    { return time.Now().Add(time.Duration(t.ahead.Load())) }

func (t *target) account(n int) login {
	return login{fmt.Sprintf("load-%s-%d@example.com", t.run, n), password}
}

func (t *target) close(context.Context) error {
	t.http.close()
	return nil
}

func (t *target) moveOn(ctx context.Context) error {
	if t.waits {
		now := t.now()
		return pause.For(ctx, now.Truncate(period*time.Second).Add(period*time.Second).Sub(now))
	}
	var is struct{ Now time.Time }
	err := t.http.post(ctx, "/dev/clock", map[string]string{"advance": fmt.Sprint(period, "s")}, cookies{}, &is)
	if err == nil {
		t.ahead.Store(int64(time.Until(is.Now))) // others may have moved it too
	}
	return err
}

// enroll registers an account, and sets an authenticator app up in its session.
func (t *target) enroll(ctx context.Context, n int) ([]byte, error) {
	kept := cookies{}
	if err := t.insist(ctx, "/register", t.account(n), kept); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	var begun struct{ ID, Secret string }
	if err := t.http.post(ctx, "/mfa/enrollments", map[string]string{"method": "totp"}, kept, &begun); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
	if err != nil {
		return nil, errors.New("the secret is not in base32")
	}
	answer := map[string]string{"code": code(secret, step(t.now()))}
	if err := t.http.post(ctx, "/mfa/enrollments/"+begun.ID+"/activate", answer, kept, nil); err != nil {
		return nil, fmt.Errorf("activate: %w", err)
	}
	return secret, nil
}

// busyTries is how often a server may say that it is busy: it digests a few passwords at a
// time, and takes a while over each.
const busyTries = 50

// insist posts until the server is not too busy.
func (t *target) insist(ctx context.Context, path string, v any, kept cookies) error {
	for try := 1; ; try++ {
		err := t.http.post(ctx, path, v, kept, nil)
		refused := (*refusal)(nil)
		if !errors.As(err, &refused) || refused.status != http.StatusServiceUnavailable || try == busyTries {
			return err
		}
		if err := pause.For(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}
