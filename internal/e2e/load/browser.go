package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// patience is how long an answer may take.
const patience = 30 * time.Second

// A browser sends requests, over connections that stay open.
type browser struct {
	base string
	http *http.Client
}

func newBrowser(base string, connections int) *browser {
	dialer := &net.Dialer{Timeout: patience}
	return &browser{base: base, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConns: connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: patience,
		},
	}}
}

func (b *browser) close() { b.http.CloseIdleConnections() }

// cookies are what one person's browser keeps, by name.
type cookies map[string]string

// A flow is what an answer says of one.
type flow struct {
	Status  string
	Options []struct{ ID, Method string }
}

func (f flow) option(method string) string {
	for _, o := range f.Options {
		if o.Method == method {
			return o.ID
		}
	}
	return ""
}

// A refusal is an answer that is none of the 200s.
type refusal struct {
	status int
	code   string // the problem's; empty: it was none
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.code) }

// post sends v as JSON and reads the answer into out, unless that is nil. Nothing
// of v is in its errors.
func (b *browser) post(ctx context.Context, path string, v any, kept cookies, out any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	for name, value := range kept {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := b.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20)) // to the end, so that the connection is used again
	if err != nil {
		return err
	}
	for _, c := range answer.Cookies() {
		if kept[c.Name] = c.Value; c.MaxAge < 0 {
			delete(kept, c.Name)
		}
	}
	if answer.StatusCode/100 != 2 {
		var problem struct{ Code string }
		_ = json.Unmarshal(text, &problem) // then there is no code
		return &refusal{answer.StatusCode, problem.Code}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// login is what a person gives first.
type login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// password is everybody's.
const password = "correct horse battery staple"
