package totp

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"hash"
	"math"
	"time"
)

// stepAt numbers the step that a time is in (RFC 6238 §4.2). Steps are 64-bit,
// so that 2038 is a year like others. A clock before 1970 is broken, and has none.
func stepAt(t time.Time, period int) (int64, error) {
	u := t.Unix()
	if u < 0 {
		return 0, errors.New("totp: the clock is before 1970")
	}
	return u / int64(period), nil
}

// A generator makes the codes of one secret, one after the other.
type generator struct {
	mac     hash.Hash // the HMAC under the secret, from its beginning
	digits  int
	counter [8]byte
	sum     [sha512.Size]byte
	text    [8]byte
}

func newGenerator(s State) (*generator, error) {
	secret, err := noPadding.DecodeString(s.Secret)
	if err != nil {
		return nil, errState // the cause might quote the secret
	}
	g := &generator{digits: s.Digits}
	switch s.Algorithm {
	case SHA1:
		g.mac = hmac.New(sha1.New, secret) // RFC 6238 §1.2; HMAC does not rest on what is broken in it
	case SHA256:
		g.mac = hmac.New(sha256.New, secret)
	case SHA512:
		g.mac = hmac.New(sha512.New, secret)
	default:
		return nil, errState
	}
	return g, nil
}

// code is the code of a step, with its leading zeros (RFC 4226 §5.3): of the HMAC
// those 31 bits that its last four bits point to, and of these the last decimal
// digits. It is good until the next one is made.
func (g *generator) code(step int64) []byte {
	binary.BigEndian.PutUint64(g.counter[:], uint64(step))
	g.mac.Reset()
	g.mac.Write(g.counter[:])
	sum := g.mac.Sum(g.sum[:0])
	n := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0xf:]) & math.MaxInt32
	for i := range g.digits {
		g.text[g.digits-1-i] = '0' + byte(n%10)
		n /= 10
	}
	return g.text[:g.digits]
}

// matchIn says whether answer is the code of one of the steps from first to
// last, and of which: the latest, should two steps have the same code, so that
// the earlier one cannot be used after it. It always goes through all steps,
// and its time does not depend on which of them match. Negative steps, before
// 1970, do no harm: they are no later than the last one spent.
func (g *generator) matchIn(first, last int64, answer string) (step int64, ok bool) {
	typed := []byte(answer)
	at := -1 // an offset is an int on every platform; a step is not
	for i := 0; first+int64(i) <= last; i++ {
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(g.code(first+int64(i)), typed), i, at)
	}
	return first + int64(at), at >= 0
}
