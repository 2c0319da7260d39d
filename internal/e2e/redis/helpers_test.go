package redis_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/redisstore"
	"github.com/mfakit/mfa/totp"
)

// wantRefused checks for ErrFormat. A record that is too short has no version: as a
// conflict it is left alone, too.
func wantRefused(t testing.TB, operation string, err error, orConflict bool) {
	t.Helper()
	if !errors.Is(err, redisstore.ErrFormat) && (!orConflict || !errors.Is(err, mfa.ErrConflict)) {
		t.Errorf("%s: %v, want ErrFormat", operation, err)
	}
}

// A site is an engine over a store, with a user who has an authenticator app.
type site struct {
	*mfatest.Engine
	keys  *mfa.KeyRing
	user  mfa.User
	phone *mfatest.Authenticator
}

func newSite(t testing.TB, s mfa.Store) *site {
	t.Helper()
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	w := &site{keys: keys, user: mfa.User{ID: "7", Name: "ada@example.com"}}
	// What observers were told is noted by saves of its own, at moments of its own.
	w.Engine = mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys, c.Observers = s, keys, nil })
	w.phone, _ = w.EnrollTOTP(t, w.user)
	return w
}

// on is the same site on another store, as by another process.
func (w *site) on(t testing.TB, s mfa.Store) *site {
	t.Helper()
	other := *w
	other.Engine = mfatest.NewEngine(t, func(c *mfa.Config) { c.Store, c.Keys, c.Now, c.Observers = s, w.keys, w.Clock.Now, nil })
	return &other
}

// begin starts a sign-in, which asks for a code.
func (w *site) begin(t testing.TB) mfa.Flow {
	t.Helper()
	f, err := w.SignIn(t.Context(), mfa.SignIn{User: w.user, First: mfa.Password})
	if err != nil || f.Status != mfa.StatusChallenge {
		t.Fatalf("sign in: %s, %v", f.Status, err)
	}
	return f
}

// answer gives a code of the user's first app.
func (w *site) answer(t testing.TB, f mfa.Flow, code string) (mfa.Flow, error) {
	t.Helper()
	a := w.phone.Answer(f)
	a.Code = code
	return w.Verify(t.Context(), f.Token, a, mfa.Client{})
}

// wrong is a code that is not the app's.
func (w *site) wrong() string {
	if w.phone.Code() == "000000" {
		return "000001"
	}
	return "000000"
}

// enrollUpTo gives the user so many apps.
func (w *site) enrollUpTo(t testing.TB, n int) {
	t.Helper()
	list, err := w.Enrollments(t.Context(), w.user.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(list); i < n; i++ {
		f := w.begin(t)
		f, err := w.answer(t, f, w.phone.Code())
		if err != nil || f.Status != mfa.StatusPassed {
			t.Fatalf("app %d: %s, %v", i, f.Status, err)
		}
		caller := mfa.Caller{User: w.user, Authentication: f.Authentication}
		enrolling, err := w.Enroll(t.Context(), caller, mfa.Enroll{Method: totp.Name})
		if err != nil {
			t.Fatal(err)
		}
		app, err := mfatest.NewAuthenticator(enrolling.Challenge.(*totp.Challenge).URI, w.Clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Activate(t.Context(), caller, enrolling.ID, mfa.Answer{Code: app.Code()}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(w.phone.Period)
	}
}

// together does n things at once.
func together(n int, do func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	all.Wait()
}

// configure changes a setting of a running server until the test ends.
func configure(t testing.TB, r *testserver.Redis, name, value string) {
	t.Helper()
	was := strings.TrimPrefix(strings.TrimSpace(r.CLI("CONFIG", "GET", name)), name)
	if said := r.CLI("CONFIG", "SET", name, value); said != "OK" {
		t.Fatalf("CONFIG SET %s: %s", name, said)
	}
	t.Cleanup(func() { r.CLI("CONFIG", "SET", name, strings.TrimSpace(was)) })
}
