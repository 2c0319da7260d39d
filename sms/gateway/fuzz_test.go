package gateway_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// FuzzReport gives what anybody may send to the address of delivery reports to all
// senders, one of which believes it: it knows the secret. What the others take for
// genuine has to be so.
func FuzzReport(f *testing.F) {
	f.Add("ref="+token+"&state=ok&m="+token, "ref="+token+"&state=ok", "application/x-www-form-urlencoded", "c2lnbmVk")
	f.Add("m="+token+"&k=0&d=1", `{"a":[{"ref":"`+token+`","state":"ok"}]}`, "application/json", "")
	f.Add("m="+token+"&m="+token, "MessageStatus=delivered&MessageStatus=failed", "application/x-www-form-urlencoded; charset=utf-8", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")
	f.Add("%", "\xff\x00", ";", "=")
	kannel, err := gateway.NewKannel(gateway.KannelConfig{URL: "https://host", Username: "u", Password: "p", ReportURL: "https://app/r", ReportSecret: secret})
	if err != nil {
		f.Fatal(err)
	}
	twilio, err := gateway.NewTwilio(gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, From: "+1", ReportURL: "https://app/r"})
	if err != nil {
		f.Fatal(err)
	}
	known := map[string]reporter{}
	for name, fields := range map[string][2]gateway.Field{
		"query":  {{Query: "ref"}, {Query: "state"}},
		"form":   {{Form: "ref"}, {Form: "state"}},
		"JSON":   {{JSON: "a.0.ref"}, {JSON: "a.0.state"}},
		"text":   {{Regexp: "ref=([^ &]+)"}, {Regexp: "state=([a-z]+)"}},
		"header": {{Header: "X-Twilio-Signature"}, {Header: "Content-Type"}},
	} {
		c := plainHTTP("https://host")
		c.ReportSecretIn, c.ReportToken, c.ReportState = gateway.Field{Header: "X-Secret"}, fields[0], fields[1]
		if known[name], err = gateway.NewHTTP(c); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, query, body, kind, signature string) {
		send := func(method string, s reporter) (mfa.Report, error) {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL = &url.URL{Path: "/", RawQuery: query}
			r.Header = http.Header{"Content-Type": {kind}, "X-Twilio-Signature": {signature}, "X-Secret": {secret}}
			report, err := s.Report(r)
			switch {
			case err == nil && report.Token == "":
				t.Fatal("a report of nothing is taken")
			case err != nil && !errors.Is(err, gateway.ErrSignature) && !errors.Is(err, gateway.ErrBadReport):
				t.Fatalf("a report is no reason for %v", err)
			case err != nil && report != (mfa.Report{}):
				t.Fatal("a report comes with an error")
			}
			return report, err
		}
		for _, s := range known {
			_, _ = send(http.MethodPost, s)
		}
		for name, s := range map[string]reporter{"Kannel": kannel, "Twilio": twilio} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if _, err := send(method, s); err == nil {
					t.Fatalf("%s takes what nobody signed: %q, %q, %q", name, query, body, signature)
				}
			}
		}
	})
}
