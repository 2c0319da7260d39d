package migrate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A RowError is a row that could not be read; those after it can. It does not say
// what the row holds.
type RowError struct {
	Row int // from 1
}

func (e *RowError) Error() string {
	return fmt.Sprintf("migrate: row %d is not the JSON of its type", e.Row)
}

// Read reads rows that are JSON objects: one in each line, or the members of an
// array. Members that R does not have are passed over. What is not an object, or
// has a column of another type, is a [*RowError], and the rows after it come all the
// same; any other error ends the rows, such as one of more than a MiB.
//
// The sequence can be used once.
func Read[R any](r io.Reader) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		objects := &splitter{}
		lines := bufio.NewScanner(r)
		lines.Buffer(make([]byte, 0, 64<<10), maxRow)
		lines.Split(objects.split)
		n := 0
		for lines.Scan() {
			n++
			var row R
			var err error
			if b := lines.Bytes(); b[0] != '{' || json.Unmarshal(b, &row) != nil {
				var none R
				row, err = none, &RowError{n} // the cause might quote a secret
			}
			if !yield(row, err) {
				return
			}
		}
		err := lines.Err()
		switch {
		case err == nil:
			return
		case errors.Is(err, bufio.ErrTooLong):
			err = fmt.Errorf("migrate: row %d has more than %d bytes", n+1, maxRow)
		default:
			err = fmt.Errorf("migrate: after row %d: %w", n, err)
		}
		var none R
		yield(none, err)
	}
}

var mark = []byte("\ufeff") // that some programs begin a text with

var (
	errArray = errors.New("the array is not one of objects")
	errCut   = errors.New("the array has no end")
)

// A splitter cuts input into JSON objects. Lines are told by their ends, so that a
// broken one costs no other; members of an array by their braces.
type splitter struct {
	begun, array, ended bool
	wantsNext           bool // after a comma
	members             int
}

func (s *splitter) split(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if !s.begun {
		start := bytes.TrimLeft(bytes.TrimPrefix(data, mark), " \t\r\n")
		if !atEOF && (len(start) == 0 || len(data) < len(mark) && bytes.HasPrefix(mark, data)) {
			return 0, nil, nil
		}
		advance = len(data) - len(start)
		s.begun, s.array = true, len(start) > 0 && start[0] == '['
		if s.array {
			advance++
		}
		if advance > 0 {
			return advance, nil, nil
		}
	}
	if s.array {
		return s.member(data, atEOF)
	}
	for {
		n, line, err := bufio.ScanLines(data[advance:], atEOF)
		advance += n
		line = bytes.TrimSpace(line)
		if err != nil || n == 0 || len(line) > 0 {
			if len(line) == 0 {
				line = nil
			}
			return advance, line, err
		}
	}
}

// member is the next object of an array.
func (s *splitter) member(data []byte, atEOF bool) (advance int, token []byte, err error) {
	at := 0
	for ; at < len(data); at++ {
		b := data[at]
		switch {
		case b == ' ' || b == '\t' || b == '\r' || b == '\n':
			continue
		case s.ended:
			return 0, nil, errArray
		case b == ']' && !s.wantsNext:
			s.ended = true
			continue
		case b == ',' && s.members > 0 && !s.wantsNext:
			s.wantsNext = true
			continue
		case b == '{' && (s.wantsNext || s.members == 0):
		default:
			return 0, nil, errArray
		}
		n := object(data[at:])
		switch {
		case n > 0:
			s.wantsNext = false
			s.members++
			return at + n, data[at : at+n], nil
		case atEOF:
			return 0, nil, errCut
		}
		return at, nil, nil // what is before it is passed over, and the rest awaited
	}
	if atEOF && !s.ended {
		return 0, nil, errCut
	}
	return at, nil, nil
}

// object is how long the JSON object is that data begins with; 0: longer than data.
func object(data []byte) int {
	depth, text := 0, false
	for i := 0; i < len(data); i++ {
		switch b := data[i]; {
		case text && b == '\\':
			i++
		case b == '"':
			text = !text
		case text:
		case b == '{' || b == '[':
			depth++
		case b == '}' || b == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
