package emailcode

import (
	"errors"

	"github.com/mfakit/mfa"
)

// Limits bound what is sent, over all processes. A field of zero is its default:
// the most in any hour, and in any day. Mails are counted when they are about to go
// out, and stay counted whatever becomes of them; where the count cannot be read,
// nothing is sent. Of each, 30 percent are kept for addresses that were confirmed
// before. Beside these the engine bounds what one user is sent, and makes
// pauses between two mails to one address.
type Limits struct {
	Address Rate // to one mailbox, whatever follows a plus sign in its name; 10 and 30
	Network Rate // asked for from one network (IPv4 /24, IPv6 /48); 100 and 500
	System  Rate // in all; no bound
}

// A Rate is the most in any hour and in any day. Either both are set, or none.
type Rate struct{ Hour, Day int }

func (l Limits) complete() (Limits, error) {
	if l.Address == (Rate{}) {
		l.Address = Rate{10, 30}
	}
	if l.Network == (Rate{}) {
		l.Network = Rate{100, 500}
	}
	for _, r := range []Rate{l.Address, l.Network, l.System} {
		if r != (Rate{}) && (r.Hour < 1 || r.Day < r.Hour) {
			return l, errors.New("emailcode: Config.Limits: a rate needs an hour's bound of at least 1, and a day's that is not below it")
		}
	}
	return l, nil
}

// In percent: what of each budget is kept for addresses that were confirmed
// before, and where an event warns of the system's.
const (
	reserve = 30
	warnAt  = 80
)

// kept is the reserve, which leaves one mail at least for setting an address up.
func kept(r Rate) int { return min(reserve, 100*(r.Hour-1)/r.Hour) }

// budgets are what a mail to address falls under.
func (l Limits) budgets(address string) []mfa.Budget {
	out := []mfa.Budget{
		{Name: mfa.BudgetDestination, Key: mailbox(address), Hour: l.Address.Hour, Day: l.Address.Day, Reserve: kept(l.Address)},
		{Name: mfa.BudgetNetwork, Hour: l.Network.Hour, Day: l.Network.Day, Reserve: kept(l.Network)},
	}
	if l.System != (Rate{}) {
		out = append(out, mfa.Budget{Name: "system", Hour: l.System.Hour, Day: l.System.Day, Leased: true, Reserve: kept(l.System), Warn: warnAt})
	}
	return out
}
