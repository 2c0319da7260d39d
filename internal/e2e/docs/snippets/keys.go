package snippets

import (
	"context"
	"os"
	"strings"

	"github.com/mfakit/mfa"
)

// makeRing writes a ring into the current folder.
func makeRing() error {
	ring, err := mfa.NewKeyRing()
	if err != nil {
		return err
	}
	text, err := ring.Export()
	if err != nil {
		return err
	}
	err = os.WriteFile("mfa.keys", text, 0o600)
	return err
}

// start opens what is stored with the ring of a file.
func start(ctx context.Context, store mfa.Store, factors []mfa.Factor) (*mfa.Engine, error) {
	text, err := os.ReadFile(os.Getenv("MFA_KEYS"))
	if err != nil {
		return nil, err
	}
	ring, err := mfa.ParseKeyRing(text)
	if err != nil {
		return nil, err
	}
	engine, err := mfa.New(mfa.Config{Store: store, Keys: ring, Factors: factors})
	if err != nil {
		return nil, err
	}
	err = engine.Check(ctx) // mfa.ErrWrongKeys: the ring is not the one of this data
	return engine, err
}

func rotate(ring *mfa.KeyRing) (string, error) {
	rotated, err := ring.Rotate() // the new key is in front
	if err != nil {
		return "", err
	}
	text, err := rotated.Export()
	return string(text), err
}

// standby is the text of a rotated ring in which the new key opens and does not seal yet.
func standby(rotated string) string {
	lines := strings.SplitAfter(rotated, "\n") // a name, the index key, the keys from the newest on
	lines[2], lines[3] = lines[3], lines[2]
	return strings.Join(lines, "")
}

// A kms encrypts by a key that never leaves it: a call of AWS KMS, Cloud KMS, Vault's transit engine.
type kms interface {
	Encrypt(ctx context.Context, plaintext []byte) ([]byte, error)
	Decrypt(ctx context.Context, ciphertext []byte) ([]byte, error)
}

func keepByKMS(ctx context.Context, k kms, ring *mfa.KeyRing) error {
	text, err := ring.Export()
	if err != nil {
		return err
	}
	sealed, err := k.Encrypt(ctx, text)
	if err != nil {
		return err
	}
	err = os.WriteFile("mfa.keys.sealed", sealed, 0o600) // it may lie beside the program
	return err
}

func openByKMS(ctx context.Context, k kms) (*mfa.KeyRing, error) {
	sealed, err := os.ReadFile("mfa.keys.sealed")
	if err != nil {
		return nil, err
	}
	text, err := k.Decrypt(ctx, sealed) // once, at the start
	if err != nil {
		return nil, err
	}
	ring, err := mfa.ParseKeyRing(text)
	return ring, err
}

type primitive interface { // tink.AEAD is one
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

func ringOf(keyset primitive, index []byte) (*mfa.KeyRing, error) {
	return mfa.NewKeyRingFrom(keyset, index) // index: 32 random bytes, kept beside the keyset, for good
}
