package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/sms/gateway"
)

// TestHTTPValuesStayInTheirPlace puts text that means something in a URL, a
// form, a header or JSON into all of them.
func TestHTTPValuesStayInTheirPlace(t *testing.T) {
	const bad = `a&b=c#d?e/../f%0d%0a"},{"x":{to}{{` + "\r\nX-Evil: 1\u202e\u2028"
	m := message
	m.Text, m.ID, m.Report = bad, "a.b-c_d~1", ""
	c := newCarrier(t, says(200, ""))
	config := gateway.HTTPConfig{
		Method: http.MethodPut, URL: c.URL + "/a b/{to}/{id}/{{x}}",
		Query:    map[string]string{"q": "{text}", "q&x": "{to} {to_digits}"},
		Header:   map[string]string{"X-Id": "id={id}", "X-To": "{to}"},
		Username: "user", Password: password,
		Form: map[string]string{"f": "<{text}>", "g": "{{{id}}}"},
	}
	wantSent(t, newHTTP(t, config), m, "")
	r := c.one(t)
	if r.method != http.MethodPut || r.path != "/a%20b/%2B4915112345678/a.b-c_d~1/%7Bx%7D" {
		t.Errorf("the request is %s %s", r.method, r.path)
	}
	wantFields(t, r.query, map[string]string{"q": bad, "q&x": number + " " + number[1:]})
	wantFields(t, r.form, map[string]string{"f": "<" + bad + ">", "g": "{a.b-c_d~1}"})
	if r.header.Get("X-Id") != "id=a.b-c_d~1" || r.header.Get("X-To") != number || r.header.Get("X-Evil") != "" {
		t.Errorf("the header is %v", r.header)
	}
	if r.user != "user" || r.password != password {
		t.Errorf("it authenticates as %q", r.user)
	}
}

func TestHTTPGet(t *testing.T) {
	c := newCarrier(t, says(200, "OK: ref-17"))
	wantSent(t, newHTTP(t, gateway.HTTPConfig{
		Method: http.MethodGet, URL: c.URL, Query: map[string]string{"to": "{to_digits}", "text": "{text}", "dlr": "{report_url}"},
		Reference: gateway.Field{Regexp: `^OK: ([a-z0-9-]+)$`},
	}), message, "ref-17")
	r := c.one(t)
	if r.method != http.MethodGet || r.body != "" || r.header.Get("Content-Type") != "" {
		t.Errorf("the request is %s with %v", r.method, r.header)
	}
	wantFields(t, r.query, map[string]string{"to": number[1:], "text": text})
}

// TestHTTPDocument: values that are no strings stay what they are.
func TestHTTPDocument(t *testing.T) {
	c := newCarrier(t, says(200, ""))
	config := gateway.HTTPConfig{URL: c.URL, JSON: `{"n":12345678901234567890,"b":true,"z":null,"e":[],"o":{},"s":"","a":[1,"{report}",{"to":"{to}"}]}`}
	wantSent(t, newHTTP(t, config), message, "")
	want := `{"a":[1,{"to":"` + number + `"}],"b":true,"e":[],"n":12345678901234567890,"o":{},"s":"","z":null}`
	if got := c.one(t).body; got != want {
		t.Errorf("the body is %s, want %s", got, want)
	}
}

func TestHTTPAnswers(t *testing.T) {
	plain := func(*gateway.HTTPConfig) {}
	for name, test := range map[string]struct {
		edit   func(*gateway.HTTPConfig)
		status int
		body   string
		reason string // empty: sent, with the reference r1
	}{
		"taken":                          {plain, 200, `{"id":"r1"}`, ""},
		"created":                        {plain, 201, `{"id":"r1","code":"bad"}`, ""},
		"a code":                         {plain, 400, `{"code":"bad"}`, mfa.SendBadDestination},
		"another code":                   {plain, 400, `{"code":"stop"}`, mfa.SendOptedOut},
		"a code before the status":       {plain, 500, `{"code":"rate"}`, mfa.SendThrottled},
		"an unknown code":                {plain, 400, `{"code":"new"}`, mfa.SendRefused},
		"no code":                        {plain, 400, ``, mfa.SendRefused},
		"a status that is ours to read":  {func(c *gateway.HTTPConfig) { c.Statuses = map[int]string{404: mfa.SendBadDestination} }, 404, `{"code":"new"}`, mfa.SendBadDestination},
		"a success that is not listed":   {func(c *gateway.HTTPConfig) { c.Success = []int{202} }, 200, `{"id":"r1"}`, mfa.SendBadAnswer},
		"a success beyond 2xx":           {func(c *gateway.HTTPConfig) { c.Success = []int{302} }, 302, `{"id":"r1"}`, ""},
		"a number as a code":             {func(c *gateway.HTTPConfig) { c.Accepted = []string{"7"} }, 200, `{"id":"r1","code":7}`, ""},
		"a boolean as a code":            {func(c *gateway.HTTPConfig) { c.Accepted = []string{"true"} }, 200, `{"id":"r1","code":true}`, ""},
		"a code that is not accepted":    {func(c *gateway.HTTPConfig) { c.Accepted = []string{"7"} }, 200, `{"id":"r1","code":"rate"}`, mfa.SendThrottled},
		"no code where one is asked for": {func(c *gateway.HTTPConfig) { c.Accepted = []string{"7"} }, 200, `{"id":"r1"}`, mfa.SendBadAnswer},
		"a code in a failure":            {func(c *gateway.HTTPConfig) { c.Accepted = []string{"7"} }, 500, `{"id":"r1","code":7}`, mfa.SendUnreachable},
		"a code by expression": {func(c *gateway.HTTPConfig) {
			c.Code = gateway.Field{Regexp: `(?m)^ERR (\w+)$`}
		}, 400, "x\nERR stop\n", mfa.SendOptedOut},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCarrier(t, says(test.status, test.body))
			config := plainHTTP(c.URL)
			test.edit(&config)
			s := newHTTP(t, config)
			if test.reason == "" {
				wantSent(t, s, message, "r1")
				return
			}
			_, err := send(t, s, message)
			advised(t, err, test.reason)
		})
	}
	c := newCarrier(t, says(400, "", "X-Code", "stop"))
	config := plainHTTP(c.URL)
	config.Code = gateway.Field{Header: "x-code"}
	_, err := send(t, newHTTP(t, config), message)
	advised(t, err, mfa.SendOptedOut)
}

// TestHTTPReportFields: each place that a report can bring its values in.
func TestHTTPReportFields(t *testing.T) {
	for name, test := range map[string]struct {
		secretIn, token, state gateway.Field
		target, body           string
	}{
		"query":  {gateway.Field{Query: "s"}, gateway.Field{Query: "ref"}, gateway.Field{Query: "state"}, "/?s=" + secret + "&ref=" + token + "&state=ok", ""},
		"m":      {gateway.Field{Query: "s"}, gateway.Field{}, gateway.Field{Query: "state"}, "/?s=" + secret + "&m=" + token + "&state=ok", ""},
		"form":   {gateway.Field{Header: "x-secret"}, gateway.Field{Form: "ref"}, gateway.Field{Form: "state"}, "/", "ref=" + token + "&state=ok"},
		"JSON":   {gateway.Field{Header: "X-Secret"}, gateway.Field{JSON: "a.0.ref"}, gateway.Field{JSON: "a.0.state"}, "/", `{"a":[{"ref":"` + token + `","state":"ok"}]}`},
		"text":   {gateway.Field{Header: "X-Secret"}, gateway.Field{Regexp: "ref=([^ ]+)"}, gateway.Field{Regexp: "state=([a-z]+)"}, "/", "ref=" + token + " state=ok"},
		"header": {gateway.Field{Header: "X-Secret"}, gateway.Field{Header: "x-ref"}, gateway.Field{Header: "X-State"}, "/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := plainHTTP("https://host")
			config.ReportSecretIn, config.ReportToken, config.ReportState = test.secretIn, test.token, test.state
			r := request(http.MethodPost, test.target, test.body)
			r.Header.Set("X-Secret", secret)
			r.Header.Set("X-Ref", token)
			r.Header.Set("X-State", "ok")
			s := newHTTP(t, config)
			got, err := s.Report(r)
			if err != nil || got != (mfa.Report{Token: token, State: mfa.DeliveryDelivered}) {
				t.Fatalf("got %s, %v", got.State, err)
			}
			r = request(http.MethodPost, strings.Replace(test.target, secret, "x", 1), test.body)
			r.Header.Set("X-Ref", token)
			r.Header.Set("X-State", "ok")
			if _, err := s.Report(r); err != gateway.ErrSignature {
				t.Errorf("without the secret: %v", err)
			}
		})
	}
}

func TestHTTPConfig(t *testing.T) {
	for name, edit := range map[string]func(*gateway.HTTPConfig){
		"Method":               func(c *gateway.HTTPConfig) { c.Method = "DELETE" },
		"URL has a query":      func(c *gateway.HTTPConfig) { c.URL += "?a=b" },
		"URL has a path with":  func(c *gateway.HTTPConfig) { c.URL += "/a%2Fb" },
		"URL has a brace":      func(c *gateway.HTTPConfig) { c.URL += "/{text}" },
		"URL is not":           func(c *gateway.HTTPConfig) { c.URL = "https://{to}.example/" },
		"either Form or JSON":  func(c *gateway.HTTPConfig) { c.JSON = "{}" },
		"GET has no":           func(c *gateway.HTTPConfig) { c.Method = http.MethodGet },
		"JSON is not":          func(c *gateway.HTTPConfig) { c.Form, c.JSON = nil, `{"a":` },
		"JSON has something":   func(c *gateway.HTTPConfig) { c.Form, c.JSON = nil, `{} {}` },
		"JSON has a brace":     func(c *gateway.HTTPConfig) { c.Form, c.JSON = nil, `{"a":["{nothing}"]}` },
		`Form["a"] has`:        func(c *gateway.HTTPConfig) { c.Form["a"] = "}" },
		`Query["a"] has`:       func(c *gateway.HTTPConfig) { c.Query["a"] = "{" },
		`Header["A"] has`:      func(c *gateway.HTTPConfig) { c.Header["A"] = "{text}" },
		`field "A B"`:          func(c *gateway.HTTPConfig) { c.Header["A B"] = "" },
		`field "Host"`:         func(c *gateway.HTTPConfig) { c.Header["Host"] = "other" },
		`field "B"`:            func(c *gateway.HTTPConfig) { c.Header["B"] = "a\r\nC: d" },
		"GSM7":                 func(c *gateway.HTTPConfig) { c.GSM7 = "\n" },
		"Code says more":       func(c *gateway.HTTPConfig) { c.Code.Header = "x" },
		"Code: an answer":      func(c *gateway.HTTPConfig) { c.Code = gateway.Field{Query: "x"} },
		"Reference is not":     func(c *gateway.HTTPConfig) { c.Reference = gateway.Field{Regexp: "("} },
		"Reference has no":     func(c *gateway.HTTPConfig) { c.Reference = gateway.Field{Regexp: "a"} },
		"need a Code":          func(c *gateway.HTTPConfig) { c.Code = gateway.Field{} },
		`Reasons["x"]`:         func(c *gateway.HTTPConfig) { c.Reasons["x"] = "nonsense" },
		"Success has":          func(c *gateway.HTTPConfig) { c.Success = []int{200, 500} },
		"Statuses[400]":        func(c *gateway.HTTPConfig) { c.Statuses = map[int]string{400: ""} },
		"ReportSecret has":     func(c *gateway.HTTPConfig) { c.ReportSecret = "" },
		"ReportSecretIn is":    func(c *gateway.HTTPConfig) { c.ReportSecretIn = gateway.Field{JSON: "x"} },
		"ReportToken needs":    func(c *gateway.HTTPConfig) { c.ReportToken = gateway.Field{Query: "x"} },
		"needs ReportState":    func(c *gateway.HTTPConfig) { c.ReportState = gateway.Field{} },
		`ReportStates["x"]`:    func(c *gateway.HTTPConfig) { c.ReportStates["x"] = "nonsense" },
		"ReportState says":     func(c *gateway.HTTPConfig) { c.ReportState.JSON = "x" },
		"ReportURL has":        func(c *gateway.HTTPConfig) { c.ReportURL += "?k=1" },
		"ReportSecretIn says":  func(c *gateway.HTTPConfig) { c.ReportSecretIn = gateway.Field{Query: "a", Header: "b"} },
		"ReportToken says":     func(c *gateway.HTTPConfig) { c.ReportToken = gateway.Field{Query: "a", Header: "b"} },
		"Timeout":              func(c *gateway.HTTPConfig) { c.Timeout = -1 },
		"ReportURL is not htt": func(c *gateway.HTTPConfig) { c.ReportURL = "http://login.example.com" },
	} {
		c := plainHTTP("https://host")
		edit(&c)
		if _, err := gateway.NewHTTP(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestHTTPConfigIsCopied: a host that reuses its map does not change a sender.
func TestHTTPConfigIsCopied(t *testing.T) {
	c := newCarrier(t, says(400, `{"code":"stop"}`))
	config := plainHTTP(c.URL)
	s := newHTTP(t, config)
	clear(config.Reasons)
	clear(config.Form)
	clear(config.ReportStates)
	_, err := send(t, s, message)
	advised(t, err, mfa.SendOptedOut)
	if len(c.one(t).form) != 3 {
		t.Errorf("the form is %v", c.one(t).form)
	}
}
