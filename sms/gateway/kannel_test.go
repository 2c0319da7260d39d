package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// TestKannelRequest holds the request to the User's Guide (1.4.5, table "SMS Push
// reference").
func TestKannelRequest(t *testing.T) {
	c := newCarrier(t, says(202, "0: Accepted for delivery"))
	s := newKannel(t, c.URL, func(k *gateway.KannelConfig) { k.From = "Example" })
	wantSent(t, s, message, "")
	r := c.one(t)
	if r.method != http.MethodGet || r.path != "/cgi-bin/sendsms" || r.body != "" {
		t.Errorf("the request is %s %s with the body %q", r.method, r.path, r.body)
	}
	callback := r.query.Get("dlr-url")
	if !strings.HasPrefix(callback, reportURL+"?m="+token+"&k=") || !strings.HasSuffix(callback, "&d=%d") {
		t.Errorf("dlr-url is %q", callback)
	}
	wantFields(t, r.query, map[string]string{
		"username": "user", "password": password, "from": "Example", "to": number, "text": text,
		"charset": "UTF-8", "coding": "0", "dlr-mask": "31", "dlr-url": callback,
	})
}

func TestKannelRequestVariants(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*gateway.KannelConfig)
		m    func(*mfa.Message)
		path string
		want map[string]string
	}{
		"other letters": {
			m:    func(m *mfa.Message) { m.Report = ""; m.Text = "Код: 1 & 2" },
			want: map[string]string{"text": "Код: 1 & 2", "charset": "UTF-8", "coding": "2"},
		},
		"no report wanted": {m: func(m *mfa.Message) { m.Report = "" }},
		"reports off":      {edit: func(c *gateway.KannelConfig) { c.ReportURL, c.ReportSecret = "", "" }},
		"another path": {
			edit: func(c *gateway.KannelConfig) { c.URL += "/sms/push" }, path: "/sms/push",
			m: func(m *mfa.Message) { m.Report = "" },
		},
		"injection": {
			m:    func(m *mfa.Message) { m.Report = ""; m.Text = "a&to=+4915112345679&dlr-url=http://x %d" },
			want: map[string]string{"text": "a&to=+4915112345679&dlr-url=http://x %d"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCarrier(t, says(202, "3: Queued for later delivery"))
			m := message
			if test.m != nil {
				test.m(&m)
			}
			wantSent(t, newKannel(t, c.URL, test.edit), m, "")
			r := c.one(t)
			want := map[string]string{"username": "user", "password": password, "to": number, "text": text, "charset": "UTF-8", "coding": "0"}
			for name, v := range test.want {
				want[name] = v
			}
			wantFields(t, r.query, want)
			if r.path != or(test.path, "/cgi-bin/sendsms") {
				t.Errorf("the path is %s", r.path)
			}
		})
	}
}

// TestKannelAnswers: the texts of smsbox (gw/smsbox.c of 1.4.5).
func TestKannelAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		reason string // empty: sent
	}{
		{202, "0: Accepted for delivery", ""},
		{202, "3: Queued for later delivery\n", ""},
		{202, "Sent.", ""},
		{202, "Sent. Message splits: 2", ""},
		{200, "0: Accepted for delivery", ""},
		{202, "", mfa.SendBadAnswer},
		{200, "<html>Welcome</html>", mfa.SendBadAnswer},
		{403, "Authorization failed for sendsms", mfa.SendUnauthorized},
		{403, "Not routable. Do not try again.", mfa.SendRefused},
		{503, "Temporal failure, try again later.", mfa.SendUnreachable},
		{500, "Sending failed.", mfa.SendUnreachable},
		{400, "Missing receiver number, rejected", mfa.SendBadDestination},
		{400, "Empty receiver number not allowed, rejected", mfa.SendBadDestination},
		{400, "Garbage 'to' field, rejected.", mfa.SendBadDestination},
		{400, "Number(s) has/have been denied by white/black lists, or allowed/denied rules.", mfa.SendBadDestination},
		{400, "Sender missing and no global set, rejected", mfa.SendRefused},
		{400, "Charset or body misformed, rejected", mfa.SendRefused},
		{404, "Unknown request.", mfa.SendRefused},
	} {
		t.Run(fmt.Sprint(test.status, " ", test.body), func(t *testing.T) {
			c := newCarrier(t, says(test.status, test.body))
			s := newKannel(t, c.URL, nil)
			if test.reason == "" {
				wantSent(t, s, message, "")
				return
			}
			_, err := send(t, s, message)
			advised(t, err, test.reason)
		})
	}
}

// dlr is the callback URL as Kannel fetches it, with its escape codes filled in
// as urltrans_fill_escape_codes (gw/urltrans.c) does: what is no code stays.
func dlr(t *testing.T, s *gateway.Kannel, c *carrier, status string) string {
	t.Helper()
	wantSent(t, s, message, "")
	got := c.got()
	pattern := got[len(got)-1].query.Get("dlr-url")
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		i++
		switch code := pattern[i]; {
		case code == '%':
			b.WriteByte('%')
		case code == 'd':
			b.WriteString(status)
		case strings.ContainsRune("aAbBcCDfFiIkKmMnNoOpPqQrRsStTuUvx", rune(code)):
			b.WriteString("filled")
		default:
			b.WriteString(pattern[i-1 : i+1])
		}
	}
	return b.String()
}

func TestKannelReports(t *testing.T) {
	c := newCarrier(t, says(202, "0: Accepted for delivery"))
	for name, report := range map[string]string{
		"plain": reportURL, "with a query": reportURL + "?tenant=a%20b%C3%BC%d0", "with an empty query": reportURL + "?",
		"with a path to escape": "https://login.example.com/a%2Fd%20%C3%BCb",
	} {
		s := newKannel(t, c.URL, func(k *gateway.KannelConfig) { k.ReportURL = report })
		for status, state := range map[string]mfa.DeliveryState{
			"1": mfa.DeliveryDelivered, "2": mfa.DeliveryFailed, "4": mfa.DeliveryOnItsWay, "8": mfa.DeliveryOnItsWay,
			"16": mfa.DeliveryFailed, "34": mfa.DeliveryFailed, "66": mfa.DeliveryUnknown, "0": mfa.DeliveryUnknown,
		} {
			target := dlr(t, s, c, status)
			if !strings.HasPrefix(target, strings.TrimSuffix(report, "?")) {
				t.Errorf("%s: Kannel fetches %s", name, target)
			}
			got, err := s.Report(request(http.MethodGet, target, ""))
			if err != nil || got != (mfa.Report{Token: token, State: state}) {
				t.Errorf("%s, %s: got %s, %v", name, status, got.State, err)
			}
		}
	}
}

func TestKannelReportsThatAreForged(t *testing.T) {
	c := newCarrier(t, says(202, "0: Accepted for delivery"))
	s := newKannel(t, c.URL, nil)
	genuine, err := url.Parse(dlr(t, s, c, "1"))
	if err != nil {
		t.Fatal(err)
	}
	q := func(edit func(url.Values)) string {
		u, v := *genuine, genuine.Query()
		edit(v)
		u.RawQuery = v.Encode()
		return u.String()
	}
	other := newKannel(t, c.URL, func(k *gateway.KannelConfig) { k.ReportSecret = strings.Repeat("o", 16) })
	off := newKannel(t, c.URL, func(k *gateway.KannelConfig) { k.ReportURL = "" })
	for name, test := range map[string]struct {
		by     *gateway.Kannel
		target string
		want   error
	}{
		"genuine":        {s, genuine.String(), nil},
		"no code":        {s, q(func(v url.Values) { v.Del("k") }), gateway.ErrSignature},
		"another code":   {s, q(func(v url.Values) { v.Set("k", strings.Repeat("A", 22)) }), gateway.ErrSignature},
		"two codes":      {s, q(func(v url.Values) { v.Add("k", "x") }), gateway.ErrSignature},
		"another token":  {s, q(func(v url.Values) { v.Set("m", "other") }), gateway.ErrSignature},
		"another secret": {other, genuine.String(), gateway.ErrSignature},
		"reports off":    {off, genuine.String(), gateway.ErrSignature},
		"no token":       {s, q(func(v url.Values) { v.Del("m") }), gateway.ErrBadReport},
		"no status":      {s, q(func(v url.Values) { v.Del("d") }), gateway.ErrBadReport},
		"two statuses":   {s, q(func(v url.Values) { v.Add("d", "2") }), gateway.ErrBadReport},
		"not a number":   {s, q(func(v url.Values) { v.Set("d", "%d") }), gateway.ErrBadReport},
	} {
		got, err := test.by.Report(request(http.MethodGet, test.target, ""))
		if !errors.Is(err, test.want) || (err == nil) != (got.Token == token) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		noCanary(t, err)
	}
	if _, err := s.Report(request(http.MethodPost, genuine.String(), "")); !errors.Is(err, gateway.ErrBadReport) {
		t.Errorf("a POST gives %v", err)
	}
}

// TestReportCodeIsOfOneKindOfSender: a URL of one sender is none of another's,
// even where both have the same secret.
func TestReportCodeIsOfOneKindOfSender(t *testing.T) {
	c := newCarrier(t, says(202, "0: Accepted for delivery"))
	target := dlr(t, newKannel(t, c.URL, nil), c, "1") + "&status=ok"
	if _, err := newHTTP(t, plainHTTP(c.URL)).Report(request(http.MethodGet, target, "")); !errors.Is(err, gateway.ErrSignature) {
		t.Errorf("got %v", err)
	}
}

func TestKannelConfig(t *testing.T) {
	for name, edit := range map[string]func(*gateway.KannelConfig){
		"URL has a query": func(c *gateway.KannelConfig) { c.URL += "/?smsc=a" },
		"Username":        func(c *gateway.KannelConfig) { c.Username = "" },
		"Password":        func(c *gateway.KannelConfig) { c.Password = "" },
		"From":            func(c *gateway.KannelConfig) { c.From = "a\r\nb" },
		"ReportSecret":    func(c *gateway.KannelConfig) { c.ReportSecret = "short" },
		"ReportURL":       func(c *gateway.KannelConfig) { c.ReportURL = "/mfa/delivery/kannel" },
	} {
		c := gateway.KannelConfig{URL: "https://host", Username: "u", Password: "p", ReportURL: reportURL, ReportSecret: secret}
		edit(&c)
		if _, err := gateway.NewKannel(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
