package testserver

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/testneed"
)

// Until waits until a condition holds. Other processes tell nobody when they
// have come so far, so it looks again and again; what never happens ends the test.
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// program finds a program, also where only root's path has it.
func program(t testing.TB, name, how string) string {
	t.Helper()
	if path, err := exec.LookPath(filepath.Join("/usr/sbin", name)); err == nil {
		return path
	}
	return testneed.Program(t, name, how)
}

// A process is a program that runs until it is stopped, at the latest when the
// test ends.
type process struct {
	name  string
	cmd   *exec.Cmd
	out   output
	ended chan struct{}
}

func start(t testing.TB, name, path string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = endsWithUs()
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // it is killed
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s:\n%s", name, p.out.String())
		}
	})
	return p
}

// stop ends the process as a power cut would, and waits until it is gone.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// fatalIfEnded ends the test of a process that did not live as long as it should.
func (p *process) fatalIfEnded(t testing.TB) {
	t.Helper()
	select {
	case <-p.ended:
		t.Fatalf("%s ended:\n%s", p.name, p.out.String())
	default:
	}
}

// An output collects what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// freePorts finds ports that nobody listens on, each another.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// listens says whether somebody takes connections on a port.
func listens(port int) bool {
	c, err := net.Dial("tcp", local(port))
	if err != nil {
		return false
	}
	return c.Close() == nil
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// lines are the whole lines of a text; one that is still being written is left out.
func lines(text string) []string {
	end := strings.LastIndexByte(text, '\n')
	if end < 0 {
		return nil
	}
	return strings.Split(text[:end], "\n")
}
