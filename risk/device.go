package risk

import "math"

// device looks at whether the browser is remembered: the strongest evidence there
// is, because its token is random, bound to the user and ends with every change of the account.
type device struct{}

func (device) Name() string { return "device" }

func (device) Evidence(s *Sighting) []Evidence {
	if s.Attempt.Known {
		return []Evidence{{Code: codeKnownDevice, LogOdds: knownDevice, Text: textKnownDevice}}
	}
	known := 0.0
	for i := range s.Past {
		if s.Past[i].Known {
			known += s.Past[i].Weight
		}
	}
	usual := known / (s.model.weight + 1)
	odds := min(-math.Log(1-0.95*usual), maxNewDevice)
	if odds < toldFrom {
		return nil
	}
	return []Evidence{{Code: codeNewDevice, LogOdds: odds, Text: textNewDevice, Usual: usualDevice}}
}

// agent looks at what the browser calls itself: device class, then system, then
// browser, then what is left of the header without its versions: a phone's model, an
// app. Versions change with every update and are never used. Headers are copied easily,
// so what matches says little.
type agent struct{}

func (agent) Name() string { return "agent" }

func (agent) Evidence(s *Sighting) []Evidence {
	w := s.model.agent
	odds := s.ratio(agentChain, w, featAgent)
	switch {
	case len(s.Past) == 0:
		if odds < toldFrom {
			return nil
		}
		return []Evidence{Evidence{LogOdds: odds}.as(codeRareAgent, rareAgent(s.Agent), said{})}
	case w.fresh >= 0 && odds > 0 && agentChain[w.fresh] == levelModel:
		return []Evidence{Evidence{LogOdds: odds}.as(codeNewModel, newModel(s.Agent), said{})}
	case w.fresh >= 0 && odds > 0:
		return []Evidence{Evidence{LogOdds: odds}.as(codeNewAgent, newAgentSaid(s.Agent), usualAgent(s))}
	case w.seen < 0:
		return nil
	}
	return []Evidence{Evidence{LogOdds: odds}.as(codeKnownAgent, knownAgent(s.Agent), said{})}
}
