package ops_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/ops"
	"github.com/mfakit/mfa/store/memory"
)

// A rotation has four steps. Between them a program is deployed, and time passes.
func ExampleRewrap() {
	ctx := context.Background()
	store := memory.New() // a program takes sqlstore: this one forgets with its process
	keys, err := mfa.NewKeyRing()
	if err != nil {
		panic(err)
	}
	start := func() *mfatest.Engine {
		return mfatest.NewEngine(examples{}, func(c *mfa.Config) { c.Store, c.Keys = store, keys })
	}
	before := start()
	before.EnrollTOTP(examples{}, mfa.User{ID: "7"})
	if err := before.Close(ctx); err != nil {
		panic(err)
	}

	// 1. A new key, in front of the old one. 2. All processes get the ring.
	if keys, err = keys.Rotate(); err != nil {
		panic(err)
	}
	// 3. What is there is moved. If Failed is not 0, the old key is still needed.
	stats, err := ops.Rewrap(ctx, store, start().Engine, ops.RewrapOptions{})
	fmt.Println(stats.Items, stats.Written, stats.Failed, err)

	// 4. The old key goes.
	if keys, err = keys.Retire(); err != nil {
		panic(err)
	}
	list, err := start().Enrollments(ctx, "7")
	fmt.Println(list[0].Method, err)
	// Output:
	// 1 1 0 <nil>
	// totp <nil>
}

func ExampleRedeliver() {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		panic(err)
	}
	store := memory.New() // a program takes sqlstore: this one forgets with its process
	engine := mfatest.NewEngine(examples{}, func(c *mfa.Config) { c.Store, c.Keys = store, keys })
	if err := engine.Reset(context.Background(), mfa.Reset{User: mfa.User{ID: "7", Email: "ada@example.org"}, Actor: "carol"}); err != nil {
		panic(err)
	}
	stats, err := ops.Redeliver(context.Background(), store, engine.Engine, ops.Options{})
	fmt.Println(stats.Users, stats.Last, err)
	// Output: 1 7 <nil>
}

func ExampleSweep() {
	clock := mfatest.NewClock(time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC))
	store := memory.New() // a program takes sqlstore: this one forgets with its process
	engine := mfatest.NewEngine(examples{}, func(c *mfa.Config) { c.Store, c.Now = store, clock.Now })
	ctx := context.Background()
	if err := store.Save(ctx, "spent/5a7e", 0, mfa.Item{Version: 7, Expires: clock.Now().Add(10 * time.Minute)}); err != nil {
		panic(err)
	}
	clock.Advance(2 * time.Hour)
	stats, err := ops.Sweep(ctx, store, engine.Engine, ops.SweepOptions{Clock: ops.Clock{Now: clock.Now}})
	fmt.Println(stats.Expired, stats.Orphans, stats.Failed, err)
	// Output: 1 0 0 <nil>
}

func ExampleReport() {
	ctx := context.Background()
	engine := mfatest.NewEngine(examples{})
	engine.EnrollTOTP(examples{}, mfa.User{ID: "7"})
	if _, err := engine.SignIn(ctx, mfa.SignIn{User: mfa.User{ID: "8"}, First: mfa.Password}); err != nil {
		panic(err)
	}
	if err := engine.Redeliver(ctx, "7"); err != nil { // what is to be told of it is told
		panic(err)
	}
	totals, err := ops.Report(ctx, engine.Store, engine.Engine, ops.ReportOptions{
		Factors: factors(examples{}, false), // a program has those that it gave its engine
		CSV:     os.Stdout,
		Now:     engine.Clock.Now,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(totals.Enrolled, "of", totals.Users, "have enrolled,", totals.AAL2, "reach AAL2,", totals.PhishingResistant, "resist phishing")
	for _, m := range totals.Months {
		fmt.Println(m.Month, m.Enrollments["totp"], "apps,", m.NewUsers, "new users,", m.Users, "in all")
	}
	// Output:
	// user,methods,implicit,enrollments,disabled,aal2,phishing_resistant,recovery_codes_left,devices,first_enrolled_at,last_enrolled_at,last_used_at,last_activity_at,first_asked_at,skips,unconfirmed,notices_waiting
	// 7,totp,,1,0,true,false,10,0,2026-01-01T12:00:00Z,2026-01-01T12:00:00Z,,2026-01-01T12:00:00Z,,0,0,0
	// 8,,,0,0,false,false,0,0,,,,2026-01-01T12:00:30Z,,0,0,0
	// 1 of 2 have enrolled, 1 reach AAL2, 0 resist phishing
	// 2026-01 1 apps, 1 new users, 1 in all
}

// Somebody asks for what is kept of them.
func ExampleExport() {
	ctx := context.Background()
	engine := mfatest.NewEngine(examples{})
	if err := ops.Export(ctx, engine.Engine, "7", os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// {
	//   "user": "7",
	//   "at": "2026-01-01T12:00:00Z",
	//   "enrollments": [],
	//   "pending_enrollments": [],
	//   "recovery_codes_left": 0,
	//   "devices": [],
	//   "activity": [],
	//   "skipped": 0,
	//   "failures_not_yet_told": 0
	// }
}

// And then that it be gone.
func ExampleErase() {
	ctx := context.Background()
	engine := mfatest.NewEngine(examples{})
	engine.EnrollTOTP(examples{}, mfa.User{ID: "7"})
	stats, err := ops.Erase(ctx, engine.Engine, slices.Values([]string{"7", "8"}), ops.Options{})
	fmt.Println(stats.Users, stats.Failed, err)
	list, err := engine.Enrollments(ctx, "7")
	fmt.Println(len(list), err)
	// Output:
	// 2 0 <nil>
	// 0 <nil>
}
