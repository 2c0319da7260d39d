package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// JSON makes an observer that writes each event to w as one JSON object on a line
// of its own, with the members that the package comment names.
//
// A line is one call of Write, and calls do not overlap. A Write that fails or
// falls short is an error, so that a security notice is offered again; what it has
// left of a line is ended before the next, so that one line is broken and no
// other. Readers skip lines that are empty or broken. A w that does not come back
// keeps its caller, and lets no other wait longer than its context.
//
// What Write has taken counts as kept: where a line must outlive a crash of the
// machine, w's Write syncs the file. A file is opened with O_APPEND, and processes do
// not share w unless it appends whole lines.
//
// It panics if w is nil.
func JSON(w io.Writer) mfa.Observer {
	if w == nil {
		panic("audit: JSON has no writer")
	}
	return &lines{w: w, turn: make(chan struct{}, 1)}
}

// lines writes one line after the other.
type lines struct {
	w    io.Writer
	turn chan struct{} // held while writing; a mutex would not end with a context
	torn bool          // what was written last may not end with a newline
}

// Observe implements [mfa.Observer].
func (l *lines) Observe(ctx context.Context, e mfa.Event) error {
	line := encode(e)
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return fmt.Errorf("audit: the writer is busy: %w", ctx.Err())
	}
	if err := ctx.Err(); err != nil { // given up, and a notice is offered again
		return fmt.Errorf("audit: not written: %w", err)
	}
	return l.write(line)
}

func (l *lines) write(line []byte) error {
	torn := l.torn
	if torn {
		line = append([]byte{'\n'}, line...)
	}
	l.torn = true // in case Write panics
	n, err := l.w.Write(line)
	switch {
	case n < 0 || n > len(line):
		err = errors.Join(errors.New("the writer does not know what it wrote"), err)
	case n == 0:
		l.torn = torn
	default:
		l.torn = line[n-1] != '\n'
	}
	if err == nil && n < len(line) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("audit: not written: %w", err)
	}
	return nil
}

// encode is an event's line, with its end.
func encode(e mfa.Event) []byte {
	b := make([]byte, 0, 512)
	b = append(b, `{"time":`...)
	b = quote(b, stamp(e.Time))
	for _, m := range members(e) {
		b = append(b, ',')
		b = member(b, m)
	}
	return append(b, '}', '\n')
}

// member appends a name and its value.
func member(b []byte, m slog.Attr) []byte {
	b = quote(b, m.Key)
	b = append(b, ':')
	switch m.Value.Kind() {
	case slog.KindString:
		return quote(b, m.Value.String())
	case slog.KindGroup:
		b = append(b, '{')
		for i, inner := range m.Value.Group() {
			if i > 0 {
				b = append(b, ',')
			}
			b = member(b, inner)
		}
		return append(b, '}')
	case slog.KindAny:
		b = append(b, '[')
		for i, r := range m.Value.Any().([]reason) { // there is nothing else
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"code":`...)
			b = quote(b, r.Code)
			b = append(b, `,"weight":`...)
			b = append(b, slog.Float64Value(r.Weight).String()...)
			b = append(b, '}')
		}
		return append(b, ']')
	}
	return append(b, m.Value.String()...) // numbers and true print as in JSON
}

// quote appends a text as a JSON string. Beyond what encoding/json escapes, it
// escapes what cannot be seen: a trail is read in terminals too, and a JSON
// parser gets the same text.
func quote(b []byte, text string) []byte {
	plain, err := json.Marshal(text)
	if err != nil { // a string has no way to fail
		return append(b, `""`...)
	}
	for len(plain) > 0 {
		r, n := utf8.DecodeRune(plain)
		switch {
		case strconv.IsPrint(r):
			b = append(b, plain[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		plain = plain[n:]
	}
	return b
}
