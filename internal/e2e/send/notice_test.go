package send_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/ops"
)

const addedSubject = "Your Example account: a way to sign in was added"

// stays is what the log says of a notice that this process gives up.
const stays = "a notice stays in the outbox"

// Whoever gets a new way to sign in is told where, when and how, and what to do.
func TestC21_EnrolmentIsAnnounced(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.enrolNumber("+447400123456")
	letter := s.letter("kim", 1, addedSubject)
	for _, want := range []string{"Example", "192.0.2.7", "Oslo, Norway", "Firefox", "UTC", "https://app.example.test/security", "If it was not you"} {
		if !strings.Contains(letter.Text, want) {
			t.Errorf("the mail does not say %q:\n%s", want, letter.Text)
		}
	}
	for _, secret := range []string{"+447400123456", "7400123456", "400123"} {
		if strings.Contains(string(letter.Raw), secret) {
			t.Errorf("the mail has the number in it:\n%s", letter.Raw)
		}
	}
	event := s.told.event(t, mfa.EventEnrolled)
	if got, want := letter.ID(), "<"+event.ID+"@example.test>"; got != want {
		t.Errorf("the Message-ID is %s, want %s", got, want)
	}
}

// While the mail server is down a notice waits. The user's next operation has it sent.
func TestNoticeWaitsForTheMailServer(t *testing.T) {
	s := newSite(t, want{smtp: true})
	kim := s.person("kim")
	s.smtp.Stop()
	kim.importNumber("+447400123456")
	s.told.await(t, stays)

	s.smtp.Start()
	s.clock.Advance(2 * time.Minute)
	kim.signIn()
	letter := s.letter("kim", 1, addedSubject)
	if want := "<" + s.told.event(t, mfa.EventEnrolled).ID + "@example.test>"; letter.ID() != want {
		t.Errorf("the Message-ID is %s, want %s", letter.ID(), want)
	}
}

// Nobody has to come back: a walk over the store has what waits sent, once.
func TestNoticesAreRedelivered(t *testing.T) {
	s := newSite(t, want{smtp: true})
	s.smtp.Stop()
	for _, name := range []string{"kim", "pat"} {
		s.person(name).importNumber("+447400123456")
	}
	s.told.await(t, stays)
	if stats := s.redeliver(); stats.Users != 2 || stats.Failed != 2 {
		t.Errorf("with the server down: %+v", stats)
	}
	s.smtp.Start()
	for range 2 {
		if stats := s.redeliver(); stats.Users != 2 || stats.Failed != 0 {
			t.Errorf("with the server up: %+v", stats)
		}
	}
	for _, name := range []string{"kim", "pat"} {
		s.letter(name, 1, addedSubject)
	}
	if n := len(s.smtp.Settled()); n != 2 {
		t.Errorf("%d mails have arrived, want 2", n)
	}
}

// redeliver walks over the site's store, in an engine of its own as a job has it.
func (s *site) redeliver() ops.Stats {
	s.t.Helper()
	store, end, err := s.parts.store(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	engine, endEngine, err := s.parts.engine(s.t.Context(), options{now: s.clock.Now, log: s.logger()})
	if err != nil {
		s.t.Fatal(err)
	}
	stats, err := ops.Redeliver(s.t.Context(), store, engine, ops.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, failed := range []error{endEngine(), end()} {
		if failed != nil {
			s.t.Error(failed)
		}
	}
	return stats
}
