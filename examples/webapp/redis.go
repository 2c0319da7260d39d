package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var (
	errRedisURL  = errors.New("not a URL of the form redis://user:password@host:port/0, or redis://host:port,host:port?cluster=1")
	errRedisOpen = errors.New("redis:// off this machine sends all in the clear: say rediss://, or add insecure=1 to the URL")
)

// readRedis reads the URL: redis:// or, with TLS, rediss://. Several hosts are the nodes of
// a cluster, or with master=NAME the sentinels that know who is the master. cluster=1
// makes a cluster of one host too; replicas=N says how many must have a write, 0 that
// nothing waits for any; prefix=NAME begins the names of keys; the other parameters are
// go-redis's. A password may be in the environment instead, where redis-cli has it too.
// Errors say nothing of the URL, which may hold one.
func readRedis(address string) (*place, error) {
	head, text, _ := strings.Cut(address, "?")
	scheme, rest, _ := strings.Cut(head, "://")
	login, rest, found := cutLast(rest, "@")
	if !found {
		login, rest = "", login
	}
	hosts, path, _ := strings.Cut(rest, "/")
	given, err := url.ParseQuery(text)
	if err != nil || hosts == "" {
		return nil, errRedisURL
	}
	take := func(name string) (value string) {
		value = given.Get(name)
		given.Del(name)
		return value
	}
	cluster, master, insecure, wanted, prefix := take("cluster"), take("master"), take("insecure"), take("replicas"), take("prefix")
	addresses := strings.Split(hosts, ",")
	local := true
	for i, a := range addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			addresses[i] = net.JoinHostPort(strings.Trim(a, "[]"), "6379")
		}
		host, _, _ := net.SplitHostPort(addresses[i])
		local = local && isLocal(host)
	}
	if scheme == "redis" && !local && insecure != "1" {
		return nil, errRedisOpen
	}
	if found {
		login += "@"
	}
	o, err := redis.ParseURL(scheme + "://" + login + addresses[0] + "/" + path + "?" + given.Encode())
	if err != nil {
		return nil, errRedisURL
	}
	server := &redisServer{prefix: prefix, replicas: unsaid, options: redis.UniversalOptions{
		Addrs: addresses, MasterName: master, IsClusterMode: cluster == "1" || len(addresses) > 1 && master == "",
		Username: o.Username, Password: cmp.Or(o.Password, os.Getenv("REDISCLI_AUTH")), DB: o.DB,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout, MaxRetries: o.MaxRetries, PoolSize: o.PoolSize, MinIdleConns: o.MinIdleConns, ConnMaxIdleTime: o.ConnMaxIdleTime,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}}
	if o.TLSConfig != nil { // each host shows a certificate of its own name
		server.options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.TLSConfig.InsecureSkipVerify} //nolint:gosec // the URL says so
	}
	if !local || master != "" {
		server.replicas = 1 // the server that one meets may be new in its part, and its replicas on their way
	}
	if wanted != "" {
		if server.replicas, err = strconv.Atoi(wanted); err != nil || server.replicas < 0 {
			return nil, errRedisURL
		}
	}
	return &place{name: scheme + "://" + strings.Join(addresses, ","), redis: server}, nil
}

// cutLast is strings.Cut at the last separator: passwords may have it.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// openRedis opens the library's values. A server on this machine that has no replica is
// taken as it is, and the log says what that means; at any other a write counts once a
// replica has it, unless the URL says replicas=0.
func openRedis(ctx context.Context, p *place, log *slog.Logger) (store, func() error, error) {
	redis.SetLogger(quiet{})
	client := redisstore.NewClient(&p.redis.options)
	o := redisstore.Options{Replicas: max(p.redis.replicas, 0), Prefix: p.redis.prefix, InsecureAsync: p.redis.replicas == 0}
	if p.redis.replicas == unsaid && !p.redis.options.IsClusterMode {
		n, err := replicasOf(ctx, client)
		if err != nil {
			return nil, nil, errors.Join(err, client.Close())
		}
		o.InsecureAsync = n == 0
	}
	if o.InsecureAsync {
		log.WarnContext(ctx, "webapp: nothing waits for a replica of this Redis: if it is lost, so is what it was told last, "+
			"and a code that was used may be taken again; with a replica, say replicas=1 in the URL", "store", p.name)
	}
	s, err := redisstore.Open(ctx, client, o)
	if err != nil {
		return nil, nil, errors.Join(err, client.Close())
	}
	return s, client.Close, nil
}

// quiet is for go-redis, which logs what it returns as errors too.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// replicasOf asks a master how many replicas follow it.
func replicasOf(ctx context.Context, client redis.UniversalClient) (int, error) {
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

// hasValues says whether there is anything in a store.
func hasValues(ctx context.Context, s mfa.Scanner) (bool, error) {
	errOne := errors.New("there is one")
	err := s.Scan(ctx, "", "", func(string, mfa.Item) error { return errOne })
	if errors.Is(err, errOne) {
		return true, nil
	}
	return false, err
}

func redisAdvice(err error) string {
	for prefix, advice := range map[string]string{
		"WRONGPASS": "the password is wrong, or there is no such user",
		"NOAUTH":    "it wants a password: put it into the URL, as redis://:password@host",
		"NOPERM":    "this user may not do that: look at its ACL",
		"DENIED":    "it takes connections from its own machine only: give it a password, and name it in the URL",
		"READONLY":  "it takes no writes: this is a replica, so name the master",
		"LOADING":   "it is starting: try again in a moment",
		"MOVED":     "it is the node of a cluster: add cluster=1 to the URL",
		"OOM":       "there is no room left in its memory",
	} {
		if redis.HasErrorPrefix(err, prefix) {
			return advice
		}
	}
	return ""
}
