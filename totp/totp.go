// Package totp is the factor for authenticator apps: six digits that change
// every half minute (RFC 6238).
//
//	apps, err := totp.New(totp.Config{Issuer: "Example"})
//	m, err := mfa.New(mfa.Config{Store: …, Keys: …, Factors: []mfa.Factor{apps}})
//
// # Setting an app up
//
// Enrolling gives a [*Challenge] to show: a QR code, the secret for typing it
// in, and a link that opens an app on the same phone. Nothing is active before
// the user has typed a code from the app; after that the secret is never shown
// again. A user may have several apps, each with a secret of its own.
//
// The entry in the app is named Issuer: account, where the account is the
// user's name, else the e-mail address, else the ID.
//
// # What is promised
//
//   - A code works once. The step that it belongs to is kept, and no code of
//     that step or of an earlier one is accepted again, the one that confirmed
//     the enrolment included. This is not optional (RFC 6238 §5.2).
//   - A code is accepted in its own step and, against clocks that differ and
//     slow typing, one step later or earlier: 90 seconds with the defaults.
//     Config.NoSkew makes it one step.
//   - Codes are compared in constant time, over all steps of the window.
//   - Spaces in a typed code are dropped, once. All else that is not exactly
//     the right number of ASCII digits is no code, and no guess.
//
// # Which settings
//
// The defaults, which every app supports, are right: SHA1 is not weak in this
// use, and many apps silently ignore other settings and show codes that never
// match. Change them only for devices that you know.
//
// # What is stored
//
// [State], as JSON, which the engine seals. Enrollments from elsewhere come in
// the same form, by EnrollParams.Import.
package totp

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// Name is the name of the method.
const Name = "totp"

// Config says how new enrollments are made and how codes are checked. Issuer
// alone is enough. A change of Algorithm, Digits or Period serves those who
// enrol from then on: each enrollment keeps its own.
type Config struct {
	// Issuer is the service's name, which apps show with the account: 1 to 64
	// bytes of UTF-8 without control characters. Any character will do, but
	// apps that split the name of an entry at its first colon show an issuer
	// with a colon in pieces.
	Issuer string

	// Algorithm of new enrollments; empty: SHA1. Many apps support no other.
	Algorithm Algorithm

	// Digits of a code of new enrollments, 6 or 8; 0: 6.
	Digits int

	// Period of a code of new enrollments: whole seconds, 10 s to 2 minutes;
	// 0: 30 s, which many apps assume whatever they are told.
	Period time.Duration

	// NoSkew accepts codes of the current step alone, instead of one step
	// earlier or later too. It is stricter, and refuses people whose clock is a few
	// seconds off or who type slowly.
	NoSkew bool

	// InsecureShortSecrets lets secrets of 80 to 127 bits be imported. RFC 4226
	// §4 asks for 128 at least. It is for enrollments of older systems whose users cannot be
	// asked to set their apps up again.
	InsecureShortSecrets bool
}

// A Factor is the factor for authenticator apps, to be put into
// mfa.Config.Factors. Make it with [New]. It holds no secret and never changes.
type Factor struct {
	issuer    string
	algorithm Algorithm
	digits    int
	period    int // seconds
	skew      int // steps
	minSecret int // bytes, of an import
}

var _ mfa.Factor = (*Factor)(nil)

// New returns the factor, or an error that names the field that is wrong.
func New(c Config) (*Factor, error) {
	if err := checkIssuer(c.Issuer); err != nil {
		return nil, err
	}
	if c.Period%time.Second != 0 {
		return nil, fmt.Errorf("totp: Period is %v, and must be whole seconds", c.Period)
	}
	f := &Factor{
		issuer:    c.Issuer,
		algorithm: c.Algorithm,
		digits:    c.Digits,
		period:    int(c.Period / time.Second),
		skew:      defaultSkew,
		minSecret: minSecretBytes,
	}
	if f.algorithm == "" {
		f.algorithm = SHA1
	}
	if f.digits == 0 {
		f.digits = defaultDigits
	}
	if f.period == 0 {
		f.period = defaultPeriod
	}
	if c.NoSkew {
		f.skew = 0
	}
	if c.InsecureShortSecrets {
		f.minSecret = minShortSecretBytes
	}
	if err := checkParameters(f.algorithm, f.digits, f.period); err != nil {
		return nil, fmt.Errorf("totp: %w", err)
	}
	return f, nil
}

func checkIssuer(s string) error {
	switch {
	case strings.TrimSpace(s) == "":
		return fmt.Errorf("totp: Issuer is empty; it is the name that authenticator apps show")
	case len(s) > maxIssuerBytes:
		return fmt.Errorf("totp: Issuer has %d bytes, and %d at most are allowed", len(s), maxIssuerBytes)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("totp: Issuer must be UTF-8 without control characters")
	}
	return nil
}

// Method describes the factor: something that the user has, with short codes
// that can be guessed.
func (f *Factor) Method() mfa.Method {
	return mfa.Method{Label: "Authenticator app", Name: Name, Kind: mfa.Have, Guessable: true}
}

// Challenge returns the zero Step: the app shows the code without being asked.
func (f *Factor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}
