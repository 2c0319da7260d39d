package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"

	"github.com/mfakit/mfa"
)

// A vault seals what is stored, always under the same key, so that the names of keys in
// the store are the same in every run.
type vault struct{ cipher.AEAD }

func newVault() (*mfa.KeyRing, error) {
	var fixed [32]byte
	block, err := aes.NewCipher(fixed[:])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return mfa.NewKeyRingFrom(vault{gcm}, fixed[:])
}

// Encrypt implements mfa.AEAD.
func (v vault) Encrypt(plain, associated []byte) ([]byte, error) {
	return v.Seal(nil, nil, plain, associated), nil
}

// Decrypt implements mfa.AEAD.
func (v vault) Decrypt(sealed, associated []byte) ([]byte, error) {
	plain, err := v.Open(nil, nil, sealed, associated)
	if err != nil {
		return nil, errors.New("sim: does not open")
	}
	return plain, nil
}
