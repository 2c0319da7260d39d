package risk

import "time"

// The numbers of the score, in one place. Those that are not taken from a
// publication were chosen on generated sign-ins; see docs/risk.md.
const (
	// commonAttackers is the share of attackers who come from networks and with
	// browsers that are as common among them as among users.
	commonAttackers = 0.8

	// While fewer sign-ins than about these are learned, shipped guesses count.
	shippedSignIns = 200.0
	shippedCells   = 30.0

	// ownPrior is how many sign-ins of everybody's a user's own history is mixed with.
	ownPrior = 0.3

	// ownNewness is how many new sign-ins it takes before a user's own habit counts as
	// much as everybody's; leastNew and mostNew bound what comes of it.
	ownNewness        = 2.0
	leastNew, mostNew = 0.0005, 0.95

	// maxChain bounds what a chain of levels says.
	maxChain = 8.0

	// halfLife is in how many days an earlier sign-in counts half.
	halfLife = 120.0
)

// shippedShare is how common a value is where nothing is known.
var shippedShare = [features]float64{
	featCountry: 0.3, featASN: 0.05, featPrefix: 0.001, featRegion: 0.05, featCity: 0.02,
	featDevice: 0.5, featOS: 0.3, featBrowser: 0.4, featAgent: 0.15, featModel: 0.03, featHour: 1.0 / hoursPerWeek,
}

// guessed is how likely an attacker who knows the victim has the victim's value: a
// proxy in the right country is cheap, a browser's header is free, an address is neither.
var guessed = [levels]float64{
	levelCountry: 0.35, levelASN: 0.25, levelPrefix: 0.005, levelAddress: 0.001,
	levelRegion: 0.15, levelCity: 0.05,
	levelDevice: 0.4, levelOS: 0.3, levelBrowser: 0.2, levelModel: 0.05,
}

// How often a sign-in comes from a new address, by the time since the last (Wiefling
// et al., ACM TOPS 2022: 2.3 % within a minute, 10.6 % between ten minutes and
// an hour, 74 % after thirty days; the rest between them).
var newAddress = [gapBuckets]float64{0.023, 0.06, 0.106, 0.2, 0.35, 0.5, 0.62, 0.74}

// newAgent is how much of the rate below applies, by the time since the last.
var newAgent = [gapBuckets]float64{0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1, 1.2}

// newBySize: who has been seen more often is rarer somewhere new.
var newBySize = [sizeBuckets]float64{1.2, 1.1, 1, 0.9, 0.8, 0.65}

// newAtLevel is the part of newAddress or newAgent that falls to a level, once all
// coarser ones were seen.
var newAtLevel = [levels]float64{
	levelCountry: 0.06, levelASN: 0.3, levelPrefix: 0.5, levelAddress: 0.45,
	levelRegion: 0.12, levelCity: 0.35,
	levelDevice: 0.12, levelOS: 0.08, levelBrowser: 0.12, levelModel: 0.25,
}

func shippedNewness(l level, gap, size uint8) float64 {
	byGap := newAddress[gap]
	if l >= levelDevice {
		byGap = newAgent[gap]
	}
	return min(newAtLevel[l]*byGap*newBySize[size], 0.95)
}

// What each signal says, in log-odds.
const (
	toldFrom    = 0.3  // reasons that weigh less are not told
	maxEvidence = 20.0 // what one piece of evidence says at most, either way

	knownDevice  = -5.0
	maxNewDevice = 2.5

	commonBrowser   = 0.5 // of what a rare browser says, where the user has others
	changingAddress = 0.5 // of what a new address says, on networks that change it all the time
	placeBeside     = 0.9 // of what a region or city says, beside its network

	impossibleTravel      = 3.5
	impossibleTravelKnown = 1.0

	maxHours       = 2.0
	hoursPart      = 0.25
	hoursPrior     = 4.0 // sign-ins at any time that a user's own are mixed with
	hoursFrom      = 5   // sign-ins
	otherKindOfDay = 0.6 // how much a weekend's sign-in tells of a working day's hours, and the reverse

	accountFrom = 3
	accountHard = 5
	maxAccount  = 2.5
	networkFrom = 10
	maxNetwork  = 2.5
	systemAlarm = 0.7

	deniedAddress  = 6.0
	torExit        = 3.0
	proxyAddress   = 1.8
	vpnAddress     = 1.0
	hostingAddress = 1.2

	awayMonth, awaySeason, awayLong = 0.5, 1.0, 2.5
)

// When travel is impossible. The speed is beyond any airliner's.
const (
	travelSpeed   = 1000.0 // km/h
	travelSlack   = 50.0   // km
	travelLeast   = 10.0   // minutes; a shorter time is taken for this
	maxRadius     = 500.0  // km; what is less sure is not a place
	unknownRadius = 100.0  // km
)

// From when on an absence is told, and tells more. The accounts that are attacked are
// spread over all, the sign-ins over those who come often: that alone makes a
// sign-in after a long time more likely an attacker's.
const (
	afterMonth  = 30 * 24 * time.Hour
	afterSeason = 90 * 24 * time.Hour
)
