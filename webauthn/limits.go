package webauthn

import "time"

// Ceremonies.
const (
	// maxDiscoverIDs bounds the identifiers that a sign-in by name lists, in bytes.
	maxDiscoverIDs = 512

	// ceremonyTime is how long a challenge can be answered: the five minutes
	// that WebAuthn Level 3 §15.1 recommends without user verification, and the
	// lower end of what it recommends with it.
	ceremonyTime = 5 * time.Minute

	challengeBytes    = 32 // §13.4.3 asks for 16 at least
	minChallengeBytes = 16

	userHandleBytes    = 64 // of a new user handle; §14.6.1 recommends all of them
	maxUserHandleBytes = 64 // §5.4.3
)

// What an answer may be. Bounds are checked before anything is decoded or
// allocated, so that a small answer cannot ask for much memory.
const (
	maxAnswerBytes       = 64 << 10 // as mfa.Answer
	maxClientDataBytes   = 8 << 10  // browsers send about 250
	maxAuthDataBytes     = 4 << 10  // an identifier, an RSA key and extensions
	maxAttestationBytes  = 32 << 10 // a chain of a few certificates; with the two above it stays an attachment of 64 KiB
	maxSignatureBytes    = 1 << 10  // RSA with 8192 bits
	maxCredentialIDBytes = 1023     // §4, credential ID
	maxTransports        = 16
	maxTransportBytes    = 32

	maxJSONDepth   = 12
	maxJSONMembers = 64 // of one object
	maxCBORDepth   = 5  // a compound attestation's certificates; CTAP2 itself has 4
	maxCBORItems   = 256
)

// RSA keys that are worth accepting, and that cost little to verify by.
const (
	minRSABytes = 2048 / 8
	maxRSABytes = 8192 / 8
)

const (
	maxStateBytes    = 64 << 10
	maxImportBytes   = 128 << 10 // a state, with the attestation inside it
	maxPendingBytes  = 256 << 10 // it lists the user's credentials
	maxNameBytes     = 64        // authenticators may cut names after 64 bytes (§6.4.1)
	maxMetadataBytes = 64 << 20  // the blob of 2026 has about 10 MiB
	maxOriginBytes   = 512
	maxLabels        = 5 // of related origins; browsers need not look at more (§5.11.1)
)
