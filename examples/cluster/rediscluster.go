package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const redisHelp = "install Redis 6 or later (Debian: apt-get install redis-server)"

// A redisCluster is three masters, each with a replica, and a PostgreSQL for the accounts.
type redisCluster struct {
	m        *machines
	accounts *replicated
	password string
	careless bool
	ports    []int
	nodes    []*process // by port; a nil one was killed
}

// A second of silence makes the others think that a node is gone; its replica takes
// over then. The appendonly file is so that a node that comes back knows something.
const redisSettings = `
bind 127.0.0.1
port %d
dir %s
cluster-enabled yes
cluster-node-timeout 1000
cluster-require-full-coverage no
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
requirepass %s
masterauth %[3]s
`

func startRedisCluster(ctx context.Context, c config, m *machines) (*redisCluster, error) {
	r := &redisCluster{m: m, password: rand.Text(), careless: c.careless, nodes: make([]*process, 6)}
	var err error
	if r.accounts, err = startAlone(ctx, m); err != nil {
		return nil, err
	}
	if r.ports, err = clusterPorts(len(r.nodes)); err != nil {
		return nil, err
	}
	cli, err := program("redis-cli", redisHelp)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for i, port := range r.ports {
		if err := r.serve(i); err != nil {
			return nil, err
		}
		addresses = append(addresses, local(port))
	}
	for i := range r.ports {
		if err := until(ctx, "Redis has started", func(ctx context.Context) error { return r.client(i).Ping(ctx).Err() }); err != nil {
			return nil, err
		}
	}
	create := append([]string{"--no-auth-warning", "--cluster", "create"}, addresses...)
	if err := m.once(ctx, nil, []string{"REDISCLI_AUTH=" + r.password}, cli, append(create, "--cluster-replicas", "1", "--cluster-yes")...); err != nil {
		return nil, err
	}
	return r, until(ctx, "the cluster is whole", r.whole)
}

// serve starts a node on what it had.
func (r *redisCluster) serve(i int) error {
	server, err := program("redis-server", redisHelp)
	if err != nil {
		return err
	}
	dir := filepath.Join(r.m.dir, "redis"+strconv.Itoa(i))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	conf := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, redisSettings, r.ports[i], dir, r.password), 0o600); err != nil {
		return err
	}
	r.nodes[i], err = r.m.start("redis "+local(r.ports[i]), nil, nil, server, conf)
	return err
}

// client speaks to one node. Whoever has it closes it, or leaves it to the end.
func (r *redisCluster) client(i int) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: local(r.ports[i]), Password: r.password, MaxRetries: -1, PoolSize: 1, DialTimeout: time.Second})
}

// A member is a node as another one knows it.
type member struct {
	id, master string // master: whom it follows; empty: it is one
	port       int
	failed     bool
	slots      bool
}

// members asks a node who is in the cluster.
func (r *redisCluster) members(ctx context.Context, i int) (list []member, err error) {
	c := r.client(i)
	defer c.Close()
	text, err := c.ClusterNodes(ctx).Result()
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		// id host:port@bus,name flags master ping pong epoch state slots…
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		_, port, _ := strings.Cut(strings.SplitN(f[1], "@", 2)[0], ":")
		m := member{id: f[0], failed: strings.Contains(f[2], "fail"), slots: len(f) > 8}
		if f[3] != "-" {
			m.master = f[3]
		}
		if m.port, err = strconv.Atoi(port); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// whole says whether every node sees three masters, each with a replica that follows it.
func (r *redisCluster) whole(ctx context.Context) error {
	for i := range r.nodes {
		list, err := r.members(ctx, i)
		if err != nil {
			return err
		}
		masters := 0
		for _, m := range list {
			if m.failed {
				return fmt.Errorf("%s is thought to be gone", local(m.port))
			}
			if m.master == "" && m.slots {
				masters++
			}
		}
		c := r.client(i)
		info, err := c.Info(ctx, "replication").Result()
		c.Close()
		switch {
		case err != nil:
			return err
		case masters != 3 || len(list) != 6:
			return fmt.Errorf("%s knows %d masters of %d nodes", local(r.ports[i]), masters, len(list))
		case strings.Contains(info, "role:master") && !strings.Contains(info, "state=online"):
			return fmt.Errorf("%s has no replica yet", local(r.ports[i]))
		case strings.Contains(info, "role:slave") && !strings.Contains(info, "master_link_status:up"):
			return fmt.Errorf("%s does not follow yet", local(r.ports[i]))
		}
	}
	return nil
}

// failover cuts a master's replica off, lets the master go on alone for a moment, and kills
// it. The cluster sees to the rest; then the old master is started again, as a replica.
func (r *redisCluster) failover(ctx context.Context, told func() int) error {
	list, err := r.members(ctx, 0)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(m member) bool { return m.master == "" && m.slots })
	if i < 0 {
		return errors.New("there is no master")
	}
	old := list[i]
	at := slices.Index(r.ports, old.port)
	if err := r.cutOff(ctx, at); err != nil {
		return err
	}
	if err := alone(ctx, r.careless, told); err != nil {
		return err
	}
	r.nodes[at].kill()
	witness := (at + 1) % len(r.nodes)
	if err := until(ctx, "a replica has taken over", func(ctx context.Context) error {
		list, err := r.members(ctx, witness)
		for _, m := range list {
			if m.port == old.port && m.slots {
				err = errors.New("none has")
			}
		}
		return err
	}); err != nil {
		return err
	}
	if err := r.serve(at); err != nil {
		return err
	}
	return until(ctx, "the cluster is whole", r.whole)
}

// cutOff has a master's replicas lose it, while its clients go on: they have said the
// password, which is then another one.
func (r *redisCluster) cutOff(ctx context.Context, at int) error {
	c := r.client(at)
	defer c.Close()
	if err := c.ConfigSet(ctx, "requirepass", rand.Text()).Err(); err != nil {
		return err
	}
	return c.Do(ctx, "client", "kill", "type", "replica").Err()
}

func (r *redisCluster) flags() []string {
	var addresses []string
	for _, p := range r.ports {
		addresses = append(addresses, local(p))
	}
	url := "redis://" + strings.Join(addresses, ",") + "?cluster=1"
	if r.careless {
		url += "&replicas=0"
	}
	return []string{"-store", url, "-accounts", r.accounts.url()}
}

func (r *redisCluster) environment() []string {
	return append(r.accounts.environment(), "REDISCLI_AUTH="+r.password)
}

func (r *redisCluster) about() string {
	how := "three masters, each with a replica that must have a write before it counts"
	if r.careless {
		how = "three masters, each with a replica that nothing waits for"
	}
	return "Redis cluster: " + how + "; accounts are in PostgreSQL at " + local(r.accounts.ports[0])
}

// clusterPorts are free ports whose port for the others, 10000 above, is free too.
func clusterPorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		found, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		bus := found[0] + 10000
		if bus > 65535 || slices.Contains(ports, found[0]) {
			if tries > 10000 {
				return nil, errors.New("there are no free ports below 55536")
			}
			continue
		}
		l, err := net.Listen("tcp", local(bus))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, found[0])
	}
	return ports, nil
}
