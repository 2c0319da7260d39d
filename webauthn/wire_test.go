package webauthn

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

func TestJSONIsReadExactly(t *testing.T) {
	tests := map[string]bool{
		`{}`: true, ` { "a" : 1 } `: true, `{"a":{"b":[{"c":null}]},"d":[]}`: true,
		`{"a":-0.5e+10,"b":0,"c":true,"d":false}`: true, `{"a":"\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t"}`: true,
		`{"a":1,"A":2}`: true, // two names
		`{"":1}`:        true,

		``: false, `null`: false, `[]`: false, `"a"`: false, `{`: false, `}`: false, `{}}`: false, `{} {}`: false,
		`{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false, `{,}`: false, `{a:1}`: false, `{'a':1}`: false,
		`{"a":1 "b":2}`: false, `{"a":[1,]}`: false, `{"a":[1 2]}`: false, `{"a":[}`: false,
		`{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `{"x":{"a":1,"a":1}}`: false, `{"x":[{"a":1,"a":1}]}`: false,
		`{"a":01}`: false, `{"a":+1}`: false, `{"a":.5}`: false, `{"a":1.}`: false, `{"a":1e}`: false, `{"a":--1}`: false, `{"a":NaN}`: false, `{"a":0x1}`: false,
		`{"a":tru}`: false, `{"a":nul}`: false, `{"a":True}`: false,
		"{\"a\":\"\n\"}": false, "{\"a\":\"\xff\"}": false, "{\"a\":\"\xc0\xb0\"}": false, `{"a":"\x41"}`: false, `{"a":"\u12"}`: false, `{"a":"\u+123"}`: false, `{"a":"`: false, `{"a":"\`: false,
		`{"a":"\ud83d"}`: false, `{"a":"\ude00"}`: false, `{"a":"\ud83dx"}`: false, `{"a":"\ud83d\u0041"}`: false,
		"\ufeff{}": false, "{}\x00": false, "{\u00a0}": false,
		strings.Repeat(`{"a":`, maxJSONDepth-1) + "1" + strings.Repeat("}", maxJSONDepth-1): true,
		strings.Repeat(`{"a":`, maxJSONDepth+1) + "1" + strings.Repeat("}", maxJSONDepth+1): false,
		`{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}":               false,
		`{"a":` + strings.Repeat("[", 60000):                                                false,
	}
	for in, ok := range tests {
		if _, err := readObject([]byte(in)); (err == nil) != ok {
			t.Errorf("%.80q: %v", in, err)
		}
		if ok && !json.Valid([]byte(in)) {
			t.Errorf("%q is no JSON: the test is wrong", in)
		}
	}
	many := make(map[string]int)
	for i := range maxJSONMembers + 1 {
		many[strings.Repeat("a", i)] = i
	}
	if _, err := readObject(toJSON(t, many)); err == nil {
		t.Error("an object of more members than the bound")
	}
}

func TestJSONText(t *testing.T) {
	for _, in := range []string{`"a\u00e9\ud83d\ude00\"\\\/\b\f\n\r\tz"`, `"é😀"`, `""`, `"\u0000"`} {
		var want string
		if err := json.Unmarshal([]byte(in), &want); err != nil {
			t.Fatal(err)
		}
		if got, err := text([]byte(in)); err != nil || got != want {
			t.Errorf("%s reads as %q, %v", in, got, err)
		}
	}
	for _, in := range []string{``, `a`, `1`, `null`, `"a" `, `"a""b"`} {
		if _, err := text([]byte(in)); err == nil {
			t.Errorf("%q is a string", in)
		}
	}
}

// FuzzReadObject holds the reader to the standard one: it reads nothing that is no JSON.
func FuzzReadObject(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\ud83d\ude00"}],"c":-1.5e3}`, `{"a":1,"a":2}`, `{"a":"\u00`, `{"x":true,"y":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		members, err := readObject(data)
		if err != nil {
			return
		}
		var std map[string]json.RawMessage
		if err := json.Unmarshal(data, &std); err != nil || len(std) != len(members) {
			t.Fatalf("%q has %d members here, %d and %v there", data, len(members), len(std), err)
		}
		for _, m := range members {
			if string(std[m.name]) != string(m.value) {
				t.Fatalf("%q: member %q differs", data, m.name)
			}
		}
	})
}

func TestBase64HasOneSpelling(t *testing.T) {
	for in, ok := range map[string]bool{
		`"AQI"`: true, `""`: true, `"_-8"`: true, `"\u0041QI"`: true,
		`"AQI="`: false, `"AQJ"`: false, `"A"`: false, `"+/8"`: false, `"AQ\nI"`: false, `"AQ\r\nI"`: false, `" AQI"`: false, `"AQI "`: false,
		`"AQIDBA"`: false, `null`: false, `1`: false, `["AQI"]`: false,
	} {
		if _, err := decode([]byte(in), 3); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestCBORIsCanonical(t *testing.T) {
	tests := map[string]bool{
		"00": true, "17": true, "1818": true, "190100": true, "1a00010000": true, "1b0000000100000000": true, "20": true, "3818": true,
		"40": true, "4101": true, "60": true, "6161": true, "80": true, "8101": true, "a0": true, "a10102": true, "f4": true, "f5": true, "f6": true,
		"f93e00": true, "fa47c35000": true, "fb3ff199999999999a": true,
		"a201020302": true, "a2010220f5": true, "a2206161616101": true, "a26161016162f5": true, "a261620162616101": true,

		"":                   false,
		"3b7fffffffffffffff": true, "3b8000000000000000": false, "a13bffffffffffffffff00": false, "1bffffffffffffffff": true,
		"1817": false, "1900ff": false, "1a0000ffff": false, "1b00000000ffffffff": false, "5800": false, "580101": false, "7800": false, "9800": false, "b800": false,
		"18": false, "19": false, "1901": false, "1c": false, "1f": false,
		"5f4101ff": false, "7f6161ff": false, "9f01ff": false, "bf0102ff": false, "ff": false,
		"41": false, "61": false, "81": false, "a1": false, "a101": false,
		"61ff": false, "62c0b0": false,
		"c000": false, "c24101": false, "d9d9f700": false,
		"f7": false, "e0": false, "f820": false, "f8ff": false, "f97e": false,
		"a203020102": false, "a220f50102": false, "a2616201616101": false, "a262616101616201": false, "a201020103": false, "a2616101616102": false,
		"a1410102": false, "a1800102": false, "a1a00102": false, "a1f501": false, "a1f93e0001": false,
		"5bffffffffffffffff": false, "7bffffffffffffffff": false, "9bffffffffffffffff": false, "bbffffffffffffffff": false,
		"9a7fffffff": false, "ba7fffffff": false, "bb8000000000000000": false,
		strings.Repeat("81", maxCBORDepth) + "00":                          true,
		strings.Repeat("81", maxCBORDepth+1) + "00":                        false,
		strings.Repeat("81", 1000) + "00":                                  false,
		"98" + hex.EncodeToString([]byte{200}) + strings.Repeat("00", 200): true,
		"990200" + strings.Repeat("00", 512):                               false, // more than maxCBORItems
	}
	for in, ok := range tests {
		data, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		n, err := readItem(data)
		if (err == nil) != ok || ok && n != len(data) {
			t.Errorf("%.60s: %d of %d, %v", in, n, len(data), err)
		}
	}
	if n, err := readItem([]byte{0xa1, 0x01, 0x02, 0x03}); n != 3 || err != nil {
		t.Errorf("of an item and one byte: %d, %v", n, err)
	}
	if _, _, err := readMap([]byte{0x81, 0x00}); err == nil {
		t.Error("an array is a map")
	}
}

// FuzzReadItem: what is accepted, a decoder reads too, in the same length, and
// writes the same.
func FuzzReadItem(f *testing.F) {
	for _, s := range []string{"a5010203262001215820", "a363666d74646e6f6e65", "a16168f5", "818181818100", "5bffffffffffffffff", "a201020302"} {
		data, _ := hex.DecodeString(s)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := readItem(data)
		if err != nil {
			return
		}
		var v any
		if m, err := webauthncbor.UnmarshalFirst(data, &v); err != nil || m != n {
			t.Fatalf("%x: %d here, %d and %v there", data, n, m, err)
		}
	})
}

func TestTextKeys(t *testing.T) {
	if got := textKeys([]byte{0xa2, 0x61, 'a', 0x01, 0x61, 'b', 0x80}); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("keys %q", got)
	}
	if got := textKeys([]byte{0xa1, 0x01, 0x01}); got != nil {
		t.Errorf("keys %q", got)
	}
}

func TestClientData(t *testing.T) {
	const usual = `"type":"webauthn.get","challenge":"AA","origin":"https://example.com"`
	for in, ok := range map[string]bool{
		`{` + usual + `}`: true, "\ufeff{" + usual + "}": true, `{` + usual + `,"tokenBinding":{"status":"?"}}`: true,
		`{` + usual + `,"crossOrigin":true,"topOrigin":"https://a.test"}`: true, `{` + usual + `,"new_keys_may_be_added_here":"…"}`: true,
		`{` + usual + `,"crossOrigin":"true"}`: false, `{` + usual + `,"crossOrigin":null}`: false, `{` + usual + `,"crossOrigin":1}`: false,
		`{` + usual + `,"topOrigin":null}`: false, `{` + usual + `,"topOrigin":""}`: false, `{` + usual + `,"origin":"https://example.com"}`: false,
		`{"Type":"webauthn.get","challenge":"AA","origin":"https://example.com"}`: false, `{"type":1,"challenge":"AA","origin":"o"}`: false,
		`{"type":"webauthn.get","origin":"https://example.com"}`: false, "\ufeff\ufeff{" + usual + "}": false, ``: false,
	} {
		if _, err := readClientData([]byte(in)); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestKeys(t *testing.T) {
	k := &testKey{private: newPrivate(t)}
	good := k.public(t)
	if a, err := readKey(good); a != -7 || err != nil {
		t.Errorf("%d, %v", a, err)
	}
	change := func(at int, b byte) []byte {
		c := append([]byte{}, good...)
		c[at] = b
		return c
	}
	for name, key := range map[string][]byte{
		"off its curve":     change(20, good[20]^1),
		"another curve":     change(6, 0x02),
		"another algorithm": change(4, 0x27),
		"another kind":      change(2, 0x01),
		"ESP256":            change(4, 0x28), // the same by a newer number, which nobody is asked for
		"a member more":     append(append([]byte{0xa6, 0x01, 0x02, 0x02, 0x41, 0x00}, good[3:]...), []byte{}...),
		"a byte more":       append(append([]byte{}, good...), 0),
		"half":              good[:40],
		"nothing":           nil,
	} {
		if _, err := readKey(key); err == nil {
			t.Errorf("%s is a key", name)
		}
	}
}

// rsaKey is a COSE_Key for RS256.
func rsaKey(modulus, exponent []byte) []byte {
	return slices.Concat([]byte{0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20}, cborString(cborBytes, string(modulus)),
		[]byte{0x21}, cborString(cborBytes, string(exponent)))
}

func TestRSAKeysWithinBounds(t *testing.T) {
	full := func(n int) []byte { return bytes.Repeat([]byte{0xff}, n) }
	usual := []byte{1, 0, 1}
	for name, c := range map[string]struct {
		modulus, exponent []byte
		ok                bool
	}{
		"2048 bits":      {full(256), usual, true},
		"8192 bits":      {full(1024), usual, true},
		"exponent 3":     {full(256), []byte{3}, true},
		"2040 bits":      {full(255), usual, false},
		"8200 bits":      {full(1025), usual, false},
		"a leading zero": {append([]byte{0}, full(256)...), usual, false},
		"even exponent":  {full(256), []byte{1, 0, 2}, false},
		"exponent 1":     {full(256), []byte{1}, false},
		"large exponent": {full(256), []byte{1, 0, 0, 0, 1}, false},
		"no exponent":    {full(256), nil, false},
		"no modulus":     {nil, usual, false},
	} {
		if _, err := readKey(rsaKey(c.modulus, c.exponent)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEdwards25519 takes points of RFC 8032 §7.1, and half of all other numbers.
func TestEdwards25519(t *testing.T) {
	for _, s := range []string{
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	} {
		point, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if !onEdwards25519(point) {
			t.Errorf("%s is not on the curve", s)
		}
	}
	on := 0
	for i := range 256 {
		point := make([]byte, 32)
		point[0] = byte(i)
		if onEdwards25519(point) {
			on++
		}
	}
	if on < 96 || on > 160 {
		t.Errorf("%d of 256 numbers are on the curve", on)
	}
	if over := []byte(strings.Repeat("\xff", 32)); onEdwards25519(over) || onEdwards25519(over[1:]) {
		t.Error("what is no coordinate is on the curve")
	}
}
