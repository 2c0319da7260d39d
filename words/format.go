package words

import (
	"strconv"
	"strings"
	"time"
)

// Time is a date with the time of day and the zone, in t's own location: "2 January
// 2026, 15:04 CET".
func (l *Language) Time(t time.Time) string {
	return l.Text("format.time", "date", written(l.Date(t)), "clock", written(t.Format("15:04")), "zone", zone(t))
}

// written is a text that a language has written itself, and that needs no isolation
// in it.
type written string

// zone is the name of a time's zone, or how far it is from UTC where it has none.
func zone(t time.Time) string {
	name := t.Format("MST")
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		name = "UTC" + name
	}
	return name
}

// Date is a date in t's own location: "2 January 2026".
func (l *Language) Date(t time.Time) string {
	month := l.Text("format.month." + strconv.Itoa(int(t.Month())))
	return l.Text("format.date", "day", strconv.Itoa(t.Day()), "month", written(month), "year", strconv.Itoa(t.Year()))
}

// Span is how long something takes or lasts, in one unit and rounded up: "5
// minutes". What is not more than nothing is one second.
func (l *Language) Span(d time.Duration) string {
	unit, id := 24*time.Hour, "format.days"
	switch {
	case d <= 59*time.Second:
		unit, id = time.Second, "format.seconds"
	case d <= 99*time.Minute && d != time.Hour:
		unit, id = time.Minute, "format.minutes"
	case d <= 47*time.Hour:
		unit, id = time.Hour, "format.hours"
	}
	return l.Text(id, "n", int((max(d, 1)-1)/unit)+1)
}

// List is names of which one is to be chosen: "a, b or c".
func (l *Language) List(names []string) string {
	if len(names) == 0 {
		return ""
	}
	last := len(names) - 1
	if last == 0 {
		return l.Isolate(names[0])
	}
	all := make([]string, last)
	for i, name := range names[:last] {
		all[i] = l.Isolate(name)
	}
	return l.Text("format.list", "list", written(strings.Join(all, l.Text("format.comma"))), "last", names[last])
}

// Number is a whole number, in the digits 0 to 9, with marks between thousands where it
// has as many digits as the language asks for.
func (l *Language) Number(n int) string {
	digits, sign := strconv.Itoa(n), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	if len(digits) < 4 || len(digits) == 4 && l.Text("format.thousands.from") != "1000" {
		return sign + digits
	}
	mark := l.Text("format.thousands")
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(mark)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}
