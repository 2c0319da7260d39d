package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A decoder walks over JSON whose syntax is known to be right. Unmarshalling
// would let other case, duplicates and nulls pass, and tells no line. It stops
// at the first error: where it stands then is where the error is.
type decoder struct {
	json *json.Decoder
	path []string // the members that are being read, outermost first
}

func newDecoder(data []byte) *decoder {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(data))}
	d.json.UseNumber()
	return d
}

// token is the next one. There is one as long as the syntax is right.
func (d *decoder) token() json.Token {
	t, err := d.json.Token()
	if err != nil {
		panic("policy: syntax was checked: " + err.Error())
	}
	return t
}

// located is err with the line and the member that the decoder stands at.
func (d *decoder) located(data []byte, err error) error {
	if len(d.path) > 0 {
		err = fmt.Errorf("%s: %w", strings.Join(d.path, ": "), err)
	}
	return lineError(data, d.json.InputOffset(), err)
}

// fields says how to read each member of an object.
type fields map[string]func() error

func (d *decoder) policy(p *Policy) error {
	return d.object(fields{
		"mode":               func() error { return d.mode(&p.Mode) },
		"methods":            func() error { return d.methods(&p.Methods, checkAllowed) },
		"implicit":           func() error { return d.methods(&p.Implicit, checkMethods) },
		"not_first":          func() error { return d.methods(&p.NotFirst, checkMethods) },
		"aal":                func() error { return d.aal(&p.AAL) },
		"phishing_resistant": func() error { return d.boolean(&p.PhishingResistant) },
		"accept_restricted":  func() error { return d.boolean(&p.AcceptRestricted) },
		"changes":            func() error { return d.changes(&p.Changes) },
		"first_enrollment":   func() error { return d.firstEnrollment(&p.FirstEnrollment) },
		"session_lifetime":   func() error { return d.duration(&p.SessionLifetime) },
	})
}

func (d *decoder) changes(c *Changes) error {
	return d.object(fields{
		"password": func() error { return d.boolean(&c.Password) },
		"methods":  func() error { return d.methods(&c.Methods, checkMethods) },
		"max_age":  func() error { return d.duration(&c.MaxAge) },
	})
}

func (d *decoder) firstEnrollment(f *FirstEnrollment) error {
	return d.object(fields{
		"methods": func() error { return d.methods(&f.Methods, checkMethods) },
	})
}

// object reads an object of the given members, each at most once, in any order.
func (d *decoder) object(known fields) error {
	if d.token() != json.Delim('{') {
		return errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.json.More() {
		name := d.token().(string) // as the syntax has it
		read, ok := known[name]
		if !ok {
			return fmt.Errorf("unknown member %s; there are %s", quote(name), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if seen[name] {
			return fmt.Errorf("member %q comes twice", name)
		}
		seen[name] = true
		d.path = append(d.path, name)
		if err := read(); err != nil {
			return err
		}
		d.path = d.path[:len(d.path)-1]
	}
	d.token() // the closing brace
	return nil
}

func (d *decoder) mode(to *Mode) error {
	s, ok := d.token().(string)
	if !ok || s == "" {
		return fmt.Errorf("not a string such as %q", Offer)
	}
	*to = Mode(s)
	return checkMode(*to)
}

func (d *decoder) boolean(to *bool) error {
	b, ok := d.token().(bool)
	if !ok {
		return errors.New("not true or false")
	}
	*to = b
	return nil
}

func (d *decoder) aal(to *mfa.AAL) error {
	n, ok := d.token().(json.Number)
	if !ok {
		return errors.New("not a number")
	}
	level, err := strconv.Atoi(n.String())
	if err != nil {
		return errors.New("not a level; there are 0 (any second proof), 2 and 3")
	}
	*to = mfa.AAL(level)
	return checkAAL(*to)
}

func (d *decoder) duration(to *time.Duration) error {
	const like = `such as "12h"`
	s, ok := d.token().(string)
	if !ok {
		return errors.New("not a string " + like)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%s is not a duration %s", quote(s), like)
	}
	if v == 0 {
		return errors.New("a duration of nothing; leave the member out instead")
	}
	*to = v
	return checkDuration(v)
}

// methods reads a list of names, and checks the whole of it at its end. An
// empty list could be meant as all or as none, so it is neither.
func (d *decoder) methods(to *[]string, whole func([]string) error) error {
	if d.token() != json.Delim('[') {
		return errors.New("not a list of methods")
	}
	for d.json.More() {
		name, ok := d.token().(string)
		if !ok {
			return errors.New("not a list of strings")
		}
		*to = append(*to, name)
		if err := checkMethods(*to); err != nil {
			return err
		}
	}
	d.token() // the closing bracket
	if len(*to) == 0 {
		return errors.New("an empty list; leave the member out instead")
	}
	return whole(*to)
}
