package rba

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// How much a [Reader] takes.
const (
	maxRecord  = 64 << 10      // bytes of one row; the longest of the public data set has a few hundred
	bufferSize = 8 * maxRecord // of which one row is never more than an eighth
	fewBad     = 100           // bad rows that are never too many
	badShare   = 20            // beyond them, one in so many rows may be bad
)

var (
	// ErrTooManyBad says that the file is not what it should be: more than a
	// hundred rows, and more than one in twenty, could not be read.
	ErrTooManyBad = errors.New("rba: too many rows cannot be read")
	// ErrTruncated says that a compressed file ends before its end.
	ErrTruncated = errors.New("rba: the file was cut: it ends in the middle of the compressed data")
)

// A Reader reads rows. It is for one goroutine.
type Reader struct {
	src        io.Reader
	buf        []byte
	start, end int   // what of buf is not consumed yet
	err        error // of src, io.EOF included

	at      [columns]int
	width   int
	fields  []string
	rows    int64
	bad     map[Kind]int64
	badRows int64
	missing []string
}

// NewReader reads the header. Columns may stand in any order, and others beside
// them; a byte order mark is skipped. It is an error if a column is missing
// without which there is nothing to measure; for the others see [Reader.Missing].
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, buf: make([]byte, bufferSize), bad: map[Kind]int64{}}
	r.fill()
	if bytes.HasPrefix(r.buf[:r.end], []byte("\ufeff")) {
		r.start = len("\ufeff")
	}
	kind, err := r.record()
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("rba: header: %w", err)
	}
	if err != nil || kind != "" {
		return nil, errors.New("rba: the file has no header")
	}
	return r, r.header()
}

func (r *Reader) header() error {
	names := map[string]int{}
	for i, name := range r.fields {
		names[strings.ToLower(strings.TrimSpace(name))] = i
	}
	r.width = len(r.fields)
	for c, name := range Columns {
		i, ok := names[strings.ToLower(name)]
		if !ok {
			i = -1
			r.missing = append(r.missing, name)
		}
		r.at[c] = i
	}
	for _, c := range required {
		if r.at[c] < 0 {
			return fmt.Errorf("rba: the header has no column %q", Columns[c])
		}
	}
	return nil
}

// Missing names the columns that the file does not have.
func (r *Reader) Missing() []string { return r.missing }

// Rows is how many rows were read, good and bad.
func (r *Reader) Rows() int64 { return r.rows }

// Bad is how many rows were left out, by kind.
func (r *Reader) Bad() map[Kind]int64 { return r.bad }

// Read fills row with the next good one. At the end it returns io.EOF;
// [ErrTooManyBad] and [ErrTruncated] are found by errors.Is.
func (r *Reader) Read(row *Row) error {
	for {
		kind, err := r.record()
		if err != nil {
			return err
		}
		r.rows++
		if kind == "" {
			kind = parseRow(row, r.fields, &r.at)
		}
		if kind == "" {
			return nil
		}
		r.bad[kind]++
		r.badRows++
		if r.badRows > fewBad && r.badRows*badShare > r.rows {
			return fmt.Errorf("%w: %d of %d: %v", ErrTooManyBad, r.badRows, r.rows, r.bad)
		}
	}
}

// record splits the next row into fields. A row whose quotation marks do not
// come out even reaches over line ends; one that cannot be read then is
// given up at the end of its first line, so that the rows after it are not lost.
func (r *Reader) record() (Kind, error) {
	if err := r.skipEmpty(); err != nil {
		return "", err
	}
	first, length, quotes := -1, 0, 0 // counted from start: filling moves the buffer
	for {
		next, err := r.line(length)
		if err != nil {
			return "", err
		}
		if next < 0 || next > maxRecord || next == length {
			return r.giveUp(first)
		}
		if first < 0 {
			first = next
		}
		quotes += bytes.Count(r.buf[r.start+length:r.start+next], []byte{'"'})
		length = next
		if quotes%2 == 0 {
			break
		}
	}
	row := r.buf[r.start : r.start+length]
	if !r.split(string(bytes.TrimRight(row, "\r\n")), quotes > 0) {
		return r.giveUp(first)
	}
	if r.width > 0 && len(r.fields) != r.width {
		r.start += first
		return BadFields, nil
	}
	r.start += length
	return "", nil
}

// giveUp goes on after the row's first line, or after the next line end where
// that is too long.
func (r *Reader) giveUp(first int) (Kind, error) {
	if first >= 0 {
		r.start += first
		return BadQuotes, nil
	}
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], '\n'); i >= 0 {
			r.start += i + 1
			return BadLength, nil
		}
		r.start = r.end
		if r.err != nil {
			return BadLength, nil
		}
		r.fill()
	}
}

// skipEmpty goes to the next line that has something in it.
func (r *Reader) skipEmpty() error {
	for {
		for r.start < r.end && (r.buf[r.start] == '\n' || r.buf[r.start] == '\r') {
			r.start++
		}
		if r.start < r.end {
			return nil
		}
		if r.err != nil {
			return r.failure()
		}
		r.fill()
	}
}

func (r *Reader) failure() error {
	if errors.Is(r.err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w after %d rows", ErrTruncated, r.rows)
	}
	return r.err
}

// line is where the line ends that begins at offset from, its line end included;
// from itself where there is none any more; -1: not within what a row may have.
func (r *Reader) line(from int) (int, error) {
	for {
		if i := bytes.IndexByte(r.buf[r.start+from:r.end], '\n'); i >= 0 {
			return from + i + 1, nil
		}
		if r.end-r.start > maxRecord {
			return -1, nil
		}
		if r.err == io.EOF {
			return r.end - r.start, nil
		}
		if r.err != nil {
			return 0, r.failure() // half a row is none
		}
		r.fill()
	}
}

// fill reads more behind what is there, and moves that to the front first if it must.
func (r *Reader) fill() {
	if r.start > 0 && len(r.buf)-r.end < maxRecord {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
	for range 100 { // a source that never says anything is broken
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
			return
		}
		if n > 0 {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// split cuts a row into its fields.
func (r *Reader) split(s string, quoted bool) bool {
	r.fields = r.fields[:0]
	if !quoted {
		for {
			i := strings.IndexByte(s, ',')
			if i < 0 {
				r.fields = append(r.fields, s)
				return true
			}
			r.fields = append(r.fields, s[:i])
			s = s[i+1:]
		}
	}
	for {
		field, rest, more, ok := cut(s)
		if !ok {
			return false
		}
		r.fields = append(r.fields, field)
		if !more {
			return true
		}
		s = rest
	}
}

// cut takes the first field off s (RFC 4180). A quotation mark inside a field
// that does not begin with one is taken as it is.
func cut(s string) (field, rest string, more, ok bool) {
	if s == "" || s[0] != '"' {
		field, rest, more = strings.Cut(s, ",")
		return field, rest, more, true
	}
	doubled := false
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		field = s[1:i]
		if doubled {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		if i+1 == len(s) {
			return field, "", false, true
		}
		return field, s[i+2:], true, s[i+1] == ','
	}
	return "", "", false, false
}
