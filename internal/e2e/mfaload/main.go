// Command mfaload drives users through whole sign-ins over HTTP, and prints
// sign-ins a second, latencies, and what the store had to do for them:
//
//	go run ./internal/e2e/mfaload -store postgres://… -users 10000 -clients 64 -for 30s
//	go run ./internal/e2e/mfaload -target http://127.0.0.1:8080 -users 1000
//
// With -store it serves the API itself; with -target it uses a running server that
// has the demo application's calls. A target that was started with -dev has its
// clock moved; at any other each user waits for their next code.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/mfakit/mfa/internal/e2e/load"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "mfaload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	var o load.Options
	f := flag.NewFlagSet("mfaload", flag.ContinueOnError)
	f.StringVar(&o.Store, "store", "", "memory: | sqlite:FILE | postgres://… | mysql://user:password@host:port/name | redis://host:port | redis+cluster://host:port,host:port")
	f.StringVar(&o.Target, "target", "", "the `URL` of a running server, instead of -store")
	f.IntVar(&o.Users, "users", 1000, "how many users there are")
	f.IntVar(&o.Clients, "clients", 0, "how many of them sign in at a time (default 64, or as many as users)")
	f.DurationVar(&o.For, "for", 0, "for how long (default 10s)")
	f.IntVar(&o.Connections, "connections", 0, "to the database (default 16)")
	asJSON := f.Bool("json", false, "print the report as JSON")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.Progress = progress
	report, err := load.Run(ctx, o)
	if err != nil {
		return err
	}
	if *asJSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		_, err = report.WriteTo(out)
	}
	if err == nil && report.Failed() {
		err = fmt.Errorf("%d kinds of answers were not as they should be", len(report.Errors))
	}
	return err
}
