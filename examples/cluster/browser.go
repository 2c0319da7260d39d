package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"time"
)

// A browser is one person's, with cookies of its own. It speaks JSON, as programs do.
type browser struct {
	url  string
	http *http.Client
}

// cookie says whether it has one of this name.
func (b *browser) cookie(name string) bool {
	at, err := url.Parse(b.url)
	return err == nil && slices.ContainsFunc(b.http.Jar.Cookies(at), func(c *http.Cookie) bool { return c.Name == name })
}

// answerTime is how long people wait for an answer.
const answerTime = 15 * time.Second

// newBrowser connects from an address of its own where this machine has more than one:
// all of 127.0.0.0/8 on Linux. Then the proxy tells the instances of so many clients.
func newBrowser(url string, client int) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{url, &http.Client{
		Jar: jar, Timeout: answerTime,
		Transport:     &http.Transport{DialContext: dialerFrom(client).DialContext, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func dialerFrom(client int) *net.Dialer {
	own := &net.TCPAddr{IP: net.IPv4(127, byte(10+client/250), byte(client%250), 1)} // a network each
	l, err := net.ListenTCP("tcp", own)
	if err != nil {
		return &net.Dialer{}
	}
	_ = l.Close() // it was to see whether it can be had
	return &net.Dialer{LocalAddr: own}
}

// A reply is what somebody was told. The zero reply: nothing, or that it is not known
// what became of it.
type reply struct {
	status int
	code   string // of a problem
	body   []byte
	cut    bool // it has begun, and its end is missing
}

// told says whether it is an answer that binds the site. An error of the server's own,
// "try again" included, may have done what was asked or not.
func (r reply) told() bool {
	return r.status != 0 && !r.cut && r.status < http.StatusInternalServerError
}

func (r reply) is(status int, code string) bool { return r.status == status && r.code == code }

func (r reply) into(v any) error { return json.Unmarshal(r.body, v) }

// do asks, and never fails: what is no answer is the zero reply, or the server's fault.
func (b *browser) do(ctx context.Context, method, path string, body any) reply {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return reply{}
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, b.url+path, reader)
	if err != nil {
		return reply{}
	}
	req.Header.Set("Content-Type", "application/json")
	a, err := b.http.Do(req)
	if err != nil {
		return reply{}
	}
	defer a.Body.Close()
	out := reply{status: a.StatusCode}
	if out.body, err = io.ReadAll(a.Body); err != nil {
		return reply{cut: true}
	}
	if a.Header.Get("Content-Type") == "application/problem+json" {
		var p struct{ Code string }
		_ = out.into(&p) // then it has none
		out.code = p.Code
	}
	return out
}

// A flow is what the demo says of a sign-in.
type flow struct {
	Status  string
	Options []struct{ ID, Method, Label string }
}

// option finds one; empty: it is not offered.
func (f flow) option(method, label string) string {
	for _, o := range f.Options {
		if o.Method == method && (label == "" || o.Label == label) {
			return o.ID
		}
	}
	return ""
}
