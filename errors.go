package mfa

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What the engine returns, to be tested with errors.Is. No error ever holds a
// secret, a code, a token or a full phone number.
var (
	ErrBadInput           = errors.New("mfa: bad input")                                    // malformed; nothing was counted or changed
	ErrNotValid           = errors.New("mfa: code not valid")                               // wrong, spent or expired; see NotValidError
	ErrLocked             = errors.New("mfa: locked for now")                               // too many failures; see LockedError
	ErrTooSoon            = errors.New("mfa: too soon to send again")                       // see WaitError
	ErrSendLimit          = errors.New("mfa: too many messages")                            // see WaitError
	ErrNoFlow             = errors.New("mfa: no such flow")                                 // not a flow token of this deployment
	ErrFlowExpired        = errors.New("mfa: flow expired or already passed")               // sign in again
	ErrNoOption           = errors.New("mfa: no such option")                               // not an option of this flow; nothing was counted
	ErrNoEnrollment       = errors.New("mfa: no such enrollment")                           // not one of this user's
	ErrNoDevice           = errors.New("mfa: no such device")                               // not one of this user's
	ErrNoActivity         = errors.New("mfa: no such activity")                             // not a sign-in of this user's, or no longer kept
	ErrSupport            = errors.New("mfa: support may not do that")                      // Config.Support is missing, or refuses
	ErrEnrollmentExpired  = errors.New("mfa: enrolment expired")                            // pending too long, or answered wrong too often; begin again
	ErrEnrollmentRequired = errors.New("mfa: the policy needs an enrollment")               // the last one that satisfies it cannot go
	ErrMethodNotAllowed   = errors.New("mfa: method not allowed")                           // not configured, or not by the policy
	ErrTooMany            = errors.New("mfa: too many enrollments")                         // remove one first
	ErrRefused            = errors.New("mfa: refused by the factor")                        // a number, address or authenticator that is not accepted; see RefusedError
	ErrRequirement        = errors.New("mfa: not enough evidence")                          // see RequirementError
	ErrCaller             = errors.New("mfa: flow and session are of different users")      // or neither was given
	ErrBusy               = errors.New("mfa: busy, try again")                              // conflicts without end, or ErrNotDurable; nothing was accepted
	ErrDelivery           = errors.New("mfa: message could not be sent")                    // see DeliveryError; it stays counted
	ErrSealed             = errors.New("mfa: stored value does not open")                   // a wrong key ring, or an edited or moved value
	ErrNewerVersion       = errors.New("mfa: stored value was written by a newer version")  // nothing was changed
	ErrNoKeys             = errors.New("mfa: no keys; make a key ring with mfa.NewKeyRing") // Config.Keys is missing
	ErrWrongKeys          = errors.New("mfa: the key ring is not the one of this data")     // see Engine.Check
	ErrTooLarge           = errors.New("mfa: the user's stored value would grow too large") // a factor's state beyond its bound
	ErrStore              = errors.New("mfa: store failed")                                 // it wraps the store's own error; nothing was accepted
	ErrClosed             = errors.New("mfa: engine is closed")                             // after Close
)

// A Hint says why a right-looking code was not accepted.
type Hint string

// HintClockSkew says that the code was right for another time: the clock of
// the device that made it is off.
const HintClockSkew Hint = "clock_skew"

// A NotValidError says that an answer was wrong, spent or expired. It is an [ErrNotValid].
type NotValidError struct {
	Hint         Hint // where true and safe to tell
	AttemptsLeft int  // before this option locks; filled in by the engine

	// Resend is set by a factor that wants a new code sent by itself. Resent is set
	// by the engine where that was done: the code that was answered is dead.
	Resend bool
	Resent *Asked

	// Set by a factor: a security notice to raise (empty: none), and the
	// enrollment that it is about. The engine does not pass them on.
	Alarm      EventType
	Enrollment string
}

func (e *NotValidError) Error() string   { return ErrNotValid.Error() }
func (e *NotValidError) Is(t error) bool { return t == ErrNotValid }

// A LockedError says that answers are not taken for now. It is an [ErrLocked].
type LockedError struct {
	Until    time.Time // when the next answer is taken; zero: not before a new enrolment
	Disabled bool      // the enrollment has to be bound again
}

func (e *LockedError) Error() string   { return ErrLocked.Error() }
func (e *LockedError) Is(t error) bool { return t == ErrLocked }

// A WaitError says when a message can be sent again. It is an [ErrTooSoon] or
// an [ErrSendLimit].
type WaitError struct {
	Until time.Time
	Limit bool // a limit was reached, rather than the pause between two messages
}

func (e *WaitError) Error() string   { return e.kind().Error() }
func (e *WaitError) Is(t error) bool { return t == e.kind() }
func (e *WaitError) kind() error {
	if e.Limit {
		return ErrSendLimit
	}
	return ErrTooSoon
}

// A DeliveryError says why a message could not be handed over. It is an
// [ErrDelivery]. The message stays counted, and can be asked for again at once.
type DeliveryError struct {
	Reason string // of a SendError, or "failed"
	Retry  bool   // trying again may help; else another method has to be chosen
}

func (e *DeliveryError) Error() string   { return ErrDelivery.Error() + ": " + e.Reason }
func (e *DeliveryError) Is(t error) bool { return t == ErrDelivery }

// A RequirementError says what evidence lacks. It is an [ErrRequirement].
type RequirementError struct {
	Require Requirement
	Missing []string // MissingPassword and its like; never empty
}

func (e *RequirementError) Error() string {
	return ErrRequirement.Error() + ": missing " + strings.Join(e.Missing, ", ")
}
func (e *RequirementError) Is(t error) bool { return t == ErrRequirement }

// A RefusedError says why a factor does not accept a number, an address or an
// authenticator. It is an [ErrRefused].
type RefusedError struct {
	Subject string // what was refused: SubjectDestination if empty
	Reason  string // stable: "country_not_allowed"
	Detail  string // for people, without the refused value

	// Methods are those that are open to the user instead, filled in by the engine
	// where something was to be enrolled.
	Methods []string
}

// What a [RefusedError] is about.
const (
	SubjectDestination   = "destination" // a number, an address
	SubjectAuthenticator = "authenticator"
)

func (e *RefusedError) Error() string   { return ErrRefused.Error() + ": " + e.Reason }
func (e *RefusedError) Is(t error) bool { return t == ErrRefused }

// badInput is an ErrBadInput that names the field.
func badInput(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadInput, fmt.Sprintf(format, args...))
}
