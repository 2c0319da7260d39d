package codec

import (
	"bytes"
	"encoding"
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unicode/utf8"
)

// first reads the first value of data, or the only one, into v. It says false at the
// first byte that is not as write would have written it; then v is zero again, and
// the library has to start from the beginning.
func (r *Reader) first(data []byte, v any, only bool) (rest []byte, ok bool) {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return nil, false
	}
	r.rest = data
	if !r.read(planOf(rv.Type().Elem()), rv.Elem()) || only && len(r.rest) > 0 {
		rv.Elem().SetZero()
		return nil, false
	}
	return r.rest, true
}

// read reads one value into v, which is zero.
func (r *Reader) read(p *plan, v reflect.Value) bool {
	if len(r.rest) == 0 {
		return false
	}
	switch p.form {
	case boolean:
		v.SetBool(r.rest[0] == yes)
		return r.skip(yes) || r.skip(no)
	case signed:
		return r.readSigned(v)
	case unsigned:
		n, ok := r.head(majorUint)
		if !ok || v.OverflowUint(n) {
			return false
		}
		v.SetUint(n)
		return true
	case float:
		if len(r.rest) >= 9 && r.skip(float64Head) {
			v.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(r.rest)))
			r.rest = r.rest[8:]
			return true
		}
	case text:
		s, ok := r.string()
		v.SetString(s)
		return ok
	case octets:
		if r.skip(null) {
			return true
		}
		data, ok := r.bytes(majorBytes)
		v.SetBytes(data)
		return ok
	case list:
		return r.skip(null) || r.readList(p, v)
	case pointer:
		if r.skip(null) {
			return true
		}
		v.Set(reflect.New(v.Type().Elem()))
		return r.read(p.elem, v.Elem())
	case named:
		return r.readNamed(p, v)
	case positions:
		return r.readPositions(p, v)
	case clock:
		return r.skip(null) || r.readTime(v)
	case marshaler:
		data, ok := r.bytes(majorBytes)
		return ok && v.Addr().Interface().(encoding.BinaryUnmarshaler).UnmarshalBinary(data) == nil
	}
	if v.Kind() == reflect.Map && r.skip(null) {
		return true
	}
	rest, err := dec.UnmarshalFirst(r.rest, v.Addr().Interface())
	r.rest = rest
	return err == nil
}

func (r *Reader) readSigned(v reflect.Value) bool {
	n, ok := r.head(majorUint)
	sign := int64(0)
	if !ok {
		n, ok = r.head(majorNegative)
		sign = -1
	}
	if !ok || n > math.MaxInt64 || v.OverflowInt(sign^int64(n)) {
		return false
	}
	v.SetInt(sign ^ int64(n)) // -1-n is the complement of n
	return true
}

func (r *Reader) readList(p *plan, v reflect.Value) bool {
	n, ok := r.count(majorArray)
	if !ok {
		return false
	}
	if n == 0 {
		v.Set(p.empty)
		return true
	}
	v.Grow(n)
	v.SetLen(n)
	for i := range n {
		if !r.read(p.elem, v.Index(i)) {
			return false
		}
	}
	return true
}

func (r *Reader) readPositions(p *plan, v reflect.Value) bool {
	n, ok := r.count(majorArray)
	if !ok || n != len(p.fields) {
		return false
	}
	for i := range p.fields {
		if f := &p.fields[i]; !r.read(f.plan, v.Field(f.index)) {
			return false
		}
	}
	return true
}

// readNamed takes the fields in their order, so that none comes twice.
func (r *Reader) readNamed(p *plan, v reflect.Value) bool {
	n, ok := r.count(majorMap)
	fields := p.fields
	for ; ok && n > 0; n-- {
		for len(fields) > 0 && !bytes.HasPrefix(r.rest, fields[0].key) {
			fields = fields[1:]
		}
		if len(fields) == 0 {
			return false
		}
		r.rest = r.rest[len(fields[0].key):]
		ok = r.read(fields[0].plan, v.Field(fields[0].index))
		fields = fields[1:]
	}
	return ok
}

func (r *Reader) readTime(v reflect.Value) bool {
	data, ok := r.bytes(majorText)
	if !ok {
		return false
	}
	t, err := time.Parse(time.RFC3339, string(data))
	*v.Addr().Interface().(*time.Time) = t
	return err == nil
}

// skip takes one byte, if it is this one.
func (r *Reader) skip(b byte) bool {
	if len(r.rest) == 0 || r.rest[0] != b {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *Reader) head(major byte) (n uint64, ok bool) {
	if len(r.rest) > 0 && r.rest[0]-major < 24 {
		n, r.rest = uint64(r.rest[0]-major), r.rest[1:]
		return n, true
	}
	n, rest, ok := readHead(r.rest, major)
	if ok {
		r.rest = rest
	}
	return n, ok
}

// count is the head of a list or a map, of which each part takes a byte at least.
func (r *Reader) count(major byte) (n int, ok bool) {
	count, ok := r.head(major)
	return int(count), ok && count <= maxCount && count <= uint64(len(r.rest))
}

func (r *Reader) bytes(major byte) (data []byte, ok bool) {
	n, ok := r.head(major)
	if !ok || n > uint64(len(r.rest)) {
		return nil, false
	}
	data, r.rest = r.rest[:n:n], r.rest[n:]
	return data, true
}

// string copies a string next to those before it: a few large pieces of memory cost
// less than many small ones.
func (r *Reader) string() (string, bool) {
	data, ok := r.bytes(majorText)
	if !ok || !utf8.Valid(data) {
		return "", false
	}
	if len(data) > r.text.Cap()-r.text.Len() {
		r.text.Reset()
		r.text.Grow(max(len(data), min(len(data)+len(r.rest), 512)))
	}
	at := r.text.Len()
	r.text.Write(data)
	return r.text.String()[at:], true
}
