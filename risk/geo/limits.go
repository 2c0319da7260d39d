package geo

import "time"

// What a file may be. Files come from outside, and are read by a process that signs
// people in.
const (
	// MaxMind's and DB-IP's largest city databases have about 150 MB, IPinfo's more.
	defaultMaxDatabase = 1 << 30

	// A million prefixes of IPv6 in full have 45 MB.
	defaultMaxList = 128 << 20

	defaultMaxEntries = 2_000_000 // prefixes or AS numbers of one list; every hosting network known has under 100,000

	maxLine    = 4096 // bytes; the longest are AS names
	maxSources = 64   // each list costs every lookup some 20 ns

	// widestPrefix is the fewest bits that a list may name: lists of unused space have
	// 224.0.0.0/3 and 4000::/3. Less is half the internet, and a mistake.
	widestPrefix = 3
)

// What a record of a database may be. Those of the vendors have under 200 values and
// four levels.
const (
	maxValues = 4096
	maxDepth  = 16
	maxText   = 512 // bytes of a name that is read
	maxType   = 100 // bytes of the database's own
)

// Places. The risk scorer takes a place for reliable up to 500 km.
const (
	// unstatedRadius is for a city in a database that says nothing of its accuracy. Of
	// free databases a good half of all addresses are off by less.
	unstatedRadius = 200 // km

	// noCityRadius is for coordinates that are the middle of a country or a region.
	noCityRadius = 1000   // km, the largest that MaxMind states
	maxRadius    = 20_038 // km: half of the earth's circumference
)

// minConfidence is from when on a residential proxy database's record counts: below,
// the vendor gives it less than one chance in three.
const minConfidence = 30 // of 99

// When files are looked at, and fetched.
const (
	defaultWatch   = time.Minute
	defaultEvery   = 24 * time.Hour
	minEvery       = time.Minute
	defaultTimeout = 5 * time.Minute // of one fetch

	// retryShare of the interval passes after a failure.
	retryShare = 8

	// jitter is by what share an interval is made longer or shorter, so that the
	// instances of a deployment do not come to the vendor all at once.
	jitter = 0.1

	defaultMinShare = 0.5
)

// checkEvery is after how many lines or records a load looks whether it is still wanted.
const checkEvery = 1024
