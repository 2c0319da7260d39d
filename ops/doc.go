// Package ops does what concerns all users of a store at once, for scheduled
// jobs and for people who run a service.
//
//	Sweep      drops what has expired, and claims that are nobody's   every hour, the claims once a day
//	Redeliver  tells what dead processes have left untold             every hour, and after a crash
//	Resets     mails owners whose delayed resets are ready            every hour, where a policy grants them
//	Rewrap     moves everything to the newest key                     when keys are rotated
//	Report     says who has which methods, as values, CSV and JSON    when somebody wants to know
//	Export     writes what is kept of a person                        when they ask
//	Erase      removes it                                             when they go
//
// All but the last two walk the store by [mfa.Scanner], which the stores of this
// module implement, and can be stopped by their context at any time. They run beside the
// processes that serve people, in one of them or in a program of its own that has the
// same store and key ring, and take nothing from them but the store's time: a small
// Parallel leaves it to those who are signing in. Several at the same time do no
// harm, and are of no use. One user, or one item, with whom something goes wrong is
// counted, and the walk goes on; an error says that it did not come to its end.
//
//	stats, err := ops.Redeliver(ctx, store, engine, ops.Options{})
//	switch {
//	case err != nil:
//		log.Error("notices that are left could not be looked for", "error", err, "after", stats.Last)
//	case stats.Failed > 0:
//		log.Warn("some notices were not taken", "users", stats.Failed, "first", stats.Failures[0].Err)
//	}
//
// # Notices
//
// A process that dies between a security change and its notice leaves the notice in
// the user's outbox, where it waits for the user's next operation. Somebody whose
// account was just taken over may not come back soon, so that Redeliver belongs into a
// job. A notice that a process is about to deliver may then come twice, with the
// same Event.ID.
//
// # Rotating keys
//
// A new key is put in front, everything is moved to it, the old one goes, in this order:
//
//  1. [mfa.KeyRing.Rotate] makes the ring with the new key in front. Keep the ring that
//     was: a backup of the database needs the keys of its day.
//  2. Deploy it to every process. What the new key has sealed does not open without
//     it ([mfa.ErrSealed]), so that for as long as some processes do not have it, the users who
//     come to both kinds are refused by these; nothing is lost. Where that must not be,
//     deploy twice: first with the new key in the second place, where it opens and does
//     not seal (in the text of [mfa.KeyRing.Export], move its line below the other's),
//     then with the ring as Rotate made it.
//  3. Rewrap. Not before every process seals with the new key: one that does not goes on
//     to write under the old one, behind the walk. It may be stopped, and goes on by
//     RewrapOptions.After.
//  4. If RewrapStats.Failed is not 0, find out why, and Rewrap again from the start; as
//     long as something is under the old key, retiring it loses that. A last walk that
//     has nothing to write and nothing that failed is the proof, and quick.
//  5. [mfa.KeyRing.Retire], and deploy. What was given out under the old key is void from then
//     on, as nobody can come and change it: links in mails (three days; that of a
//     delayed reset, until it can no longer be claimed) and evidence in cookies
//     ([mfa.Engine.SealEvidence]). Wait for as long as these have to live.
//
// The old key protects nothing any more once the ring without it is everywhere. That
// does not take back what somebody has read who had the key and the database: they
// know secrets of people, and only enrolling anew ends those.
//
// Values that other packages keep in the same store are moved too, if they are sealed as
// package risk does it; RewrapOptions.Others is for those that are not. With an AEAD
// of the host's ([mfa.NewKeyRingFrom]) the host rotates in its own way, and Rewrap is step 3
// all the same. If the AEAD cannot say what its newest key has sealed
// ([mfa.Engine.Rewrap]), each walk writes everything, and the proof is that nothing failed.
//
// # What it costs
//
// A walk reads what it looks at once, page by page. Redeliver and Report load each user
// once more, Rewrap those that it moves, Sweep the user of each claim. Nothing is
// written but where a notice was delivered, or an item moved or dropped. Memory does
// not grow with the number of users, beyond what the store's Scan needs. docs/operate.md
// has figures.
package ops
