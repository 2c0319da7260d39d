package risk

// lists looks at what lists say of the address: networks that hide where a person
// is, data centres, and the host's own list of those not wanted. Who has signed in that
// way before is asked less for it. The host's trusted networks are the network
// signal's matter.
type lists struct{}

func (lists) Name() string { return "lists" }

func (lists) Evidence(s *Sighting) []Evidence {
	var found []Evidence
	kinds := s.IP.Kinds
	if kinds.Has(Denied) {
		found = append(found, Evidence{Code: codeDenied, LogOdds: deniedAddress, Text: textDenied, Hard: true})
	}
	if kinds.Has(Trusted) {
		return found
	}
	for i := range listed {
		l := &listed[i]
		if !kinds.Has(l.kind) {
			continue
		}
		used := 0.0
		for i := range s.Past {
			if s.Past[i].Kinds.Has(l.kind) {
				used += s.Past[i].Weight
			}
		}
		odds := l.odds * (1 - used/(s.model.weight+1))
		found = append(found, Evidence{Code: l.code, LogOdds: odds, Text: l.text, Hard: l.hard && !s.Attempt.Known})
		break // an exit is often on several: the first is the strongest
	}
	return found
}

var listed = []struct {
	kind IPKinds
	code string
	odds float64
	text string
	hard bool
}{
	{Tor, codeTor, torExit, textTor, true},
	{ResidentialProxy | Proxy, codeProxy, proxyAddress, textProxy, false},
	{VPN, codeVPN, vpnAddress, textVPN, false},
	{Hosting, codeHosting, hostingAddress, textHosting, false},
}
