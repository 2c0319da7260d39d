package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Argon2id with the parameters of the OWASP Password Storage Cheat Sheet.
const (
	argonTime    = 2
	argonMemory  = 19 * 1024 // KiB
	argonThreads = 1
	saltSize     = 16
	hashSize     = 32
)

// Bounds on a password, in characters. NIST SP 800-63B-4, section 3.1.1.2, asks
// for at least 8 where a second factor stands beside it. A real host also
// refuses what stands on a list of leaked passwords.
const (
	minPassword = 8
	maxPassword = 256
)

// maxHashing is how many digests are computed at a time: each takes 19 MiB, and
// a flood of sign-ins must not take the machine's memory. It is below the
// number of failures that are free of delay, so that parallel guesses cannot
// slip through between two counts.
const maxHashing = 4

var errPasswordLength = fmt.Errorf("webapp: a password has %d to %d characters", minPassword, maxPassword)

// passwords makes and checks password hashes.
type passwords struct {
	slots chan struct{}
	dummy string // the hash of no password, for accounts that do not exist
}

func newPasswords() *passwords {
	return &passwords{slots: make(chan struct{}, maxHashing), dummy: newHash(rand.Text())}
}

// acquire waits for a turn. The caller gives it back with release.
func (p *passwords) acquire(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *passwords) release() { <-p.slots }

// hash makes the stored form of a new password. The caller holds a turn.
func (p *passwords) hash(password string) string {
	return newHash(password)
}

// matches compares a password with a stored hash. An empty hash stands for an
// account that does not exist: it takes the same time and never matches. The
// caller holds a turn.
func (p *passwords) matches(stored, password string) (bool, error) {
	real := stored != ""
	if !real {
		stored = p.dummy
	}
	salt, want, err := decodeHash(stored)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(digest(password, salt), want) == 1 && real, nil
}

// checkNewPassword says whether a password may be chosen.
func checkNewPassword(s string) error {
	if n := utf8.RuneCountInString(s); n < minPassword || n > maxPassword {
		return errPasswordLength
	}
	return nil
}

func newHash(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return encodeHash(salt, digest(password, salt))
}

func digest(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, hashSize)
}

// hashPrefix names the algorithm and its parameters in the stored form, so that
// a later version can tell which hashes to renew.
var hashPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, argonMemory, argonTime, argonThreads)

func encodeHash(salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return hashPrefix + b64.EncodeToString(salt) + "$" + b64.EncodeToString(hash)
}

func decodeHash(stored string) (salt, hash []byte, err error) {
	rest, ok := strings.CutPrefix(stored, hashPrefix)
	s, h, ok2 := strings.Cut(rest, "$")
	if !ok || !ok2 {
		return nil, nil, errors.New("webapp: a stored password hash has an unknown form")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(s)
	hash, err2 := base64.RawStdEncoding.DecodeString(h)
	if err := errors.Join(err1, err2); err != nil || len(salt) != saltSize || len(hash) != hashSize {
		return nil, nil, errors.New("webapp: a stored password hash is damaged")
	}
	return salt, hash, nil
}
