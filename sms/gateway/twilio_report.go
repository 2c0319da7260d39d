package gateway

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
)

// Report reads a status callback of Twilio's. The error is [ErrSignature] where
// X-Twilio-Signature is missing or wrong, [ErrBadReport] where the request has
// another form. A status that is not known gives mfa.DeliveryUnknown.
//
// The signature is over the URL as it was given to Twilio, which is rebuilt from
// ReportURL: what a proxy makes of host and scheme does not matter, and a Host
// header is not believed.
func (t *Twilio) Report(r *http.Request) (mfa.Report, error) {
	query, err := t.callback.query(r)
	if err != nil {
		return mfa.Report{}, err
	}
	token, err := t.callback.token(query)
	if err != nil {
		return mfa.Report{}, err
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" || r.Method != http.MethodPost {
		return mfa.Report{}, ErrBadReport
	}
	body, err := reportBody(r)
	if err != nil {
		return mfa.Report{}, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return mfa.Report{}, ErrBadReport
	}
	if !twilioSigned(t.signing, t.callback.url(token), form, r.Header.Get("X-Twilio-Signature")) {
		return mfa.Report{}, ErrSignature
	}
	status, ok := only(form, "MessageStatus")
	if !ok {
		return mfa.Report{}, ErrBadReport
	}
	return mfa.Report{Token: token, State: twilioStates[status]}, nil
}

// twilioSigned checks a signature: HMAC-SHA1, which does not rest on SHA-1's
// collision resistance, over the URL and the sorted parameters
// (https://www.twilio.com/docs/usage/security#validating-requests). Twilio signs
// some URLs with the port and some without, so both are tried, as its own
// libraries do.
func twilioSigned(token []byte, callback string, form url.Values, signature string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	var params strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			params.WriteString(name + v)
		}
	}
	signed := false
	for _, u := range portForms(callback) {
		mac := hmac.New(sha1.New, token)
		mac.Write([]byte(u + params.String()))
		signed = hmac.Equal(mac.Sum(nil), given) || signed
	}
	return signed
}

// portForms is a URL with its port, and without.
func portForms(raw string) []string {
	u, err := url.Parse(raw)
	if err != nil {
		return nil
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	rest = strings.TrimPrefix(rest, u.Host)
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[scheme]
	}
	host := strings.TrimSuffix(u.Host, ":"+u.Port())
	return []string{scheme + "://" + host + rest, scheme + "://" + host + ":" + port + rest}
}
