package mfatest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/totp"
)

// An Authenticator is an authenticator app with one entry. It works its codes
// out by itself, from the RFCs, so that it does not share the mistakes of what
// it tests. It is safe for use by any number of goroutines, and prints without
// its secret.
type Authenticator struct {
	Issuer  string        // the entry's name, before the colon
	Account string        // and after it
	Digits  int           // of a code
	Period  time.Duration // of a code

	secret []byte
	hash   func() hash.Hash
	now    func() time.Time
}

// NewAuthenticator scans an otpauth URI, as a phone does: out of a
// totp.Challenge, a QR code, or the link on a page. Codes are those of now
// (Clock.Now, or time.Now), nil being time.Now. Its errors do not repeat the URI,
// which is a secret.
func NewAuthenticator(uri string, now func() time.Time) (*Authenticator, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" {
		return nil, errors.New("mfatest: not an otpauth://totp/ URI")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("mfatest: the otpauth URI's query does not parse")
	}
	a := &Authenticator{now: now}
	if a.now == nil {
		a.now = time.Now
	}
	a.name(u, q.Get("issuer"))
	if err := a.parameters(q); err != nil {
		return nil, err
	}
	return a, nil
}

// name reads the entry's name: an issuer and a colon are optional before the account.
func (a *Authenticator) name(u *url.URL, issuer string) {
	path := strings.TrimPrefix(u.EscapedPath(), "/")
	before, after, both := strings.Cut(path, ":") // a colon in a name is escaped
	if !both {
		before, after = "", path
	}
	a.Issuer, _ = url.PathUnescape(before) // EscapedPath is always well formed
	a.Account, _ = url.PathUnescape(after)
	a.Account = strings.TrimLeft(a.Account, " ")
	if issuer != "" {
		a.Issuer = issuer
	}
}

func (a *Authenticator) parameters(q url.Values) error {
	secret := strings.TrimRight(strings.ToUpper(q.Get("secret")), "=")
	var err error
	if a.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err != nil || len(a.secret) == 0 {
		return errors.New("mfatest: the otpauth URI has no secret in base32")
	}
	switch algorithm := q.Get("algorithm"); algorithm {
	case "", "SHA1":
		a.hash = sha1.New
	case "SHA256":
		a.hash = sha256.New
	case "SHA512":
		a.hash = sha512.New
	default:
		return fmt.Errorf("mfatest: the otpauth URI's algorithm %.20q is not SHA1, SHA256 or SHA512", algorithm)
	}
	if a.Digits, err = number(q, "digits", 6, 6, 8); err != nil {
		return err
	}
	period, err := number(q, "period", 30, 1, 3600)
	a.Period = time.Duration(period) * time.Second
	return err
}

func number(q url.Values, name string, otherwise, least, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("mfatest: the otpauth URI's %s is not a number from %d to %d", name, least, most)
	}
	return n, nil
}

// Code is the code that the app shows now. The engine takes it once; for
// another one the clock has to move on by Period.
func (a *Authenticator) Code() string { return a.CodeAt(a.now()) }

// CodeAt is the code of the step that t is in (RFC 6238 section 4.2, RFC 4226
// section 5.3).
func (a *Authenticator) CodeAt(t time.Time) string {
	step := t.Unix() / int64(a.Period/time.Second)
	mac := hmac.New(a.hash, a.secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes all that is written
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	modulus := uint32(1)
	for range a.Digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", a.Digits, n%modulus)
}

// Answer answers a flow with the code that the app shows now. Of several
// authenticator apps that the user may have it answers the first option; where
// the flow has none the answer names no option, and the engine refuses it with
// mfa.ErrNoOption.
func (a *Authenticator) Answer(f mfa.Flow) mfa.Answer {
	for _, o := range f.Options {
		if o.Method == totp.Name {
			return mfa.Answer{Option: o.ID, Code: a.Code()}
		}
	}
	return mfa.Answer{Code: a.Code()}
}

// Format prints the entry's name, with any verb.
func (a *Authenticator) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "mfatest.Authenticator("+a.Issuer+": "+a.Account+")")
}
