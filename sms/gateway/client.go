package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mfakit/mfa"
)

// A client makes one request and reads one bounded answer.
type client struct {
	http    http.Client
	timeout time.Duration
}

// newClient takes the fields that all configurations have. t nil: a transport
// of our own.
func newClient(timeout time.Duration, t *http.Transport) (client, error) {
	switch {
	case timeout == 0:
		timeout = defaultTimeout
	case timeout < 0 || timeout > maxTimeout:
		return client{}, fmt.Errorf("gateway: Timeout is %v, and must be 0 to %v", timeout, maxTimeout)
	}
	if t == nil {
		t = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout:    connectTimeout,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
		}
	}
	return client{timeout: timeout, http: http.Client{
		Transport: t,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}, nil
}

// An answer is what a carrier said.
type answer struct {
	status int
	header http.Header
	body   []byte        // nothing where it is longer than maxAnswer or broken off
	after  time.Duration // Retry-After; 0: not said
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// do makes the request. The error says whether anything can have gone out:
// nothing has before there was a connection.
func (c *client) do(ctx context.Context, r *http.Request) (answer, *mfa.SendError) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	// net/http repeats what it takes for harmless, a GET or a request with an
	// idempotency key, when a kept connection breaks, though the message may have
	// gone out. It does neither on a fresh connection nor without GetBody.
	r.GetBody = nil
	if r.Method == http.MethodGet {
		r.Close = true
	}
	resp, err := c.http.Do(r.WithContext(ctx))
	if err != nil {
		reason := mfa.SendUnreachable
		if connected.Load() {
			reason = mfa.SendBadAnswer
			if timedOut(ctx, err) {
				reason = mfa.SendTimeout
			}
		}
		return answer{}, fail(reason, cause(err))
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header, after: retryAfter(resp.Header)}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil && a.ok() && timedOut(ctx, err):
		return answer{}, fail(mfa.SendTimeout, cause(err))
	case err == nil && len(body) <= maxAnswer:
		a.body = body
	}
	return a, nil
}

func timedOut(ctx context.Context, err error) bool {
	var n net.Error
	return ctx.Err() != nil || errors.As(err, &n) && n.Timeout()
}

// retryAfter reads seconds or a date (RFC 9110 §10.2.3). A date is taken against
// the answer's own Date, so that neither clock has to be right.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if isDigits(v) && len(v) < 9 {
		seconds, _ := strconv.Atoi(v)
		return bounded(time.Duration(seconds) * time.Second)
	}
	then, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return bounded(then.Sub(now))
}

// endpoint reads a URL of a configuration, whose field it names in errors. The
// URL is not quoted, as it may hold credentials.
func endpoint(field, raw string, insecureHTTP bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, fmt.Errorf("gateway: %s is not an absolute URL", field)
	case u.User != nil:
		return nil, fmt.Errorf("gateway: %s has credentials in it; there are fields for them", field)
	case u.Fragment != "":
		return nil, fmt.Errorf("gateway: %s has a fragment", field)
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && (insecureHTTP || isLoopback(u.Hostname())):
		return u, nil
	}
	return nil, fmt.Errorf("gateway: %s is not https; number, code and credentials would be open to whoever is on the way", field)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// printable says whether a setting can stand in a header or a form: no control
// characters.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
