package migrate_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/migrate"
)

// A program that used authboss brings what its users have. Its accounts are in its own
// database; here they are a map.
func ExampleRun() {
	t := new(example)
	defer t.end()
	ctx := context.Background()
	engine := mfatest.NewEngine(t) // in a program, its own engine

	// What a query has written, one object for each user. Ada has an app, and one
	// recovery code left; bob has an app from before his library made longer secrets.
	table := `{"pid":"ada","totp_secret_key":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","recovery_codes":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}
{"pid":"bob","totp_secret_key":"GEZDGNBVGY3TQOJQ"}
{"pid":"eve"}`
	accounts := map[string]mfa.User{"ada": {ID: "7", Name: "ada@example.com"}, "bob": {ID: "8", Name: "bob@example.com"}}
	users := func(_ context.Context, pid string) (mfa.User, error) {
		if u, ok := accounts[pid]; ok {
			return u, nil
		}
		return mfa.User{}, migrate.ErrNoUser
	}

	run := func(dry bool) {
		rows := migrate.Read[migrate.AuthbossUser](strings.NewReader(table))
		report, err := migrate.Run(ctx, migrate.Config{
			Importer: engine,
			Users:    users,
			Records:  migrate.Convert(rows, migrate.Authboss{Now: engine.Clock.Now}.Record),
			DryRun:   dry,
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		fmt.Printf("%d brought, %d known, %d left\n", report.Brought, report.Known, report.Left)
		for _, n := range report.Tallies {
			fmt.Println(strings.TrimSpace(fmt.Sprint(n.Count, " ", n.Method, " ", n.Outcome, " ", n.Reason)))
		}
	}
	run(true)  // what would happen
	run(false) // it happens
	run(false) // nothing is brought twice

	// A minute later, ada is asked for a code of the app that she has had all along.
	engine.Clock.Advance(time.Minute)
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: accounts["ada"], First: mfa.Password})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(flow.Status, flow.Options[0].Method)

	// Output:
	// 2 brought, 0 known, 1 left
	// 1 recovery brought
	// 1 totp brought
	// 1 totp refused totp: import: mfa: bad input: secret has 80 bits, and 128 at least are needed
	// 2 brought, 0 known, 1 left
	// 1 recovery brought
	// 1 totp brought
	// 1 totp refused totp: import: mfa: bad input: secret has 80 bits, and 128 at least are needed
	// 0 brought, 2 known, 1 left
	// 1 recovery already_known
	// 1 totp already_known
	// 1 totp refused totp: import: mfa: bad input: secret has 80 bits, and 128 at least are needed
	// challenge totp
}

// example stands in for the *testing.T that an example does not have.
type example struct{ cleanup []func() }

func (*example) Helper()                           {}
func (*example) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (e *example) Cleanup(f func())                { e.cleanup = append(e.cleanup, f) }
func (e *example) end() {
	for _, f := range e.cleanup {
		f()
	}
}
