package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A decoder walks over JSON whose syntax is known to be right, and reads values
// by their types; what they mean is for checks. Unmarshalling would let
// other case, duplicates and nulls pass, and tells no line. It stops at the first
// error: where it stands then is where the error is.
type decoder struct {
	json    *json.Decoder
	path    string           // of the member that is being read
	offsets map[string]int64 // where each member's value begins, by its path
	zone    *time.Location   // of local dates; nil: there is none
}

func newDecoder(data []byte) *decoder {
	d := &decoder{json: json.NewDecoder(bytes.NewReader(data)), offsets: map[string]int64{}}
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

// value is the first token of the value of the member that is being read.
func (d *decoder) value() json.Token {
	t := d.token()
	d.offsets[d.path] = d.json.InputOffset()
	return t
}

// within reads what is at a path.
func (d *decoder) within(path string, read func() error) error {
	outer := d.path
	d.path = path
	if err := read(); err != nil {
		return err
	}
	d.path = outer
	return nil
}

// fields says how to read each member of an object.
type fields map[string]func() error

// object reads an object of the given members, each at most once, in any order.
func (d *decoder) object(known fields) error {
	return d.members(func(name string) error {
		read, ok := known[name]
		if !ok {
			return fmt.Errorf("unknown member %s; there are %s", quote(name), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		return d.within(join(d.path, name), read)
	})
}

// members reads an object whose members are read by their names.
func (d *decoder) members(read func(name string) error) error {
	if d.value() != json.Delim('{') {
		return errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.json.More() {
		name := d.token().(string) // as the syntax has it
		if seen[name] {
			return fmt.Errorf("member %s comes twice", quote(name))
		}
		seen[name] = true
		if err := read(name); err != nil {
			return err
		}
	}
	d.token() // the closing brace
	return nil
}

// list reads a list. An empty one could be meant as all or as none, so it is
// neither.
func (d *decoder) list(of string, read func() error) error {
	if d.value() != json.Delim('[') {
		return errors.New("not a list of " + of)
	}
	n := 0
	for ; d.json.More(); n++ {
		if err := d.within(index(d.path, n), read); err != nil {
			return err
		}
	}
	d.token() // the closing bracket
	if n == 0 {
		return errors.New("an empty list; leave the member out instead")
	}
	return nil
}

func (d *decoder) strings(to *[]string, of string) error {
	return d.list(of, func() error {
		var s string
		err := d.text(&s, of)
		*to = append(*to, s)
		return err
	})
}

func (d *decoder) text(to *string, of string) error {
	s, ok := d.value().(string)
	if !ok {
		return errors.New("not a string: " + of + " are")
	}
	*to = s
	return nil
}

// words reads what there would be no member for if it were empty.
func (d *decoder) words(to *string, of string) error {
	err := d.text(to, of)
	if err == nil && *to == "" {
		err = errors.New("is empty")
	}
	return err
}

// lists reads an object of lists, whose members are of the author's choosing.
func (d *decoder) lists(to *map[string][]string, of string) error {
	return d.members(func(name string) error {
		return d.within(named(d.path, name), func() error {
			var list []string
			err := d.strings(&list, of)
			if *to == nil {
				*to = map[string][]string{}
			}
			(*to)[name] = list
			return err
		})
	})
}

func (d *decoder) boolean(to *bool) error {
	b, ok := d.value().(bool)
	if !ok {
		return errors.New("not true or false")
	}
	*to = b
	return nil
}

func (d *decoder) number(to *int) error {
	n, ok := d.value().(json.Number)
	if !ok {
		return errors.New("not a number")
	}
	v, err := strconv.Atoi(n.String())
	if err != nil {
		return fmt.Errorf("%.40s is not a whole number", n)
	}
	*to = v
	return nil
}

func (d *decoder) duration(to *time.Duration) error {
	const like = `such as "12h"`
	s, ok := d.value().(string)
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
	return nil
}

func (d *decoder) date(to *time.Time) (err error) {
	s, ok := d.value().(string)
	if !ok {
		return errors.New("not a string: dates are")
	}
	if *to, err = parseDate(s, d.zone); err == nil && to.IsZero() {
		err = errors.New("a date of nothing; leave the member out instead")
	}
	return err
}

func (d *decoder) network(to *netip.Prefix) error {
	s, ok := d.value().(string)
	n, err := netip.ParsePrefix(s)
	if !ok || err != nil {
		return fmt.Errorf(`%s is not a network such as "10.0.0.0/8" or "2001:db8::/32"`, quote(s))
	}
	*to = n
	return nil
}
