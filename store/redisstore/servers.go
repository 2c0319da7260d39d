package redisstore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// servers are where the keys are: one server, or the nodes of a cluster.
type servers interface {
	// master is the node that takes writes of a key.
	master(ctx context.Context, name string) (*redis.Client, error)
	// at is the master at an address, or nil.
	at(ctx context.Context, addr string) *redis.Client
	// renew finds out anew who is master, and suspect has it found out sometime soon.
	renew(ctx context.Context) error
	suspect(ctx context.Context)
	// masters and replicas call f for each, several at once.
	masters(ctx context.Context, f func(context.Context, *redis.Client) error) error
	replicas(ctx context.Context, f func(context.Context, *redis.Client) error) error
	// clustered says whether keys are spread over several masters.
	clustered() bool
}

// serversOf refuses clients whose reads may be old, or whose writes cannot be
// waited for.
func serversOf(client redis.UniversalClient, o Options) (servers, error) {
	switch c := client.(type) {
	case *redis.Client:
		options := c.Options()
		if options.ClientSideCache != nil || options.ClientSideCacheConfig != nil {
			return nil, fmt.Errorf("%w: the client reads from a cache of its own, which is behind the server; make it without ClientSideCache", ErrSettings)
		}
		return single{c}, checkTimeout(options.ReadTimeout, o)
	case *redis.ClusterClient:
		options := c.Options()
		if options.ReadOnly || options.RouteByLatency || options.RouteRandomly {
			return nil, fmt.Errorf("%w: the client reads from replicas, which are behind their master; make it without ReadOnly, RouteByLatency and RouteRandomly", ErrSettings)
		}
		return &cluster{client: c, renewing: make(chan struct{}, 1)}, checkTimeout(options.ReadTimeout, o)
	}
	return nil, fmt.Errorf("%w: a client of type %T; want *redis.Client or *redis.ClusterClient, whose nodes keep their keys and take a WAIT behind a write", ErrSettings, client)
}

// single is one server, or whichever Sentinel says is the master.
type single struct{ client *redis.Client }

func (s single) master(context.Context, string) (*redis.Client, error) { return s.client, nil }
func (s single) at(context.Context, string) *redis.Client              { return nil }
func (s single) renew(context.Context) error                           { return nil } // the client dials anew
func (s single) suspect(context.Context)                               {}
func (s single) clustered() bool                                       { return false }

func (s single) masters(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	return f(ctx, s.client)
}

func (s single) replicas(context.Context, func(context.Context, *redis.Client) error) error {
	return nil // it is known by its master alone where they are
}

type cluster struct {
	client   *redis.ClusterClient
	renewing chan struct{} // holds one while somebody asks
	renewed  atomic.Uint64
}

func (c *cluster) clustered() bool { return true }

func (c *cluster) master(ctx context.Context, name string) (*redis.Client, error) {
	return c.client.MasterForKey(ctx, name)
}

// at finds masters that have slots. One that is about to get its first is not
// among them, and the write is turned away until it has.
func (c *cluster) at(ctx context.Context, addr string) *redis.Client {
	var mu sync.Mutex
	var found *redis.Client
	_ = c.masters(ctx, func(_ context.Context, node *redis.Client) error { // finding none is an answer too
		if node.Options().Addr == addr || node.NodeAddress() == addr {
			mu.Lock()
			defer mu.Unlock()
			found = node
		}
		return nil
	})
	return found
}

// renewTimeout is for a node that hangs: one that lives answers in a millisecond.
const renewTimeout = 500 * time.Millisecond

// renew asks once for all who want to know at the same time.
func (c *cluster) renew(ctx context.Context) error {
	seen := c.renewed.Load()
	select {
	case c.renewing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.renewing }()
	if c.renewed.Load() != seen {
		return nil
	}
	// go-redis asks a node, any one, before it calls. If that does not answer, it goes
	// by what it knew; the next time it is probably another.
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	err := c.masters(ctx, func(context.Context, *redis.Client) error { return nil })
	c.renewed.Add(1)
	return err
}

func (c *cluster) suspect(ctx context.Context) { c.client.ReloadState(ctx) }

func (c *cluster) masters(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	return c.client.ForEachMaster(ctx, f)
}

func (c *cluster) replicas(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	return c.client.ForEachSlave(ctx, f)
}
