package snippets

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/store/sqlstore"
	"github.com/mfakit/mfa/store/storetest"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { testserver.Main(m) }

// compiled are fragments that name servers which are not there.
var compiled = []any{onPostgres, onMySQL, onRedis}

const docs = "../../../../docs/"

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(docs + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// CONTRIBUTING.md
func TestStore(t *testing.T) { storetest.Run(t, func(t *testing.T) mfa.Store { return newStore(t) }) }

func newStore(*testing.T) mfa.Store { return memory.New() }

func TestOperate(t *testing.T) {
	m := mfatest.NewEngine(t)
	store, engine, now = m.Store, m.Engine, m.Clock.Now
	defer func() { store, engine, now = nil, nil, nil }()
	var said bytes.Buffer
	defer func(before *slog.Logger) { log = before }(log)
	log = slog.New(slog.NewTextHandler(&said, nil))
	m.EnrollTOTP(t, ada)
	hourly(t.Context())
	if !strings.Contains(said.String(), "hourly job") || strings.Contains(said.String(), "error") {
		t.Errorf("%s", &said)
	}
	if stats, err := rewrap(t.Context()); err != nil || stats.Failed != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	var file bytes.Buffer
	if totals, err := monthly(t.Context(), factors(t), &file); err != nil || totals.Enrolled != 1 || !strings.Contains(file.String(), "\n7,totp,") {
		t.Errorf("%+v, %v: %s", totals, err, &file)
	}
}

type row struct{ id, secret string }

func (r row) GetPID() string            { return r.id }
func (r row) GetTOTPSecretKey() string  { return r.secret }
func (r row) GetSMSPhoneNumber() string { return "" }
func (r row) GetRecoveryCodes() string  { return "" }

func TestMigrate(t *testing.T) {
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Now = time.Now })
	users := func(_ context.Context, id string) (mfa.User, error) { return mfa.User{ID: id}, nil }
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	var lines bytes.Buffer
	report, err := dryRun(t.Context(), m.Engine, users, strings.NewReader(`{"pid":"ada","totp_secret_key":"`+secret+`"}`), &lines)
	if err != nil || report.Brought != 1 || lines.Len() == 0 {
		t.Errorf("%+v, %v: %s", report, err, &lines)
	}
	for r, err := range fromAuthboss([]authbossUser{row{"ada", secret}}) {
		if err != nil || len(r.Items) != 1 || r.User != "ada" {
			t.Errorf("%v, %v", r, err)
		}
	}
	if from := fromAllauth(nil); from.RPID == "" {
		t.Error("no RP ID")
	}
	t.Setenv("APP_KEY", "base64:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if from, err := fromFortify(); err != nil || len(from.Keys) != 1 {
		t.Error(err)
	}
	if r := byHand([]byte("{}"), time.Now()); len(r.Items) != 1 {
		t.Error("no item")
	}
}

func TestStoresOnSQLite(t *testing.T) {
	t.Chdir(t.TempDir())
	db, items, err := onSQLite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if pool(db); db.Stats().MaxOpenConnections != 32 {
		t.Error("the pool is another")
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE accounts (id text PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Now = items, time.Now })
	app := mfa.ImportItem{ID: "app/1", Method: "totp", State: []byte(`{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}`)}
	if err := together(t.Context(), db, m.Engine, ada, []mfa.ImportItem{app}); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM accounts").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d accounts, %v", n, err)
	}
	if list, err := m.Enrollments(t.Context(), ada.ID); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// The addresses that the page shows are those that come out.
func TestStoresAddresses(t *testing.T) {
	text := page(t, "stores.md")
	postgres, err := sqlstore.PostgreSQLDSN("postgres://app@db1.example,db2.example/app")
	if err != nil || !strings.Contains(text, "// "+postgres+"\n") {
		t.Errorf("%s, %v", postgres, err)
	}
	mysql, err := sqlstore.MySQLDSN("mysql://app:password@db.example/app")
	if err != nil || !strings.Contains(text, "// "+mysql+"\n") {
		t.Errorf("%s, %v", mysql, err)
	}
	if ddl, err := schema(); err != nil || !strings.Contains(ddl, "CREATE TABLE") {
		t.Error(err)
	}
}

func TestReadmeStore(t *testing.T) {
	t.Setenv("DATABASE_URL", testserver.PostgresDatabase(t))
	s, err := readmeStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := mfatest.NewEngine(t, func(c *mfa.Config) { c.Store = s })
	m.EnrollTOTP(t, ada)
}

func TestAudit(t *testing.T) {
	t.Chdir(t.TempDir())
	m := mfatest.NewEngine(t, func(c *mfa.Config) {
		config, err := audited(*c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		*c = config
	})
	m.EnrollTOTP(t, ada)
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	trail, err := os.ReadFile("mfa-audit.jsonl")
	if err != nil || !bytes.Contains(trail, []byte(`"type":"enrollment.added"`)) {
		t.Errorf("%s, %v", trail, err)
	}
}

// Without the files of places and addresses there is no risk by them, and no start.
func TestRiskNeedsItsFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	ring, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scored(t.Context(), memory.New(), ring, factors(t)); err == nil {
		t.Error("docs/risk.md: it starts")
	}
}

func TestReadme(t *testing.T) {
	ring, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	all := factors(t) // keys, apps, texts, mails, codes
	keys, apps, codes := all[0], all[1], all[4]
	file, err := os.ReadFile("../../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	policies := parts(string(file), "json")
	if len(policies) == 0 {
		t.Fatal("the README has no policy")
	}
	next, err := policy.Parse([]byte(policies[0]))
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := readmeRollout(t.Context(), memory.New(), ring, []mfa.Factor{keys, apps, all[2], codes}, []byte(`{"mode": "offer"}`), []byte(policies[0]), next, accounts, &html); err != nil {
		t.Error(err)
	}
	if !strings.Contains(html.String(), "</html>") {
		t.Error("no page")
	}
	if len(compiled) == 0 {
		t.Error("nothing is compiled alone")
	}
}
