// Command cluster shows that the library runs on any number of instances with nothing
// but the store between them, and that what it has acknowledged survives them and the
// store's machines:
//
//	go run ./examples/cluster -on postgres
//	go run ./examples/cluster -on redis -for 2m
//
// It starts real servers in a folder of its own (PostgreSQL with a synchronous standby,
// or a Redis cluster of three masters and three replicas), three instances of
// examples/webapp, and a reverse proxy in front of them (proxy.go). Then people sign in,
// set up authenticator apps, remove them and type wrong codes (people.go), while
// instances are killed and started again, and masters are cut off from their replicas, killed
// and replaced (postgres.go, rediscluster.go). Everything that anybody was told is noted
// (ledger.go). At the end all of it is looked for (check.go), and what was lost is
// printed: nothing, and the program ends with status 0; or what, and it ends with 1.
//
// With -careless writes are acknowledged before a second machine has them, to show that
// there is something to lose.
//
// All of it listens on loopback addresses only, and ends with the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type config struct {
	on       string
	length   time.Duration
	people   int
	careless bool
	webapp   string // the demo's program; empty: it is built
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func parse(args []string, help io.Writer) (config, error) {
	var c config
	f := flag.NewFlagSet("cluster", flag.ContinueOnError)
	f.SetOutput(help)
	f.StringVar(&c.on, "on", "postgres", "what keeps the data: `postgres`, or redis (accounts are in PostgreSQL then, too)")
	f.DurationVar(&c.length, "for", 30*time.Second, "how long people sign in, and things are killed")
	f.IntVar(&c.people, "people", 8, "how many clients there are at a time; each plays some people")
	f.BoolVar(&c.careless, "careless", false, "acknowledge what no standby or replica has yet, to see what is lost then")
	f.StringVar(&c.webapp, "webapp", "", "the demo's `program`; default: it is built from examples/webapp")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.on != "postgres" && c.on != "redis":
		return c, fmt.Errorf("-on %q is neither postgres nor redis", c.on)
	case c.people < 1 || c.people > 200:
		return c, errors.New("-people is 1 to 200")
	}
	return c, nil
}

// A store is what the instances share.
type store interface {
	// flags name it to an instance; environment has its passwords.
	flags() []string
	environment() []string
	// failover loses a master, in the worst moment that can be made, and has another one
	// in its place when it returns. told counts the changes that people were told of.
	failover(ctx context.Context, told func() int) error
	about() string
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.webapp); c.webapp != "" && err != nil {
		return fmt.Errorf("-webapp: %w", err)
	}
	dir, err := os.MkdirTemp("", "mfa-cluster-")
	if err != nil {
		return err
	}
	m := &machines{dir: dir}
	defer func() {
		m.endAll()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // servers run as another user; what is secret has folders of its own
		return err
	}
	out := newReport(stdout)
	if c.webapp == "" {
		out.line("building the demo")
		if c.webapp, err = build(ctx, dir); err != nil {
			return err
		}
	}
	s, err := startStore(ctx, c, m)
	if err != nil {
		return m.blame(ctx, err)
	}
	out.line("%s", s.about())
	site, err := startSite(ctx, c, m, s)
	if err != nil {
		return m.blame(ctx, err)
	}
	defer site.proxy.close()
	out.line("three instances of the demo behind %s", site.proxy.url)

	l, err := live(ctx, c, site, s, out)
	if err != nil {
		return m.blame(ctx, err)
	}
	out.line("checking what %d people were told", len(l))
	lost, err := check(ctx, c, site, l)
	if err != nil {
		return m.blame(ctx, fmt.Errorf("the check did not come to its end: %w", err))
	}
	return out.result(l, lost)
}

func startStore(ctx context.Context, c config, m *machines) (store, error) {
	if c.on == "redis" {
		return startRedisCluster(ctx, c, m)
	}
	return startReplicated(ctx, c, m)
}

// build makes the demo's program.
func build(ctx context.Context, dir string) (string, error) {
	file := filepath.Join(dir, "webapp")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", file, "github.com/mfakit/mfa/examples/webapp")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the demo, which wants to be run in a clone: %w\n%s", err, out)
	}
	return file, nil
}
