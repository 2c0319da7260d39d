package gateway

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"
)

// TestTwilioSignatureVectors: the example of
// https://www.twilio.com/docs/usage/security, and those that Twilio's own library
// for Go is tested with (twilio-go, client/request_validator_test.go).
func TestTwilioSignatureVectors(t *testing.T) {
	form := func(caller string) url.Values {
		return url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {caller}, "Digits": {"1234"}, "From": {caller}, "To": {"+18005551212"}}
	}
	for _, v := range []struct {
		url, caller, signature string
		want                   bool
	}{
		{"https://mycompany.com/myapp.php?foo=1&bar=2", "+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=", true},
		{"https://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", true},
		{"https://mycompany.com:1234/myapp.php?foo=1&bar=2", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", true}, // signed without the port
		{"https://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "kvajT1Ptam85bY51eRf/AJRuM3w=", true},      // signed with port 443
		{"http://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "0ZXoZLH/DfblKGATFgpif+LLRf4=", true},
		{"http://mycompany.com:1234/myapp.php?foo=1&bar=2", "+14158675309", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", true},
		{"http://mycompany.com/myapp.php?foo=1&bar=2", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", false}, // another scheme
		{"https://mycompany.com/myapp.php?foo=1", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", false},
	} {
		if got := twilioSigned([]byte("12345"), v.url, form(v.caller), v.signature); got != v.want {
			t.Errorf("%s with %s: %t", v.url, v.signature, got)
		}
	}
}

// TestTwilioSignatureOfRepeatedNames: Twilio's libraries sort the values of one
// name and take each once.
func TestTwilioSignatureOfRepeatedNames(t *testing.T) {
	const signed = "https://host/" + "a1a2b3"
	mac := hmac.New(sha1.New, []byte("12345"))
	mac.Write([]byte(signed))
	form := url.Values{"b": {"3"}, "a": {"2", "1", "2"}}
	if !twilioSigned([]byte("12345"), "https://host/", form, base64.StdEncoding.EncodeToString(mac.Sum(nil))) {
		t.Error("refused")
	}
}

// TestReportsThatAreOff: without ReportURL there is no secret, and a code or a
// signature made with none is worth nothing.
func TestReportsThatAreOff(t *testing.T) {
	k, err := NewKannel(KannelConfig{URL: "https://host", Username: "u", Password: "p"})
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewHTTP(HTTPConfig{URL: "https://host", ReportState: Field{Query: "d"}, ReportSecretIn: Field{Query: "s"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, sender := range []string{"", "kannel", "http"} {
		r := httptest.NewRequest("GET", "/?s=&d=1&m=token&k="+callback{sender: sender}.code("token"), nil)
		if _, err := k.Report(r); !errors.Is(err, ErrSignature) {
			t.Errorf("Kannel, code for %q: %v", sender, err)
		}
		if _, err := h.Report(r); !errors.Is(err, ErrSignature) {
			t.Errorf("HTTP, code for %q: %v", sender, err)
		}
	}
}
