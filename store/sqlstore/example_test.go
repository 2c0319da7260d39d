package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// A program opens its own database, with the driver that it has chosen, and passes it on.
func ExampleOpen() {
	open := func(ctx context.Context, url string) (mfa.Store, error) {
		dsn, err := sqlstore.PostgreSQLDSN(url)
		if err != nil {
			return nil, err
		}
		db, err := sql.Open("pgx", dsn) // with import _ "github.com/jackc/pgx/v5/stdlib"
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(32)
		db.SetMaxIdleConns(32) // as many, or database/sql opens connections again and again
		db.SetConnMaxIdleTime(5 * time.Minute)
		db.SetConnMaxLifetime(30 * time.Minute)
		return sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
	}
	_ = open
}

// A user and what is imported for them come to be together, or not at all.
func ExampleWithTx() {
	register := func(ctx context.Context, db *sql.DB, engine *mfa.Engine, user mfa.User, items []mfa.ImportItem) error {
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		defer tx.Rollback() // after Commit, it does nothing
		if _, err := tx.ExecContext(ctx, "INSERT INTO accounts (id, email) VALUES ($1, $2)", user.ID, user.Email); err != nil {
			return err
		}
		if _, err := engine.Import(sqlstore.WithTx(ctx, tx), mfa.Import{User: user, Source: "former app", Items: items}); err != nil {
			return err
		}
		return tx.Commit() // only now may anybody be told
	}
	_ = register
}

func ExampleSchema() {
	text, err := sqlstore.Schema(sqlstore.PostgreSQL, 1)
	if err != nil {
		panic(err)
	}
	fmt.Print(text)
	// Output:
	// CREATE TABLE "mfa_items" (
	// 	key     bytea  NOT NULL PRIMARY KEY,
	// 	value   bytea  NOT NULL,
	// 	version bigint NOT NULL CHECK (version <> 0),
	// 	expires bigint -- microseconds since 1970, NULL for never
	// ) WITH (
	// 	toast_tuple_target = 8160, fillfactor = 70,
	// 	autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000
	// );
	// ALTER TABLE "mfa_items" ALTER COLUMN value SET STORAGE EXTERNAL;
	// CREATE INDEX "mfa_items_expires" ON "mfa_items" (expires) WHERE expires IS NOT NULL;
	// CREATE TABLE "mfa_items_schema" (
	// 	only_one boolean NOT NULL PRIMARY KEY CHECK (only_one),
	// 	version  integer NOT NULL
	// );
	// INSERT INTO "mfa_items_schema" (only_one, version) VALUES (true, 1) ON CONFLICT (only_one) DO UPDATE SET version = excluded.version;
}

func ExamplePostgreSQLDSN() {
	fmt.Println(sqlstore.PostgreSQLDSN("postgres://app:pw@db1.example,db2.example/shop"))
	// Output: postgres://app:pw@db1.example,db2.example/shop?connect_timeout=5&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write <nil>
}

func ExampleMySQLDSN() {
	fmt.Println(sqlstore.MySQLDSN("mysql://app:pw@db.example/shop"))
	// Output: app:pw@tcp(db.example:3306)/shop?innodb_lock_wait_timeout=3&readTimeout=10s&rejectReadOnly=true&timeout=5s&tls=true&writeTimeout=10s <nil>
}
