package main

import (
	"fmt"
	"strings"
)

// A section is a part of the document that is made from figures.
type section struct {
	mark string
	text func(figures) (string, error)
}

// sections are those that the document has to have.
var sections = []section{
	{"machine", func(f figures) (string, error) { return "Machine: " + f.machine + ".", nil }},
	{"floors", floors},
	{"life", life},
	{"one-user", oneUser},
}

// A place is a store, or the way to it, beside its floor.
type place struct {
	benchmark, label, short string
	goal                    float64 // floors
	bound                   float64 // beyond which something has broken; 0: not looked at in CI
}

// places are in the order of the table. The bounds are two to four times what is usual:
// a machine that is busy with something else is no reason to fail.
var places = []place{
	{"Stores/sqlite", "SQLite", "SQLite", 1.30, 3},
	{"Stores/postgres", "PostgreSQL", "PostgreSQL", 1.25, 4},
	{"HTTP/postgres", "PostgreSQL, over HTTP", "over HTTP", 1.50, 0},
	{"Stores/mariadb", "MariaDB", "MariaDB", 1.25, 5},
	{"Stores/redis", "Redis, fsync each second", "Redis", 1.25, 7},
	{"Stores/redis-always", "Redis, fsync always", "fsync always", 1.25, 6},
	{"Stores/redis-replicated", "Redis with a replica and WAIT", "WAIT", 1.25, 6},
}

// floors is the table of what a verification costs beside its floor, and a chart of it.
func floors(f figures) (string, error) {
	var table, names, bars, ones strings.Builder
	table.WriteString("| | floor, µs | engine, µs | floors | goal |\n|---|---|---|---|---|\n")
	for i, p := range places {
		var v [5]float64
		for i, unit := range []string{"floor-µs", "engine-µs", "floors", "floors-min", "floors-max"} {
			var err error
			if v[i], err = f.get(p.benchmark, unit); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(&table, "| %s | %.0f | %.0f | %.2f (%.2f–%.2f) | %.2f |\n", p.label, v[0], v[1], v[2], v[3], v[4], p.goal)
		comma := ", "
		if i == 0 {
			comma = ""
		}
		fmt.Fprintf(&names, "%s%q", comma, p.short)
		fmt.Fprintf(&bars, "%s%.2f", comma, v[2])
		fmt.Fprintf(&ones, "%s1", comma)
	}
	return table.String() + "\n```mermaid\nxychart-beta\n    title \"A verification, in floors\"\n    x-axis [" + names.String() +
		"]\n    y-axis \"floors\" 0 --> 3\n    bar [" + bars.String() + "]\n    line [" + ones.String() + "]\n```", nil
}

func life(f figures) (string, error) {
	var text strings.Builder
	text.WriteString("| sign-ins | µs a sign-in | bytes |\n|---|---|---|\n")
	for label, of := range pairs("the first 1,000", "1000th", "9,001 to 10,000", "10000th") {
		took, err := f.get("LongLife", "µs-of-"+of)
		if err != nil {
			return "", err
		}
		size, err := f.get("LongLife", "bytes-of-"+of)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "| %s | %.0f | %.0f |\n", label, took, size)
	}
	return strings.TrimRight(text.String(), "\n"), nil
}

// pairs yields its arguments two by two.
func pairs(of ...string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for i := 0; i+1 < len(of); i += 2 {
			if !yield(of[i], of[i+1]) {
				return
			}
		}
	}
}

func oneUser(f figures) (string, error) {
	columns := []string{"postgres/processes=1", "postgres/processes=3", "redis/processes=1", "redis/processes=3"}
	var text strings.Builder
	text.WriteString("| clients | PostgreSQL, 1 process | 3 processes | Redis, 1 process | 3 processes |\n|---|---|---|---|---|\n")
	row := func(label, unit string, clients int, format func(float64) string) error {
		text.WriteString("| " + label)
		for _, c := range columns {
			v, err := f.get(fmt.Sprintf("OneUser/%s/clients=%d", c, clients), unit)
			if err != nil {
				return err
			}
			text.WriteString(" | " + format(v))
		}
		text.WriteString(" |\n")
		return nil
	}
	for _, n := range []int{1, 4, 16, 64} {
		if err := row(fmt.Sprint(n), "µs-waited", n, millis); err != nil {
			return "", err
		}
	}
	for label, unit := range pairs("64, as multiples of 1", "alone", "tries an answer, at 64", "tries", "told \"busy, try again\", %", "%busy") {
		format := func(v float64) string { return fmt.Sprintf("%.2f", v) }
		if unit == "alone" {
			format = func(v float64) string { return fmt.Sprintf("%.0f", v) }
		}
		if err := row(label, unit, 64, format); err != nil {
			return "", err
		}
	}
	return strings.TrimRight(text.String(), "\n"), nil
}

// millis tells microseconds in milliseconds, with two figures that count.
func millis(us float64) string {
	switch ms := us / 1000; {
	case ms < 1:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.0f ms", ms)
	}
}
