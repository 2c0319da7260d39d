package risk

// network looks at where the address belongs: country, provider, network (/24 or
// /48) and the address itself (of IPv6 the /64).
type network struct{}

func (network) Name() string { return "network" }

func (network) Evidence(s *Sighting) []Evidence {
	m, w := s.model, s.model.network
	if len(s.Past) == 0 {
		odds := max(m.rarity(featCountry), m.rarity(featASN))
		if odds < toldFrom || s.IP.Kinds.Has(Trusted) {
			return nil
		}
		return []Evidence{Evidence{LogOdds: odds}.as(codeRareNetwork, rareNetwork(s), said{})}
	}
	if w.seen < 0 && w.fresh < 0 {
		return nil
	}
	odds := s.ratio(networkChain, w, featASN)
	e := Evidence{LogOdds: odds}
	switch {
	case w.fresh < 0 && w.seen >= 2:
		e.Code, e.Text = codeKnownAddress, textKnownAddress
	case w.fresh < 0 || networkChain[w.fresh] >= levelPrefix && odds <= 0:
		e = e.as(codeKnownNetwork, knownNetwork(s), said{})
	case networkChain[w.fresh] == levelCountry:
		e = e.as(codeNewCountry, newCountry(s), usualCountry(s))
	case networkChain[w.fresh] == levelASN:
		e = e.as(codeNewNetwork, newNetwork(s), usualCountry(s))
	default:
		if s.IP.Kinds.Has(Mobile | Satellite | Shared) {
			e.LogOdds *= changingAddress
		}
		e.Code, e.Text = codeNewAddress, textNewAddress
	}
	if e.LogOdds > 0 && s.IP.Kinds.Has(Trusted) {
		return []Evidence{e, {Code: codeTrustedNetwork, LogOdds: -e.LogOdds, Text: textTrustedNetwork}}
	}
	return []Evidence{e}
}
