// Command risksim writes a year of simulated sign-ins in the columns of the
// public RBA data set, for the instrument beside it (riskeval):
//
//	go run . -out FILE.csv[.gz] [-users 200000] [-days 365] [-seed N] [-check]
//
// With -check it then compares the file with what is published of that data
// set, prints the table, and fails if a figure is off. README.md says what the
// simulated world assumes, and what a result on it is worth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/risksim/check"
	"github.com/mfakit/mfa/risk/risksim/world"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "risksim:", err)
		os.Exit(1)
	}
}

var errOff = errors.New("figures are off: the world is not like the published data")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c world.Config
	f := flag.NewFlagSet("risksim", flag.ContinueOnError)
	f.SetOutput(stderr)
	out := f.String("out", "", "file to write; compressed if it ends in .gz")
	f.IntVar(&c.Users, "users", 200_000, "people with a successful sign-in in the year")
	f.IntVar(&c.Days, "days", world.Year, "how much of the year is written")
	f.Uint64Var(&c.Seed, "seed", 1, "of all that is drawn: the same seed writes the same file")
	compare := f.Bool("check", false, "compare the file with the published figures")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if *out == "" {
		return errors.New("want -out")
	}
	began := time.Now()
	rows, err := write(ctx, c, *out)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d rows in %s, %.0f s\n", rows, *out, time.Since(began).Seconds())
	if !*compare {
		return nil
	}
	ok, err := compared(*out, c.Seed, stdout)
	if err == nil && !ok {
		err = errOff
	}
	return err
}

// compared prints the table of a file.
func compared(name string, seed uint64, stdout io.Writer) (bool, error) {
	m, err := count(name)
	if err != nil {
		return false, err
	}
	lines, err := check.Baseline(func() (evaluate.Rows, error) { return rba.Open(name) }, seed)
	if err != nil {
		return false, err
	}
	return check.Print(stdout, append(m.Lines(), lines...))
}

func count(name string) (_ *check.Marginals, err error) {
	f, err := rba.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return check.Count(f.Read)
}
