package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// differences are the parts on which two decisions do not agree, in words. The
// phases' names are no part.
func differences(live, candidate mfa.Decision) []string {
	var out []string
	for _, part := range parts {
		if now, then := part.words(live), part.words(candidate); now != then {
			out = append(out, fmt.Sprintf("%s: %s instead of %s", part.name, then, now))
		}
	}
	return out
}

// parts are those of a decision, each with the words for what it says.
var parts = []struct {
	name  string
	words func(mfa.Decision) string
}{
	{"service", func(d mfa.Decision) string { return either(d.Exempt, "exempt", "not exempt") }},
	{"require", func(d mfa.Decision) string { return requirement(d.Require) }},
	{"deny_severe", func(d mfa.Decision) string { return either(d.DenySevere, "denied", "asked") }},
	{"grace", func(d mfa.Decision) string { return grace(d.Grace) }},
	{"at_least", func(d mfa.Decision) string { return count(max(d.AtLeast, 1)) }},
	{"nudge", func(d mfa.Decision) string { return count(d.Nudge) }},
	{"remember", func(d mfa.Decision) string { return remember(d.Remember) }},
	{"methods", func(d mfa.Decision) string { return listed(d.Methods, "all") }},
	{"suggested", func(d mfa.Decision) string { return listed(d.Suggested, "none") }},
	{"forbidden", func(d mfa.Decision) string { return listed(d.Forbidden, "none") }},
	{"implicit", func(d mfa.Decision) string { return listed(d.Implicit, "none") }},
	{"not_first", func(d mfa.Decision) string { return listed(d.NotFirst, "none") }},
	{"prerequisites", func(d mfa.Decision) string { return prerequisites(d.Prerequisites) }},
	{"enrolling", func(d mfa.Decision) string { return either(d.Closed, "closed", "open") }},
	{"changes", func(d mfa.Decision) string { return requirement(d.Change) }},
	{"insecure_password_alone", func(d mfa.Decision) string { return either(d.InsecurePasswordChanges, "yes", "no") }},
	{"first_enrollment", func(d mfa.Decision) string { return requirement(d.FirstEnrollment) }},
	{"delayed_reset", func(d mfa.Decision) string { return duration(d.DelayedReset) }},
	{"session_lifetime", func(d mfa.Decision) string { return duration(d.SessionLifetime) }},
	{"support", func(d mfa.Decision) string { return strconv.Quote(d.Support) }},
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func count(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}

func duration(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return d.String()
}

func listed(list []string, empty string) string {
	if len(list) == 0 {
		return empty
	}
	return strings.Join(list, ", ")
}

func requirement(r mfa.Requirement) string {
	var all []string
	for _, part := range []struct {
		is   bool
		says string
	}{
		{r.Password, "the password"},
		{r.SecondFactor, "a second proof"},
		{r.AAL > 0, fmt.Sprintf("assurance level %d", r.AAL)},
		{len(r.Methods) > 0, "a proof by " + strings.Join(r.Methods, " or ")},
		{r.PhishingResistant, "resistance to phishing"},
		{r.MaxAge > 0, "proofs no older than " + r.MaxAge.String()},
	} {
		if part.is {
			all = append(all, part.says)
		}
	}
	return either(len(all) == 0, "nothing", strings.Join(all, " and "))
}

func grace(g mfa.Grace) string {
	if !g.Skip {
		return "none"
	}
	out := "may be put off"
	if g.Left > 0 {
		out += fmt.Sprintf(", %d times", g.Left)
	}
	if !g.Until.IsZero() {
		out += ", until " + g.Until.UTC().Format(time.RFC3339)
	}
	return out
}

func remember(r mfa.Remember) string {
	if r.For == 0 {
		return "nothing"
	}
	return r.For.String() + either(r.Idle > 0, fmt.Sprintf(", idle for %v", r.Idle), "") + either(r.Session, ", sessions too", "") + either(r.InsecureLong, ", insecurely", "")
}

func prerequisites(m map[string][]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		all = append(all, name+" after "+strings.Join(m[name], " or "))
	}
	return either(len(all) == 0, "none", strings.Join(all, "; "))
}
