package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// A screen is where a program writes. It remembers that it could not: a report that a full
// disk has cut off is none.
type screen struct {
	w   io.Writer
	err error
}

func (s *screen) Write(text []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	var n int
	n, s.err = s.w.Write(text)
	return n, s.err
}

func (s *screen) say(format string, args ...any) { _, _ = fmt.Fprintf(s, format, args...) }

// A table is lined up for people.
type table struct{ w *tabwriter.Writer }

func newTable(w io.Writer) table { return table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)} }

// row adds a line. What people have named themselves must not move a terminal's cursor.
func (t table) row(cells ...any) {
	text := make([]string, len(cells))
	for i, c := range cells {
		switch c := c.(type) {
		case time.Time:
			text[i] = day(c)
		default:
			text[i] = clean(fmt.Sprint(c))
		}
	}
	_, _ = fmt.Fprintln(t.w, strings.TrimRight(strings.Join(text, "\t"), "\t"))
}

func (t table) flush() { _ = t.w.Flush() }

// clean is text as it may be shown on a terminal: without what moves its cursor, hides
// text or turns it around.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// day is a time for people.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// share is a part of a whole in percent.
func share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// print writes v as JSON where that was asked for, and otherwise has people told.
func (c *call) print(v any, people func(*screen)) error {
	if !c.json {
		people(c.program.out)
		return nil
	}
	e := json.NewEncoder(c.program.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// warn tells whoever is watching.
func (p *program) warn(format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ") // of errors that were joined
	p.errs.say("mfactl: %s\n", clean(text))
}

// progressEvery is how often a walk says how far it is.
const progressEvery = 2 * time.Second

// progress returns a function to be called for each step, that says now and then how far
// the walk is.
func (p *program) progress() func(format string, args ...any) {
	last := p.now()
	return func(format string, args ...any) {
		if now := p.now(); now.Sub(last) >= progressEvery {
			last = now
			p.warn(format, args...)
		}
	}
}
