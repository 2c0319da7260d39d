package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mfakit/mfa/store/sqlstore"
)

type schemaFlags struct {
	dialect string
	version int
}

var schemaPrint = &command{
	name: "schema print", about: "print the SQL that makes the tables",
	more: "For a migration tool. Without -version it is all that there is, from nothing on.",
	flags: func(c *call) {
		c.set.StringVar(&c.schema.dialect, "dialect", "", "`kind` of database: postgres, mysql or sqlite")
		c.set.IntVar(&c.schema.version, "version", 0, "print the `step` to this version alone")
		c.store.addTable(c)
		asJSON(c)
	},
	run: func(_ context.Context, c *call) error {
		o := sqlstore.Options{Dialect: sqlstore.Dialect(c.schema.dialect), Table: c.store.table, Schema: c.store.schema}
		type step struct {
			Version int    `json:"version"`
			SQL     string `json:"sql"`
		}
		var steps []step
		for version := max(1, c.schema.version); ; version++ {
			text, err := o.SchemaSQL(version)
			if err != nil && len(steps) == 0 {
				return usageError{err}
			}
			if err != nil {
				break // that was the newest
			}
			steps = append(steps, step{version, text})
			if c.schema.version != 0 {
				break
			}
		}
		return c.print(steps, func(w *screen) {
			for _, s := range steps {
				w.say("-- to version %d\n%s", s.Version, s.SQL)
			}
		})
	},
}

var schemaApply = &command{
	name: "schema apply", about: "make the tables, or bring them up to date",
	more:  "For services whose database role may not do it themselves. Redis needs none.",
	flags: func(c *call) { c.store.add(c) },
	run: func(ctx context.Context, c *call) (err error) {
		if c.store.where == "" {
			return usagef("schema apply: -store or MFA_STORE has to say where")
		}
		if strings.HasPrefix(c.store.where, "redis") {
			return usagef("schema apply: Redis needs none")
		}
		d, err := openSQL(ctx, c.store, true)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.db.Close()) }()
		if err := sqlstore.EnsureSchema(ctx, d.db, d.options); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		c.program.out.say("the tables in %s are up to date\n", clean(d.name))
		return nil
	},
}
