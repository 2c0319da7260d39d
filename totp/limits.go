package totp

import "time"

// What new enrollments get. Every app supports these, and RFC 6238 §4.1 and
// §5.2 recommend the period.
const (
	defaultDigits = 6
	defaultPeriod = 30 // seconds
	secretBytes   = 20 // 160 bits, as RFC 4226 §4 R6 recommends; longer ones are a burden to type and add nothing
)

// What is accepted.
const (
	// defaultSkew is how many steps a code may be early or late: one, the most
	// that RFC 6238 §5.2 recommends for delays.
	defaultSkew = 1

	// minPeriod keeps a person able to type the code, and the window of the
	// clock-skew hint small.
	minPeriod = 10  // seconds
	maxPeriod = 120 // seconds; NIST SP 800-63B §3.1.4.1

	minSecretBytes      = 16  // RFC 4226 §4 R6
	minShortSecretBytes = 10  // what early authenticator apps and their servers made; below it a secret can be searched for
	maxSecretBytes      = 128 // the largest block of the three hashes; nobody makes longer ones
	maxStateBytes       = 1024

	maxAnswerBytes = 128 // as mfa.Answer

	// hintReach is how far off a clock may be for the user to be told so. A
	// phone that is off by more has its time zone or date wrong, and looking
	// further costs two digests for each minute.
	hintReach = 10 * time.Minute
)

// Names in the app. Beyond the bounds a QR code grows too dense for a poor
// camera: percent-encoding triples each byte, and the issuer is there twice.
const (
	maxIssuerBytes  = 64
	maxAccountBytes = 128
)

// qrWidth is the least width of the PNG in pixels.
const qrWidth = 200
