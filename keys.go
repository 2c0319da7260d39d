package mfa

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"

	"github.com/mfakit/mfa/internal/seal"
)

// An AEAD is authenticated encryption with associated data. A Tink keyset's
// primitive satisfies it as it is.
type AEAD interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// A KeyRing seals what the engine stores, so that a value which is read out,
// edited, or moved to another user or deployment is of no use. It holds
//
//   - the sealing keys: the first seals, all open, so that a new key can be put
//     in front while there is data under the old ones; and
//   - the index key, under which addresses are hashed where they have to be part
//     of a key. It never changes: what was indexed could not be found again.
//
// Whoever has the ring and the database has every secret. Keep it where the
// database's backups are not. A ring that is lost means that everybody has to
// enrol again. It is immutable and safe for concurrent use, and prints as a
// placeholder.
type KeyRing struct {
	aead  AEAD
	ring  *seal.Ring // nil with an AEAD of the host's
	index []byte
}

// NewKeyRing makes a ring with one random XChaCha20-Poly1305 key and a random index key.
func NewKeyRing() (*KeyRing, error) {
	r, err := seal.New()
	return builtin(r, err)
}

// ParseKeyRing reads what [KeyRing.Export] wrote. Its errors never quote the text.
func ParseKeyRing(text []byte) (*KeyRing, error) {
	r, err := seal.Parse(text)
	return builtin(r, err)
}

// NewKeyRingFrom makes a ring of an AEAD that the host brings, such as a Tink
// keyset behind a KMS, and an index key of at least 32 random bytes.
func NewKeyRingFrom(aead AEAD, index []byte) (*KeyRing, error) {
	if aead == nil || len(index) < 32 {
		return nil, errors.New("mfa: a key ring needs an AEAD and an index key of at least 32 bytes")
	}
	return &KeyRing{aead: aead, index: append([]byte(nil), index...)}, nil
}

func builtin(r *seal.Ring, err error) (*KeyRing, error) {
	if err != nil {
		return nil, fmt.Errorf("mfa: key ring: %w", err)
	}
	return &KeyRing{aead: r, ring: r}, nil
}

var errForeignRing = errors.New("mfa: the key ring's keys are kept by the host's AEAD")

// Rotate is the ring with a new random key in front. What is stored stays
// readable, and is sealed anew whenever it is next written.
func (k *KeyRing) Rotate() (*KeyRing, error) {
	if k.ring == nil {
		return nil, errForeignRing
	}
	return builtin(k.ring.Rotated())
}

// Retire is the ring with its first key alone. What the others have sealed and
// was not written since is lost.
func (k *KeyRing) Retire() (*KeyRing, error) {
	if k.ring == nil {
		return nil, errForeignRing
	}
	return builtin(k.ring.Newest(), nil)
}

// Export writes the ring, secrets and all, for a file of mode 0600 or a secret
// store. It is no MarshalText, so that no encoder writes it by the way.
func (k *KeyRing) Export() ([]byte, error) {
	if k.ring == nil {
		return nil, errForeignRing
	}
	return k.ring.Text(), nil
}

// Seal is for packages that keep values of their own in the host's [Store]: what
// it seals opens under the same parts alone, and never where the engine's own values
// are expected. The parts are Config.Deployment as the host gave it, the key's first
// element and the whole key: by them [Engine.Rewrap] finds the way.
func (k *KeyRing) Seal(plain []byte, parts ...string) ([]byte, error) {
	return k.seal(beside(parts), len(plain), func(out []byte) ([]byte, error) { return append(out, plain...), nil })
}

// seal seals what write appends, which is expected to be of this size: by a ring of
// our own in the memory that it is written to, because a user's value is large
// beside all else that a request needs.
func (k *KeyRing) seal(associated []byte, size int, write func(out []byte) ([]byte, error)) ([]byte, error) {
	if k.ring == nil {
		plain, err := write(make([]byte, 0, size))
		if err != nil {
			return nil, err
		}
		sealed, err := k.aead.Encrypt(plain, associated)
		if err != nil {
			return nil, err
		}
		return append([]byte{sealFormat}, sealed...), nil
	}
	out := make([]byte, 1+seal.Prefix, 1+seal.Prefix+size+seal.Suffix)
	out[0] = sealFormat
	out, err := write(out)
	if err != nil {
		return nil, err
	}
	return k.ring.Seal(out, 1, associated), nil
}

// Open is the reverse of [KeyRing.Seal]. [ErrSealed], [ErrNewerVersion].
func (k *KeyRing) Open(sealed []byte, parts ...string) ([]byte, error) {
	return unseal(k.aead, sealed, beside(parts))
}

// beside are associated data that the engine never uses.
func beside(parts []string) []byte {
	ad := []byte("beside\x00")
	for _, p := range parts {
		ad = append(binary.BigEndian.AppendUint64(ad, uint64(len(p))), p...)
	}
	return ad
}

// Index is a keyed hash of parts, 16 bytes long, under the index key: the same for
// the life of the ring, and of no use without it.
func (k *KeyRing) Index(parts ...string) []byte {
	parts = append([]string{"beside"}, parts...)
	if k.ring != nil {
		return k.ring.Index(parts...)
	}
	return seal.Index(k.index, parts...)
}

// indexOf is the keyed hash of parts, in hexadecimal.
func (k *KeyRing) indexOf(parts ...string) string {
	if k.ring != nil {
		return hex.EncodeToString(k.ring.Index(parts...))
	}
	return hex.EncodeToString(seal.Index(k.index, parts...))
}

const redacted = "mfa.KeyRing(secret)"

// Format keeps the keys out of every fmt verb.
func (k KeyRing) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue keeps the keys out of logs.
func (k KeyRing) LogValue() slog.Value { return slog.StringValue(redacted) }
