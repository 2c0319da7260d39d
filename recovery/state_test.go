package recovery

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestL02_SaltsAreDistinct(t *testing.T) {
	f := cheap(t)
	salts, hashes := map[string]bool{}, map[string]bool{}
	for range 200 {
		_, state := enroll(t, f, "set1")
		s := decode(t, state)
		if len(s.Salt) != 32 {
			t.Fatalf("salt of %d bytes", len(s.Salt))
		}
		salts[string(s.Salt)] = true
		for _, h := range s.Hashes {
			hashes[string(h)] = true
		}
	}
	if len(salts) != 200 || len(hashes) != 2000 {
		t.Errorf("%d salts, %d hashes", len(salts), len(hashes))
	}
}

func TestL02_SetsCostWhatOWASPSays(t *testing.T) {
	f, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	codes, state := enroll(t, f, "set1")
	s := decode(t, state)
	if s.Argon2id != (Argon2id{Time: 2, Memory: 19456, Threads: 1}) {
		t.Errorf("%+v", s.Argon2id)
	}
	if _, err := guess(f, state, codes[5], nil); err != nil {
		t.Error(err)
	}
	if len(state) > 700 {
		t.Errorf("state of %d bytes", len(state))
	}
}

// TestL02_CostIsOfTheState: what new sets cost can change while old ones are about.
func TestL02_CostIsOfTheState(t *testing.T) {
	old := cheap(t)
	codes, state := enroll(t, old, "set1")
	now := cheap(t)
	now.cost.Memory *= 2
	v, err := guess(now, state, codes[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, v.State).Argon2id; got != old.cost {
		t.Errorf("the cost became %+v", got)
	}
}

func TestC20_NoCodeInStateAndNoStateInPrint(t *testing.T) {
	codes, state := enroll(t, cheap(t), "set1")
	for _, c := range codes {
		n, err := parseCode(c)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := encoding.DecodeString(string(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{c, string(n), string(raw), hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString([]byte(n))} {
			if bytes.Contains(state, []byte(strings.TrimRight(form, "="))) {
				t.Error("a code is in the state")
			}
		}
	}

	s := decode(t, state)
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %t"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", struct{ S State }{s})
		fmt.Fprintf(&out, verb+"\n", []State{s})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("state", "state", s, "pointer", &s)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("state", "state", s, "pointer", &s)
	for _, b := range append([][]byte{s.Salt}, s.Hashes...) {
		for name, form := range map[string]string{
			"raw":         string(b),
			"hexadecimal": hex.EncodeToString(b),
			"Go":          strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"),
			"decimal":     strings.Trim(fmt.Sprint(b), "[]"),
			"base64":      base64.StdEncoding.EncodeToString(b),
		} {
			if strings.Contains(out.String(), form) {
				t.Errorf("salt or hash was printed as %s", name)
			}
		}
	}
	if !strings.Contains(out.String(), "recovery.State(10 of 10 left)") {
		t.Error("nothing useful was printed")
	}
}

func TestC20_ErrorsDoNotRepeatTheAnswer(t *testing.T) {
	f := cheap(t)
	_, state := enroll(t, f, "set1")
	for _, typed := range []string{"canary", "canarycanarycanary", "c4n4-c4n4-c4n4-c4n4", strings.Repeat("canary", 30)} {
		_, err := guess(f, state, typed, nil)
		if err == nil || strings.Contains(err.Error(), "c4n4") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q", err)
		}
	}
	_, err := guess(f, []byte(`{"canary":`), "0123456789abcdef", nil)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%q", err)
	}
}

func TestC18_StatesThatAreRefused(t *testing.T) {
	_, state := enroll(t, cheap(t), "set1")
	change := func(edit func(*State)) []byte {
		s := decode(t, state)
		edit(&s)
		return s.encode()
	}
	for name, b := range map[string][]byte{
		"nothing":           nil,
		"null":              []byte("null"),
		"empty object":      []byte("{}"),
		"not JSON":          []byte("x"),
		"unknown member":    bytes.Replace(state, []byte("{"), []byte(`{"more":1,`), 1),
		"something after":   append(bytes.Clone(state), "{}"...),
		"no passes":         change(func(s *State) { s.Argon2id.Time = 0 }),
		"endless passes":    change(func(s *State) { s.Argon2id.Time = 17 }),
		"no lanes":          change(func(s *State) { s.Argon2id.Threads = 0 }),
		"too many lanes":    change(func(s *State) { s.Argon2id.Threads = 17 }),
		"no memory":         change(func(s *State) { s.Argon2id.Memory = 0 }),
		"little memory":     change(func(s *State) { s.Argon2id.Memory, s.Argon2id.Threads = 15, 2 }),
		"all of the memory": change(func(s *State) { s.Argon2id.Memory = 1 << 31 }),
		"no salt":           change(func(s *State) { s.Salt = nil }),
		"short salt":        change(func(s *State) { s.Salt = s.Salt[1:] }),
		"short hash":        change(func(s *State) { s.Hashes[3] = s.Hashes[3][1:] }),
		"empty hash":        change(func(s *State) { s.Hashes[3] = nil }),
		"more than total":   change(func(s *State) { s.Total = 9 }),
		"total of none":     change(func(s *State) { s.Total, s.Hashes = 0, nil }),
		"too many":          change(func(s *State) { s.Total = 33 }),
	} {
		if _, err := parseState(b); err == nil || !strings.HasPrefix(err.Error(), "recovery: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseState(change(func(s *State) { s.Hashes = nil })); err != nil {
		t.Errorf("a set of which none is left: %v", err)
	}
}

func TestStateIsDocumentedJSON(t *testing.T) {
	_, state := enroll(t, cheap(t), "set1")
	var m map[string]json.RawMessage
	if err := json.Unmarshal(state, &m); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"argon2id", "salt", "hashes", "total"} {
		if m[name] == nil {
			t.Errorf("no member %q", name)
		}
	}
	if len(m) != 4 {
		t.Errorf("%d members", len(m))
	}
}

// FuzzState: no stored bytes make it panic, cost more than the bounds, or change when they are written back.
func FuzzState(f *testing.F) {
	_, state := enroll(f, cheap(f), "set1")
	f.Add(state)
	f.Add([]byte(`{"argon2id":{"t":1,"m":8,"p":1},"salt":"AAAA","hashes":[],"total":10}`))
	f.Add([]byte(`{"total":-1}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		if s.Argon2id.Memory > 256*1024 || s.Argon2id.Time > 16 || len(s.Hashes) > 32 {
			t.Error("out of bounds")
		}
		again, err := parseState(s.encode())
		if err != nil || !bytes.Equal(again.encode(), s.encode()) {
			t.Errorf("written and read back: %v", err)
		}
	})
}
