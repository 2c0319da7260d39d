package emailcode

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// The factor under the engine.

// TestEverybodyGetsCodes: who has set nothing up, and has a verified address.
func TestEverybodyGetsCodes(t *testing.T) {
	w := newWorld(t)
	f, option := w.begin(ada, mfa.Password)
	if option == "" || f.Options[0].Hint != mask1 {
		t.Fatalf("%v", f.Options)
	}
	m := w.mail(f, option)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: codeIn(t, m)}, desk)
	if err != nil || f.Status != mfa.StatusPassed || m.To != address1 {
		t.Fatalf("%v, %v", f, err)
	}
	if list, err := w.Enrollments(bg, ada.ID); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	other := ada
	other.ID, other.EmailVerified = "8", false
	if f, option := w.begin(other, mfa.Password); option != "" {
		t.Errorf("an address that nobody verified: %v", f.Options)
	}
	if len(w.bag.Messages()) != 1 {
		t.Errorf("%d mails", len(w.bag.Messages()))
	}
}

// TestO09_MailedCodesRaiseNoLevel: they are none of two kinds of factor.
func TestO09_MailedCodesRaiseNoLevel(t *testing.T) {
	w := newWorld(t)
	f, option := w.begin(ada, mfa.Password)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: codeIn(t, w.mail(f, option))}, desk)
	if err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("%v, %v", f, err)
	}
	if aal := f.Authentication.AAL(); aal >= mfa.AAL2 {
		t.Errorf("AAL%d", aal)
	}
}

// TestNotAfterTheSameMailbox: whoever came by a mailed link or reset proves
// nothing more by a mailed code.
func TestNotAfterTheSameMailbox(t *testing.T) {
	w := newWorld(t)
	for _, first := range []mfa.First{mfa.EmailLink, mfa.EmailReset} {
		if f, option := w.begin(ada, first); option != "" {
			t.Errorf("after %s: %v", first, f.Options)
		}
	}
}

// TestOwnAddressTakesThePlaceOfTheOneThatCounted, also where it is the same.
func TestOwnAddressTakesThePlaceOfTheOneThatCounted(t *testing.T) {
	w := newWorld(t)
	f, option := w.begin(ada, mfa.Password)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: codeIn(t, w.mail(f, option))}, desk)
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	caller := mfa.Caller{User: ada, Authentication: f.Authentication, Client: desk}
	e, err := w.Enroll(bg, caller, mfa.Enroll{Method: Name, Label: "Mine"})
	if err != nil {
		t.Fatal(err)
	}
	m := w.last()
	a, err := w.Activate(bg, caller, e.ID, mfa.Answer{Code: codeIn(t, m)})
	if err != nil || a.Enrollment.Label != "Mine" || a.Enrollment.Hint != mask1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if list, err := w.Enrollments(bg, ada.ID); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	w.Clock.Advance(time.Minute)
	if f, _ := w.begin(ada, mfa.Password); len(f.Options) != 1 || f.Options[0].Label != "Mine" {
		t.Errorf("%v", f.Options)
	}
}

// TestO13_LinkIsForTheBrowserThatAsked: its token is worth nothing without the
// flow's, and both answer once.
func TestO13_LinkIsForTheBrowserThatAsked(t *testing.T) {
	w := newWorld(t, withLink)
	f, option := w.begin(ada, mfa.Password)
	_, q := linkIn(t, w.mail(f, option))
	if q.Get("option") != option || q.Has("flow") {
		t.Fatalf("%v", q)
	}
	a := mfa.Answer{Option: q.Get("option"), Code: q.Get("token")}
	g, _ := w.begin(ada, mfa.Password)
	if _, err := w.Verify(bg, g.Token, a, desk); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("in another flow: %v", err)
	}
	if err := w.VerifyElsewhere(bg, f.Token, a, desk); !errors.Is(err, mfa.ErrNoFlow) {
		t.Errorf("from elsewhere: %v", err)
	}
	if f, err := w.Verify(bg, f.Token, a, desk); err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("%v, %v", f, err)
	}
	if _, err := w.Verify(bg, f.Token, a, desk); !errors.Is(err, mfa.ErrFlowExpired) {
		t.Errorf("twice: %v", err)
	}
}

// TestLinkAnywhere: the phone's answer lets the desk go on, and yields the phone nothing.
func TestLinkAnywhere(t *testing.T) {
	w := newWorld(t, withLink, anywhere)
	f, option := w.begin(ada, mfa.Password)
	_, q := linkIn(t, w.mail(f, option))
	a := mfa.Answer{Code: q.Get("token")}
	if g, err := w.Continue(bg, f.Token, desk); err != nil || g.Approved || g.Status != mfa.StatusChallenge {
		t.Errorf("before the answer: %v, %v", g, err)
	}
	if err := w.VerifyElsewhere(bg, q.Get("flow"), mfa.Answer{Code: wrong("000000")}, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("%v", err)
	}
	if err := w.VerifyElsewhere(bg, q.Get("flow"), a, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	if err := w.VerifyElsewhere(bg, q.Get("flow"), a, mfa.Client{}); err == nil {
		t.Error("a link answers twice")
	}
	if f, err := w.Continue(bg, f.Token, desk); err != nil || f.Status != mfa.StatusPassed {
		t.Errorf("%v, %v", f, err)
	}
}

// TestA12_ParallelAnswersAreOne: of 200 at once, by code and by link, one is taken.
func TestA12_ParallelAnswersAreOne(t *testing.T) {
	w := newWorld(t, withLink)
	f, option := w.begin(ada, mfa.Password)
	m := w.mail(f, option)
	_, q := linkIn(t, m)
	answers := []string{codeIn(t, m), q.Get("token")}
	const n = 200
	errs := make([]error, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			_, errs[i] = w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: answers[i%2]}, desk)
		})
	}
	close(start)
	wg.Wait()
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		} else if !errors.Is(err, mfa.ErrFlowExpired) && !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBusy) {
			t.Error(err)
		}
	}
	if passed != 1 {
		t.Errorf("%d answers were taken", passed)
	}
}

// TestA62_C05_ResendResetsNoFailureCount: a guesser who has a new code sent after
// each wrong one gets no more tries than one who has not.
func TestA62_C05_ResendResetsNoFailureCount(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.Address = Rate{100, 100} })
	left, tries := 1<<10, 0
	for ; tries < 20 && left > 0; tries++ {
		f, option := w.begin(ada, mfa.Password)
		code := codeIn(t, w.mail(f, option))
		_, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: wrong(code)}, desk)
		var nv *mfa.NotValidError
		if !errors.As(err, &nv) {
			t.Fatalf("try %d: %v", tries, err)
		}
		if nv.AttemptsLeft >= left {
			t.Errorf("after a new code %d tries are left, and were %d before", nv.AttemptsLeft, left)
		}
		left = nv.AttemptsLeft
		w.Clock.Advance(8 * time.Minute)
	}
	if left != 0 {
		t.Error("there is no end to the tries")
	}
}
