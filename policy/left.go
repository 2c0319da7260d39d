package policy

import (
	"errors"
	"slices"
)

// restricted are the methods that go through the telephone network; see
// mfa.Method.Restricted. A policy is checked without the factors, by their names.
var restricted = []string{"sms", "voice"}

// may are the methods that users may have by these rules, recovery codes aside.
func (r *Rules) may(known []string) []string {
	if len(r.Methods) > 0 {
		known = r.Methods
	}
	return slices.DeleteFunc(slices.Clone(known), func(m string) bool { return m == recovery || slices.Contains(r.Forbidden, m) })
}

// obtainable are those of methods that somebody can come to have, beginning with
// none of them.
func (r *Rules) obtainable(methods []string) []string {
	var have []string
	for grew := true; grew; {
		grew = false
		for _, m := range methods {
			if !slices.Contains(have, m) && r.opens(m, have) {
				have, grew = append(have, m), true
			}
		}
	}
	return have
}

// opens says whether whoever has some methods may enrol another.
func (r *Rules) opens(method string, have []string) bool {
	before := r.Prerequisites[method]
	if len(before) > 0 && !slices.ContainsFunc(before, func(m string) bool { return slices.Contains(have, m) }) {
		return false
	}
	return !slices.Contains(r.NotFirst, method) ||
		slices.ContainsFunc(have, func(m string) bool { return !slices.Contains(r.NotFirst, m) })
}

// left checks what rules leave of the methods that there are.
func (c *checks) left(p *Policy, r Rules) {
	if slices.ContainsFunc(r.Methods, func(m string) bool { return !slices.Contains(c.known, m) }) {
		return // which is said, and may be all that is wrong
	}
	may := r.may(c.known)
	if len(may) == 0 {
		if len(r.Forbidden) > 0 {
			c.say(c.at("forbidden"), errors.New("leaves no method"))
		}
		return
	}
	if !p.AcceptRestricted && !slices.ContainsFunc(may, func(m string) bool { return !slices.Contains(restricted, m) }) {
		c.say(c.at("methods"), errors.New("leave nothing but text messages, which can be taken over; add another, or set accept_restricted"))
	}
	if len(r.obtainable(may)) > 0 {
		return
	}
	r.Prerequisites = nil
	if len(r.obtainable(may)) > 0 {
		c.say(c.at("prerequisites"), errors.New("leave no method to begin with"))
	} else {
		c.say(c.at("not_first"), errors.New("leaves no method that may be the first"))
	}
}
