package evaluate

import (
	"github.com/mfakit/mfa/risk/riskeval/internal/intern"
	"github.com/mfakit/mfa/risk/riskeval/rba"
)

// An attacker is one way to attack; see the package's documentation.
type attacker int

const (
	naive attacker = iota
	vpn
	targeted
	first
	veryTargeted
	firstTakeover
	attackers
)

// simulated are the attackers whose rows are made here; the others stand in the file.
const simulated = veryTargeted

var attackerNames = [attackers]string{"naive", "vpn", "targeted", "first", "verytargeted", "first_takeover"}

// allTakeovers is the name of the last two attackers taken together.
const allTakeovers = "verytargeted_all"

// A trace is what is left of a victim's last learned sign-in.
type trace struct {
	address intern.Key
	learned uint32 // sign-ins, up to it
}

func countryKey(row *rba.Row) intern.Key { return intern.String(row.Country) }

// alikeKey is the same for sign-ins from one country and ASN with the same families of
// browser and system on the same kind of machine.
func alikeKey(row *rba.Row) intern.Key {
	h := draw(uint64(intern.Number(row.ASN)),
		uint64(countryKey(row)),
		uint64(intern.String(rba.Family(row.Browser))),
		uint64(intern.String(rba.Family(row.OS))),
		uint64(intern.String(row.Device)))
	return intern.Key(h)
}

// imposter is the sign-in with which an attacker replaces victim's: the same
// user and time, and all else the donor's.
func imposter(victim, donor *rba.Row) *rba.Row {
	row := *donor
	row.Index, row.Time, row.User = victim.Index, victim.Time, victim.User
	return &row
}

// An aim is how often each simulated attacker strikes: the chance of a sign-in to be replaced.
type aim [simulated]float64

func (c *Config) aim(p *plan) aim {
	share := func(of int64) float64 {
		if of == 0 {
			return 0
		}
		return min(1, float64(c.Attacks)/float64(of))
	}
	known := share(p.testKnown)
	return aim{naive: known, vpn: known, targeted: known, first: share(p.testFirst)}
}

// strikes says whether an attacker replaces the nth sign-in, whatever the others do.
func (a aim) strikes(seed uint64, by attacker, n uint64, hasHistory bool) bool {
	if (by == first) == hasHistory {
		return false
	}
	return unit(draw(seed, 'a', uint64(by), n)) < a[by]
}
