package testserver

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
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
	p := startAs(t, nil, name, path, args...)
	t.Cleanup(func() { p.end(t) })
	return p
}

// startAs starts a program as another user of the machine; nil: as who runs the
// test. The caller sees to it that it ends.
func startAs(t testing.TB, as *account, name, path string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = endsWithUs(as)
	started := make(chan error)
	go func() {
		// Linux kills the process when the thread that started it ends, even if the
		// program lives on: so the thread stays for as long as the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

// end stops the process, if there is one, and shows what it has said where the test
// has failed.
func (p *process) end(t testing.TB) {
	if p == nil {
		return
	}
	p.stop()
	if t.Failed() {
		t.Logf("%s:\n%s", p.name, p.out.String())
	}
}

// stop ends the process and its children as a power cut would, and waits until
// all are gone.
func (p *process) stop() {
	killFamily(p.cmd.Process)
	<-p.ended
}

// ready waits until a server is, and says false where it ended because another
// process had taken its port. If it ends for another reason, so does the test.
func (p *process) ready(t testing.TB, is func() bool) bool {
	t.Helper()
	ready := false
	Until(t, p.name+" to be ready", func() bool {
		ready = is()
		return ready || p.gone()
	})
	if said := p.out.String(); !ready && !strings.Contains(said, "Address already in use") && !strings.Contains(said, "Failed listening") {
		t.Fatalf("%s ended:\n%s", p.name, said)
	}
	return ready
}

func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// fatalIfEnded ends the test of a process that did not live as long as it should.
func (p *process) fatalIfEnded(t testing.TB) {
	t.Helper()
	if p.gone() {
		t.Fatalf("%s ended:\n%s", p.name, p.out.String())
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
