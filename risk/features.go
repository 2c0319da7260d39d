package risk

import "math/bits"

// A feature is a property of a sign-in whose values are counted over all users.
type feature uint8

const (
	featCountry feature = iota
	featASN
	featPrefix
	featRegion
	featCity
	featDevice
	featOS
	featBrowser
	featAgent // device class, operating system and browser together
	featModel // the User-Agent header without its versions
	featHour  // hour of the week
	features  // how many there are
)

// A level is a step of a chain, from coarse to fine, at which a sign-in can be new to
// its user.
type level uint8

const (
	levelCountry level = iota
	levelASN
	levelPrefix
	levelAddress
	levelRegion
	levelCity
	levelDevice
	levelOS
	levelBrowser
	levelModel
	levels // how many there are
)

// How often a legitimate sign-in is new depends on the time since the last one and
// on how much is known of the user: novelty is counted in cells of both.
const (
	gapBuckets  = 8 // under 1 min, 10 min, 1 h, 6 h, 1 d, 7 d, 30 d, and more
	sizeBuckets = 6 // 1, 2, 3-4, 5-8, 9-16, and more entries
)

// A valueKey is a value of a feature, as a keyed hash. Equal values have equal keys
// in every process of a deployment.
type valueKey struct {
	_       struct{} `cbor:",toarray"`
	Feature feature
	Key     uint64
}

// A noveltyCell says that a sign-in whose coarser levels were all seen before
// was, or was not, new at Level.
type noveltyCell struct {
	_         struct{} `cbor:",toarray"`
	Level     level
	Gap, Size uint8
	Fresh     bool
}

// A delta is what one learned sign-in adds to the population, or takes from it
// again. It has no user and no address in it.
type delta struct {
	Version uint8         `cbor:"1,keyasint"`
	Sign    int8          `cbor:"2,keyasint"` // +1 learned, -1 unlearned
	At      int64         `cbor:"3,keyasint"` // of the sign-in, in minutes since 1970
	Values  []valueKey    `cbor:"4,keyasint,omitempty"`
	Novel   []noveltyCell `cbor:"5,keyasint,omitempty"`

	// Vote: the first that is learned of this user on that day (UTC). Values and
	// Bin count only then, so that nobody moves them by signing in often: without
	// a vote there are no Values, and Bin is not to be counted.
	Vote  bool  `cbor:"6,keyasint,omitempty"`
	Bin   uint8 `cbor:"7,keyasint,omitempty"` // of the score: binOf
	First bool  `cbor:"8,keyasint,omitempty"` // nothing was known of the user
}

const deltaVersion = 1

// Scores are counted in bins of a quarter, from -24 up.
const (
	bins     = 256
	binWidth = 0.25
	binLeast = -24.0
)

// binOf is the bin of a score.
func binOf(score float64) uint8 {
	b := (score - binLeast) / binWidth
	switch {
	case !(b > 0): // below all, or not a number
		return 0
	case b >= bins-1:
		return bins - 1
	}
	return uint8(b)
}

// scoreOf is the lower edge of a bin.
func scoreOf(bin uint8) float64 { return binLeast + binWidth*float64(bin) }

// mix is a keyed 64-bit hash of a number: by multiplication, as in wyhash.
func mix(key [2]uint64, x uint64) uint64 {
	hi, lo := bits.Mul64(x^key[0], key[1]|1)
	x = hi ^ lo
	hi, lo = bits.Mul64(x^key[1], 0x9e3779b97f4a7c15)
	return hi ^ lo
}
