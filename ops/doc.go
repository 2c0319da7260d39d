// Package ops does what concerns all users of a store at once, for scheduled
// jobs and for people who run a service. Every function walks the store's users
// by [mfa.Scanner], which the stores of this module implement, and can be stopped
// and gone on with.
//
// [Redeliver] sends what is left: a process that dies between a security change
// and its notice leaves the notice in the user's outbox, where it waits for the
// user's next operation. Somebody whose account was just taken over may not come
// back soon, so a service runs Redeliver now and then, and after a crash:
//
//	stats, err := ops.Redeliver(ctx, store, engine, ops.Options{})
//	if err == nil && stats.Failed > 0 {
//		log.Warn("some notices were not taken", "users", stats.Failed, "first", stats.Failures[0].Err)
//	}
//
// Once an hour is enough. It may run beside the processes that serve people: a notice that
// one of these is about to deliver may then come twice, with the same Event.ID.
//
// A walk reads each user's value once or twice, and writes only where something was
// delivered. On a large store, a small Options.Parallel leaves the database to
// the people who are signing in.
package ops
