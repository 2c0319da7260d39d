// Package mfactl_test runs the program mfactl as an operator does, on real servers: a
// service's people are in the store, and mfactl gets nothing but the flags.
package mfactl_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// build makes mfactl.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "mfactl")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("..", "..", "..", "cmd", "mfactl")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build of mfactl: %v\n%s", err, out)
	}
	return program
}

// An operator has a shell with a store and keys in its environment.
type operator struct {
	t       *testing.T
	program string
	folder  string
	env     []string
}

// run is one command line; its exit code, and what it prints.
func (o *operator) run(args ...string) (code int, out, errs string) {
	o.t.Helper()
	cmd := o.command(o.t.Context(), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func (o *operator) command(ctx context.Context, args ...string) *exec.Cmd {
	o.t.Helper()
	cmd := exec.CommandContext(ctx, o.program, args...)
	cmd.Dir, cmd.Env = o.folder, append(os.Environ(), o.env...)
	return cmd
}

// done runs a command line that succeeds.
func (o *operator) done(args ...string) string {
	o.t.Helper()
	code, out, errs := o.run(args...)
	if code != 0 {
		o.t.Fatalf("mfactl %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// A place is a store that the service opens itself, and the -store by which mfactl does.
type place struct {
	flag string
	open func() mfa.Store
	sql  bool
}

// ready is a test that goes on only with what it needs.
func ready[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func inSQL(t *testing.T, flag, driver, dsn string, dialect sqlstore.Dialect) place {
	return place{flag: flag, sql: true, open: func() mfa.Store {
		db := ready[*sql.DB](t)(sql.Open(driver, dsn))
		s := ready[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, sqlstore.Options{Dialect: dialect}))
		t.Cleanup(func() { _, _ = s.Close(), db.Close() })
		return s
	}}
}

func inRedis(t *testing.T, flag string, o redis.UniversalOptions, replicas int, prefix string) place {
	return place{flag: flag, open: func() mfa.Store {
		client := redisstore.NewClient(&o)
		t.Cleanup(func() { _ = client.Close() })
		return ready[*redisstore.Store](t)(redisstore.Open(t.Context(), client, redisstore.Options{Prefix: prefix, Replicas: replicas, InsecureAsync: replicas == 0}))
	}}
}

func TestOnServers(t *testing.T) {
	program := build(t)
	for name, at := range map[string]func(*testing.T) place{"PostgreSQL": onPostgreSQL, "MariaDB": onMariaDB, "Redis": onRedis, "Redis cluster": onCluster} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			operate(t, program, at(t))
		})
	}
}

func onPostgreSQL(t *testing.T) place {
	at := testserver.PostgresDatabase(t)
	return inSQL(t, at, "pgx", ready[string](t)(sqlstore.PostgreSQLDSN(at)), sqlstore.PostgreSQL)
}

func onMariaDB(t *testing.T) place {
	dsn := testserver.MySQLDatabase(t)
	c := ready[*mysql.Config](t)(mysql.ParseDSN(dsn))
	flag := (&url.URL{Scheme: "mysql", User: url.UserPassword(c.User, c.Passwd), Host: c.Addr, Path: "/" + c.DBName}).String()
	return inSQL(t, flag, "mysql", dsn, sqlstore.MySQL)
}

func onRedis(t *testing.T) place {
	at, prefix := testserver.RedisServer(t), rand.Text()
	return inRedis(t, "redis://"+at+"?prefix="+prefix, redis.UniversalOptions{Addrs: []string{at}}, 0, prefix)
}

func onCluster(t *testing.T) place {
	nodes, prefix := testserver.RedisCluster(t), rand.Text()
	flag := "redis+cluster://" + strings.Join(nodes, ",") + "?prefix=" + prefix
	return inRedis(t, flag, redis.UniversalOptions{Addrs: nodes, IsClusterMode: true}, 1, prefix)
}

var confirm = regexp.MustCompile(`-confirm (\S+)`)

// operate is the life of a service from its tables to its next key ring.
func operate(t *testing.T, program string, at place) {
	o := &operator{t: t, program: program, folder: t.TempDir(), env: []string{"MFA_STORE=" + at.flag, "MFA_KEYS=mfa.keys"}}
	if at.sql {
		if code, _, errs := o.run("report", "-keys", "none.keys"); code != 1 || !strings.Contains(errs, "no key ring") {
			t.Errorf("without a ring: %d, %s", code, errs)
		}
		o.done("schema", "apply")
	}
	o.done("keys", "make", "-out", "mfa.keys")
	events := people(t, o, at.open(), "mfa.keys", 30)

	if out := o.done("report"); !strings.Contains(out, "users                       30\n") {
		t.Error(out)
	}
	if lines := strings.Split(strings.TrimSpace(o.done("report", "-csv")), "\n"); len(lines) != 31 {
		t.Errorf("%d lines of CSV", len(lines))
	}
	out := o.done("reset", "-user", "u07", "-actor", "carol", "-reason", "ticket", "-email", "u07@example.com")
	o.done("reset", "-user", "u07", "-actor", "carol", "-reason", "ticket", "-email", "u07@example.com", "-confirm", confirm.FindStringSubmatch(out)[1])
	out = o.done("erase", "-user", "u08")
	o.done("erase", "-user", "u08", "-confirm", confirm.FindStringSubmatch(out)[1])
	var export mfa.Export
	if err := json.Unmarshal([]byte(o.done("export", "-user", "u09")), &export); err != nil || export.User != "u09" {
		t.Errorf("%+v, %v", export, err)
	}
	o.done("sweep")

	o.done("keys", "rotate", "-out", "next.keys")
	if code, _, errs := o.run("keys", "retire", "-keys", "next.keys", "-out", "retired.keys"); code != 1 || !strings.Contains(errs, "mfactl rewrap") {
		t.Errorf("it was retired too early: %d, %s", code, errs)
	}
	o.interrupted()
	o.done("rewrap", "-keys", "next.keys")
	if out := o.done("rewrap", "-keys", "next.keys", "-json"); !strings.Contains(out, `"written": 0`) {
		t.Error(out)
	}
	o.done("keys", "retire", "-keys", "next.keys", "-out", "retired.keys")

	// The service goes on with the new ring, and tells what mfactl has left to it.
	engine, recorder := process(t, o, at.open(), "retired.keys")
	for _, user := range []string{"u07", "u10"} {
		if err := engine.Redeliver(t.Context(), user); err != nil {
			t.Fatal(err)
		}
	}
	if list := recorder.ByType(mfa.EventReset); len(list) != 1 || list[0].User != "u07" || list[0].Actor != "carol" || list[0].Email != "u07@example.com" {
		t.Errorf("the service was told %+v", list)
	}
	for user, enrolled := range map[string]int{"u07": 0, "u08": 0, "u09": 1, "u10": 1} {
		if v := ready[mfa.Overview](t)(engine.Overview(t.Context(), user)); len(v.Enrollments) != enrolled {
			t.Errorf("%s has %d enrollments", user, len(v.Enrollments))
		}
	}
	if len(events.ByType(mfa.EventEnrolled)) != 30 {
		t.Error("not all were told of their enrolment")
	}
}

// interrupted presses Ctrl-C in the midst of a walk, and goes on where that says.
func (o *operator) interrupted() {
	o.t.Helper()
	walk := o.command(o.t.Context(), "rewrap", "-keys", "next.keys", "-rate", "2", "-parallel", "1", "-json")
	var out bytes.Buffer
	walk.Stdout = &out
	lines, err := walk.StderrPipe()
	if err == nil {
		err = walk.Start()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	var said strings.Builder
	buffer := make([]byte, 4096)
	for pressed := false; ; {
		n, err := lines.Read(buffer)
		said.Write(buffer[:n])
		if !pressed && strings.Contains(said.String(), "looked at") {
			pressed = true
			if err := walk.Process.Signal(os.Interrupt); err != nil {
				o.t.Fatal(err)
			}
		}
		if err != nil {
			break
		}
	}
	_ = walk.Wait()
	var stopped, rest struct {
		Items, Written int
		Last           string
		Complete       bool
	}
	if err := json.Unmarshal(out.Bytes(), &stopped); err != nil || stopped.Complete || stopped.Written == 0 || walk.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "stopped; to go on") {
		o.t.Fatalf("%s%s%v", out.String(), said.String(), err)
	}
	again := o.done("rewrap", "-keys", "next.keys", "-rate", "-1", "-json", "-after", stopped.Last)
	if err := json.Unmarshal([]byte(again), &rest); err != nil || !rest.Complete || rest.Written == 0 {
		o.t.Errorf("it went on with %s", again)
	}
	if all := stopped.Items + rest.Items; rest.Items >= all {
		o.t.Errorf("it began again: %d items, and then %d", stopped.Items, rest.Items)
	}
}

// people have each an authenticator app.
func people(t *testing.T, o *operator, store mfa.Store, keys string, n int) *mfatest.Recorder {
	t.Helper()
	m := engineOf(t, o, store, keys)
	for i := range n {
		m.EnrollTOTP(t, mfa.User{ID: "u" + strconv.Itoa(100 + i)[1:]})
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m.Events
}

func process(t *testing.T, o *operator, store mfa.Store, keys string) (*mfa.Engine, *mfatest.Recorder) {
	t.Helper()
	m := engineOf(t, o, store, keys)
	return m.Engine, m.Events
}

// engineOf is a process of the service.
func engineOf(t *testing.T, o *operator, store mfa.Store, keys string) *mfatest.Engine {
	t.Helper()
	ring := ready[*mfa.KeyRing](t)(mfa.ParseKeyRing(ready[[]byte](t)(os.ReadFile(filepath.Join(o.folder, keys)))))
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		c.Store, c.Keys, c.Factors = store, ring, c.Factors[:1] // apps alone: the digests of recovery codes are slow
	})
	if err := m.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m
}
