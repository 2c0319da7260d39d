package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

func newVonage(t *testing.T, base string) *gateway.HTTP {
	t.Helper()
	return newHTTP(t, vonage(base, "canary01", password, reportURL, secret))
}

func newMessageBird(t *testing.T, base string) *gateway.HTTP {
	t.Helper()
	return newHTTP(t, messageBird(base, password, reportURL, secret))
}

const vonageSent = `{"message-count":"1","messages":[{"to":"4915112345678","message-id":"0C000000F00ABD35","status":"0","remaining-balance":"3.14159265","message-price":"0.03330000","network":"12345"}]}`

// TestVonageRequest: https://developer.vonage.com/en/api/sms, "Send an SMS".
func TestVonageRequest(t *testing.T) {
	for txt, kind := range map[string]string{text: "text", "Код: 1&to=2": "unicode"} {
		c := newCarrier(t, says(200, vonageSent))
		m := message
		m.Text = txt
		wantSent(t, newVonage(t, c.URL), m, "0C000000F00ABD35")
		r := c.one(t)
		if r.method != http.MethodPost || r.path != "/sms/json" || r.header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("the request is %s %s, %s", r.method, r.path, r.header.Get("Content-Type"))
		}
		wantFields(t, r.form, map[string]string{
			"api_key": "canary01", "api_secret": password, "from": "Example", "to": number[1:], "text": txt, "type": kind, "client-ref": token,
		})
	}
}

func TestVonageErrors(t *testing.T) {
	for status, reason := range map[string]string{
		"1": mfa.SendThrottled, "2": mfa.SendRefused, "4": mfa.SendUnauthorized, "5": mfa.SendUnreachable, "6": mfa.SendBadDestination,
		"7": mfa.SendBadDestination, "9": mfa.SendUnauthorized, "15": mfa.SendRefused,
		"999": mfa.SendBadAnswer, // not published: it may have gone out
	} {
		c := newCarrier(t, says(200, `{"message-count":"1","messages":[{"status":"`+status+`","error-text":"`+number+`"}]}`))
		_, err := send(t, newVonage(t, c.URL), message)
		advised(t, err, reason)
		var a *gateway.AnswerError
		if known := status != "999"; !errors.As(err, &a) || (a.Code == status) != known {
			t.Errorf("%s: the cause is %v", status, errors.Unwrap(err))
		}
	}
	for _, body := range []string{"", "<html>", "{}", `{"messages":[]}`, `{"messages":[{"status":null}]}`, `{"messages":"0"}`} {
		c := newCarrier(t, says(200, body))
		_, err := send(t, newVonage(t, c.URL), message)
		advised(t, err, mfa.SendBadAnswer)
	}
}

// TestVonageReports: the example of
// https://developer.vonage.com/messaging/sms/guides/delivery-receipts.
func TestVonageReports(t *testing.T) {
	s := newVonage(t, "https://host")
	body := func(status, ref string) string {
		return fmt.Sprintf(`{"err-code":"0","message-timestamp":"2018-10-25 12:10:29","messageId":"0B00000127FDBC63","msisdn":"%s",
			"network-code":"23410","price":"0.03330000","scts":"1810251310","status":%q,"to":"Example","client-ref":%q}`, number[1:], status, ref)
	}
	target := "/mfa/delivery/x?secret=" + secret
	for status, state := range map[string]mfa.DeliveryState{
		"accepted": mfa.DeliveryOnItsWay, "buffered": mfa.DeliveryOnItsWay, "delivered": mfa.DeliveryDelivered,
		"expired": mfa.DeliveryFailed, "failed": mfa.DeliveryFailed, "rejected": mfa.DeliveryFailed, "unknown": mfa.DeliveryUnknown,
	} {
		got, err := s.Report(request(http.MethodPost, target, body(status, token)))
		if err != nil || got != (mfa.Report{Token: token, State: state}) {
			t.Errorf("%s gives %s, %v", status, got.State, err)
		}
	}
	for name, test := range map[string]struct {
		target, body string
		want         error
	}{
		"no secret":            {"/", body("delivered", token), gateway.ErrSignature},
		"another secret":       {"/?secret=" + secret + "x", body("delivered", token), gateway.ErrSignature},
		"two secrets":          {target + "&secret=x", body("delivered", token), gateway.ErrSignature},
		"no token":             {target, body("delivered", ""), gateway.ErrBadReport},
		"a token out of order": {target, body("delivered", "a b"), gateway.ErrBadReport},
		"a token in the query": {target + "&m=" + token, body("delivered", ""), gateway.ErrBadReport},
		"no status":            {target, `{"client-ref":"a"}`, gateway.ErrBadReport},
		"not JSON":             {target, "status=delivered", gateway.ErrBadReport},
		"huge":                 {target, strings.Repeat(" ", 1<<17) + body("delivered", token), gateway.ErrBadReport},
	} {
		if got, err := s.Report(request(http.MethodPost, test.target, test.body)); !errors.Is(err, test.want) || got != (mfa.Report{}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

const messageBirdSent = `{"id":"e8077d803532c0b5937c639b60216938","href":"https://rest.messagebird.com/messages/e8077d803532c0b5937c639b60216938",
	"direction":"mt","type":"sms","originator":"Example","recipients":{"totalCount":1,"items":[{"recipient":4915112345678,"status":"sent"}]}}`

// TestMessageBirdRequest: https://developers.messagebird.com/api/sms-messaging/,
// "Send outbound SMS".
func TestMessageBirdRequest(t *testing.T) {
	for _, txt := range []string{text, `a","reportUrl":"http://evil` + "\n<&>\u2028\"}", "{to} {{"} {
		c := newCarrier(t, says(201, messageBirdSent))
		m := message
		m.Text = txt
		wantSent(t, newMessageBird(t, c.URL), m, "e8077d803532c0b5937c639b60216938")
		r := c.one(t)
		if r.method != http.MethodPost || r.path != "/messages" || r.header.Get("Content-Type") != "application/json" ||
			r.header.Get("Authorization") != "AccessKey "+password || r.header.Get("Accept") != "application/json" {
			t.Errorf("the request is %s %s with %v", r.method, r.path, r.header)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(r.body), &got); err != nil {
			t.Fatal(err)
		}
		callback, _ := got["reportUrl"].(string)
		if !strings.HasPrefix(callback, reportURL+"?m="+token+"&k=") {
			t.Errorf("reportUrl is %q", callback)
		}
		want := map[string]any{"originator": "Example", "recipients": []any{number[1:]}, "body": txt, "datacoding": "auto", "reference": token, "reportUrl": callback}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("the body is %v, want %v", got, want)
		}
	}
}

func TestMessageBirdWithoutReport(t *testing.T) {
	c := newCarrier(t, says(201, messageBirdSent))
	m := message
	m.Report = ""
	wantSent(t, newMessageBird(t, c.URL), m, "e8077d803532c0b5937c639b60216938")
	if body := c.one(t).body; strings.Contains(body, "report") || strings.Contains(body, "reference") {
		t.Errorf("the body is %s", body)
	}
}

func TestMessageBirdErrors(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		reason string
	}{
		{401, `{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}`, mfa.SendUnauthorized},
		{422, `{"errors":[{"code":9,"description":"no (correct) recipients found","parameter":"recipients"}]}`, mfa.SendBadDestination},
		{422, `{"errors":[{"code":10,"description":"originator is invalid","parameter":"originator"}]}`, mfa.SendRefused},
		{422, `{"errors":[{"code":25,"description":"Not enough balance","parameter":null}]}`, mfa.SendUnauthorized},
		{500, `{"errors":[{"code":99,"description":"Internal error","parameter":null}]}`, mfa.SendUnreachable},
		{429, `Too many requests`, mfa.SendThrottled},
		{200, messageBirdSent, mfa.SendBadAnswer}, // created is 201
		{503, ``, mfa.SendUnreachable},
	} {
		c := newCarrier(t, says(test.status, test.body))
		_, err := send(t, newMessageBird(t, c.URL), message)
		advised(t, err, test.reason)
	}
}

// TestMessageBirdReports: the example of
// https://docs.bird.com/connectivity-platform/troubleshooting/i-am-missing-my-delivery-reports.
func TestMessageBirdReports(t *testing.T) {
	c := newCarrier(t, says(201, messageBirdSent))
	s := newMessageBird(t, c.URL)
	wantSent(t, s, message, "e8077d803532c0b5937c639b60216938")
	var body struct{ ReportURL string }
	if err := json.Unmarshal([]byte(c.one(t).body), &body); err != nil {
		t.Fatal(err)
	}
	for status, state := range map[string]mfa.DeliveryState{
		"sent": mfa.DeliveryOnItsWay, "buffered": mfa.DeliveryOnItsWay, "delivered": mfa.DeliveryDelivered,
		"expired": mfa.DeliveryFailed, "delivery_failed": mfa.DeliveryFailed, "other": mfa.DeliveryUnknown,
	} {
		more := url.Values{"id": {"e8077d803532c0b5937c639b60216938"}, "reference": {token}, "recipient": {number[1:]}, "status": {status},
			"statusDatetime": {"2016-05-03T08:58:10+00:00"}}
		got, err := s.Report(request(http.MethodGet, body.ReportURL+"&"+more.Encode(), ""))
		if err != nil || got != (mfa.Report{Token: token, State: state}) {
			t.Errorf("%s gives %s, %v", status, got.State, err)
		}
	}
	if _, err := s.Report(request(http.MethodGet, "/?m="+token+"&status=delivered", "")); !errors.Is(err, gateway.ErrSignature) {
		t.Errorf("without a code: %v", err)
	}
}
