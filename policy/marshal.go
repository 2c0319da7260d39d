package policy

import (
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

type rulesJSON struct {
	Mode              Mode                `json:"mode,omitempty"`
	Methods           []string            `json:"methods,omitempty"`
	Suggested         []string            `json:"suggested,omitempty"`
	Forbidden         []string            `json:"forbidden,omitempty"`
	Implicit          []string            `json:"implicit,omitempty"`
	NotFirst          []string            `json:"not_first,omitempty"`
	Prerequisites     map[string][]string `json:"prerequisites,omitempty"`
	AAL               mfa.AAL             `json:"aal,omitempty"`
	PhishingResistant bool                `json:"phishing_resistant,omitempty"`
	DenySevere        bool                `json:"deny_severe,omitempty"`
	AtLeast           int                 `json:"at_least,omitempty"`
	Nudge             int                 `json:"nudge,omitempty"`
	Grace             graceJSON           `json:"grace,omitzero"`
	Remember          rememberJSON        `json:"remember,omitzero"`
	Changes           changesJSON         `json:"changes,omitzero"`
	FirstEnrollment   firstJSON           `json:"first_enrollment,omitzero"`
	DelayedReset      string              `json:"delayed_reset,omitempty"`
	SessionLifetime   string              `json:"session_lifetime,omitempty"`
}

type graceJSON struct {
	Until string `json:"until,omitempty"`
	For   string `json:"for,omitempty"`
	Skips int    `json:"skips,omitempty"`
}

type rememberJSON struct {
	Days         int    `json:"days,omitempty"`
	Idle         string `json:"idle,omitempty"`
	Session      bool   `json:"session,omitempty"`
	InsecureLong bool   `json:"insecure_long,omitempty"`
}

type changesJSON struct {
	Password              bool     `json:"password,omitempty"`
	Methods               []string `json:"methods,omitempty"`
	MaxAge                string   `json:"max_age,omitempty"`
	InsecurePasswordAlone bool     `json:"insecure_password_alone,omitempty"`
}

type firstJSON struct {
	Methods []string `json:"methods,omitempty"`
}

type phaseJSON struct {
	Name        string   `json:"name"`
	From        string   `json:"from,omitempty"`
	Share       *int     `json:"share,omitempty"`
	CreatedFrom string   `json:"created_from,omitempty"`
	Cohorts     []string `json:"cohorts,omitempty"`
	Apps        []string `json:"apps,omitempty"`
	rulesJSON
}

type cohortJSON struct {
	Name          string              `json:"name"`
	Users         []string            `json:"users,omitempty"`
	EmailDomains  []string            `json:"email_domains,omitempty"`
	Attributes    map[string][]string `json:"attributes,omitempty"`
	CreatedFrom   string              `json:"created_from,omitempty"`
	CreatedBefore string              `json:"created_before,omitempty"`
	Share         *int                `json:"share,omitempty"`
}

type servicesJSON struct {
	Networks []netip.Prefix `json:"networks,omitempty"`
}

type policyJSON struct {
	TimeZone string `json:"time_zone,omitempty"`
	rulesJSON
	AcceptRestricted bool         `json:"accept_restricted,omitempty"`
	Phases           []phaseJSON  `json:"phases,omitempty"`
	Cohorts          []cohortJSON `json:"cohorts,omitempty"`
	Services         servicesJSON `json:"services,omitzero"`
	Support          string       `json:"support,omitempty"`
}

// MarshalJSON writes what Parse reads. What is zero is left out, dates are in UTC,
// and functions (ExemptService, Cohort.Match) cannot be written.
func (p Policy) MarshalJSON() ([]byte, error) {
	out := policyJSON{
		TimeZone:         p.TimeZone,
		rulesJSON:        p.Rules.json(),
		AcceptRestricted: p.AcceptRestricted,
		Services:         servicesJSON(p.Services),
		Support:          p.Support,
	}
	for _, ph := range p.Phases {
		out.Phases = append(out.Phases, phaseJSON{
			ph.Name, dateText(ph.From), shareNumber(ph.Share), dateText(ph.CreatedFrom), ph.Cohorts, ph.Apps, ph.Rules.json(),
		})
	}
	for _, c := range p.Cohorts {
		out.Cohorts = append(out.Cohorts, cohortJSON{
			c.Name, slices.Sorted(maps.Keys(c.Users)), c.EmailDomains, c.Attributes,
			dateText(c.CreatedFrom), dateText(c.CreatedBefore), shareNumber(c.Share),
		})
	}
	return json.Marshal(out)
}

func (r Rules) json() rulesJSON {
	return rulesJSON{
		r.Mode, r.Methods, r.Suggested, r.Forbidden, r.Implicit, r.NotFirst, r.Prerequisites,
		r.AAL, r.PhishingResistant, r.DenySevere, r.AtLeast, r.Nudge,
		graceJSON{dateText(r.Grace.Until), durationText(r.Grace.For), r.Grace.Skips},
		rememberJSON{r.Remember.Days, durationText(r.Remember.Idle), r.Remember.Session, r.Remember.InsecureLong},
		changesJSON{r.Changes.Password, r.Changes.Methods, durationText(r.Changes.MaxAge), r.Changes.InsecurePasswordAlone},
		firstJSON(r.FirstEnrollment), durationText(r.DelayedReset), durationText(r.SessionLifetime),
	}
}

func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func shareNumber(s Share) *int {
	if s == (Share{}) {
		return nil
	}
	n := s.Percent()
	return &n
}
