package policy

import (
	"errors"
	"fmt"
	"time"
)

const day = 24 * time.Hour

// location is the place that a policy's local dates are in. The machine's own is
// none: the same file would mean something else elsewhere.
func location(zone string) (*time.Location, error) {
	if zone == "" || zone == "Local" {
		return nil, errors.New(`not the name of a time zone such as "Europe/Oslo" or "UTC"`)
	}
	where, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("%s is not in the time zone database, or there is no database here (see time/tzdata)", quote(zone))
	}
	return where, nil
}

// parseDate reads an instant, or a local date or date and time in where; nil: it
// is not known where.
func parseDate(s string, where *time.Location) (time.Time, error) {
	var t time.Time
	if t.UnmarshalText([]byte(s)) == nil { // which keeps to RFC 3339 more closely than time.Parse
		return t.UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05"} {
		wall, err := time.Parse(layout, s)
		if err != nil || wall.Format(layout) != s {
			continue
		}
		if where == nil {
			return t, fmt.Errorf(`%s is a local time: say where by time_zone, or write its offset, as in "2025-09-27T12:00:00Z"`, quote(s))
		}
		return local(wall, where), nil
	}
	return t, fmt.Errorf(`%s is not a date such as "2025-09-27T12:00:00Z" or, with time_zone, "2025-10-31" or "2025-10-31T17:00:00"`, quote(s))
}

// local is when the clocks of a place show what wall shows in UTC. Where they
// show it twice, it is the first time; where they skip it, it is read with the
// offset from before (RFC 5545 section 3.3.5).
func local(wall time.Time, where *time.Location) time.Time {
	with := func(offsetOf time.Time) (t time.Time, shown bool) {
		_, offset := offsetOf.In(where).Zone()
		t = wall.Add(-time.Duration(offset) * time.Second)
		_, there := t.In(where).Zone()
		return t, there == offset
	}
	// No place is further than a day from UTC, and none changes twice in two days.
	before, shown := with(wall.Add(-day))
	if after, shownAfter := with(wall.Add(day)); !shown && shownAfter {
		return after
	}
	return before
}
