package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// A site is what people come to: the instances of the demo, behind a proxy.
type site struct {
	m         *machines
	program   string
	store     store
	proxy     *proxy
	instances []*instance
}

// An instance is one of the demo's processes, at a port that stays its own.
type instance struct {
	port    int
	process *process
}

const instances = 3

func startSite(ctx context.Context, c config, m *machines, s store) (*site, error) {
	program, err := filepath.Abs(c.webapp)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(instances)
	if err != nil {
		return nil, err
	}
	out := &site{m: m, program: program, store: s}
	if out.proxy, err = newProxy(ports); err != nil {
		return nil, err
	}
	for _, port := range ports {
		i := &instance{port: port}
		out.instances = append(out.instances, i)
		if err := out.start(ctx, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// start starts an instance, again and again until it runs: while a master is being
// replaced none does. All instances have one key ring, one origin and one database, and
// believe what the proxy says of the client.
func (s *site) start(ctx context.Context, i *instance) error {
	flags := append([]string{"-addr", local(i.port), "-origin", s.proxy.url, "-proxy", "127.0.0.1",
		"-keys", filepath.Join(s.m.dir, "mfa.keys")}, s.store.flags()...)
	return until(ctx, fmt.Sprintf("instance %d runs", i.port), func(ctx context.Context) error {
		p, err := s.m.start("instance "+strconv.Itoa(i.port), nil, s.store.environment(), s.program, flags...)
		if err != nil {
			return err
		}
		i.process = p
		return p.answers(ctx, "http://"+local(i.port)+"/health")
	})
}

// answers waits until a server is well, or has ended.
func (p *process) answers(ctx context.Context, url string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if healthy(ctx, url) {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it has ended: %s", p.said.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// restart kills an instance amid what it does, and starts it again.
func (s *site) restart(ctx context.Context, n int) error {
	i := s.instances[n]
	i.process.kill()
	return s.start(ctx, i)
}

// restartAll kills all instances, so that nothing is under way any more, and waits until
// all are well again.
func (s *site) restartAll(ctx context.Context) error {
	for _, i := range s.instances {
		i.process.kill()
	}
	for _, i := range s.instances {
		if err := s.start(ctx, i); err != nil {
			return err
		}
	}
	return until(ctx, "all instances are well", func(ctx context.Context) error {
		if i := slices.IndexFunc(s.instances, func(i *instance) bool { return !healthy(ctx, "http://"+local(i.port)+"/health") }); i >= 0 {
			return fmt.Errorf("instance %d is not", s.instances[i].port)
		}
		return nil
	})
}

var checker = &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// healthy asks a server how it is.
func healthy(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	a, err := checker.Do(r)
	if err != nil {
		return false
	}
	return a.Body.Close() == nil && a.StatusCode == http.StatusNoContent
}
