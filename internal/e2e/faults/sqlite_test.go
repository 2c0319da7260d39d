package faults_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testneed"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/sqlstore"

	_ "modernc.org/sqlite"
)

var onSQLite = sqlstore.Options{Dialect: sqlstore.SQLite}

// The disk fills up, and has room again later.
func TestA94_DiskFull(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := mountSmall(t, folder, 4<<20); err != nil {
		testneed.Missing(t, "right to mount a small disk: "+err.Error())
	}
	s := newStorm(newSite(t, opener("sqlite", sqlstore.SQLiteDSN(filepath.Join(folder, "items.db")), onSQLite)), "disk full")
	other := filepath.Join(folder, "other")
	s.during(40, func() {
		fill(t, other)
		s.awaitLost(people)
		if err := os.Remove(other); err != nil {
			t.Fatal(err)
		}
	})
	s.check(t)
}

// fill takes all the room that is left.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		err = nil
	}
}

// Whoever may only read is told that the store has failed, whatever they answer,
// and nothing has changed.
func TestA94_ReadOnlySQLite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "items.db")
	s := newSite(t, opener("sqlite", sqlstore.SQLiteDSN(file), onSQLite))
	writes := &mfatest.Engine{Engine: s.engines[0], Clock: s.clock}
	u := mfa.User{ID: "u", Name: "ada@example.com"}
	phone, _ := writes.EnrollTOTP(t, u)
	flow, err := writes.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil {
		t.Fatal(err)
	}
	option := optionOf(flow, "totp")

	reads := s.engine(openSQL(t, "sqlite", sqlstore.SQLiteDSN(file)+"&mode=ro", onSQLite), s.clock.Now)
	for what, text := range map[string]string{"right": phone.Code(), "wrong": wrongFor(phone, s.clock.Now())} {
		if got, err := reads.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: text}, mfa.Client{}); !errors.Is(err, mfa.ErrStore) || got.Status != "" {
			t.Errorf("a %s code: %s, %v", what, got.Status, err)
		}
	}
	if _, err := reads.SignIn(ctx, mfa.SignIn{User: u, First: mfa.Password}); !errors.Is(err, mfa.ErrStore) {
		t.Errorf("sign-in: %v", err)
	}
	if list, err := reads.Enrollments(ctx, u.ID); err != nil || len(list) != 2 {
		t.Errorf("what only needs reading: %d enrollments, %v", len(list), err)
	}
	var wrong *mfa.NotValidError
	if _, err := writes.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: wrongFor(phone, s.clock.Now())}, mfa.Client{}); !errors.As(err, &wrong) || wrong.AttemptsLeft != failsUntilLocked-1 {
		t.Errorf("the first wrong code that can be counted: %v, %+v", err, wrong)
	}
	if got, err := writes.Verify(ctx, flow.Token, mfa.Answer{Option: option, Code: phone.Code()}, mfa.Client{}); err != nil || got.Status != mfa.StatusPassed {
		t.Errorf("the code, where it can be spent: %s, %v", got.Status, err)
	}
}
