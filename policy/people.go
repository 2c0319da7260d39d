package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A Phase changes the rules from a date on, for the users that all of its
// conditions hold for.
type Phase struct {
	// Name tells it from the others, here and in decisions, previews and reports: 1 to
	// 64 bytes that can be printed. The users of a Share depend on it: with another
	// name they are others.
	Name string

	// From is when it begins. Zero: it always holds.
	From time.Time

	// Share is the part of the users that it is for. Zero: all of them.
	Share Share

	// CreatedFrom takes accounts made then or later. An account whose date is not
	// known counts as new, so that a host that tells none asks for more and not for
	// less. Zero: all accounts.
	CreatedFrom time.Time

	// Cohorts takes users that are in one of these, by name. Empty: all users.
	Cohorts []string

	// Apps takes sign-ins to one of these (mfa.Client.App). Empty: all apps.
	Apps []string

	// Rules override the base where they are not zero.
	Rules
}

// A Cohort is a group of users: those that all conditions hold for that it sets.
// One that sets none has nobody in it.
type Cohort struct {
	// Name is what phases call it: 1 to 64 bytes that can be printed. The users of a
	// Share depend on it.
	Name string

	// Users are the IDs of those that are in it. At most 1000; for more, use an
	// attribute, or Match. Empty: this is no condition.
	Users map[string]bool

	// EmailDomains are what comes after the @ of the address, in lower case, without
	// the domains below it. An address that the host has not verified is of no
	// domain, since anybody can claim one. Empty: this is no condition.
	EmailDomains []string

	// Attributes are, for a name in mfa.User.Attributes, the values of which it must
	// have one: {"region": ["north", "south"]}. Empty: this is no condition.
	Attributes map[string][]string

	// CreatedFrom takes accounts made then or later, and those whose date is not
	// known. Zero: this is no condition.
	CreatedFrom time.Time

	// CreatedBefore takes accounts made earlier, and none whose date is not known.
	// Zero: this is no condition.
	CreatedBefore time.Time

	// Share is a part of all users. Zero: this is no condition.
	Share Share

	// Match is a condition of the host's own. It must be quick, must not store
	// anything, and gives the same answer to the same user. It comes from Go alone; in
	// a file a cohort without conditions has its place; see [Live.Replace]. Nil: this
	// is no condition.
	Match func(mfa.User) bool
}

// A Share is a part of all users, in whole percent. The zero value is all of
// them. Who is in it depends on the user's ID and on the name of the phase or the
// cohort, evenly and for good: a larger share has everybody whom a smaller one
// had, and the shares of two names have nothing to do with each other.
type Share struct {
	out int // percent that are left out
}

// Percent is a share of n percent, 0 to 100.
func Percent(n int) Share { return Share{100 - n} }

// Percent is how much the share is, 0 to 100.
func (s Share) Percent() int { return 100 - s.out }

func (s Share) String() string { return fmt.Sprintf("%d%%", s.Percent()) }

// The hash of shares is FNV-1a over the user's ID, a zero byte and the name, with
// the finalizer of MurmurHash3, which spreads what differs in the last byte only.
// It is the same for good: another would move users.
const fnvBasis, fnvPrime = 14695981039346656037, 1099511628211

func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return h
}

// A person is a user whom phases and cohorts are asked about, with the part of the
// hash that is the same for all of them.
type person struct {
	*mfa.User
	hash uint64
}

func personOf(u *mfa.User) person { return person{u, fnv(fnvBasis, u.ID) * fnvPrime} }

// has says whether somebody is in the share that is called name.
func (s Share) has(name string, who person) bool {
	if s.out <= 0 {
		return true
	}
	h := fnv(who.hash, name)
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return h%100 < uint64(max(0, s.Percent()))
}

// takes says whether the phase has begun and is for this sign-in. What costs
// least is asked first.
func (ph *Phase) takes(p *Policy, s *mfa.Subject, who person) bool {
	return !s.Now.Before(ph.From) &&
		createdFrom(ph.CreatedFrom, who) &&
		(len(ph.Apps) == 0 || slices.Contains(ph.Apps, s.Client.App)) &&
		ph.Share.has(ph.Name, who) &&
		(len(ph.Cohorts) == 0 || p.someHas(ph.Cohorts, who))
}

func (p *Policy) someHas(cohorts []string, who person) bool {
	for _, name := range cohorts {
		if c := p.cohort(name); c != nil && c.has(who) {
			return true
		}
	}
	return false
}

func (p *Policy) cohort(name string) *Cohort {
	for i := range p.Cohorts {
		if p.Cohorts[i].Name == name {
			return &p.Cohorts[i]
		}
	}
	return nil
}

// Has says whether a user is in the cohort.
func (c *Cohort) Has(u mfa.User) bool { return c.has(personOf(&u)) }

func (c *Cohort) has(u person) bool {
	return !c.empty() &&
		createdFrom(c.CreatedFrom, u) &&
		(c.CreatedBefore.IsZero() || !u.CreatedAt.IsZero() && u.CreatedAt.Before(c.CreatedBefore)) &&
		(len(c.Users) == 0 || c.Users[u.ID]) &&
		(len(c.EmailDomains) == 0 || c.hasDomain(u)) &&
		c.hasAttributes(u.Attributes) &&
		c.Share.has(c.Name, u) &&
		(c.Match == nil || c.Match(*u.User))
}

// empty says whether the cohort sets no condition.
func (c *Cohort) empty() bool {
	return len(c.Users)+len(c.EmailDomains)+len(c.Attributes) == 0 && c.Share == Share{} &&
		c.CreatedFrom.IsZero() && c.CreatedBefore.IsZero() && c.Match == nil
}

func (c *Cohort) hasDomain(u person) bool {
	at := strings.LastIndexByte(u.Email, '@')
	return u.EmailVerified && at >= 0 &&
		slices.ContainsFunc(c.EmailDomains, func(d string) bool { return strings.EqualFold(d, u.Email[at+1:]) })
}

func (c *Cohort) hasAttributes(has map[string]string) bool {
	for name, values := range c.Attributes {
		if v, ok := has[name]; !ok || !slices.Contains(values, v) {
			return false
		}
	}
	return true
}

func createdFrom(from time.Time, u person) bool {
	return from.IsZero() || u.CreatedAt.IsZero() || !u.CreatedAt.Before(from)
}
