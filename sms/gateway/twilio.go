package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// TwilioConfig says how messages go out by Twilio. AccountSID, AuthToken and a
// sender (From or MessagingServiceSID) are enough.
type TwilioConfig struct {
	// AccountSID is the account that sends: AC and 32 hexadecimal digits.
	AccountSID string

	// AuthToken of the account. It signs Twilio's delivery reports, and
	// authenticates requests where there is no APIKey. It may stay empty where
	// there are an APIKey and no ReportURL.
	AuthToken string

	// APIKey (SK…) and APISecret authenticate requests instead of the account.
	// They can be withdrawn by themselves, and a leak of them cannot sign
	// reports. Empty: the account and AuthToken.
	APIKey, APISecret string

	// From is a number of the account in E.164 form, a short code or an
	// alphanumeric sender. MessagingServiceSID (MG…) lets the service choose.
	// Exactly one of the two.
	From, MessagingServiceSID string

	// BaseURL of the API; empty: https://api.twilio.com. For another region.
	BaseURL string

	// ReportURL is the public https URL of the delivery handler for this sender,
	// exactly as Twilio is to call it. Empty: no reports are asked for.
	ReportURL string

	Timeout      time.Duration   // of one message; 0: 10 s, at most a minute
	InsecureHTTP bool            // lets BaseURL and ReportURL be http beyond this machine
	Transport    *http.Transport // for a proxy or a CA of one's own; nil: the default
}

// Twilio sends by the Messages API, version 2010-04-01
// (https://www.twilio.com/docs/messaging/api/message-resource). Make it with
// [NewTwilio]. It may be used by any number of goroutines.
type Twilio struct {
	client   client
	url      string
	user     string
	password string
	from     url.Values
	signing  []byte
	callback callback
}

var _ mfa.Sender = (*Twilio)(nil)

// NewTwilio returns the sender, or an error that names the field that is wrong.
// No connection is made.
func NewTwilio(c TwilioConfig) (*Twilio, error) {
	t := &Twilio{user: c.AccountSID, password: c.AuthToken, signing: []byte(c.AuthToken), from: url.Values{}}
	switch {
	case !isSID(c.AccountSID, "AC"):
		return nil, errors.New("gateway: AccountSID is not AC and 32 hexadecimal digits")
	case (c.APIKey == "") != (c.APISecret == ""):
		return nil, errors.New("gateway: APIKey and APISecret belong together")
	case c.APIKey != "" && !isSID(c.APIKey, "SK"):
		return nil, errors.New("gateway: APIKey is not SK and 32 hexadecimal digits")
	case c.AuthToken == "" && (c.APIKey == "" || c.ReportURL != ""):
		return nil, errors.New("gateway: AuthToken is empty")
	case (c.From == "") == (c.MessagingServiceSID == ""):
		return nil, errors.New("gateway: give either From or MessagingServiceSID")
	case c.MessagingServiceSID != "" && !isSID(c.MessagingServiceSID, "MG"):
		return nil, errors.New("gateway: MessagingServiceSID is not MG and 32 hexadecimal digits")
	case !printable(c.From):
		return nil, errors.New("gateway: From has control characters")
	}
	if c.APIKey != "" {
		t.user, t.password = c.APIKey, c.APISecret
	}
	if c.From != "" {
		t.from.Set("From", c.From)
	} else {
		t.from.Set("MessagingServiceSid", c.MessagingServiceSID)
	}
	if c.BaseURL == "" {
		c.BaseURL = "https://api.twilio.com"
	}
	base, err := endpoint("BaseURL", c.BaseURL, c.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	if strings.Trim(base.Path, "/") != "" || base.RawQuery != "" {
		return nil, errors.New("gateway: BaseURL has a path or a query")
	}
	t.url = base.Scheme + "://" + base.Host + "/2010-04-01/Accounts/" + c.AccountSID + "/Messages.json"
	if t.callback, err = newCallback("twilio", c.ReportURL, "", c.InsecureHTTP); err != nil {
		return nil, err
	}
	if t.client, err = newClient(c.Timeout, c.Transport); err != nil {
		return nil, err
	}
	return t, nil
}

// isSID says whether s is one of Twilio's identifiers of a kind.
func isSID(s, kind string) bool {
	hex, ok := strings.CutPrefix(s, kind)
	return ok && len(hex) == 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}

// Send hands m to Twilio and returns the message's SID. Errors are
// [*mfa.SendError].
func (t *Twilio) Send(ctx context.Context, m mfa.Message) (string, error) {
	if err := check(m); err != nil {
		return "", err
	}
	form := url.Values{"To": {m.To}, "Body": {m.Text}}
	for name, v := range t.from {
		form[name] = v
	}
	if to := t.callback.url(m.Report); to != "" {
		form.Set("StatusCallback", to)
	}
	r, err := http.NewRequest(http.MethodPost, t.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fail(mfa.SendRefused, errBroken)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(t.user, t.password)
	a, failed := t.client.do(ctx, r)
	if failed != nil {
		return "", failed
	}
	return twilioAnswer(a, m.To)
}

// twilioAnswer reads the answer to a created message: 201 with the message's
// resource, or an error's status with a code.
func twilioAnswer(a answer, to string) (string, error) {
	var body struct {
		SID       string `json:"sid"`
		Status    any    `json:"status"`     // of a message; a number in errors
		ErrorCode *int   `json:"error_code"` // of a message that failed at once
		Code      int    `json:"code"`       // of an error
	}
	readable := json.Unmarshal(a.body, &body) == nil
	if !a.ok() {
		if readable {
			return "", twilioError(a, body.Code)
		}
		return "", byStatus(a, "")
	}
	if !readable || reference(body.SID, to) == "" {
		return "", a.fail(mfa.SendBadAnswer, "")
	}
	if status, _ := body.Status.(string); twilioStates[status] == mfa.DeliveryFailed {
		code := 0
		if body.ErrorCode != nil {
			code = *body.ErrorCode
		}
		if _, known := twilioReasons[code]; !known {
			return "", a.fail(mfa.SendRefused, "")
		}
		return "", twilioError(a, code)
	}
	return body.SID, nil
}

func twilioError(a answer, code int) *mfa.SendError {
	reason, ok := twilioReasons[code]
	if !ok {
		return byStatus(a, twilioCode(code))
	}
	return a.fail(reason, twilioCode(code))
}

// twilioCode is a code for people to look up. Twilio's have five digits; longer
// ones could be anything.
func twilioCode(code int) string {
	if code < 10000 || code > 99999 {
		return ""
	}
	return strconv.Itoa(code)
}
