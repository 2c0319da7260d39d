package audit

import "github.com/mfakit/mfa"

// A Binding says what an event does to the authenticators of its user. The zero
// value is nothing.
type Binding int

// What an event does.
const (
	Nothing Binding = iota

	// Binds: Event.Enrollment belongs to the user from now on.
	Binds

	// Replaces: Event.Enrollment belongs to the user from now on, in the place of
	// Event.Replaced. A new set of recovery codes keeps the identifier of the old
	// one, and Replaced is empty.
	Replaces

	// Unbinds: Event.Enrollment is good for nothing from now on. Recovery codes end
	// with the last of a user's other authenticators, and no event says so.
	Unbinds

	// UnbindsAll: all that the user had is good for nothing from now on.
	UnbindsAll
)

var bindings = map[mfa.EventType]Binding{
	mfa.EventEnrolled:      Binds,
	mfa.EventImported:      Binds, // Event.Reason says from where
	mfa.EventReplaced:      Replaces,
	mfa.EventRecoveryCodes: Replaces,
	mfa.EventRemoved:       Unbinds,
	mfa.EventDisabled:      Unbinds, // until it is bound again (NIST SP 800-63B-4 §3.2.2)
	mfa.EventReset:         UnbindsAll,
	mfa.EventUndone:        UnbindsAll,
	mfa.EventErased:        UnbindsAll,
}

// BindingOf says what an event does to its user's authenticators, for a record of all
// that were ever bound, with times and source (NIST SP 800-63B-4 §4.1): Event.Time,
// Event.IP, Event.UserAgent and, if it was not the user, Event.Actor. A type that
// this package does not know does nothing. Nor do codes from support, which stand
// in once for an authenticator and are none: the trail has them as bypass.issued and
// bypass.used.
//
// All of them are security notices, which come at least once, except for
// mfa.EventErased, which comes once: a host erases where it calls Engine.Erase.
func BindingOf(e mfa.Event) Binding { return bindings[e.Type] }
