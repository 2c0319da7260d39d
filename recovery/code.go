package recovery

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"

	"github.com/mfakit/mfa"
)

const (
	codeBytes  = 10 // 80 bits; NIST SP 800-63B-4 section 4.2.1.1 asks for 64 of a saved recovery code
	codeLength = 16 // symbols of 5 bits
	groupSize  = 4
	maxInput   = 128 // bytes of an answer

	// Crockford's base32: no i, l, o (like 1 and 0), and no u.
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// A code is a recovery code in its one normal form: codeLength symbols of the
// alphabet. It is what is digested and compared, and never stored.
type code string

// newCode draws a code. 80 bits are sixteen symbols exactly, so no symbol is
// likelier than another.
func newCode() code {
	var b [codeBytes]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends instead
	return code(encoding.EncodeToString(b[:]))
}

// grouped is the code as people read and type it.
func (c code) grouped() string {
	out := make([]byte, 0, codeLength+codeLength/groupSize)
	for i := range len(c) {
		if i > 0 && i%groupSize == 0 {
			out = append(out, '-')
		}
		out = append(out, c[i])
	}
	return string(out)
}

// parseCode is the only normalisation that an answer goes through. Its errors
// do not repeat the input, which may be a code with a slip of the finger.
func parseCode(typed string) (code, error) {
	if len(typed) > maxInput {
		return "", fmt.Errorf("%w: a recovery code of more than %d bytes", mfa.ErrBadInput, maxInput)
	}
	normal := make([]byte, 0, codeLength)
	for i := range len(typed) {
		b := typed[i]
		if b == ' ' || b == '-' {
			continue
		}
		if b = symbols[b]; b == 0 {
			return "", fmt.Errorf("%w: a character that recovery codes do not have", mfa.ErrBadInput)
		}
		normal = append(normal, b)
	}
	if len(normal) != codeLength {
		return "", fmt.Errorf("%w: a recovery code has %d letters and digits", mfa.ErrBadInput, codeLength)
	}
	return code(normal), nil
}

// symbols maps each byte that may be typed to the symbol that it means, and all others to 0.
var symbols = func() (table [256]byte) {
	for _, b := range []byte(alphabet) {
		table[b] = b
	}
	table['o'], table['i'], table['l'] = '0', '1', '1'
	for b := byte('a'); b <= 'z'; b++ {
		table[b-'a'+'A'] = table[b]
	}
	return table
}()
