package onetime

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var signIn = Purpose{Use: "authenticate", Flow: "f1", To: "+4791234567"}

func settings(t testing.TB, s Settings) Settings {
	t.Helper()
	s, err := s.Complete("x: ")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, s Settings, p Purpose) (string, Pending) {
	t.Helper()
	code, pending, err := s.New(p, noon)
	if err != nil {
		t.Fatal(err)
	}
	return code, pending
}

// other is a code that differs from this one.
func other(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func TestO01_LifetimeIsAtMostTenMinutes(t *testing.T) {
	for lifetime, want := range map[time.Duration]string{
		0: "", time.Minute: "", 5 * time.Minute: "", 10 * time.Minute: "",
		10*time.Minute + 1: "want 1m0s to 10m0s", 10*time.Minute + time.Second: "Lifetime is 10m1s", time.Hour: "Lifetime is 1h0m0s",
		time.Minute - 1: "want 1m0s", time.Second: "Lifetime is 1s", -time.Minute: "Lifetime is -1m0s",
	} {
		s, err := Settings{Lifetime: lifetime}.Complete("x: ")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", lifetime, err, want)
		}
		if err == nil && (s.Lifetime < time.Minute || s.Lifetime > 10*time.Minute || lifetime != 0 && s.Lifetime != lifetime) {
			t.Errorf("%v became %v", lifetime, s.Lifetime)
		}
	}
	if s := settings(t, Settings{}); s.Lifetime != 5*time.Minute || s.Minutes() != 5 {
		t.Errorf("the default is %v, told as %d minutes", s.Lifetime, s.Minutes())
	}
	if s := (Settings{Lifetime: 119 * time.Second}); s.Minutes() != 1 {
		t.Errorf("%v is told as %d minutes, which is longer", s.Lifetime, s.Minutes())
	}
}

func TestO01_CodesExpireOnTheSecond(t *testing.T) {
	s := settings(t, Settings{Lifetime: 10 * time.Minute})
	code, p := issue(t, s, signIn)
	token, p := p.WithLink(signIn)
	for age, want := range map[time.Duration]error{
		0: nil, time.Minute: nil, 10*time.Minute - time.Second: nil, 10*time.Minute - 1: nil,
		10 * time.Minute: ErrWrong, 10*time.Minute + 1: ErrWrong, 10*time.Minute + time.Second: ErrWrong, 24 * time.Hour: ErrWrong,
	} {
		for _, answer := range []string{code, token} {
			if err := s.Check(p, signIn, answer, noon.Add(age)); !errors.Is(err, want) {
				t.Errorf("after %v: %v, want %v", age, err, want)
			}
		}
	}
	// A part of a second is never given on top.
	code, p, err := s.New(signIn, noon.Add(999*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(p, signIn, code, noon.Add(10*time.Minute)); !errors.Is(err, ErrWrong) {
		t.Errorf("a code lived on: %v", err)
	}
}

func TestO02_DigitsAreSixToTen(t *testing.T) {
	for digits, want := range map[int]int{0: 6, 6: 6, 8: 8, 10: 10, 5: -1, 1: -1, 11: -1, -6: -1} {
		s, err := Settings{Digits: digits}.Complete("x: ")
		if (err != nil) != (want < 0) || err != nil && !strings.HasPrefix(err.Error(), "x: Digits is ") {
			t.Errorf("%d digits: %v", digits, err)
		}
		if err != nil {
			continue
		}
		if code, _ := issue(t, s, signIn); s.Digits != want || len(code) != want || !s.isCode(code) {
			t.Errorf("%d digits: %d, %d", digits, s.Digits, len(code))
		}
	}
}

// TestO02_CodesAreUniform draws 100,000 codes. Each place's digits, and the codes
// in 1,000 ranges, are held to a chi-square that fair ones exceed once in some
// ten million runs.
func TestO02_CodesAreUniform(t *testing.T) {
	const ranges = 1_000
	for digits, draws := range map[int]int{6: 100_000, 10: 20_000} {
		s := settings(t, Settings{Digits: digits})
		places := make([][10]int, digits)
		var first [ranges]int
		zeros := 0
		for range draws {
			code, _ := issue(t, s, signIn)
			if len(code) != digits {
				t.Fatalf("a code of %d digits, want %d", len(code), digits)
			}
			if code[0] == '0' {
				zeros++
			}
			n := 0
			for i, c := range []byte(code) {
				places[i][c-'0']++
				if i < 3 {
					n = n*10 + int(c-'0')
				}
			}
			first[n]++
		}
		for i := range places {
			if x := chiSquare(places[i][:], draws); x > 60 { // 9 degrees of freedom
				t.Errorf("place %d of %d: chi-square is %.0f", i, digits, x)
			}
		}
		if x := chiSquare(first[:], draws); x > 1260 { // 999 degrees of freedom
			t.Errorf("ranges: chi-square is %.0f", x)
		}
		if zeros < draws/10-600 || zeros > draws/10+600 { // six times the deviation
			t.Errorf("%d of %d codes begin with a zero", zeros, draws)
		}
	}
}

func chiSquare(seen []int, draws int) (x float64) {
	want := float64(draws) / float64(len(seen))
	for _, n := range seen {
		x += (float64(n) - want) * (float64(n) - want) / want
	}
	return x
}

// TestChiSquareSeesABias: twenty bits modulo a million would not pass.
func TestChiSquareSeesABias(t *testing.T) {
	var digits [10]int
	var first [1000]int
	for i := range 1 << 20 {
		if i%10 == 0 {
			digits[i%1_000_000/100_000]++
			first[i%1_000_000/1000]++
		}
	}
	if x, y := chiSquare(digits[:], 1<<20/10), chiSquare(first[:], 1<<20/10); x <= 60 || y <= 1260 {
		t.Errorf("chi-square is %.0f and %.0f", x, y)
	}
}

func TestO04_KeptStateHoldsNoCode(t *testing.T) {
	for range 50 {
		s := settings(t, Settings{Digits: 8})
		code, p := issue(t, s, signIn)
		token, p := p.WithLink(signIn)
		raw, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{code, token} {
			if bytes.Contains(raw, []byte(secret)) || bytes.Contains(raw, []byte(base64.StdEncoding.EncodeToString([]byte(secret)))) {
				t.Fatalf("the state has what was sent: %s", raw)
			}
		}
		back, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range []string{code, token} {
			if err := s.Check(back, signIn, answer, noon); err != nil {
				t.Fatalf("as it was kept: %v", err)
			}
		}
	}
}

func TestO04_HashIsKeyed(t *testing.T) {
	s := settings(t, Settings{})
	code, p := issue(t, s, signIn)
	_, q := issue(t, s, signIn)
	if len(p.Key) < 32 || bytes.Equal(p.Key, q.Key) {
		t.Fatalf("keys of %d bytes, the same: %t", len(p.Key), bytes.Equal(p.Key, q.Key))
	}
	p.Key = q.Key
	if err := s.Check(p, signIn, code, noon); !errors.Is(err, ErrWrong) {
		t.Errorf("with another key: %v", err)
	}
}

// TestO04_A38_CodesAreBoundToTheirPurpose: a code for one thing is no code for
// another, wherever its state may get to.
func TestO04_A38_CodesAreBoundToTheirPurpose(t *testing.T) {
	s := settings(t, Settings{})
	code, p := issue(t, s, signIn)
	token, p := p.WithLink(signIn)
	for name, u := range map[string]Purpose{
		"another use":         {"enroll", "f1", "+4791234567"},
		"another flow":        {"authenticate", "f2", "+4791234567"},
		"another destination": {"authenticate", "f1", "+4791234568"},
		"nothing":             {},
		"moved to the left":   {"authenticatef", "1", "+4791234567"},
		"moved to the right":  {"authenticate", "f", "1+4791234567"},
		"lengths within":      {"authenticate2:f1", "", "+4791234567"},
	} {
		for _, answer := range []string{code, token} {
			if err := s.Check(p, u, answer, noon); !errors.Is(err, ErrWrong) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	// Nor is a code a token, or the reverse.
	p.Hash, p.Link = p.Link, p.Hash
	for _, answer := range []string{code, token} {
		if err := s.Check(p, signIn, answer, noon); !errors.Is(err, ErrWrong) {
			t.Errorf("hashes exchanged: %v", err)
		}
	}
}

// TestO03_ANewCodeKillsTheOld: what is kept of the new one knows nothing of the old.
func TestO03_ANewCodeKillsTheOld(t *testing.T) {
	s := settings(t, Settings{Digits: 10})
	old, p := issue(t, s, signIn)
	oldToken, _ := p.WithLink(signIn)
	code, p := issue(t, s, signIn)
	_, p = p.WithLink(signIn)
	for _, answer := range []string{old, oldToken} {
		if err := s.Check(p, signIn, answer, noon); !errors.Is(err, ErrWrong) {
			t.Errorf("%v", err)
		}
	}
	if err := s.Check(p, signIn, code, noon); err != nil {
		t.Error(err)
	}
}

// TestA36_WhatIsStoredIsNotTheCode answers with everything that a reader of the
// state has.
func TestA36_WhatIsStoredIsNotTheCode(t *testing.T) {
	s := settings(t, Settings{})
	_, p := issue(t, s, signIn)
	_, p = p.WithLink(signIn)
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	answers := []string{string(raw), p.To, fmt.Sprint(p.Expires)}
	for _, b := range [][]byte{p.Hash, p.Link, p.Key} {
		answers = append(answers, string(b), hex.EncodeToString(b), base64.StdEncoding.EncodeToString(b),
			base64.RawURLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b[:linkSize]))
	}
	for _, answer := range answers {
		if err := s.Check(p, signIn, answer, noon); err == nil {
			t.Errorf("%q is taken", answer)
		}
	}
}

func TestA66_NothingIsTheCodeOfNothing(t *testing.T) {
	s := settings(t, Settings{})
	code, p := issue(t, s, signIn)
	token, _ := p.WithLink(signIn)
	empty := Pending{Expires: noon.Add(time.Hour).Unix()}
	for name, kept := range map[string]Pending{
		"nothing kept": {}, "no hash": empty, "an empty hash": {Key: p.Key, Hash: []byte{}, Expires: empty.Expires},
	} {
		for answer, want := range map[string]error{"": ErrMalformed, " ": ErrMalformed, "000000": ErrWrong, code: ErrWrong, token: ErrWrong} {
			if err := s.Check(kept, Purpose{}, answer, noon); !errors.Is(err, want) {
				t.Errorf("%s, %q: %v, want %v", name, answer, err, want)
			}
		}
	}
	if err := s.Check(p, signIn, "", noon); !errors.Is(err, ErrMalformed) {
		t.Errorf("empty: %v", err)
	}
	for _, raw := range [][]byte{nil, {}} {
		if got, err := Parse(raw); err != nil || got.Hash != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, raw := range []string{"x", "[]", "true", `{"key":1}`, `{"expires":"never"}`, `{"key":"c2VjcmV0`} {
		_, err := Parse([]byte(raw))
		if err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// A spelling makes an answer of a code.
var spellings = map[string]struct {
	spell func(code string) string
	want  error
}{
	"as it was sent":         {func(c string) string { return c }, nil},
	"a space within":         {func(c string) string { return c[:3] + " " + c[3:] }, nil},
	"spaces around":          {func(c string) string { return "  " + c + " " }, nil},
	"a space after each":     {func(c string) string { return strings.Join(strings.Split(c, ""), " ") }, nil},
	"another code":           {other, ErrWrong},
	"a digit less":           {func(c string) string { return c[1:] }, ErrMalformed},
	"a digit more":           {func(c string) string { return c + "0" }, ErrMalformed},
	"a zero before":          {func(c string) string { return "0" + c }, ErrMalformed},
	"twice":                  {func(c string) string { return c + c }, ErrMalformed},
	"a newline after":        {func(c string) string { return c + "\n" }, ErrMalformed},
	"a tab before":           {func(c string) string { return "\t" + c }, ErrMalformed},
	"NUL after":              {func(c string) string { return c + "\x00" }, ErrMalformed},
	"NUL in place of one":    {func(c string) string { return c[:5] + "\x00" }, ErrMalformed},
	"no-break space":         {func(c string) string { return c[:3] + "\u00a0" + c[3:] }, ErrMalformed},
	"zero width space":       {func(c string) string { return c[:3] + "\u200b" + c[3:] }, ErrMalformed},
	"a hyphen within":        {func(c string) string { return c[:3] + "-" + c[3:] }, ErrMalformed},
	"plus":                   {func(c string) string { return "+" + c }, ErrMalformed},
	"minus":                  {func(c string) string { return "-" + c[1:] }, ErrMalformed},
	"a decimal":              {func(c string) string { return c + ".0" }, ErrMalformed},
	"an exponent":            {func(c string) string { return c[:4] + "e0" }, ErrMalformed},
	"hex":                    {func(c string) string { return "0x" + c[2:] }, ErrMalformed},
	"quoted":                 {func(c string) string { return `"` + c + `"` }, ErrMalformed},
	"a list":                 {func(c string) string { return `["` + c + `"]` }, ErrMalformed},
	"with the phone's mark":  {func(c string) string { return "#" + c }, ErrMalformed},
	"full-width digits":      {shifted('０'), ErrMalformed},
	"Arabic-Indic digits":    {shifted('٠'), ErrMalformed},
	"Bengali digits":         {shifted('০'), ErrMalformed},
	"mathematical digits":    {shifted('𝟎'), ErrMalformed},
	"one full-width digit":   {func(c string) string { return c[:5] + string('０'+rune(c[5]-'0')) }, ErrMalformed},
	"not UTF-8":              {func(c string) string { return c[:5] + "\xff" }, ErrMalformed},
	"true":                   {func(string) string { return "true" }, ErrMalformed},
	"null":                   {func(string) string { return "null" }, ErrMalformed},
	"huge":                   {func(c string) string { return strings.Repeat(c, 1<<18) }, ErrMalformed},
	"SQL":                    {func(c string) string { return c[:1] + "' OR '" }, ErrMalformed},
	"a token of one's own":   {func(string) string { return strings.Repeat("A", 22) }, ErrWrong},
	"a token that is longer": {func(string) string { return strings.Repeat("A", 23) }, ErrMalformed},
	"padded base64":          {func(string) string { return strings.Repeat("A", 22) + "==" }, ErrMalformed},
	"loose end of base64":    {func(string) string { return strings.Repeat("A", 21) + "B" }, ErrMalformed},
	"line breaks in base64":  {func(string) string { return strings.Repeat("A", 20) + "\n\n" }, ErrMalformed},
}

func shifted(zero rune) func(string) string {
	return func(code string) string {
		return strings.Map(func(r rune) rune { return zero + r - '0' }, code)
	}
}

// TestC17_A67_A68_Spellings: one code has one spelling, spaces aside, and what
// cannot be a code is told from a wrong one by its form alone.
func TestC17_A67_A68_Spellings(t *testing.T) {
	s := settings(t, Settings{})
	for name, tc := range spellings {
		code, p := issue(t, s, signIn)
		for range 3 { // without a state that changes, every time the same
			if err := s.Check(p, signIn, tc.spell(code), noon); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		if tc.want == ErrMalformed { // also where there is nothing to compare with
			if err := s.Check(Pending{}, signIn, tc.spell(code), noon); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, nothing asked for: %v", name, err)
			}
		}
	}
}

// TestLinksTokenIsOneSpelling: none of the ways to write the same bytes in base64
// differently is taken.
func TestLinksTokenIsOneSpelling(t *testing.T) {
	s := settings(t, Settings{})
	_, p := issue(t, s, signIn)
	for range 200 {
		token, p := p.WithLink(signIn)
		if len(token) != 22 {
			t.Fatalf("a token of %d letters", len(token))
		}
		if err := s.Check(p, signIn, token, noon); err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{token + "=", token + "\n", token[:21] + "\n", strings.ToUpper(token) + "x", token[:21]} {
			if err := s.Check(p, signIn, no, noon); !errors.Is(err, ErrMalformed) {
				t.Errorf("%q: %v", no, err)
			}
		}
	}
}

// FuzzCheck: only the code and the token are taken, spaces aside, and nothing
// that is answered makes it panic, whatever state was kept.
func FuzzCheck(f *testing.F) {
	s := settings(f, Settings{})
	code, p := issue(f, s, signIn)
	token, p := p.WithLink(signIn)
	raw, err := p.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	for name, tc := range spellings {
		if name != "huge" {
			f.Add(tc.spell(code), raw)
		}
	}
	f.Add(token, raw)
	f.Add(code, []byte(`{}`))
	f.Add("000000", []byte(`{"key":"","hash":"","expires":9999999999}`))
	f.Add("123456", []byte(`[{"key":null}]`))
	f.Fuzz(func(t *testing.T, answer string, state []byte) {
		err := s.Check(p, signIn, answer, noon)
		if clean := strings.ReplaceAll(answer, " ", ""); (err == nil) != slices.Contains([]string{code, token}, clean) {
			t.Errorf("%q: %v", answer, err)
		}
		if kept, err := Parse(state); err == nil && json.Valid(state) {
			_ = s.Check(kept, signIn, answer, noon)
		}
	})
}
