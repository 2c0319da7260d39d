package risk

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The codes of the shipped signals. They are kept by hosts: none is ever renamed.
const (
	codeKnownDevice      = "known_device"
	codeNewDevice        = "new_device"
	codeKnownAgent       = "known_agent"
	codeNewAgent         = "new_agent"
	codeNewModel         = "new_model"
	codeRareAgent        = "rare_agent"
	codeKnownAddress     = "known_address"
	codeKnownNetwork     = "known_network"
	codeNewAddress       = "new_address"
	codeNewNetwork       = "new_network"
	codeNewCountry       = "new_country"
	codeRareNetwork      = "rare_network"
	codeTrustedNetwork   = "trusted_network"
	codeKnownPlace       = "known_place"
	codeNewRegion        = "new_region"
	codeNewCity          = "new_city"
	codeImpossibleTravel = "impossible_travel"
	codeUnusualHour      = "unusual_hour"
	codeUsualHour        = "usual_hour"
	codeAccountFailures  = "account_failures"
	codeNetworkFailures  = "network_failures"
	codeSystemAlarm      = "system_alarm"
	codeTor              = "tor"
	codeProxy            = "proxy"
	codeVPN              = "vpn"
	codeHosting          = "hosting"
	codeDenied           = "denied"
	codeFirstSignIn      = "first_sign_in"
	codeLongAbsence      = "long_absence"
)

// The texts are read by users and by support, in a list of reasons. A Text may be
// shown to whoever is signing in: it says nothing of the user's habits. A Usual does,
// and holds no address.
const (
	textKnownDevice    = "on a remembered device"
	textNewDevice      = "on a device that is not remembered"
	usualDevice        = "you usually sign in on a remembered device"
	textKnownAddress   = "from a network address used before"
	textNewAddress     = "first time from this network address"
	textTrustedNetwork = "from a trusted network"
	textUsualHour      = "at a usual time of day"
	textSystemAlarm    = "many more wrong answers than usual for all accounts"
	textTor            = "through the Tor network"
	textProxy          = "through a proxy"
	textVPN            = "through a VPN"
	textHosting        = "from a data centre"
	textDenied         = "from a network on the deny list"
	textFirstSignIn    = "first sign-in that is seen here"
)

// A said is a text, with what stands in it: the variables of its messages in other
// languages (package words, risk.CODE and risk.CODE.usual).
type said struct {
	text string
	with map[string]string
}

// as adds what was seen, and what is usual, to evidence.
func (e Evidence) as(code string, seen, usual said) Evidence {
	e.Code, e.Text, e.With, e.Usual, e.UsualWith = code, seen.text, seen.with, usual.text, usual.with
	return e
}

func newCountry(s *Sighting) said {
	return said{"first time from " + countryName(s.IP.Country), map[string]string{"country": s.IP.Country}}
}

func usualCountry(s *Sighting) said {
	code := ""
	best := 0.0
	for i := range s.Past {
		c := s.Past[i].Country
		if c == "" || c == code {
			continue
		}
		sum := 0.0
		for j := range s.Past {
			if s.Past[j].Country == c {
				sum += s.Past[j].Weight
			}
		}
		if sum > best {
			code, best = c, sum
		}
	}
	if code == "" {
		return said{}
	}
	return said{"you usually sign in from " + countryName(code), map[string]string{"country": code}}
}

func newNetwork(s *Sighting) said {
	name, with := provider(s)
	return said{"first time on " + name, with}
}

// knownNetwork and rareNetwork name the country where nothing is known of the provider.
func knownNetwork(s *Sighting) said {
	where, with := onNetwork(s)
	return said{where + ", as before", with}
}

func rareNetwork(s *Sighting) said {
	where, with := onNetwork(s)
	return said{where + ", which is rare here", with}
}

func onNetwork(s *Sighting) (string, map[string]string) {
	if s.IP.ASN == 0 && s.IP.Country != "" {
		return "from " + countryName(s.IP.Country), map[string]string{"country": s.IP.Country}
	}
	name, with := provider(s)
	return "on " + name, with
}

// provider is whose network it is, within a sentence.
func provider(s *Sighting) (string, map[string]string) {
	if org := words(s.IP.Org); org != "" {
		return "the network of " + org, map[string]string{"org": org}
	}
	if s.IP.ASN != 0 {
		number := strconv.FormatUint(uint64(s.IP.ASN), 10)
		return "the network AS" + number, map[string]string{"asn": number}
	}
	return "a network", nil
}

func knownPlace(s *Sighting) said {
	return said{"from " + placeOf(&s.IP, true) + ", as before", placeWith(&s.IP)}
}

func newCity(s *Sighting) said {
	return said{"first time from " + placeOf(&s.IP, true), placeWith(&s.IP)}
}

func newRegion(s *Sighting) said {
	i := s.IP
	i.City = i.Region
	return said{"first time from " + placeOf(&i, true), placeWith(&i)}
}

func fastTravel(s *Sighting) said {
	const far = "too far from the last sign-in to have travelled"
	if at := placeOf(&s.IP, true); at != "" {
		return said{far + " to " + at, placeWith(&s.IP)}
	}
	return said{text: far}
}

func usualTravel(last *Past, km, minutes float64) said {
	far := int(km/50+0.5) * 50
	n, unit := span(time.Duration(minutes * float64(time.Minute)))
	with := map[string]string{"km": strconv.Itoa(far), "n": strconv.Itoa(n), "unit": unit}
	at := "elsewhere"
	if last.Country != "" {
		at = "in " + countryName(last.Country)
		with["country"] = last.Country
	}
	return said{"you were " + at + ", about " + thousands(far) + " km away, " + spanText(n, unit) + " before", with}
}

// thousands writes a number of km with a comma.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// span is a duration in one unit.
func span(d time.Duration) (n int, unit string) {
	switch {
	case d < 2*time.Hour:
		return int(d.Minutes()), "minute"
	case d < 48*time.Hour:
		return int(d.Hours()), "hour"
	case d < 60*24*time.Hour:
		return int(d.Hours() / 24), "day"
	}
	return int(d.Hours() / 24 / 30), "month"
}

func spanText(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// familiar says whether a code tells of what the user does as well.
func familiar(code string) bool {
	return strings.HasPrefix(code, "known_") || strings.HasPrefix(code, "usual_")
}

// placeOf is where an address is, in words: "Oslo, Norway". Within a sentence some
// countries have an article.
func placeOf(i *IPInfo, sentence bool) string {
	country := ""
	if countryID(i.Country) != 0 {
		country = countryName(i.Country)
		if !sentence {
			country = strings.TrimPrefix(country, "the ")
		}
	}
	city := words(i.City)
	switch {
	case city == "" || city == country:
		return country
	case country == "":
		return city
	}
	return city + ", " + strings.TrimPrefix(country, "the ")
}

// placeWith is the same as variables.
func placeWith(i *IPInfo) map[string]string {
	with := map[string]string{}
	if countryID(i.Country) != 0 {
		with["country"] = i.Country
	}
	if city := words(i.City); city != "" && city != countryName(i.Country) {
		with["city"] = city
	}
	return with
}

// words is a name out of a database, fit for a sentence: short, on one line, and not
// one of the marks for nothing.
func words(name string) string {
	const most = 64
	clean := func(r rune) bool { return unicode.IsPrint(r) }
	if len(name) > most || strings.IndexFunc(name, func(r rune) bool { return !clean(r) }) >= 0 {
		name = strings.Map(func(r rune) rune {
			if clean(r) && r != unicode.ReplacementChar {
				return r
			}
			return -1
		}, name[:min(len(name), most)])
	}
	name = strings.TrimSpace(name)
	if name == "-" {
		return ""
	}
	return name
}

// agentSaid is a text about a browser.
func agentSaid(before string, a Agent, after string) said {
	with := map[string]string{}
	name, on, tablet := a.Browser, "", ""
	if name == "" {
		name = browsers[otherAgent]
	} else {
		with["browser"] = name
	}
	if a.OS != "" {
		on, with["os"] = " on ", a.OS
	}
	if a.Class == "tablet" {
		tablet, with["class"] = " on a tablet", a.Class
	}
	return said{before + name + on + a.OS + tablet + after, with}
}

func newAgentSaid(a Agent) said { return agentSaid("first time with ", a, "") }
func knownAgent(a Agent) said   { return agentSaid("with ", a, ", as before") }
func newModel(a Agent) said     { return agentSaid("first time with another kind of ", a, "") }
func rareAgent(a Agent) said    { return agentSaid("with ", a, ", which is rare here") }

func usualAgent(s *Sighting) said {
	best, sum := -1, 0.0
	for i := range s.Past {
		n := 0.0
		for j := range s.Past {
			if s.Past[j].entry.agent == s.Past[i].entry.agent {
				n += s.Past[j].Weight
			}
		}
		if n > sum {
			best, sum = i, n
		}
	}
	if best < 0 || s.Past[best].entry.agent == s.entry.agent || s.Past[best].Agent == (Agent{}) {
		return said{}
	}
	return agentSaid("you usually use ", s.Past[best].Agent, "")
}

func unusualHour(s *Sighting) said {
	return hourSaid("at an unusual time of day, around ", minuteOfDay(s.minutes)/60)
}

func usualHour(s *Sighting) said { return hourSaid("you usually sign in around ", usualHourOf(s)) }

func hourSaid(before string, hour int) said {
	clock := string([]byte{'0' + byte(hour/10), '0' + byte(hour%10)}) + ":00"
	return said{before + clock + " UTC", map[string]string{"clock": clock}}
}

func accountFailures(n int) said {
	number := strconv.Itoa(n)
	return said{number + " wrong answers for this account within the last hour", map[string]string{"n": number}}
}

func networkFailures(n int) said {
	number := strconv.Itoa(n)
	return said{number + " wrong answers from this network within the last hour", map[string]string{"n": number}}
}

func longAbsence(d time.Duration) said {
	n, unit := span(d)
	return said{"first sign-in for " + spanText(n, unit), map[string]string{"n": strconv.Itoa(n), "unit": unit}}
}
