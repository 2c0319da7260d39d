package mfa

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/mfakit/mfa/internal/codec"
)

// TestStored_WrittenAsTheLibraryWrites: what is stored is what the library makes of it,
// for any value of any field, and is read as the library reads it: so it can be read
// by whatever was built before or comes after.
func TestStored_WrittenAsTheLibraryWrites(t *testing.T) {
	enc, err := cbor.EncOptions{Sort: cbor.SortNone, Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, stored := range []any{head{}, []enrollment{}, []flow{}, []pending{}, []device{}, []Event{}, map[string][]byte{}, entry{}, flowBody{}, claim{}, count{}} {
		typ := reflect.TypeOf(stored)
		for full := range 300 {
			v := reflect.New(typ)
			fillStored(r, v.Elem(), full < 3)
			want, err := enc.Marshal(v.Interface())
			if err != nil {
				t.Fatal(err)
			}
			got, err := codec.Marshal(v.Interface())
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %+v\nis %x, %v\nwant %x", typ, v.Elem(), got, err, want)
			}
			read, library := reflect.New(typ), reflect.New(typ)
			if err := codec.Unmarshal(want, read.Interface()); err != nil {
				t.Fatalf("%s: %v", typ, err)
			}
			if err := cbor.Unmarshal(want, library.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(read.Interface(), library.Interface()) {
				t.Fatalf("%s from %x:\n%+v\nwant\n%+v", typ, want, read.Elem(), library.Elem())
			}
		}
	}
}

// fillStored gives a part of all fields a value, or each of them.
func fillStored(r *rand.Rand, v reflect.Value, all bool) {
	if !v.CanSet() || !all && r.IntN(2) == 0 {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(r.Int64N(1<<33), r.Int64N(2)*r.Int64N(1e9)).UTC()
		return
	case *netip.Addr:
		*x = netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, r.Uint32())))
		return
	}
	n := r.Uint64() >> r.IntN(64)
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(n >> (64 - v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat(float64(n) / 3)
	case reflect.String:
		v.SetString("äöü and more, 0123456789 abcdefghijklmnopqrstuvwxyz"[:6+n%45])
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+int(n%4), 4))
		for i := range v.Len() {
			fillStored(r, v.Index(i), all)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillStored(r, v.Elem(), all)
	case reflect.Map: // of one entry: the library writes them in any order
		value := reflect.New(v.Type().Elem()).Elem()
		fillStored(r, value, all)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Struct:
		for i := range v.NumField() {
			fillStored(r, v.Field(i), all)
		}
	default:
		panic(v.Kind()) // a field of a new kind: say what to fill it with
	}
}

// TestStored_HistoryIsTheSameWithoutASave: several events of one try are kept as they are
// when each is saved by itself, however many there are.
func TestStored_HistoryIsTheSameWithoutASave(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	types := []EventType{EventFailed, EventFlowPassed, EventFailed, EventEnrolled, EventVerified, EventRemoved}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		atOnce, oneByOne := &state{user: "u", now: now}, &state{user: "u", now: now}
		for i := range 200 {
			ev := Event{ID: newID(), Time: now.Add(time.Duration(i) * time.Minute), Type: types[r.IntN(len(types))], Method: "totp",
				UserAgent: fmt.Sprint("browser ", r.IntN(2))}
			if err := errors.Join(atOnce.record(ev), oneByOne.record(ev)); err != nil {
				t.Fatal(err)
			}
			if r.IntN(40) == 0 { // in the middle of a try
				for _, st := range []*state{atOnce, oneByOne} {
					list, err := st.history()
					if err != nil || st.setHistory(list[1:]) != nil {
						t.Fatal(err)
					}
				}
			}
			data, err := oneByOne.encode(nil)
			if err != nil {
				t.Fatal(err)
			}
			if oneByOne, err = decodeState("u", 1, data, now); err != nil {
				t.Fatal(err)
			}
			want, err := oneByOne.activity()
			got, err2 := atOnce.activity()
			if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d events:\n%+v, %v\nwant\n%+v, %v", i+1, got, err2, want, err)
			}
		}
	}
}

func TestStored_NeverLargerThanTheLimit(t *testing.T) {
	st := &state{user: "u", factors: map[string][]byte{"m": make([]byte, maxUserValue-1000)}}
	st.touch(secFactors)
	if _, err := st.encode(nil); err != nil {
		t.Errorf("below the limit: %v", err)
	}
	st.factors["n"] = make([]byte, 1000)
	if _, err := st.encode(make([]byte, 100)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above it: %v", err)
	}
}
