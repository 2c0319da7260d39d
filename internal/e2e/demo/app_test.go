package demo_test

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// An app is a running demo, with all that it has said and answered.
type app struct {
	t     testing.TB
	file  string // of its database
	args  []string
	url   string
	seen  *canaries
	tr    *http.Transport
	ahead time.Duration // of its clock

	mu      sync.Mutex
	process *program.Process // that runs now
	errors  *program.Output  // stderr of all
}

// start starts the demo in development, over a new file. It is killed, and
// what it has leaked is looked for, when the test ends.
func start(t testing.TB, more ...string) *app {
	t.Helper()
	a := startPlain(t, append([]string{"-dev"}, more...)...)
	t.Cleanup(func() { a.inbox() }) // which is among what is searched
	return a
}

// startPlain is start without development mode.
func startPlain(t testing.TB, more ...string) *app {
	t.Helper()
	file := filepath.Join(t.TempDir(), "demo.db")
	a := &app{t: t, file: file, seen: &canaries{}, errors: new(program.Output),
		args: append([]string{"-addr", "127.0.0.1:0", "-store", "sqlite:" + file}, more...),
		tr:   &http.Transport{MaxIdleConnsPerHost: 64}}
	a.run()
	t.Cleanup(func() {
		a.kill()
		a.tr.CloseIdleConnections()
		a.seen.look(t, a)
		if log := a.errors.String(); strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic") {
			t.Errorf("the demo's log:\n%s", log)
		} else if t.Failed() {
			t.Logf("the demo's log:\n%s", log)
		}
	})
	return a
}

// run starts the process and waits for the line that it is ready.
func (a *app) run() {
	a.t.Helper()
	p, err := program.Start(exec.Command(webapp, a.args...), a.errors)
	if err != nil {
		a.t.Fatal(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.url, a.process, a.ahead = p.URL, p, 0
}

// kill ends the process as a power cut would, and waits until it is gone.
func (a *app) kill() {
	a.mu.Lock()
	p := a.process
	a.mu.Unlock()
	p.Kill()
}

// restart starts it again on the same file. Its clock shows the machine's time again.
func (a *app) restart() {
	a.t.Helper()
	a.kill()
	a.tr.CloseIdleConnections()
	a.run()
}

// now is the time as the demo sees it.
func (a *app) now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Add(a.ahead)
}

// advance moves the demo's clock.
func (a *app) advance(d time.Duration) {
	a.t.Helper()
	a.client(a.t).post("/dev/clock", js{"advance": d.String()}).want(http.StatusOK)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ahead += d
}

type message struct {
	Channel, To, Subject, Body string
	At                         time.Time
}

// inbox reads what the demo would have sent.
func (a *app) inbox() []message {
	a.t.Helper()
	var list []message
	a.client(a.t).get("/dev/inbox.json").want(http.StatusOK).into(&list)
	return list
}

// waitForMail polls the inbox, which is filled after the answer, until a
// message satisfies the condition.
func (a *app) waitForMail(to, subject string) message {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, m := range a.inbox() {
			if m.To == to && strings.Contains(strings.ToLower(m.Subject), subject) {
				return m
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			a.t.Fatalf("no mail %q to %s", subject, to)
		}
	}
}
