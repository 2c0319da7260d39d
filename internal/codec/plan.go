package codec

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Reading and writing a few structs is most of what a request costs the engine.
// A plan is what there is to know of a type for that, found out once. By it the
// very bytes that the library writes are written, and read, in one pass. Where
// it meets anything else, it gives way to the library: a kind of value that it
// does not know, and bytes that the library would not have written, be they
// well-formed or not. So what is read, and what is refused and why, is the
// library's word alone.
type plan struct {
	form   form
	elem   *plan         // of a list, or behind a pointer
	empty  reflect.Value // a list without elements, which is not nil
	fields []field       // in the order in which they are written
}

type field struct {
	index     int
	key       []byte // as it is written
	plan      *plan
	omitEmpty bool
	omitZero  bool
}

// A form is how values of a type are written.
type form uint8

const (
	foreign form = iota // as the library does
	boolean
	signed
	unsigned
	float
	text
	octets
	list
	pointer
	named     // a struct: a map, without the fields that are omitted
	positions // a struct: an array
	clock     // a time.Time
	marshaler // an encoding.BinaryMarshaler
)

var plans sync.Map // of *plan by reflect.Type

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := newPlan(t, nil)
	plans.Store(t, p)
	return p
}

// newPlan makes the plan of a type within others, which it must not contain.
func newPlan(t reflect.Type, within []reflect.Type) *plan {
	if slices.Contains(within, t) {
		return &plan{}
	}
	within = append(within, t)
	marshals, unmarshals := implements[encoding.BinaryMarshaler](t), implements[encoding.BinaryUnmarshaler](t)
	switch kind := t.Kind(); {
	case t == reflect.TypeFor[time.Time]():
		return &plan{form: clock}
	case implements[cbor.Marshaler](t), implements[cbor.Unmarshaler](t), marshals != unmarshals:
		return &plan{}
	case marshals && kind != reflect.Pointer:
		return &plan{form: marshaler}
	case kind == reflect.Bool:
		return &plan{form: boolean}
	case reflect.Int <= kind && kind <= reflect.Int64:
		return &plan{form: signed}
	case reflect.Uint <= kind && kind <= reflect.Uint64:
		return &plan{form: unsigned}
	case kind == reflect.Float64:
		return &plan{form: float}
	case kind == reflect.String:
		return &plan{form: text}
	case kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return &plan{form: octets}
	case kind == reflect.Slice:
		return &plan{form: list, elem: newPlan(t.Elem(), within), empty: reflect.MakeSlice(t, 0, 0)}
	case kind == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		return &plan{form: pointer, elem: newPlan(t.Elem(), within)}
	case kind == reflect.Struct:
		return structPlan(t, within)
	}
	return &plan{}
}

func implements[I any](t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}

// structPlan goes by a struct's tags, as the library does.
func structPlan(t reflect.Type, within []reflect.Type) *plan {
	p := &plan{form: named}
	if f, ok := t.FieldByName("_"); ok && f.Tag.Get("cbor") != "" {
		p.form = positions
		if f.Tag.Get("cbor") != ",toarray" {
			return &plan{}
		}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("cbor")
		if tag == "" {
			tag = f.Tag.Get("json")
		}
		switch {
		case f.Anonymous:
			return &plan{}
		case !f.IsExported(), tag == "-":
			continue
		}
		n, ok := newField(f, i, tag, within)
		if !ok {
			return &plan{}
		}
		p.fields = append(p.fields, n)
	}
	if len(p.fields) == 0 {
		return &plan{}
	}
	return p
}

func newField(f reflect.StructField, index int, tag string, within []reflect.Type) (field, bool) {
	options := strings.Split(tag, ",")
	name := options[0]
	if name == "" {
		name = f.Name
	}
	n := field{index: index, plan: newPlan(f.Type, within), key: append(appendHead(nil, majorText, uint64(len(name))), name...)}
	for _, option := range options[1:] {
		switch option {
		case "omitempty":
			n.omitEmpty = true
		case "omitzero":
			n.omitZero = true
		case "keyasint":
			key, err := strconv.ParseUint(name, 10, 31)
			if err != nil {
				return n, false
			}
			n.key = appendHead(nil, majorUint, key)
		default:
			return n, false
		}
	}
	// What is empty or zero of other kinds is the library's to say.
	mayBeEmpty := boolean <= n.plan.form && n.plan.form <= pointer || f.Type.Kind() == reflect.Map
	mayBeZero := n.plan.form == named && !implements[interface{ IsZero() bool }](f.Type)
	return n, (mayBeEmpty || !n.omitEmpty) && (mayBeZero || !n.omitZero)
}
