package gateway_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// vonage is the SMS API of Vonage, which answers 200 to everything
// (https://developer.vonage.com/en/api/sms,
// https://developer.vonage.com/en/api-errors/sms). Its delivery receipts come as
// "POST JSON" to the URL that is set in the dashboard, here with the secret in a
// query member: …/mfa/delivery/vonage?secret=…
// (https://developer.vonage.com/messaging/sms/guides/delivery-receipts).
func vonage(host, key, apiSecret, reportURL, reportSecret string) gateway.HTTPConfig {
	return gateway.HTTPConfig{
		URL: host + "/sms/json", // https://rest.nexmo.com
		Form: map[string]string{
			"api_key": key, "api_secret": apiSecret,
			"from": "Example", "to": "{to_digits}", "text": "{text}", "type": "{coding}",
			"client-ref": "{report}",
		},
		GSM7: "text", UCS2: "unicode",
		Code:      gateway.Field{JSON: "messages.0.status"},
		Accepted:  []string{"0"},
		Reference: gateway.Field{JSON: "messages.0.message-id"},
		Reasons: map[string]string{
			"1":  mfa.SendThrottled,      // throttled
			"2":  mfa.SendRefused,        // missing parameters
			"3":  mfa.SendRefused,        // invalid parameters
			"4":  mfa.SendUnauthorized,   // invalid credentials
			"5":  mfa.SendUnreachable,    // internal error
			"6":  mfa.SendBadDestination, // invalid message: no such prefix
			"7":  mfa.SendBadDestination, // number barred
			"8":  mfa.SendUnauthorized,   // account barred
			"9":  mfa.SendUnauthorized,   // no credit
			"10": mfa.SendThrottled,      // too many connections
			"11": mfa.SendUnauthorized,   // account not enabled for HTTP
			"12": mfa.SendRefused,        // too long
			"14": mfa.SendUnauthorized,   // invalid signature
			"15": mfa.SendRefused,        // invalid sender
			"29": mfa.SendRefused,        // destination not on the test list
			"33": mfa.SendBadDestination, // number deactivated
		},
		ReportURL: reportURL, ReportSecret: reportSecret,
		ReportSecretIn: gateway.Field{Query: "secret"},
		ReportToken:    gateway.Field{JSON: "client-ref"},
		ReportState:    gateway.Field{JSON: "status"},
		ReportStates: map[string]mfa.DeliveryState{
			"accepted": mfa.DeliveryOnItsWay, "buffered": mfa.DeliveryOnItsWay, "delivered": mfa.DeliveryDelivered,
			"expired": mfa.DeliveryFailed, "failed": mfa.DeliveryFailed, "rejected": mfa.DeliveryFailed,
		},
	}
}

// messageBird is the SMS API of MessageBird (Bird)
// (https://developers.messagebird.com/api/sms-messaging/). It reports only on
// messages with a reference, by a GET of reportUrl
// (https://docs.bird.com/connectivity-platform/troubleshooting/i-am-missing-my-delivery-reports).
func messageBird(host, accessKey, reportURL, reportSecret string) gateway.HTTPConfig {
	return gateway.HTTPConfig{
		URL:    host + "/messages", // https://rest.messagebird.com
		Header: map[string]string{"Authorization": "AccessKey " + accessKey},
		JSON: `{"originator": "Example", "recipients": ["{to_digits}"], "body": "{text}",
			"datacoding": "auto", "reference": "{report}", "reportUrl": "{report_url}"}`,
		Success:   []int{http.StatusCreated},
		Reference: gateway.Field{JSON: "id"},
		Code:      gateway.Field{JSON: "errors.0.code"},
		Reasons: map[string]string{
			"2":  mfa.SendUnauthorized,   // access key
			"9":  mfa.SendBadDestination, // no correct recipient: nothing else is left out above
			"10": mfa.SendRefused,        // invalid parameter
			"20": mfa.SendRefused,        // not found
			"21": mfa.SendRefused,        // bad request
			"25": mfa.SendUnauthorized,   // balance
			"99": mfa.SendUnreachable,    // internal error
		},
		ReportURL: reportURL, ReportSecret: reportSecret,
		ReportState: gateway.Field{Query: "status"},
		ReportStates: map[string]mfa.DeliveryState{
			"scheduled": mfa.DeliveryOnItsWay, "sent": mfa.DeliveryOnItsWay, "buffered": mfa.DeliveryOnItsWay,
			"delivered": mfa.DeliveryDelivered, "expired": mfa.DeliveryFailed, "delivery_failed": mfa.DeliveryFailed,
		},
	}
}

func ExampleNewTwilio() {
	_, err := gateway.NewTwilio(gateway.TwilioConfig{
		AccountSID:          "AC0123456789abcdef0123456789abcdef",
		AuthToken:           "from a secret store",
		MessagingServiceSID: "MG0123456789abcdef0123456789abcdef",
		ReportURL:           "https://login.example.com/mfa/delivery/twilio",
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleNewKannel() {
	_, err := gateway.NewKannel(gateway.KannelConfig{
		URL:      "http://127.0.0.1:13013",
		Username: "login", Password: "from a secret store", From: "Example",
		ReportURL:    "http://127.0.0.1:8080/mfa/delivery/kannel",
		ReportSecret: "thirty-two random letters or so.",
	})
	fmt.Println(err)
	// Output: <nil>
}

// Vonage, with a server in its place that is out of the account's credit.
func ExampleNewHTTP_vonage() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, "to", r.PostFormValue("to"), "type", r.PostFormValue("type"))
		fmt.Fprint(w, `{"message-count":"1","messages":[{"status":"9","error-text":"Quota Exceeded"}]}`)
	}))
	defer api.Close()

	s, err := gateway.NewHTTP(vonage(api.URL, "abcd1234", "key", "", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = s.Send(context.Background(), mfa.Message{ID: "m1", Channel: mfa.ChannelSMS, To: "+447700900000", Text: "Ваш код: 123456"})
	fmt.Println(err)
	// Output:
	// POST /sms/json to 447700900000 type unicode
	// mfa: message not sent: unauthorized
}

// MessageBird, with a server in its place.
func ExampleNewHTTP_messageBird() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":"e8077d803532c0b5937c639b60216938","recipients":{"items":[{"recipient":31612345678,"status":"sent"}]}}`)
	}))
	defer api.Close()

	s, err := gateway.NewHTTP(messageBird(api.URL, "test_key", "", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Send(context.Background(), mfa.Message{ID: "m1", Channel: mfa.ChannelSMS, To: "+31612345678", Text: "123456 is your code"}))
	// Output:
	// POST /messages AccessKey test_key
	// e8077d803532c0b5937c639b60216938 <nil>
}

// One carrier for India, and for the rest a first and a second one.
func ExampleNewFallback() {
	var india, first, second mfa.Sender = show("india"), show("first"), show("second")
	s, err := gateway.NewFallback(gateway.FallbackConfig{
		Routes:  map[string][]mfa.Sender{"+91": {india}},
		Default: []mfa.Sender{first, second},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, to := range []string{"+919812345678", "+447700900000"} {
		fmt.Println(s.Send(context.Background(), mfa.Message{ID: "m1", Channel: mfa.ChannelSMS, To: to, Text: "123456 is your code"}))
	}
	// Output:
	// india <nil>
	// first <nil>
}

// show is a sender that does nothing.
type show string

func (s show) Send(context.Context, mfa.Message) (string, error) { return string(s), nil }
