package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"
)

// A proxy hands each request to the next instance that is well. Any will do: nothing of a
// sign-in is in the memory of one. README.md has the same for Caddy and nginx.
type proxy struct {
	url      string
	server   *http.Server
	backends []*backend
	next     atomic.Uint64
	stop     context.CancelFunc
	work     sync.WaitGroup
}

type backend struct {
	address string
	well    atomic.Bool
}

const (
	checkEvery = 200 * time.Millisecond
	maxBody    = 1 << 20 // the demo takes less
)

func newProxy(ports []int) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ctx, stop := context.WithCancel(context.Background())
	p := &proxy{url: "http://localhost:" + port, stop: stop}
	for _, port := range ports {
		b := &backend{address: local(port)}
		p.backends = append(p.backends, b)
		p.work.Go(func() { b.watch(ctx) })
	}
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			// The client's own X-Forwarded headers are gone at this point, so that what
			// the instances read is who has connected here, and no more.
			r.SetXForwarded()
			r.Out.Host = r.In.Host // cross-origin checks go by it
			r.Out.URL.Scheme = "http"
		},
		Transport:    &balancer{p, &http.Transport{MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}},
		ErrorHandler: noAnswer,
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	p.server = &http.Server{Handler: through, ReadHeaderTimeout: 5 * time.Second}
	p.work.Go(func() { _ = p.server.Serve(l) }) // until it is closed
	return p, nil
}

func (p *proxy) close() {
	p.stop()
	_ = p.server.Close() // nobody waits any more
	p.work.Wait()
}

// watch asks an instance how it is, all the time.
func (b *backend) watch(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		b.well.Store(healthy(ctx, "http://"+b.address+"/health"))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// order is in which order instances are tried: those that are well first. When none is,
// it may be the check that is wrong.
func (p *proxy) order() []*backend {
	first := p.next.Add(1)
	var well, ill []*backend
	for i := range p.backends {
		b := p.backends[(first+uint64(i))%uint64(len(p.backends))] //nolint:gosec // a length
		if b.well.Load() {
			well = append(well, b)
		} else {
			ill = append(ill, b)
		}
	}
	return append(well, ill...)
}

// A balancer sends a request to one instance after the other, for as long as it can know
// that none has begun with it: a request that changes something is sent again only
// where no connection was made.
type balancer struct {
	proxy *proxy
	base  http.RoundTripper
}

func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, maxBody)); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	var last error
	for _, to := range b.proxy.order() {
		try := r.Clone(r.Context())
		try.URL.Host = to.address
		try.ContentLength, try.Body, try.GetBody = int64(len(body)), http.NoBody, nil
		if len(body) > 0 {
			try.Body = io.NopCloser(bytes.NewReader(body))
		}
		answer, err := b.base.RoundTrip(try)
		if err == nil {
			return answer, nil
		}
		to.well.Store(false)
		last = err
		dial := (*net.OpError)(nil)
		unsent := errors.As(err, &dial) && dial.Op == "dial"
		if !unsent && r.Method != http.MethodGet && r.Method != http.MethodHead {
			break
		}
	}
	return nil, last
}

// noAnswer does not say that nothing happened: it may have.
func noAnswer(w http.ResponseWriter, _ *http.Request, _ error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, `{"status":502,"code":"no_answer","detail":"the instance was lost before it answered: look, and try again"}`)
}
