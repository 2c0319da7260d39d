package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A post office is an SMTP server that keeps what it is given.
type postOffice struct {
	addr  string
	mu    sync.Mutex
	mails []string // as they came, with "RCPT TO" before each
}

func startPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{addr: l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go p.serve(c)
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return p
}

func (p *postOffice) serve(c net.Conn) {
	lines := bufio.NewScanner(c)
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	say("220 post.example")
	var to string
	for lines.Scan() {
		switch verb := strings.ToUpper(lines.Text()); {
		case strings.HasPrefix(verb, "RCPT"):
			to = lines.Text()
			say("250 ok")
		case strings.HasPrefix(verb, "DATA"):
			say("354 go on")
			mail := to + "\n"
			for lines.Scan() && lines.Text() != "." {
				mail += lines.Text() + "\n"
			}
			p.mu.Lock()
			p.mails = append(p.mails, mail)
			p.mu.Unlock()
			say("250 taken")
		case strings.HasPrefix(verb, "QUIT"):
			say("221 bye")
			c.Close()
		default:
			say("250 ok")
		}
	}
}

func (p *postOffice) all() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.mails...)
}

func TestMailsGoToTheServer(t *testing.T) {
	t.Parallel()
	p := startPostOffice(t)
	s := startWith(t, "-smtp", p.addr) // without -dev there are codes by mail, and none by text message
	b := s.browser()
	b.register("ada@example.org")
	if page := b.page("/settings").body; strings.Contains(page, "/setup/sms") || !strings.Contains(page, "/setup/email") {
		t.Errorf("%s", page)
	}
	page := b.submit("/setup/email", "on_file", "yes", "replaces", "")
	want(t, page, http.StatusOK, "")
	mails := p.all()
	if len(mails) != 1 || !strings.Contains(mails[0], "<ada@example.org>") || !strings.Contains(mails[0], "From: \"MFA demo\" <no-reply@localhost>") {
		t.Fatalf("%q", mails)
	}
	_, text, _ := strings.Cut(mails[0], "Your code is")
	b.confirmCode(page, "email", sixDigits.FindString(text)).wantRedirect(t, "/setup/more?said=mailbox")
	if err := closeEngine(t.Context(), s.app.engine); err != nil { // it waits for what is on its way
		t.Fatal(err)
	}
	if mails := p.all(); len(mails) != 2 || !strings.Contains(mails[1], "a way to sign in was added") {
		t.Errorf("%q", mails)
	}
}

func TestMailServerThatIsDownIsToldOf(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	s := startWith(t, "-smtp", addr)
	b := s.browser()
	b.register("ada@example.org")
	page := b.submit("/setup/email", "on_file", "yes", "replaces", "")
	want(t, page, http.StatusBadGateway, "")
	if !strings.Contains(page.body, "carrier cannot be reached") || !strings.Contains(page.body, `href="/setup/email"`) {
		t.Errorf("%s", page.body)
	}
}

// What a process that was killed has left to tell is told after the next start.
func TestNoticesOfADeadProcessAreSent(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/webapp.db"
	p := launch(t, "-store", "sqlite:"+file, "-smtp", "127.0.0.1:1") // where no server is
	first := &server{t: t, url: p.url, app: &app{clock: new(clock)}}
	b := first.browser()
	b.register("ada@example.org")
	b.enroll()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()

	s := start(t, "-store", "sqlite:"+file)
	if n := len(s.app.inbox.messages()); n != 0 {
		t.Fatalf("%d mails before", n)
	}
	for range 2 {
		tidy(t.Context(), s.data, s.app.engine, time.Now(), s.app.log)
	}
	var subjects []string
	for _, m := range s.to("ada@example.org") {
		subjects = append(subjects, m.Subject)
	}
	if len(subjects) != 2 || !strings.Contains(strings.Join(subjects, "\n"), "was added") || strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("%q, %s", subjects, s.log)
	}
}
