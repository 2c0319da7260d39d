package sms

import (
	"errors"

	"github.com/mfakit/mfa"
)

// Limits bound what is sent, over all processes. A field of zero is its default:
// the most in any hour, and in any day. Messages are counted when they are about
// to go out, and stay counted whatever becomes of them; where the count cannot be
// read, nothing is sent. Beside these the engine bounds what one user is sent, and
// makes pauses between two messages to one number.
type Limits struct {
	Number  Rate // to one number; 5 and 10
	Network Rate // asked for from one network (IPv4 /24, IPv6 /48); 30 and 100
	Prefix  Rate // to numbers that share country and first three digits; 200 and 1,000
	System  Rate // in all; 1,000 and 5,000: set it to what you are ready to pay

	// Reserve is the share of each, in percent and rounded up, that is kept for
	// numbers which were confirmed before, so that strangers cannot use up what
	// customers need, nor one customer's. 0: 30.
	Reserve int

	// A prefix stops, for numbers that were never confirmed, for an hour when of
	// BreakerMin such messages in an hour less than BreakerShare percent came back
	// as a right code: people type the codes that they asked for, pumps do not.
	// 0: 40 messages and 25 percent.
	BreakerMin, BreakerShare int
}

// A Rate is the most in any hour and in any day. Either both are set, or none.
type Rate struct{ Hour, Day int }

func (l Limits) complete() (Limits, error) {
	fill := func(r *Rate, hour, day int) error {
		if *r == (Rate{}) {
			*r = Rate{hour, day}
		}
		if r.Hour < 1 || r.Day < r.Hour {
			return errors.New("sms: Config.Limits: a rate needs an hour's bound of at least 1, and a day's that is not below it")
		}
		return nil
	}
	err := errors.Join(fill(&l.Number, 5, 10), fill(&l.Network, 30, 100), fill(&l.Prefix, 200, 1000), fill(&l.System, 1000, 5000))
	if l.Reserve == 0 {
		l.Reserve = 30
	}
	if l.BreakerMin == 0 {
		l.BreakerMin = 40
	}
	if l.BreakerShare == 0 {
		l.BreakerShare = 25
	}
	if l.Reserve < 0 || l.Reserve > 90 || l.BreakerMin < 10 || l.BreakerShare < 1 || l.BreakerShare > 100 {
		err = errors.Join(err, errors.New("sms: Config.Limits: want Reserve of 0 to 90, BreakerMin of at least 10, BreakerShare of 1 to 100"))
	}
	return l, err
}

// warnAt is the share of the system's budget, in percent, at which an event warns.
const warnAt = 80

// budgets are what a message to n falls under.
func (l Limits) budgets(n number) []mfa.Budget {
	// One message at least is left for setting a number up.
	kept := func(r Rate) int { return min(l.Reserve, 100*(r.Hour-1)/r.Hour) }
	return []mfa.Budget{
		{Name: mfa.BudgetDestination, Key: n.e164, Hour: l.Number.Hour, Day: l.Number.Day, Reserve: kept(l.Number)},
		{Name: mfa.BudgetNetwork, Hour: l.Network.Hour, Day: l.Network.Day, Reserve: kept(l.Network)},
		{Name: "prefix", Key: n.prefix(), Label: n.prefix(), Hour: l.Prefix.Hour, Day: l.Prefix.Day, Reserve: kept(l.Prefix), Leased: true,
			MinSent: l.BreakerMin, MinVerified: l.BreakerShare},
		{Name: "system", Hour: l.System.Hour, Day: l.System.Day, Reserve: kept(l.System), Leased: true, Warn: warnAt},
	}
}
