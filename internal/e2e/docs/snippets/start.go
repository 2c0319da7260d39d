package snippets

import (
	"context"
	"database/sql"
	"os"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/sqlstore"
)

// lasting is what the engine of docs/start.md is made of for real use.
func lasting(ctx context.Context, db *sql.DB, factors []mfa.Factor) (*mfa.Engine, error) {
	text, err := os.ReadFile("mfa.keys")
	if err != nil {
		return nil, err // and no new ring: without this one nobody's enrollments open
	}
	keys, err := mfa.ParseKeyRing(text)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.SQLite}) // or PostgreSQL, MySQL; your driver, your pool
	if err != nil {
		return nil, err
	}
	engine, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: factors})
	if err != nil {
		return nil, err
	}
	return engine, engine.Check(ctx) // a wrong ring is found now, and not by the first user
}
