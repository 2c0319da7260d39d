package policy_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // so that the tests do not depend on the machine's

	"github.com/mfakit/mfa/policy"
)

func TestDates(t *testing.T) {
	for name, tc := range map[string]struct{ zone, date, want string }{
		"instant":                          {"", "2025-09-27T12:00:00Z", "2025-09-27T12:00:00Z"},
		"instant with an offset":           {"", "2025-09-27T14:00:00+02:00", "2025-09-27T12:00:00Z"},
		"instant in parts of a second":     {"", "2025-09-27T12:00:00.25Z", "2025-09-27T12:00:00.25Z"},
		"instant, whatever the zone":       {"Asia/Tokyo", "2025-09-27T12:00:00Z", "2025-09-27T12:00:00Z"},
		"date in UTC":                      {"UTC", "2025-10-31", "2025-10-31T00:00:00Z"},
		"date in summer":                   {"Europe/Oslo", "2025-10-01", "2025-09-30T22:00:00Z"},
		"date in winter":                   {"Europe/Oslo", "2025-11-01", "2025-10-31T23:00:00Z"},
		"time in the west":                 {"America/Los_Angeles", "2025-10-31T17:00:00", "2025-11-01T00:00:00Z"},
		"time in the far east":             {"Pacific/Kiritimati", "2025-10-31T17:00:00", "2025-10-31T03:00:00Z"},
		"before the clock goes on":         {"Europe/Oslo", "2025-03-30T01:59:59", "2025-03-30T00:59:59Z"},
		"skipped, its first":               {"Europe/Oslo", "2025-03-30T02:00:00", "2025-03-30T01:00:00Z"},
		"skipped":                          {"Europe/Oslo", "2025-03-30T02:30:00", "2025-03-30T01:30:00Z"}, // shown as 03:30
		"after the clock went on":          {"Europe/Oslo", "2025-03-30T03:00:00", "2025-03-30T01:00:00Z"},
		"before the clock goes back":       {"Europe/Oslo", "2025-10-26T01:59:59", "2025-10-25T23:59:59Z"},
		"twice, its first":                 {"Europe/Oslo", "2025-10-26T02:00:00", "2025-10-26T00:00:00Z"},
		"twice":                            {"Europe/Oslo", "2025-10-26T02:30:00", "2025-10-26T00:30:00Z"},
		"after the clock went back":        {"Europe/Oslo", "2025-10-26T03:00:00", "2025-10-26T02:00:00Z"},
		"twice in the west":                {"America/New_York", "2025-11-02T01:30:00", "2025-11-02T05:30:00Z"},
		"skipped in the west":              {"America/New_York", "2025-03-09T02:30:00", "2025-03-09T07:30:00Z"},
		"midnight that is skipped":         {"America/Santiago", "2025-09-07", "2025-09-07T04:00:00Z"},
		"twice, by half an hour":           {"Australia/Lord_Howe", "2025-04-06T01:45:00", "2025-04-05T14:45:00Z"},
		"a day that was not":               {"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},
		"the day after it":                 {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		"date that time_zone comes before": {"Europe/London", "2025-07-01", "2025-06-30T23:00:00Z"},
	} {
		for _, file := range []string{
			fmt.Sprintf(`{"time_zone": %q, "grace": {"until": %q}}`, tc.zone, tc.date),
			fmt.Sprintf(`{"grace": {"until": %q}, "time_zone": %q}`, tc.date, tc.zone),
		} {
			if tc.zone == "" {
				file = fmt.Sprintf(`{"grace": {"until": %q}}`, tc.date)
			}
			p, err := policy.Parse([]byte(file))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := p.Grace.Until.Format(time.RFC3339Nano); got != tc.want {
				t.Errorf("%s: %s is %s, want %s", name, tc.date, got, tc.want)
			}
		}
	}
}
