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

type primitive interface { // tink.AEAD is one
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

func ringOf(keyset primitive, index []byte) (*mfa.KeyRing, error) {
	return mfa.NewKeyRingFrom(keyset, index) // index: 32 random bytes, kept beside the keyset, for good
}
