package risk

import "time"

// A Familiar is a network and a browser that a user has signed in from, as a person
// may be told of them. Addresses, cities and models are kept as keyed hashes alone,
// which say nothing; they are left out.
type Familiar struct {
	Country  string      `json:"country,omitempty"`  // ISO 3166-1 alpha-2
	Provider uint32      `json:"provider,omitempty"` // autonomous system
	Near     *Near       `json:"near,omitempty"`
	Browser  string      `json:"browser,omitempty"`
	System   string      `json:"system,omitempty"`
	Device   string      `json:"device,omitempty"`       // as Agent.Class
	Known    bool        `json:"known_browser"`          // it had passed a whole sign-in before
	Lists    []string    `json:"address_was,omitempty"`  // what lists said of the address
	SignIns  []time.Time `json:"signed_in_at,omitempty"` // the last ones, to the minute
}

// Near is a place, to a tenth of a degree, and how far from it one may have been.
type Near struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Radius    int     `json:"radius_km"`
}

// Describe says what was learned of a user, for their own eyes: a slice of [Familiar],
// the last used first. By it mfa.Engine.Export tells what is kept. Errors as of
// [Scorer.Learn].
func (s *Scorer) Describe(past []byte) (any, error) {
	h, err := parseHistory(past)
	if err != nil {
		return nil, err
	}
	out := make([]Familiar, 0, len(h.list))
	for _, e := range h.list {
		a := e.agent.agent()
		f := Familiar{Provider: e.asn, Browser: a.Browser, System: a.OS, Device: a.Class, Known: e.known, Lists: e.kinds.names()}
		if e.country != 0 {
			f.Country = countryCode(e.country)
		}
		if e.located {
			f.Near = &Near{Latitude: float64(e.lat) / 10, Longitude: float64(e.lon) / 10, Radius: int(e.radius)}
		}
		for _, m := range e.marks {
			f.SignIns = append(f.SignIns, time.Unix(int64(m.minutes)*60, 0).UTC())
		}
		out = append(out, f)
	}
	return out, nil
}

// kindNames are what the kinds of address are called in a description, in their order.
var kindNames = []string{"tor", "vpn", "proxy", "residential_proxy", "hosting", "mobile", "satellite", "private", "shared", "denied", "trusted"}

func (k IPKinds) names() (out []string) {
	for i, name := range kindNames {
		if k.Has(1 << i) {
			out = append(out, name)
		}
	}
	return out
}
