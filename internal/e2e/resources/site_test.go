package resources

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// patience is how long a test waits at most. Nothing is measured by it.
const patience = 2 * time.Minute

// A site is the program, running as in production but for https.
type site struct {
	*program.Process
	t    testing.TB
	addr string // host and port
	log  *program.Output
	http *http.Client // without cookies
}

// open starts the program behind a proxy, which is the test: X-Forwarded-For is believed.
func open(t testing.TB) *site {
	t.Helper()
	cmd := exec.Command(demo, "-addr", "127.0.0.1:0", "-proxy", "127.0.0.0/8", "-store", "sqlite:"+filepath.Join(t.TempDir(), "demo.db"))
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	log := new(program.Output)
	p, err := program.Start(cmd, log)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Process: p, t: t, addr: strings.TrimPrefix(p.URL, "http://"), log: log, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}}
	t.Cleanup(func() {
		s.Kill()
		s.http.CloseIdleConnections()
	})
	return s
}

// dial opens a connection that ends with the test.
func (s *site) dial(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // the other side may have
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// answers says that somebody else is answered.
func (s *site) answers(t testing.TB) {
	t.Helper()
	resp, err := s.http.Get(s.URL + "/me")
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("somebody else gets %d", resp.StatusCode)
	}
}

var residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// resident is the program's memory, in bytes.
func (s *site) resident() int {
	s.t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(s.Cmd.Process.Pid) + "/status")
	if err != nil {
		s.t.Fatal(err)
	}
	m := residentLine.FindSubmatch(status)
	if m == nil {
		s.t.Fatal("there is no VmRSS")
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}

// connections is how many the program has open, with the one that it listens on. Files
// of its database do not count.
func (s *site) connections() (n int) {
	s.t.Helper()
	dir := "/proc/" + strconv.Itoa(s.Cmd.Process.Pid) + "/fd"
	list, err := os.ReadDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range list {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && strings.HasPrefix(to, "socket:") { // it may be closed by now
			n++
		}
	}
	return n
}

var goroutineLine = regexp.MustCompile(`(?m)^goroutine \d+.* \[`)

// goroutines ends the program and counts what it was doing: SIGQUIT has Go write the
// stacks of all goroutines, with nothing built in for it.
func (s *site) goroutines() (n int, stacks string) {
	s.t.Helper()
	if err := s.Cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		s.t.Fatal(err)
	}
	_ = s.Ended() // by a signal
	stacks = s.log.String()
	return len(goroutineLine.FindAllString(stacks, -1)), stacks
}

// until waits for a condition that can only be asked.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick, end := time.NewTicker(10*time.Millisecond), time.NewTimer(patience)
	defer tick.Stop()
	defer end.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("it did not come to be so that %s", what)
		}
	}
}
