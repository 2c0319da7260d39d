package attack

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/mfakit/mfa/internal/e2e/program"
)

// patience bounds waiting for what comes after an answer.
const patience = time.Minute

// Build makes the program from the repository whose folder root is.
func Build(root, file string) error { return program.Build(root, "webapp", file) }

// A Site is the program, running.
type Site struct {
	url     string
	ahead   time.Duration   // of its clock
	log     *program.Output // what it wrote
	http    *http.Transport
	process *program.Process
}

// Open starts the program in development, over a database in a folder, and waits
// until it is ready.
func Open(file, folder, policy string) (*Site, error) {
	args := []string{"-dev", "-addr", "127.0.0.1:0", "-store", "sqlite:" + filepath.Join(folder, "demo.db")}
	if policy != "" {
		file := filepath.Join(folder, "policy.json")
		if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "-policy", file)
	}
	log := new(program.Output)
	p, err := program.Start(exec.Command(file, args...), log)
	if err != nil {
		return nil, err
	}
	return &Site{url: p.URL, log: log, http: &http.Transport{MaxIdleConnsPerHost: 64}, process: p}, nil
}

// Close ends the program. The error tells of a panic in its log.
func (s *Site) Close() error {
	s.process.Kill()
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
