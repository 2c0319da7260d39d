package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/mfakit/mfa/store/redisstore"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var (
	errRedisURL  = errors.New("-store: want redis://user@host:port/0, or redis+cluster://host:port,host:port")
	errRedisOpen = errors.New("-store: redis:// off this machine sends all in the clear: say rediss://, or add insecure=1 to the URL")
)

// redisPlace is what a URL says.
type redisPlace struct {
	options  redis.UniversalOptions
	name     string
	prefix   string
	replicas int // that have to have a write; below 0: as many as there are, one at most
}

// readRedis reads a URL: redis:// or, with TLS, rediss://, with +cluster or cluster=1 where
// it is one. Several hosts with master=NAME are sentinels. replicas=N says how many must
// have a write, prefix=NAME begins the names of keys, and the other parameters are
// go-redis's. Errors say nothing of the URL, which may hold a password.
func readRedis(address string) (redisPlace, error) {
	scheme, rest, found := strings.Cut(address, "://")
	base, cluster := strings.CutSuffix(scheme, "+cluster")
	if !found {
		return redisPlace{}, errRedisURL
	}
	head, text, _ := strings.Cut(rest, "?")
	login, hosts := "", head
	if i := strings.LastIndex(head, "@"); i >= 0 { // passwords may have one
		login, hosts = head[:i+1], head[i+1:]
	}
	hosts, path, _ := strings.Cut(hosts, "/")
	given, err := url.ParseQuery(text)
	if err != nil || hosts == "" {
		return redisPlace{}, errRedisURL
	}
	take := func(name string) string {
		defer given.Del(name)
		return given.Get(name)
	}
	master, insecure, wanted, prefix := take("master"), take("insecure") == "1", take("replicas"), take("prefix")
	if take("cluster") == "1" {
		cluster = true
	}
	addresses := strings.Split(hosts, ",")
	for i, a := range addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			addresses[i] = net.JoinHostPort(strings.Trim(a, "[]"), "6379")
		}
		host, _, _ := net.SplitHostPort(addresses[i])
		if base == "redis" && !insecure && !loopback(host) {
			return redisPlace{}, errRedisOpen
		}
	}
	o, err := redis.ParseURL(base + "://" + login + addresses[0] + "/" + path + "?" + given.Encode())
	if err != nil {
		return redisPlace{}, errRedisURL
	}
	p := redisPlace{name: scheme + "://" + strings.Join(addresses, ","), prefix: prefix, replicas: -1, options: redis.UniversalOptions{
		Addrs: addresses, MasterName: master, IsClusterMode: cluster || len(addresses) > 1 && master == "",
		Username: o.Username, Password: cmp.Or(o.Password, os.Getenv("REDISCLI_AUTH")), DB: o.DB,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, PoolSize: maxConns,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}}
	if o.TLSConfig != nil { // each host shows a certificate of its own name
		p.options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if wanted != "" {
		if p.replicas, err = strconv.Atoi(wanted); err != nil || p.replicas < 0 {
			return redisPlace{}, errRedisURL
		}
	}
	return p, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// openRedis opens a store there. A single server without a replica is taken as it is: what
// the service is content with, mfactl is.
func openRedis(ctx context.Context, address string) (*opened, error) {
	p, err := readRedis(address)
	if err != nil {
		return nil, usageError{err}
	}
	redis.SetLogger(silent{})
	client := redisstore.NewClient(&p.options)
	o := redisstore.Options{Prefix: p.prefix, Replicas: max(p.replicas, 0), InsecureAsync: p.replicas == 0}
	if p.replicas < 0 && !p.options.IsClusterMode {
		n, err := replicas(ctx, client)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", p.name, err), client.Close())
		}
		o.InsecureAsync = n == 0
	}
	s, err := redisstore.Open(ctx, client, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", p.name, err), client.Close())
	}
	return &opened{store: s, name: p.name, close: client.Close}, nil
}

// silent is for go-redis, which logs what it returns as errors too.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// replicas asks a master how many follow it.
func replicas(ctx context.Context, client redis.UniversalClient) (int, error) {
	info, err := client.Info(ctx, "replication").Result()
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(info) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "connected_slaves:"); ok {
			return strconv.Atoi(n)
		}
	}
	return 0, errors.New("it does not say how many replicas it has")
}
