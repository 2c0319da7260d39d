package migrate_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mfakit/mfa/migrate"
)

// What openssl made, under the key of bytes 0 to 31: a secret, and two codes.
const (
	laravelKey    = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	sealedSecret  = "eyJpdiI6IkVCRVNFeFFWRmhjWUdSb2JIQjBlSHc9PSIsInZhbHVlIjoiOWVhQ2tITitqcGJKeU42WndOeFdCdDJkMVVYU2lPRmloS0VUQytodXFKQT0iLCJtYWMiOiIyZDI1ODEyMDNmZWNkMzFkMDJiMTEzMDNkZGFlNWJkNWMzZDkxNWZkODE1NjUyZDQ2ZDdjYTljOThhNDEwOTM5IiwidGFnIjoiIn0="
	sealedCodes   = "eyJpdiI6IkVCRVNFeFFWRmhjWUdSb2JIQjBlSHc9PSIsInZhbHVlIjoicW1PMGNTc1k4OVQzaUh2M0JQYnRvblN6cE1nbk1DRENkRkFpQzJYUHBiOVUxeFZVc1NiNFpyMlNFZWlWUkk3NkdiMS9mbGt3V1ZJQXhQbEZxQk9wamc9PSIsIm1hYyI6Ijc1NmVlNjlmYzc1ZjJhYWNjZTc4ZjQ0OTlmY2JhNjFhNTBiYzU0MTI1YzJlNGQ5Njc2NjliMjIxMjIyNTBlYTkiLCJ0YWciOiIifQ=="
	laravelSecret = short
	laravelCodes  = `["aB3dE6gH9k-Lm2nP5qR8t", "zZ9yY8xX7w-W6vV5uU4tT"]`
)

func laravel(t testing.TB, appKey string) migrate.LaravelKey {
	t.Helper()
	k, err := migrate.NewLaravelKey(appKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// seal is Laravel's encrypt, of what PHP's serialize made.
func seal(t testing.TB, key []byte, serialized string) string {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := aes.BlockSize - len(serialized)%aes.BlockSize
	text := append([]byte(serialized), bytes.Repeat([]byte{byte(pad)}, pad)...)
	iv := bytes.Repeat([]byte{7}, aes.BlockSize)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(text, text)
	p := payload{IV: base64.StdEncoding.EncodeToString(iv), Value: base64.StdEncoding.EncodeToString(text)}
	return p.signed(t, key)
}

type payload struct {
	IV    string `json:"iv"`
	Value string `json:"value"`
	MAC   string `json:"mac"`
	Tag   string `json:"tag"`
}

func (p payload) signed(t testing.TB, key []byte) string {
	t.Helper()
	h := hmac.New(sha256.New, key)
	h.Write([]byte(p.IV + p.Value))
	p.MAC = hex.EncodeToString(h.Sum(nil))
	return p.coded(t)
}

func (p payload) coded(t testing.TB) string {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func serialized(s string) string { return fmt.Sprintf(`s:%d:"%s";`, len(s), s) }

func TestLaravelKey(t *testing.T) {
	for name, c := range map[string]struct {
		key, sealed, want string
	}{
		"openssl's secret": {laravelKey, sealedSecret, laravelSecret},
		"openssl's codes":  {laravelKey, sealedCodes, laravelCodes},
		"key as it is":     {"0123456789abcdef0123456789abcdef", seal(t, []byte("0123456789abcdef0123456789abcdef"), serialized("x")), "x"},
		"128 bits":         {"0123456789abcdef", seal(t, []byte("0123456789abcdef"), serialized("")), ""},
		"a whole block":    {"0123456789abcdef", seal(t, []byte("0123456789abcdef"), serialized("0123456789")), "0123456789"},
		"other scripts":    {"0123456789abcdef", seal(t, []byte("0123456789abcdef"), serialized(`ø";`)), `ø";`},
	} {
		if got, err := laravel(t, c.key).Decrypt(c.sealed); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "base64:", "base64:!!", "base64:AAEC", "canary", laravelKey + "A", strings.Repeat("k", 31)} {
		if _, err := migrate.NewLaravelKey(bad); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("key %q: %v", bad, err)
		}
	}
	if _, err := (migrate.LaravelKey{}).Decrypt(sealedSecret); err == nil {
		t.Error("a zero key opened it")
	}
}

func TestLaravelKey_Refused(t *testing.T) {
	key := []byte("0123456789abcdef")
	k := laravel(t, string(key))
	good := seal(t, key, serialized("canary"))
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	change := func(edit func(*payload)) payload { q := p; edit(&q); return q }
	other, err := base64.StdEncoding.DecodeString(p.IV)
	if err != nil {
		t.Fatal(err)
	}
	other[0] ^= 1
	for name, sealed := range map[string]string{
		"empty":                 "",
		"not base64":            "canary!",
		"not JSON":              base64.StdEncoding.EncodeToString([]byte("canary")),
		"null":                  base64.StdEncoding.EncodeToString([]byte("null")),
		"another key's":         seal(t, []byte("fedcba9876543210"), serialized("canary")),
		"no mac":                change(func(p *payload) { p.MAC = "" }).coded(t),
		"mac is not hex":        change(func(p *payload) { p.MAC = "canary" }).coded(t),
		"mac of another":        change(func(p *payload) { p.Value = base64.StdEncoding.EncodeToString(make([]byte, 16)) }).coded(t),
		"iv changed":            change(func(p *payload) { p.IV = base64.StdEncoding.EncodeToString(other) }).coded(t),
		"a tag":                 change(func(p *payload) { p.Tag = "AAAA" }).signed(t, key),
		"signed, no value":      change(func(p *payload) { p.Value = "" }).signed(t, key),
		"signed, odd value":     change(func(p *payload) { p.Value = "AAAA" }).signed(t, key),
		"signed, short iv":      change(func(p *payload) { p.IV = "AAAA" }).signed(t, key),
		"signed, value is text": change(func(p *payload) { p.Value = "canary!" }).signed(t, key),
		"not a string":          seal(t, key, "i:5;"),
		"not serialized":        seal(t, key, "canary"),
		"shorter than it says":  seal(t, key, `s:9:"canary";`),
		"longer than it says":   seal(t, key, `s:3:"canary";`),
		"below zero":            seal(t, key, `s:-1:"canary";`),
		"no quotes":             seal(t, key, `s:4:canary;`),
		"something after":       seal(t, key, `s:6:"canary";i:5;`),
	} {
		if got, err := k.Decrypt(sealed); err == nil || got != "" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestFortify(t *testing.T) {
	const confirmed = `,"two_factor_confirmed_at":"2025-03-01 10:00:00"`
	keys := []migrate.LaravelKey{laravel(t, "0123456789abcdef"), laravel(t, laravelKey)}
	full := `"two_factor_secret":"` + sealedSecret + `","two_factor_recovery_codes":"` + sealedCodes + `"`
	app := `totp totp {"secret":"` + laravelSecret + `",` + block + `}`
	codes := `recovery recovery {"codes":["aB3dE6gH9k-Lm2nP5qR8t","zZ9yY8xX7w-W6vV5uU4tT"],"form":"*"}`
	times, note := " created 2025-03-01T10:00:00Z", "note totp short_secret"
	for name, c := range map[string]struct {
		row  string
		set  migrate.Fortify
		want []string
	}{
		"enabled":         {full + confirmed, migrate.Fortify{Keys: keys}, []string{app + times, codes + times, note}},
		"unconfirmed":     {full + `,"two_factor_confirmed_at":null`, migrate.Fortify{Keys: keys}, []string{"left totp totp unconfirmed", "left recovery recovery no_other_method"}},
		"no such column":  {full, migrate.Fortify{Keys: keys}, []string{"left totp totp unconfirmed", "left recovery recovery no_other_method"}},
		"not asked for":   {full, migrate.Fortify{Keys: keys, InsecureUnconfirmed: true}, []string{app, codes, note}},
		"never enabled":   {`"two_factor_secret":null,"two_factor_recovery_codes":null`, migrate.Fortify{Keys: keys}, nil},
		"confirmed only":  {`"x":1` + confirmed, migrate.Fortify{Keys: keys}, nil},
		"without the key": {full + confirmed, migrate.Fortify{Keys: keys[:1]}, []string{"left totp totp not_decrypted", "left recovery recovery not_decrypted"}},
		"without any":     {full + confirmed, migrate.Fortify{}, []string{"left totp totp not_decrypted", "left recovery recovery not_decrypted"}},
		"the host's":      {`"two_factor_secret":"<` + secret + `>","two_factor_recovery_codes":"<[\"abcdef\"]>"` + confirmed, migrate.Fortify{Keys: keys, Decrypt: brackets}, []string{`totp totp {"secret":"` + secret + `",` + block + `}` + times, `recovery recovery {"codes":["abcdef"],"form":"*"}` + times}},
		"codes malformed": {`"two_factor_secret":"<` + secret + `>","two_factor_recovery_codes":"<abcdef>"` + confirmed, migrate.Fortify{Decrypt: brackets}, []string{`totp totp {"secret":"` + secret + `",` + block + `}` + times, "left recovery recovery malformed"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.set.Now = atNoon
			want(t, c.set.Record(parse[migrate.FortifyUser](t, `{"id":7,"email":"ada@example.com",`+c.row+`}`)), "7", "fortify", c.want...)
		})
	}
	var u migrate.FortifyUser
	if err := json.Unmarshal([]byte(`{"id":7,"two_factor_confirmed_at":"soon"}`), &u); err == nil {
		t.Error("a time that is none was read as one, or as null")
	}
	failing := migrate.Fortify{Decrypt: func(string) (string, error) { return "", errors.New("canary") }}
	if r := failing.Record(parse[migrate.FortifyUser](t, `{"id":7,"two_factor_secret":"x"`+confirmed+`}`)); strings.Contains(fmt.Sprint(r.Left), "canary") {
		t.Error("the host's error is in the report")
	}
}

func FuzzLaravel(f *testing.F) {
	k := laravel(f, laravelKey)
	f.Add(sealedSecret)
	f.Add(sealedCodes)
	f.Add("e30=")
	f.Fuzz(func(t *testing.T, sealed string) {
		text, err := k.Decrypt(sealed)
		if err != nil && text != "" {
			t.Error("an error and a text")
		}
	})
}
