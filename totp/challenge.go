package totp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/qr"
)

// A Challenge is what the user needs to set an app up, to be shown once. Its
// JSON has secret, uri, and qr (the PNG as a data URI). It holds the secret in the clear;
// it prints and logs itself without it, but its JSON is for the user's eyes
// alone: send it with Cache-Control: no-store, and keep it out of links.
type Challenge struct {
	Secret string // base32 without padding

	// URI is the otpauth link. As the target of a link it opens an
	// authenticator app on the same device. (Package html/template only lets
	// it through as a template.URL.)
	URI string

	Issuer  string // for typing in, with Account
	Account string
}

var _ mfa.Challenge = (*Challenge)(nil)

// Method returns "totp".
func (c Challenge) Method() string { return Name }

// SecretGrouped is the secret in groups of four, for typing in. Apps ignore
// the spaces.
func (c Challenge) SecretGrouped() string {
	var b strings.Builder
	for i, r := range c.Secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// PNG draws URI as a QR code in black on white, at least 200 pixels wide,
// with the light margin that cameras need.
func (c Challenge) PNG() ([]byte, error) {
	code, err := c.qr()
	if err != nil {
		return nil, err
	}
	return code.PNG(qrWidth)
}

// SVG draws URI as a QR code like PNG, for embedding into a page, which gives
// it its size. Its title names the issuer and the account.
func (c Challenge) SVG() ([]byte, error) {
	code, err := c.qr()
	if err != nil {
		return nil, err
	}
	return code.SVG("QR code, " + c.Issuer + ": " + c.Account), nil
}

func (c Challenge) qr() (*qr.Code, error) {
	code, err := qr.Encode(c.URI)
	if err != nil {
		return nil, fmt.Errorf("totp: %w", err)
	}
	return code, nil
}

// MarshalJSON gives the object that a client needs: secret, uri and qr.
func (c Challenge) MarshalJSON() ([]byte, error) {
	png, err := c.PNG()
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Secret string `json:"secret"`
		URI    string `json:"uri"`
		QR     string `json:"qr"`
	}{c.Secret, c.URI, "data:image/png;base64," + base64.StdEncoding.EncodeToString(png)})
}

// uri builds the otpauth link. The colon between issuer and account is the
// only one in it that is not encoded, so that any characters in either
// survive. The parameters are all there, defaults too, since apps differ in what
// they assume.
func uri(issuer, account string, s State) string {
	return fmt.Sprintf("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		escape(issuer), escape(account), s.Secret, escape(issuer), s.Algorithm, s.Digits, s.Period)
}

// escape encodes all but letters, digits and -_.~ (RFC 3986 §2.3). A space is
// %20: the plus sign of HTML forms is a plus sign to apps.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// accountName is what the app shows for the user: the name, else the e-mail
// address, else the ID, on one line and of bounded length.
func accountName(u mfa.User) string {
	for _, s := range []string{u.Name, u.Email, u.ID} {
		if s = shorten(oneLine(s)); s != "" {
			return s
		}
	}
	return "account"
}

// oneLine drops control characters, which could fake further lines in an app,
// and what is not UTF-8.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// shorten cuts s between two characters, and shows that it did.
func shorten(s string) string {
	const more = "…"
	if len(s) <= maxAccountBytes {
		return s
	}
	end := maxAccountBytes - len(more)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + more
}
