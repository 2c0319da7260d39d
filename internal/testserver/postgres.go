package testserver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mfakit/mfa/internal/testneed"
)

const howPostgres = "apt-get install postgresql"

// A Postgres is a PostgreSQL server of a test's own, which it may kill.
// Everybody who reaches its port on 127.0.0.1 is its superuser.
type Postgres struct {
	t        testing.TB
	as       *account
	bin      string // the folder of its programs
	folder   string
	port     int
	server   *process
	standbys int
}

// StartPostgres starts a server. A setting is one of postgresql.conf, like
// "synchronous_commit=on". Otherwise it has PostgreSQL's defaults, which keep
// what they have acknowledged, but for more connections and pg_stat_statements,
// which counts once CREATE EXTENSION has been said.
func StartPostgres(t testing.TB, settings ...string) *Postgres {
	t.Helper()
	p := &Postgres{t: t, bin: postgresPrograms(t), as: notRoot(t, "postgres")}
	p.folder = folderOf(t, p.as)
	run(t, p.as, "", p.program("initdb"), "-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	p.configure("postgresql.conf", slices.Concat([]string{"max_connections=300", "shared_preload_libraries=pg_stat_statements"}, settings))
	t.Cleanup(func() { p.server.end(t) })
	onFreePort(t, p.start)
	return p
}

// postgresPrograms is where the newest server's programs are: on Debian not in
// the path, where wrappers of theirs may be.
func postgresPrograms(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is well formed
	if len(found) == 0 {
		return filepath.Dir(program(t, "postgres", howPostgres))
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }))
}

func version(server string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(server)))) // 0: no number
	return n
}

func (p *Postgres) program(name string) string {
	p.t.Helper()
	return testneed.Program(p.t, filepath.Join(p.bin, name), howPostgres)
}

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

// configure appends settings to a file of them; the last of a name holds.
func (p *Postgres) configure(file string, settings []string) {
	p.t.Helper()
	var text strings.Builder
	for _, s := range settings {
		name, value := setting(p.t, s)
		fmt.Fprintf(&text, "\n%s = '%s'", name, strings.ReplaceAll(value, "'", "''"))
	}
	f, err := os.OpenFile(filepath.Join(p.data(), file), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	_, err = f.WriteString(text.String() + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// setting splits what is written as "name=value".
func setting(t testing.TB, s string) (name, value string) {
	t.Helper()
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" || name[0] == '-' || strings.Contains(name, " ") {
		t.Fatalf("a setting is written as name=value, not %q", s)
	}
	return name, value
}

func (p *Postgres) start(port int) bool {
	p.t.Helper()
	p.port = port
	p.server = startAs(p.t, p.as, "postgres", p.program("postgres"), "-D", p.data(), "-p", strconv.Itoa(port), "-k", p.folder, "-c", "listen_addresses=127.0.0.1")
	return p.server.ready(p.t, p.up)
}

// up says whether this very process takes connections; only its own file tells that.
func (p *Postgres) up() bool {
	text, err := os.ReadFile(filepath.Join(p.data(), "postmaster.pid"))
	told := lines(string(text))
	return err == nil && len(told) >= 8 && told[0] == strconv.Itoa(p.server.cmd.Process.Pid) && strings.TrimSpace(told[7]) == "ready"
}

// Addr is where it listens, as host:port.
func (p *Postgres) Addr() string { return local(p.port) }

// URL is that of a database, of which "postgres" is there at once. It stays the
// same when the server is started again.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", p.Addr(), database)
}

// Kill ends the server and all its processes at once, as a power cut would but
// for what the operating system has not written yet, and returns when they are gone.
func (p *Postgres) Kill() { p.server.stop() }

// Restart starts a server that was killed, and returns when it takes connections.
func (p *Postgres) Restart() {
	p.t.Helper()
	if !p.start(p.port) {
		p.t.Fatalf("the port of %s was taken while the server was down", p.Addr())
	}
}

// SQL runs statements in the database "postgres" by psql, each in a transaction
// of its own, and returns what they give: a line for each row, columns divided by |.
func (p *Postgres) SQL(query string) string {
	p.t.Helper()
	return psql(p.t, p.URL("postgres"), query)
}

func psql(t testing.TB, url, query string) string {
	t.Helper()
	return run(t, nil, query, filepath.Join(postgresPrograms(t), "psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "--quiet", "--tuples-only", "--no-align", "-d", url)
}

// Standby makes a server that follows this one, and returns when it does. Its
// name is standby1 for the first, and so on, in synchronous_standby_names and as
// a slot; it is for the test to have this one wait for it. It has the settings
// of this one, but waits for no other itself, and then the given.
func (p *Postgres) Standby(settings ...string) *Postgres {
	p.t.Helper()
	p.standbys++
	name := fmt.Sprintf("standby%d", p.standbys)
	s := &Postgres{t: p.t, bin: p.bin, as: p.as, folder: folderOf(p.t, p.as)}
	source := fmt.Sprintf("host=127.0.0.1 port=%d user=postgres sslmode=disable application_name=%s", p.port, name)
	run(p.t, p.as, "", p.program("pg_basebackup"), "-d", source, "-D", s.data(), "-R", "-X", "stream", "-C", "-S", name, "--checkpoint=fast", "--no-sync")
	s.configure("postgresql.auto.conf", []string{"synchronous_standby_names="})
	s.configure("postgresql.auto.conf", settings)
	p.t.Cleanup(func() { s.server.end(p.t) })
	onFreePort(p.t, s.start)
	Until(p.t, name+" to follow", func() bool {
		return p.SQL("SELECT state FROM pg_stat_replication WHERE application_name = '"+name+"'") == "streaming"
	})
	return s
}

// Promote makes a standby a server that takes writes, and returns when it is.
func (p *Postgres) Promote() {
	p.t.Helper()
	p.SQL("SELECT pg_promote()")
	Until(p.t, "the standby to be promoted", func() bool { return p.SQL("SELECT pg_is_in_recovery()") == "f" })
}
