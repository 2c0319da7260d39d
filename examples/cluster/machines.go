package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// machines are the processes that this program has started, so that all of them end
// with it. It ends nothing else.
type machines struct {
	dir string
	mu  sync.Mutex
	all []*process
}

// A process is a server that runs until it is killed.
type process struct {
	name  string
	cmd   *exec.Cmd
	said  tail
	ended chan struct{}
}

// start starts a server. as is whom it runs as; nil: whoever we are.
func (m *machines) start(name string, as *account, environment []string, program string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(program, args...), ended: make(chan struct{})} //nolint:gosec // ours
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Dir = m.dir
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.SysProcAttr = as.attributes(true)
	p.cmd.WaitDelay = time.Second // for children that keep our end of the pipe
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // it is killed
		close(p.ended)
	}()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, p)
	return p, nil
}

// kill ends a process as a power cut would (kill -9), its children too, and waits
// until it is gone.
func (p *process) kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	killFamily(p.cmd.Process)
	<-p.ended
}

func (m *machines) endAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range slices.Backward(m.all) {
		p.kill()
	}
}

// blame adds to an error what the servers said last, unless somebody has just had enough.
func (m *machines) blame(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, p := range m.all {
		if text := strings.TrimSpace(p.said.String()); text != "" {
			fmt.Fprintf(&b, "\n--- %s:\n%s", p.name, text)
		}
	}
	return fmt.Errorf("%w%s", err, b.String())
}

var errInterrupted = errors.New("interrupted")

// once runs a program that ends by itself.
func (m *machines) once(ctx context.Context, as *account, environment []string, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // ours
	cmd.Env = append(os.Environ(), environment...)
	cmd.Dir = m.dir
	cmd.SysProcAttr = as.attributes(false)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, out)
	}
	return nil
}

// An account is another user of this machine.
type account struct{ uid, gid uint32 }

// serverAccount is who has to run PostgreSQL where we are root, whom it refuses.
func serverAccount() (*account, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres: run this as another user")
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &account{uint32(uid), uint32(gid)}, errors.Join(err1, err2)
}

// folder makes one that only its owner can read.
func (m *machines) folder(name string, owner *account) (string, error) {
	dir := filepath.Join(m.dir, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if owner == nil {
		return dir, nil
	}
	return dir, os.Chown(dir, int(owner.uid), int(owner.gid))
}

// program finds one in the path, and where Debian has those that are not.
func program(name, how string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil {
		more, _ := filepath.Glob("/usr/sbin/" + name) // the pattern is well formed
		found = append(found, more...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("there is no program %s: %s", name, how)
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// version is the number in a path like /usr/lib/postgresql/15/bin/postgres; 0: none.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 is fine
	return n
}

// freePorts finds ports of the loopback interface that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// patience is for machines that have much else to do.
const patience = 3 * time.Minute

// until looks again and again whether something has come true: other processes tell
// nobody. The last reason why not is in the error.
func until(ctx context.Context, what string, holds func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := holds(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, err)
		}
	}
}

// A tail keeps the end of what a process says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 1 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = slices.Delete(t.text, 0, max(0, len(t.text)-maxTail))
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
