package world

// A device is somebody's phone, computer or tablet. Its versions rise while it
// is kept up to date, some days after each release.
type device struct {
	id     uint64
	system system
	model  uint16
	base   uint16  // the system's version where it follows no cadence
	vendor uint16  // of Android: what the maker adds to the version
	build  uint16  // of the browser
	frozen bool    // never updated since it was bought
	lag    float64 // days behind the releases

	systemLag    float64 // days that the system's updates are behind the browser's
	systemFrozen bool    // only the browser is updated
	browser      browser
	other        browser // a second one, and how often it is used
	otherUse     float64
	bought       int64
	gone         int64 // when it was replaced
	app          uint16
}

// A cadence is how releases follow each other: from the first, every so many
// days a major one, and between them small ones that only the full string shows.
type cadence struct {
	first        uint16
	offset       float64 // days before the start at which the first came out
	major, minor float64 // days
}

func (c cadence) at(days float64) (major, patch uint16) {
	days = max(0, days+c.offset)
	return c.first + uint16(days/c.major), uint16(days / c.minor)
}

// release is the one of a list that is out, of those that follow each other.
func (c cadence) release(days float64, list []string) uint16 {
	n, _ := c.at(days)
	return min(n, uint16(len(list)-1))
}

// agentAt is what the device shows at a time. second chooses its other browser.
func (d *device) agentAt(at int64, second bool) agent {
	a := agent{system: d.system, browser: d.browser, model: d.model, build: d.build}
	if second {
		a.browser, a.build = d.other, 0
	}
	days := float64(at)/float64(day) - d.lag
	if d.frozen {
		days = float64(min(at, d.bought))/float64(day) - d.lag
	}
	a.version = d.systemVersion(days - d.systemLag)
	if d.systemFrozen {
		a.version = d.systemVersion(-d.systemLag)
	}
	switch a.browser {
	case firefox, firefoxMobile:
		a.major, a.patch = firefoxCadence.at(days)
	case safari, mobileSafari:
		a.major, a.patch = safariCadence.at(days)
	case inApp:
		a.major, _ = safariCadence.at(days)
		a.app = d.appAt(days)
	case webView:
		a.major, a.patch = chromeCadence.at(days)
		a.app = d.appAt(days)
	default:
		a.major, a.patch = chromeCadence.at(days)
	}
	return a
}

func (d *device) appAt(days float64) uint16 {
	return d.app + uint16(max(0, days+1200)/appDays)*uint16(len(apps))
}

func (d *device) systemVersion(days float64) uint16 {
	switch d.system {
	case macOS:
		return macCadence.release(days, macReleases)
	case iPhone, iPad:
		return iosCadence.release(days, iosReleases)
	case chromeOS:
		n, _ := chromeOSCadence.at(days)
		return n
	case android, androidTablet: // one upgrade at most, and the vendor's number
		n := min(d.base+uint16(max(0, days)/400), uint16(len(androidReleases)-1))
		return n + d.vendor*uint16(len(androidReleases))
	}
	return d.base
}

// newDevice is one in use from bought on. In wealthy places more are Apple's.
func (w *World) newDevice(s *source, kind deviceKind, country int, bought int64) device {
	d := device{id: s.next(), bought: bought, gone: never}
	d.frozen = s.chance(frozenShare)
	d.lag = s.spread(updateLag, updateSigma)
	d.systemLag = s.between(0, systemLag)
	d.systemFrozen = s.chance(systemFrozen)
	if s.chance(ownBuild) {
		d.build = rareNumber(s, builds)
	}
	apple := appleShare[w.places.countries[country].code]
	if apple == 0 {
		apple = appleElsewhere
	}
	switch kind {
	case phoneKind:
		d.system = android
		if s.chance(apple) {
			d.system = iPhone
		}
	case tabletKind:
		d.system = iPad
		if s.chance(0.25) {
			d.system = androidTablet
		}
	default:
		d.system = []system{windows, macOS, chromeOS, linux}[s.pick(computerWheel)]
	}
	d.fillSystem(s)
	d.chooseBrowsers(s)
	life := phoneLife
	if kind != phoneKind {
		life = computerLife
	}
	d.gone = bought + int64(s.exponential(life)*float64(day))
	d.app = uint16(s.below(len(apps)))
	return d
}

func (d *device) fillSystem(s *source) {
	switch d.system {
	case windows:
		d.base = uint16(s.pick(windowsWheel))
	case chromeOS:
		d.model = rareNumber(s, 60)
	case linux:
		d.model = uint16(s.below(len(linuxes)))
	case android, androidTablet:
		d.base = uint16(s.pick(androidWheel))
		if s.chance(ownVendorNumber) {
			d.vendor = rareNumber(s, vendorNumbers)
		}
		if d.model = uint16(s.pick(phoneWheel)); int(d.model) == len(phones) {
			d.model += uint16(s.below(modelTail))
		}
	}
}

// rareNumber is in 1…most, the small ones the most frequent, as 1/n.
func rareNumber(s *source, most float64) uint16 {
	return uint16(exp(float64(s.unit() * ln(most))))
}

func (d *device) chooseBrowsers(s *source) {
	choices := browsersOf[d.system]
	d.browser = choices.list[s.pick(choices.wheel)]
	d.other = choices.list[s.pick(choices.wheel)]
	if d.other != d.browser {
		d.otherUse = s.between(0, otherBrowserUse)
	}
}
