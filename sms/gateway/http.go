package gateway

import (
	"bytes"
	"context"
	"crypto/hmac"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/gsm7"
)

// HTTP sends by any gateway that an [HTTPConfig] describes. Make it with
// [NewHTTP]. It may be used by any number of goroutines.
type HTTP struct {
	client         client
	method         string
	url            url.URL
	path           template
	query, header  fieldset
	user, password string
	form           fieldset  // nil: no form
	json           *document // nil: no document
	coding         [2]string // GSM-7, UCS-2

	success         []int
	code, reference locator
	accepted        []string
	reasons         map[string]string
	statuses        map[int]string
	callback        callback
	secret          []byte
	secretIn        locator
	token, state    locator
	states          map[string]mfa.DeliveryState
}

var _ mfa.Sender = (*HTTP)(nil)

// Send hands m to the gateway and returns its reference, where there is one.
// Errors are [*mfa.SendError].
func (h *HTTP) Send(ctx context.Context, m mfa.Message) (string, error) {
	if err := check(m); err != nil {
		return "", err
	}
	r, err := h.request(h.values(m))
	if err != nil {
		return "", fail(mfa.SendRefused, errBroken) // what net/http says would quote the URL
	}
	a, failed := h.client.do(ctx, r)
	if failed != nil {
		return "", failed
	}
	if failed := h.judge(a); failed != nil {
		return "", failed
	}
	ref, _ := h.reference.find(a.header, nil, a.body)
	return reference(ref, m.To), nil
}

// values are what the placeholders stand for in one message.
func (h *HTTP) values(m mfa.Message) values {
	v := values{"to": m.To, "to_digits": m.To[1:], "text": m.Text, "id": m.ID, "coding": h.coding[0]}
	if !gsm7.Fits(m.Text) {
		v["coding"] = h.coding[1]
	}
	if to := h.callback.url(m.Report); to != "" {
		v["report"], v["report_url"] = m.Report, to
	}
	return v
}

func (h *HTTP) request(v values) (*http.Request, error) {
	var body []byte
	kind := ""
	switch {
	case h.form != nil:
		body, kind = []byte(h.form.fill(v).Encode()), "application/x-www-form-urlencoded"
	case h.json != nil:
		var err error
		if body, err = h.json.encode(v); err != nil {
			return nil, err
		}
		kind = "application/json"
	}
	u := h.url
	u.RawPath, _ = h.path.fill(v, url.QueryEscape)
	u.Path, _ = url.PathUnescape(u.RawPath)
	u.RawQuery = h.query.fill(v).Encode()
	r, err := http.NewRequest(h.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, value := range h.header.fill(v) {
		r.Header.Set(name, strings.Join(value, ""))
	}
	if h.user != "" || h.password != "" {
		r.SetBasicAuth(h.user, h.password)
	}
	return r, nil
}

// judge says why an answer does not mean that the message was taken; nil: it was.
func (h *HTTP) judge(a answer) *mfa.SendError {
	code, found := h.code.find(a.header, nil, a.body)
	good := a.ok()
	if len(h.success) > 0 {
		good = slices.Contains(h.success, a.status)
	}
	if good && (len(h.accepted) == 0 || slices.Contains(h.accepted, code)) {
		return nil
	}
	if reason, ok := h.reasons[code]; found && ok {
		return a.fail(reason, code)
	}
	if reason, ok := h.statuses[a.status]; ok {
		return a.fail(reason, "")
	}
	return byStatus(a, "")
}

// Report reads a delivery report. The error is [ErrSignature] where the secret,
// or the code of the callback URL, is missing or wrong, [ErrBadReport] where the
// request has another form than configured.
func (h *HTTP) Report(r *http.Request) (mfa.Report, error) {
	query, err := h.callback.query(r)
	if err != nil {
		return mfa.Report{}, err
	}
	token := ""
	if h.secretIn.none() {
		if token, err = h.callback.verified(query); err != nil {
			return mfa.Report{}, err
		}
	} else if secret, _ := h.secretIn.find(r.Header, query, nil); !hmac.Equal([]byte(secret), h.secret) {
		return mfa.Report{}, ErrSignature
	}
	body, err := reportBody(r)
	if err != nil {
		return mfa.Report{}, err
	}
	if token == "" {
		if h.token.none() {
			token, err = h.callback.token(query)
		} else if t, ok := h.token.find(r.Header, query, body); ok && isToken(t) {
			token = t
		} else {
			err = ErrBadReport
		}
		if err != nil {
			return mfa.Report{}, err
		}
	}
	state, ok := h.state.find(r.Header, query, body)
	if !ok {
		return mfa.Report{}, ErrBadReport
	}
	return mfa.Report{Token: token, State: h.states[state]}, nil
}
