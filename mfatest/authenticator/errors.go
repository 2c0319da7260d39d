package authenticator

import (
	"errors"
	"fmt"
)

// What a call may fail with, each after the DOMException that a page gets
// instead. Compare with errors.Is. Options that a browser cannot read are an
// error that is none of these.
var (
	// ErrNotAllowed is the browser's NotAllowedError: nothing here can do what is
	// asked for, or the person did not want to.
	ErrNotAllowed = errors.New("authenticator: NotAllowedError")

	// ErrNoCredential is an ErrNotAllowed, too: no credential matches.
	ErrNoCredential = fmt.Errorf("%w: no such credential", ErrNotAllowed)

	// ErrExcluded is the browser's InvalidStateError: one of the credentials that
	// the server excludes is on this authenticator, which is enrolled already.
	ErrExcluded = errors.New("authenticator: InvalidStateError: a credential of it is excluded")

	// ErrSecurity is the browser's SecurityError: the page may not use WebAuthn, or
	// not for this RP ID.
	ErrSecurity = errors.New("authenticator: SecurityError")

	// ErrNotSupported is the browser's NotSupportedError: none of the algorithms
	// that the server takes is known here (ES256 and RS256 are).
	ErrNotSupported = errors.New("authenticator: NotSupportedError: no algorithm in common")
)
