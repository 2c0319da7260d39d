// Package program builds the programs of examples and runs them, for tests that
// talk to them from outside.
package program

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Build makes examples/name of the repository whose folder root is, with further
// arguments of go build.
func Build(root, name, file string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", file}, flags...), "./"+name)...)
	cmd.Dir = filepath.Join(root, "examples")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of examples/%s: %w\n%s", name, err, out)
	}
	return nil
}

// A Process is a program that runs, and has said where it listens.
type Process struct {
	Cmd *exec.Cmd
	URL string  // its first line
	Out *Output // what it wrote to standard output

	ended chan struct{}
	err   error // how it ended, when it has
}

// Start starts cmd, whose standard error goes to log, and waits for the line that it
// is ready. The caller sees to it that it ends.
func Start(cmd *exec.Cmd, log *Output) (*Process, error) {
	line := make(chan struct{})
	p := &Process{Cmd: cmd, Out: &Output{line: line}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Out, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.err = cmd.Wait()
	}()
	select {
	case <-line:
	case <-p.ended:
		return nil, fmt.Errorf("the program did not start: %v\n%s", p.err, log)
	}
	p.URL, _, _ = strings.Cut(p.Out.String(), "\n")
	return p, nil
}

// Ended waits until the program has, and says how. Any number of goroutines may ask.
func (p *Process) Ended() error {
	<-p.ended
	return p.err
}

// Kill ends the program as a power cut would, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// An Output collects what a process writes. Its zero value is empty; it may be used by
// several goroutines.
type Output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	line chan struct{} // closed at the first line, and nil from then on
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.buf.Write(p)
	if o.line != nil && bytes.ContainsRune(p, '\n') {
		close(o.line)
		o.line = nil
	}
	return n, err
}

// String is all that was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
