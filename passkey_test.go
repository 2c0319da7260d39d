package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A page that offers passkeys begins one whenever it is shown, to whomever.
func TestA78_C15_W01_BeginningAPasskeyTouchesNothing(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, _, _ := k.past().withKey(u)
	before := maps.Clone(dump(t, k.spy.Store))
	k.spy.reset()
	tokens, challenges := map[string]bool{}, map[string]bool{}
	for i := range 1000 {
		client := from(i)
		if i%2 == 0 {
			client.DeviceToken = "canary" // a browser that somebody known uses is asked nothing else
		}
		p := k.begin(client)
		tokens[p.Token], challenges[p.Challenge.(passAsked).Challenge] = true, true
		if a := p.Challenge.(passAsked); a.Handle != "" || a.UV || !p.Expires.Equal(k.clock.Now().Add(10*time.Minute)) {
			t.Fatalf("%+v until %v", a, p.Expires)
		}
	}
	if calls := k.spy.calls(); calls != "" {
		t.Errorf("begin: %s", calls)
	}
	if !reflect.DeepEqual(before, dump(t, k.spy.Store)) {
		t.Error("the store is not what it was")
	}
	if len(tokens) != 1000 || len(challenges) != 1000 {
		t.Errorf("%d tokens, %d challenges", len(tokens), len(challenges))
	}
	for _, r := range k.pass.discovered {
		if r.Client.DeviceToken != "" || !r.Now.Equal(k.clock.Now()) {
			t.Fatalf("the factor was told %v", r)
		}
	}
	// What finishes one does: one claim leads to the user.
	p := k.begin(mfa.Client{})
	k.spy.reset()
	f, err := k.FinishPasskey(bg, p.Token, b.sign(p.Challenge), mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	k.drain()
	if n := k.events.Events(); len(n) != 3 {
		t.Errorf("%v", n)
	}
	if calls := k.spy.calls(); calls != "load claim 1, load user 1, save spent 1, save user 1" {
		t.Errorf("finish: %s", calls)
	}
}

func TestPasskeySignsIn(t *testing.T) {
	k := newKeyWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true, AAL: mfa.AAL2}, SessionLifetime: 5 * time.Hour}
	}))
	u := person("u")
	b, id, _ := k.withKey(u)
	b.counts = true
	k.clock.Advance(time.Hour)
	f, err := k.passkey(b, from(1))
	k.want(f, err, mfa.StatusPassed)
	a := f.Authentication
	want := mfa.Proof{Method: "pass", Enrollment: id, First: true, Kind: mfa.Have, AMR: []string{"hwk", "user"}, Time: k.clock.Now(),
		UserVerified: true, PhishingResistant: true}
	if len(a.Proofs) != 1 || !reflect.DeepEqual(a.Proofs[0], want) {
		t.Errorf("%+v", a.Proofs)
	}
	if a.User != "u" || f.User != "u" || a.AAL() != mfa.AAL2 || fmt.Sprint(a.AMR()) != "[hwk user mfa]" || !a.PhishingResistant() || a.Restricted() {
		t.Errorf("%+v", a.Proofs)
	}
	if !a.Time.Equal(k.clock.Now()) || a.SessionLifetime != 5*time.Hour || a.Generation != f.Generation || f.Generation == 0 || f.Purpose != mfa.SigningIn {
		t.Errorf("time %v, lifetime %v, generation %d", a.Time, a.SessionLifetime, a.Generation)
	}
	is(t, second(k.Flow(bg, f.Token)), mfa.ErrFlowExpired)
	is(t, k.Satisfies(bg, mfa.Caller{User: u, Authentication: a}, mfa.Requirement{AAL: mfa.AAL2, PhishingResistant: true, MaxAge: time.Minute}), nil)
	if list, _ := k.Enrollments(bg, "u"); !list[0].LastUsed.Equal(k.clock.Now()) {
		t.Errorf("last used %v", list[0].LastUsed)
	}
	// The browser is known from now on.
	if f.DeviceToken == "" {
		t.Fatal("no device token")
	}
	c := from(1)
	c.DeviceToken = f.DeviceToken
	g, err := k.passkey(b, c)
	if k.want(g, err, mfa.StatusPassed); g.DeviceToken == "" || g.DeviceToken == f.DeviceToken {
		t.Error("a known device keeps its token")
	}
	k.drain()
	for kind, n := range map[mfa.EventType]int{mfa.EventFlowStarted: 3, mfa.EventVerified: 2, mfa.EventFlowPassed: 3, mfa.EventFailed: 0} {
		if got := k.events.ByType(kind); len(got) != n {
			t.Errorf("%d %s, want %d", len(got), kind, n)
		}
	}
}

// what the factor keeps of an answer is kept before the answer is told.
func TestA77_W16_CounterIsKept(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	b.counts = true
	for _, enter := range []func() (mfa.Flow, error){
		func() (mfa.Flow, error) { return k.passkey(b, mfa.Client{}) },
		func() (mfa.Flow, error) { return k.answer(k.signIn(u, mfa.Client{}), b) },
	} {
		for range 2 {
			f, err := enter()
			k.want(f, err, mfa.StatusPassed)
			b.Count--
			_, err = enter() // the same count again
			is(t, err, mfa.ErrNotValid)
		}
	}
	f, err := k.passkey(b, mfa.Client{}, func(a *assertion) { a.Count = 1 << 31 })
	k.want(f, err, mfa.StatusPassed)
	_, err = k.passkey(b, mfa.Client{})
	is(t, err, mfa.ErrNotValid)
}

func TestPasskeyAndPolicies(t *testing.T) {
	second := mfa.Requirement{SecondFactor: true}
	for name, tc := range map[string]struct {
		d       mfa.Decision
		uv      bool
		app     bool // the user has an app besides
		want    mfa.Status
		reason  string
		options []string
		methods []string
	}{
		"nothing is asked":                {d: mfa.Decision{}, want: mfa.StatusPassed},
		"second factor, verified":         {d: mfa.Decision{Require: second}, uv: true, want: mfa.StatusPassed},
		"second factor, verified, an app": {d: mfa.Decision{Require: second}, uv: true, app: true, want: mfa.StatusPassed},
		"second factor, unverified":       {d: mfa.Decision{Require: second}, want: mfa.StatusChallenge, options: []string{"pass", "recovery"}},
		"second factor, unverified, app":  {d: mfa.Decision{Require: second}, app: true, want: mfa.StatusChallenge, options: []string{"totp", "pass", "recovery"}},
		"AAL2, verified":                  {d: mfa.Decision{Require: mfa.Requirement{AAL: 2}}, uv: true, want: mfa.StatusPassed},
		"AAL2, unverified, app":           {d: mfa.Decision{Require: mfa.Requirement{AAL: 2}}, app: true, want: mfa.StatusChallenge, options: []string{"pass"}},
		"AAL3":                            {d: mfa.Decision{Require: mfa.Requirement{AAL: 3}}, uv: true, want: mfa.StatusDenied, reason: mfa.ReasonNoMethod},
		"phishing resistant":              {d: mfa.Decision{Require: mfa.Requirement{PhishingResistant: true}}, want: mfa.StatusPassed},
		"a first factor, fresh":           {d: mfa.Decision{Require: mfa.Requirement{Password: true, MaxAge: time.Minute}}, want: mfa.StatusPassed},
		"that method":                     {d: mfa.Decision{Require: mfa.Requirement{Methods: []string{"pass"}}}, want: mfa.StatusPassed},
		"another method, an app":          {d: mfa.Decision{Require: mfa.Requirement{Methods: []string{"totp"}}}, uv: true, app: true, want: mfa.StatusChallenge, options: []string{"totp"}},
		// The key tells the owner from a stranger.
		"another method, none":   {d: mfa.Decision{Require: mfa.Requirement{Methods: []string{"totp"}}}, uv: true, want: mfa.StatusEnroll, methods: []string{"totp"}},
		"allowed":                {d: mfa.Decision{Require: second, Methods: []string{"totp", "pass"}}, uv: true, want: mfa.StatusPassed},
		"not allowed":            {d: mfa.Decision{Require: second, Methods: []string{"totp"}}, uv: true, app: true, want: mfa.StatusDenied, reason: mfa.ReasonNoMethod},
		"not allowed, no asking": {d: mfa.Decision{Methods: []string{"totp"}}, uv: true, want: mfa.StatusDenied, reason: mfa.ReasonNoMethod},
	} {
		t.Run(name, func(t *testing.T) {
			d := mfa.Decision{}
			k := newKeyWorld(t, silent, withPolicy(func(mfa.Subject) mfa.Decision { return d }))
			u := person("u")
			b, _, _ := k.withKey(u)
			if tc.app {
				k.enroll(k.entered(u, b), mfa.Enroll{})
			}
			b.UV = tc.uv
			d = tc.d
			p := k.begin(mfa.Client{})
			answer := b.sign(p.Challenge)
			f, err := k.FinishPasskey(bg, p.Token, answer, mfa.Client{})
			k.want(f, err, tc.want)
			if f.Reason != tc.reason || !slices.Equal(methods(f.Options), tc.options) || tc.want == mfa.StatusEnroll && !slices.Equal(f.Methods, tc.methods) {
				t.Errorf("%s: options %v, methods %v", f.Reason, methods(f.Options), f.Methods)
			}
			if tc.want != mfa.StatusPassed && (len(f.Authentication.Proofs) > 0 || f.DeviceToken != "") {
				t.Error("evidence of a flow that has not passed")
			}
			// Whatever came of it, the answer is spent.
			_, err = k.FinishPasskey(bg, p.Token, answer, mfa.Client{})
			is(t, err, mfa.ErrFlowExpired)
		})
	}
}

// What the policy asks besides is asked in the same flow.
func TestUnverifiedPasskeyIsAskedForMore(t *testing.T) {
	k := newKeyWorld(t, silent, withPolicy(required))
	u := person("u")
	b, id, c := k.withKey(u)
	a := k.enroll(c, mfa.Enroll{})
	f, err := k.passkey(b, mfa.Client{}, unverified)
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.verify(f, a.id, a.Code(), mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	if p := f.Authentication.Proofs; len(p) != 2 || !p[0].First || p[0].Enrollment != id || p[1].First || p[1].Enrollment != a.id || f.Authentication.AAL() != mfa.AAL1 {
		t.Errorf("%+v", p) // two things that one has
	}
	if fmt.Sprint(f.Authentication.AMR()) != "[hwk otp]" || f.DeviceToken == "" {
		t.Errorf("%v", f.Authentication.AMR())
	}
	// The same key, this time with its user verified.
	f, err = k.passkey(b, mfa.Client{}, unverified)
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.answer(f, b)
	k.want(f, err, mfa.StatusPassed)
	if p := f.Authentication.Proofs; len(p) != 1 || !p[0].First || !p[0].UserVerified || f.Authentication.AAL() != mfa.AAL2 {
		t.Errorf("%+v", p)
	}
}

func TestPasskeyAndRollback(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, _, c := k.withKey(u)
	k.users.min["u"] = c.Authentication.Generation
	f, err := k.passkey(b, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	k.users.min["u"]++
	p := k.begin(mfa.Client{})
	answer := b.sign(p.Challenge)
	f, err = k.FinishPasskey(bg, p.Token, answer, mfa.Client{})
	if k.want(f, err, mfa.StatusDenied); f.Reason != mfa.ReasonRollback {
		t.Errorf("%s", f.Reason)
	}
	_, err = k.FinishPasskey(bg, p.Token, answer, mfa.Client{})
	is(t, err, mfa.ErrFlowExpired)
	k.drain()
	if n := k.notices(mfa.EventRollbackSuspected); len(n) != 1 || n[0].User != "u" || n[0].Email != u.Email {
		t.Errorf("%v", n)
	}
}

// whatever is wrong with a passkey, a stranger hears the same, and
// nothing is stored of it.
func TestA73_A78_C15_W14_WrongPasskeysAreAllAlike(t *testing.T) {
	k := newKeyWorld(t)
	x := k.past()
	u, v, gone := person("u"), person("v"), person("gone")
	mine, _, _ := x.withKey(u)
	removed := newFob()
	id := x.register(x.entered(u, mine), removed, mfa.Enroll{}).Enrollment.ID
	if _, err := x.Remove(bg, x.entered(u, mine), id); err != nil {
		t.Fatal(err)
	}
	theirs, _, _ := x.withKey(v)
	absent, _, _ := x.withKey(gone)
	delete(k.users.users, "gone")
	stranger := newFob()
	reset, _, _ := x.withKey(person("reset"))
	if err := x.Reset(bg, mfa.Reset{User: person("reset"), Actor: "support"}); err != nil {
		t.Fatal(err)
	}
	other := k.begin(mfa.Client{}).Challenge.(passAsked).Challenge
	p := k.begin(mfa.Client{})
	finish := func(b *fob, edits ...func(*assertion)) error {
		_, err := k.FinishPasskey(bg, p.Token, b.sign(p.Challenge, edits...), mfa.Client{})
		return err
	}
	handle := func(s string) func(*assertion) { return func(a *assertion) { a.Handle = s } }
	before := maps.Clone(dump(t, k.spy.Store))
	n := 0
	for what, err := range map[string]error{
		"unknown credential":                finish(stranger),
		"unknown credential, known handle":  finish(stranger, handle(mine.Handle)),
		"removed":                           finish(removed),
		"reset":                             finish(reset),
		"another user's handle":             finish(mine, handle(theirs.Handle)),
		"no handle":                         finish(mine, handle("")),
		"another user's credential":         finish(theirs, handle(mine.Handle)),
		"wrong signature":                   finish(mine, wrongKey),
		"wrong signature, another's handle": finish(mine, wrongKey, handle(theirs.Handle)),
		"another challenge":                 finish(mine, func(a *assertion) { a.Challenge = other }),
		"no challenge":                      finish(mine, func(a *assertion) { a.Challenge = "" }),
		"a user who is gone":                finish(absent),
		"gone, wrong signature":             finish(absent, wrongKey),
	} {
		n++
		if !reflect.DeepEqual(err, error(&mfa.NotValidError{})) {
			t.Errorf("%s: %#v", what, err)
		}
	}
	if !reflect.DeepEqual(before, dump(t, k.spy.Store)) {
		t.Error("something was stored")
	}
	f, err := k.FinishPasskey(bg, p.Token, mine.sign(p.Challenge), mfa.Client{}) // strangers spend nothing
	k.want(f, err, mfa.StatusPassed)
	k.drain()
	if got := k.events.ByType(mfa.EventFailed); len(got) != n || slices.ContainsFunc(got, func(e mfa.Event) bool { return e.Notice || e.Method != "pass" }) {
		t.Errorf("%d failures were told, want %d: %v", len(got), n, got)
	}
}

// a key of one user's answers no other user's flow, whether that has keys or not.
func TestA73_W14_KeysAnswerTheirOwnersOnly(t *testing.T) {
	k := newKeyWorld(t, silent)
	u, v, w := person("u"), person("v"), person("w")
	b, _, _ := k.withKey(u)
	theirs, _, _ := k.withKey(v)
	plain := k.withApp(w)
	for _, handle := range []string{b.Handle, theirs.Handle, ""} {
		_, err := k.answer(k.signIn(v, mfa.Client{}), b, func(a *assertion) { a.Handle = handle })
		is(t, err, mfa.ErrNotValid)
	}
	f := k.signIn(w, mfa.Client{})
	_, err := k.Challenge(bg, f.Token, "pass", mfa.Client{})
	is(t, err, mfa.ErrNoOption)
	own := k.ask(k.signIn(u, mfa.Client{}))
	_, err = k.Verify(bg, f.Token, b.sign(own), mfa.Client{})
	is(t, err, mfa.ErrNoOption)
	f, err = k.answer(k.signIn(v, mfa.Client{}), theirs)
	k.want(f, err, mfa.StatusPassed)
	k.enter(w, plain, mfa.Client{})
}

func TestPasskeysNeedUsersAndADiscoverer(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	p := k.begin(mfa.Client{})
	answer := b.sign(p.Challenge)
	for name, x := range map[string]*world{
		"no Users":      k.world.twin(k.install, func(c *mfa.Config) { c.Users = nil }),
		"no Discoverer": k.world.twin(func(c *mfa.Config) { c.Users = k.users.find }),
	} {
		if _, err := x.BeginPasskey(bg, mfa.Client{}); !errors.Is(err, mfa.ErrMethodNotAllowed) {
			t.Errorf("%s: begin: %v", name, err)
		}
		if _, err := x.FinishPasskey(bg, p.Token, answer, mfa.Client{}); !errors.Is(err, mfa.ErrMethodNotAllowed) {
			t.Errorf("%s: finish: %v", name, err)
		}
	}
	f, err := k.twin(silent).FinishPasskey(bg, p.Token, answer, mfa.Client{}) // any process finishes what another began
	k.want(f, err, mfa.StatusPassed)
}

// notTheClients is an error of the host's: a client that is told 400 would look
// for the fault in what it sent.
func notTheClients(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("error %v", err)
	}
}

func TestPasskeyWhoseUserCannotBeLookedUp(t *testing.T) {
	k := newKeyWorld(t, silent)
	b, _, _ := k.withKey(person("u"))
	p := k.begin(mfa.Client{})
	before := maps.Clone(dump(t, k.spy.Store))
	finish := func() error {
		_, err := k.FinishPasskey(bg, p.Token, b.sign(p.Challenge), mfa.Client{})
		return err
	}
	k.users.err = errWire
	is(t, finish(), errWire)
	k.users.err = nil
	k.users.users["u"] = person("v")
	notTheClients(t, finish())
	long := person("u")
	long.Name = strings.Repeat("x", 1000)
	k.users.users["u"] = long
	notTheClients(t, finish())
	k.users.users["u"] = person("u")
	for _, a := range []mfa.Answer{{}, {Credential: []byte("nonsense")}, {Credential: make([]byte, 64<<10+1)}, {Code: strings.Repeat("1", 129)}} {
		is(t, second(k.FinishPasskey(bg, p.Token, a, mfa.Client{})), mfa.ErrBadInput)
	}
	k.spy.once("load claim", notDone)
	is(t, finish(), mfa.ErrStore)
	k.spy.once("load user", notDone)
	is(t, finish(), mfa.ErrStore)
	k.spy.reset()
	if !reflect.DeepEqual(before, dump(t, k.spy.Store)) {
		t.Error("something was stored")
	}
	is(t, finish(), nil)
	// An engine that ends lets nobody in.
	p = k.begin(mfa.Client{})
	k.drain()
	is(t, finish(), mfa.ErrClosed)
}

// W-16: the signature is right, and yet there is something wrong.
func TestW16_A77_AlarmOfAPasskey(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, id, _ := k.withKey(u)
	b.counts = true
	f, err := k.passkey(b, mfa.Client{}, func(a *assertion) { a.Count = 7 })
	k.want(f, err, mfa.StatusPassed)
	p := k.begin(from(3))
	copied := b.sign(p.Challenge, func(a *assertion) { a.Count = 7 })
	_, err = k.FinishPasskey(bg, p.Token, copied, from(3))
	if !reflect.DeepEqual(err, error(&mfa.NotValidError{})) {
		t.Errorf("%#v", err)
	}
	for range 3 { // spent, and not told again
		_, err = k.FinishPasskey(bg, p.Token, copied, from(3))
		is(t, err, mfa.ErrFlowExpired)
	}
	_, err = k.FinishPasskey(bg, p.Token, b.sign(p.Challenge, func(a *assertion) { a.Count = 8 }), from(3))
	is(t, err, mfa.ErrFlowExpired)
	// The owner is not locked out.
	f, err = k.passkey(b, mfa.Client{}, func(a *assertion) { a.Count = 9 })
	k.want(f, err, mfa.StatusPassed)
	list, _ := k.Activity(bg, "u")
	if !slices.ContainsFunc(list, func(a mfa.Activity) bool {
		return a.Type == mfa.EventCloneSuspected && a.Enrollment == id && a.IP == from(3).IP && a.Method == "pass"
	}) {
		t.Errorf("history: %+v", list)
	}
	k.drain()
	n := k.notices(mfa.EventCloneSuspected)
	if len(n) != 1 || n[0].Enrollment != id || n[0].Label != "Maker's key" || n[0].User != "u" || n[0].Email != u.Email || n[0].Method != "pass" {
		t.Errorf("%+v", n)
	}
}

// W-16: the same as a second factor; the failure counts and the challenge is spent.
func TestW16_AlarmOfASecondFactor(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, id, _ := k.withKey(u)
	beside := newFob()
	k.register(k.entered(u, b), beside, mfa.Enroll{Label: "beside"})
	b.counts = true
	f, err := k.answer(k.signIn(u, mfa.Client{}), b, func(a *assertion) { a.Count = 7 })
	k.want(f, err, mfa.StatusPassed)
	k.clock.Advance(time.Second)
	k.entered(u, beside) // the other one was used last
	f = k.signIn(u, mfa.Client{})
	asked := k.ask(f)
	_, err = k.Verify(bg, f.Token, b.sign(asked, func(a *assertion) { a.Count = 3 }), mfa.Client{})
	if nv := new(*mfa.NotValidError); !asError(err, nv) || (*nv).Alarm != "" || (*nv).Enrollment != "" {
		t.Errorf("%#v", err)
	}
	_, err = k.Verify(bg, f.Token, b.sign(asked, func(a *assertion) { a.Count = 8 }), mfa.Client{})
	is(t, err, mfa.ErrNotValid)
	f, err = k.answer(f, b, func(a *assertion) { a.Count = 8 })
	k.want(f, err, mfa.StatusPassed)
	k.drain()
	if n := k.notices(mfa.EventCloneSuspected); len(n) != 1 || n[0].Enrollment != id || n[0].Label != "Maker's key" {
		t.Errorf("%+v", n)
	}
	if n := k.events.ByType(mfa.EventFailed); len(n) != 2 {
		t.Errorf("%d failures", len(n))
	}
}

// W-16: what a factor accepts although it is odd is told.
func TestW16_AcceptedWithAnAlarm(t *testing.T) {
	k := newKeyWorld(t)
	u := person("u")
	b, id, _ := k.withKey(u)
	f, err := k.passkey(b, mfa.Client{})
	k.want(f, err, mfa.StatusPassed)
	f, err = k.passkey(b, mfa.Client{}, alarming)
	k.want(f, err, mfa.StatusPassed)
	f, err = k.answer(k.signIn(u, mfa.Client{}), b, alarming)
	k.want(f, err, mfa.StatusPassed)
	k.drain()
	n := k.notices(mfa.EventCloneSuspected)
	if len(n) != 2 || n[0].Enrollment != id || n[0].Label != "Maker's key" || n[0].Email != u.Email {
		t.Errorf("%+v", n)
	}
	if v := k.events.ByType(mfa.EventVerified); len(v) != 3 {
		t.Errorf("%d verified", len(v))
	}
}

// An observer's failures are nobody's: a notice comes again.
func TestC21_PasskeyNoticesComeAgain(t *testing.T) {
	k := newKeyWorld(t)
	b, _, _ := k.withKey(person("u"))
	if _, err := k.events.Await(bg, mfa.EventEnrolled, 1); err != nil {
		t.Fatal(err)
	}
	x := k.twin(func(c *mfa.Config) { c.Observers = []mfa.Observer{refusing{}} })
	f, err := x.passkey(b, mfa.Client{}, alarming)
	x.want(f, err, mfa.StatusPassed)
	x.drain()
	y := k.twin() // the first one may still be acknowledging
	if err := y.Redeliver(context.Background(), "u"); err != nil {
		t.Fatal(err)
	}
	if n := y.events.ByType(mfa.EventCloneSuspected); len(n) != 1 {
		t.Errorf("%v", n)
	}
}

// C-08: failures from elsewhere do not make the owner wait in a browser of their own.
func TestC08_PasskeyInAKnownDevice(t *testing.T) {
	k := newKeyWorld(t, silent)
	u := person("u")
	b, _, _ := k.withKey(u)
	f, err := k.passkey(b, from(1))
	k.want(f, err, mfa.StatusPassed)
	known := from(1)
	known.DeviceToken = f.DeviceToken
	a := k.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{})
	elsewhere := k.signIn(u, from(2))
	for range 5 {
		is(t, second(k.verify(elsewhere, a.id, k.wrong(a), from(2))), mfa.ErrNotValid)
	}
	f, err = k.passkey(b, from(3), unverified)
	k.want(f, err, mfa.StatusChallenge)
	is(t, second(k.verify(f, a.id, a.Code(), from(3))), mfa.ErrLocked)
	f, err = k.passkey(b, known, unverified)
	k.want(f, err, mfa.StatusChallenge)
	f, err = k.verify(f, a.id, a.Code(), known)
	if k.want(f, err, mfa.StatusPassed); f.DeviceToken == "" {
		t.Error("the device token is from before the app was enrolled")
	}
}
