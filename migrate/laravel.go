package migrate

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// errLaravel does not say how far it came: the answer is the host's to find in its keys.
var errLaravel = errors.New("migrate: not sealed by one of these keys of Laravel")

// A LaravelKey opens what a Laravel application has sealed with encrypt, under the
// ciphers AES-256-CBC, its default, and AES-128-CBC.
//
// Facts (github.com/laravel/framework, src/Illuminate/Encryption/Encrypter.php): a
// sealed value is base64 of a JSON object with iv, value and mac; iv and value are
// base64 themselves, and mac is the HMAC-SHA-256, in hexadecimal, of the two texts
// in a row under the same key. The value, padded as in PKCS #7, is what PHP's
// serialize makes: of a string s:6:"abcdef"; with its length in bytes.
type LaravelKey struct{ key []byte }

// NewLaravelKey reads APP_KEY as it stands in the application's environment:
// base64: and the key, or the key itself. The error does not quote it.
func NewLaravelKey(appKey string) (LaravelKey, error) {
	key := []byte(appKey)
	if coded, ok := strings.CutPrefix(appKey, "base64:"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(coded); err != nil {
			return LaravelKey{}, errors.New("migrate: the key of Laravel is not base64")
		}
	}
	if len(key) != 16 && len(key) != 32 {
		return LaravelKey{}, errors.New("migrate: the key of Laravel has neither 16 nor 32 bytes")
	}
	return LaravelKey{key}, nil
}

// Format keeps the key out of whatever is printed, with any verb.
func (k LaravelKey) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hidden) }

// LogValue keeps the key out of logs.
func (k LaravelKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// Decrypt opens a sealed string.
func (k LaravelKey) Decrypt(sealed string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", errLaravel
	}
	var p struct{ IV, Value, MAC, Tag string }
	if json.Unmarshal(raw, &p) != nil || p.Tag != "" { // a tag is of another cipher
		return "", errLaravel
	}
	mac, err := hex.DecodeString(p.MAC)
	if err != nil {
		return "", errLaravel
	}
	h := hmac.New(sha256.New, k.key)
	h.Write([]byte(p.IV + p.Value))
	if !hmac.Equal(h.Sum(nil), mac) {
		return "", errLaravel
	}
	iv, err := base64.StdEncoding.DecodeString(p.IV)
	if err != nil || len(iv) != aes.BlockSize {
		return "", errLaravel
	}
	text, err := base64.StdEncoding.DecodeString(p.Value)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return "", errLaravel
	}
	block, err := aes.NewCipher(k.key)
	if err != nil {
		return "", errLaravel
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	return unserialize(text)
}

// unserialize takes the padding off, and reads a string as PHP serializes it. Its
// input is authentic: what is wrong with it is not for a stranger to try out.
func unserialize(text []byte) (string, error) {
	pad := int(text[len(text)-1])
	if pad == 0 || pad > aes.BlockSize || pad > len(text) {
		return "", errLaravel
	}
	rest, ok := strings.CutPrefix(string(text[:len(text)-pad]), "s:")
	length, quoted, cut := strings.Cut(rest, ":")
	n, err := strconv.Atoi(length)
	if !ok || !cut || err != nil || n < 0 || len(quoted) != n+3 || quoted[0] != '"' || quoted[n+1:] != `";` {
		return "", errLaravel
	}
	return quoted[1 : n+1], nil
}
