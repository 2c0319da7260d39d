package webauthn

import (
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The standard decoder takes the last of two members with one name, and takes
// names in any case, so that two readers of one text can see two things. What
// is signed must not be that: here a text is read exactly, or refused.

var errJSON = errors.New("webauthn: not the JSON that it should be")

// A member of a JSON object: its name, and its value as it is written.
type member struct {
	name  string
	value []byte
}

// readObject reads data as one JSON object (RFC 8259) in which no object, at any
// level, has two members of one name.
func readObject(data []byte) ([]member, error) {
	r := jsonReader{data: data}
	r.space()
	members, err := r.object(0)
	if err != nil {
		return nil, err
	}
	r.space()
	if r.at != len(data) {
		return nil, errJSON
	}
	return members, nil
}

// value is the value of the member with this name, as it is written; nil: there is none.
func value(members []member, name string) []byte {
	for i := range members {
		if members[i].name == name {
			return members[i].value
		}
	}
	return nil
}

// text is what a JSON string says.
func text(value []byte) (string, error) {
	r := jsonReader{data: value}
	s, err := r.text()
	if err != nil || r.at != len(value) {
		return "", errJSON
	}
	return s, nil
}

// texts are the elements of a JSON array of strings.
func texts(value []byte, most int) ([]string, error) {
	var out []string
	r := jsonReader{data: value}
	if err := r.list('[', ']', func() error {
		s, err := r.text()
		if err != nil || len(out) == most {
			return errJSON
		}
		out = append(out, s)
		return nil
	}); err != nil || r.at != len(value) {
		return nil, errJSON
	}
	return out, nil
}

func isNull(value []byte) bool { return string(value) == "null" }

// jsonReader goes through a text once, from its beginning to its end.
type jsonReader struct {
	data []byte
	at   int
}

// next is the byte to be read, or 0 at the end: no JSON begins with it.
func (r *jsonReader) next() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

func (r *jsonReader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// list reads what stands between two brackets, separated by commas.
func (r *jsonReader) list(open, end byte, element func() error) error {
	if r.next() != open {
		return errJSON
	}
	r.at++
	r.space()
	if r.next() == end {
		r.at++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		r.space()
		switch r.next() {
		case ',':
			r.at++
			r.space()
		case end:
			r.at++
			return nil
		default:
			return errJSON
		}
	}
}

func (r *jsonReader) object(depth int) ([]member, error) {
	if depth == maxJSONDepth {
		return nil, errJSON
	}
	members := make([]member, 0, 8)
	err := r.list('{', '}', func() error {
		name, err := r.text()
		if err != nil {
			return err
		}
		if len(members) == maxJSONMembers || value(members, name) != nil {
			return errJSON
		}
		r.space()
		if r.next() != ':' {
			return errJSON
		}
		r.at++
		r.space()
		from := r.at
		if err := r.value(depth + 1); err != nil {
			return err
		}
		members = append(members, member{name, r.data[from:r.at]})
		return nil
	})
	return members, err
}

// value passes over a value of any kind.
func (r *jsonReader) value(depth int) error {
	switch c := r.next(); c {
	case '{':
		_, err := r.object(depth)
		return err
	case '[':
		if depth == maxJSONDepth {
			return errJSON
		}
		return r.list('[', ']', func() error { return r.value(depth + 1) })
	case '"':
		_, _, err := r.span()
		return err
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	default:
		return r.number()
	}
}

func (r *jsonReader) word(w string) error {
	if len(r.data)-r.at < len(w) || string(r.data[r.at:r.at+len(w)]) != w {
		return errJSON
	}
	r.at += len(w)
	return nil
}

func (r *jsonReader) number() error {
	if r.next() == '-' {
		r.at++
	}
	if r.next() == '0' {
		r.at++
	} else if !r.digits() {
		return errJSON
	}
	if r.next() == '.' {
		r.at++
		if !r.digits() {
			return errJSON
		}
	}
	if c := r.next(); c == 'e' || c == 'E' {
		r.at++
		if c := r.next(); c == '+' || c == '-' {
			r.at++
		}
		if !r.digits() {
			return errJSON
		}
	}
	return nil
}

func (r *jsonReader) digits() bool {
	from := r.at
	for c := r.next(); '0' <= c && c <= '9'; c = r.next() {
		r.at++
	}
	return r.at > from
}

// text reads a string.
func (r *jsonReader) text() (string, error) {
	raw, escaped, err := r.span()
	if err != nil {
		return "", err
	}
	if !escaped {
		return string(raw), nil
	}
	return unescape(raw), nil
}

// span passes over a string and returns what is between its quotes.
func (r *jsonReader) span() (raw []byte, escaped bool, err error) {
	if r.next() != '"' {
		return nil, false, errJSON
	}
	r.at++
	from, plain := r.at, true
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c == '"':
			raw = r.data[from:r.at]
			r.at++
			if !plain && !utf8.Valid(raw) {
				return nil, false, errJSON
			}
			return raw, escaped, nil
		case c == '\\':
			escaped = true
			if err := r.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, errJSON
		default:
			plain = plain && c < utf8.RuneSelf
			r.at++
		}
	}
	return nil, false, errJSON
}

// escape passes over an escape; half of a surrogate pair is none.
func (r *jsonReader) escape() error {
	r.at++
	switch r.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		r.at++
		return nil
	case 'u':
		first, ok := hex4(r.data[r.at+1:])
		if !ok {
			return errJSON
		}
		r.at += 5
		if !utf16.IsSurrogate(first) {
			return nil
		}
		if len(r.data)-r.at < 6 || r.data[r.at] != '\\' || r.data[r.at+1] != 'u' {
			return errJSON
		}
		second, ok := hex4(r.data[r.at+2:])
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return errJSON
		}
		r.at += 6
		return nil
	}
	return errJSON
}

func hex4(data []byte) (rune, bool) {
	if len(data) < 4 {
		return 0, false
	}
	for _, c := range data[:4] { // ParseUint takes a sign and underscores too
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(data[:4]), 16, 16)
	return rune(n), err == nil
}

var plainEscapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape is what a span with escapes says.
func unescape(raw []byte) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		if raw[i+1] != 'u' {
			out = append(out, plainEscapes[raw[i+1]])
			i += 2
			continue
		}
		c, _ := hex4(raw[i+2:])
		i += 6
		if utf16.IsSurrogate(c) {
			second, _ := hex4(raw[i+2:])
			c = utf16.DecodeRune(c, second)
			i += 6
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out)
}
