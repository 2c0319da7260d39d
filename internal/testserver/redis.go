package testserver

import (
	"strconv"
	"strings"
	"testing"
)

const howRedis = "apt-get install redis-server"

// A Redis is a Redis server of a test's own, which it may kill.
type Redis struct {
	t        testing.TB
	folder   string
	port     int
	settings []string
	server   *process
}

// StartRedis starts a server. A setting is one of redis.conf, like
// "appendfsync=everysec". Otherwise it has Redis's defaults, but that it writes
// each change to the disk before it answers.
func StartRedis(t testing.TB, settings ...string) *Redis {
	t.Helper()
	r := newRedis(t, settings)
	onFreePort(t, r.start)
	return r
}

func newRedis(t testing.TB, settings []string) *Redis {
	t.Helper()
	program(t, "redis-server", howRedis)
	program(t, "redis-cli", howRedis)
	r := &Redis{t: t, folder: folderOf(t, nil), settings: settings}
	t.Cleanup(func() { r.server.end(t) })
	return r
}

func (r *Redis) start(port int) bool {
	r.t.Helper()
	r.port = port
	args := []string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", r.folder, "--save", "", "--appendonly", "yes", "--appendfsync", "always",
		"--repl-diskless-sync-delay", "0", // a replica's first copy is not kept waiting for others
	}
	for _, s := range r.settings {
		name, value := setting(r.t, s)
		args = append(append(args, "--"+name), values(value)...)
	}
	r.server = startAs(r.t, nil, "redis-server", program(r.t, "redis-server", howRedis), args...)
	return r.server.ready(r.t, func() bool { return strings.Contains(r.server.out.String(), "Ready to accept connections") })
}

// values are those that a setting has several of, divided by spaces.
func values(s string) []string {
	if s == "" {
		return []string{""}
	}
	return strings.Fields(s)
}

// Addr is where it listens, as host:port. It stays the same when the server is
// started again.
func (r *Redis) Addr() string { return local(r.port) }

// Kill ends the server at once, and returns when it is gone.
func (r *Redis) Kill() { r.server.stop() }

// Restart starts a server that was killed, and returns when it takes connections.
func (r *Redis) Restart() {
	r.t.Helper()
	if !r.start(r.port) {
		r.t.Fatalf("the port of %s was taken while the server was down", r.Addr())
	}
}

// CLI runs one command by redis-cli, and returns what it prints; an answer that
// is an error is printed too. Each has a connection of its own, so that WAIT
// waits for nothing.
func (r *Redis) CLI(args ...string) string {
	r.t.Helper()
	return redisCLI(r.t, r.Addr(), "", args...)
}

// cli runs one command in each line, on one connection.
func (r *Redis) cli(commands string) string {
	r.t.Helper()
	return redisCLI(r.t, r.Addr(), commands)
}

func redisCLI(t testing.TB, addr, input string, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	return run(t, nil, input, program(t, "redis-cli", howRedis), append([]string{"-h", host, "-p", port}, args...)...)
}

// Replica starts a server that follows this one, and returns when it does. To
// promote it: CLI("REPLICAOF", "NO", "ONE").
func (r *Redis) Replica(settings ...string) *Redis {
	r.t.Helper()
	follower := newRedis(r.t, append([]string{"replicaof=127.0.0.1 " + strconv.Itoa(r.port)}, settings...))
	onFreePort(r.t, follower.start)
	Until(r.t, "the replica to follow", func() bool { return follower.follows() && r.leads() })
	return follower
}

// follows and leads say whether a replica has what its master has, and whether
// a master counts a replica among those that WAIT counts: some moments later.

func (r *Redis) follows() bool {
	r.t.Helper()
	return strings.Contains(r.CLI("INFO", "replication"), "master_link_status:up")
}

func (r *Redis) leads() bool {
	r.t.Helper()
	told := r.CLI("INFO", "replication")
	return strings.Contains(told, "state=online") && strings.Count(told, "state=") == strings.Count(told, "state=online")
}
