package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore/internal/record"
)

var (
	_ mfa.Store   = (*Store)(nil)
	_ mfa.Scanner = (*Store)(nil)
)

// What this package returns beside the errors of mfa and those of Redis.
var (
	// ErrSettings says that a server or the client is set up in a way that loses
	// what was acknowledged. The message names the server, the setting and what to do.
	ErrSettings = errors.New("redisstore: unsuitable settings")
	// ErrOptions says which of the [Options] is wrong.
	ErrOptions = errors.New("redisstore: bad options")
	// ErrFormat says that what is under a key was written by another program, or
	// by a newer version of this package. Nothing was changed.
	ErrFormat = record.ErrFormat
)

// Options say how the servers are spoken to. Every zero field is the safe choice.
type Options struct {
	// Prefix begins the name of every key, so that several deployments may share a
	// server. Empty: mfa. Otherwise 1 to 40 ASCII letters, digits and . _ : -
	Prefix string

	// Replicas is how many replicas of its master must have a write before Save
	// acknowledges it. 0: 1. With fewer than a master has, Redis prefers the one that
	// is furthest when it is lost, and does not promise it. With all of them, an
	// acknowledged write survives whichever takes over, and one that is missing
	// stops sign-ins.
	Replicas int

	// WaitTimeout is how long Save waits for the replicas, to the millisecond.
	// 0: one second. It must be shorter than the client's ReadTimeout.
	WaitTimeout time.Duration

	// InsecureAsync acknowledges a write before any replica has it, and accepts a
	// server that has none, or no append-only file. The loss of that server, or where there is
	// no append-only file its restart, then undoes changes that were acknowledged:
	// codes that were used work again, limits are forgotten, and users who
	// have enrolled have not.
	InsecureAsync bool

	// InsecureMayEvict accepts the volatile-* policies of maxmemory. A server that
	// is full then drops what expires: marks of spent passkey challenges, and
	// limits on messages and failures. Whoever can fill the server can have those forgotten.
	// The allkeys-* policies, under which users go, are refused all the same.
	InsecureMayEvict bool

	// InsecureMayForget accepts masters without an append-only file. One that is
	// started again before a replica takes over is then empty, and its replicas
	// follow it: nobody has enrolled any more. It is for services that never start
	// a failed master again as a master.
	InsecureMayForget bool
}

const (
	defaultWait  = time.Second
	maxPrefix    = 40
	prefixLetter = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"
)

// resolved fills in what zero fields mean.
func (o Options) resolved() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = "mfa"
	}
	if o.Replicas == 0 {
		o.Replicas = 1
	}
	if o.WaitTimeout == 0 {
		o.WaitTimeout = defaultWait
	}
	switch {
	case len(o.Prefix) > maxPrefix || strings.Trim(o.Prefix, prefixLetter) != "":
		return o, fmt.Errorf("%w: Prefix %q: want at most %d ASCII letters, digits and . _ : -", ErrOptions, o.Prefix, maxPrefix)
	case o.Replicas < 0:
		return o, fmt.Errorf("%w: Replicas is %d; for none, set InsecureAsync", ErrOptions, o.Replicas)
	case o.WaitTimeout < time.Millisecond:
		return o, fmt.Errorf("%w: WaitTimeout is %v, want 1 ms or more", ErrOptions, o.WaitTimeout)
	}
	return o, nil
}

// A Store is an [mfa.Store] and [mfa.Scanner], for use by any number of
// goroutines. [Open] makes one. Any number of them, in any number of processes,
// may share a prefix.
type Store struct {
	client  redis.UniversalClient
	servers servers
	options Options
}

// Open looks at the client and at each master, and in a cluster at each replica
// that it names and that answers: it may be a master tomorrow. It takes a [*redis.Client]
// (Sentinel's included) or a [*redis.ClusterClient], which stays the caller's: it
// is closed by the caller, once nothing uses the Store any more.
func Open(ctx context.Context, client redis.UniversalClient, o Options) (*Store, error) {
	o, err := o.resolved()
	if err != nil {
		return nil, err
	}
	s := &Store{client: client, options: o}
	if s.servers, err = serversOf(client, o); err != nil {
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	if err := s.check(ctx); err != nil {
		return nil, fmt.Errorf("redisstore: open: %w", err)
	}
	return s, nil
}

// name is the name of an item's key in Redis. What is within the braces alone
// decides on the slot, so that a key beside it can be in the same one. A prefix has no
// braces; those of an item's key are as good as any other byte.
func (s *Store) name(key string) string { return s.options.Prefix + "{" + key + "}" }
