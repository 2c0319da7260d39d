package migrate

const (
	// maxRow bounds a row: a user's largest holding is WebAuthn credentials, with an
	// attestation of some KiB each.
	maxRow = 1 << 20 // bytes
	// maxItems bounds what one user brings. An engine takes twenty enrollments, and
	// the rest would be refused one by one.
	maxItems = 64
	// perImport is how many items one call of an Importer gets; an engine takes twenty.
	perImport = 16
	// maxLabel is how long a name of an enrollment may be.
	maxLabel = 64 // characters
	// maxShown bounds the words of a report: user and item names that a row chose, and reasons.
	maxShown = 256 // bytes
	// maxTallies bounds the kinds of outcome that a report tells apart; reasons are from
	// fixed sets, and this holds where one is not.
	maxTallies = 1000

	defaultPeriod = 30 // seconds, as in otpauth links that have none
	minSecretBits = 128
)
