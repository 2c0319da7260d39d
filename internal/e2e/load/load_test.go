package load

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// short is a run that is long enough to have done something.
func short(store string) Options {
	return Options{Store: store, Users: 40, Clients: 8, For: 300 * time.Millisecond}
}

func wantGood(t *testing.T, r *Report, err error, perVerification float64) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed() || r.SignIns == 0 || r.Interrupted || r.SignIn.P50 <= 0 || r.SignIn.P50 > r.SignIn.P99 || r.SignIn.P99 > r.SignIn.Max {
		t.Errorf("%+v", r)
	}
	if r.Statements == nil || r.Statements.PerVerification != perVerification {
		t.Errorf("statements: %+v, want %v a verification", r.Statements, perVerification)
	}
	var text bytes.Buffer
	if _, err := r.WriteTo(&text); err != nil || !strings.Contains(text.String(), "verification") {
		t.Errorf("printed: %s, %v", &text, err)
	}
}

func TestEveryStore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		url  func(t *testing.T) string
		each float64
	}{
		"memory": {func(*testing.T) string { return "memory:" }, 2},
		"sqlite": {func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "load.db") }, 2},
		"mysql": {func(t *testing.T) string {
			m := testserver.StartMariaDB(t)
			m.SQL("CREATE DATABASE items")
			return "mysql://mfa:mfa@" + m.Addr() + "/items"
		}, 2},
		"redis": {func(t *testing.T) string { return "redis://" + testserver.StartRedis(t).Addr() + "?insecure_async=1" }, 2},
		"redis+cluster": {func(t *testing.T) string {
			return "redis+cluster://" + strings.Join(testserver.StartRedisCluster(t).Addrs(), ",")
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := Run(t.Context(), short(tt.url(t)))
			wantGood(t, report, err, tt.each)
		})
	}
}

// What PostgreSQL counts by itself, and that a run leaves nothing behind.
func TestPostgres(t *testing.T) {
	t.Parallel()
	p := testserver.StartPostgres(t)
	o := short(p.URL("postgres"))
	report, err := Run(t.Context(), o)
	if err != nil || report.Failed() || report.Statements == nil || report.Statements.PerVerification != 0 || !strings.HasPrefix(report.Statements.Source, "pg_stat_database") {
		t.Errorf("without the extension: %+v, %v", report, err)
	}
	p.SQL("CREATE EXTENSION pg_stat_statements")
	report, err = Run(t.Context(), o)
	wantGood(t, report, err, 2)
	db, err := sql.Open("pgx", p.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var left int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'mfa\\_load%'").Scan(&left); err != nil || left != 0 {
		t.Errorf("%d tables are left, %v", left, err)
	}
}

// Who interrupts a run gets the report of what was done.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := short("memory:")
	o.For = time.Hour
	o.Progress = writerFunc(func(text []byte) (int, error) {
		if bytes.Contains(text, []byte("sign-ins")) {
			cancel()
		}
		return len(text), nil
	})
	report, err := Run(ctx, o)
	if err != nil || !report.Interrupted || report.SignIns == 0 || report.Failed() {
		t.Errorf("%+v, %v", report, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"nothing":              {},
		"store and target":     {Store: "memory:", Target: "http://127.0.0.1:1"},
		"more clients":         {Store: "memory:", Users: 2, Clients: 3},
		"unknown store":        {Store: "dbase:x"},
		"a URL with a secret":  {Store: "postgres://ada:opensesame@127.0.0.1:x/db"},
		"nobody at the target": {Target: "http://127.0.0.1:1", Users: 1},
	} {
		if _, err := Run(t.Context(), o); err == nil || strings.Contains(err.Error(), "opensesame") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A script that answers as the demo application does.
func TestTarget(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	said := map[string]int{}
	answers := map[string]any{
		"/register":    map[string]any{"status": "passed"},
		"/login":       map[string]any{"status": "challenge", "options": []any{map[string]string{"id": "app", "method": "totp"}}},
		"/enrollments": map[string]any{"id": "app", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
		"/activate":    map[string]any{},
		"/verify":      map[string]any{"status": "passed"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := r.URL.Path[strings.LastIndex(r.URL.Path, "/"):]
		if strings.HasPrefix(r.URL.Path, "/dev/") {
			what = r.URL.Path
		}
		mu.Lock()
		said[what]++
		n := said[what]
		mu.Unlock()
		if what == "/verify" && n%3 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_ = json.NewEncoder(w).Encode(map[string]string{"code": "busy"})
			return
		}
		if what == "/dev/clock" { // which somebody else has moved before
			_ = json.NewEncoder(w).Encode(map[string]time.Time{"now": time.Now().Add(time.Duration(100+n) * 30 * time.Second)})
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "mfa-flow", Value: "x"})
		_ = json.NewEncoder(w).Encode(answers[what])
	}))
	defer server.Close()
	report, err := Run(t.Context(), Options{Target: server.URL, Users: 4, Clients: 2, For: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if report.Errors["verification: 503 busy"] == 0 || len(report.Errors) != 1 || report.SignIns == 0 || report.Statements != nil {
		t.Errorf("%+v", report)
	}
	if said["/register"] != 4 || said["/activate"] != 4 || said["/dev/clock"] < 2 {
		t.Errorf("%v", said)
	}
}
