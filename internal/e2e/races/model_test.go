package races_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/e2e/stores"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
	"pgregory.net/rapid"
)

func scan(t interface {
	Helper()
	Fatalf(string, ...any)
}, e mfa.Enrolling, now func() time.Time) *mfatest.Authenticator {
	t.Helper()
	phone, err := mfatest.NewAuthenticator(e.Challenge.(*totp.Challenge).URI, now)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return phone
}

// An app is what the model knows of an enrolment.
type app struct {
	id    string
	phone *mfatest.Authenticator
	last  int64 // the last step that was accepted
	fails int   // in a row
}

func (a *app) step(t time.Time) int64 { return t.Unix() / 30 }

type openFlow struct {
	token string
	began time.Time
	order int
	over  bool
	step  bool // it is a step-up
}

// A life is one user's account, in the engine and in a model that is simple
// enough to be believed.
type life struct {
	clock   *mfatest.Clock
	keys    *mfa.KeyRing
	handles [2]mfa.Store // on the same data
	starts  int
	store   *flaky
	engine  *mfa.Engine
	user    mfa.User
	apps    []*app
	papers  map[string]bool // recovery codes: true while unspent
	pending map[string]*mfatest.Authenticator
	flows   []*openFlow
	begun   int
	session *session
	failed  []time.Time // answers told to be wrong, since the budget was last given back
	saw     map[string]int
}

// A session is the evidence that the host keeps.
type session struct {
	auth     mfa.Authentication
	password time.Time
	factor   time.Time // zero: none
	dead     bool      // something since has voided it
}

var ctx = context.Background()

// skip gives a step up that makes no sense now, for another.
func skip(step *rapid.T, why string) { step.Skip(why) }

func (l *life) newEngine(t *rapid.T) {
	apps, err := totp.New(totp.Config{Issuer: "Model"})
	if err != nil {
		t.Fatal(err)
	}
	l.store.Store = l.handles[l.starts%2]
	l.starts++
	l.engine, err = mfa.New(mfa.Config{Store: l.store, Keys: l.keys, Factors: []mfa.Factor{apps, papers{}}, Now: l.clock.Now,
		Support: func(context.Context, mfa.SupportRequest) error { return nil },
		Wait:    func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *life) now() time.Time { return l.clock.Now() }

// Restart is another process on the same data.
func (l *life) Restart(t *rapid.T) {
	if err := l.engine.Close(ctx); err != nil {
		t.Fatal(err)
	}
	l.newEngine(t)
}

// Wait lets time pass.
func (l *life) Wait(t *rapid.T) {
	l.clock.Advance(rapid.SampledFrom([]time.Duration{time.Second, 29 * time.Second, 30 * time.Second, 31 * time.Second, 30 * time.Second, time.Minute, time.Minute, 2 * time.Minute,
		5 * time.Minute, 11 * time.Minute, time.Hour, 25 * time.Hour, 31 * 24 * time.Hour}).Draw(t, "wait"))
}

func (l *life) dropFlows() {
	for _, f := range l.flows {
		f.over = true
	}
	l.pending = map[string]*mfatest.Authenticator{}
}

// SignIn begins with the password.
func (l *life) SignIn(t *rapid.T) {
	f, err := l.engine.SignIn(ctx, mfa.SignIn{User: l.user, First: mfa.Password})
	if err != nil {
		t.Fatalf("sign in: %v", err)
	}
	l.begun++
	switch {
	case f.Status == mfa.StatusPassed && len(l.apps) == 0:
		l.session = &session{auth: f.Authentication, password: l.now()}
	case f.Status == mfa.StatusChallenge && len(l.apps) > 0:
		l.flows = append(l.flows, &openFlow{token: f.Token, began: l.now(), order: l.begun})
	default:
		t.Fatalf("sign in with %d apps: %s %s", len(l.apps), f.Status, f.Reason)
	}
}

// StepUp asks the session for fresh evidence.
func (l *life) StepUp(t *rapid.T) {
	if l.session == nil {
		skip(t, "nobody is signed in")
	}
	f, err := l.engine.StepUp(ctx, mfa.StepUp{User: l.user, Authentication: l.session.auth, Require: mfa.Requirement{SecondFactor: true, MaxAge: time.Minute}})
	if errors.Is(err, mfa.ErrRequirement) && l.session.dead {
		return
	}
	if err != nil || l.session.dead {
		t.Fatalf("step up: %v, with a session that is dead: %v", err, l.session.dead)
	}
	fresh := !l.session.factor.IsZero() && l.now().Sub(l.session.factor) <= time.Minute
	switch f.Status {
	case mfa.StatusPassed:
		if !fresh {
			t.Fatalf("a step-up passed on a factor of %v", l.session.factor)
		}
	case mfa.StatusChallenge:
		l.begun++
		l.flows = append(l.flows, &openFlow{token: f.Token, began: l.now(), order: l.begun, step: true})
	case mfa.StatusDenied:
		l.begun++
		if len(l.apps) > 0 {
			t.Fatalf("step up denied: %s", f.Reason)
		}
	}
}

// pick takes one of the last flows, over or not.
func (l *life) pick(t *rapid.T) *openFlow {
	if len(l.flows) == 0 {
		skip(t, "no flow")
	}
	l.flows = l.flows[max(0, len(l.flows)-3):]
	return rapid.SampledFrom(l.flows).Draw(t, "flow")
}

func (l *life) pickApp(t *rapid.T) *app {
	if len(l.apps) == 0 {
		skip(t, "no app")
	}
	return rapid.SampledFrom(l.apps).Draw(t, "app")
}

// mayBeGone says whether a flow may rightly be over.
func (l *life) mayBeGone(f *openFlow) bool {
	return f.over || l.now().Sub(f.began) >= 10*time.Minute-time.Second || l.begun-f.order >= 10
}

// passed takes a flow that passed into the model. A factor was proved now.
func (l *life) passed(t *rapid.T, f *openFlow, got mfa.Flow) {
	if got.Status != mfa.StatusPassed {
		t.Fatalf("a right answer: %s %s", got.Status, got.Reason)
	}
	if l.now().Sub(f.began) > 10*time.Minute || f.over {
		t.Fatalf("a flow that is over passed: begun %v, now %v", f.began, l.now())
	}
	a := got.Authentication
	if a.User != l.user.ID || a.AAL() != mfa.AAL2 || len(a.Proofs) < 2 {
		t.Fatalf("passed without two proofs: %+v", a)
	}
	f.over = true
	s := &session{auth: a, factor: l.now()}
	for _, p := range a.Proofs {
		if p.First {
			s.password = p.Time
		}
	}
	l.session = s
}

// refused holds a refusal to what the model knows. right says that the answer was
// one that the model would take.
func (l *life) refused(t *rapid.T, f *openFlow, err error, right bool, fails int) {
	switch {
	case errors.Is(err, mfa.ErrFlowExpired):
		l.saw["flow over"]++
		if !l.mayBeGone(f) {
			t.Fatalf("a flow of %v is gone at %v", f.began, l.now())
		}
		f.over = true
	case errors.Is(err, mfa.ErrLocked):
		l.saw["locked"]++
		if fails < 5 && l.since(time.Hour) < 10 && l.since(31*24*time.Hour) < 75 {
			t.Fatalf("locked after %d failures in a row, %d in an hour, %d in a month", fails, l.since(time.Hour), l.since(31*24*time.Hour))
		}
	case errors.Is(err, mfa.ErrNotValid):
		if right {
			t.Fatalf("a right answer is refused: %v", err)
		}
	case errors.Is(err, mfa.ErrNoOption): // of an app that is gone
		if !f.over {
			t.Fatalf("no option in a flow that is open")
		}
	default:
		t.Fatalf("refused with %v", err)
	}
}

func (l *life) since(d time.Duration) (n int) {
	for _, at := range l.failed {
		if l.now().Sub(at) < d {
			n++
		}
	}
	return n
}

// guess answers with a code of one app, which may be right, spent or wrong.
func (l *life) guess(t *rapid.T, f *openFlow, a *app, code string) {
	now := l.now()
	var step int64 // that this code is right for and unspent
	inWindow := false
	for _, s := range []int64{-1, 0, 1} {
		at := now.Add(time.Duration(s) * 30 * time.Second)
		if a.phone.CodeAt(at) == code {
			inWindow = true
			step = max(step, a.step(at))
		}
	}
	right := inWindow && step > a.last
	got, err := l.engine.Verify(ctx, f.token, mfa.Answer{Option: a.id, Code: code}, mfa.Client{})
	if err == nil {
		if !right {
			t.Fatalf("T-01: a code of step %d was accepted at step %d, after step %d", step, a.step(now), a.last)
		}
		l.saw["code accepted"]++
		a.last, a.fails = step, 0
		l.passed(t, f, got)
		return
	}
	if step != 0 && step <= a.last && errors.Is(err, mfa.ErrNotValid) {
		l.saw["spent code refused"]++
	}
	l.refused(t, f, err, right, a.fails)
	if errors.Is(err, mfa.ErrNotValid) {
		a.fails++
		l.failed = append(l.failed, now)
	}
}

// VerifyRight answers with what the phone shows, or a step beside it.
func (l *life) VerifyRight(t *rapid.T) {
	f, a := l.pick(t), l.pickApp(t)
	off := rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "off")
	l.guess(t, f, a, a.phone.CodeAt(l.now().Add(time.Duration(off)*30*time.Second)))
}

// VerifyAgain answers with a code that was taken before.
func (l *life) VerifyAgain(t *rapid.T) {
	f, a := l.pick(t), l.pickApp(t)
	l.guess(t, f, a, a.phone.CodeAt(time.Unix(a.last*30, 0)))
}

// VerifyWrong guesses, some times in a row.
func (l *life) VerifyWrong(t *rapid.T) {
	f, a := l.pick(t), l.pickApp(t)
	for range rapid.IntRange(1, 7).Draw(t, "times") {
		l.guess(t, f, a, wrongFor(a.phone.CodeAt, l.now()))
	}
}

// Recover answers with a recovery code, spent or not, or with none at all.
func (l *life) Recover(t *rapid.T) {
	codes := append(slices.Sorted(maps.Keys(l.papers)), "no such code")
	l.recover(t, l.pick(t), rapid.SampledFrom(codes).Draw(t, "code"))
}

// RecoverAgain answers a new sign-in with a recovery code that was taken before.
func (l *life) RecoverAgain(t *rapid.T) {
	var spent []string
	for _, code := range slices.Sorted(maps.Keys(l.papers)) {
		if !l.papers[code] {
			spent = append(spent, code)
		}
	}
	if len(spent) == 0 || len(l.apps) == 0 {
		skip(t, "no spent recovery code")
	}
	l.SignIn(t)
	l.recover(t, l.flows[len(l.flows)-1], rapid.SampledFrom(spent).Draw(t, "code"))
}

func (l *life) recover(t *rapid.T, f *openFlow, code string) {
	shown, err := l.engine.Flow(ctx, f.token)
	if err != nil {
		l.refused(t, f, err, true, 0)
		return
	}
	i := slices.IndexFunc(shown.Options, func(o mfa.Option) bool { return o.Method == "recovery" })
	if i < 0 {
		t.Fatalf("no recovery codes among %+v", shown.Options)
	}
	right, known := l.papers[code]
	got, err := l.engine.Verify(ctx, f.token, mfa.Answer{Option: shown.Options[i].ID, Code: code}, mfa.Client{})
	if err == nil {
		if !right {
			t.Fatal("L-03: a recovery code was accepted twice, or after it was replaced")
		}
		l.saw["recovery code accepted"]++
		l.papers[code] = false
		l.passed(t, f, got)
		return
	}
	if known && !right && errors.Is(err, mfa.ErrNotValid) {
		l.saw["spent recovery code refused"]++
	}
	if !errors.Is(err, mfa.ErrLocked) { // its own limit, which guesses at apps do not touch
		l.refused(t, f, err, right, 0)
	}
}

// elsewhere is how many lives of a hundred are led on each store that is not in memory.
const elsewhere = 1

// Whatever happens in whatever order, over a store that fails: a code is
// accepted once, nothing passes or changes without its evidence, limits hold,
// and nothing acknowledged is lost.
func TestModel(t *testing.T) {
	t.Parallel()
	var others [][2]mfa.Store
	for _, name := range slices.Sorted(maps.Keys(stores.All)) {
		if name != "memory" {
			a, b := stores.All[name](t)
			others = append(others, [2]mfa.Store{a, b})
		}
	}
	saw := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		keys, err := mfa.NewKeyRing()
		if err != nil {
			t.Fatal(err)
		}
		faults := rapid.SliceOfN(rapid.SampledFrom([]fault{noFault, conflictUnsaved, conflictSaved, failUnsaved, failSaved}), 7, 50).Draw(t, "faults")
		l := &life{clock: mfatest.NewClock(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)), keys: keys, user: mfa.User{ID: rand.Text(), Name: "ada@example.com"},
			papers: map[string]bool{}, pending: map[string]*mfatest.Authenticator{}, saw: saw}
		l.store = &flaky{faults: faults}
		inMemory := memory.New()
		l.handles = [2]mfa.Store{inMemory, inMemory}
		if n := rapid.IntRange(0, 99).Draw(t, "store") - (100 - elsewhere*len(others)); n >= 0 {
			l.handles = others[n/elsewhere]
			saw["another store"]++
		}
		l.newEngine(t)
		// Most lives begin with an app, so that there is something to lose.
		if rapid.IntRange(0, 3).Draw(t, "begin") > 0 {
			l.SignIn(t)
			l.Enroll(t)
			l.Activate(t)
			l.Check(t)
		}
		t.Repeat(rapid.StateMachineActions(l))
		if err := l.engine.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("seen: %v", saw)
	for _, must := range []string{"code accepted", "spent code refused", "recovery code accepted", "spent recovery code refused", "locked", "confirmation locked", "flow over",
		"changed: enroll", "changed: remove", "changed: recovery codes", "change refused: enroll", "change refused: remove", "another store"} {
		if saw[must] == 0 {
			t.Errorf("no life has seen this: %s", must)
		}
	}
}
