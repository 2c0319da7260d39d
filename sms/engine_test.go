package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
)

// The factor under the engine.

func TestSignInByTextMessage(t *testing.T) {
	w := newWorld(t)
	a := w.enroll(ada)
	if a.Enrollment.Method != Name || a.Enrollment.Hint != mask1 || a.Enrollment.Label != "Text message" || len(a.RecoveryCodes) == 0 {
		t.Errorf("%+v", a.Enrollment)
	}
	f, option := w.begin(ada)
	code := w.code(f, option)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{})
	if err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("%v, %v", f, err)
	}
	p := f.Authentication.Proofs[len(f.Authentication.Proofs)-1]
	if !p.Restricted || p.Kind != mfa.Have || p.PhishingResistant || fmt.Sprint(p.AMR) != "[sms]" {
		t.Errorf("%+v", p)
	}
}

// TestO06_AloneOnlyWhereTheHostSaysSo: text messages and nothing else is an
// engine that has to be asked for by name.
func TestO06_AloneOnlyWhereTheHostSaysSo(t *testing.T) {
	f := newFactor(t)
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	c := mfa.Config{Store: memory.New(), Keys: keys, Factors: []mfa.Factor{f}}
	if _, err := mfa.New(c); err == nil || !strings.Contains(err.Error(), "AcceptRestricted") {
		t.Errorf("%v", err)
	}
	c.AcceptRestricted = true
	m, err := mfa.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(bg); err != nil {
		t.Error(err)
	}
}

// TestA12_ParallelAnswersAreOne: of 200 equal right answers at once one is taken.
func TestA12_ParallelAnswersAreOne(t *testing.T) {
	w := newWorld(t)
	w.enroll(ada)
	f, option := w.begin(ada)
	a := mfa.Answer{Option: option, Code: w.code(f, option)}
	const n = 200
	errs := make([]error, n)
	flows := make([]mfa.Flow, n)
	parallel(n, func(i int) { flows[i], errs[i] = w.Verify(bg, f.Token, a, mfa.Client{}) })
	passed := 0
	for i, err := range errs {
		switch {
		case err == nil && flows[i].Status == mfa.StatusPassed:
			passed++
		case err == nil:
			t.Errorf("a flow that is %s", flows[i].Status)
		case !errors.Is(err, mfa.ErrFlowExpired) && !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrBusy):
			t.Error(err)
		}
	}
	if passed != 1 {
		t.Errorf("%d answers were taken", passed)
	}
}

// TestA12_ParallelConfirmationsAreOne: the same of an enrolment's code.
func TestA12_ParallelConfirmationsAreOne(t *testing.T) {
	w := newWorld(t)
	e, err := w.Enroll(bg, w.caller(ada), mfa.Enroll{Method: Name})
	if err != nil {
		t.Fatal(err)
	}
	code := codeIn(t, w.last())
	const n = 200
	errs := make([]error, n)
	parallel(n, func(i int) { _, errs[i] = w.Activate(bg, w.caller(ada), e.ID, mfa.Answer{Code: code}) })
	taken := 0
	for _, err := range errs {
		if err == nil {
			taken++
		}
	}
	list, err := w.Enrollments(bg, ada.ID)
	if err != nil || taken != 1 {
		t.Errorf("%d confirmations were taken, %v", taken, err)
	}
	of := 0
	for _, e := range list {
		if e.Method == Name {
			of++
		}
	}
	if of != 1 {
		t.Errorf("%d enrollments", of)
	}
}

func parallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestO03_OneLiveCodePerFlow(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Digits = 10 })
	w.enroll(ada)
	f, option := w.begin(ada)
	old := w.code(f, option)
	w.Clock.Advance(time.Minute)
	code := w.code(f, option)
	if _, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: old}, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("the code that was replaced: %v", err)
	}
	g, otherOption := w.begin(ada)
	if _, err := w.Verify(bg, g.Token, mfa.Answer{Option: otherOption, Code: code}, mfa.Client{}); !errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("the code of another flow: %v", err)
	}
	if f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{}); err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("%v, %v", f, err)
	}
	if _, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{}); !errors.Is(err, mfa.ErrFlowExpired) {
		t.Errorf("a spent code: %v", err)
	}
}

func TestO01_CodeExpiresInItsFlow(t *testing.T) {
	for age, want := range map[time.Duration]error{5*time.Minute - time.Second: nil, 5 * time.Minute: mfa.ErrNotValid} {
		w := newWorld(t)
		w.enroll(ada)
		f, option := w.begin(ada)
		code := w.code(f, option)
		w.Clock.Advance(age)
		if _, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: code}, mfa.Client{}); !errors.Is(err, want) {
			t.Errorf("after %v: %v, want %v", age, err, want)
		}
	}
}

// TestA62_C05_ResendResetsNoFailureCount: a guesser who has a new code sent after
// each wrong one gets no more tries than one who has not.
func TestA62_C05_ResendResetsNoFailureCount(t *testing.T) {
	for _, itself := range []bool{false, true} {
		w := newWorld(t, func(c *Config) { c.ResendWrong = itself; c.Limits.Number = Rate{100, 100} })
		w.enroll(ada)
		f, option := w.begin(ada)
		code := w.code(f, option)
		w.Clock.Advance(time.Minute) // or it would be too soon for a new one
		left, tries := 1<<10, 0
		for ; tries < 20; tries++ {
			_, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: wrong(code)}, mfa.Client{})
			var nv *mfa.NotValidError
			if !errors.As(err, &nv) {
				t.Fatalf("try %d: %v", tries, err)
			}
			if nv.AttemptsLeft >= left {
				t.Errorf("after a new code %d tries are left, and were %d before", nv.AttemptsLeft, left)
			}
			if left = nv.AttemptsLeft; left == 0 {
				break
			}
			w.Clock.Advance(time.Minute)
			if !itself {
				w.Clock.Advance(7 * time.Minute)
				f, option = w.begin(ada) // nor does a new flow
				code = w.code(f, option)
			} else if code = codeIn(t, w.last()); tries == 0 && nv.Resent == nil {
				t.Error("no new code was sent")
			}
		}
		if tries >= 19 {
			t.Error("there is no end to the tries")
		}
		_, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: codeIn(t, w.last())}, mfa.Client{})
		if !errors.Is(err, mfa.ErrLocked) {
			t.Errorf("the right code after the last try: %v", err)
		}
		if _, err := w.Challenge(bg, f.Token, option, mfa.Client{}); !errors.Is(err, mfa.ErrLocked) {
			t.Errorf("a new code for who is locked: %v", err)
		}
	}
}

// TestO05_OneNumberIsSentFewMessages however many flows ask, and whoever does.
func TestO05_OneNumberIsSentFewMessages(t *testing.T) {
	w := newWorld(t)
	refused := 0
	for i := range 40 {
		u := mfa.User{ID: fmt.Sprint("u", i)}
		_, err := w.Enroll(bg, w.caller(u), mfa.Enroll{Method: Name, Params: mfa.EnrollParams{Phone: number2}})
		if errors.Is(err, mfa.ErrSendLimit) || errors.Is(err, mfa.ErrTooSoon) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(80 * time.Second)
	}
	// Two of five are kept for whoever has confirmed the number.
	if n := len(w.tower.Messages()); n != 3 || refused != 40-n {
		t.Errorf("%d messages in less than an hour, %d refused", n, refused)
	}
}

// TestO07_OtherMethodsStayOpen: where the hook denies nothing goes out or is
// counted, and the flow's other options can be answered.
func TestO07_OtherMethodsStayOpen(t *testing.T) {
	deny := false
	w := newWorld(t, func(c *Config) {
		c.Before = func(context.Context, Destination) error {
			if deny {
				return &mfa.RefusedError{Reason: "sim_swapped"}
			}
			return nil
		}
	})
	phone, _ := w.EnrollTOTP(t, ada)
	if _, err := w.Enroll(bg, w.caller(ada), mfa.Enroll{Method: Name}); !errors.Is(err, mfa.ErrRequirement) {
		t.Fatalf("a number is added on a password: %v", err)
	}
	f, err := w.SignIn(bg, mfa.SignIn{User: ada, First: mfa.Password})
	if err != nil {
		t.Fatal(err)
	}
	if f, err = w.Verify(bg, f.Token, phone.Answer(f), mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	caller := mfa.Caller{User: ada, Authentication: f.Authentication}
	e, err := w.Enroll(bg, caller, mfa.Enroll{Method: Name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Activate(bg, caller, e.ID, mfa.Answer{Code: codeIn(t, w.last())}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(10 * time.Minute)
	deny = true
	f, option := w.begin(ada)
	before := len(w.tower.Messages())
	if _, err := w.Challenge(bg, f.Token, option, mfa.Client{}); reason(err) != "sim_swapped" || len(w.tower.Messages()) != before {
		t.Errorf("%v, %d messages", err, len(w.tower.Messages())-before)
	}
	if f, err = w.Verify(bg, f.Token, phone.Answer(f), mfa.Client{}); err != nil || f.Status != mfa.StatusPassed {
		t.Errorf("%v, %v", f, err)
	}
}

// TestO08_NewNumberIsConfirmedBeforeItCounts: the old one stays until then.
func TestO08_NewNumberIsConfirmedBeforeItCounts(t *testing.T) {
	w := newWorld(t)
	old := w.enroll(ada)
	f, option := w.begin(ada)
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: w.code(f, option)}, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	caller := mfa.Caller{User: ada, Authentication: f.Authentication}
	e, err := w.Enroll(bg, caller, mfa.Enroll{Method: Name, Replaces: old.Enrollment.ID, Params: mfa.EnrollParams{Phone: number2}})
	if err != nil || w.last().To != number2 {
		t.Fatalf("%v", err)
	}
	code := codeIn(t, w.last())
	if _, err := w.Activate(bg, caller, e.ID, mfa.Answer{Code: wrong(code)}); !errors.Is(err, mfa.ErrNotValid) {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	g, option := w.begin(ada)
	if w.code(g, option); w.last().To != number1 {
		t.Error("a number that nobody confirmed is in use")
	}
	a, err := w.Activate(bg, caller, e.ID, mfa.Answer{Code: code})
	if err != nil || a.Enrollment.Label != old.Enrollment.Label || a.Enrollment.Hint != "+47 ••• ••99" {
		t.Fatalf("%+v, %v", a.Enrollment, err)
	}
	w.Clock.Advance(time.Minute)
	g, option = w.begin(ada)
	if w.code(g, option); w.last().To != number2 {
		t.Error("the old number is still in use")
	}
}

// TestO04_StoreHoldsNoCodeAndNoNumber reads all that was ever saved, and what the
// client has.
func TestO04_StoreHoldsNoCodeAndNoNumber(t *testing.T) {
	rec := &recording{Store: memory.New()}
	w := &world{t: t, tower: new(mfatest.Inbox)}
	f := newFactor(t, func(c *Config) { c.Sender = w.tower; c.Digits = 10 })
	w.Engine = mfatest.NewEngine(t, func(c *mfa.Config) { c.Store = rec; c.Factors = append([]mfa.Factor{f}, c.Factors...) })
	w.enroll(ada)
	flow, option := w.begin(ada)
	asked, err := w.Challenge(bg, flow.Token, option, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := json.Marshal([]any{flow, asked})
	if err != nil {
		t.Fatal(err)
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.saved) < 10 {
		t.Fatalf("%d saves", len(rec.saved))
	}
	for _, m := range w.tower.Messages() {
		for _, saved := range append(rec.saved, string(client)) {
			if strings.Contains(saved, codeIn(t, m)) || strings.Contains(saved, number1[1:]) {
				t.Fatal("a code or a number is in it")
			}
		}
	}
}

// A recording keeps all keys and values that were ever saved.
type recording struct {
	mfa.Store
	mu    sync.Mutex
	saved []string
}

func (r *recording) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	r.mu.Lock()
	r.saved = append(r.saved, key+string(item.Value))
	r.mu.Unlock()
	return r.Store.Save(ctx, key, old, item)
}

// TestA89_EventsHoldNoCodeAndNoNumber: nor do errors.
func TestA89_EventsHoldNoCodeAndNoNumber(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Digits = 10 })
	w.enroll(ada)
	f, option := w.begin(ada)
	code := w.code(f, option)
	_, err := w.Verify(bg, f.Token, mfa.Answer{Option: option, Code: wrong(code)}, mfa.Client{})
	_, early := w.Challenge(bg, f.Token, option, mfa.Client{})
	if !errors.Is(err, mfa.ErrNotValid) || !errors.Is(early, mfa.ErrTooSoon) {
		t.Fatalf("%v, %v", err, early)
	}
	ctx, cancel := context.WithTimeout(bg, 30*time.Second)
	defer cancel()
	if _, err := w.Events.Await(ctx, mfa.EventChallengeSent, 2); err != nil {
		t.Fatal(err)
	}
	told, err := json.Marshal(w.Events.Events())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(told), fmt.Sprintf("%+v", w.Events.Events()), early.Error()} {
		if strings.Contains(text, code) || strings.Contains(text, wrong(code)) || strings.Contains(text, "91234567") {
			t.Errorf("%s", text)
		}
	}
}
