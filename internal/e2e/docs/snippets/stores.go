package snippets

import (
	"context"
	"database/sql"
	"os"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

func pool(db *sql.DB) {
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32)                  // the same number
	db.SetConnMaxIdleTime(5 * time.Minute)  // gives them back after a rush
	db.SetConnMaxLifetime(30 * time.Minute) // finds a new primary, and new certificates, in the end
}

func onPostgres(ctx context.Context) (mfa.Store, error) {
	dsn, err := sqlstore.PostgreSQLDSN("postgres://app@db1.example,db2.example/app")
	// postgres://app@db1.example,db2.example/app?connect_timeout=5&sslmode=verify-full&statement_timeout=3s&target_session_attrs=read-write
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", dsn) // github.com/jackc/pgx/v5/stdlib
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
	return store, err
}

func onMySQL(ctx context.Context) (mfa.Store, error) {
	dsn, err := sqlstore.MySQLDSN("mysql://app:password@db.example/app")
	// app:password@tcp(db.example:3306)/app?innodb_lock_wait_timeout=3&readTimeout=10s&rejectReadOnly=true&timeout=5s&tls=true&writeTimeout=10s
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("mysql", dsn) // github.com/go-sql-driver/mysql
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.MySQL})
	return store, err
}

func onSQLite(ctx context.Context) (*sql.DB, mfa.Store, error) {
	db, err := sql.Open("sqlite", sqlstore.SQLiteDSN("app.db")) // modernc.org/sqlite
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite})
	return db, store, err
}

func together(ctx context.Context, db *sql.DB, engine *mfa.Engine, user mfa.User, items []mfa.ImportItem) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()                                                    // after Commit, it does nothing
	_, err = tx.ExecContext(ctx, "INSERT INTO accounts (id) VALUES ('7')") // your own tables
	if err != nil {
		return err
	}
	_, err = engine.Import(sqlstore.WithTx(ctx, tx), mfa.Import{User: user, Source: "invitations", Items: items})
	if err != nil {
		return err
	}
	err = tx.Commit()
	return err
}

func schema() (string, error) {
	text, err := sqlstore.Schema(sqlstore.PostgreSQL, 1) // or Options.SchemaSQL for other names
	return text, err
}

// readmeStore is the README's.
func readmeStore(ctx context.Context) (mfa.Store, error) {
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL")) // your driver, your pool
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32) // database/sql keeps two, and opens the others anew for each sign-in
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.PostgreSQL})
	return store, err
}
