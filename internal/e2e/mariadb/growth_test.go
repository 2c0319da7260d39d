package mariadb_test

import (
	"fmt"
	"testing"

	"github.com/mfakit/mfa/internal/e2e/sqlsuite"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/store/sqlstore"
)

// BenchmarkGrowth is what docs/stores.md quotes. Run it with
//
//	go test -run none -bench Growth -benchtime 100000x -timeout 1h ./mariadb
//
// The values of the last are beside their rows.
func BenchmarkGrowth(b *testing.B) {
	server := testserver.StartMariaDB(b, "innodb-buffer-pool-size=512M")
	databases := 0
	for _, size := range []int{1000, 2500, 4000, 6000, 8000, 9000} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			databases++
			name := fmt.Sprint("growth", databases)
			server.SQL("CREATE DATABASE " + name)
			defer server.SQL("DROP DATABASE " + name)
			db := openDB(b, server.DSN(name), 16)
			s, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Dialect: sqlstore.MySQL})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			file := "SELECT FILE_SIZE FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME = '" + name + "/mfa_items'"
			var table, log int64
			sqlsuite.Growth(b, s, size, func() {
				table, log = number(b, db, file), status(b, db, "Innodb_os_log_written")
			})
			b.ReportMetric(float64(status(b, db, "Innodb_os_log_written")-log)/float64(b.N), "log-bytes/op")
			b.ReportMetric(float64(table)/1e6, "MB-before")
			b.ReportMetric(float64(number(b, db, file))/1e6, "MB-after")
		})
	}
}
