package risk

import (
	"fmt"
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

func textNewCountry(s *Sighting) string {
	return "first time from " + countryName(s.IP.Country)
}

func usualCountry(s *Sighting) string {
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
		return ""
	}
	return "you usually sign in from " + countryName(code)
}

func textNewNetwork(s *Sighting) string {
	return "first time on " + provider(s)
}

func textKnownNetwork(s *Sighting) string {
	if s.IP.ASN == 0 && s.IP.Country != "" {
		return "from " + countryName(s.IP.Country) + ", as before"
	}
	return "on " + provider(s) + ", as before"
}

func textRareNetwork(s *Sighting) string {
	if s.IP.ASN == 0 && s.IP.Country != "" {
		return "from " + countryName(s.IP.Country) + ", which is rare here"
	}
	return "on " + provider(s) + ", which is rare here"
}

// provider is whose network it is, within a sentence.
func provider(s *Sighting) string {
	switch {
	case words(s.IP.Org) != "":
		return "the network of " + words(s.IP.Org)
	case s.IP.ASN != 0:
		return fmt.Sprintf("the network AS%d", s.IP.ASN)
	}
	return "a network"
}

func textKnownPlace(s *Sighting) string { return "from " + placeOf(&s.IP, true) + ", as before" }
func textNewCity(s *Sighting) string    { return "first time from " + placeOf(&s.IP, true) }

func textNewRegion(s *Sighting) string {
	i := s.IP
	i.City = i.Region
	return "first time from " + placeOf(&i, true)
}

func textTravel(s *Sighting) string {
	if at := placeOf(&s.IP, true); at != "" {
		return "too far from the last sign-in to have travelled to " + at
	}
	return "too far from the last sign-in to have travelled"
}

func usualTravel(last *Past, km, minutes float64) string {
	at := "elsewhere"
	if last.Country != "" {
		at = "in " + countryName(last.Country)
	}
	return fmt.Sprintf("you were %s, about %s km away, %s before", at, thousands(int(km/50+0.5)*50), span(time.Duration(minutes*float64(time.Minute))))
}

// thousands writes a number of km with a comma.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// span is a duration in words.
func span(d time.Duration) string {
	count := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return fmt.Sprintf("%d %ss", n, what)
	}
	switch {
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour")
	case d < 60*24*time.Hour:
		return count(int(d.Hours()/24), "day")
	}
	return count(int(d.Hours()/24/30), "month")
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

// agentText is a browser in words.
func agentText(a Agent) string {
	name := a.Browser
	if name == "" {
		name = browsers[otherAgent]
	}
	if a.OS != "" {
		name += " on " + a.OS
	}
	if a.Class == "tablet" {
		name += " on a tablet"
	}
	return name
}

func textNewAgent(a Agent) string   { return "first time with " + agentText(a) }
func textKnownAgent(a Agent) string { return "with " + agentText(a) + ", as before" }
func textNewModel(a Agent) string   { return "first time with another kind of " + agentText(a) }
func textRareAgent(a Agent) string  { return "with " + agentText(a) + ", which is rare here" }

func usualAgent(s *Sighting) string {
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
		return ""
	}
	return "you usually use " + agentText(s.Past[best].Agent)
}

func textUnusualHour(s *Sighting) string {
	return fmt.Sprintf("at an unusual time of day, around %02d:00 UTC", minuteOfDay(s.minutes)/60)
}

func usualHour(s *Sighting) string {
	return fmt.Sprintf("you usually sign in around %02d:00 UTC", usualHourOf(s))
}

func textAccountFailures(n int) string {
	return fmt.Sprintf("%d wrong answers for this account within the last hour", n)
}

func textNetworkFailures(n int) string {
	return fmt.Sprintf("%d wrong answers from this network within the last hour", n)
}

func textLongAbsence(d time.Duration) string { return "first sign-in for " + span(d) }
