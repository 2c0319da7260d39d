package gateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/mfakit/mfa"
)

// The query members of a callback URL.
const (
	memberToken  = "m" // Message.Report
	memberCode   = "k" // shows that we made the URL
	memberStatus = "d" // Kannel's
)

// A callback is where a carrier reports to. The zero value: nowhere.
type callback struct {
	base   string // ReportURL up to where members are added; empty: no reports
	sender string // the kind of sender, so that the code of one is no code of another
	secret []byte // nil: the carrier signs
}

// newCallback reads ReportURL and ReportSecret.
func newCallback(sender, reportURL, secret string, insecureHTTP bool) (callback, error) {
	if reportURL == "" {
		return callback{}, nil
	}
	u, err := endpoint("ReportURL", reportURL, insecureHTTP)
	if err != nil {
		return callback{}, err
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || q.Has(memberToken) || q.Has(memberCode) || q.Has(memberStatus) {
		return callback{}, fmt.Errorf("gateway: ReportURL has a query that clashes with the members m, k and d")
	}
	join := "?"
	if u.RawQuery != "" {
		join = "&"
	}
	u.ForceQuery = false
	c := callback{base: u.String() + join, sender: sender, secret: []byte(secret)}
	return c, nil
}

// checkSecret refuses a secret that can be guessed.
func checkSecret(reportURL, secret string) error {
	if reportURL != "" && len(secret) < minSecret {
		return fmt.Errorf("gateway: ReportSecret has %d bytes, and must have %d at least, at random", len(secret), minSecret)
	}
	return nil
}

// url is the callback URL for one message; empty: no report is wanted.
func (c callback) url(token string) string {
	if c.base == "" || token == "" {
		return ""
	}
	u := c.base + memberToken + "=" + token
	if len(c.secret) > 0 {
		u += "&" + memberCode + "=" + c.code(token)
	}
	return u
}

// code is a MAC over the token, of 128 bits: it is tried over the network only.
func (c callback) code(token string) string {
	mac := hmac.New(sha256.New, c.secret)
	mac.Write([]byte("mfa/sms/gateway report\x00" + c.sender + "\x00" + token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// query reads the members of the request's URL.
func (c callback) query(r *http.Request) (url.Values, error) {
	if c.base == "" {
		return nil, ErrSignature
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, ErrBadReport
	}
	return q, nil
}

// token is the report token in q.
func (c callback) token(q url.Values) (string, error) {
	if t, ok := only(q, memberToken); ok && isToken(t) {
		return t, nil
	}
	return "", ErrBadReport
}

// verified is the token in q, with its code checked.
func (c callback) verified(q url.Values) (string, error) {
	token, err := c.token(q)
	if err != nil {
		return "", err
	}
	code, _ := only(q, memberCode)
	if !hmac.Equal([]byte(code), []byte(c.code(token))) {
		return "", ErrSignature
	}
	return token, nil
}

// only is the value of a member that occurs once and is not empty. Of two, one
// part of a system might check the first and another use the second.
func only(v url.Values, name string) (string, bool) {
	if len(v[name]) != 1 || v[name][0] == "" {
		return "", false
	}
	return v[name][0], true
}

// reportBody reads the body of a report.
func reportBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReport+1))
	if err != nil || len(body) > maxReport {
		return nil, ErrBadReport
	}
	return body, nil
}

// isState says whether s is a state that a report can bring.
func isState(s mfa.DeliveryState) bool {
	switch s {
	case mfa.DeliveryUnknown, mfa.DeliveryOnItsWay, mfa.DeliveryDelivered, mfa.DeliveryFailed:
		return true
	}
	return false
}
