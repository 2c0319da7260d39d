package codec

import (
	"encoding"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"time"
)

// Append is Marshal onto the end of out.
func Append(out []byte, v any) ([]byte, error) {
	rv := reflect.ValueOf(v)
	switch {
	case rv.Kind() != reflect.Pointer:
		held := reflect.New(rv.Type()) // to have an address
		held.Elem().Set(rv)
		rv = held
	case rv.IsNil():
		return append(out, null), nil
	}
	return planOf(rv.Type().Elem()).write(out, rv.Elem())
}

// write appends v, which has an address.
func (p *plan) write(out []byte, v reflect.Value) ([]byte, error) {
	switch p.form {
	case boolean:
		if v.Bool() {
			return append(out, yes), nil
		}
		return append(out, no), nil
	case signed:
		n := v.Int()
		if n < 0 {
			return appendHead(out, majorNegative, uint64(-1-n)), nil
		}
		return appendHead(out, majorUint, uint64(n)), nil
	case unsigned:
		return appendHead(out, majorUint, v.Uint()), nil
	case float:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return binary.BigEndian.AppendUint64(append(out, float64Head), math.Float64bits(f)), nil
		}
	case text:
		return appendText(out, v.String()), nil
	case octets:
		if v.IsNil() {
			return append(out, null), nil
		}
		return appendBytes(out, v.Bytes()), nil
	case list:
		return p.writeList(out, v)
	case pointer:
		if v.IsNil() {
			return append(out, null), nil
		}
		return p.elem.write(out, v.Elem())
	case named:
		return p.writeNamed(out, v)
	case positions:
		return p.writePositions(out, v)
	case clock:
		if t := v.Addr().Interface().(*time.Time); t.IsZero() {
			return append(out, null), nil
		} else if year := t.Year(); 0 <= year && year <= 9999 {
			var text [len(time.RFC3339Nano)]byte
			return appendText(out, t.AppendFormat(text[:0], time.RFC3339Nano)), nil
		}
	case marshaler:
		data, err := v.Addr().Interface().(encoding.BinaryMarshaler).MarshalBinary()
		return appendBytes(out, data), err
	}
	data, err := enc.Marshal(v.Interface())
	return append(out, data...), err
}

func (p *plan) writeList(out []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(out, null), nil
	}
	out = appendHead(out, majorArray, uint64(v.Len()))
	for i := range v.Len() {
		var err error
		if out, err = p.elem.write(out, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *plan) writePositions(out []byte, v reflect.Value) ([]byte, error) {
	out = appendHead(out, majorArray, uint64(len(p.fields)))
	for i := range p.fields {
		var err error
		if out, err = p.fields[i].plan.write(out, v.Field(p.fields[i].index)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *plan) writeNamed(out []byte, v reflect.Value) ([]byte, error) {
	at, count := len(out), 0
	out = append(out, majorMap) // how many there are is known when they are written
	for i := range p.fields {
		f := &p.fields[i]
		part := v.Field(f.index)
		if f.omitted(part) {
			continue
		}
		var err error
		if out, err = f.plan.write(append(out, f.key...), part); err != nil {
			return nil, err
		}
		count++
	}
	var head [9]byte
	return slices.Replace(out, at, at+1, appendHead(head[:0], majorMap, uint64(count))...), nil
}

func (f *field) omitted(v reflect.Value) bool {
	switch {
	case f.omitZero && v.IsZero():
		return true
	case !f.omitEmpty:
		return false
	}
	switch f.plan.form {
	case boolean:
		return !v.Bool()
	case signed:
		return v.Int() == 0
	case unsigned:
		return v.Uint() == 0
	case float:
		return v.Float() == 0
	case pointer:
		return v.IsNil()
	}
	return v.Len() == 0
}
