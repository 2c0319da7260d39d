package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"time"
)

const maxAnswer = 1 << 20 // bytes; the largest is a QR code

// A client makes calls to the server, and keeps what comes back with each that is to be
// kept: a session under a new token, a new name for this device.
type client struct {
	url   string
	http  *http.Client
	saved *saved
	flow  string // the token of the flow that is under way; it opens nothing but the flow, and is not written down
}

// newClient refuses addresses to which a password would go in the clear.
func newClient(address string, kept *saved) (*client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != address {
		return nil, fmt.Errorf("%q is not an address such as https://app.example", address)
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && !ip.IsLoopback()) {
		return nil, fmt.Errorf("%q must be https, but on this machine", address)
	}
	return &client{url: address, saved: kept, http: &http.Client{
		Timeout: 30 * time.Second,
		// Tokens and passwords go where they are meant for, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// call sends body as JSON, if there is one, and reads the answer into out. What the
// server refuses is a *problem.
func (c *client) call(ctx context.Context, method, path string, body, out any) error {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return fmt.Errorf("the server cannot be reached: %w", errors.Unwrap(err)) // without the address, which may be long
	}
	defer func() { _ = answer.Body.Close() }() // it is read, or given up
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if answer.StatusCode >= 300 {
		return newProblem(answer, text)
	}
	if token := answer.Header.Get("Api-Token"); token != "" {
		if err := c.saved.setSession(token); err != nil {
			return err
		}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("this is not the server that was expected: %w", err)
	}
	return nil
}

// request has Authorization for the session and Mfa-Flow for the flow, as both may be
// there at once: a step-up is a flow beside a session.
func (c *client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var text io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		text = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, text)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Mfa-Client", "native")                             // tokens come in the body, and not in cookies
	r.Header.Set("User-Agent", "mfa-example-api ("+runtime.GOOS+")") // by which people tell this device from their others
	for name, value := range map[string]string{"Mfa-Device": c.saved.Device, "Mfa-Flow": c.flow} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.saved.Session != "" {
		r.Header.Set("Authorization", "Bearer "+c.saved.Session)
	}
	return r, nil
}

// A problem is what the server says of a call that it refuses (RFC 9457).
type problem struct {
	Status       int       `json:"status"`
	Code         string    `json:"code"`
	Detail       string    `json:"detail"`
	AttemptsLeft *int      `json:"attempts_left"`
	Hint         string    `json:"hint"`
	Missing      []string  `json:"missing"`
	LockedUntil  time.Time `json:"locked_until"`
	Disabled     bool      `json:"disabled"`
	ResendAt     time.Time `json:"resend_at"`
	Resent       bool      `json:"resent"`
	Retry        bool      `json:"retry"`

	after string // the Retry-After header, in seconds; empty: none
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.Status, p.Code) }

func newProblem(answer *http.Response, text []byte) *problem {
	p := &problem{Status: answer.StatusCode, after: answer.Header.Get("Retry-After")}
	if json.Unmarshal(text, p) != nil || p.Code == "" {
		p.Code = "internal" // of a proxy in between, say
	}
	return p
}

// is says whether err is a problem with this code.
func is(err error, code string) bool {
	p := (*problem)(nil)
	return errors.As(err, &p) && p.Code == code
}
