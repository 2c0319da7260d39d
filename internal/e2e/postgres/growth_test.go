package postgres_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// layouts are ways to keep the values. The first is the package's own, and the
// others differ from it as they say.
var layouts = []struct{ name, alter string }{
	{"own", `SELECT`},
	{"fillfactor=100", `ALTER TABLE mfa_items RESET (fillfactor)`},
	{"fillfactor=50", `ALTER TABLE mfa_items SET (fillfactor = 50)`},
	{"autovacuum=default", `ALTER TABLE mfa_items RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_limit)`},
	{"storage=default", `ALTER TABLE mfa_items RESET (fillfactor, toast_tuple_target), ALTER value SET STORAGE EXTENDED`},
	{"all=default", `ALTER TABLE mfa_items RESET (fillfactor, toast_tuple_target, autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_limit), ALTER value SET STORAGE EXTENDED`},
}

// BenchmarkGrowth is what docs/stores.md quotes. Run it with
//
//	go test -run none -bench Growth -benchtime 100000x -timeout 1h ./postgres
//
// A pause between two looks of autovacuum is a second instead of a minute, as what is
// saved here in half a minute is what others save in half an hour.
func BenchmarkGrowth(b *testing.B) {
	server := testserver.StartPostgres(b, "autovacuum_naptime=1s", "max_wal_size=4GB")
	databases := 0
	for _, size := range []int{1000, 2500, 4000, 6000, 8000} {
		for _, l := range layouts {
			b.Run(fmt.Sprintf("size=%d/%s", size, l.name), func(b *testing.B) {
				databases++
				name := fmt.Sprint("growth", databases)
				server.SQL("CREATE DATABASE " + name)
				defer server.SQL("DROP DATABASE " + name + " WITH (FORCE)")
				growth(b, openDB(b, server.URL(name), 16), size, l.alter)
			})
		}
	}
}

func growth(b *testing.B, db *sql.DB, size int, alter string) {
	s, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	exec(b, db, alter)
	const walBytes = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
	const tableBytes = "SELECT pg_total_relation_size('mfa_items')"
	var table, wal int64
	sqlsuite.Growth(b, s, size, func() {
		exec(b, db, "VACUUM ANALYZE mfa_items", "CHECKPOINT")
		table, wal = number(b, db, tableBytes), number(b, db, walBytes)
	})
	b.ReportMetric(float64(number(b, db, walBytes)-wal)/float64(b.N), "WAL-bytes/op")
	b.ReportMetric(float64(table)/1e6, "MB-before")
	b.ReportMetric(float64(number(b, db, tableBytes))/1e6, "MB-after")
	// What a server has counted is told once its process is idle, or ends.
	db.SetMaxIdleConns(0)
	b.ReportMetric(float64(number(b, db, "SELECT 100 * n_tup_hot_upd / greatest(n_tup_upd, 1) FROM pg_stat_user_tables WHERE relname = 'mfa_items'")), "%-hot")
	b.ReportMetric(float64(number(b, db, "SELECT autovacuum_count FROM pg_stat_user_tables WHERE relname = 'mfa_items'")), "vacuums")
}
