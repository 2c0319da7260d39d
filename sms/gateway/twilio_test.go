package gateway_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

const twilioCreated = `{"sid":"` + messageSID + `","status":"queued","error_code":null,"error_message":null,"to":"` + number + `"}`

// TestTwilioRequest holds the request to the published form
// (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource).
func TestTwilioRequest(t *testing.T) {
	for name, test := range map[string]struct {
		edit           func(*gateway.TwilioConfig)
		report         string
		user, password string
		form           map[string]string
	}{
		"account and number": {
			report: token, user: accountSID, password: authToken,
			form: map[string]string{"To": number, "From": "+15005550006", "Body": text, "StatusCallback": reportURL + "?m=" + token},
		},
		"key and service": {
			edit: func(c *gateway.TwilioConfig) {
				c.APIKey, c.APISecret, c.From, c.MessagingServiceSID = apiKey, password, "", serviceSID
			},
			user: apiKey, password: password,
			form: map[string]string{"To": number, "MessagingServiceSid": serviceSID, "Body": text},
		},
		"no reports": {
			edit:   func(c *gateway.TwilioConfig) { c.ReportURL = "" },
			report: token, user: accountSID, password: authToken,
			form: map[string]string{"To": number, "From": "+15005550006", "Body": text},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCarrier(t, says(201, twilioCreated))
			m := message
			m.Report = test.report
			wantSent(t, newTwilio(t, c.URL, test.edit), m, messageSID)
			r := c.one(t)
			if r.method != http.MethodPost || r.path != "/2010-04-01/Accounts/"+accountSID+"/Messages.json" || len(r.query) != 0 {
				t.Errorf("the request is %s %s with the query %v", r.method, r.path, r.query)
			}
			if r.user != test.user || r.password != test.password {
				t.Errorf("it authenticates as %q", r.user)
			}
			if ct := r.header.Get("Content-Type"); ct != "application/x-www-form-urlencoded" {
				t.Errorf("it is %s", ct)
			}
			wantFields(t, r.form, test.form)
		})
	}
}

// TestTwilioErrors: the codes of https://www.twilio.com/docs/api/errors.
func TestTwilioErrors(t *testing.T) {
	for code, want := range map[int]struct {
		status int
		reason string
	}{
		21211: {400, mfa.SendBadDestination},
		21214: {400, mfa.SendBadDestination},
		21217: {400, mfa.SendBadDestination},
		21614: {400, mfa.SendBadDestination},
		21610: {400, mfa.SendOptedOut},
		21408: {403, mfa.SendRefused},
		21612: {400, mfa.SendRefused},
		20003: {401, mfa.SendUnauthorized},
		20429: {429, mfa.SendThrottled},
		14107: {429, mfa.SendThrottled},
		21611: {400, mfa.SendThrottled},
		21999: {400, mfa.SendRefused}, // not published
		20500: {500, mfa.SendUnreachable},
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			body := fmt.Sprintf(`{"code":%d,"message":"The 'To' number %s is not …","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`,
				code, number, code, want.status)
			c := newCarrier(t, says(want.status, body, "Retry-After", "7"))
			_, err := send(t, newTwilio(t, c.URL, nil), message)
			e := advised(t, err, want.reason)
			if e.Retry != (e.After != 0) {
				t.Errorf("it may be tried again %t, after %v", e.Retry, e.After)
			}
			var a *gateway.AnswerError
			if !errors.As(err, &a) || a.Code != fmt.Sprint(code) {
				t.Errorf("the cause is %v", errors.Unwrap(err))
			}
		})
	}
}

func TestTwilioAnswers(t *testing.T) {
	failed := func(code string) string {
		return `{"sid":"` + messageSID + `","status":"failed","error_code":` + code + `}`
	}
	for body, reason := range map[string]string{
		failed("30001"): mfa.SendThrottled,
		failed("30003"): mfa.SendBadDestination,
		failed("30006"): mfa.SendBadDestination,
		failed("30007"): mfa.SendRefused,
		failed("null"):  mfa.SendRefused,
		failed("39999"): mfa.SendRefused,
		`{"sid":"` + messageSID + `","status":"undelivered"}`: mfa.SendRefused,
		"":                                 mfa.SendBadAnswer,
		"<html>":                           mfa.SendBadAnswer,
		"{}":                               mfa.SendBadAnswer,
		"null":                             mfa.SendBadAnswer,
		`{"sid":5}`:                        mfa.SendBadAnswer,
		`{"sid":"a b"}`:                    mfa.SendBadAnswer,
		`{"sid":"` + number[1:] + `"}`:     mfa.SendBadAnswer,
		`{"sid":"` + messageSID + `"`:      mfa.SendBadAnswer,
		`{"sid":"` + messageSID + `"}junk`: mfa.SendBadAnswer,
	} {
		t.Run(body, func(t *testing.T) {
			c := newCarrier(t, says(201, body))
			_, err := send(t, newTwilio(t, c.URL, nil), message)
			advised(t, err, reason)
		})
	}
}

// sign makes a signature by the published rule, by other means than the package.
func sign(key, target string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(key))
	fmt.Fprint(mac, target)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		fmt.Fprint(mac, name, form.Get(name))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestTwilioReports(t *testing.T) {
	s := newTwilio(t, "", nil)
	for status, state := range map[string]mfa.DeliveryState{
		"accepted": mfa.DeliveryOnItsWay, "scheduled": mfa.DeliveryOnItsWay, "queued": mfa.DeliveryOnItsWay,
		"sending": mfa.DeliveryOnItsWay, "sent": mfa.DeliveryOnItsWay, "delivered": mfa.DeliveryDelivered,
		"read": mfa.DeliveryDelivered, "undelivered": mfa.DeliveryFailed, "failed": mfa.DeliveryFailed,
		"canceled": mfa.DeliveryFailed, "something new": mfa.DeliveryUnknown,
	} {
		form := url.Values{"MessageSid": {messageSID}, "MessageStatus": {status}, "To": {number}, "ErrorCode": {"30003"}, "Empty": {""}}
		// A proxy has changed host and scheme, and this process does not know.
		r := request(http.MethodPost, "http://10.0.0.7:8080/mfa/delivery/x?m="+token, form.Encode())
		r.Header.Set("X-Twilio-Signature", sign(authToken, reportURL+"?m="+token, form))
		got, err := s.Report(r)
		if err != nil || got != (mfa.Report{Token: token, State: state}) {
			t.Errorf("%s gives %s, %v", status, got.State, err)
		}
	}
}

// TestTwilioReportsThatAreForged changes one thing of a genuine report.
func TestTwilioReportsThatAreForged(t *testing.T) {
	s := newTwilio(t, "", nil)
	form := url.Values{"MessageSid": {messageSID}, "MessageStatus": {"delivered"}}
	genuine := sign(authToken, reportURL+"?m="+token, form)
	target := "/mfa/delivery/x?m=" + token
	long := strings.Repeat("x", 1<<17)
	for name, test := range map[string]struct {
		method, target, body, kind, signature string
		want                                  error
	}{
		"genuine":               {signature: genuine},
		"no signature":          {want: gateway.ErrSignature},
		"not base64":            {signature: "???", want: gateway.ErrSignature},
		"another key":           {signature: sign("x", reportURL+"?m="+token, form), want: gateway.ErrSignature},
		"no key":                {signature: sign("", reportURL+"?m="+token, form), want: gateway.ErrSignature},
		"another URL":           {signature: sign(authToken, "https://evil.example/?m="+token, form), want: gateway.ErrSignature},
		"a part of it":          {signature: genuine[:24], want: gateway.ErrSignature},
		"another token":         {target: target + "x", signature: genuine, want: gateway.ErrSignature},
		"another status":        {body: "MessageSid=" + messageSID + "&MessageStatus=failed", signature: genuine, want: gateway.ErrSignature},
		"one more parameter":    {body: form.Encode() + "&a=b", signature: genuine, want: gateway.ErrSignature},
		"no token":              {target: "/mfa/delivery/x", signature: genuine, want: gateway.ErrBadReport},
		"two tokens":            {target: target + "&m=" + token, signature: genuine, want: gateway.ErrBadReport},
		"a token out of order":  {target: "/mfa/delivery/x?m=a%0a", signature: genuine, want: gateway.ErrBadReport},
		"a query out of order":  {target: target + "&%zz", signature: genuine, want: gateway.ErrBadReport},
		"another method":        {method: http.MethodGet, signature: genuine, want: gateway.ErrBadReport},
		"another kind of body":  {kind: "application/json", signature: genuine, want: gateway.ErrBadReport},
		"a huge body":           {body: "a=" + long, signature: sign(authToken, reportURL+"?m="+token, url.Values{"a": {long}}), want: gateway.ErrBadReport},
		"a form out of order":   {body: "%zz", signature: genuine, want: gateway.ErrBadReport},
		"no status":             {body: "a=b", signature: sign(authToken, reportURL+"?m="+token, url.Values{"a": {"b"}}), want: gateway.ErrBadReport},
		"the status in the URL": {target: target + "&MessageStatus=failed", signature: genuine},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(or(test.method, http.MethodPost), or(test.target, target), or(test.body, form.Encode()))
			r.Header.Set("Content-Type", or(test.kind, "application/x-www-form-urlencoded; charset=UTF-8"))
			r.Header.Set("X-Twilio-Signature", test.signature)
			got, err := s.Report(r)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want == nil && got != (mfa.Report{Token: token, State: mfa.DeliveryDelivered}) {
				t.Errorf("got %s", got.State)
			}
			noCanary(t, err)
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func TestTwilioConfig(t *testing.T) {
	for name, edit := range map[string]func(*gateway.TwilioConfig){
		"AccountSID":          func(c *gateway.TwilioConfig) { c.AccountSID = "AC/../x" },
		"AuthToken":           func(c *gateway.TwilioConfig) { c.AuthToken = "" },
		"APISecret":           func(c *gateway.TwilioConfig) { c.APIKey = apiKey },
		"APIKey is not":       func(c *gateway.TwilioConfig) { c.APIKey, c.APISecret = "x", "y" },
		"AuthToken is empty":  func(c *gateway.TwilioConfig) { c.APIKey, c.APISecret, c.AuthToken = apiKey, "y", "" },
		"either From":         func(c *gateway.TwilioConfig) { c.From = "" },
		"MessagingServiceSID": func(c *gateway.TwilioConfig) { c.MessagingServiceSID = serviceSID },
		"From has":            func(c *gateway.TwilioConfig) { c.From = "a\nb" },
		"BaseURL has":         func(c *gateway.TwilioConfig) { c.BaseURL = "https://host/path" },
		"ReportURL has":       func(c *gateway.TwilioConfig) { c.ReportURL = reportURL + "?m=1" },
	} {
		c := gateway.TwilioConfig{AccountSID: accountSID, AuthToken: authToken, From: "Example", ReportURL: reportURL}
		edit(&c)
		if _, err := gateway.NewTwilio(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
