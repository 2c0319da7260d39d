package sqlstore

import (
	"net/url"
	"strings"
	"testing"
)

func TestSQLiteDSN(t *testing.T) {
	const settings = "?_pragma=busy_timeout(3000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	for _, tt := range []struct{ path, want string }{
		{"app.db", "file:app.db"},
		{"/var/lib/app/app.db", "file:/var/lib/app/app.db"},
		{"//var/app.db", "file:/var/app.db"}, // file://var would be a host
		{"a b?c#d%e&f.db", "file:a%20b%3Fc%23d%25e&f.db"},
		{"app.db?mode=memory", "file:app.db%3Fmode=memory"}, // a path cannot turn settings off
	} {
		if got := SQLiteDSN(tt.path); got != tt.want+settings {
			t.Errorf("SQLiteDSN(%q) = %q, want %q", tt.path, got, tt.want+settings)
		}
	}
}

// Whatever names the host that is meant, it is not spoken to without its certificate.
func TestPostgreSQLDSN_HostsFromTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		from, variable, value string
		verified              bool
	}{
		{"postgres:///shop", "PGHOST", "db.example", true},
		{"postgres:///shop", "PGHOST", "/run/postgresql", false},
		{"postgres:///shop", "PGHOST", "127.0.0.1,db.example", true},
		{"postgres://localhost/shop", "PGHOST", "db.example", false},
		{"postgres:///shop?host=/run/postgresql", "PGHOST", "db.example", false},
		{"postgres:///shop", "PGSERVICE", "main", true},
		{"postgres:///shop?service=main", "PGHOST", "", true},
	} {
		t.Setenv("PGHOST", "")
		t.Setenv("PGSERVICE", "")
		t.Setenv(tt.variable, tt.value)
		got, err := PostgreSQLDSN(tt.from)
		if err != nil || strings.Contains(got, "sslmode=verify-full") != tt.verified {
			t.Errorf("%s with %s=%s: %s, %v; want verified %v", tt.from, tt.variable, tt.value, got, err, tt.verified)
		}
	}
}

func TestPostgreSQLDSN(t *testing.T) {
	t.Setenv("PGHOST", "")
	t.Setenv("PGSERVICE", "")
	const times = "connect_timeout=5&statement_timeout=3s&target_session_attrs=read-write"
	for _, tt := range []struct{ from, want string }{
		{"postgres://app:pw@db.example/shop", "postgres://app:pw@db.example/shop?connect_timeout=5&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgresql://db.example:6432/shop?sslmode=require", "postgresql://db.example:6432/shop?connect_timeout=5&sslmode=require&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres://app@127.0.0.1:5432/shop", "postgres://app@127.0.0.1:5432/shop?" + times},
		{"postgres://app@[::1]/shop", "postgres://app@[::1]/shop?" + times},
		{"postgres://LocalHost/shop", "postgres://LocalHost/shop?" + times},
		{"postgres:///shop", "postgres:///shop?" + times},
		{"postgres:///shop?host=/run/postgresql", "postgres:///shop?connect_timeout=5&host=%2Frun%2Fpostgresql&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres:///shop?host=db.example", "postgres:///shop?connect_timeout=5&host=db.example&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres://127.0.0.1/shop?host=db.example", "postgres://127.0.0.1/shop?connect_timeout=5&host=db.example&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres://127.0.0.1:1,db.example:2/shop", "postgres://127.0.0.1:1,db.example:2/shop?connect_timeout=5&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres://127.0.0.1:1,127.0.0.2:2/shop", "postgres://127.0.0.1:1,127.0.0.2:2/shop?" + times},
		{"postgres://localhost.example/shop", "postgres://localhost.example/shop?connect_timeout=5&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write"},
		{"postgres://localhost/shop?connect_timeout=1&statement_timeout=0&target_session_attrs=any", "postgres://localhost/shop?connect_timeout=1&statement_timeout=0&target_session_attrs=any"},
	} {
		if got, err := PostgreSQLDSN(tt.from); err != nil || got != tt.want {
			t.Errorf("%s:\n\t%s, %v; want\n\t%s", tt.from, got, err, tt.want)
		}
	}
}

func TestMySQLDSN(t *testing.T) {
	const times = "innodb_lock_wait_timeout=3&readTimeout=10s&rejectReadOnly=true&timeout=5s"
	for _, tt := range []struct{ from, want string }{
		{"mysql://app:pw@db.example/shop", "app:pw@tcp(db.example:3306)/shop?" + times + "&tls=true&writeTimeout=10s"},
		{"mysql://app@127.0.0.1:3307/shop", "app@tcp(127.0.0.1:3307)/shop?" + times + "&writeTimeout=10s"},
		{"mysql://app@[::1]/shop", "app@tcp([::1]:3306)/shop?" + times + "&writeTimeout=10s"},
		{"mysql://app@localhost/shop", "app@tcp(localhost:3306)/shop?" + times + "&writeTimeout=10s"},
		{"mysql://app:p%40%2Fw:%3F%29@localhost/a%2Fb%20c", "app:p@/w:?)@tcp(localhost:3306)/a%2Fb%20c?" + times + "&writeTimeout=10s"},
		{"mysql://app@db.example/shop?tls=internal&timeout=1s&wsrep_sync_wait=1", "app@tcp(db.example:3306)/shop?innodb_lock_wait_timeout=3&readTimeout=10s&rejectReadOnly=true&timeout=1s&tls=internal&writeTimeout=10s&wsrep_sync_wait=1"},
	} {
		if got, err := MySQLDSN(tt.from); err != nil || got != tt.want {
			t.Errorf("%s:\n\t%s, %v; want\n\t%s", tt.from, got, err, tt.want)
		}
	}
}

// A password that a program could not use must not get into its log.
func TestDSNErrorsSayNothing(t *testing.T) {
	const password = "hunter2"
	functions := map[string]func(string) (string, error){"postgres": PostgreSQLDSN, "mysql": MySQLDSN}
	for scheme, f := range functions {
		for _, from := range []string{
			"", "app.db", "sqlite://app:hunter2@localhost/shop", "app:hunter2@tcp(localhost)/shop", "user=app password=hunter2",
			scheme + "://app:hunter2@local host/shop", scheme + "://app:hunter2@localhost:hunter2/shop", scheme + "://app:hunter2@localhost/shop?a=%zz&password=hunter2", scheme + "://app:hunter2%@localhost/shop",
		} {
			if got, err := f(from); err == nil || got != "" || strings.Contains(err.Error(), password) || !strings.HasPrefix(err.Error(), "sqlstore: ") {
				t.Errorf("%s: %q, %v", url.PathEscape(from), got, err)
			}
		}
	}
	for _, from := range []string{"mysql:///shop", "mysql://localhost/shop", "mysql://a%3Ab:hunter2@localhost/shop"} {
		if got, err := MySQLDSN(from); err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %q, %v", from, got, err)
		}
	}
}
