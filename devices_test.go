package mfa_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

const day = 24 * time.Hour

// remembering requires a second proof, and lets browsers be remembered.
func remembering(r mfa.Remember) func(*mfa.Config) {
	return withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: r}
	})
}

// A browser is a client that keeps what it is told to.
type browser struct {
	w *world
	u mfa.User
	mfa.Client
}

func (w *world) browser(u mfa.User, n int) *browser {
	return &browser{w, u, from(n)}
}

// keep takes over the token of a flow.
func (b *browser) keep(f mfa.Flow) mfa.Flow {
	if f.DeviceToken != "" {
		b.DeviceToken = f.DeviceToken
	}
	return f
}

func (b *browser) signIn() mfa.Flow { return b.keep(b.w.signIn(b.u, b.Client)) }

// enter is a whole sign-in, in which the browser may be remembered.
func (b *browser) enter(a *app, remember bool) mfa.Flow {
	b.w.t.Helper()
	f := b.signIn()
	if f.Status == mfa.StatusPassed {
		return f
	}
	out, err := b.w.Verify(bg, f.Token, mfa.Answer{Option: a.id, Code: a.Code(), Remember: remember}, b.Client)
	b.w.want(out, err, mfa.StatusPassed)
	b.w.next()
	return b.keep(out)
}

func (b *browser) session(f mfa.Flow) mfa.Caller {
	return mfa.Caller{User: b.u, Authentication: f.Authentication, Client: b.Client}
}

func TestD01_RememberedBrowserIsAskedNothingAndProvesNothing(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 5 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	if f := b.enter(a, true); f.Authentication.Remembered != "" || f.Authentication.AAL() != mfa.AAL2 {
		t.Fatalf("the flow that asked for it: %+v", f.Authentication)
	}
	f := b.signIn()
	w.want(f, nil, mfa.StatusPassed)
	got := f.Authentication
	if got.AAL() != mfa.AAL1 || got.Remembered == "" || slices.Contains(got.AMR(), "otp") || slices.Contains(got.AMR(), "mfa") {
		t.Errorf("evidence %+v, AMR %v", got, got.AMR())
	}
	c := b.session(f)
	misses(t, w.Satisfies(bg, c, mfa.Requirement{SecondFactor: true}), mfa.MissingSecondFactor)
	if up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: got, Require: mfa.Requirement{SecondFactor: true}, Client: b.Client}); err != nil || up.Status != mfa.StatusChallenge {
		t.Errorf("step-up: %v, %v", up.Status, err)
	}
	_, err := w.Remove(bg, c, a.id)
	misses(t, err, mfa.MissingSecondFactor)
	if list, err := w.Devices(bg, c); err != nil || len(list) != 2 || list[0].ID != got.Remembered || !list[0].Current || list[0].Remembered.IsZero() {
		t.Errorf("devices %+v, %v", list, err)
	}
}

func TestD01_OffUnlessThePolicyGrantsItAndAsksForNoMore(t *testing.T) {
	plain := mfa.Requirement{SecondFactor: true}
	for name, d := range map[string]mfa.Decision{
		"not granted":         {Require: plain},
		"AAL2":                {Require: mfa.Requirement{SecondFactor: true, AAL: mfa.AAL2}, Remember: mfa.Remember{For: day}},
		"phishing resistance": {Require: mfa.Requirement{SecondFactor: true, PhishingResistant: true}, Remember: mfa.Remember{For: day}},
		"a method":            {Require: mfa.Requirement{SecondFactor: true, Methods: []string{"totp"}}, Remember: mfa.Remember{For: day}},
	} {
		t.Run(name, func(t *testing.T) {
			now := mfa.Decision{Require: plain, Remember: mfa.Remember{For: day}}
			w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision { return now }))
			u := person("ada")
			a := w.withApp(u)
			if name == "phishing resistance" {
				w.enrollKey(w.session(u, a), "k")
			}
			b := w.browser(u, 1)
			if f := b.signIn(); f.Remember != day {
				t.Fatalf("granted: %v is offered", f.Remember)
			}
			b.enter(a, true)
			w.want(b.signIn(), nil, mfa.StatusPassed)
			now = d
			if f := b.signIn(); f.Status != mfa.StatusChallenge || f.Remember != 0 {
				t.Errorf("status %s, offers %v", f.Status, f.Remember)
			}
		})
	}
}

func TestD04_RememberedUntilAndNoLonger(t *testing.T) {
	for _, c := range []struct {
		name  string
		grant mfa.Remember
		steps []time.Duration // between sign-ins
		last  mfa.Status
	}{
		{"within", mfa.Remember{For: 5 * day}, []time.Duration{2 * day, 2 * day}, mfa.StatusPassed},
		{"absolute, however often it is used", mfa.Remember{For: 5 * day}, []time.Duration{2 * day, 2 * day, day}, mfa.StatusChallenge},
		{"idle", mfa.Remember{For: 30 * day, Idle: 2 * day}, []time.Duration{day, 2 * day}, mfa.StatusChallenge},
		{"not idle", mfa.Remember{For: 30 * day, Idle: 2 * day}, []time.Duration{day, day, day, day}, mfa.StatusPassed},
		{"30 days at most", mfa.Remember{For: 90 * day}, []time.Duration{20 * day, 10 * day}, mfa.StatusChallenge},
		{"unless it is called insecure", mfa.Remember{For: 90 * day, InsecureLong: true}, []time.Duration{20 * day, 30 * day}, mfa.StatusPassed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, remembering(c.grant))
			u := person("ada")
			a := w.withApp(u)
			b := w.browser(u, 1)
			b.enter(a, true)
			w.clock.Advance(-30 * time.Second) // which enter took
			for i, d := range c.steps {
				w.clock.Advance(d)
				want := mfa.StatusPassed
				if i == len(c.steps)-1 {
					want = c.last
				}
				w.want(b.signIn(), nil, want)
			}
		})
	}
	t.Run("a policy that grants less now", func(t *testing.T) {
		grant := mfa.Remember{For: 30 * day}
		w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
			return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: grant}
		}))
		u := person("ada")
		a := w.withApp(u)
		b := w.browser(u, 1)
		b.enter(a, true)
		grant.For = 2 * day
		w.clock.Advance(day)
		w.want(b.signIn(), nil, mfa.StatusPassed)
		w.clock.Advance(day)
		w.want(b.signIn(), nil, mfa.StatusChallenge)
	})
}

// What changes the security of an account ends the trust in its browsers, both
// what is remembered and what an adaptive policy goes by.
func TestD04_SecurityChangesEndIt(t *testing.T) {
	for name, do := range map[string]func(w *world, b *browser, c mfa.Caller, a *app){
		"password changed": func(w *world, _ *browser, c mfa.Caller, _ *app) { is(w.t, second(w.PasswordChanged(bg, c)), nil) },
		"password reset": func(w *world, b *browser, _ mfa.Caller, _ *app) {
			is(w.t, second(w.PasswordChanged(bg, mfa.Caller{User: b.u})), nil)
		},
		"factor added": func(w *world, _ *browser, c mfa.Caller, _ *app) { w.enrollKey(c, "k2") },
		"factor removed": func(w *world, _ *browser, c mfa.Caller, _ *app) {
			list, _ := w.Enrollments(bg, c.User.ID)
			for _, r := range list {
				if r.Method == "key" {
					is(w.t, second(w.Remove(bg, c, r.ID)), nil)
				}
			}
		},
		"factor replaced": func(w *world, _ *browser, c mfa.Caller, a *app) {
			*a = *w.enroll(c, mfa.Enroll{Replaces: a.id})
		},
		"reset by support": func(w *world, b *browser, _ mfa.Caller, a *app) {
			is(w.t, w.Reset(bg, mfa.Reset{User: b.u, Actor: "carol"}), nil)
			*a = *w.withApp(b.u)
		},
		"recovery code used": func(w *world, b *browser, _ mfa.Caller, a *app) {
			other := w.browser(b.u, 9)
			f := other.signIn()
			out, err := w.verify(f, option(w.t, f, "recovery"), a.codes[0], other.Client)
			w.want(out, err, mfa.StatusPassed)
		},
		"recovery codes made": func(w *world, _ *browser, c mfa.Caller, _ *app) { is(w.t, second(w.RecoveryCodes(bg, c)), nil) },
		"code from support": func(w *world, b *browser, _ mfa.Caller, _ *app) {
			_, _, err := w.IssueBypass(bg, mfa.Bypass{User: b.u, Actor: "carol"})
			is(w.t, err, nil)
		},
		"signed out everywhere": func(w *world, b *browser, _ mfa.Caller, _ *app) {
			is(w.t, w.SignOutEverywhere(bg, b.u, b.Client), nil)
		},
		"forgotten": func(w *world, _ *browser, c mfa.Caller, _ *app) {
			list, err := w.Devices(bg, c)
			is(w.t, err, nil)
			for _, d := range list {
				is(w.t, w.ForgetDevice(bg, c, d.ID), nil)
			}
		},
		"all forgotten": func(w *world, _ *browser, c mfa.Caller, _ *app) { is(w.t, w.ForgetDevices(bg, c), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var known bool
			w := newWorld(t, withPolicy(func(s mfa.Subject) mfa.Decision {
				known = s.Known
				return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: mfa.Remember{For: 30 * day}}
			}))
			u := person("ada")
			a := w.withApp(u)
			w.enrollKey(w.session(u, a), "k")
			w.next()
			b := w.browser(u, 1)
			b.enter(a, true)
			w.want(b.signIn(), nil, mfa.StatusPassed)
			if !known {
				t.Fatal("it is not known")
			}
			owner := w.browser(u, 2)
			do(w, b, owner.session(owner.enter(a, false)), a)
			w.want(b.signIn(), nil, mfa.StatusChallenge)
			if known {
				t.Error("an adaptive policy still takes it for known")
			}
			b.enter(a, false)
			if b.signIn(); !known {
				t.Error("it does not become known again")
			}
		})
	}
}

// The token changes at each sign-in; an old one that comes back is a copy.
func TestD05_TokensRotateAndACopyIsNoticed(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, true)
	thief := *b // a copy of the cookie
	before := b.DeviceToken
	w.want(b.signIn(), nil, mfa.StatusPassed)
	if b.DeviceToken == before {
		t.Fatal("the token is the same")
	}
	// The answer may have been lost: until the new one comes back, the old one is good, and
	// leads to the same new one.
	again := thief
	w.want(again.signIn(), nil, mfa.StatusPassed)
	if again.DeviceToken != b.DeviceToken {
		t.Error("two answers at one moment lead to two tokens")
	}
	w.want(b.signIn(), nil, mfa.StatusPassed)
	// From here on the old one is a copy, and ends both.
	w.want(thief.signIn(), nil, mfa.StatusChallenge)
	w.want(b.signIn(), nil, mfa.StatusChallenge)
	w.drain()
	if got := w.events.ByType(mfa.EventDeviceReused); len(got) != 1 || !got[0].Notice {
		t.Errorf("%d events of a copy: %v", len(got), got)
	}
}

func TestD05_AVeryOldCopyIsNoticedToo(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	b.enter(a, true)
	thief := *b
	for range 5 {
		w.want(b.signIn(), nil, mfa.StatusPassed)
	}
	w.want(thief.signIn(), nil, mfa.StatusChallenge)
	w.want(b.signIn(), nil, mfa.StatusChallenge)
}

func TestD05_OnlyAfterAWholeFlowThatAskedForIt(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	f := b.signIn()
	// A wrong answer that asks is not remembered, and neither is what it asked for.
	_, err := w.Verify(bg, f.Token, mfa.Answer{Option: a.id, Code: w.wrong(a), Remember: true}, b.Client)
	is(t, err, mfa.ErrNotValid)
	out, err := w.verify(f, a.id, a.Code(), b.Client)
	w.want(out, err, mfa.StatusPassed)
	b.keep(out)
	w.next()
	w.want(b.signIn(), nil, mfa.StatusChallenge)
	// A recovery code stands in for what is lost, and is no reason to.
	f = b.signIn()
	out, err = w.Verify(bg, f.Token, mfa.Answer{Option: option(t, f, "recovery"), Code: a.codes[0], Remember: true}, b.Client)
	w.want(out, err, mfa.StatusPassed)
	b.keep(out)
	w.want(b.signIn(), nil, mfa.StatusChallenge)
	// A step-up remembers nothing either.
	c := b.session(b.enter(a, false))
	w.clock.Advance(time.Hour)
	up, err := w.StepUp(bg, mfa.StepUp{User: u, Authentication: c.Authentication, Require: mfa.Requirement{SecondFactor: true, MaxAge: time.Minute}, Client: b.Client})
	w.want(up, err, mfa.StatusChallenge)
	out, err = w.Verify(bg, up.Token, mfa.Answer{Option: a.id, Code: a.Code(), Remember: true}, b.Client)
	w.want(out, err, mfa.StatusPassed)
	w.next()
	w.want(b.signIn(), nil, mfa.StatusChallenge)
}

// One browser, two people: what it is for one says nothing of the other.
func TestD03_TokensAreOfOneUser(t *testing.T) {
	t.Run("A85_cookie of another", func(t *testing.T) {
		w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
		ada, bob := person("ada"), person("bob")
		a, o := w.withApp(ada), w.withApp(bob)
		b := w.browser(ada, 1)
		b.enter(a, true)
		stolen := *b
		stolen.u = bob
		w.want(stolen.signIn(), nil, mfa.StatusChallenge)
		// A86: both may be remembered in one browser.
		stolen.enter(o, true)
		w.want(stolen.signIn(), nil, mfa.StatusPassed)
		b.DeviceToken = stolen.DeviceToken
		w.want(b.signIn(), nil, mfa.StatusPassed)
		if n := len(strings.Split(b.DeviceToken, ".")); n != 2 {
			t.Errorf("%d tokens in one browser", n)
		}
		// Forgetting one does not touch the other.
		is(t, w.SignOutEverywhere(bg, ada, mfa.Client{}), nil)
		w.want(b.signIn(), nil, mfa.StatusChallenge)
		stolen.DeviceToken = b.DeviceToken
		w.want(stolen.signIn(), nil, mfa.StatusPassed)
	})
	t.Run("A85_made up", func(t *testing.T) {
		w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
		u := person("ada")
		a := w.withApp(u)
		b := w.browser(u, 1)
		b.enter(a, true)
		right := b.DeviceToken
		another := func(i int) string { // than the right one has there
			if right[i] == 'A' {
				return "B"
			}
			return "A"
		}
		stranger := another(0) + right[1:]
		for _, token := range []string{"", ".", "AAAA", strings.Repeat("A", 64), right + "A", stranger, strings.Repeat(stranger+".", 6), strings.Repeat("x", 3000),
			right[:63] + another(63)} { // an old token, or a copy's: it ends the device
			c := b.Client
			c.DeviceToken = token
			if f := w.signIn(u, c); f.Status != mfa.StatusChallenge {
				t.Errorf("%.20q (%d bytes) is remembered", token, len(token))
			}
		}
	})
}

// A remembered browser stands for a proof that could be given: who has nothing left is
// no better off in it than elsewhere.
func TestRememberedBrowserOfWhoHasNothingLeft(t *testing.T) {
	implicit := []string{"email"}
	w := newWorld(t, withPolicy(func(mfa.Subject) mfa.Decision {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, Remember: mfa.Remember{For: 30 * day}, Implicit: implicit}
	}))
	u := person("ada")
	b := w.browser(u, 1)
	f := b.signIn()
	mail := option(t, f, "email")
	is(t, second(w.Challenge(bg, f.Token, mail, b.Client)), nil)
	out, err := w.Verify(bg, f.Token, mfa.Answer{Option: mail, Code: w.mail.last().code, Remember: true}, b.Client)
	w.want(b.keep(out), err, mfa.StatusPassed)
	w.want(b.signIn(), nil, mfa.StatusPassed)
	implicit = nil // an address counts no more
	w.want(b.signIn(), nil, mfa.StatusEnroll)
}

func TestD02_TokensAreRandomAndStoredHashed(t *testing.T) {
	w := newWorld(t)
	var err error
	w.keys, err = mfa.NewKeyRingFrom(glass{}, make([]byte, 32)) // the values lie open
	is(t, err, nil)
	w = w.twin(remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	seen := map[string]bool{}
	b.enter(a, true)
	for range 3 {
		raw, err := base64.RawURLEncoding.DecodeString(b.DeviceToken)
		if err != nil || len(raw) != 16+32 || seen[b.DeviceToken] {
			t.Fatalf("token of %d bytes, %v, seen %t", len(raw), err, seen[b.DeviceToken])
		}
		seen[b.DeviceToken] = true
		stored := value(t, w.store, "ada").Value
		for name, part := range map[string][]byte{"token": []byte(b.DeviceToken), "name": raw[:16], "secret": raw[16:]} {
			if bytes.Contains(stored, part) {
				t.Errorf("the %s is stored as it is", name)
			}
		}
		w.want(b.signIn(), nil, mfa.StatusPassed)
	}
	list, err := w.Devices(bg, b.session(b.signIn()))
	if err != nil || len(list) != 2 { // one is from setting the app up
		t.Errorf("%d records, %v", len(list), err)
	}
}

func TestDevices_ListAndForget(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	var list []*browser
	for i := range 3 {
		b := w.browser(u, i+1)
		b.UserAgent, b.Place, b.App = fmt.Sprintf("Browser/%d", i), fmt.Sprintf("Town %d", i), "web"
		b.enter(a, i != 1)
		w.clock.Advance(time.Hour)
		list = append(list, b)
	}
	here := list[2]
	c := here.session(here.enter(a, true))
	got, err := w.Devices(bg, c)
	is(t, err, nil)
	if len(got) != 4 { // one more is from setting the app up
		t.Fatalf("%d devices", len(got))
	}
	if !got[0].Current || got[0].UserAgent != "Browser/2" || got[0].Place != "Town 2" || got[0].App != "web" || got[0].IP != here.IP || got[0].LastSeen.Before(got[1].LastSeen) {
		t.Errorf("first is %+v", got[0])
	}
	if got[1].Remembered.IsZero() == (got[1].UserAgent == "Browser/0") || got[0].Remembered.IsZero() {
		t.Errorf("remembered: %v, %v", got[0].Remembered, got[1].Remembered)
	}
	misses(t, w.ForgetDevices(bg, c), mfa.MissingSecondFactor) // a remembered browser has proved nothing
	is(t, w.ForgetDevice(bg, w.session(u, a), "nobody's"), mfa.ErrNoDevice)
	other := person("bob")
	o := w.withApp(other)
	is(t, w.ForgetDevice(bg, w.session(other, o), got[0].ID), mfa.ErrNoDevice)
	_, err = w.Devices(bg, mfa.Caller{User: u})
	misses(t, err, mfa.MissingSignIn)
}

// A policy may let the session live as long as its browser is remembered, where its
// user has asked for that.
func TestRemember_SessionsToo(t *testing.T) {
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day, Session: true}))
	u := person("ada")
	a := w.withApp(u)
	b := w.browser(u, 1)
	if f := b.enter(a, false); f.Authentication.SessionLifetime != 0 {
		t.Errorf("not asked for: %v", f.Authentication.SessionLifetime)
	}
	if f := b.enter(a, true); f.Authentication.SessionLifetime != 30*day {
		t.Errorf("asked for: %v", f.Authentication.SessionLifetime)
	}
	if f := b.signIn(); f.Authentication.Remembered == "" || f.Authentication.SessionLifetime != 0 {
		t.Errorf("remembered: %v", f.Authentication.SessionLifetime)
	}
}

// A browser's name stands at the end of what it sends, and is what its user knows it by.
func TestDevicesKeepTheBrowsersName(t *testing.T) {
	const system = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	w := newWorld(t, remembering(mfa.Remember{For: 30 * day}))
	u := person("ada")
	a := w.withApp(u)
	chrome, edge := w.browser(u, 1), w.browser(u, 2)
	chrome.UserAgent, edge.UserAgent = system, system+" Edg/142.0.0.0"
	chrome.enter(a, true)
	f := edge.enter(a, true)
	got, err := w.Devices(bg, edge.session(f))
	is(t, err, nil)
	if len(got) < 2 || !strings.HasSuffix(got[0].UserAgent, " Edg/142.0.0.0") || !strings.Contains(got[0].UserAgent, "Macintosh") {
		t.Errorf("devices %+v", got)
	}
	w.drain()
	if n := len(w.events.ByType(mfa.EventNewDevice)); n == 0 {
		t.Error("nobody heard of the other browser")
	}
}
