package demo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
)

type js map[string]any

// A client is one browser or program: it has a cookie jar of its own, and
// headers that it sends with every request.
type client struct {
	t      testing.TB
	app    *app
	http   *http.Client
	header http.Header
}

func (a *app) client(t testing.TB) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, app: a, header: http.Header{}, http: &http.Client{
		Transport: a.tr, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A reply is an answer, read in full.
type reply struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// raw is a body that is sent as it stands, under a Content-Type.
type raw struct{ kind, text string }

func form(pairs ...string) raw {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return raw{"application/x-www-form-urlencoded", v.Encode()}
}

func (c *client) get(path string) reply            { return c.do("GET", path, nil) }
func (c *client) post(path string, body any) reply { return c.do("POST", path, body) }
func (c *client) delete(path string) reply         { return c.do("DELETE", path, nil) }

func (c *client) do(method, path string, body any) reply {
	c.t.Helper()
	r, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// try is do for where the other side may be gone.
func (c *client) try(method, path string, body any) (reply, error) {
	var reader io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case raw:
		reader, kind = strings.NewReader(b.text), b.kind
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return reply{}, err
		}
		reader, kind = bytes.NewReader(text), "application/json"
	}
	req, err := http.NewRequest(method, c.app.url+path, reader)
	if err != nil {
		return reply{}, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{t: c.t, what: method + " " + path, status: res.StatusCode, header: res.Header}
	if out.body, err = io.ReadAll(res.Body); err != nil {
		return reply{}, err
	}
	c.app.seen.answered(out)
	for _, k := range res.Cookies() {
		if k.Name != "mfa-device" && k.Value != "" {
			c.app.seen.secret("a cookie "+k.Name, k.Value)
		}
	}
	return out, nil
}

// cookie is the value of a cookie that the client holds.
func (c *client) cookie(name string) string {
	u, err := url.Parse(c.app.url)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range c.http.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// setCookie plants a cookie; an empty value takes it away.
func (c *client) setCookie(name, value string) {
	u, err := url.Parse(c.app.url)
	if err != nil {
		c.t.Fatal(err)
	}
	k := &http.Cookie{Name: name, Value: value, Path: "/"}
	if value == "" {
		k.MaxAge = -1
	}
	c.http.Jar.SetCookies(u, []*http.Cookie{k})
}

// want checks the status and, for problems, the code.
func (r reply) want(status int, code ...string) reply {
	r.t.Helper()
	if r.status != status || len(code) > 0 && r.code() != code[0] {
		r.t.Fatalf("%s: %d %s, want %d %v", r.what, r.status, r.body, status, code)
	}
	return r
}

// wantOneOf is for where a race decides.
func (r reply) wantOneOf(statuses ...int) reply {
	r.t.Helper()
	if !slices.Contains(statuses, r.status) {
		r.t.Fatalf("%s: %d %s, want one of %v", r.what, r.status, r.body, statuses)
	}
	return r
}

// code is the problem's code; empty for other answers.
func (r reply) code() string {
	if r.header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	var p struct{ Code string }
	_ = json.Unmarshal(r.body, &p) // then the code is not what is wanted
	return p.Code
}

// into reads the JSON body.
func (r reply) into(v any) {
	r.t.Helper()
	if kind := r.header.Get("Content-Type"); kind != "application/json" && kind != "application/problem+json" {
		r.t.Fatalf("%s: Content-Type %q", r.what, kind)
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%s: %v in %s", r.what, err, r.body)
	}
}

// member is one member of the JSON body.
func (r reply) member(name string) any {
	r.t.Helper()
	var m map[string]any
	r.into(&m)
	return m[name]
}

type option struct{ ID, Method, Label, Hint string }

type flow struct {
	Status, Purpose, Reason string
	Options                 []option
	Methods                 []string
	Token                   string
	DeviceToken             string `json:"device_token"`
}

func (r reply) flow() flow {
	r.t.Helper()
	var f flow
	r.into(&f)
	return f
}

// option is the flow's option of a method.
func (f flow) option(t testing.TB, method string) string {
	t.Helper()
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	t.Fatalf("the flow %+v has no option %s", f, method)
	return ""
}
