package mfa

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"
)

const (
	randomSize = 32 // bytes of randomness in a token: 256 bits
	flowIDSize = 16
)

// The purposes that sealed bytes name in their associated data.
const (
	sealUser   = "user"
	sealToken  = "token"
	sealMeter  = "meter"
	sealMarker = "marker"

	sealPasskey = "passkey"
	sealClaim   = "claim"
	sealBulk    = "bulk"
	sealBudget  = "budget"
	sealReport  = "report"

	sealElsewhere = "elsewhere"
	sealLink      = "link"
	sealEvidence  = "evidence"
)

const sealFormat = 1

// associated names what is sealed: the deployment, the purpose and the key, so
// that it opens nowhere else.
func (e *Engine) associated(purpose, key string) []byte {
	ad := make([]byte, 0, 8+len(e.deployment)+len(purpose)+len(key))
	ad = append(ad, "mfa\x00"...)
	ad = append(ad, sealFormat)
	ad = append(ad, e.deployment...)
	ad = append(ad, 0)
	ad = append(ad, purpose...)
	ad = append(ad, 0)
	return append(ad, key...)
}

func (e *Engine) seal(purpose, key string, plain []byte) ([]byte, error) {
	return e.keys.seal(e.associated(purpose, key), len(plain), func(out []byte) ([]byte, error) { return append(out, plain...), nil })
}

func (e *Engine) unseal(purpose, key string, sealed []byte) ([]byte, error) {
	return unseal(e.keys.aead, sealed, e.associated(purpose, key))
}

func unseal(aead AEAD, sealed, associated []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, ErrSealed
	}
	if sealed[0] > sealFormat {
		return nil, ErrNewerVersion
	}
	plain, err := aead.Decrypt(sealed[1:], associated)
	if err != nil || sealed[0] != sealFormat {
		return nil, ErrSealed // the AEAD's own words could tell more than they should
	}
	return plain, nil
}

// sealedToken seals what travels through clients and carriers, as text of its own
// random name, to which it is bound.
func (e *Engine) sealedToken(purpose string, plain []byte) (string, error) {
	var random [flowIDSize]byte
	rand.Read(random[:])
	sealed, err := e.seal(purpose, string(random[:]), plain)
	return base64.RawURLEncoding.EncodeToString(append(random[:], sealed...)), err
}

// openedToken is the reverse. ErrSealed for what is malformed or longer than most.
func (e *Engine) openedToken(purpose, token string, most int) ([]byte, error) {
	if len(token) > most {
		return nil, ErrSealed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= flowIDSize {
		return nil, ErrSealed
	}
	return e.unseal(purpose, string(raw[:flowIDSize]), raw[flowIDSize:])
}

// A flow's token is 32 random bytes and the user's identifier, sealed to them.
// The store holds a hash of the random part.
func (e *Engine) newFlowToken(user string) (token string, id []byte, err error) {
	var random [randomSize]byte
	rand.Read(random[:])
	sealed, err := e.seal(sealToken, string(random[:]), []byte(user))
	if err != nil {
		return "", nil, err
	}
	return base64.RawURLEncoding.EncodeToString(append(random[:], sealed...)), flowID(random[:]), nil
}

func flowID(random []byte) []byte {
	sum := sha256.Sum256(random)
	return sum[:flowIDSize]
}

// parseFlowToken is the reverse. ErrNoFlow.
func (e *Engine) parseFlowToken(token string) (user string, id []byte, err error) {
	if len(token) > maxToken {
		return "", nil, ErrNoFlow
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= randomSize {
		return "", nil, ErrNoFlow
	}
	plain, err := e.unseal(sealToken, string(raw[:randomSize]), raw[randomSize:])
	if err != nil {
		return "", nil, ErrNoFlow
	}
	return string(plain), flowID(raw[:randomSize]), nil
}

// newID is a random identifier of 130 bits in lower case letters and digits.
func newID() string {
	var b [17]byte
	rand.Read(b[:])
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:])[:26])
}

// newVersion is random and never zero, so that a key's version never comes
// again, even after a delete.
func newVersion() int64 {
	for {
		var b [8]byte
		rand.Read(b[:])
		if v := int64(binary.BigEndian.Uint64(b[:]) >> 1); v != 0 {
			return v
		}
	}
}

// userKey is where a user's value is.
func userKey(id string) string { return "user/" + url.PathEscape(id) }

// plain says whether text is of printable characters of ASCII alone, as most is.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// cut shortens text to at most n bytes, at a character's border, and drops what
// is not printable text, and what turns the direction of the text around it.
func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n]
	}
	if plain(text) {
		return text
	}
	text = strings.ToValidUTF8(text, "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, text)
}
