// Package seal is a ring of XChaCha20-Poly1305 keys: the first one seals, all
// of them open.
package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrOpen says that something was not sealed by a key of the ring with these
// associated data.
var ErrOpen = errors.New("seal: does not open")

const (
	keySize  = chacha20poly1305.KeySize
	idSize   = 4
	header   = "mfa-keyring-v1"
	maxKeys  = 64
	overhead = Prefix + Suffix

	// Prefix and Suffix are how many bytes there are before and behind what is sealed.
	Prefix = idSize + chacha20poly1305.NonceSizeX
	Suffix = chacha20poly1305.Overhead
)

type key struct {
	id     uint32 // taken from the secret, so that two rings never give one id to two keys
	secret [keySize]byte
	aead   cipher.AEAD
}

// Ring seals with its first key and opens with any. It is immutable.
type Ring struct {
	index [keySize]byte
	keys  []key
}

func newKey(secret [keySize]byte) (key, error) {
	aead, err := chacha20poly1305.NewX(secret[:])
	sum := sha256.Sum256(append([]byte("mfa key id\x00"), secret[:]...))
	return key{binary.BigEndian.Uint32(sum[:idSize]), secret, aead}, err
}

func randomKey() (key, error) {
	var secret [keySize]byte
	rand.Read(secret[:]) // never fails
	return newKey(secret)
}

// New makes a ring with one random key and a random index key.
func New() (*Ring, error) {
	k, err := randomKey()
	if err != nil {
		return nil, err
	}
	r := &Ring{keys: []key{k}}
	rand.Read(r.index[:])
	return r, nil
}

// Rotated is the ring with a new random key in front. The index key stays.
func (r *Ring) Rotated() (*Ring, error) {
	if len(r.keys) == maxKeys {
		return nil, fmt.Errorf("seal: a ring holds at most %d keys", maxKeys)
	}
	k, err := randomKey()
	if err != nil {
		return nil, err
	}
	return &Ring{r.index, append([]key{k}, r.keys...)}, nil
}

// Newest is the ring with its first key alone: all the others are retired.
func (r *Ring) Newest() *Ring { return &Ring{r.index, r.keys[:1:1]} }

// Encrypt seals plaintext together with associated data.
func (r *Ring) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	out := make([]byte, Prefix, overhead+len(plaintext))
	return r.Seal(append(out, plaintext...), 0, associatedData), nil
}

// Seal is Encrypt in place: out has Prefix bytes of any kind at an offset, behind
// them the plaintext up to its end, and best room for Suffix more.
func (r *Ring) Seal(out []byte, at int, associatedData []byte) []byte {
	k := &r.keys[0]
	prefix, plaintext := out[at:at+Prefix], out[at+Prefix:]
	binary.BigEndian.PutUint32(prefix, k.id)
	rand.Read(prefix[idSize:])
	return k.aead.Seal(out[:at+Prefix], prefix[idSize:], plaintext, associatedData)
}

// Decrypt opens what Encrypt sealed. ErrOpen.
func (r *Ring) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	if len(ciphertext) < overhead {
		return nil, ErrOpen
	}
	id := binary.BigEndian.Uint32(ciphertext)
	nonce, sealed := ciphertext[idSize:idSize+chacha20poly1305.NonceSizeX], ciphertext[idSize+chacha20poly1305.NonceSizeX:]
	for i := range r.keys {
		if k := &r.keys[i]; k.id == id {
			if plain, err := k.aead.Open(nil, nonce, sealed, associatedData); err == nil {
				return plain, nil
			}
		}
	}
	return nil, ErrOpen
}

// Current says whether the ring's first key has sealed a ciphertext.
func (r *Ring) Current(ciphertext []byte) bool {
	return len(ciphertext) >= overhead && binary.BigEndian.Uint32(ciphertext) == r.keys[0].id
}

// Index is a keyed hash of parts, 16 bytes long. It does not change when keys rotate.
func (r *Ring) Index(parts ...string) []byte { return Index(r.index[:], parts...) }

// Index is a keyed hash of parts under key, 16 bytes long.
func Index(key []byte, parts ...string) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		mac.Write(n[:])
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)[:16]
}

// Text writes the ring as lines of text, secrets and all.
func (r *Ring) Text() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nindex %s\n", header, base64.StdEncoding.EncodeToString(r.index[:]))
	for _, k := range r.keys {
		fmt.Fprintf(&b, "key %s\n", base64.StdEncoding.EncodeToString(k.secret[:]))
	}
	return b.Bytes()
}

// Parse reads what Text wrote. Its errors name the line and never its content.
func Parse(text []byte) (*Ring, error) {
	if len(text) > 64<<10 {
		return nil, errors.New("seal: key ring is too long")
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if strings.TrimSpace(lines[0]) != header {
		return nil, fmt.Errorf("seal: line 1: not a key ring (%s)", header)
	}
	var r Ring
	var indexed bool
	for i, line := range lines[1:] {
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		var secret [keySize]byte
		raw, err := base64.StdEncoding.Strict().DecodeString(value)
		if err != nil || len(raw) != keySize {
			return nil, fmt.Errorf("seal: line %d: want %d bytes in base64", i+2, keySize)
		}
		copy(secret[:], raw)
		switch {
		case word == "index" && !indexed:
			r.index, indexed = secret, true
		case word == "key" && len(r.keys) < maxKeys:
			k, err := newKey(secret)
			if err != nil {
				return nil, err
			}
			r.keys = append(r.keys, k)
		default:
			return nil, fmt.Errorf("seal: line %d: want one index and 1 to %d keys", i+2, maxKeys)
		}
	}
	if !indexed || len(r.keys) == 0 {
		return nil, errors.New("seal: a key ring has an index and at least one key")
	}
	return &r, nil
}
