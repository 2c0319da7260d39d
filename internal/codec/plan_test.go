package codec

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type word string

type point struct {
	_ struct{} `cbor:",toarray"`
	X int64
	Y int32
}

type leaf struct {
	Name  word      `json:"name"`
	Note  string    `json:"note,omitempty"`
	When  time.Time `json:"when"`
	Addr  netip.Addr
	Kept  string   `json:"-"`
	Quiet chan int `cbor:"-"`
	Tags  map[string]string
}

type branch struct {
	No    bool            `cbor:"1,keyasint,omitempty"`
	Yes   bool            `cbor:"2,keyasint"`
	Small int8            `cbor:"3,keyasint,omitempty"`
	Int   int             `cbor:"4,keyasint"`
	Byte  uint8           `cbor:"5,keyasint,omitempty"`
	Big   uint64          `cbor:"300,keyasint,omitempty"`
	Score float64         `cbor:"7,keyasint,omitempty"`
	Half  float32         `cbor:"8,keyasint"` // the library's
	Text  string          `cbor:"9,keyasint,omitempty"`
	Data  []byte          `cbor:"10,keyasint,omitempty"`
	Bare  []byte          `cbor:"11,keyasint"`
	List  []string        `cbor:"12,keyasint,omitempty"`
	Leafs []leaf          `cbor:"13,keyasint,omitempty"`
	One   *leaf           `cbor:"14,keyasint,omitempty"`
	Zero  leaf            `cbor:"15,keyasint"`
	Path  []point         `cbor:"16,keyasint,omitempty"`
	At    point           `cbor:"17,keyasint"`
	Odd   struct{ N int } `cbor:"18,keyasint,omitzero"`
	Map   map[string]leaf `cbor:"19,keyasint,omitempty"`
	Span  time.Duration   `cbor:"20,keyasint,omitempty"`
	Rest  []point         `cbor:"21,keyasint"`
	More  [2]int          `cbor:"22,keyasint"` // the library's
}

// fill gives v a random value: often the zero value, else one from the edges.
func fill(r *rand.Rand, v reflect.Value) {
	if r.IntN(4) == 0 || !v.CanSet() {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(r.Int64N(1<<33)-1<<31, r.Int64N(2)*r.Int64N(1e9)).In([]*time.Location{time.UTC, time.FixedZone("", 19800)}[r.IntN(2)])
		return
	case *netip.Addr:
		*x = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1%eth0")}[r.IntN(3)]
		return
	}
	switch n := r.Uint64() >> r.IntN(64); v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n) >> (64 - v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(n >> (64 - v.Type().Bits()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{1.5, math.Inf(-1), math.NaN(), -0.25, math.Copysign(0, -1)}[r.IntN(5)])
	case reflect.String:
		v.SetString(strings.Repeat([]string{"", "a", "é", "漢字", "\x00 "}[r.IntN(5)], r.IntN(40)))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(4)*r.IntN(10), 40))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem())
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		if r.IntN(2) == 0 { // one at the most: the library writes them in any order
			value := reflect.New(v.Type().Elem()).Elem()
			fill(r, value)
			v.SetMapIndex(reflect.ValueOf("k"), value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	}
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// types are what the tests write and read.
var types = []reflect.Type{
	reflect.TypeFor[branch](), reflect.TypeFor[[]branch](), reflect.TypeFor[leaf](), reflect.TypeFor[point](), reflect.TypeFor[*leaf](),
	reflect.TypeFor[[]byte](), reflect.TypeFor[[][]byte](), reflect.TypeFor[string](), reflect.TypeFor[int64](), reflect.TypeFor[uint16](),
	reflect.TypeFor[map[string][]byte](), reflect.TypeFor[time.Time](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[float64](), reflect.TypeFor[bool](),
}

// TestPlan_WritesAsTheLibraryDoes: the bytes are the same, so each reads what the other wrote.
func TestPlan_WritesAsTheLibraryDoes(t *testing.T) {
	r := random(1)
	for _, typ := range types {
		if p := planOf(typ); p.form == foreign && typ.Kind() != reflect.Map {
			t.Fatalf("%s has no plan", typ)
		}
		for range 200 {
			v := reflect.New(typ)
			fill(r, v.Elem())
			want, wantErr := enc.Marshal(v.Interface())
			got, err := Marshal(v.Interface())
			if !bytes.Equal(got, want) && err == nil || (err == nil) != (wantErr == nil) {
				t.Fatalf("%+v\nis %x, %v\nwant %x, %v", v.Elem(), got, err, want, wantErr)
			}
			if byValue, _ := Marshal(v.Elem().Interface()); !bytes.Equal(byValue, got) {
				t.Fatalf("%+v is written otherwise without a pointer", v.Elem())
			}
			same(t, typ, want)
			if _, ok := new(Reader).first(want, reflect.New(typ).Interface(), true); !ok {
				t.Fatalf("%+v is left to the library to read", v.Elem())
			}
		}
	}
}

// same reads data in both ways, and fails unless they agree in what they read and
// what they refuse.
func same(t *testing.T, typ reflect.Type, data []byte) {
	t.Helper()
	want, got, first := reflect.New(typ), reflect.New(typ), reflect.New(typ)
	wantErr := error(nil)
	if len(data) > 0 {
		wantErr = dec.Unmarshal(data, want.Interface())
	}
	err := Unmarshal(bytes.Clone(data), got.Interface())
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != refused(wantErr).Error() {
		t.Fatalf("%s from %x: %v, want %v", typ, data, err, wantErr)
	}
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		a, _ := enc.Marshal(got.Interface())
		b, _ := enc.Marshal(want.Interface())
		if nan := []byte{0xf9, 0x7e, 0x00}; !bytes.Contains(b, nan) || !bytes.Equal(a, b) { // NaN is not equal to itself
			t.Fatalf("%s from %x:\n%+v\nwant\n%+v", typ, data, got.Elem(), want.Elem())
		}
	}
	if len(data) == 0 {
		return
	}
	wantRest, wantErr := dec.UnmarshalFirst(data, reflect.New(typ).Interface())
	if rest, err := Next(data, first.Interface()); (err == nil) != (wantErr == nil) || !bytes.Equal(rest, wantRest) {
		t.Fatalf("%s first of %x: %v and %x, want %v and %x", typ, data, err, rest, wantErr, wantRest)
	}
}

// TestPlan_ReadsAndRefusesAsTheLibraryDoes: whatever the bytes are, a value is read or refused
// as the library alone would, and nothing panics.
func TestPlan_ReadsAndRefusesAsTheLibraryDoes(t *testing.T) {
	r := random(2)
	for _, typ := range types {
		for range 10 {
			v := reflect.New(typ)
			fill(r, v.Elem())
			data, err := enc.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			for i := range data {
				if len(data) < 200 || r.IntN(len(data)) < 100 {
					same(t, typ, data[:i])
					same(t, typ, slices.Concat(data[:i], data[i+1:]))
					same(t, typ, slices.Concat(data[:i], []byte{odd[r.IntN(len(odd))]}, data[i+1:]))
					same(t, typ, slices.Concat(data[:i], []byte{odd[r.IntN(len(odd))]}, data[i:]))
				}
			}
			same(t, typ, append(slices.Clip(data), data...))
		}
	}
}

// odd are bytes that mean something else than those beside them: the smallest and the
// largest head of each kind, longer ones, indefinite ones and the end of those.
var odd = []byte{0x00, 0x17, 0x18, 0x19, 0x1b, 0x1c, 0x1f, 0x20, 0x3b, 0x40, 0x5b, 0x5f, 0x60, 0x7b, 0x7f, 0x80, 0x81, 0x9b, 0x9f,
	0xa0, 0xa1, 0xbb, 0xbf, 0xc0, 0xc2, 0xd8, 0xd9, 0xe0, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xff}

// TestPlan_OtherSpellings: what is well-formed and not as it is written here is read as
// the library reads it.
func TestPlan_OtherSpellings(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x81}, 20), 0x00)
	for name, data := range map[string][]byte{
		"a longer head than needed":   {0xa1, 0x04, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1},
		"a longer key than needed":    {0xa1, 0x18, 0x04, 0x01},
		"fields in another order":     {0xa2, 0x04, 0x01, 0x02, 0xf5},
		"a field twice":               {0xa2, 0x04, 0x01, 0x04, 0x02},
		"a field twice, apart":        {0xa3, 0x02, 0xf5, 0x04, 0x01, 0x02, 0xf4},
		"an unknown field":            {0xa2, 0x04, 0x01, 0x18, 0x63, 0x01},
		"an unknown field first":      {0xa2, 0x18, 0x63, 0x01, 0x04, 0x01},
		"a field by another's name":   {0xa1, 0x61, '4', 0x01},
		"a number that is too large":  {0xa1, 0x03, 0x18, 0x80},
		"a number that is too small":  {0xa1, 0x03, 0x38, 0x80},
		"the smallest of all":         {0xa1, 0x04, 0x3b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"the smallest that there is":  {0xa1, 0x04, 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"a float for a number":        {0xa1, 0x04, 0xf9, 0x3c, 0x00},
		"a number for a float":        {0xa1, 0x07, 0x01},
		"a short float":               {0xa1, 0x07, 0xf9, 0x3c, 0x00},
		"null for a number":           {0xa1, 0x04, 0xf6},
		"undefined for a list":        {0xa1, 0x0c, 0xf7},
		"a tag":                       {0xa1, 0x04, 0xc1, 0x01},
		"a big number":                {0xa1, 0x04, 0xc2, 0x41, 0x01},
		"bytes for text":              {0xa1, 0x09, 0x41, 'a'},
		"text for bytes":              {0xa1, 0x0a, 0x61, 'a'},
		"a list of numbers for bytes": {0xa1, 0x0a, 0x81, 0x01},
		"text that is not UTF-8":      {0xa1, 0x09, 0x61, 0xff},
		"text without an end":         {0xa1, 0x09, 0x7f, 0x61, 'a', 0xff},
		"more text than there is":     {0xa1, 0x09, 0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"more elements than allowed":  append([]byte{0xa1, 0x0c, 0x99, 0x10, 0x01}, bytes.Repeat([]byte{0x60}, 0x1001)...),
		"as many as allowed":          append([]byte{0xa1, 0x0c, 0x99, 0x10, 0x00}, bytes.Repeat([]byte{0x60}, 0x1000)...),
		"more elements than bytes":    {0xa1, 0x0c, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0},
		"an array that is too short":  {0xa1, 0x11, 0x81, 0x01},
		"an array that is too long":   {0xa1, 0x11, 0x83, 0x01, 0x02, 0x03},
		"a map for an array":          {0xa1, 0x11, 0xa0},
		"nesting":                     append([]byte{0xa1, 0x13, 0xa1, 0x61, 'k'}, deep...),
		"a time that is a number":     {0xa1, 0x0f, 0xa1, 0x64, 'w', 'h', 'e', 'n', 0x00},
		"a time that is none":         {0xa1, 0x0f, 0xa1, 0x64, 'w', 'h', 'e', 'n', 0x61, 'x'},
		"a name in capitals":          {0xa1, 0x0f, 0xa1, 0x64, 'W', 'H', 'E', 'N', 0xf6},
		"an address that is none":     {0xa1, 0x0f, 0xa1, 0x64, 'A', 'd', 'd', 'r', 0x41, 0x01},
		"two values":                  {0xa0, 0xa0},
		"nothing of a value":          {0x1b},
	} {
		t.Run(name, func(t *testing.T) { same(t, reflect.TypeFor[branch](), data) })
	}
	if err := Unmarshal([]byte{0xa1, 0x18, 0x63, 0x01}, new(branch)); !errors.Is(err, ErrNewer) {
		t.Errorf("an unknown field: %v", err)
	}
}

// FuzzUnmarshal feeds the reader with anything, beside the library.
func FuzzUnmarshal(f *testing.F) {
	r := random(3)
	for i, typ := range types {
		v := reflect.New(typ)
		for v.Elem().IsZero() {
			fill(r, v.Elem())
		}
		data, err := enc.Marshal(v.Interface())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data)
	}
	f.Fuzz(func(t *testing.T, i uint8, data []byte) { same(t, types[int(i)%len(types)], data) })
}

// TestReader_SharesMemoryWithoutHarm: what is read may be appended to, and stays what it
// is when more is read.
func TestReader_SharesMemoryWithoutHarm(t *testing.T) {
	want := branch{Text: "one", Data: []byte("two"), Bare: []byte("three"), List: []string{"four", strings.Repeat("five", 200), "six"}}
	data, err := Marshal(&want)
	if err != nil {
		t.Fatal(err)
	}
	var r Reader
	got := make([]branch, 20)
	for i := range got {
		if err := r.Unmarshal(data, &got[i]); err != nil {
			t.Fatal(err)
		}
		_ = append(got[i].Data, "XXXXXXXX"...)
	}
	for i := range got {
		if !reflect.DeepEqual(got[i].List, want.List) || got[i].Text != "one" || string(got[i].Bare) != "three" {
			t.Errorf("the %d. is %+v", i+1, got[i])
		}
	}
}
