package mfahttp

import (
	"errors"
	"net/http"

	"github.com/mfakit/mfa"
)

// ErrNoSession says that nobody is signed in on a request.
var ErrNoSession = errors.New("mfahttp: no session")

// A Host is the application around the [Handler]: it keeps the sessions. Its
// methods may be called from any number of goroutines. Those that take a
// ResponseWriter are called before anything of the answer is written, so they
// may set cookies and headers; they must not write a status or a body. An error
// of theirs becomes a 500 without details, and is logged; a *[Problem] is the
// answer as it is.
//
// A Host that is an [Actioner] too has actions that are approved one by one; one that
// is a [Repudiator] learns of those who say that it was not them.
type Host interface {
	// Session tells who is signed in on this request, with the evidence that
	// the session keeps, or returns an error that wraps [ErrNoSession]. A
	// sign-in that has not passed yet is no session. What it returns must come
	// from the server's side or be signed: whoever writes it is believed.
	Session(r *http.Request) (mfa.User, mfa.Authentication, error)

	// Passed is told of each flow that passed. After a sign-in it makes a
	// session for flow.User that keeps flow.Authentication, and ends the one
	// that the request may have had. After a step-up (flow.Purpose) the
	// request's session, which is of flow.User, goes on with the new evidence.
	// In both cases under a new session id. This is also the place to keep
	// flow.Generation. A flow that approved an action changes nothing of the session,
	// and is not told; see [Handler.Redeem].
	Passed(w http.ResponseWriter, r *http.Request, flow mfa.Flow) error

	// Renewed puts the evidence into the request's session, in place of the old,
	// after a change that the session made itself. It is without the proofs of
	// what was removed or replaced. Other sessions of the user may be worth
	// nothing from now on (see [mfa.Engine.Satisfies]); it is good practice to end
	// them.
	//
	// The zero Authentication says that the session has to end, this one and the
	// user's others. Either all that was enrolled is removed, and the policy asks for an
	// enrolment before it lets the user in: the flow that is answered goes on with
	// that, and Passed makes the next session. Or the user says of a sign-in that it
	// was somebody else's: nobody can tell any more which of the sessions is theirs,
	// and all sign in again. See [Repudiator] for what else there is to do.
	Renewed(w http.ResponseWriter, r *http.Request, a mfa.Authentication) error
}
