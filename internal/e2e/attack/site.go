package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// patience bounds waiting for what comes after an answer.
const patience = time.Minute

// Build makes the program from the repository whose folder root is.
func Build(root, file string) error {
	cmd := exec.Command("go", "build", "-o", file, "./webapp")
	cmd.Dir = filepath.Join(root, "examples")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build of examples/webapp: %w\n%s", err, out)
	}
	return nil
}

// A Site is the program, running.
type Site struct {
	url   string
	ahead time.Duration // of its clock
	log   *output       // what it wrote
	http  *http.Transport
	cmd   *exec.Cmd
	ended chan struct{}
}

// Open starts the program in development, over a database in a folder, and waits
// until it is ready.
func Open(program, folder, policy string) (*Site, error) {
	args := []string{"-dev", "-addr", "127.0.0.1:0", "-store", "sqlite:" + filepath.Join(folder, "demo.db")}
	if policy != "" {
		file := filepath.Join(folder, "policy.json")
		if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-policy", file)
	}
	out, log := newOutput(), newOutput()
	s := &Site{log: log, http: &http.Transport{MaxIdleConnsPerHost: 64}, ended: make(chan struct{})}
	s.cmd = exec.Command(program, args...)
	s.cmd.Stdout, s.cmd.Stderr = out, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it is killed
	}()
	select {
	case <-out.line:
	case <-s.ended:
		return nil, fmt.Errorf("the program did not start:\n%s", log)
	}
	s.url, _, _ = strings.Cut(out.String(), "\n")
	return s, nil
}

// Close ends the program. The error tells of a panic in its log.
func (s *Site) Close() error {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
	s.http.CloseIdleConnections()
	if log := s.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") {
		return errors.New(log)
	}
	return nil
}

// now is the time as the program sees it.
func (s *Site) now() time.Time { return time.Now().Add(s.ahead) }

// later moves the program's clock.
func (s *Site) later(d time.Duration) {
	s.browser("").post("/dev/clock", js{"advance": d.String()}).want(http.StatusOK)
	s.ahead += d
}

type letter struct{ Channel, To, Subject, Body string }

// inbox is what was sent, newest first.
func (s *Site) inbox() (list []letter) {
	s.browser("").get("/dev/inbox.json").want(http.StatusOK).into(&list)
	return list
}

// sent counts the messages to somebody.
func (s *Site) sent(to string) (n int) {
	for _, l := range s.inbox() {
		if l.To == to {
			n++
		}
	}
	return n
}

// mail is the newest message to somebody with these words in its subject. Notices go
// out after the answer, and the inbox can only be asked.
func (s *Site) mail(to, subject string) letter {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, l := range s.inbox() {
			if l.To == to && strings.Contains(strings.ToLower(l.Subject), subject) {
				return l
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			fail("no mail %q to %s", subject, to)
		}
	}
}

var (
	sixDigits  = regexp.MustCompile(`\b(\d{6})\b`)
	codeInMail = regexp.MustCompile(`(?m)^Your code is: (\d{6})$`)
)

// codeTo is the newest code that went to a number or an address.
func (s *Site) codeTo(to string) string {
	for _, l := range s.inbox() {
		in := sixDigits
		if l.Channel == "email" {
			in = codeInMail
		}
		if code := in.FindStringSubmatch(l.Body); l.To == to && code != nil {
			return code[1]
		}
	}
	fail("no code to %s", to)
	return ""
}

// linkTo is the token of the newest link to a page that went to an address.
func (s *Site) linkTo(to, page string) string {
	for _, l := range s.inbox() {
		if _, rest, ok := strings.Cut(l.Body, s.url+page+"?token="); ok && l.To == to {
			return strings.Fields(rest)[0]
		}
	}
	fail("no link to %s for %s", page, to)
	return ""
}

// An output collects what a process writes, and tells of its first line.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	told bool
	line chan struct{} // closed at the first line
}

func newOutput() *output { return &output{line: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.buf.Write(p)
	if !o.told && bytes.ContainsRune(p, '\n') {
		o.told = true
		close(o.line)
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
