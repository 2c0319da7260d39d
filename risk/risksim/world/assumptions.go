package world

// All that the simulated world assumes. The comments say where a figure is
// from: "published" are the marginals of the RBA data set, "fitted" was chosen
// so that these marginals and the baseline's published curves come out, and the
// rest is a plain guess at how people and networks are. README.md has the table.

// Times are milliseconds since the start.
const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	never  = int64(1) << 60
)

// Streams of chances.
const (
	forNetworks = iota + 1
	forOffices
	forVPNs
	forHomes
	forPeople
	forNames
	forGeo
	forLists
	forStuffing
	forTakeovers
	forBots
	forCampaigns
)

// Networks.
const (
	localPerRoot      = 3.0  // local providers per root of a country's share: thousands in all, as in the data set
	localShare        = 0.16 // of a city's homes per local provider, falling with its rank
	staticLow         = 0.12 // fitted, to how often an address is new after a month
	staticHigh        = 0.38 // fitted
	carrierIsProvider = 0.6
	natSticky         = 12 * hour
	mobileSticky      = 3 * hour // fitted, to how often an address is new within the hour
	nearestSite       = 0.6
	ownNetworkFrom    = 12.0 // users in an office with a network of its own
	officeLeast       = 1.0
	officeMost        = 0.004 // of all users in one office
	vpnHosts          = 40
	vpnBrands         = 24
	vpnAtHome         = 0.65
	vpnElsewhere      = 0.8

	linesPerSharedAddress = 8
)

// leases: how long a home's address lasts where it changes.
var (
	leases     = []int64{1 * day, 7 * day, 30 * day, 90 * day, 200 * day}
	leaseWheel = newWheel([]float64{0.12, 0.16, 0.24, 0.26, 0.22}) // fitted, to how often an address is new by gap
)

// natCountries is how likely a home network there puts many lines behind an address.
var natCountries = map[string]float64{
	"IN": 0.6, "BR": 0.4, "ID": 0.6, "PH": 0.6, "TH": 0.4, "VN": 0.5, "TR": 0.4, "RU": 0.3, "NG": 0.8, "PK": 0.6,
	"BD": 0.7, "EG": 0.5, "KE": 0.7, "UA": 0.2, "MX": 0.3, "CN": 0.5, "US": 0.03, "DE": 0.1, "GB": 0.05,
}

// Devices and what they run. The published weights of the baseline rest on the
// columns of the data set, whose version numbers are scattered far more widely than
// those of browsers in life, as its first rows show: "Chrome 79.0.3945.192.203",
// "Android 10.0.99", "iOS 7.1" in 2020, and no Windows among nineteen. The
// shares and scatter here are fitted to that, and to the baseline's curves.
type deviceKind uint8

const (
	phoneKind deviceKind = iota
	computerKind
	tabletKind
	workKind
)

const (
	frozenShare     = 0.22   // of devices never update their browser
	updateLag       = 20.0   // days, median
	updateSigma     = 1.3    // how much that differs
	systemLag       = 1400.0 // days, most
	systemFrozen    = 0.95
	ownBuild        = 0.97 // of devices show a further number in the browser's version
	builds          = 3000.0
	ownVendorNumber = 0.95
	vendorNumbers   = 400.0
	phoneLife       = 700. // days, mean
	computerLife    = 1500.
	otherBrowserUse = 0.5
	appDays         = 10.0
	appleElsewhere  = 0.22
)

var (
	chromeCadence   = cadence{first: 49, offset: 40 + 30*42, major: 42, minor: 15}
	firefoxCadence  = cadence{first: 45, offset: 40 + 27*42, major: 42, minor: 18}
	safariCadence   = cadence{offset: 20 + 13*55, major: 55, minor: 18}
	macCadence      = cadence{offset: 15 + 44*40, major: 40, minor: 40}
	iosCadence      = cadence{offset: 10 + 62*23, major: 23, minor: 23}
	chromeOSCadence = cadence{offset: 30 + 40*36, major: 36, minor: 36}

	appleShare = map[string]float64{
		"NO": 0.58, "DK": 0.6, "SE": 0.54, "US": 0.52, "GB": 0.5, "CH": 0.5, "JP": 0.6, "AU": 0.52, "CA": 0.52, "IS": 0.5,
		"FI": 0.33, "DE": 0.33, "NL": 0.42, "IE": 0.45, "BE": 0.38, "FR": 0.36, "NZ": 0.48, "RU": 0.25, "BR": 0.14,
	}

	computerWheel = newWheel([]float64{0.03, 0.57, 0.39, 0.01})
	windowsWheel  = newWheel([]float64{0.88, 0.09, 0.03})
	androidWheel  = newWheel([]float64{1, 2, 2, 5, 4, 6, 9, 3, 6, 12, 12, 22, 16, 0})
	phoneWheel    = zipf(len(phones), 0.75, 0.3)
)

type choices struct {
	list  []browser
	wheel wheel
}

var browsersOf = map[system]choices{
	windows:       {[]browser{chrome, edge, firefox, opera}, newWheel([]float64{0.62, 0.2, 0.14, 0.04})},
	macOS:         {[]browser{safari, chrome, firefox}, newWheel([]float64{0.52, 0.38, 0.10})},
	chromeOS:      {[]browser{chrome}, newWheel([]float64{1})},
	linux:         {[]browser{chrome, firefox}, newWheel([]float64{0.5, 0.5})},
	iPhone:        {[]browser{mobileSafari, inApp, chromeIOS}, newWheel([]float64{0.6, 0.28, 0.12})},
	iPad:          {[]browser{mobileSafari, inApp, chromeIOS}, newWheel([]float64{0.75, 0.15, 0.1})},
	android:       {[]browser{chromeMobile, webView, samsung, firefoxMobile}, newWheel([]float64{0.56, 0.28, 0.13, 0.03})},
	androidTablet: {[]browser{chromeMobile, webView, samsung}, newWheel([]float64{0.6, 0.2, 0.2})},
}

// zipf is weights 1/(rank+1)^about-one, and one more that takes share of all.
func zipf(n int, power, share float64) wheel {
	weights := make([]float64, n, n+1)
	sum := 0.0
	for i := range weights {
		weights[i] = exp(-float64(power * ln(float64(i+1))))
		sum += weights[i]
	}
	return newWheel(append(weights, float64(sum*share)/(1-share)))
}

// People.
const (
	employedShare  = 0.62
	deskWork       = 0.55
	ownComputer    = 0.85
	ownTablet      = 0.36
	sharedDevice   = 0.4 // by kind, in a household of several users
	faithfulBuyer  = 0.7
	tripsPerYear   = 1.6
	tripDays       = 4.0
	localCard      = 0.15 // of trips abroad
	vpnShare       = 0.02
	deviceSigma    = 1.0  // how much people differ in what they use
	waySigma       = 1.0  // and by what way
	routineHalf    = 12.0 // fitted: sign-ins of those who half of the time do it in the usual way
	routineGrowth  = 1.8  // fitted: who signs in more is steadier
	usuallyByPhone = 0.1
	stayHours      = 2.5   // how long somebody stays where they are
	keepDevice     = 0.84  // in a visit
	dropOut        = 0.025 // fitted: a phone loses the wireless network within a visit
	burstLow       = 0.1   // another sign-in in the same visit, by person
	burstHigh      = 0.45
	visitEvery     = 25.0 // days, median over people
	visitSigma     = 0.9
	typoShare      = 0.06 // of sign-ins begin with a mistyped password, median over people
	wrongName      = 0.35 // of the mistyped
	forgotten      = 0.05 // of people give up once
	rttShare       = 0.04 // published: 96 % are empty
	rttMedian      = 450.0
)

var (
	householdWheel = newWheel([]float64{0.62, 0.25, 0.09, 0.04})

	// By way: home, work, phone, venue, friend, hotel.
	waysWorking = [notAWay]float64{0.13, 0.55, 0.24, 0.04, 0.04, 0}
	waysIdle    = [notAWay]float64{0.60, 0.00, 0.29, 0.05, 0.06, 0}
	waysNight   = [notAWay]float64{0.80, 0.00, 0.14, 0.02, 0.04, 0}

	// By way: phone, computer, tablet, work computer.
	devicesBy = [notAWay][4]float64{
		fromHome:   {0.42, 0.40, 0.18, 0.08},
		fromWork:   {0.30, 0.05, 0.02, 1.20},
		byPhone:    {1.00, 0.04, 0.06, 0.03},
		fromVenue:  {0.60, 0.30, 0.10, 0.10},
		fromFriend: {0.70, 0.20, 0.10, 0.02},
		fromHotel:  {0.55, 0.25, 0.15, 0.15},
	}
	borrowedShare = [notAWay]float64{fromHome: 0.03, fromWork: 0.06, fromVenue: 0.06, fromFriend: 0.2, fromHotel: 0.05}

	holidays = []string{"ES", "ES", "ES", "GR", "TR", "TH", "IT", "FR", "GB", "US", "DK", "SE", "HR", "PT", "CY", "DE", "PL", "AE"}
)

// The accounts that the data set holds together what is nobody's in: failed
// sign-ins under names that do not exist, and a monitoring program.
const (
	pseudoUser = -4324475583306591935
	botUser    = 6998943612473066845
)

// Attackers.
const (
	meanSignIns   = 4.2   // successful ones per user, from the published counts
	stuffingShare = 1.5   // tries per successful sign-in: published, 40 % of all rows succeed
	realNames     = 0.12  // of the tries; the others are at names that do not exist
	attackHosts   = 300   // hosting companies that attackers rent from
	monitorShare  = 0.035 // of the successful sign-ins
	listedShare   = 0.75  // of attackers' addresses are on a list of such

	takeoverCampaigns     = 80
	takeoverShare         = 0.003 // of all users: many more than published, so that there is something to measure
	takeoverBefore        = 0.68  // fitted: published, 35 % are of accounts without an earlier success
	takeoversLate         = 0.27  // published: 38 of 141 in the last part of the time
	takeoversFromRO       = 3     // of 4 campaigns. Published: 56 % of all takeovers, those from near the victim included
	takeoverDesktop       = 0.97  // published: 85 % of all
	takeoverCommonNetwork = 0.12  // published: two thirds of all come from rare networks
	takeoverInside        = 0.20  // published: at 90 % caught, the baseline asks nearly everybody
	takeoverNearby        = 0.06
)

// attackCountries is where attackers' machines are. Fitted: with the people,
// 42 % of all rows are from Norway, 28 % from the United States, 5 % from
// Russia and 4 % from Brazil, as published.
var attackCountries = []struct {
	code  string
	share float64
}{
	{"NO", 0.01}, {"US", 0.345}, {"RU", 0.072}, {"BR", 0.058}, {"CN", 0.02}, {"IN", 0.02}, {"ID", 0.02}, {"DE", 0.02},
	{"FR", 0.015}, {"GB", 0.015}, {"NL", 0.015}, {"VN", 0.015}, {"TH", 0.01}, {"UA", 0.015}, {"AU", 0.01}, {"CA", 0.01},
	{"PL", 0.005}, {"IT", 0.005}, {"ES", 0.005}, {"MX", 0.005}, {"AR", 0.005}, {"TR", 0.005},
}

var takeoverElsewhere = []string{"US", "NG", "RU", "VN", "DE", "NL", "GB", "BR", "IN", "UA"}

// What databases of addresses know.
const (
	cityUnknown          = 0.30
	cityUnknownElsewhere = 0.55
	cityWrong            = 0.06
	listedTunnels        = 0.10 // of VPNs' addresses
	listedOthers         = 0.001
)
