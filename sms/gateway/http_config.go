package gateway

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// HTTPConfig describes a gateway that takes a message by one HTTP request. URL
// and a way to say number and text are enough; see the examples for whole ones.
//
// URL's path, Query, Header, Form and JSON are templates. Their placeholders:
//
//	{to}          the number in E.164 form
//	{to_digits}   the number without its plus sign
//	{text}        the text
//	{id}          the message's ID, the same in a repetition
//	{coding}      GSM7 or UCS2, by the characters of the text
//	{report}      the report token
//	{report_url}  the callback URL for this message
//
// Each value is escaped for its place. Braces that are meant are doubled. Where
// no report is wanted, fields and members with a placeholder of a report are left
// out. {text} and {report_url} cannot stand in a path or a header. Credentials are
// written into Header, Query, Form or JSON as they are, or into Username and
// Password; nothing prints them.
type HTTPConfig struct {
	// Method is POST, PUT or GET; empty: POST.
	Method string
	// URL without a query: https://api.example.com/v1/messages.
	URL string
	// Query of the URL.
	Query map[string]string
	// Header fields.
	Header map[string]string
	// Username and Password for basic authentication; both empty: none.
	Username, Password string

	// Form is the body as a form, JSON as a document with placeholders in its
	// strings. At most one of them; not with GET.
	Form map[string]string
	JSON string

	// GSM7 and UCS2 are what {coding} stands for: where the text is of the GSM
	// alphabet, and where it is not. Gateways that need to be told lose letters
	// otherwise.
	GSM7, UCS2 string

	// Success are the statuses of HTTP that mean that the message was taken;
	// empty: every 2xx.
	Success []int
	// Code is where an answer holds the carrier's own code. With Accepted, a
	// message was taken only if the code is one of those: for gateways that
	// answer 200 to everything.
	Code     Field
	Accepted []string
	// Reasons are the reasons (mfa.SendThrottled …) of the carrier's codes,
	// Statuses those of statuses of HTTP that are not what they are usually. A
	// code comes before a status. A code that is unknown in an answer with a
	// Success status gives mfa.SendBadAnswer, as the message may have gone out.
	Reasons  map[string]string
	Statuses map[int]string
	// Reference is where an answer holds the carrier's reference; zero: it has none.
	Reference Field

	// ReportURL is the public https URL of the delivery handler for this sender.
	// Empty: no reports are asked for. It is needed too where the carrier has the
	// URL from a page of its own instead of from {report_url}.
	ReportURL string
	// ReportSecret shows that a report is genuine: 16 random bytes at least.
	// Needed with ReportURL.
	ReportSecret string
	// ReportSecretIn is the query member or the header in which a report brings
	// the secret, for carriers that have the URL from a page of their own. Zero:
	// the report comes to a {report_url}, which has a code made of the secret.
	ReportSecretIn Field
	// ReportToken is where a report holds {report}; zero: the query member m of
	// {report_url}. Elsewhere needs ReportSecretIn, as the code is over m.
	ReportToken Field
	// ReportState is where a report holds the state, ReportStates what its values
	// mean. One that is not there means mfa.DeliveryUnknown.
	ReportState  Field
	ReportStates map[string]mfa.DeliveryState

	Timeout      time.Duration   // of one message; 0: 10 s, at most a minute
	InsecureHTTP bool            // lets URL and ReportURL be http beyond this machine
	Transport    *http.Transport // for a proxy, a CA or a client certificate; nil: the default
}

// NewHTTP returns the sender, or an error that names the field that is wrong. No
// connection is made.
func NewHTTP(c HTTPConfig) (*HTTP, error) {
	h := &HTTP{method: c.Method, user: c.Username, password: c.Password, coding: [2]string{c.GSM7, c.UCS2}}
	if h.method == "" {
		h.method = http.MethodPost
	}
	if err := h.readRequest(c); err != nil {
		return nil, err
	}
	if err := h.readAnswers(c); err != nil {
		return nil, err
	}
	if err := h.readReports(c); err != nil {
		return nil, err
	}
	var err error
	h.client, err = newClient(c.Timeout, c.Transport)
	return h, err
}

// readRequest takes what makes the request.
func (h *HTTP) readRequest(c HTTPConfig) error {
	u, err := endpoint("URL", c.URL, c.InsecureHTTP)
	switch {
	case err != nil:
		return err
	case u.RawQuery != "":
		return errors.New("gateway: URL has a query; Query is for it")
	case h.method != http.MethodPost && h.method != http.MethodPut && h.method != http.MethodGet:
		return errors.New("gateway: Method is not POST, PUT or GET")
	case c.Form != nil && c.JSON != "":
		return errors.New("gateway: give either Form or JSON")
	case h.method == http.MethodGet && (c.Form != nil || c.JSON != ""):
		return errors.New("gateway: a GET has no Form and no JSON")
	case !printable(c.GSM7) || !printable(c.UCS2):
		return errors.New("gateway: GSM7 or UCS2 has control characters")
	}
	h.url = *u
	if h.path, err = parsePath(u); err != nil {
		return err
	}
	if h.query, err = parseFields("Query", c.Query, allNames); err != nil {
		return err
	}
	if h.header, err = parseFields("Header", c.Header, safeNames); err != nil {
		return err
	}
	for name, value := range c.Header {
		if !isHeader(name) || !printable(value) {
			return fmt.Errorf("gateway: Header has the field %q, whose name or value cannot be sent", name)
		}
	}
	if c.Form != nil {
		h.form, err = parseFields("Form", c.Form, allNames)
	}
	if c.JSON != "" {
		var doc document
		doc, err = parseDocument(c.JSON)
		h.json = &doc
	}
	return err
}

// isHeader says whether a header field of this name may be set: a token (RFC
// 9110 §5.6.2) that is not net/http's to set.
func isHeader(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "", "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade", "Te":
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isToken(string(c)) && !strings.ContainsRune("!#$%&'*+^`|", rune(c)) {
			return false
		}
	}
	return true
}

// readAnswers takes what reads answers.
func (h *HTTP) readAnswers(c HTTPConfig) (err error) {
	if h.code, err = c.Code.compile("Code", false); err != nil {
		return err
	}
	if h.reference, err = c.Reference.compile("Reference", false); err != nil {
		return err
	}
	if h.code.none() && (len(c.Accepted) > 0 || len(c.Reasons) > 0) {
		return errors.New("gateway: Accepted and Reasons need a Code")
	}
	for _, status := range c.Success {
		if status < 200 || status > 399 {
			return fmt.Errorf("gateway: Success has %d, which is no status of success", status)
		}
	}
	for code, reason := range c.Reasons {
		if _, ok := advices[reason]; !ok {
			return fmt.Errorf("gateway: Reasons[%q] is not a reason of mfa.SendError", code)
		}
	}
	for status, reason := range c.Statuses {
		if _, ok := advices[reason]; !ok {
			return fmt.Errorf("gateway: Statuses[%d] is not a reason of mfa.SendError", status)
		}
	}
	h.success, h.accepted = slices.Clone(c.Success), slices.Clone(c.Accepted)
	h.reasons, h.statuses = maps.Clone(c.Reasons), maps.Clone(c.Statuses)
	return nil
}

// readReports takes what reads reports.
func (h *HTTP) readReports(c HTTPConfig) (err error) {
	if h.secretIn, err = c.ReportSecretIn.compile("ReportSecretIn", true); err != nil {
		return err
	}
	if h.token, err = c.ReportToken.compile("ReportToken", true); err != nil {
		return err
	}
	if h.state, err = c.ReportState.compile("ReportState", true); err != nil {
		return err
	}
	if err = checkSecret(c.ReportURL, c.ReportSecret); err != nil {
		return err
	}
	switch {
	case !h.secretIn.none() && h.secretIn.Query == "" && h.secretIn.Header == "":
		return errors.New("gateway: ReportSecretIn is neither a query member nor a header")
	case h.secretIn.none() && !h.token.none():
		return errors.New("gateway: ReportToken needs ReportSecretIn")
	case c.ReportURL != "" && (h.state.none() || len(c.ReportStates) == 0):
		return errors.New("gateway: ReportURL needs ReportState and ReportStates")
	}
	for value, state := range c.ReportStates {
		if !isState(state) {
			return fmt.Errorf("gateway: ReportStates[%q] is not a state of mfa.Report", value)
		}
	}
	h.states, h.secret = maps.Clone(c.ReportStates), []byte(c.ReportSecret)
	h.callback, err = newCallback("http", c.ReportURL, c.ReportSecret, c.InsecureHTTP)
	return err
}
