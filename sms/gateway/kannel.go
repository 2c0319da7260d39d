package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
)

// KannelConfig says how messages go out by a Kannel gateway.
type KannelConfig struct {
	// URL of the smsbox, such as http://127.0.0.1:13013. Without a path:
	// /cgi-bin/sendsms.
	URL string

	// Username and Password of the sendsms-user. They travel in the request's
	// query, as Kannel wants it, so that https or the same machine matter here
	// more than elsewhere: Kannel's access log has them too.
	Username, Password string

	// From is the sender; empty: the gateway's default.
	From string

	// ReportURL is the URL of the delivery handler for this sender, as Kannel
	// reaches it. Empty: no reports are asked for.
	ReportURL string

	// ReportSecret shows that a report answers one of our messages: 16 random
	// bytes at least. Needed with ReportURL. It is not sent; each callback URL
	// has a code made of it.
	ReportSecret string

	Timeout      time.Duration   // of one message; 0: 10 s, at most a minute
	InsecureHTTP bool            // lets URL and ReportURL be http beyond this machine: only where the network between is trusted
	Transport    *http.Transport // for a proxy or a CA of one's own; nil: the default
}

// Kannel sends by the sendsms interface of Kannel 1.4 (User's Guide, chapter
// "SMS gateway", "Using the HTTP interface to send SMS messages"). Make it with
// [NewKannel]. It may be used by any number of goroutines.
type Kannel struct {
	client   client
	url      url.URL
	fixed    url.Values
	callback callback
}

var _ mfa.Sender = (*Kannel)(nil)

// The bits of dlr-mask and the values of %d (User's Guide, "Delivery reports").
const (
	dlrDelivered = 1
	dlrFailed    = 2
	dlrBuffered  = 4
	dlrSubmitted = 8
	dlrRejected  = 16
	dlrExpired   = 32 // with dlrFailed

	dlrMask        = dlrDelivered | dlrFailed | dlrBuffered | dlrSubmitted | dlrRejected
	kannelCoding7  = "0"
	kannelCoding16 = "2"
)

// NewKannel returns the sender, or an error that names the field that is wrong.
// No connection is made.
func NewKannel(c KannelConfig) (*Kannel, error) {
	u, err := endpoint("URL", c.URL, c.InsecureHTTP)
	switch {
	case err != nil:
		return nil, err
	case u.RawQuery != "":
		return nil, errors.New("gateway: URL has a query")
	case c.Username == "" || c.Password == "":
		return nil, errors.New("gateway: Username or Password is empty")
	case !printable(c.From):
		return nil, errors.New("gateway: From has control characters")
	}
	if err := checkSecret(c.ReportURL, c.ReportSecret); err != nil {
		return nil, err
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/cgi-bin/sendsms"
	}
	k := &Kannel{url: *u, fixed: url.Values{"username": {c.Username}, "password": {c.Password}, "charset": {"UTF-8"}}}
	if c.From != "" {
		k.fixed.Set("from", c.From)
	}
	if k.callback, err = newCallback("kannel", c.ReportURL, c.ReportSecret, c.InsecureHTTP); err != nil {
		return nil, err
	}
	if k.client, err = newClient(c.Timeout, c.Transport); err != nil {
		return nil, err
	}
	return k, nil
}

// Send hands m to Kannel. Kannel gives no reference. Errors are
// [*mfa.SendError].
func (k *Kannel) Send(ctx context.Context, m mfa.Message) (string, error) {
	if err := check(m); err != nil {
		return "", err
	}
	q := url.Values{"to": {m.To}, "text": {m.Text}, "coding": {kannelCoding7}}
	for name, v := range k.fixed {
		q[name] = v
	}
	if !gsm7.Fits(m.Text) {
		q.Set("coding", kannelCoding16)
	}
	if to := k.callback.url(m.Report); to != "" {
		// Kannel replaces what follows a percent sign, so that one that is part of
		// the URL is doubled.
		q.Set("dlr-url", strings.ReplaceAll(to, "%", "%%")+"&"+memberStatus+"=%d")
		q.Set("dlr-mask", strconv.Itoa(dlrMask))
	}
	u := k.url
	u.RawQuery = q.Encode()
	r, err := http.NewRequest(http.MethodGet, u.String(), nil)
	if err != nil {
		return "", fail(mfa.SendRefused, errBroken)
	}
	a, failed := k.client.do(ctx, r)
	if failed != nil {
		return "", failed
	}
	return kannelAnswer(a)
}

// kannelReasons are the texts that smsbox refuses with, by how they begin. The
// status alone does not tell a wrong password from a number without a route.
var kannelReasons = []struct{ text, reason string }{
	{"Authorization failed", mfa.SendUnauthorized},
	{"Not routable", mfa.SendRefused},
	{"Garbage 'to' field", mfa.SendBadDestination},
	{"Missing receiver", mfa.SendBadDestination},
	{"Empty receiver", mfa.SendBadDestination},
	{"Number(s) has/have been denied", mfa.SendBadDestination}, // the operator's black list, not to be got around
	{"Temporal failure", mfa.SendUnreachable},
	{"Sending failed", mfa.SendUnreachable},
}

// kannelAnswer reads the answer's text: "0: Accepted for delivery", "3: Queued
// for later delivery", or "Sent." where smsbox answers before the bearerbox has.
func kannelAnswer(a answer) (string, error) {
	text := strings.TrimSpace(string(a.body))
	if a.ok() {
		for _, taken := range []string{"0: Accepted", "3: Queued", "Sent."} {
			if strings.HasPrefix(text, taken) {
				return "", nil
			}
		}
		return "", a.fail(mfa.SendBadAnswer, "")
	}
	for _, k := range kannelReasons {
		if strings.HasPrefix(text, k.text) {
			return "", a.fail(k.reason, k.text)
		}
	}
	return "", byStatus(a, "")
}

// Report reads a delivery report of Kannel's, which fetches the dlr-url of the
// message. The error is [ErrSignature] where the URL is not one that this sender
// gave out, [ErrBadReport] where the request has another form. A status that is
// not known gives mfa.DeliveryUnknown.
func (k *Kannel) Report(r *http.Request) (mfa.Report, error) {
	q, err := k.callback.query(r)
	if err != nil {
		return mfa.Report{}, err
	}
	if r.Method != http.MethodGet {
		return mfa.Report{}, ErrBadReport
	}
	token, err := k.callback.verified(q)
	if err != nil {
		return mfa.Report{}, err
	}
	text, _ := only(q, memberStatus)
	status, err := strconv.Atoi(text)
	if err != nil {
		return mfa.Report{}, ErrBadReport
	}
	return mfa.Report{Token: token, State: kannelState(status)}, nil
}

func kannelState(status int) mfa.DeliveryState {
	switch status {
	case dlrDelivered:
		return mfa.DeliveryDelivered
	case dlrFailed, dlrRejected, dlrFailed | dlrExpired:
		return mfa.DeliveryFailed
	case dlrBuffered, dlrSubmitted:
		return mfa.DeliveryOnItsWay
	}
	return mfa.DeliveryUnknown // 66 too: the message centre has lost track
}
