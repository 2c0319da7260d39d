package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const postgresHelp = "install PostgreSQL (Debian: apt-get install postgresql)"

// A replicated store is a PostgreSQL and a standby that streams from it. Which is which
// changes with each failover; the instances know the addresses of both.
type replicated struct {
	m        *machines
	as       *account
	password string
	careless bool
	ports    [2]int
	nodes    [2]*process // by port
	primary  int         // which of them
	link     *relay      // by which a standby reaches its primary
	made     int         // folders
}

const (
	database = "mfa"
	login    = "mfa" // its owner
)

// settings of every server. With synchronous_standby_names a commit is acknowledged once
// the standby has it on its disk (synchronous_commit = on, the default); the new primary
// has the same, and so acknowledges nothing until it has a standby of its own.
const settings = `
listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = ''
max_connections = 200
wal_level = replica
max_wal_senders = 10
synchronous_commit = on
synchronous_standby_names = '%s'
`

// startReplicated starts both, with an empty database.
func startReplicated(ctx context.Context, c config, m *machines) (*replicated, error) {
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	r := &replicated{m: m, as: as, password: rand.Text(), careless: c.careless}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	copy(r.ports[:], ports)
	if r.link, err = newRelay(local(ports[0])); err != nil {
		return nil, err
	}
	if err := r.makeFirst(ctx, true); err != nil {
		return nil, err
	}
	return r, r.addStandby(ctx)
}

// startAlone starts one without a standby, for the accounts beside Redis. Nothing kills it.
func startAlone(ctx context.Context, m *machines) (*replicated, error) {
	as, err := serverAccount()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	r := &replicated{m: m, as: as, password: rand.Text()}
	r.ports[0] = ports[0]
	return r, r.makeFirst(ctx, false)
}

// makeFirst makes a cluster of databases and its server, and the demo's database.
func (r *replicated) makeFirst(ctx context.Context, standby bool) error {
	initdb, err := program("initdb", postgresHelp)
	if err != nil {
		return err
	}
	dir, err := r.folder()
	if err != nil {
		return err
	}
	secret := filepath.Join(r.m.dir, "password")
	if err := os.WriteFile(secret, []byte(r.password), 0o600); err != nil {
		return err
	}
	defer os.Remove(secret)
	if r.as != nil {
		if err := os.Chown(secret, int(r.as.uid), int(r.as.gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(dir, "data")
	if err := r.m.once(ctx, r.as, nil, initdb, "-D", data, "-U", login, "--pwfile", secret, "-A", "scram-sha-256", "--no-sync", "--no-locale", "-E", "UTF8"); err != nil {
		return err
	}
	names := ""
	if standby && !r.careless {
		names = "*"
	}
	conf := filepath.Join(data, "postgresql.conf")
	if err := appendTo(conf, fmt.Sprintf(settings, r.ports[0], names)); err != nil {
		return err
	}
	if err := r.serve(0, data); err != nil {
		return err
	}
	return until(ctx, "PostgreSQL has started", func(ctx context.Context) error {
		// There is no standby yet that could confirm it.
		err := r.exec(ctx, 0, "postgres", "SET synchronous_commit = local", "CREATE DATABASE "+database)
		if err != nil && strings.Contains(err.Error(), "42P04") { // made the last time
			return nil
		}
		return err
	})
}

// addStandby copies the primary into a new folder, as what was there is not to be
// trusted to have the same history, and starts the copy as its standby.
func (r *replicated) addStandby(ctx context.Context) error {
	backup, err := program("pg_basebackup", postgresHelp)
	if err != nil {
		return err
	}
	dir, err := r.folder()
	if err != nil {
		return err
	}
	r.link.to(local(r.ports[r.primary]))
	host, port, _ := strings.Cut(r.link.address(), ":")
	data, at := filepath.Join(dir, "data"), 1-r.primary
	slot := "standby_" + strconv.Itoa(r.made)
	err = r.m.once(ctx, r.as, []string{"PGPASSWORD=" + r.password}, backup, "-h", host, "-p", port, "-U", login, "-D", data,
		"--write-recovery-conf", "--wal-method=stream", "--create-slot", "--slot="+slot, "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	if err := appendTo(filepath.Join(data, "postgresql.conf"), fmt.Sprintf("port = %d\n", r.ports[at])); err != nil {
		return err
	}
	if err := r.serve(at, data); err != nil {
		return err
	}
	return until(ctx, "the standby follows", func(ctx context.Context) error {
		want := "sync"
		if r.careless {
			want = "async"
		}
		got, err := r.query(ctx, r.primary, "SELECT coalesce(string_agg(sync_state, ','), 'none') FROM pg_stat_replication WHERE state = 'streaming'")
		if err == nil && got != want {
			err = fmt.Errorf("it is %s", got)
		}
		return err
	})
}

// failover cuts the standby off, as a network may, lets the primary go on alone for a
// moment, kills it, and promotes the standby. The old primary is never started again: it
// may have what nobody else has.
func (r *replicated) failover(ctx context.Context, told func() int) error {
	r.link.to("")
	if err := alone(ctx, r.careless, told); err != nil {
		return err
	}
	r.nodes[r.primary].kill()
	r.primary = 1 - r.primary
	if _, err := r.query(ctx, r.primary, "SELECT pg_promote()::text"); err != nil {
		return err
	}
	return r.addStandby(ctx)
}

// alone waits while a master that is about to die is without its replicas: where nothing
// waits for those, until people were told of some changes that are on no other machine, so
// that there is something to lose.
func alone(ctx context.Context, careless bool, told func() int) error {
	const some = 5
	before, tick := told(), time.NewTicker(700*time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !careless || told() >= before+some {
			return nil
		}
	}
}

func (r *replicated) serve(at int, data string) error {
	postgres, err := program("postgres", postgresHelp)
	if err != nil {
		return err
	}
	p, err := r.m.start("postgres "+local(r.ports[at]), r.as, nil, postgres, "-D", data)
	r.nodes[at] = p
	return err
}

func (r *replicated) folder() (string, error) {
	r.made++
	return r.m.folder("postgres"+strconv.Itoa(r.made), r.as)
}

// exec runs statements on one of the servers.
func (r *replicated) exec(ctx context.Context, at int, database string, statements ...string) error {
	c, err := pgx.Connect(ctx, fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", login, r.password, local(r.ports[at]), database))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	for _, s := range statements {
		if _, err := c.Exec(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *replicated) query(ctx context.Context, at int, statement string) (text string, err error) {
	c, err := pgx.Connect(ctx, fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", login, r.password, local(r.ports[at]), database))
	if err != nil {
		return "", err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return text, c.QueryRow(ctx, statement).Scan(&text)
}

// url names all servers. Whoever connects takes the one that is no standby; the demo
// adds target_session_attrs by itself where there are several, and says so here.
func (r *replicated) url() string {
	var hosts []string
	for _, p := range r.ports {
		if p != 0 {
			hosts = append(hosts, local(p))
		}
	}
	return "postgres://" + login + "@" + strings.Join(hosts, ",") + "/" + database + "?target_session_attrs=read-write"
}

func (r *replicated) flags() []string { return []string{"-store", r.url()} }

// environment has the password, which would stand in the list of processes as a flag.
func (r *replicated) environment() []string { return []string{"PGPASSWORD=" + r.password} }

func (r *replicated) about() string {
	if r.careless {
		return "PostgreSQL at " + local(r.ports[0]) + " with a standby at " + local(r.ports[1]) + " that nothing waits for"
	}
	return "PostgreSQL at " + local(r.ports[0]) + " with a synchronous standby at " + local(r.ports[1])
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
