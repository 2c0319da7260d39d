package risk

import (
	"time"

	"github.com/mfakit/mfa"
)

// A Signal looks at a sign-in from one side and says what speaks for or against
// it. It is called for every scored sign-in, by several goroutines at once: it must
// be pure, quick (microseconds) and must not keep the sighting.
type Signal interface {
	// Name is what Config.Weights calls it: lower case, unique among the signals.
	Name() string

	// Evidence is what it has to say; usually nothing.
	Evidence(s *Sighting) []Evidence
}

// Evidence is one thing that speaks for or against a sign-in being its user's.
type Evidence struct {
	// Code is stable, for programs: lower case with underscores, "new_country".
	Code string

	// LogOdds is how much likelier what was seen is of an attacker than of the
	// user, as a natural logarithm: 0.7 is twice, 2.3 is ten times; below 0 it
	// speaks for the user. What is not a number counts as 0.
	LogOdds float64

	// Text is what was seen, for people: "first time from Romania". Usual is what
	// is usual for the user, shown to nobody but them and support: "you usually
	// sign in from Norway". Evidence without a Text is counted, and not told.
	Text, Usual string

	// With and UsualWith are the variables of the two, by which they are told in other
	// languages: {"country": "RO"}. See [mfa.RiskReason] for their bounds.
	With, UsualWith map[string]string

	// Hard evidence raises to severe when there are two pieces of it, whatever the score.
	Hard bool
}

// A Sighting is a sign-in as signals see it. They must not change it.
type Sighting struct {
	Attempt mfa.Attempt
	IP      IPInfo // what is known of Attempt.Client.IP; zero where the lookup failed
	Agent   Agent  // the browser, as far as it tells
	Past    []Past // where the user signed in from before, newest first; empty: nothing is known that still counts

	// Since is the time since the user last signed in, to the minute, and never below
	// 0: a clock that went back has moved by that much. 0 where nothing is known. It
	// may be set where Past is empty: all of it is too old to count.
	Since time.Duration

	entry   entry
	minutes uint32
	keep    uint32 // minutes
	model   *model
}

// A Past is a network and a browser that the user signed in from before, as far as
// that is kept.
type Past struct {
	When    time.Time // the last time, to the minute
	Times   int       // how often, as far as it is kept
	Weight  float64   // the same with age taken off: a sign-in of 120 days ago is half of one now
	Country string
	ASN     uint32
	Agent   Agent
	Kinds   IPKinds
	Known   bool // with a remembered device's token

	// Lat and Lon are to a tenth of a degree, Radius in km; only where Located.
	Lat, Lon, Radius float64
	Located          bool

	entry entry
	marks []mark
}

// An Agent is a browser as it calls itself, without versions. A field is empty where
// it does not tell.
type Agent struct {
	Browser string // "Firefox"
	OS      string // "Linux"
	Class   string // "desktop", "mobile", "tablet", "bot"
}
