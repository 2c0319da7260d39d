package mfa_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// TestC02: a right code is spent once, however many present it at once.
func TestC02_A06_OneOfManyEqualCodesPasses(t *testing.T) {
	for name, engines := range map[string]int{"one process": 1, "two processes": 2} {
		for _, flows := range []string{"one flow", "a flow each"} {
			t.Run(name+", "+flows, func(t *testing.T) {
				w := newWorld(t, silent)
				x := []*world{w, w.twin(silent)}[:engines]
				u := person("u")
				a := w.withApp(u)
				tokens := []mfa.Flow{w.signIn(u, mfa.Client{})}
				if flows != "one flow" {
					for range 9 {
						tokens = append(tokens, w.signIn(u, mfa.Client{}))
					}
				}
				code, n := a.Code(), 200
				passed := make([]bool, n)
				errs := parallel(n, func(i int) error {
					f, err := x[i%engines].verify(tokens[i%len(tokens)], a.id, code, mfa.Client{})
					passed[i] = err == nil && f.Status == mfa.StatusPassed
					return err
				})
				passes := 0
				for _, p := range passed {
					if p {
						passes++
					}
				}
				got := tallyOf(errs, nil, mfa.ErrNotValid, mfa.ErrFlowExpired, mfa.ErrLocked, mfa.ErrBusy)
				t.Logf("passed %d; not valid %d, flow spent %d, locked %d, busy %d", got[0], got[1], got[2], got[3], got[4])
				if passes != 1 || got[0] != 1 || got[5] != 0 {
					t.Errorf("%d passed; %v", passes, got)
				}
			})
		}
	}
}

func TestA11_A13_OneOfManyEqualRecoveryCodesPasses(t *testing.T) {
	w := newWorld(t, silent)
	x := []*world{w, w.twin(silent)}
	u := person("u")
	a := w.withApp(u)
	var flows []mfa.Flow
	for range 10 {
		flows = append(flows, w.signIn(u, mfa.Client{}))
	}
	errs := parallel(100, func(i int) error {
		_, err := x[i%2].verify(flows[i%10], "recovery", a.codes[0], mfa.Client{})
		return err
	})
	if got := tallyOf(errs, nil); got[0] != 1 {
		t.Errorf("%d accepted", got[0])
	}
	list, _ := w.Enrollments(bg, u.ID)
	if list[1].Remaining != 9 {
		t.Errorf("%d left", list[1].Remaining)
	}
}

func TestC03_FiftyFailuresDisable(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	if n := w.disable(u, a.id, func() string { return w.wrong(a) }); n != 50 {
		t.Errorf("disabled after %d answers", n)
	}
	w.clock.Advance(40 * 24 * time.Hour)
	f := w.signIn(u, mfa.Client{})
	_, err := w.verify(f, a.id, a.Code(), mfa.Client{})
	if l := locked(t, err); !l.Disabled || !l.Until.IsZero() {
		t.Errorf("the right code: %+v", l)
	}
	list, _ := w.Enrollments(bg, u.ID)
	if !list[0].Disabled || list[2].Disabled {
		t.Errorf("%+v", list)
	}
	f, err = w.verify(f, b.id, b.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
	w.next()
	// Only binding it anew helps.
	n := w.enroll(mfa.Caller{User: u, Authentication: f.Authentication}, mfa.Enroll{Replaces: a.id})
	w.enter(u, n, mfa.Client{})
	w.drain()
	if n, d := len(w.events.ByType(mfa.EventManyFailures)), len(w.events.ByType(mfa.EventDisabled)); n != 2 || d != 1 { // it takes two days
		t.Errorf("%d notices of failures, %d of disabling", n, d)
	}
}

func TestC04_SuccessResetsOnlyWhatWasUsed(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	b := w.enroll(w.session(u, a), mfa.Enroll{})
	f := w.signIn(u, mfa.Client{})
	for range 4 {
		_, err := w.verify(f, a.id, w.wrong(a), mfa.Client{})
		is(t, err, mfa.ErrNotValid)
	}
	w.enter(u, b, mfa.Client{}) // another app, after another password
	f = w.signIn(u, mfa.Client{})
	_, err := w.verify(f, a.id, w.wrong(a), mfa.Client{})
	var nv *mfa.NotValidError
	if !asError(err, &nv) || nv.AttemptsLeft != 0 {
		t.Errorf("%v: the fifth failure of the first app was forgotten", err)
	}
}

// C-05, A-55, A-61, A-62: neither a resend nor a new flow gives tries back.
func TestC05_ResendAndNewFlowResetNothing(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u := person("u")
	start := w.clock.Now()
	answered := 0
	for range 30 {
		f := w.signIn(u, mfa.Client{})
		id := option(t, f, "email")
		_, err := w.Challenge(bg, f.Token, id, mfa.Client{})
		if err != nil && !errors.Is(err, mfa.ErrTooSoon) && !errors.Is(err, mfa.ErrSendLimit) && !errors.Is(err, mfa.ErrLocked) {
			t.Fatal(err)
		}
		for range 4 {
			_, err := w.verify(f, id, "000000", mfa.Client{})
			if errors.Is(err, mfa.ErrNotValid) {
				answered++
			} else {
				is(t, err, mfa.ErrLocked)
			}
		}
		w.clock.Advance(30 * time.Second)
	}
	t.Logf("30 flows, resends and 120 guesses in %v: %d answered, %d messages", w.clock.Now().Sub(start), answered, w.mail.count())
	if answered > 9 || answered < 5 {
		t.Errorf("%d guesses answered", answered)
	}
	if n := w.mail.count(); n > 10 {
		t.Errorf("%d messages", n)
	}
}

// C-06: guesses spread over paths and factors meet one account limit.
func TestC06_OneLimitOverAllPaths(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	var apps []*app
	for range 3 {
		apps = append(apps, w.enroll(w.session(u, a), mfa.Enroll{}))
	}
	c := w.session(u, a)
	setUp := w.scan(c, mfa.Enroll{})
	count := 0
	try := func(err error) bool {
		if errors.Is(err, mfa.ErrNotValid) {
			count++
			return true
		}
		is(t, err, mfa.ErrLocked)
		return false
	}
	f := w.signIn(u, mfa.Client{})
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: time.Nanosecond}})
	if err == nil && up.Status == mfa.StatusPassed {
		w.clock.Advance(time.Second)
		up, err = w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{Methods: []string{"totp"}, MaxAge: time.Nanosecond}})
	}
	w.want(up, err, mfa.StatusChallenge)
	for range 4 {
		_, err := w.verify(f, apps[0].id, w.wrong(apps[0]), mfa.Client{})
		try(err)
		_, err = w.verify(up, apps[1].id, w.wrong(apps[1]), mfa.Client{})
		try(err)
		_, err = w.verify(f, apps[2].id, w.wrong(apps[2]), mfa.Client{})
		try(err)
		_, err = w.Activate(bg, c, setUp.id, mfa.Answer{Code: w.wrong(setUp)})
		try(err)
	}
	if count != 15 {
		t.Errorf("%d guesses answered within an hour, want the account's 15", count)
	}
	for _, x := range append(apps, a) {
		_, err := w.verify(f, x.id, x.Code(), mfa.Client{})
		is(t, err, mfa.ErrLocked)
		_, err = w.verify(up, x.id, x.Code(), mfa.Client{})
		is(t, err, mfa.ErrLocked)
	}
	_, err = w.Activate(bg, c, setUp.id, mfa.Answer{Code: setUp.Code()})
	is(t, err, mfa.ErrLocked)
	// Recovery codes stand outside.
	f, err = w.verify(f, "recovery", a.codes[0], mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

func TestC06_SetupConfirmationEnds(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	c := mfa.Caller{User: u, Authentication: w.signIn(u, mfa.Client{}).Authentication}
	p := w.scan(c, mfa.Enroll{})
	for i := range 10 {
		_, err := w.Activate(bg, c, p.id, mfa.Answer{Code: w.wrong(p)})
		var nv *mfa.NotValidError
		if !asError(err, &nv) || nv.AttemptsLeft > 9-i {
			t.Fatalf("%d: %v", i, err)
		}
	}
	_, err := w.Activate(bg, c, p.id, mfa.Answer{Code: p.Code()})
	is(t, err, mfa.ErrEnrollmentExpired)
}

func TestC07_A17_ParallelGuesses(t *testing.T) {
	w := newWorld(t, silent)
	x := []*world{w, w.twin(silent)}
	u := person("u")
	a := w.withApp(u)
	var flows []mfa.Flow
	for range 10 {
		flows = append(flows, w.signIn(u, mfa.Client{}))
	}
	code := w.wrong(a)
	errs := parallel(500, func(i int) error {
		_, err := x[i%2].verify(flows[i%10], a.id, code, mfa.Client{})
		return err
	})
	got := tallyOf(errs, mfa.ErrNotValid, mfa.ErrLocked, mfa.ErrBusy)
	t.Logf("of 500 guesses at once %d answered as wrong, %d locked, %d busy", got[0], got[1], got[2])
	if got[0] == 0 || got[0] > 5 || got[3] != 0 {
		t.Errorf("%v", got)
	}
	_, err := w.verify(flows[0], a.id, a.Code(), mfa.Client{})
	is(t, err, mfa.ErrLocked)
}

// many sessions at once are one account.
func TestA18_HundredSessions(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	answered := 0
	for i := range 100 {
		f := w.signIn(u, from(i))
		for range 10 {
			_, err := w.verify(f, a.id, w.wrong(a), from(i))
			if errors.Is(err, mfa.ErrNotValid) {
				answered++
			}
		}
		w.clock.Advance(6 * time.Second)
	}
	t.Logf("1000 guesses in 10 minutes: %d answered", answered)
	if answered > 10 {
		t.Errorf("%d answered", answered)
	}
	w.drain()
	if len(w.events.ByType(mfa.EventLocked)) == 0 {
		t.Error("no event")
	}
}

// A guesser who has the password, for a year, beside an owner who signs in
// every day in a browser that passed before.
func TestC08_AYearOfGuessing(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	home := from(1)
	home.DeviceToken = w.enter(u, a, home).DeviceToken
	if home.DeviceToken == "" {
		t.Fatal("no device token")
	}
	var guesses []time.Time
	slips := rand.New(rand.NewPCG(1, 2))
	day := w.clock.Now()
	for range 365 {
		day = day.Add(24 * time.Hour)
		f := w.signIn(u, home)
		if !f.Options[0].LockedUntil.IsZero() {
			t.Fatalf("%v: the owner is locked until %v", w.clock.Now(), f.Options[0].LockedUntil)
		}
		if slips.IntN(3) == 0 { // a slip of the owner's own
			_, err := w.verify(f, a.id, w.wrong(a), home)
			is(t, err, mfa.ErrNotValid)
		}
		f, err := w.verify(f, a.id, a.Code(), home)
		if w.want(f, err, mfa.StatusPassed); f.DeviceToken != "" {
			t.Fatal("the known device got another token")
		}
		for w.clock.Now().Before(day) {
			f := w.signIn(u, from(2))
			_, err := w.verify(f, a.id, w.wrong(a), from(2))
			if errors.Is(err, mfa.ErrNotValid) {
				guesses = append(guesses, w.clock.Now())
				continue
			}
			l := locked(t, err)
			if l.Disabled {
				t.Fatal("disabled")
			}
			if !l.Until.After(w.clock.Now()) {
				t.Fatal("locked until a time that has passed")
			}
			w.clock.Set(l.Until)
		}
		if w.clock.Now().Before(day) || w.clock.Now().Sub(day) > time.Hour {
			w.clock.Set(day)
		}
	}
	most := 0
	for i, g := range guesses {
		n := 0
		for _, o := range guesses[i:] {
			if o.Sub(g) < 30*24*time.Hour {
				n++
			}
		}
		most = max(most, n)
	}
	t.Logf("a year: %d guesses answered, at most %d in 30 days; chance at 3 codes of a million: %.2f %%", len(guesses), most, float64(len(guesses))*3/1e4)
	if most > 75 || len(guesses) > 75*13 {
		t.Errorf("at most %d in 30 days, %d in a year", most, len(guesses))
	}
}

func TestC08_AGuesserAloneIsStoppedForGood(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	start := w.clock.Now()
	n := w.disable(u, a.id, func() string { return w.wrong(a) })
	took := w.clock.Now().Sub(start)
	t.Logf("disabled after %d guesses and %v", n, took)
	if n != 50 || took < 36*time.Hour {
		t.Errorf("%d guesses in %v", n, took)
	}
}

// C-08: the lock of one factor leaves those that resist phishing usable.
func TestC08_KeysAreNeverBlocked(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	w.enrollKey(w.session(u, a), "k1")
	f := w.signIn(u, mfa.Client{})
	for range 60 {
		_, err := w.Challenge(bg, f.Token, "key", mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Verify(bg, f.Token, mfa.Answer{Option: "key", Credential: []byte("other")}, mfa.Client{})
		is(t, err, mfa.ErrNotValid)
	}
	w.disable(u, a.id, func() string { return w.wrong(a) })
	f = w.signIn(u, mfa.Client{})
	if _, err := w.Challenge(bg, f.Token, "key", mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.Verify(bg, f.Token, mfa.Answer{Option: "key", Credential: []byte("k1")}, mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

func TestC18_FloodOfFlows(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	owner := w.signIn(u, from(1))
	largest := 0
	for range 1000 {
		w.signIn(u, from(2))
		largest = max(largest, len(value(t, w.store, u.ID).Value))
	}
	t.Logf("1000 flows: the value is %d bytes at most", largest)
	if largest > 16<<10 {
		t.Errorf("%d bytes", largest)
	}
	f, err := w.verify(owner, a.id, a.Code(), from(1))
	w.want(f, err, mfa.StatusPassed)
}

func TestC18_TenThousandOperations(t *testing.T) {
	w := newWorld(t, func(c *mfa.Config) { c.Observers = []mfa.Observer{refusing{}} }) // so that the outbox fills, too
	u := person("u")
	u.Attributes = map[string]string{"a": strings.Repeat("x", 1000)}
	u.Name = strings.Repeat("n", 256)
	a := w.withApp(u)
	x := w.twin(silent)
	largest := 0
	for i := range 5_000 { // of two operations or more
		c := mfa.Client{IP: netip.AddrFrom4([4]byte{9, byte(i >> 4), byte(i >> 12), 1}), UserAgent: strings.Repeat("a", 5000), Place: strings.Repeat("p", 500), App: strings.Repeat("b", 500)}
		e := w
		if i%50 != 0 {
			e = x
		}
		f := e.signIn(u, c)
		if i%3 == 0 && f.Status == mfa.StatusChallenge {
			_, _ = e.verify(f, a.id, e.wrong(a), c)
		}
		if i%7 == 0 && f.Status == mfa.StatusChallenge {
			if f, err := e.verify(f, a.id, a.Code(), c); err == nil {
				caller := mfa.Caller{User: u, Authentication: f.Authentication, Client: c}
				e.next()
				_, _ = e.Enroll(bg, caller, mfa.Enroll{Method: "totp", Label: strings.Repeat("ø", 64)})
				_, _ = e.RecoveryCodes(bg, caller)
			}
		}
		w.clock.Advance(time.Minute)
		largest = max(largest, len(value(t, w.store, u.ID).Value))
	}
	list, err := w.Activity(bg, u.ID)
	t.Logf("10000 operations: %d bytes at most, %d entries of history", largest, len(list))
	if err != nil || largest > 96<<10 || len(list) > 60 {
		t.Errorf("%d bytes, %d entries, %v", largest, len(list), err)
	}
}

func TestC18_TooMuchIsRefused(t *testing.T) {
	w := newWorld(t, silent)
	u := person("u")
	a := w.withApp(u)
	c := w.session(u, a)
	f := w.signIn(u, mfa.Client{})
	before := value(t, w.store, u.ID).Version
	long := strings.Repeat("x", 70_000)
	for name, call := range map[string]func() error{
		"code":        func() error { _, err := w.verify(f, a.id, long, mfa.Client{}); return err },
		"code of 129": func() error { _, err := w.verify(f, a.id, strings.Repeat("1", 129), mfa.Client{}); return err },
		"credential": func() error {
			_, err := w.Verify(bg, f.Token, mfa.Answer{Option: a.id, Credential: []byte(long)}, mfa.Client{})
			return err
		},
		"option":       func() error { _, err := w.verify(f, long, "123456", mfa.Client{}); return err },
		"confirmation": func() error { _, err := w.Activate(bg, c, a.id, mfa.Answer{Code: long}); return err },
		"label":        func() error { _, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp", Label: long}); return err },
		"phone": func() error {
			_, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp", Params: mfa.EnrollParams{Phone: long}})
			return err
		},
		"email": func() error {
			_, err := w.Enroll(bg, c, mfa.Enroll{Method: "email", Params: mfa.EnrollParams{Email: long}})
			return err
		},
		"import": func() error {
			_, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp", Params: mfa.EnrollParams{Import: []byte(long)}})
			return err
		},
		"replaces": func() error { _, err := w.Enroll(bg, c, mfa.Enroll{Method: "totp", Replaces: long}); return err },
		"user ID": func() error {
			_, err := w.SignIn(bg, mfa.SignIn{User: person(strings.Repeat("u", 257)), First: mfa.Password})
			return err
		},
		"no user": func() error { _, err := w.SignIn(bg, mfa.SignIn{First: mfa.Password}); return err },
		"control": func() error {
			_, err := w.SignIn(bg, mfa.SignIn{User: mfa.User{ID: "a\nb"}, First: mfa.Password})
			return err
		},
		"not UTF-8": func() error {
			_, err := w.SignIn(bg, mfa.SignIn{User: mfa.User{ID: "u", Name: "\xff"}, First: mfa.Password})
			return err
		},
		"attributes": func() error {
			_, err := w.SignIn(bg, mfa.SignIn{User: mfa.User{ID: "u", Attributes: map[string]string{"a": long}}, First: mfa.Password})
			return err
		},
		"reset": func() error { return w.Reset(bg, mfa.Reset{User: u, Actor: "x", Reason: long}) },
		"caller with a flow": func() error {
			bad := u
			bad.Name = "\xff"
			_, err := w.Remove(bg, mfa.Caller{User: bad, Authentication: c.Authentication, FlowToken: f.Token}, a.id)
			return err
		},
	} {
		if err := call(); !errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("%s: %v", name, err)
		} else if len(err.Error()) > 200 || !strings.HasPrefix(err.Error(), "mfa: ") {
			t.Errorf("%s: %.300s", name, err)
		}
	}
	_, err := w.Flow(bg, long)
	is(t, err, mfa.ErrNoFlow)
	if value(t, w.store, u.ID).Version != before {
		t.Error("something was written")
	}
	for n := range 30 {
		p, err := w.Enroll(bg, c, mfa.Enroll{Method: "key"})
		if err == nil {
			_, err = w.Activate(bg, c, p.ID, mfa.Answer{Credential: fmt.Appendf(nil, "k%d", n)})
		}
		if n < 18 && err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		if n > 18 && !errors.Is(err, mfa.ErrTooMany) {
			t.Fatalf("%d: %v", n, err)
		}
	}
}

// neither factor's failures lock another; the password's are not counted here.
func TestA65_LocksAreApart(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	f := w.signIn(u, mfa.Client{})
	for range 12 {
		_, err := w.verify(f, "recovery", "WRONG", mfa.Client{})
		if err == nil {
			t.Fatal("passed")
		}
	}
	_, err := w.verify(f, "recovery", a.codes[0], mfa.Client{})
	is(t, err, mfa.ErrLocked)
	f, err = w.verify(f, a.id, a.Code(), mfa.Client{})
	w.want(f, err, mfa.StatusPassed)
}

// One guess on each of many stolen passwords, from one network.
func TestC08_SprayFromOneNetwork(t *testing.T) {
	w := newWorld(t)
	thief := from(9)
	const accounts = 120
	apps, users := make([]*app, accounts), make([]mfa.User, accounts)
	known := thief
	for i := range accounts {
		users[i] = person(fmt.Sprint("u", i))
		apps[i] = w.withApp(users[i])
	}
	known.DeviceToken = w.enter(users[0], apps[0], thief).DeviceToken // the owner of this one lives there
	answered := 0
	var first time.Time
	for i := range accounts {
		f := w.signIn(users[i], thief)
		_, err := w.verify(f, apps[i].id, w.wrong(apps[i]), thief)
		if errors.Is(err, mfa.ErrNotValid) {
			answered++
			continue
		}
		if l := locked(t, err); first.IsZero() {
			first = l.Until
		}
	}
	t.Logf("%d accounts, one guess each, at once: %d answered", accounts, answered)
	if answered != 50 || first.Sub(w.clock.Now()) > time.Minute {
		t.Errorf("%d answered, then locked for %v", answered, first.Sub(w.clock.Now()))
	}
	if evs, err := w.events.Await(t.Context(), mfa.EventNetworkFailures, 1); err != nil || evs[0].Count < 50 || evs[0].IP != thief.IP {
		t.Errorf("%v, %v", evs, err)
	}
	// the thief's own success elsewhere gives nothing back.
	w.enter(users[0], apps[0], known) // a known device does not wait
	i := accounts - 1
	f := w.signIn(users[i], thief)
	if _, err := w.verify(f, apps[i].id, w.wrong(apps[i]), thief); err != nil {
		f := w.signIn(users[i-1], thief)
		_, err := w.verify(f, apps[i-1].id, w.wrong(apps[i-1]), thief)
		is(t, err, mfa.ErrLocked)
	}
	// At most about one a minute for the rest of the hour.
	for i := 0; w.clock.Now().Minute() < 59; i++ {
		n := 51 + i%(accounts-51)
		f := w.signIn(users[n], thief)
		if _, err := w.verify(f, apps[n].id, w.wrong(apps[n]), thief); errors.Is(err, mfa.ErrNotValid) {
			answered++
		}
		w.clock.Advance(5 * time.Second)
	}
	t.Logf("within the hour: %d answered", answered)
	if answered > 50+12+60 {
		t.Errorf("%d answered", answered)
	}
	// Elsewhere nobody waits.
	w.enter(users[1], apps[1], from(10))
}

func TestC08_SprayOverTheWholeSystem(t *testing.T) {
	w := newWorld(t)
	const accounts = 300
	guess := func(w *world, i int) error {
		u := person(fmt.Sprint("u", i))
		a := w.withApp(u)
		f := w.signIn(u, from(i))
		_, err := w.verify(f, a.id, w.wrong(a), from(i))
		w.clock.Advance(-30 * time.Second)
		return err
	}
	x := w.twin()
	for i := range 150 {
		is(t, guess(w, i), mfa.ErrNotValid)
	}
	w.drain() // what is counted goes to the store
	if n := len(w.events.ByType(mfa.EventSystemFailures)); n != 0 {
		t.Fatalf("%d alarms at 150 failures", n)
	}
	for i := 150; i < accounts; i++ {
		is(t, guess(x, i), mfa.ErrNotValid)
	}
	evs, err := x.events.Await(t.Context(), mfa.EventSystemFailures, 1)
	if err != nil || evs[0].Count <= 200-16 {
		t.Fatalf("%v, %v", evs, err)
	}
	t.Logf("alarm at %d failures that two processes saw", evs[0].Count)
	// While it is on, a network has fewer tries.
	refused := 0
	for i := range 20 {
		u := person(fmt.Sprint("v", i))
		a := x.withApp(u)
		f := x.signIn(u, from(999))
		if _, err := x.verify(f, a.id, x.wrong(a), from(999)); errors.Is(err, mfa.ErrLocked) {
			refused++
		}
		x.clock.Advance(-30 * time.Second)
	}
	if refused != 15 {
		t.Errorf("%d of 20 refused", refused)
	}
}

// A network's count outlives the process that counted.
func TestC08_NetworkCountIsShared(t *testing.T) {
	w := newWorld(t)
	thief := from(9)
	guess := func(w *world, i int) error {
		u := person(fmt.Sprint("u", i))
		a := w.withApp(u)
		f := w.signIn(u, thief)
		_, err := w.verify(f, a.id, w.wrong(a), thief)
		w.clock.Advance(-30 * time.Second)
		return err
	}
	for i := range 49 {
		is(t, guess(w, i), mfa.ErrNotValid)
	}
	w.drain()
	x := w.twin()
	is(t, guess(x, 100), mfa.ErrNotValid)
	if _, err := x.events.Await(t.Context(), mfa.EventNetworkFailures, 1); err != nil {
		t.Fatal(err)
	}
	is(t, guess(x, 101), mfa.ErrLocked)
}

func TestCloseWhileWorking(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	errs := parallel(20, func(i int) error {
		if i == 7 {
			return w.Close(bg)
		}
		f, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password, Client: from(1)})
		if err == nil {
			_, err = w.verify(f, a.id, w.wrong(a), from(1))
		}
		return err
	})
	for _, err := range errs {
		if err != nil && !errors.Is(err, mfa.ErrClosed) && !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrLocked) && !errors.Is(err, mfa.ErrFlowExpired) {
			t.Error(err)
		}
	}
	_, err := w.SignIn(bg, mfa.SignIn{User: u, First: mfa.Password})
	is(t, err, mfa.ErrClosed)
}

func TestCloseGivesUpWhenToldTo(t *testing.T) {
	stuck := make(chan struct{})
	w := newWorld(t, func(c *mfa.Config) {
		c.Observers = []mfa.Observer{observer(func(context.Context, mfa.Event) error { <-stuck; return nil })}
	})
	w.signIn(person("u"), mfa.Client{})
	ctx, cancel := context.WithCancel(bg)
	cancel()
	is(t, w.Close(ctx), context.Canceled)
	close(stuck)
	w.drain()
}

type observer func(context.Context, mfa.Event) error

func (f observer) Observe(ctx context.Context, e mfa.Event) error { return f(ctx, e) }

func TestLimitsOfSending(t *testing.T) {
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Implicit: []string{"email"}}
	}))
	u := person("u")
	var gaps []time.Duration
	last := w.clock.Now()
	for {
		f := w.signIn(u, mfa.Client{})
		asked, err := w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{})
		var wait *mfa.WaitError
		if asError(err, &wait) {
			if wait.Limit {
				if got := wait.Until.Sub(w.clock.Now()); got <= 0 || got > time.Hour {
					t.Errorf("limit for %v", got)
				}
				break
			}
			w.clock.Set(wait.Until)
			continue
		}
		if err != nil || asked.ResendAt.IsZero() {
			t.Fatal(err)
		}
		gaps = append(gaps, w.clock.Now().Sub(last))
		last = w.clock.Now()
	}
	m := time.Minute
	want := []time.Duration{0, m / 2, m, 2 * m, 4 * m, 8 * m, 8 * m, 8 * m, 8 * m, 8 * m}
	if !slices.Equal(gaps, want) || w.mail.count() != 10 {
		t.Errorf("pauses %v, %d messages", gaps, w.mail.count())
	}
	// A message that could not be handed over stays counted.
	w.clock.Advance(2 * time.Hour)
	w.mail.fail = true
	f := w.signIn(u, mfa.Client{})
	_, err := w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{})
	is(t, err, mfa.ErrDelivery)
	// It is asked for again at once, until the limit.
	for range 8 {
		_, err = w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{})
		is(t, err, mfa.ErrDelivery)
	}
	w.mail.fail = false
	if _, err = w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Challenge(bg, f.Token, option(t, f, "email"), mfa.Client{})
	is(t, err, mfa.ErrSendLimit)
}

// An owner who signs in daily resets the counts in a row, and hears of the
// guesser all the same.
func TestC21_TheOwnerHearsOfAPatientGuesser(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	guesses := 0
	for range 6 {
		for range 9 {
			f := w.signIn(u, mfa.Client{})
			if _, err := w.verify(f, a.id, w.wrong(a), mfa.Client{}); errors.Is(err, mfa.ErrNotValid) {
				guesses++
			}
			w.clock.Advance(20 * time.Minute)
		}
		w.clock.Advance(3 * time.Hour)
		w.enter(u, a, mfa.Client{})
		w.clock.Advance(18 * time.Hour)
	}
	w.drain()
	if n := len(w.events.ByType(mfa.EventManyFailures)); n < guesses/20 || n > 6 {
		t.Errorf("%d guesses in six days, and the owner was told %d times", guesses, n)
	}
}

// Somebody with accounts of their own needs many of them to make their
// neighbours wait.
func TestC08_OwnAccountsDoNotMakeNeighboursWait(t *testing.T) {
	w := newWorld(t)
	victim := person("victim")
	a := w.withApp(victim)
	const accounts = 14
	for i := range accounts {
		o := person(fmt.Sprint("own", i))
		b := w.withApp(o)
		for range 4 {
			_, err := w.verify(w.signIn(o, from(9)), b.id, w.wrong(b), from(9))
			is(t, err, mfa.ErrNotValid)
		}
	}
	w.enter(victim, a, from(9))
}

func TestC18_FloodDoesNotPushOutAKnownDevicesFlow(t *testing.T) {
	w := newWorld(t)
	u := person("u")
	a := w.withApp(u)
	home := from(1)
	home.DeviceToken = w.enter(u, a, home).DeviceToken
	f := w.signIn(u, home)
	for i := range 200 { // from as many networks
		w.signIn(u, mfa.Client{IP: netip.AddrFrom4([4]byte{10, byte(i), 0, 1})})
	}
	f, err := w.verify(f, a.id, a.Code(), home)
	w.want(f, err, mfa.StatusPassed)
}
