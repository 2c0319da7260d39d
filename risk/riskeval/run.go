package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/mfakit/mfa/risk/riskeval/evaluate"
	"github.com/mfakit/mfa/risk/riskeval/freeman"
	"github.com/mfakit/mfa/risk/riskeval/library"
	"github.com/mfakit/mfa/risk/riskeval/plots"
	"github.com/mfakit/mfa/risk/riskeval/rba"
	"github.com/mfakit/mfa/risk/riskeval/rules"
)

// The collector lets garbage grow by half of what is in use, not to its double, and works harder
// before the limit that 31 million rows are to stay below.
const (
	collectAt   = 50
	memoryLimit = 7 << 30
)

// scorers make what can be measured, by name.
var scorers = map[string]func() (evaluate.Scorer, error){
	"default": func() (evaluate.Scorer, error) { return library.New() },
	"freeman": func() (evaluate.Scorer, error) { return freeman.New(), nil },
	"rules":   func() (evaluate.Scorer, error) { return rules.New(), nil },
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryLimit)
	}
	if o.cpuProfile != "" {
		stop, err := profile(o.cpuProfile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	began := time.Now()
	source := &source{ctx: ctx, name: o.data}
	config := evaluate.Config{
		Open: source.open, Seed: o.seed, Attacks: o.attacks, Resamples: o.resamples,
		Progress: progress(stderr, source),
		Exclude:  append(rba.PseudoUsers(), list(o.exclude)...),
	}
	for _, name := range list(o.scorers) {
		make, ok := scorers[name]
		if !ok {
			return fmt.Errorf("-scorers: there is no %q", name)
		}
		s, err := make()
		if err != nil {
			return err
		}
		config.Scorers = append(config.Scorers, s)
	}
	if err := os.MkdirAll(o.out, 0o750); err != nil { // before hours of work
		return err
	}
	report, err := evaluate.Run(config)
	_, _ = fmt.Fprintln(stderr) // whoever does not see the progress has the report
	if err != nil {
		return err
	}
	source.describe(report)
	report.Resources = evaluate.Resources{Seconds: time.Since(began).Seconds(), PeakMemory: evaluate.PeakMemory()}
	if err := write(o.out, report); err != nil {
		return err
	}
	kept, err := os.Create(filepath.Join(o.out, "summary.txt"))
	if err != nil {
		return err
	}
	return errors.Join(summary(io.MultiWriter(stdout, kept), report), kept.Close())
}

func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// write writes the report and its curves.
func write(dir string, report *evaluate.Report) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	return plots.Write(dir, report)
}

// A source opens the file as often as it is asked, and remembers what was wrong with it.
type source struct {
	ctx     context.Context
	name    string
	file    *rba.File
	bad     map[rba.Kind]int64
	missing []string
}

func (s *source) open() (evaluate.Rows, error) {
	f, err := rba.Open(s.name)
	if err != nil {
		return nil, err
	}
	s.file, s.bad, s.missing = f, f.Bad(), f.Missing()
	return rows{f, s.ctx}, nil
}

// rows end when the person at the terminal has had enough.
type rows struct {
	*rba.File
	ctx context.Context
}

func (r rows) Read(row *rba.Row) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	return r.File.Read(row)
}

// describe adds to a report what the file itself was like.
func (s *source) describe(r *evaluate.Report) {
	r.Data.File = filepath.Base(s.name)
	r.Data.MissingColumns = s.missing
	r.Data.Bad = map[string]int64{}
	for k, n := range maps.All(s.bad) {
		r.Data.Bad[string(k)] = n
	}
	for _, column := range s.missing {
		switch column {
		case rba.Columns[rba.ColBrowser], rba.Columns[rba.ColOS], rba.Columns[rba.ColDevice]:
			r.Warnings = append(r.Warnings, fmt.Sprintf("the file has no column %q: freeman and rules, and the targeted attacker, know less of devices than they could", column))
		case rba.Columns[rba.ColTakeover]:
			r.Warnings = append(r.Warnings, fmt.Sprintf("the file has no column %q: takeovers in it count, and are learned, as legitimate", column))
		}
	}
}

// progress tells how far it is, about once a second.
func progress(w io.Writer, s *source) func(string, int64) {
	var last time.Time
	began := time.Now()
	return func(stage string, n int64) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		at := ""
		if stage != "resampling" {
			at = fmt.Sprintf(" (%.0f %% of the file)", 100*s.file.Share())
		}
		_, _ = fmt.Fprintf(w, "\r%-60s", fmt.Sprintf("%4.0f s  %s: %d%s", time.Since(began).Seconds(), stage, n, at))
	}
}

func profile(name string) (stop func() error, err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}
