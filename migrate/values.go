package migrate

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// errValue says that a column is of another type. It does not say what it holds.
var errValue = errors.New("migrate: a column is of another type")

// An ID is a primary key. In JSON it is a string or a whole number.
type ID string

// UnmarshalJSON reads a string, a whole number, or null for none.
func (id *ID) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) > 0 && b[0] != '"' {
		if _, err := strconv.ParseInt(string(b), 10, 64); err != nil {
			return errValue
		}
		*id = ID(b)
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) != nil {
		return errValue
	}
	*id = ID(s)
	return nil
}

// A Bool is a column that is true or false. In JSON it is that, or 1 or 0, as
// MySQL and SQLite write it.
type Bool bool

// UnmarshalJSON reads true, false, 1, 0, or null for false.
func (v *Bool) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true", "1":
		*v = true
	case "false", "0", "null":
		*v = false
	default:
		return errValue
	}
	return nil
}

// A Time is a column with a time; zero: none. In JSON it is as databases write it,
// in UTC where it names no zone.
type Time struct{ time.Time }

var timeForms = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"}

// UnmarshalJSON reads a time, or null or an empty string for none. Anything else is
// an error and never none: there are columns whose presence alone means something.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s *string
	if json.Unmarshal(b, &s) != nil {
		return errValue
	}
	*t = Time{}
	if s == nil || *s == "" {
		return nil
	}
	for _, form := range timeForms {
		if at, err := time.Parse(form, *s); err == nil && !at.IsZero() {
			t.Time = at.UTC()
			return nil
		}
	}
	return errValue
}

// label is a name as an enrollment can have it. A person chose it elsewhere, under
// other rules.
func label(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if utf8.RuneCountInString(s) > maxLabel {
		s = strings.TrimSpace(string([]rune(s)[:maxLabel]))
	}
	return s
}

// shown is what a report says of words that it did not choose.
func shown(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown]
	}
	return strings.ToValidUTF8(s, "")
}
