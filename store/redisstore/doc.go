// Package redisstore keeps items in Redis 6 or later, or in Valkey: one server,
// one with Sentinel, or a cluster. It is a [mfa.Store] and [mfa.Scanner] over the
// client of github.com/redis/go-redis/v9, which the program makes and may use for
// other things too:
//
//	client := redisstore.NewClient(&redis.UniversalOptions{
//		Addrs:     []string{"redis-1:6379", "redis-2:6379", "redis-3:6379"}, // several: a cluster
//		Username:  "mfa",
//		Password:  password,
//		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
//	})
//	store, err := redisstore.Open(ctx, client, redisstore.Options{})
//
// docs/redis.md has the settings of the server, what was measured, and when to
// take PostgreSQL instead.
//
// # Commands
//
// A Load is one GET. A Save is one EVALSHA of a script that compares the version
// and writes, and one WAIT; both go out together, in one round trip. So a
// verification is three commands, or two with InsecureAsync. A server that does
// not know the script yet, after a restart or a failover, gets it in full, once.
//
// # What an acknowledged Save survives
//
// Redis answers a write before its replicas have it, and a replica that takes over
// knows only what it got. So a Save returns nil only once Options.Replicas
// replicas have the write: it then survives the loss of the master and of all but
// one of those. What is written and not known to be there is [mfa.ErrNotDurable], which
// the engine tells as "try again" and never signs anybody in on. That holds for
// every Save whose answer was lost, too: a connection that broke, a timeout, a
// context that ended. Reading back could show that the master has it, and not
// that anybody else does. So with WAIT no outcome is ever resolved by reading.
//
// Nor does anybody get in on what others have written and not replicated. Who
// loads such an item and refuses, refuses. Who saves over it, waits; and since
// replicas apply a master's writes in their order, a replica that has the later write
// has the earlier one.
//
// WAIT covers the writes of its own connection, so both commands go to the same
// connection of the same node, and the store follows MOVED and ASK by itself. No Save is
// repeated once it may have been sent; go-redis, which by default tries three times
// more, is kept from it. If something on the way repeats it all the same, the script knows its own
// version, and writes it again, for WAIT to have a write to wait for.
//
// # Expiry
//
// An item with Expires may be dropped by the server a day after that time, or a
// day after the Save, whichever is later. So a caller whose clock is off, by
// minutes or by months, never loses an item that it still goes by. Items without Expires, such
// as users, never get a time to live.
//
// # What Open asks of the servers
//
// [Open] refuses, with [ErrSettings], what would lose users, or let what is spent be
// spent again: maxmemory-policy other than noeviction, a master without an
// append-only file, too few replicas, a replica in place of a master, a client
// that reads from replicas or from a cache. It looks once, at the start.
package redisstore
