package send_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// childTask in the environment makes this test binary a process that is to be
// killed: it does what the task says, and tells when it is to happen.
const childTask = "MFA_E2E_SEND_TASK"

func TestMain(m *testing.M) {
	if raw := os.Getenv(childTask); raw != "" {
		fmt.Fprintln(os.Stderr, serve(raw))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A task is what such a process does for a user.
type task struct {
	Parts parts
	User  mfa.User
	Does  string
}

// The tasks. Each ends in a sender that tells, and does not return.
const (
	changes      = "changes, and dies before the mail"
	changesMails = "changes and mails, and dies before that is noted"
	asks         = "asks for a code, and dies before it is sent"
)

// serve does a task. It returns only what went wrong.
func serve(raw string) error {
	ctx := context.Background()
	var t task
	if err := json.Unmarshal([]byte(raw), &t); err != nil {
		return err
	}
	o := options{now: func() time.Time { return t.Parts.Start }, log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	switch t.Does {
	case changes:
		o.mails = func(mfa.Sender) mfa.Sender { return halt{} }
	case changesMails:
		o.mails = func(s mfa.Sender) mfa.Sender { return halt{s} }
	case asks:
		o.sms = func(mfa.Sender) mfa.Sender { return halt{} }
	}
	engine, _, err := t.Parts.engine(ctx, o)
	if err != nil {
		return err
	}
	flow, err := engine.SignIn(ctx, mfa.SignIn{User: t.User, First: mfa.Password})
	if err != nil {
		return err
	}
	if t.Does == asks {
		fmt.Println(flow.Token)
		_, err = engine.Challenge(ctx, flow.Token, flow.Options[0].ID, mfa.Client{})
		return err
	}
	err = enrolImported(ctx, engine, mfa.Caller{User: t.User, Authentication: flow.Authentication}, "sms", map[string]string{"number": "+447400123456"})
	if err == nil {
		<-make(chan struct{}) // the mail is under way in another goroutine
	}
	return err
}

// A halt is a sender in which its process can be killed.
type halt struct{ sender mfa.Sender } // nil: nothing is sent

const halted = "halted"

func (h halt) Send(ctx context.Context, m mfa.Message) (string, error) {
	if h.sender != nil {
		if _, err := h.sender.Send(ctx, m); err != nil {
			return "", err
		}
	}
	fmt.Println(halted)
	select {}
}

// killed runs a task in a process, kills it where it halts, and returns the
// line that it told before, if any.
func (s *site) killed(user mfa.User, does string) (line string) {
	s.t.Helper()
	raw, err := json.Marshal(task{s.parts, user, does})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childTask+"="+string(raw))
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		s.t.Fatal(err)
	}
	reached := false
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		if scanner.Text() != halted {
			line = scanner.Text()
			continue
		}
		reached = true
		if err := child.Process.Kill(); err != nil {
			s.t.Error(err)
		}
	}
	_ = child.Wait() // it was killed
	if !reached {
		s.t.Fatalf("the process did not come so far: %s", said.String())
	}
	return line
}

// A process that dies between a change and its mail leaves both: the change is
// there, and after a restart the mail goes out, once.
func TestKilledBetweenChangeAndMail(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	s.killed(kim.user, changes)

	list, err := s.Enrollments(t.Context(), kim.user.ID)
	if err != nil || len(list) != 1 || list[0].Method != "sms" {
		t.Fatalf("enrolled: %+v, %v", list, err)
	}
	if n := len(s.smtp.Settled()); n != 0 {
		t.Fatalf("%d mails went out before", n)
	}
	for range 2 {
		if stats := s.redeliver(); stats.Users != 1 || stats.Failed != 0 {
			t.Errorf("redelivered: %+v", stats)
		}
	}
	s.letter("kim", 1, addedSubject)
	if n := len(s.smtp.Settled()); n != 1 {
		t.Errorf("%d mails have arrived, want 1", n)
	}
}

// One that dies after the mail, and before it could note that, sends it again:
// both have one Message-ID, by which mailboxes know them for the same.
func TestKilledBetweenMailAndItsNote(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	s.killed(kim.user, changesMails)
	first := s.letter("kim", 1, addedSubject)
	if stats := s.redeliver(); stats.Users != 1 || stats.Failed != 0 {
		t.Errorf("redelivered: %+v", stats)
	}
	for _, l := range s.smtp.Await(kim.user.Email, 2) {
		if l.ID() == "" || l.ID() != first.ID() {
			t.Errorf("the Message-IDs are %s and %s", first.ID(), l.ID())
		}
	}
}

// One that dies between saving a code and sending it leaves a flow in which the
// person can ask for another at once, at the very same time.
func TestKilledBetweenSaveAndSend(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	token := s.killed(kim.user, asks)
	s.kannel.WantSent(0)
	flow, err := s.Flow(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	option := kim.mustAsk(flow, "sms")
	_, code := s.kannel.Await("+447400123456", 1, codeInText)
	kim.passes(flow, option, code[1])
}
