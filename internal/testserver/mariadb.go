package testserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const howMariaDB = "apt-get install mariadb-server"

// A MariaDB is a MariaDB server of a test's own, which it may kill.
type MariaDB struct {
	t        testing.TB
	as       *account
	folder   string
	port     int
	settings []string
	server   *process
}

// StartMariaDB starts a server. A setting is an option of mariadbd, like
// "innodb_flush_log_at_trx_commit=1". Otherwise it has MariaDB's defaults, which
// keep what they have acknowledged, but for less memory and more connections.
func StartMariaDB(t testing.TB, settings ...string) *MariaDB {
	t.Helper()
	m := &MariaDB{t: t, as: notRoot(t, "mysql"), settings: settings}
	program(t, "mariadbd", howMariaDB)
	program(t, "mariadb", howMariaDB)
	m.folder = folderOf(t, m.as)
	if err := os.WriteFile(m.first(), []byte(mariaUser), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, m.as, "", program(t, "mariadb-install-db", howMariaDB), "--no-defaults", "--datadir="+m.data(), "--innodb-log-file-size="+mariaLog,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	t.Cleanup(func() { m.server.end(t) })
	onFreePort(t, m.start)
	return m
}

// mariaUser is said at each start, when there is nobody yet to say it.
const mariaUser = `CREATE USER IF NOT EXISTS mfa@'127.0.0.1' IDENTIFIED BY 'mfa';
GRANT ALL ON *.* TO mfa@'127.0.0.1' WITH GRANT OPTION;
`

const mariaLog = "32M"

func (m *MariaDB) data() string  { return filepath.Join(m.folder, "data") }
func (m *MariaDB) first() string { return filepath.Join(m.folder, "first.sql") }

func (m *MariaDB) start(port int) bool {
	m.t.Helper()
	m.port = port
	args := []string{
		"--no-defaults", "--datadir=" + m.data(), "--tmpdir=" + m.folder, "--port=" + strconv.Itoa(port), "--bind-address=127.0.0.1",
		"--socket=" + filepath.Join(m.folder, "socket"), "--pid-file=" + filepath.Join(m.folder, "pid"), "--init-file=" + m.first(), "--skip-name-resolve",
		"--max-connections=300", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=" + mariaLog,
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", // as Debian's my.cnf has them
	}
	for _, s := range m.settings {
		name, value := setting(m.t, s)
		args = append(args, "--"+name+"="+value)
	}
	m.server = startAs(m.t, m.as, "mariadbd", program(m.t, "mariadbd", howMariaDB), args...)
	return m.server.ready(m.t, func() bool { return strings.Contains(m.server.out.String(), "ready for connections") })
}

// Addr is where it listens, as host:port.
func (m *MariaDB) Addr() string { return local(m.port) }

// DSN is that of a database in the form of the driver go-sql-driver/mysql. No
// database is there before the test makes one. It stays the same when the server
// is started again.
func (m *MariaDB) DSN(database string) string {
	return fmt.Sprintf("mfa:mfa@tcp(%s)/%s", m.Addr(), database)
}

// Kill ends the server at once, as a power cut would but for what the operating
// system has not written yet, and returns when it is gone.
func (m *MariaDB) Kill() { m.server.stop() }

// Restart starts a server that was killed, and returns when it takes connections.
func (m *MariaDB) Restart() {
	m.t.Helper()
	if !m.start(m.port) {
		m.t.Fatalf("the port of %s was taken while the server was down", m.Addr())
	}
}

// SQL runs statements as a user who may do everything, and returns what they
// give: a line for each row, columns divided by tabs.
func (m *MariaDB) SQL(query string) string {
	m.t.Helper()
	return mariaSQL(m.t, m.access(), query)
}

type mysqlServer struct{ user, password, host, port string }

func (m *MariaDB) access() mysqlServer {
	return mysqlServer{user: "mfa", password: "mfa", host: "127.0.0.1", port: strconv.Itoa(m.port)}
}

func mariaSQL(t testing.TB, s mysqlServer, query string) string {
	t.Helper()
	return run(t, nil, query, program(t, "mariadb", howMariaDB), "--no-defaults", "--protocol=tcp", "--host="+s.host, "--port="+s.port,
		"--user="+s.user, "--password="+s.password, "--batch", "--skip-column-names")
}
