package mfa_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/totp"
)

// TestLifeOfAUser is the whole life with the factors that ship.
func TestLifeOfAUser(t *testing.T) {
	w := mfatest.NewEngine(t)
	u := person("ada")
	f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil || f.Status != mfa.StatusPassed || f.Authentication.AAL() != mfa.AAL1 {
		t.Fatalf("before enrolling: %v, %v, AAL %d", f, err, f.Authentication.AAL())
	}
	if !slices.Equal(f.Methods, []string{"totp"}) || len(f.Options) > 0 {
		t.Errorf("methods %v, options %v", f.Methods, f.Options)
	}
	phone, codes := w.EnrollTOTP(t, u)
	if len(codes) != 10 || slices.Contains(codes[1:], codes[0]) {
		t.Fatalf("%d recovery codes", len(codes))
	}

	f, err = w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	if err != nil || f.Status != mfa.StatusChallenge || !slices.Equal(methods(f.Options), []string{"totp", "recovery"}) {
		t.Fatalf("with an app: %v, options %v, %v", f, methods(f.Options), err)
	}
	if f.Authentication.User != "" {
		t.Error("evidence was given out before the second factor")
	}
	f, err = w.Verify(bg, f.Token, phone.Answer(f), mfa.Client{})
	if err != nil || f.Status != mfa.StatusPassed || f.Authentication.AAL() != mfa.AAL2 || f.Authentication.User != "ada" {
		t.Fatalf("with the code: %v, %v", f, err)
	}

	f, _ = w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	f, err = w.Verify(bg, f.Token, mfa.Answer{Option: "recovery", Code: strings.ToLower(codes[3])}, mfa.Client{})
	if err != nil || f.Status != mfa.StatusPassed {
		t.Fatalf("with a recovery code: %v, %v", f, err)
	}
	f, _ = w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	_, err = w.Verify(bg, f.Token, mfa.Answer{Option: "recovery", Code: codes[3]}, mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	list, err := w.Enrollments(bg, "ada")
	if err != nil || len(list) != 2 || list[1].Method != recovery.Name || list[1].Remaining != 9 {
		t.Errorf("enrollments %+v, %v", list, err)
	}
}

func TestRecoveryCodesComeOnce(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	if len(a.codes) != 10 {
		t.Fatalf("%d codes with the first app", len(a.codes))
	}
	c := w.session(u, a)
	if b := w.enroll(c, mfa.Enroll{}); b.codes != nil {
		t.Error("codes with the second app")
	}
	fresh, err := w.RecoveryCodes(bg, w.session(u, a))
	if err != nil || len(fresh) != 10 {
		t.Fatal(err)
	}
	f := w.signIn(u, mfa.Client{})
	_, err = w.verify(f, "recovery", a.codes[0], mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	f, err = w.verify(f, "recovery", fresh[0], mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

func TestWrongCodeSaysWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	for _, left := range []int{4, 3, 2, 1, 0} {
		_, err := w.verify(f, a.id, w.wrong(a), mfa.Client{})
		var nv *mfa.NotValidError
		if !asError(err, &nv) || nv.AttemptsLeft != left {
			t.Fatalf("%v, want %d attempts left", err, left)
		}
	}
	_, err := w.verify(f, a.id, w.wrong(a), mfa.Client{})
	if l := locked(t, err); l.Disabled || !l.Until.After(w.clock.Now()) {
		t.Errorf("locked %+v at %v", l, w.clock.Now())
	}
	seen, err := w.Flow(bg, f.Token)
	if err != nil || seen.Options[0].LockedUntil.IsZero() || !seen.Options[1].LockedUntil.IsZero() {
		t.Errorf("%+v, %v", seen.Options, err)
	}
}

func TestSeveralApps(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{Label: "  Tablet "})
	list, err := w.Enrollments(bg, u.ID)
	if err != nil || len(list) != 3 || list[0].Label != "Authenticator app" || list[2].Label != "Tablet" {
		t.Fatalf("%+v, %v", list, err)
	}
	f := w.signIn(u, mfa.Client{})
	if f.Options[0].ID != a.id || f.Options[2].Method != "recovery" {
		t.Errorf("the one used last comes first, recovery codes last: %+v", f.Options)
	}
	_, err = w.verify(f, a.id, b.Code(), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	f, err = w.verify(f, b.id, b.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	if f = w.signIn(u, mfa.Client{}); f.Options[0].ID != b.id {
		t.Error("the one used last does not come first")
	}
}

func TestPolicyRequiredEnrolsInsideTheSignIn(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("u")
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusEnroll)
	if !slices.Equal(f.Methods, []string{"totp", "email", "key"}) {
		t.Errorf("methods %v", f.Methods)
	}
	a := w.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	if a.flow == nil || a.flow.Status != mfa.StatusPassed || a.flow.Authentication.AAL() != mfa.AAL2 || len(a.codes) != 10 {
		t.Fatalf("%v, %d codes", a.flow, len(a.codes))
	}
	_, err := w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "totp"})
	misses(t, err, mfa.MissingSignIn)
	_, err = w.Flow(bg, f.Token)
	is(t, err, mfa.ErrFlowExpired)
	w.enter(u, a, mfa.Client{})
}

// What is enrolled has to be proved before something better is enrolled.
func TestEnrollOnlyAfterProvingWhatOneHas(t *testing.T) {
	strict := false
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: s.Enrolled(), PhishingResistant: strict}}
	}))
	u := person("u")
	a := w.withApp(u)
	strict = true
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	_, err := w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "key"})
	misses(t, err, mfa.MissingSignIn)
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
	if !slices.Equal(f.Methods, []string{"key"}) {
		t.Errorf("methods %v", f.Methods)
	}
	_, err = w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "totp"})
	is(t, err, mfa.ErrMethodNotAllowed)
	done := w.enrollKey(mfa.Caller{FlowToken: f.Token}, "k1")
	if done.Flow.Status != mfa.StatusPassed || !done.Flow.Authentication.PhishingResistant() {
		t.Errorf("%v", done.Flow)
	}
}

func TestC03_DisabledDoesNotOpenTheEnrollDoor(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	w.disable(u, a.id, func() string { return w.wrong(a) })
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	if !slices.Equal(methods(f.Options), []string{"recovery"}) {
		t.Fatalf("options %v", methods(f.Options))
	}
	is(t, w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: c.Authentication}, mfa.Requirement{SecondFactor: true}), mfa.ErrRequirement)
	// With a recovery code the owner binds a new app in its place.
	f, err := w.verify(f, "recovery", a.codes[0], mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	b := w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Replaces: a.id})
	w.enter(u, b, mfa.Client{})
}

func TestC03_DisabledWithNothingElseIsDenied(t *testing.T) {
	apps, _ := totp.New(totp.Config{Issuer: "Test"})
	w := newWorld(t, withPolicy(required), func(c *mfa.Config) { c.Factors = []mfa.Factor{apps} })
	u := person("u")
	a := w.withApp(u)
	w.disable(u, a.id, func() string { return w.wrong(a) })
	f := w.signIn(u, mfa.Client{})
	if f.Status != mfa.StatusDenied || f.Reason != mfa.ReasonDisabled {
		t.Fatalf("%v", f)
	}
	_, err := w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "totp"})
	misses(t, err, mfa.MissingSignIn)
	seen, err := w.Flow(bg, f.Token)
	w.want(seen, err, mfa.StatusDenied)
	_, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrFlowExpired)
}

// An address that merely counts protects the account as well: guessing at its
// codes until it is disabled must not let the guesser enrol an app instead.
func TestC03_DisabledAddressDoesNotOpenTheEnrollDoor(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u := person("u")
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	w.disable(u, option(t, f, "email"), func() string { return "000000" })
	if f = w.signIn(u, mfa.Client{}); f.Status != mfa.StatusDenied || f.Reason != mfa.ReasonDisabled {
		t.Fatalf("flow is %v, methods %v", f, f.Methods)
	}
}

func TestRollbackIsDenied(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	before := w.signIn(u, mfa.Client{})
	old := value(t, w.store, u.ID)
	a := w.withApp(u)
	f := w.enter(u, a, mfa.Client{})
	if f.Generation <= before.Generation {
		t.Fatalf("generation %d after %d", f.Generation, before.Generation)
	}
	ask := mfa.SignIn{User: u, First: mfa.Password, MinGeneration: f.Generation}
	got, err := w.SignIn(bg, ask)
	w.want(got, err, mfa.StatusChallenge)

	w.drain()
	now := value(t, w.store, u.ID)
	if err := w.store.Save(bg, "user/u", now.Version, mfa.Item{Value: old.Value, Version: 77}); err != nil {
		t.Fatal(err)
	}
	x := w.twin()
	got, err = x.SignIn(bg, ask)
	if w.want(got, err, mfa.StatusDenied); got.Reason != mfa.ReasonRollback {
		t.Errorf("rolled back: %v", got)
	}
	ask.MinGeneration = 0
	got, err = x.SignIn(bg, ask)
	w.want(got, err, mfa.StatusPassed) // not noticed, as documented

	err = mfa.ErrConflict // while the notice of it is being acknowledged
	for errors.Is(err, mfa.ErrConflict) {
		err = w.store.Delete(bg, "user/u", value(t, w.store, u.ID).Version)
	}
	is(t, err, nil)
	ask.MinGeneration = f.Generation
	got, err = x.SignIn(bg, ask)
	if w.want(got, err, mfa.StatusDenied); got.Reason != mfa.ReasonRollback {
		t.Errorf("deleted: %v", got)
	}
	x.drain()
	if n := len(x.events.ByType(mfa.EventRollbackSuspected)); n != 2 {
		t.Errorf("%d notices", n)
	}
}

func TestStepUp(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	auth := w.enter(u, a, mfa.Client{}).Authentication
	ask := mfa.StepUp{User: u, Authentication: auth, Require: mfa.Requirement{SecondFactor: true, MaxAge: 5 * time.Minute}}
	f, err := w.StepUp(bg, ask)
	w.want(f, err, mfa.StatusPassed) // satisfied already
	if f.Token != "" || !slices.EqualFunc(f.Authentication.Proofs, auth.Proofs, sameProof) {
		t.Errorf("%v: %v", f, f.Authentication.Proofs)
	}
	w.clock.Advance(time.Hour)
	f, err = w.StepUp(bg, ask)
	w.want(f, err, mfa.StatusChallenge)
	if f.Purpose != mfa.SteppingUp {
		t.Errorf("purpose %q", f.Purpose)
	}
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	got := f.Authentication
	if len(got.Proofs) != 2 || !got.Proofs[0].First || !got.Proofs[0].Time.Equal(auth.Proofs[0].Time) || !got.Proofs[1].Time.Equal(w.clock.Now()) {
		t.Errorf("old proofs are kept and the new one is new: %+v", got.Proofs)
	}
	if err := w.Satisfies(bg, mfa.Caller{User: mfa.User{ID: u.ID}, Authentication: got}, ask.Require); err != nil {
		t.Error(err)
	}

	ask.Require = mfa.Requirement{Password: true, MaxAge: time.Minute}
	_, err = w.StepUp(bg, ask)
	misses(t, err, mfa.MissingPassword)
	ask.Authentication = w.Reauthenticated(auth, mfa.Password)
	f, err = w.StepUp(bg, ask)
	w.want(f, err, mfa.StatusPassed)

	ask.Require = mfa.Requirement{PhishingResistant: true}
	f, err = w.StepUp(bg, ask)
	if w.want(f, err, mfa.StatusDenied); f.Reason != mfa.ReasonNoMethod {
		t.Errorf("%v", f)
	}
	ask.User = person("other")
	_, err = w.StepUp(bg, ask)
	is(t, err, mfa.ErrCaller)
}

func sameProof(a, b mfa.Proof) bool {
	return a.Method == b.Method && a.Enrollment == b.Enrollment && a.Time.Equal(b.Time)
}

// mailFirst asks for a code to the address on file before a first enrolment.
func mailFirst(s mfa.Subject) mfa.Decision {
	return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, FirstEnrollment: mfa.Requirement{Methods: []string{"email"}}}
}

func TestFirstEnrollmentAsksForMailInsideTheSignIn(t *testing.T) {
	w := newWorld(t, withPolicy(mailFirst))
	u := person("u")
	f := w.signIn(u, mfa.Client{})
	w.want(f, nil, mfa.StatusChallenge)
	_, err := w.Enroll(bg, mfa.Caller{FlowToken: f.Token}, mfa.Enroll{Method: "totp"})
	misses(t, err, mfa.MissingSignIn)
	id := option(t, f, "email")
	if _, err := w.Challenge(bg, f.Token, id, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	if l := w.mail.last(); l.to != u.Email {
		t.Fatalf("sent to %q", l.to)
	}
	f, err = w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusEnroll) // the mail only opens the door: it is not what was required
	a := w.enroll(mfa.Caller{FlowToken: f.Token}, mfa.Enroll{})
	w.want(*a.flow, nil, mfa.StatusPassed)
	if list, _ := w.Enrollments(bg, u.ID); len(list) != 2 {
		t.Errorf("%+v", list)
	}
}

// An address that was asked for before the first enrolment is no second factor
// beside the app that was enrolled then.
func TestFirstEnrollmentMailIsNoSecondFactor(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	x := w.twin(withPolicy(mailFirst))
	f := x.signIn(u, mfa.Client{})
	if got := methods(f.Options); !slices.Equal(got, []string{"totp", "recovery"}) {
		t.Errorf("options %v", got)
	}
	x.enter(u, a, mfa.Client{})
}

func TestFirstEnrollmentAsksForMailInASession(t *testing.T) {
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		d := mailFirst(s)
		d.Require = mfa.AskEnrolled(s).Require
		return d
	}))
	u := person("u")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	_, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp"})
	misses(t, err, mfa.MissingMethod)
	f, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"email"}}})
	w.want(f, err, mfa.StatusChallenge)
	id := option(t, f, "email")
	asked, err := w.Challenge(bg, f.Token, id, mfa.Client{})
	if err != nil || asked.ResendAt.IsZero() || asked.Challenge == nil {
		t.Fatalf("%+v, %v", asked, err)
	}
	f, err = w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	c.Authentication = f.Authentication
	if got := f.Authentication.AAL(); got != mfa.AAL1 {
		t.Errorf("password and mail are AAL%d", got)
	}
	a := w.enroll(c, mfa.Enroll{})
	w.enter(u, a, mfa.Client{})
}

// A faulty factor cannot tell which address there is while it is down.
type faulty struct {
	mailFactor
	down *bool
}

func (f faulty) Enroll(ctx context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if *f.down {
		return mfa.Step{}, errWire
	}
	return f.mailFactor.Enroll(ctx, r)
}

// What counts as enrolled, and the wrong codes that it has seen, outlive a fault of its factor.
func TestAFaultLeavesWhatCountsAsEnrolled(t *testing.T) {
	down := false
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}), func(c *mfa.Config) {
		for i, f := range c.Factors {
			if m, ok := f.(mailFactor); ok {
				c.Factors[i] = faulty{m, &down}
			}
		}
	})
	u := person("ada")
	counted := func() string { return option(t, w.signIn(u, from(1)), "email") }
	id := counted()
	down = true
	_, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password, Client: from(1)})
	is(t, err, errWire)
	down = false
	if now := counted(); now != id {
		t.Errorf("the address counts anew: %s became %s", id, now)
	}
}

func TestImplicitAddress(t *testing.T) {
	on := true
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		d := mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
		if on {
			d.Implicit = []string{"email"}
		}
		return d
	}))
	u := person("u")
	f := w.signIn(u, mfa.Client{})
	id := option(t, f, "email")
	if list, err := w.Enrollments(bg, u.ID); err != nil || len(list) != 0 {
		t.Errorf("listed: %+v, %v", list, err)
	}
	_, err := w.Challenge(bg, f.Token, id, mfa.Client{})
	if err != nil {
		t.Fatal(err)
	}
	f, err = w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)

	// It follows the address on file, and goes with its being verified.
	u.Email = "new@example.com"
	f = w.signIn(u, mfa.Client{})
	w.clock.Advance(time.Hour)
	f = w.signIn(u, mfa.Client{})
	if _, err := w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{}); err != nil || w.mail.last().to != u.Email {
		t.Errorf("%v, sent to %q", err, w.mail.last().to)
	}
	unverified := u
	unverified.EmailVerified = false
	w.want(w.signIn(unverified, mfa.Client{}), nil, mfa.StatusEnroll)

	w.signIn(u, mfa.Client{})
	on = false // the policy does not count it any more
	w.want(w.signIn(u, mfa.Client{}), nil, mfa.StatusEnroll)
}

func TestC30_EveryFirstFactorIsAsked(t *testing.T) {
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u, v := person("u"), person("mailonly")
	w.clock.Advance(time.Second)
	f, _ := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	id := option(t, f, "email")
	if _, err := w.Challenge(bg, f.Token, id, mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.verify(f, id, w.mail.last().code, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{})
	for _, first := range []mfa.First{mfa.Password, mfa.Federated, mfa.EmailLink, mfa.EmailReset, mfa.SMSReset, mfa.DirectorySync} {
		f, err := w.SignIn(bg, mfa.SignIn{User: u, First: first})
		w.want(f, err, mfa.StatusChallenge)
		mailed := first == mfa.EmailLink || first == mfa.EmailReset
		if got := slices.Contains(methods(f.Options), "email"); got == mailed {
			t.Errorf("%s: options %v", first, methods(f.Options))
		}
		if mailed {
			_, err := w.Challenge(bg, f.Token, "email", mfa.Client{})
			is(t, err, mfa.ErrNoOption)
		}
	}
	// Who has nothing but the mailbox that just proved itself has to enrol something else.
	f, err = w.SignIn(bg, mfa.SignIn{User: v, First: mfa.EmailLink})
	w.want(f, err, mfa.StatusEnroll)
	if slices.Contains(f.Methods, "email") {
		t.Errorf("methods %v", f.Methods)
	}
	_, err = w.SignIn(bg, mfa.SignIn{User: u, First: "psychic"})
	is(t, err, mfa.ErrBadInput)
	_, err = w.SignIn(bg, mfa.SignIn{User: u})
	is(t, err, mfa.ErrBadInput)
}

// A method that the policy has dropped still tells the owner from a stranger.
func TestC10_DroppedMethodIsProvedBeforeABetterOneIsEnrolled(t *testing.T) {
	strict := false
	w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
		if strict {
			return mfa.Decision{Require: mfa.Requirement{PhishingResistant: true}, Methods: []string{"key"}}
		}
		return mfa.AskEnrolled(s)
	}))
	u := person("u")
	a := w.withApp(u)
	strict = true
	f := w.signIn(u, mfa.Client{})
	if f.Status != mfa.StatusChallenge || f.Options[0].ID != a.id {
		t.Fatalf("%v %v", f.Status, f.Options)
	}
	f, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusEnroll)
}
