package gateway

import "time"

const (
	// defaultTimeout is what a person waits for before other methods are offered.
	defaultTimeout = 10 * time.Second
	// maxTimeout: a sender that may take longer holds the sign-in up.
	maxTimeout = time.Minute
	// connectTimeout is short of defaultTimeout, so that an unreachable carrier
	// leaves time for another one: nothing has been sent by then.
	connectTimeout = 3 * time.Second

	// maxAnswer and maxReport bound what is read of a carrier, in bytes. Real
	// answers are below 2 KiB.
	maxAnswer = 64 << 10
	maxReport = 64 << 10
	// maxHeader bounds an answer's header, in bytes.
	maxHeader = 32 << 10

	// maxText is Twilio's bound on a message, the lowest of those supported, in
	// characters (https://www.twilio.com/docs/api/errors/21617).
	maxText = 1600
	// maxToken bounds IDs, report tokens and references, in bytes.
	maxToken = 1024
	// minSecret is the least length of a report secret, in bytes: 128 bits where
	// it is random.
	minSecret = 16
	// maxRetryAfter bounds what a carrier may ask to wait.
	maxRetryAfter = 24 * time.Hour

	// E.164 §6.2.1: at most 15 digits. Fewer than 7 are short codes, which are no
	// one's phone.
	minDigits = 7
	maxDigits = 15
)
