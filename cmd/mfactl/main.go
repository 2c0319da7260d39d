package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	p := program{out: &screen{w: os.Stdout}, errs: &screen{w: os.Stderr}, getenv: os.Getenv, now: time.Now, open: openStore}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	exitDone = iota
	exitFailed
	exitUsage
)

// A program is mfactl, with what it touches.
type program struct {
	out, errs *screen
	getenv    func(string) string
	now       func() time.Time
	open      func(context.Context, storeFlags) (*opened, error)
}

// A command is one of its commands.
type command struct {
	name  string // "keys make"
	args  string // what comes after the flags
	about string // one line
	more  string // further lines of help
	flags func(*call)
	run   func(context.Context, *call) error
}

// A call is one command on its way, with its flags.
type call struct {
	*program
	*command
	set *flag.FlagSet

	store  storeFlags
	engine engineFlags
	json   bool
	person personFlags
	walk   walkFlags
	out    string // -out

	keys    keysFlags
	schema  schemaFlags
	report  reportFlags
	preview previewFlags
	policy  policyFlags
	sweep   sweepFlags
	mail    mailFlags
}

func commands() []*command {
	return []*command{
		keysMake, keysList, keysRotate, keysRetire, rewrap, schemaPrint, schemaApply, reportUsers, previewPolicy, policyLint, policyDiff, policyLoad,
		resetUser, exportUser, eraseUser, redeliver, sweepStore,
	}
}

// A usageError says what is wrong with the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run runs one command line, and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	err := errors.Join(p.dispatch(ctx, args), p.out.err)
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.As(err, &usage):
		p.warn("%v", err)
		return exitUsage
	}
	p.warn("%v", err)
	return exitFailed
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	help := len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help"
	if help && len(args) > 0 {
		args = args[1:]
	}
	if len(args) == 0 {
		p.usage()
		return nil
	}
	found, rest := find(args)
	if found == nil {
		return usagef("there is no command %q; mfactl help lists those that there are", clean(strings.Join(args[:min(2, len(args))], " ")))
	}
	c := &call{program: p, command: found, set: flag.NewFlagSet("mfactl "+found.name, flag.ContinueOnError)}
	c.set.SetOutput(io.Discard)
	c.set.Usage = func() {}
	found.flags(c)
	if help {
		c.help()
		return nil
	}
	if err := c.set.Parse(rest); errors.Is(err, flag.ErrHelp) {
		c.help()
		return nil
	} else if err != nil {
		return usagef("%s: %w", found.name, err)
	}
	if found.args == "" && c.set.NArg() > 0 {
		return usagef("%s: unexpected argument %q", found.name, c.set.Arg(0))
	}
	return found.run(ctx, c)
}

// find is the command that args begin with, and what comes after it.
func find(args []string) (*command, []string) {
	for _, c := range commands() {
		words := strings.Fields(c.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == c.name {
			return c, args[len(words):]
		}
	}
	return nil, nil
}

func (p *program) usage() {
	p.out.say("mfactl works on the store of a service that uses package mfa.\n\n")
	t := newTable(p.out)
	for _, c := range commands() {
		t.row("  mfactl "+c.name, c.about)
	}
	t.flush()
	p.out.say("\nmfactl help COMMAND tells more.\n")
}

func (c *call) help() {
	line := strings.TrimSpace("mfactl " + c.name + " [flags] " + c.args)
	c.program.out.say("%s\n\n%s.\n", line, c.about)
	if c.more != "" {
		c.program.out.say("\n%s\n", c.more)
	}
	c.program.out.say("\n")
	c.set.SetOutput(c.program.out)
	c.set.PrintDefaults()
}
