package gateway_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

var canaries = []string{number[1:], text, "canary"}

// printed is all that a careless line could make of v.
func printed(v any) string {
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
	return b.String()
}

// noCanary checks an error, and all that it wraps, field by field.
func noCanary(t *testing.T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		out := printed(err) + err.Error()
		for _, c := range canaries {
			if strings.Contains(out, c) {
				t.Errorf("an error prints %q: %s", c, out)
			}
		}
	}
}

// TestC20_A89_ErrorsHoldNoSecret lets every kind of failure happen against a carrier that
// repeats all that it was sent wherever it can.
func TestC20_A89_ErrorsHoldNoSecret(t *testing.T) {
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			all := r.URL.String() + " " + number + " " + text
			w.Header().Set("X-Echo", all)
			w.Header().Set("Location", "https://other.example/?"+all)
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]any{"message": all, "code": all, "sid": number[1:], "id": number[1:], "status": all})
		}
	}
	raw := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprintf(conn, "%s %s %s\r\n\r\n", number, text, r.URL)
			conn.Close()
		}
	}
	answers := map[string]http.HandlerFunc{"not HTTP": raw}
	for _, status := range []int{200, 201, 202, 301, 302, 307, 400, 401, 403, 404, 429, 500, 502, 503, 504} {
		answers[fmt.Sprint(status)] = echo(status)
	}
	for name, answer := range answers {
		c := newCarrier(t, answer)
		for kind, s := range senders(t, c.URL, time.Minute) {
			ref, err := send(t, s, message)
			if err == nil && !strings.HasPrefix(kind, "HTTP") {
				t.Errorf("%s took the answer %s for a success", kind, name)
			}
			noCanary(t, err)
			if ref != "" {
				t.Errorf("%s returns what the carrier wrote as a reference: %q", kind, ref)
			}
		}
	}
}

// TestC20_NoConnectionHoldsNoSecret has errors made by net and net/http.
func TestC20_NoConnectionHoldsNoSecret(t *testing.T) {
	closed := newCarrier(t, says(200, ""))
	closed.Close()
	for base, what := range map[string]string{
		closed.URL:                       "refused",
		"https://canary.invalid":         "unknown name",
		"https://" + closed.URL[7:] + "": "refused with TLS",
	} {
		for kind, s := range senders(t, base, time.Minute) {
			t.Run(kind+"/"+what, func(t *testing.T) {
				_, err := send(t, s, message)
				advised(t, err, mfa.SendUnreachable)
			})
		}
	}
}

func TestC20_SendersAndConfigurationsPrintNoSecret(t *testing.T) {
	twilio := gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, APISecret: password}
	kannel := gateway.KannelConfig{Password: password, ReportSecret: secret}
	generic := plainHTTP("https://canary.example")
	values := []any{twilio, &twilio, kannel, &kannel, generic, &generic}
	for _, s := range senders(t, "https://canary.example", 0) {
		values = append(values, s)
	}
	fallback, err := gateway.NewFallback(gateway.FallbackConfig{Default: []mfa.Sender{newTwilio(t, "", nil)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append(values, fallback) {
		out := printed(v)
		for _, c := range canaries {
			if strings.Contains(out, c) {
				t.Errorf("%T prints %q: %s", v, c, out)
			}
		}
	}
}

// TestC20_ConfigurationErrorsHoldNoSecret: what is wrong is named, not quoted.
func TestC20_ConfigurationErrorsHoldNoSecret(t *testing.T) {
	_, url := gateway.NewKannel(gateway.KannelConfig{URL: "http://user:canary@host/?password=canary\x00", Username: "u", Password: password})
	_, user := gateway.NewKannel(gateway.KannelConfig{URL: "https://user:canary@host/", Username: "u", Password: password})
	_, sid := gateway.NewTwilio(gateway.TwilioConfig{AccountSID: authToken})
	c := plainHTTP("https://host")
	c.Header["X"] = authToken + "\r\n"
	_, header := gateway.NewHTTP(c)
	c = plainHTTP("https://host")
	c.JSON, c.Form = `{"key": "`+authToken+`{nothing}"}`, nil
	_, body := gateway.NewHTTP(c)
	for _, err := range []error{url, user, sid, header, body} {
		if err == nil {
			t.Error("a wrong configuration is taken")
		}
		noCanary(t, err)
	}
}
