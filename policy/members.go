package policy

import (
	"errors"
	"net/netip"
	"reflect"
)

// policy reads a file, member by member.
func (d *decoder) policy(p *Policy) error {
	members := d.rules(&p.Rules)
	members["time_zone"] = func() error { return d.words(&p.TimeZone, "names of time zones") }
	members["accept_restricted"] = func() error { return d.boolean(&p.AcceptRestricted) }
	members["support"] = func() error { return d.words(&p.Support, "words") }
	members["services"] = func() error {
		return d.object(fields{
			"networks": func() error {
				return d.list("networks", func() error {
					var n netip.Prefix
					err := d.network(&n)
					p.Services.Networks = append(p.Services.Networks, n)
					return err
				})
			},
		})
	}
	members["phases"] = func() error {
		return d.list("phases", func() error {
			var ph Phase
			err := d.phase(&ph)
			p.Phases = append(p.Phases, ph)
			return err
		})
	}
	members["cohorts"] = func() error {
		return d.list("cohorts", func() error {
			var c Cohort
			err := d.cohort(&c)
			p.Cohorts = append(p.Cohorts, c)
			return err
		})
	}
	return d.object(members)
}

// rules says how to read what stands in the base and in phases.
func (d *decoder) rules(r *Rules) fields {
	methods := func(to *[]string) func() error {
		return func() error { return d.strings(to, "methods") }
	}
	return fields{
		"mode":               func() error { return d.mode(&r.Mode) },
		"methods":            methods(&r.Methods),
		"suggested":          methods(&r.Suggested),
		"forbidden":          methods(&r.Forbidden),
		"implicit":           methods(&r.Implicit),
		"not_first":          methods(&r.NotFirst),
		"prerequisites":      func() error { return d.lists(&r.Prerequisites, "methods") },
		"aal":                func() error { return d.number((*int)(&r.AAL)) },
		"phishing_resistant": func() error { return d.boolean(&r.PhishingResistant) },
		"deny_severe":        func() error { return d.boolean(&r.DenySevere) },
		"at_least":           func() error { return d.count(&r.AtLeast) },
		"nudge":              func() error { return d.count(&r.Nudge) },
		"session_lifetime":   func() error { return d.duration(&r.SessionLifetime) },
		"delayed_reset":      func() error { return d.duration(&r.DelayedReset) },
		"grace": func() error {
			return d.object(fields{
				"until": func() error { return d.date(&r.Grace.Until) },
				"for":   func() error { return d.duration(&r.Grace.For) },
				"skips": func() error { return d.count(&r.Grace.Skips) },
			})
		},
		"remember": func() error {
			return d.object(fields{
				"days":          func() error { return d.count(&r.Remember.Days) },
				"idle":          func() error { return d.duration(&r.Remember.Idle) },
				"session":       func() error { return d.boolean(&r.Remember.Session) },
				"insecure_long": func() error { return d.boolean(&r.Remember.InsecureLong) },
			})
		},
		"changes": func() error {
			return d.object(fields{
				"password":                func() error { return d.boolean(&r.Changes.Password) },
				"methods":                 methods(&r.Changes.Methods),
				"max_age":                 func() error { return d.duration(&r.Changes.MaxAge) },
				"insecure_password_alone": func() error { return d.boolean(&r.Changes.InsecurePasswordAlone) },
			})
		},
		"first_enrollment": func() error {
			return d.object(fields{"methods": methods(&r.FirstEnrollment.Methods)})
		},
	}
}

func (d *decoder) phase(ph *Phase) error {
	members := d.rules(&ph.Rules)
	for name, read := range members {
		members[name] = func() error {
			before := ph.Rules
			err := read()
			if err == nil && reflect.DeepEqual(before, ph.Rules) {
				err = errors.New("says nothing here: a phase cannot take back what the base says; leave it out")
			}
			return err
		}
	}
	members["name"] = func() error { return d.words(&ph.Name, "names") }
	members["from"] = func() error { return d.date(&ph.From) }
	members["share"] = func() error { return d.share(&ph.Share) }
	members["created_from"] = func() error { return d.date(&ph.CreatedFrom) }
	members["cohorts"] = func() error { return d.strings(&ph.Cohorts, "names of cohorts") }
	members["apps"] = func() error { return d.strings(&ph.Apps, "names of apps") }
	return d.object(members)
}

func (d *decoder) cohort(c *Cohort) error {
	return d.object(fields{
		"name":           func() error { return d.words(&c.Name, "names") },
		"users":          func() error { return d.users(&c.Users) },
		"email_domains":  func() error { return d.strings(&c.EmailDomains, "domains") },
		"attributes":     func() error { return d.lists(&c.Attributes, "values") },
		"created_from":   func() error { return d.date(&c.CreatedFrom) },
		"created_before": func() error { return d.date(&c.CreatedBefore) },
		"share":          func() error { return d.share(&c.Share) },
	})
}

func (d *decoder) mode(to *Mode) error {
	s, ok := d.value().(string)
	if !ok || s == "" {
		return errors.New("not a string such as " + quote(string(Offer)))
	}
	*to = Mode(s)
	return nil
}

// count reads a number of something that there would be no member for if there
// were none of it.
func (d *decoder) count(to *int) error {
	err := d.number(to)
	if err == nil && *to == 0 {
		err = errors.New("none; leave the member out instead")
	}
	return err
}

func (d *decoder) share(to *Share) error {
	var n int
	err := d.number(&n)
	*to = Percent(n)
	return err
}

func (d *decoder) users(to *map[string]bool) error {
	return d.list("IDs of users", func() error {
		var id string
		if err := d.text(&id, "IDs of users"); err != nil {
			return err
		}
		if (*to)[id] {
			return errors.New(quote(id) + " is listed twice")
		}
		if *to == nil {
			*to = map[string]bool{}
		}
		(*to)[id] = true
		return nil
	})
}
