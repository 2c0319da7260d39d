package totp

import (
	"crypto/subtle"
	"errors"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
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

// A generator makes the codes of one secret.
type generator struct {
	secret string
	opts   hotp.ValidateOpts
}

func newGenerator(s State) (*generator, error) {
	g := &generator{secret: s.Secret, opts: hotp.ValidateOpts{Digits: otp.Digits(s.Digits)}}
	switch s.Algorithm {
	case SHA1:
		g.opts.Algorithm = otp.AlgorithmSHA1 // RFC 6238 §1.2; HMAC does not rest on what is broken in it
	case SHA256:
		g.opts.Algorithm = otp.AlgorithmSHA256
	case SHA512:
		g.opts.Algorithm = otp.AlgorithmSHA512
	default:
		return nil, errState
	}
	return g, nil
}

// code is the code of a step, with its leading zeros (RFC 4226 §5.3).
func (g *generator) code(step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(g.secret, uint64(step), g.opts)
	if err != nil {
		return "", errState // the cause might quote the secret
	}
	return code, nil
}

// matchIn says whether answer is the code of one of the steps from first to
// last, and of which: the latest, should two steps have the same code, so that
// the earlier one cannot be used after it. It always goes through all steps,
// and its time does not depend on which of them match. Negative steps, before
// 1970, do no harm: they are no later than the last one spent.
func (g *generator) matchIn(first, last int64, answer string) (step int64, ok bool, err error) {
	at := -1 // an offset is an int on every platform; a step is not
	for i := 0; first+int64(i) <= last; i++ {
		code, err := g.code(first + int64(i))
		if err != nil {
			return 0, false, err
		}
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare([]byte(code), []byte(answer)), i, at)
	}
	return first + int64(at), at >= 0, nil
}
