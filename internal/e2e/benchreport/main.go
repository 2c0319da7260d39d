package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// page is the document that figures are written into, from the folder of the repository.
const page = "docs/performance.md"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "benchreport:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("benchreport", flag.ContinueOnError)
	checks := flags.Bool("check", false, "measure shortly, write nothing, and fail where a ratio is beyond its bound")
	from := flags.String("from", "", "read what go test -bench has printed from a `file` instead of measuring")
	round := flags.String("round", "1s", "how `long` each of the six rounds is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	root, err := repository()
	if err != nil {
		return err
	}
	if *checks {
		return check(out, func() (figures, error) { return measure(root, out, "Stores", "100ms") })
	}
	var f figures
	if *from != "" {
		text, err := os.ReadFile(*from)
		if err != nil {
			return err
		}
		if f, err = parse(bytes.NewReader(text)); err != nil {
			return err
		}
	} else if f, err = measure(root, out, "Stores|HTTP|LongLife|OneUser", *round); err != nil {
		return err
	}
	return write(filepath.Join(root, page), f)
}

// repository is the folder that has go.work.
func repository() (string, error) {
	text, err := exec.Command("go", "env", "GOWORK").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOWORK: %w", err)
	}
	file := strings.TrimSpace(string(text))
	if file == "" || file == "off" {
		return "", errors.New("it has to run in a clone, where there is go.work")
	}
	return filepath.Dir(file), nil
}

// measure runs benchmarks, shows what they print, and returns their figures.
func measure(root string, out io.Writer, which, round string) (figures, error) {
	cmd := exec.Command("go", "test", "-run=^$", "-bench="+which, "-timeout=1h", "./internal/e2e/bench")
	cmd.Dir, cmd.Stderr = root, out
	cmd.Env = append(os.Environ(), "MFA_BENCH_ROUND="+round)
	var text bytes.Buffer
	cmd.Stdout = io.MultiWriter(&text, out)
	if err := cmd.Run(); err != nil {
		return figures{}, fmt.Errorf("go test: %w", err)
	}
	return parse(&text)
}

// write puts figures into a document, or leaves it as it is.
func write(file string, f figures) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := fill(string(old), f)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
