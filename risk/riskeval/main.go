// Command riskeval measures package risk, and two baselines beside it, on recorded sign-ins:
//
//	go run . -data FILE.csv[.gz] -out DIR [-scorers default,freeman,rules] [-seed N]
//
// The file has the columns of the public RBA data set (see package rba). DIR gets
// report.json (see evaluate.Report) and curves as SVG and PNG. README.md says how to
// export one's own sign-ins, and how to read the result.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "riskeval:", err)
		os.Exit(1)
	}
}

// options are the command's flags.
type options struct {
	data, out, scorers  string
	seed                uint64
	attacks, resamples  int
	exclude, cpuProfile string
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("riskeval", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.data, "data", "", "the sign-ins, in the columns of the RBA data set; CSV, gzip or not")
	f.StringVar(&o.out, "out", "", "where report.json and the curves go; made if it is not there")
	f.StringVar(&o.scorers, "scorers", "default,freeman,rules", "what is measured; the first is compared with the others")
	f.Uint64Var(&o.seed, "seed", 1, "of all that is drawn")
	f.IntVar(&o.attacks, "attacks", 0, "drawn for each attacker; 0: 20,000")
	f.IntVar(&o.resamples, "resamples", 0, "of the bootstrap; 0: 200")
	f.StringVar(&o.exclude, "exclude", "", "users to leave out beside the data set's pseudo-users, separated by commas")
	f.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile there")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.data == "" || o.out == "" {
		return o, errors.New("want -data and -out")
	}
	return o, nil
}
