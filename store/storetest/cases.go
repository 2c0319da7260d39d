package storetest

import "github.com/mfakit/mfa"

var (
	scans = ability{"Scan", func(s mfa.Store) bool { _, ok := s.(mfa.Scanner); return ok }}
	drops = ability{"DropExpired", func(s mfa.Store) bool { _, ok := s.(dropper); return ok }}
)

// cases are the rules that every store keeps.
func cases() []testCase {
	return []testCase{
		{
			name: "absent key is ErrNotFound", check: absentKey, read: "load",
			rule:  "Load returns an error that wraps mfa.ErrNotFound where there is nothing under the key, and no other error does",
			often: "the client's own error (sql.ErrNoRows, redis.Nil, a nil slice) is passed on, or a missing row is read as an empty one",
		},
		{
			name: "values come back as saved", check: values, read: "values",
			rule:  "a value is 0 to 1 MiB of any bytes, and comes back as it was; an empty one is not an absent one",
			often: "a column of text instead of bytes, which trims, converts or ends at a NUL; a type with a smaller bound (BLOB of MySQL: 65,535); an empty value stored as NULL",
		},
		{
			name: "values of every size", check: sizes, read: "values",
			rule:  "a value is 0 to 1 MiB of any bytes; what replaces it may be longer or shorter",
			often: "a bound of the column, the packet or the client (max_allowed_packet, a page, a message of 1 MiB with its header), or a rest of the longer value left behind",
		},
		{
			name: "versions come back as saved", check: versions, read: "versions",
			rule:  "Item.Version is the caller's, any int64 but 0, and is kept as it is",
			often: "the adapter counts versions by itself or takes those of the database; or they pass through 32 bits, an unsigned type, a float64 or a JSON or Lua number, which end at 2⁵³",
		},
		{
			name: "close versions are told apart", check: closeVersions, read: "versions",
			rule:  "Save and Delete compare all 64 bits of the version",
			often: "the comparison is done by a language whose numbers are float64 (Lua, JavaScript): hand versions over as strings",
		},
		{
			name: "expiry comes back as saved", check: expiry, read: "expires",
			rule:  "Item.Expires comes back to the microsecond, whatever its time zone; zero means never, and a Save replaces it like the rest",
			often: "a column in seconds or milliseconds, or without a time zone; a zero time stored as 1970 or as year 1; an update that does not touch the column",
		},
		{
			name: "expired items are whole or gone", check: expired, read: "expires",
			rule:  "after Expires an item may be dropped: then Load, Save, Delete and Scan all find it gone; until then they all find it whole",
			often: "Load hides by its own clock what Save still finds taken; or a Save whose item has expired already is refused",
		},
		{
			name: "items stay until they expire", check: untilExpiry, read: "expires",
			rule:  "before Expires an item is not dropped, however far off that is: the writer's clock may be months ahead of the database's",
			often: "a time to live that overflows or has an upper bound (30 days in memcached), or one that is counted in the wrong unit",
		},
		{
			name: "one save wins over an expired item", check: overExpired, read: "expires",
			rule:  "an item that has expired is still compared and replaced in one step",
			often: "the expired item is found, removed and replaced in three steps, between which another writer comes",
		},
		{
			name: "what no longer expires stays", check: expiryLifted, read: "expires",
			rule:  "a Save replaces Expires too: what no longer expires, or expires later, is there after the former time",
			often: "the database's own time to live is set by one Save and not taken off by the next (Redis keeps one over HSET; use PERSIST)",
		},
		{
			name: "dropping the expired drops nothing else", check: dropsExpired, read: "expires", needs: drops,
			rule:  "DropExpired removes what has an Expires before the time that it is told, by no clock of its own, and returns how many those were",
			often: "a comparison that takes no expiry (NULL, 0) for a very early one, or the database's now() instead of the time given",
		},
		{
			name: "what was saved is a copy", check: copiesIn, read: "values",
			rule:  "the caller may change its bytes once Save has returned",
			often: "the slice is kept as it came: in a map, a cache, or a batch that is written later",
		},
		{
			name: "what was loaded is a copy", check: copiesOut, read: "values",
			rule:  "the caller may change the bytes that Load returned",
			often: "the slice is the database's own (bbolt, LMDB, sql.RawBytes) or that of a cache",
		},
		{
			name: "create refuses a key that exists", check: createExisting, read: "save",
			rule:  "Save with an old of 0 writes only if there is nothing under the key; else it returns mfa.ErrConflict and changes nothing",
			often: "an upsert; INSERT … ON DUPLICATE KEY UPDATE with a driver that counts matched rows (clientFoundRows), so that nothing done looks like one row",
		},
		{
			name: "update refuses a key that is absent", check: updateAbsent, read: "save",
			rule:  "Save with another old than 0 writes only over that version: where there is nothing, it returns mfa.ErrConflict",
			often: "an upsert (INSERT … ON CONFLICT DO UPDATE, SET, PUT) where an UPDATE belongs",
		},
		{
			name: "update refuses a stale version", check: updateStale, read: "save",
			rule:  "Save writes only if the version there is still old; else it returns mfa.ErrConflict, which is not mfa.ErrNotFound, and changes nothing",
			often: "no version in the condition; the count of changed rows is not looked at; a cache of this process answers for the database",
		},
		{
			name: "update refuses a version of before a delete", check: updateDeleted, read: "save",
			rule:  "what was deleted cannot be updated: its version is no longer there",
			often: "deleted rows are kept with a mark, and the condition does not look at the mark",
		},
		{
			name: "create works after a delete", check: createDeleted, read: "save",
			rule:  "a key that was deleted is free: Save with an old of 0 creates it, and its former versions stay dead",
			often: "a mark of the deletion keeps the key taken (soft deletes, tombstones)",
		},
		{
			name: "a thousand updates of one key", check: thousandUpdates, read: "save",
			rule:  "a key takes any number of updates, and holds one version at a time",
			often: "the database keeps former versions or tombstones up to a bound; or a Save inserts a row instead of replacing it, and an older one is found",
		},
		{
			name: "delete removes", check: deleteRemoves, read: "delete",
			rule:  "after Delete there is nothing under that key, and every other key is as it was",
			often: "the key is taken for a prefix or a pattern",
		},
		{
			name: "delete of an absent key is no error", check: deleteAbsent, read: "delete",
			rule:  "Delete of a key that is absent returns nil, whatever the version: who repeats a Delete whose answer was lost must not be told of a conflict",
			often: "no changed row is always told as a conflict: look whether the key is there, by a second statement or in the same script",
		},
		{
			name: "delete refuses a stale version", check: deleteStale, read: "delete",
			rule:  "Delete removes only the version that it names; else it returns mfa.ErrConflict and changes nothing. Version 0 is no wildcard",
			often: "no version in the condition, or no changed row told as success",
		},
		{
			name: "keys are exact", check: exactKeys, read: "keys",
			rule:  "keys are UTF-8 of 1 to 1024 bytes, and are the same only if all their bytes are",
			often: "a collation that ignores case, accents, width, what is invisible or spaces at the end: use bytes (BYTEA, VARBINARY, BLOB) for keys; or keys put together with other text without escaping",
		},
		{
			name: "many keys", check: manyKeys, read: "keys",
			rule:  "any number of keys may be there, written from any number of goroutines",
			often: "a bound on entries or memory that evicts without a word; or pages of a walk that overlap or leave gaps",
		},
		{
			name: "one of many creates wins", check: oneCreateWins, read: "races",
			rule:  "of several that create one key at once, one succeeds and all others get mfa.ErrConflict",
			often: "look, then write, in two statements without a lock that holds for other processes too; or the error of a unique index is not told as mfa.ErrConflict",
		},
		{
			name: "one of many updates wins", check: oneUpdateWins, read: "races",
			rule:  "of several that save over one version at once, one succeeds and all others get mfa.ErrConflict",
			often: "look, then write, in two statements; a lock of this process alone; serialization failures and deadlocks that are passed on instead of tried again",
		},
		{
			name: "update or delete wins, not both", check: updateOrDelete, read: "races",
			rule:  "of a Save and a Delete of one version at once, one succeeds and the other finds that version gone",
			often: "Delete looks, then deletes, in two statements: put the version into the condition of the DELETE",
		},
		{
			name: "one thing is spent once", check: spentOnce, read: "races",
			rule:  "Load and a conditional Save spend a thing once, whoever comes at the same time",
			often: "a Save that succeeds over a version that is no longer there",
		},
		{
			name: "no increment is lost", check: noLostIncrement, read: "races",
			rule:  "every Save that was acknowledged has built on the one before it",
			often: "a Save that succeeds over a version that is no longer there",
		},
		{
			name: "a storm on one key ends", check: storm, read: "races",
			rule:  "mfa.ErrConflict means that another version is there: a conflict is another's success, so a storm of n writers ends after n tries each",
			often: "a lock time-out, a deadlock or a serialization failure is told as mfa.ErrConflict: try again inside the adapter, or return the error as it is",
		},
		{
			name: "loads see what was acknowledged", check: loadsAreCurrent, read: "races",
			rule:  "once a Save has returned, no Load returns what was there before, nor half of it",
			often: "reads from a replica, a cache, a stale snapshot or an eventually consistent mode; or a value and its version written in two steps",
		},
		{
			name: "a cancelled context tells no lie", check: cancelledBefore, read: "contexts",
			rule:  "an operation whose context is cancelled is done, or fails with an error that is neither mfa.ErrNotFound nor mfa.ErrConflict: those say that the database has answered",
			often: "every error is told as one of the sentinels, or none is looked at",
		},
		{
			name: "a deadline that has passed tells no lie", check: deadlinePassed, read: "contexts",
			rule:  "an operation whose deadline has passed is done, or fails with an error that is neither mfa.ErrNotFound nor mfa.ErrConflict: those say that the database has answered",
			often: "a time-out is told as an absent key (a cache's miss) or as a conflict (a lock that was not got)",
		},
		{
			name: "a context cancelled midway loses nothing", check: cancelledMidway, read: "contexts",
			rule:  "a Save that is cut off may have been done or not, and returns an error that says neither",
			often: "a write that goes on in the background, and whose caller is told of a conflict",
		},
		{
			name: "who waits leaves with the context", check: leavesWaiting, read: "contexts",
			rule:  "who waits behind others returns when the context ends, has written all or nothing, and leaves the way free",
			often: "a lock, semaphore or connection is taken by who has left already, and never given back",
		},
		{
			name: "an answer that is lost is found again", check: lostAnswers, read: "unknown-outcomes",
			rule:  "after a Save whose outcome is not known, a Load shows it: so the engine answers the truth, and once",
			often: "a Save that was acknowledged is not there, or is not seen yet",
		},
		{
			name: "a code is accepted once", check: acceptedOnce, read: "unknown-outcomes",
			rule:  "two engines over one database accept a code once",
			often: "a Save that succeeds over a version that is no longer there",
		},
		{
			name: "every guess is counted", check: guessesCounted, read: "unknown-outcomes",
			rule:  "two engines over one database answer no more guesses than the limit",
			often: "a Save that succeeds over a version that is no longer there",
		},
		{
			name: "sign-ins outlive a store that fails", check: throughFaults, read: "unknown-outcomes",
			rule:  "whatever operations fail and whichever answers are lost, no code is accepted twice, no enrolled user is let in unasked, and a right code is not called wrong",
			often: "a Save that was acknowledged is not there, or an error that is told as mfa.ErrNotFound",
		},
	}
}

// scanCases are the rules of a store that is a [mfa.Scanner] too.
func scanCases() []testCase {
	return []testCase{
		{
			name: "scan visits in byte order", check: scanOrder, read: "scan", needs: scans,
			rule:  "keys come in the order of their bytes",
			often: "the order of a collation, of UTF-16, of a hash or of insertion",
		},
		{
			name: "scan visits the prefix alone", check: scanPrefix, read: "scan", needs: scans,
			rule:  "the prefix is bytes: all keys that begin with it are visited, and no others",
			often: "LIKE or a glob without escaping (% _ * ? [ \\), or an upper bound made by adding a letter",
		},
		{
			name: "scan starts after a key", check: scanAfter, read: "scan", needs: scans,
			rule:  "the walk begins after the key named, which need not be there or have the prefix",
			often: "≥ instead of >, or a search for the key itself instead of its place",
		},
		{
			name: "scan visits whole items", check: scanItems, read: "scan", needs: scans,
			rule:  "items are visited as Load returns them, and as copies",
			often: "a walk that reads fewer columns than Load, or lends the database's own bytes",
		},
		{
			name: "scan visits every key once", check: scanEvery, read: "scan", needs: scans,
			rule:  "a walk goes through all pages, and through each once",
			often: "the first page only; OFFSET instead of the last key; a cursor that may return a key twice (SCAN of Redis)",
		},
		{
			name: "scan returns the visitor's error", check: scanError, read: "scan", needs: scans,
			rule:  "an error of the visitor ends the walk, and is what Scan returns",
			often: "the error is logged, replaced, or looked at after the page only",
		},
		{
			name: "scan lets the visitor write", check: scanWrites, read: "scan", needs: scans,
			rule:  "the visitor may save and delete what it is shown, and the walk goes on at the next key",
			often: "a lock, a transaction or the only connection is held during the visit: read a page, let go, then visit; or pages by OFFSET, which move when keys go",
		},
		{
			name: "scan ends with its context", check: scanCancelled, read: "scan", needs: scans,
			rule:  "a walk that did not reach its end returns an error: its caller would take what it saw for all there is",
			often: "rows.Err is not looked at after the loop, or the end of the context is taken for the end of the walk",
		},
	}
}
