//go:build !race

package spa_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/browser"
	"github.com/mfakit/mfa/internal/e2e/program"
)

var (
	example  string // the built one
	examples = filepath.FromSlash("../../../examples")
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-spa-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	example = filepath.Join(dir, "spa")
	if err := build(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return browser.Run(m)
}

// ownClock is the program's clock in these tests: the real one, and ahead of it by what
// is in a file.
const ownClock = `package main

import (
	"os"
	"time"
)

func ownClock() time.Time {
	text, _ := os.ReadFile(os.Getenv("SPA_CLOCK"))
	ahead, _ := time.ParseDuration(string(text))
	return time.Now().Add(ahead)
}
`

// build makes the example as it is, but for what an example has no use for, which is
// laid over it: a clock that can be put forward, and addresses that count as verified.
func build(dir string) error {
	folder, err := filepath.Abs(filepath.Join(examples, "spa"))
	if err != nil {
		return err
	}
	laid := map[string]string{}
	lay := func(name, content string) error {
		laid[filepath.Join(folder, name)] = filepath.Join(dir, name)
		return os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600)
	}
	if err := lay("clock_of_tests.go", ownClock); err != nil {
		return err
	}
	for name, change := range map[string][2]string{
		"main.go":     {"newApp(origin, os.Stdout, time.Now)", "newApp(origin, os.Stdout, ownClock)"},
		"accounts.go": {"Email: in.Email, CreatedAt", "Email: in.Email, EmailVerified: true, CreatedAt"},
	} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(change[0])) {
			return fmt.Errorf("%s has no %q", name, change[0])
		}
		if err := lay(name, strings.Replace(string(text), change[0], change[1], 1)); err != nil {
			return err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": laid})
	if err != nil {
		return err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return err
	}
	return program.Build(filepath.Dir(examples), "spa", example, "-overlay", overlay)
}

// A site is the example while it runs.
type site struct {
	t     testing.TB
	url   string
	log   *program.Output
	clock string // the file of its clock
	ahead time.Duration
}

// start starts the example, and ends it with the test.
func start(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, log: new(program.Output), clock: filepath.Join(t.TempDir(), "clock")}
	s.advance(0)
	s.url = "http://" + program.Listen(t, s.log, func(addr string) *exec.Cmd {
		cmd := exec.Command(example, "-addr", addr)
		cmd.Env = append(os.Environ(), "SPA_CLOCK="+s.clock)
		return cmd
	})
	return s
}

// advance puts the program's clock forward.
func (s *site) advance(d time.Duration) {
	s.t.Helper()
	s.ahead += d
	if err := os.WriteFile(s.clock, []byte(s.ahead.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) now() time.Time { return time.Now().Add(s.ahead) }

// code waits for the newest code that was mailed after as many.
func (s *site) code(after int) string {
	s.t.Helper()
	deadline, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if all := s.codes(); len(all) > after {
			return all[len(all)-1]
		}
		select {
		case <-tick.C:
		case <-deadline.Done():
			s.t.Fatalf("there is no further code:\n%s", s.log)
		}
	}
}

// codes are all that were mailed.
func (s *site) codes() []string {
	var list []string
	for _, mail := range strings.Split(s.log.String(), "--- mail to ")[1:] {
		if m := mailedCode.FindString(mail); m != "" {
			list = append(list, m)
		}
	}
	return list
}

var mailedCode = regexp.MustCompile(`\b\d{6}\b`)
