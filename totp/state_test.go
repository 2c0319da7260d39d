package totp

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestState_IsPackageJSONs: a state is written as package json writes it, and any bytes
// are read, or refused, as package json would.
func TestState_IsPackageJSONs(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	odd := []byte(`"\{}[],:0123456789+-.eE aA=ntf` + "\n\x00\xc3\xa9\xff")
	for range 40 {
		s := randomState(r)
		if r.IntN(3) > 0 {
			s.LastStep = r.Int64() >> r.IntN(63)
		}
		want, err := json.Marshal(s)
		if got := s.encode(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("is %s\nwant %s", got, want)
		}
		if read, ok := decodeUsual(want); s.LastStep != 0 && (!ok || read != s) {
			t.Errorf("%s is left to package json to read", want)
		}
		sameAsJSON(t, want)
		for i := range want {
			sameAsJSON(t, want[:i])
			sameAsJSON(t, slices.Concat(want[:i], want[i+1:]))
			b := odd[r.IntN(len(odd))]
			sameAsJSON(t, slices.Concat(want[:i], []byte{b}, want[i:]))
			sameAsJSON(t, slices.Concat(want[:i], []byte{b}, want[i+1:]))
		}
	}
	for _, text := range []string{
		`{"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":1,"last_step":2}`,
		`{"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":1,"x":2}`,
		`{"secret":"MFRGG","algorithm":"SHA1","digits":+6,"period":30,"last_step":1}`,
		`{"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":030,"last_step":1}`,
		`{"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":-1}`,
		`{"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":9223372036854775808}`,
		`{"secret":"\u004dFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":1}`,
		`{"secret":"","algorithm":"SHA1","digits":6,"period":30,"last_step":1}`,
		`{"secret":"MFRGG","algorithm":"\u0053HA1","digits":6,"period":30,"last_step":1}`,
		`{"secret":"MFRGG","algorithm":"MD5","digits":6,"period":30,"last_step":1}`,
		` {"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30,"last_step":1}`,
		`{"last_step":1,"secret":"MFRGG","algorithm":"SHA1","digits":6,"period":30}`,
		``, `null`, `{}`, `[]`,
	} {
		sameAsJSON(t, []byte(text))
	}
}

func sameAsJSON(t *testing.T, data []byte) {
	t.Helper()
	var want State
	ok := len(data) <= maxStateBytes && json.Unmarshal(data, &want) == nil && want.Secret != "" && want.LastStep >= 0 &&
		checkParameters(want.Algorithm, want.Digits, want.Period) == nil
	got, err := decodeState(data)
	if (err == nil) != ok || ok && got != want {
		t.Fatalf("%q is %#v, %v, want %#v, %t", data, stateOf(got), err, stateOf(want), ok)
	}
}

// stateOf is a state whose fields can be printed.
func stateOf(s State) any {
	return struct {
		Secret, Algorithm string
		Digits, Period    int
		LastStep          int64
	}{s.Secret, string(s.Algorithm), s.Digits, s.Period, s.LastStep}
}
