// Package cluster_test runs examples/cluster, short: three instances of the demo behind
// a proxy, whose masters and processes are killed while people sign in.
package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testneed"
)

// programs are the paths of the built examples.
var programs = map[string]string{}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "mfa-cluster-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	for _, name := range []string{"cluster", "webapp"} {
		programs[name] = filepath.Join(dir, name)
		if err := build(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// build makes an example, with the race detector where the tests have it, but for what
// only computes.
func build(name string) error {
	args := []string{"build", "-o", programs[name]}
	if raceDetector {
		args = append(args, "-race", "-gcflags=golang.org/x/crypto/argon2=-race=false")
	}
	cmd := exec.Command("go", append(args, "./"+name)...)
	cmd.Dir = filepath.Join("..", "..", "..", "examples")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of examples/%s: %w\n%s", name, err, out)
	}
	return nil
}

// needs are the programs that the example starts.
func needs(t *testing.T, on string) {
	t.Helper()
	if found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); err != nil || len(found) == 0 {
		testneed.Program(t, "initdb", "install PostgreSQL")
	}
	if on == "redis" {
		testneed.Program(t, "redis-server", "install Redis")
		testneed.Program(t, "redis-cli", "install Redis")
	}
}

// ran runs the example, and returns what it has printed. It ends with its test.
func ran(t *testing.T, flags ...string) (out string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, programs["cluster"], append([]string{"-webapp", programs["webapp"]}, flags...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	text := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = text, text
	err = cmd.Run()
	return text.String(), err
}

// number finds a number in what was printed.
func number(t *testing.T, out, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel() // all of these wait, most of the time
	for _, on := range []string{"postgres", "redis"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			needs(t, on)
			out, err := ran(t, "-on", on, "-for", "4s", "-people", "3")
			if err != nil || !regexp.MustCompile(`(?m)^ *\d+s  lost: nothing$`).MatchString(out) {
				t.Fatalf("%v\n%s", err, out)
			}
			for what, pattern := range map[string]string{
				"instance killed":   `killed: (\d+) instances`,
				"master killed":     `killed: \d+ instances, (\d+) masters`,
				"account made":      `acknowledged: (\d+) accounts`,
				"app set up":        `(\d+) apps set up, \d+ removed, \d+ sign-ins`,
				"code taken":        `(\d+) codes spent`,
				"wrong code typed":  `(\d+) wrong or spent codes refused`,
				"session looked at": `(\d+) looks at a session`,
			} {
				if number(t, out, pattern) == 0 {
					t.Errorf("no %s:\n%s", what, out)
				}
			}
			t.Log(out)
		})
	}
}

// Where nothing waits for the standby something is lost, and found to be: else nothing
// would be proved by the other test.
func TestLossIsFound(t *testing.T) {
	t.Parallel()
	needs(t, "postgres")
	out, err := ran(t, "-careless", "-for", "4s", "-people", "3")
	if err == nil || !regexp.MustCompile(`(?m)^ *\d+s  lost: [^n]`).MatchString(out) {
		t.Errorf("%v\n%s", err, out)
	}
}

// What the program has started ends with it.
func TestInterruptedEndsAll(t *testing.T) {
	t.Parallel()
	needs(t, "postgres")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, programs["cluster"], "-webapp", programs["webapp"], "-for", "1h", "-people", "1")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	dir := t.TempDir()
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out := &watched{until: []byte("behind http"), seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-out.seen:
	case err := <-ended:
		t.Fatalf("it ended by itself: %v\n%s", err, &out.text)
	}
	cancel()
	<-ended
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(dir)) {
			t.Errorf("still there: %s", bytes.ReplaceAll(text, []byte{0}, []byte(" ")))
		}
	}
}

// watched says when something was written.
type watched struct {
	text  bytes.Buffer
	until []byte
	seen  chan struct{}
	told  bool
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.text.Write(p)
	if !w.told && bytes.Contains(w.text.Bytes(), w.until) {
		w.told = true
		close(w.seen)
	}
	return n, err
}
