package sqlstore

import (
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// SQLiteDSN is a data source name for the file at path with the settings that
// [Open] asks for, on every connection: journal_mode WAL, synchronous FULL, and
// a busy_timeout of 3 seconds for writes of other processes, so that an engine,
// which tries a few times, has answered before a server's write timeout. It is in the
// form of modernc.org/sqlite, which ncruces/go-sqlite3 reads too; other drivers
// spell settings in their own way, and Open finds out whether they hold.
// Further parameters may be appended with "&".
func SQLiteDSN(path string) string {
	escaped := (&url.URL{Path: filepath.ToSlash(filepath.Clean(path))}).EscapedPath()
	return "file:" + escaped + "?_pragma=busy_timeout(3000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
}

// PostgreSQLDSN completes a postgres://user:password@host:port/database URL for the
// driver github.com/jackc/pgx/v5/stdlib, where it does not say otherwise itself:
//
//	sslmode=verify-full              unless all hosts are loopback addresses or sockets,
//	                                 those too that the driver takes from PGHOST; always
//	                                 with a service, as only its file knows the host
//	target_session_attrs=read-write  of several hosts, or after a failover, the primary
//	connect_timeout=5                seconds
//	statement_timeout=3s             so that an engine, which tries a few times, has
//	                                 answered before a server's write timeout
//
// An error says nothing of the URL, which may hold a password.
func PostgreSQLDSN(from string) (string, error) {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("sqlstore: want a URL of the form postgres://user:password@host:port/database")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errors.New("sqlstore: the URL's parameters cannot be read")
	}
	if !local(u.Host) || !local(q.Get("host")) || u.Host == "" && !q.Has("host") && !local(os.Getenv("PGHOST")) ||
		q.Has("service") || os.Getenv("PGSERVICE") != "" {
		setDefault(q, "sslmode", "verify-full")
	}
	setDefault(q, "target_session_attrs", "read-write")
	setDefault(q, "connect_timeout", "5")
	setDefault(q, "statement_timeout", "3s")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// MySQLDSN makes of a mysql://user:password@host:port/database URL a data source name
// in the form of the driver github.com/go-sql-driver/mysql, with the URL's parameters
// and, where it does not say otherwise itself:
//
//	tls=true                        unless the host is a loopback address
//	timeout=5s                      to connect
//	readTimeout, writeTimeout=10s   for the network; a change of the schema must fit, too
//	innodb_lock_wait_timeout=3      seconds, as for PostgreSQL; the server's own are 50
//	rejectReadOnly=true             after a failover, connect again
//
// An error says nothing of the URL, which may hold a password.
func MySQLDSN(from string) (string, error) {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "mysql" || u.Hostname() == "" || u.User.Username() == "" {
		return "", errors.New("sqlstore: want a URL of the form mysql://user:password@host:port/database")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errors.New("sqlstore: the URL's parameters cannot be read")
	}
	credentials := u.User.Username()
	if strings.Contains(credentials, ":") {
		return "", errors.New("sqlstore: the driver knows no user with a colon")
	}
	if password, ok := u.User.Password(); ok {
		credentials += ":" + password
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	if !local(u.Host) {
		setDefault(q, "tls", "true")
	}
	setDefault(q, "timeout", "5s")
	setDefault(q, "readTimeout", "10s")
	setDefault(q, "writeTimeout", "10s")
	setDefault(q, "innodb_lock_wait_timeout", "3")
	setDefault(q, "rejectReadOnly", "true")
	database := url.PathEscape(strings.TrimPrefix(u.Path, "/"))
	return credentials + "@tcp(" + net.JoinHostPort(u.Hostname(), port) + ")/" + database + "?" + q.Encode(), nil
}

func setDefault(q url.Values, name, value string) {
	if !q.Has(name) {
		q.Set(name, value)
	}
}

// local says whether what is sent to all of the hosts, with commas between them and
// perhaps ports, stays on this machine. A path is that of a socket, and none at all
// is the driver's own choice of socket or localhost.
func local(hosts string) bool {
	for host := range strings.SplitSeq(hosts, ",") {
		name := (&url.URL{Host: host}).Hostname()
		if ip := net.ParseIP(name); host == "" || strings.HasPrefix(host, "/") || strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback() {
			continue
		}
		return false
	}
	return true
}
