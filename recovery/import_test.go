package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/mfakit/mfa"
)

func load(f *Factor, v any, slow mfa.SlowFunc) (mfa.Step, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return mfa.Step{}, err
	}
	return f.Enroll(context.Background(), mfa.EnrollRequest{ID: "set1", Params: mfa.EnrollParams{Import: b}, Slow: slow})
}

// hashed are codes as another program keeps them.
func hashed(t testing.TB, cost int, codes ...string) []string {
	t.Helper()
	var out []string
	for _, c := range codes {
		h, err := bcrypt.GenerateFromPassword([]byte(c), cost)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(h))
	}
	return out
}

func TestC17_FormsOfCodesFromElsewhere(t *testing.T) {
	for name, c := range map[string]struct{ form, typed, want string }{
		"as shown":             {"xxxxx-xxxxx", "abd34-1b24d", "abd34-1b24d"},
		"without the hyphen":   {"xxxxx-xxxxx", "abd341b24d", "abd34-1b24d"},
		"capitals and spaces":  {"xxxxx-xxxxx", " ABD34 1B24D ", "abd34-1b24d"},
		"one short":            {"xxxxx-xxxxx", "abd34-1b24", ""},
		"one over":             {"xxxxx-xxxxx", "abd34-1b24de", ""},
		"case kept":            {"XXXX-XX", "aB3c-D4", "aB3c-D4"},
		"digits":               {"99999999", "0123 4567", "01234567"},
		"letter among digits":  {"99999999", "0123456a", ""},
		"free":                 {"*", "QwErTy-12", "qwerty12"},
		"free, too short":      {"*", "a-b-c-d-e", ""},
		"free, longest":        {"*", strings.Repeat("a", 64), strings.Repeat("a", 64)},
		"free, too long":       {"*", strings.Repeat("a", 65), ""},
		"underscore":           {"*", "abc_def", ""},
		"other script":         {"*", "abcdef٣", ""},
		"Kelvin sign":          {"*", "\u212aabcdef", ""},
		"tab":                  {"*", "abc\tdef", ""},
		"NUL":                  {"*", "abcdef\x00", ""},
		"empty":                {"*", "", ""},
		"more than any answer": {"*", "abcdef" + strings.Repeat(" ", 123), ""},
	} {
		got, err := parseForm(c.form, c.typed)
		if string(got) != c.want || (c.want == "") != errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(c.typed) > 3 && strings.Contains(err.Error(), c.typed[:4]) {
			t.Errorf("%s: the error repeats the answer", name)
		}
	}
	for form, ok := range map[string]bool{
		"*": true, "xxxxxx": true, "9-9-9-9-9-9": true, strings.Repeat("X", 64): true,
		"": false, "**": false, "xxxxx": false, "------": false, "abcdef": false, "xxx xxx": false,
		strings.Repeat("X", 65): false, "xxxxxx" + strings.Repeat("-", 70): false,
	} {
		if err := checkForm(form); (err == nil) != ok {
			t.Errorf("form %q: %v", form, err)
		}
	}
}

// TestL03_CodesFromElsewhereWorkOnce: whether they were kept in the clear or in bcrypt.
func TestL03_CodesFromElsewhereWorkOnce(t *testing.T) {
	f := cheap(t)
	codes := []string{"abd34-1b24d", "zzzzz-00000", "kkkkk-12345"}
	kept := hashed(t, bcrypt.MinCost, codes...)
	kept[1] = "$2b" + kept[1][3:] // the names that Python and PHP give to the same
	kept[2] = "$2y" + kept[2][3:]
	for name, set := range map[string]any{
		"plain":  Plain{Codes: codes, Form: "xxxxx-xxxxx"},
		"bcrypt": State{Bcrypt: kept, Form: "xxxxx-xxxxx", Total: 10},
	} {
		t.Run(name, func(t *testing.T) {
			step, err := load(f, set, nil)
			if err != nil || step.Codes != nil || step.Done == nil || step.Done.Remaining != 3 || step.Done.AMR != nil {
				t.Fatalf("%v", err)
			}
			state := step.Done.State
			for i, c := range []string{"KKKKK 12345", "abd341b24d", "zzzzz-00000"} {
				v, err := guess(f, state, c, nil)
				if err != nil || v.Remaining != 2-i || v.EnrollmentID != "set1" {
					t.Fatalf("code %d: %v", i, err)
				}
				state = v.State
				if _, err := guess(f, state, c, nil); !errors.Is(err, mfa.ErrNotValid) {
					t.Errorf("code %d, spent: %v", i, err)
				}
			}
			if _, err := guess(f, state, "xxxxx-xxxxx", nil); !errors.Is(err, mfa.ErrNotValid) {
				t.Errorf("no codes left: %v", err)
			}
		})
	}
}

func TestL02_PlainCodesAreDigestedAtOurCost(t *testing.T) {
	f := cheap(t)
	p := Plain{Codes: []string{"01234567", "0123-4567", "89012345"}, Form: FreeForm}
	var r request
	first, err := load(f, p, r.slow)
	if err != nil {
		t.Fatal(err)
	}
	s := decode(t, first.Done.State)
	if s.Argon2id != f.cost || len(s.Salt) != 32 || len(s.Hashes) != 2 || s.Total != 2 || s.Bcrypt != nil || s.Form != FreeForm {
		t.Errorf("%d hashes of cost %+v", len(s.Hashes), s.Argon2id)
	}
	if strings.Contains(string(first.Done.State), "0123") {
		t.Error("a code is in the state")
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	// The engine calls again when its save finds a conflict, with another identifier.
	again, err := f.Enroll(context.Background(), mfa.EnrollRequest{ID: "set2", Params: mfa.EnrollParams{Import: b}, Slow: r.slow})
	if err != nil || string(again.Done.State) != string(first.Done.State) || len(r.names) != 1 {
		t.Errorf("%d places for one request, %v", len(r.names), err)
	}
	other, err := load(f, p, nil)
	if err != nil || string(decode(t, other.Done.State).Salt) == string(s.Salt) {
		t.Error("two sets have one salt")
	}
}

// TestL07_BcryptGuessIsBounded: one place under the engine's bound, once per
// request, and none for what cannot be a code; and no set that costs more than the bound.
func TestL07_BcryptGuessIsBounded(t *testing.T) {
	f := cheap(t)
	codes := []string{"abd34-1b24d", "zzzzz-00000"}
	step, err := load(f, State{Bcrypt: hashed(t, bcrypt.MinCost, codes...), Form: "xxxxx-xxxxx", Total: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		typed string
		want  int
	}{
		"right": {codes[1], 1}, "wrong": {"abd34-1b24e", 1},
		"a code of ours": {"0123-4567-89ab-cdef", 0}, "malformed": {"abd34-1b24", 0},
	} {
		var r request
		for range 5 {
			_, _ = guess(f, step.Done.State, c.typed, r.slow)
		}
		if len(r.names) != c.want {
			t.Errorf("%s: %d places", name, len(r.names))
		}
		for _, n := range r.names {
			if strings.Contains(n, strings.ReplaceAll(c.typed, "-", "")) {
				t.Errorf("%s: the name holds the code", name)
			}
		}
	}

	const tail = "$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
	for name, c := range map[string]struct {
		n, cost int
		ok      bool
	}{
		"sixteen of cost 10": {16, 10, true}, "seventeen": {17, 10, false},
		"four of cost 12": {4, 12, true}, "five": {5, 12, false}, "one of cost 14": {1, 14, true},
		"one of cost 15": {1, 15, false}, "the highest": {1, 31, false}, "none": {1, 3, false}, "beyond": {1, 99, false},
	} {
		s := State{Form: "99999999", Total: c.n, Bcrypt: slices.Repeat([]string{fmt.Sprintf("$2b$%02d%s", c.cost, tail)}, c.n)}
		if _, err := load(f, s, nil); (err == nil) != c.ok || err != nil && !errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestL07_BcryptGuessEndsWithItsRequest(t *testing.T) {
	f := cheap(t)
	step, err := load(f, State{Bcrypt: hashed(t, bcrypt.MinCost, "abd34-1b24d"), Form: "xxxxx-xxxxx", Total: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := mfa.VerifyRequest{Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "set1", State: step.Done.State}}}
	r.Answer.Code = "abd34-1b24d"
	if _, err := f.Verify(ctx, r); !errors.Is(err, context.Canceled) || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("%v", err)
	}
}

func TestC18_ImportsThatAreRefused(t *testing.T) {
	f := cheap(t)
	good := hashed(t, bcrypt.MinCost, "abd34-1b24d")
	for name, v := range map[string]any{
		"null":                nil,
		"list":                []string{"canary1"},
		"no codes":            Plain{Codes: []string{}, Form: "*"},
		"no form":             Plain{Codes: []string{"canary1"}},
		"bad form":            Plain{Codes: []string{"canary1"}, Form: "canary"},
		"code of another":     Plain{Codes: []string{"canary1"}, Form: "99999999"},
		"empty code":          Plain{Codes: []string{""}, Form: "*"},
		"too many codes":      Plain{Codes: slices.Repeat([]string{"canary1"}, 33), Form: "*"},
		"too much":            Plain{Codes: []string{"canary1" + strings.Repeat(" ", maxImport)}, Form: "*"},
		"codes and hashes":    map[string]any{"codes": []string{"canary1"}, "form": "*", "bcrypt": good},
		"unknown member":      map[string]any{"codes": []string{"canary1"}, "form": "*", "canary": 1},
		"bcrypt, no form":     State{Bcrypt: good, Total: 1},
		"bcrypt, free form":   State{Bcrypt: good, Total: 1, Form: "*"},
		"bcrypt of another":   State{Bcrypt: []string{"$argon2id$canary"}, Total: 1, Form: "99999999"},
		"bcrypt, cut":         State{Bcrypt: []string{good[0][:59]}, Total: 1, Form: "99999999"},
		"bcrypt, and a line":  State{Bcrypt: []string{good[0] + "\n"}, Total: 1, Form: "99999999"},
		"more than total":     State{Bcrypt: append(good, good...), Total: 1, Form: "99999999"},
		"both kinds of hash":  State{Argon2id: f.cost, Salt: make([]byte, 32), Hashes: [][]byte{make([]byte, 32)}, Bcrypt: good, Total: 2, Form: "99999999"},
		"form of our own set": State{Argon2id: f.cost, Salt: make([]byte, 32), Total: 2, Form: "canary"},
	} {
		step, err := load(f, v, nil)
		if !errors.Is(err, mfa.ErrBadInput) || step.Done != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error quotes the import: %v", name, err)
		}
	}
}

func TestC20_PlainCodesAreNotPrinted(t *testing.T) {
	p := Plain{Codes: []string{"canary1"}, Form: "*"}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", p, &p, []Plain{p})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("import", "codes", p)
	for _, form := range []string{"canary1", fmt.Sprintf("%x", "canary1"), strings.Trim(fmt.Sprint([]byte("canary1")), "[]")} {
		if strings.Contains(out.String(), form) {
			t.Errorf("printed %q", form)
		}
	}
}

// FuzzForm: no form and no answer make it panic, and what comes out is of the form.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"*", "xxxxx-xxxxx", "XXXXXXXXXX-XXXXXXXXXX", "99999999"} {
		f.Add(s, "abcde-fghij")
		f.Add(s, "0123 4567")
	}
	f.Fuzz(func(t *testing.T, form, typed string) {
		if checkForm(form) != nil {
			return
		}
		c, err := parseForm(form, typed)
		if err != nil {
			return
		}
		if len(c) > maxForm || form != FreeForm && len(c) != len(form) {
			t.Errorf("%d bytes", len(c))
		}
		if again, err := parseForm(form, string(c)); err != nil || again != c {
			t.Errorf("read again: %v", err)
		}
	})
}
