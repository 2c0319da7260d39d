package redisstore

import (
	"cmp"
	"time"

	"github.com/redis/go-redis/v9"
)

// NewClient is [redis.NewUniversalClient] with time-outs of seconds, under which
// a new master is found soon after the servers have agreed on it. Fields that are
// set stay as they are; o is not changed. Any other client will do, if Open
// takes it.
func NewClient(o *redis.UniversalOptions) redis.UniversalClient {
	quick := *o
	quick.DialTimeout = cmp.Or(o.DialTimeout, time.Second)
	quick.DialerRetries = cmp.Or(o.DialerRetries, 1)                 // whoever dials again asks first who is master
	quick.ReadTimeout = cmp.Or(o.ReadTimeout, 1500*time.Millisecond) // longer than WaitTimeout
	quick.WriteTimeout = cmp.Or(o.WriteTimeout, time.Second)
	quick.PoolTimeout = cmp.Or(o.PoolTimeout, 2*time.Second)
	quick.MinRetryBackoff = cmp.Or(o.MinRetryBackoff, 20*time.Millisecond)
	quick.MaxRetryBackoff = cmp.Or(o.MaxRetryBackoff, 250*time.Millisecond)
	quick.MaxRedirects = cmp.Or(o.MaxRedirects, 5)
	quick.ContextTimeoutEnabled = true
	if quick.MasterName != "" || len(quick.Addrs) < 2 && !quick.IsClusterMode {
		return redis.NewUniversalClient(&quick)
	}
	cluster := quick.Cluster()
	cluster.ClusterStateReloadInterval = time.Second
	return redis.NewClusterClient(cluster)
}
