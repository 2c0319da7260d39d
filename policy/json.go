package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"
)

const maxFile = 256 << 10 // bytes

// Parse reads a policy from JSON. It is strict, for a slip in such a file is a
// door left open: a member that is unknown or comes twice, a value of the wrong
// type, null, an empty list, a name that is not there and a number, duration or
// date that is out of bounds are errors, which name the line and the reason. The
// error is an [*Error].
//
// Durations are strings of hours, minutes and seconds, such as "12h" or "1h30m".
// For dates see the package's comment. What Parse returns has yet to be held
// against the methods that there are; see [ParseFor].
func Parse(data []byte) (*Policy, error) {
	p, _, err := parse(data)
	return p, err
}

// ParseFor is [Parse] for an engine that has these methods, the names of
// [mfa.Config].Factors: what [Policy.Validate] would find is found with its line.
func ParseFor(data []byte, methods []string) (*Policy, error) {
	p, lines, err := parse(data)
	if err == nil {
		err = lines.first(p.faults(methods))
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// lines says where a file's members are.
type lines struct {
	data    []byte
	offsets map[string]int64
}

// of is the line where a member begins, or else what it belongs to.
func (l lines) of(member string) (offset int64, line int) {
	for {
		if at, ok := l.offsets[member]; ok || member == "" {
			return at, lineAt(l.data, at)
		}
		member = parent(member)
	}
}

// first is the one of what was found that comes first in the file.
func (l lines) first(found []*Error) error {
	var first *Error
	least := int64(-1)
	for _, e := range found {
		if at, line := l.of(e.Member); least < 0 || at < least {
			least, first = at, &Error{line, e.Member, e.Err}
		}
	}
	if first == nil {
		return nil
	}
	return first
}

func parse(data []byte) (*Policy, lines, error) {
	if len(data) > maxFile {
		return nil, lines{}, &Error{Err: fmt.Errorf("file of more than %d KiB", maxFile>>10)}
	}
	if err := checkSyntax(data); err != nil {
		return nil, lines{}, err
	}
	p, d := new(Policy), newDecoder(data)
	d.zone = zoneOf(data)
	if err := d.policy(p); err != nil {
		return nil, lines{}, &Error{lineAt(data, d.json.InputOffset()), d.path, err}
	}
	l, c := lines{data, d.offsets}, checks{}
	c.policy(p)
	if err := l.first(c.found); err != nil {
		return nil, lines{}, err
	}
	return p, l, nil
}

// zoneOf is where a file's local dates are, which have to be read together with
// it, wherever in the file it stands. If it is none, checks.policy says so.
func zoneOf(data []byte) *time.Location {
	var file struct {
		Zone any `json:"time_zone"`
	}
	if json.Unmarshal(data, &file) != nil || file.Zone == nil {
		return nil
	}
	name, _ := file.Zone.(string)
	where, err := location(name)
	if err != nil {
		return time.UTC
	}
	return where
}

// checkSyntax makes sure of one JSON value in UTF-8, so that what reads it has
// only the content to doubt.
func checkSyntax(data []byte) error {
	if !utf8.Valid(data) {
		return &Error{Line: lineAt(data, int64(firstInvalid(data))), Err: errors.New("not UTF-8")}
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return &Error{Line: lineAt(data, syntax.Offset-1), Err: err}
	}
	return err
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}

// lineAt is the line that offset is in.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:max(0, min(offset, int64(len(data))))], []byte("\n"))
}

// readFile reads no more of a file than Parse takes.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// UnmarshalJSON is Parse, so that a policy within a host's own file is read as
// strictly. Lines count from where the policy begins.
func (p *Policy) UnmarshalJSON(data []byte) error {
	got, err := Parse(data)
	if err == nil {
		*p = *got
	}
	return err
}
