package policy

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (c *checks) phases(p *Policy) {
	if len(p.Phases) > maxPhases {
		c.say("phases", fmt.Errorf("more than %d phases", maxPhases))
	}
	for i := range p.Phases {
		c.within(index("phases", i), func() { c.phase(p, i) })
	}
}

func (c *checks) phase(p *Policy, i int) {
	ph := &p.Phases[i]
	c.say(c.at("name"), checkText(ph.Name, maxText), c.unique(ph.Name, i, func(j int) string { return p.Phases[j].Name }))
	c.say(c.at("from"), checkDate(ph.From))
	c.say(c.at("share"), checkShare(ph.Share))
	c.say(c.at("created_from"), checkDate(ph.CreatedFrom))
	c.names(c.at("cohorts"), ph.Cohorts, func(name string) error {
		if p.cohort(name) == nil {
			return fmt.Errorf("there is no cohort %s", quote(name))
		}
		return nil
	})
	c.names(c.at("apps"), ph.Apps, func(name string) error { return checkText(name, maxText) })
	c.rules(&ph.Rules)
	r := &ph.Rules
	if c.whole && (len(r.Methods)+len(r.Forbidden)+len(r.NotFirst)+len(r.Prerequisites) > 0) {
		c.left(p, p.Rules.overriddenBy(r))
	}
}

// names checks what a phase is for.
func (c *checks) names(path string, list []string, check func(string) error) {
	if len(list) > maxRefs {
		c.say(path, fmt.Errorf("more than %d", maxRefs))
	}
	for i, name := range list {
		c.say(index(path, i), check(name), checkTwice(list, i))
	}
}

func (c *checks) cohorts(cohorts []Cohort) {
	if len(cohorts) > maxCohorts {
		c.say("cohorts", fmt.Errorf("more than %d cohorts", maxCohorts))
	}
	for i := range cohorts {
		co := &cohorts[i]
		c.within(index("cohorts", i), func() {
			c.say(c.at("name"), checkText(co.Name, maxText), c.unique(co.Name, i, func(j int) string { return cohorts[j].Name }))
			c.cohort(co)
		})
	}
}

func (c *checks) cohort(co *Cohort) {
	if c.whole && co.empty() {
		c.say(c.path, errors.New("has no condition: in a file that is a cohort for which Go code gives the Match"))
	}
	c.users(co.Users)
	if len(co.EmailDomains) > maxDomains {
		c.say(c.at("email_domains"), fmt.Errorf("more than %d domains", maxDomains))
	}
	for i, d := range co.EmailDomains {
		c.say(index(c.at("email_domains"), i), checkDomain(d), checkTwice(co.EmailDomains, i))
	}
	c.attributes(co.Attributes)
	c.say(c.at("created_from"), checkDate(co.CreatedFrom))
	c.say(c.at("created_before"), checkDate(co.CreatedBefore))
	c.say(c.at("share"), checkShare(co.Share))
}

func (c *checks) users(users map[string]bool) {
	if len(users) > maxUsers {
		c.say(c.at("users"), fmt.Errorf("more than %d users; use an attribute", maxUsers))
	}
	for _, id := range slices.Sorted(maps.Keys(users)) {
		err := checkValue(id)
		if id == "" {
			err = errors.New("an empty ID")
		} else if err == nil && !users[id] {
			err = fmt.Errorf("%s is listed as false", quote(id))
		}
		c.say(c.at("users"), err)
	}
}

func (c *checks) attributes(attributes map[string][]string) {
	path := c.at("attributes")
	if len(attributes) > maxAttrs {
		c.say(path, fmt.Errorf("more than %d attributes", maxAttrs))
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		values, path := attributes[name], named(path, name)
		c.say(path, checkText(name, maxText))
		if len(values) == 0 {
			c.say(path, errors.New("no values: nobody would be in this"))
		}
		if len(values) > maxValues {
			c.say(path, fmt.Errorf("more than %d values", maxValues))
		}
		for i, v := range values {
			c.say(index(path, i), checkValue(v), checkTwice(values, i))
		}
	}
}

func (c *checks) networks(networks []netip.Prefix) {
	if len(networks) > maxNetworks {
		c.say("services.networks", fmt.Errorf("more than %d networks", maxNetworks))
	}
	for i, n := range networks {
		c.say(index("services.networks", i), checkNetwork(n))
	}
}

func checkNetwork(n netip.Prefix) error {
	switch {
	case !n.IsValid():
		return errors.New("not a network")
	case n.Bits() == 0:
		return errors.New("holds every address, so that a password alone would do from anywhere")
	case n.Addr().Is4In6():
		return fmt.Errorf("%v is never matched: write it as an IPv4 network", n)
	case n != n.Masked():
		return fmt.Errorf("%v names an address within the network %v: which is meant?", n, n.Masked())
	}
	return nil
}

// unique checks that no name before i is the same.
func (c *checks) unique(name string, i int, of func(int) string) error {
	for j := range i {
		if of(j) == name {
			return fmt.Errorf("there are two of the name %s", quote(name))
		}
	}
	return nil
}

func checkShare(s Share) error {
	if n := s.Percent(); s.out < 0 || s.out > 100 {
		return fmt.Errorf("%d is not between 0 and 100", n)
	}
	return nil
}

// checkDomain takes a domain as it stands in an address.
func checkDomain(d string) error {
	const chars = "abcdefghijklmnopqrstuvwxyz0123456789.-"
	if d == "" || len(d) > maxValue || strings.Trim(d, chars) != "" || strings.Trim(d, ".-") != d {
		return fmt.Errorf(`%s is not a domain in lower case such as "example.com"`, quote(d))
	}
	return nil
}

// checkValue takes what the host may have given a user.
func checkValue(s string) error {
	if len(s) > maxValue || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%s is none that a user can have: more than %d bytes, not UTF-8, or with control characters", quote(s), maxValue)
	}
	return nil
}

// checkText takes what can be shown on one line.
func checkText(s string, most int) error {
	switch {
	case s == "":
		return errors.New("is missing")
	case len(s) > most:
		return fmt.Errorf("%s is of more than %d bytes", quote(s), most)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%s has characters that cannot be shown", quote(s))
	case strings.TrimSpace(s) != s:
		return fmt.Errorf("%s begins or ends with a space", quote(s))
	}
	return nil
}
