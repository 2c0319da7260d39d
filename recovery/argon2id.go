package recovery

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/mfakit/mfa"
	"golang.org/x/crypto/argon2"
)

// Argon2id is the cost of a digest (RFC 9106). It stands in each [State], so
// that a later version can ask for more of new sets while old ones still open.
type Argon2id struct {
	Time    uint32 `json:"t"` // passes, 1 to 16
	Memory  uint32 `json:"m"` // KiB, 8 for each thread to 262144
	Threads uint8  `json:"p"` // lanes, 1 to 16
}

// owasp is the cost that the OWASP Password Storage Cheat Sheet names first for
// one lane with little memory: 19 MiB, two passes. It is meant for passwords;
// for 80 random bits it is ample.
var owasp = Argon2id{Time: 2, Memory: 19 * 1024, Threads: 1}

// validate bounds what a state that was read may cost: 256 MiB and sixteen passes.
func (a Argon2id) validate() error {
	if a.Time < 1 || a.Time > 16 || a.Threads < 1 || a.Threads > 16 ||
		a.Memory < 8*uint32(a.Threads) || a.Memory > 256*1024 {
		return errors.New("argon2id cost is out of bounds")
	}
	return nil
}

func (s State) digest(c code) []byte {
	return argon2.IDKey([]byte(c), s.Salt, s.Argon2id.Time, s.Argon2id.Memory, s.Argon2id.Threads, hashSize)
}

// digestOnce is digest, once per request. The name holds the salt, so that a
// set that was replaced in the meantime gets a digest of its own. It need not
// hold the code, and must not: a request has one answer.
func (s State) digestOnce(ctx context.Context, slow mfa.SlowFunc, c code) ([]byte, error) {
	name := "argon2id:" + base64.RawStdEncoding.EncodeToString(s.Salt)
	return once(ctx, slow, name, func() ([]byte, error) { return s.digest(c), nil })
}

// once calls compute through slow, or by itself where there is none.
func once(ctx context.Context, slow mfa.SlowFunc, name string, compute func() ([]byte, error)) ([]byte, error) {
	if slow == nil {
		return compute()
	}
	return slow(ctx, name, compute)
}
