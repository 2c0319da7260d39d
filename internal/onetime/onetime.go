// Package onetime makes and checks the codes that are sent to people: by text
// message, by mail. A code is kept as a keyed hash that names what it is for, so
// that it serves nothing else, and what is kept does not work as a code.
package onetime

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// A Purpose is what a code is for. A code for one answers no other.
type Purpose struct {
	Use  string // setting up, or signing in
	Flow string // the flow, or the enrolment that is to be confirmed
	To   string // where the code was sent
}

// A Pending is what is kept of a code until it is answered. It holds no code, but
// six digits behind a hash whose key stands beside it are found by trying: that
// nobody gets to try is the work of the engine, which keeps this sealed.
type Pending struct {
	Key     []byte `json:"key"`            // random, of this code alone
	Hash    []byte `json:"hash"`           // of the code and its purpose
	Link    []byte `json:"link,omitempty"` // of the link's token, where one was sent
	Expires int64  `json:"expires"`        // Unix seconds; from then on nothing answers
	To      string `json:"to,omitempty"`   // where it was sent, while that is not confirmed
}

// Sizes in bytes. A link's token is not typed, and so as good as a key.
const (
	keySize  = 32
	linkSize = 16
)

// New makes a code and what to keep of it. Every code of that many digits is
// equally likely, those with leading zeros included.
func (s Settings) New(p Purpose, now time.Time) (code string, pending Pending, err error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.Digits)), nil)
	n, err := rand.Int(rand.Reader, limit)
	if err != nil {
		return "", Pending{}, err
	}
	code = fmt.Sprintf("%0*d", s.Digits, n)
	key := make([]byte, keySize)
	rand.Read(key) // never fails
	pending = Pending{Key: key, Hash: hash(key, kindCode, p, code), Expires: now.Add(s.Lifetime).Unix()}
	return code, pending, nil
}

// WithLink adds a token, by which a mailed link answers as the code does.
func (p Pending) WithLink(u Purpose) (token string, with Pending) {
	raw := make([]byte, linkSize)
	rand.Read(raw) // never fails
	token = base64.RawURLEncoding.EncodeToString(raw)
	p.Link = hash(p.Key, kindLink, u, token)
	return token, p
}

const (
	kindCode = "code"
	kindLink = "link"
)

// hash binds an answer to its kind and purpose. Each part comes with its length,
// so that no two lists of parts are the same bytes.
func hash(key []byte, kind string, p Purpose, answer string) []byte {
	m := hmac.New(sha256.New, key)
	for _, part := range []string{kind, p.Use, p.Flow, p.To, answer} {
		fmt.Fprintf(m, "%d:%s", len(part), part)
	}
	return m.Sum(nil)
}

// Marshal is the state to keep.
func (p Pending) Marshal() ([]byte, error) { return json.Marshal(p) }

// Parse is the reverse. What was never kept, or has expired, is nothing; that is
// a Pending which no answer fits.
func Parse(raw []byte) (Pending, error) {
	var p Pending
	if len(raw) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Pending{}, errors.New("onetime: the state of a code does not parse") // the cause might quote it
	}
	return p, nil
}

// Errors of Check.
var (
	ErrWrong     = errors.New("onetime: wrong")     // or spent, expired, or never asked for
	ErrMalformed = errors.New("onetime: malformed") // it cannot be an answer; depends on no secret
)

// Check says whether answer is the code, or the link's token, that was sent for
// this purpose and still lives. Spaces count for nothing: people type them
// between digits. Whatever else a code does not consist of is ErrMalformed.
func (s Settings) Check(p Pending, u Purpose, answer string, now time.Time) error {
	answer = strings.ReplaceAll(answer, " ", "")
	kind, want := kindCode, p.Hash
	switch {
	case s.isCode(answer):
	case isToken(answer):
		kind, want = kindLink, p.Link
	default:
		return ErrMalformed
	}
	// What there is not is compared with too, and is equal to no hash.
	if right := hmac.Equal(hash(p.Key, kind, u, answer), want); !right || now.Unix() >= p.Expires {
		return ErrWrong
	}
	return nil
}

// isCode takes ASCII digits alone: one code, one spelling.
func (s Settings) isCode(answer string) bool {
	return len(answer) == s.Digits && strings.Trim(answer, "0123456789") == ""
}

// isToken looks at the length first, as decoding base64 skips line breaks.
func isToken(answer string) bool {
	if len(answer) != base64.RawURLEncoding.EncodedLen(linkSize) {
		return false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(answer)
	return err == nil && len(raw) == linkSize
}
