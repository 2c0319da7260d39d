package geo

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"
)

func isKind(v mmdbdata.Cursor, k mmdbdata.Kind) bool {
	got, err := v.Kind()
	return err == nil && got == k
}

// eachField calls f with each key of a map and the value there. F returns what follows
// the value, and so does eachField for the map.
func eachField(c mmdbdata.Cursor, f func(key []byte, v mmdbdata.Cursor) (mmdbdata.Cursor, error)) (mmdbdata.Cursor, error) {
	m, err := c.MapReader()
	if err != nil {
		return mmdbdata.Cursor{}, err
	}
	next := m.First()
	for range m.Len() {
		key, value, err := next.ReadMapKey()
		if err != nil {
			return mmdbdata.Cursor{}, err
		}
		if next, err = f(key, value); err != nil {
			return mmdbdata.Cursor{}, err
		}
	}
	return m.End(next)
}

// find returns the value at a key of a map; of the empty key, the first value.
func find(c mmdbdata.Cursor, key string) (v mmdbdata.Cursor, ok bool, err error) {
	m, err := c.MapReader()
	if err != nil {
		return mmdbdata.Cursor{}, false, err
	}
	next := m.First()
	for range m.Len() {
		k, value, err := next.ReadMapKey()
		if err != nil {
			return mmdbdata.Cursor{}, false, err
		}
		if key == "" || string(k) == key {
			return value, true, nil
		}
		if next, err = value.Skip(); err != nil {
			return mmdbdata.Cursor{}, false, err
		}
	}
	return mmdbdata.Cursor{}, false, nil
}

// text reads a string. Values of other kinds leave into as it is, as they do in all of
// these.
func (r *record) text(v mmdbdata.Cursor, into *string) error {
	if !isKind(v, mmdbdata.KindString) {
		return nil
	}
	s, _, err := v.ReadStringMaxSize(maxText)
	if err == nil && s != "" && fit(s) {
		*into, r.known = s, true
	}
	return err
}

// fit says whether a text may be shown: names come to mails, logs and pages.
func fit(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) })
}

// number reads a number, or one in a text, as IPinfo has them.
func (r *record) number(v mmdbdata.Cursor, into *float64, ok *bool) error {
	k, err := v.Kind()
	if err != nil {
		return err
	}
	var n float64
	switch k {
	case mmdbdata.KindFloat64, mmdbdata.KindFloat32:
		n, _, err = v.ReadFloat()
	case mmdbdata.KindUint16, mmdbdata.KindUint32, mmdbdata.KindUint64:
		var u uint64
		u, _, err = v.ReadUint()
		n = float64(u)
	case mmdbdata.KindInt32:
		var i int32
		i, _, err = v.ReadInt32()
		n = float64(i)
	case mmdbdata.KindString:
		var s string
		if err := r.text(v, &s); err != nil {
			return err
		}
		if n, err = strconv.ParseFloat(s, 64); err != nil {
			return nil // words, or nothing
		}
	default:
		return nil
	}
	if err == nil {
		*into, *ok, r.known = n, true, true
	}
	return err
}

func (r *record) integer(v mmdbdata.Cursor, into *uint64, ok *bool) error {
	if !isKind(v, mmdbdata.KindUint16) && !isKind(v, mmdbdata.KindUint32) && !isKind(v, mmdbdata.KindUint64) {
		return nil
	}
	n, _, err := v.ReadUint()
	if err == nil {
		*into, *ok, r.known = n, true, true
	}
	return err
}

// flag reads true, or a text that means it.
func (r *record) flag(v mmdbdata.Cursor) (set bool, err error) {
	switch {
	case isKind(v, mmdbdata.KindBool):
		set, _, err = v.ReadBool()
		r.known = r.known || err == nil
	case isKind(v, mmdbdata.KindString):
		var s string
		err = r.text(v, &s)
		set = s == "true" || s == "1" || strings.EqualFold(s, "yes")
	}
	return set, err
}

// readASN reads 123 or "AS123".
func (r *record) readASN(v mmdbdata.Cursor) error {
	if isKind(v, mmdbdata.KindString) {
		var s string
		err := r.text(v, &s)
		if n, ok := parseASN(s); ok {
			r.asn = n
		}
		return err
	}
	var n uint64
	var ok bool
	err := r.integer(v, &n, &ok)
	if ok && n <= 1<<32-1 && n != 0 {
		r.asn = uint32(n)
	}
	return err
}
