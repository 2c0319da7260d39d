package risk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/policy"
	"github.com/mfakit/mfa/recovery"
	"github.com/mfakit/mfa/risk"
	"github.com/mfakit/mfa/store/memory"
	"github.com/mfakit/mfa/totp"
)

// places knows where a few networks are.
type places struct{ err error }

func (p *places) Lookup(ip netip.Addr) (risk.IPInfo, error) {
	if p.err != nil {
		return risk.IPInfo{}, p.err
	}
	for network, info := range map[string]risk.IPInfo{
		"192.0.2.0/24":    {Country: "NO", City: "Oslo", ASN: 64500, Lat: 59.9, Lon: 10.7, Radius: 20, Located: true},
		"198.51.100.0/24": {Country: "RO", City: "Bucharest", ASN: 64501, Lat: 44.4, Lon: 26.1, Radius: 20, Located: true},
	} {
		if netip.MustParsePrefix(network).Contains(ip) {
			return info, nil
		}
	}
	return risk.IPInfo{}, nil
}

const (
	home   = "192.0.2.10"
	abroad = "198.51.100.66"

	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

// A fleet is processes over one store.
type fleet struct {
	t      *testing.T
	clock  *mfatest.Clock
	store  mfa.Store
	keys   *mfa.KeyRing
	places *places
}

// A process has an engine and a scorer of its own.
type process struct {
	*fleet
	*mfa.Engine
	scorer *risk.Scorer
}

func newFleet(t *testing.T) *fleet {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		t.Fatal(err)
	}
	return &fleet{t, mfatest.NewClock(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)), memory.New(), keys, &places{}}
}

// process is another one, in which an adaptive policy asks.
func (f *fleet) process() *process {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	scorer, err := risk.New(risk.Config{Keys: f.keys, Store: f.store, Intel: f.places, Shadow: -1, Now: f.clock.Now, Logger: log})
	apps, err1 := totp.New(totp.Config{Issuer: "Test"})
	codes, err2 := recovery.New(recovery.Config{})
	if err := errors.Join(err, err1, err2); err != nil {
		f.t.Fatal(err)
	}
	e, err := mfa.New(mfa.Config{
		Store: f.store, Keys: f.keys, Factors: []mfa.Factor{apps, codes}, Risk: scorer, Observers: []mfa.Observer{scorer},
		Policy: &policy.Policy{Rules: policy.Rules{Mode: policy.Adaptive}}, Now: f.clock.Now, Logger: log,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = e.Close(context.Background()) })
	return &process{f, e, scorer}
}

// A person has an account and, in time, an authenticator app.
type person struct {
	user mfa.User
	app  *mfatest.Authenticator
	id   string // of its enrollment
}

func client(ip, agent string) mfa.Client {
	return mfa.Client{App: "web", IP: netip.MustParseAddr(ip), UserAgent: agent}
}

func (p *process) signIn(who person, c mfa.Client) mfa.Flow {
	p.t.Helper()
	f, err := p.SignIn(p.t.Context(), mfa.SignIn{User: who.user, First: mfa.Password, Client: c})
	if err != nil {
		p.t.Fatal(err)
	}
	return f
}

// enter is a whole sign-in, and what the browser keeps of it.
func (p *process) enter(who person, c mfa.Client) (mfa.Flow, mfa.Client) {
	p.t.Helper()
	f := p.signIn(who, c)
	risk := f.Risk
	if f.Status == mfa.StatusChallenge {
		var err error
		if f, err = p.Verify(p.t.Context(), f.Token, mfa.Answer{Option: who.id, Code: who.app.Code()}, c); err != nil {
			p.t.Fatal(err)
		}
		p.clock.Advance(time.Minute)
	}
	if f.Status != mfa.StatusPassed {
		p.t.Fatalf("status %s", f.Status)
	}
	if f.DeviceToken != "" {
		c.DeviceToken = f.DeviceToken
	}
	f.Risk = risk
	return f, c
}

// settled is somebody who has signed in from home for two weeks.
func (p *process) settled(name string) (person, mfa.Client) {
	p.t.Helper()
	who := person{user: mfa.User{ID: name, Name: name, Email: name + "@example.com", EmailVerified: true}}
	c := client(home, firefox)
	f := p.signIn(who, c)
	caller := mfa.Caller{User: who.user, Authentication: f.Authentication, Client: c}
	begun, err := p.Enroll(p.t.Context(), caller, mfa.Enroll{Method: totp.Name})
	if err != nil {
		p.t.Fatal(err)
	}
	if who.app, err = mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, p.clock.Now); err != nil {
		p.t.Fatal(err)
	}
	if _, err = p.Activate(p.t.Context(), caller, begun.ID, mfa.Answer{Code: who.app.Code()}); err != nil {
		p.t.Fatal(err)
	}
	who.id = begun.ID
	p.clock.Advance(time.Minute)
	for range 14 {
		_, c = p.enter(who, c)
		p.clock.Advance(24 * time.Hour)
	}
	return who, c
}

func codes(a mfa.Assessment) (out []string) {
	for _, r := range a.Reasons {
		out = append(out, r.Code)
	}
	return out
}

// The owner on their own device at home is not asked; a stranger with the password,
// abroad, is; and the owner who was abroad and answered is not asked there again.
func TestAdaptive(t *testing.T) {
	p := newFleet(t).process()
	ada, browser := p.settled("ada")
	if f := p.signIn(ada, browser); f.Status != mfa.StatusPassed || f.Risk.Level != mfa.RiskLow {
		t.Errorf("at home: %s, %s %v", f.Status, f.Risk.Level, f.Risk.Reasons)
	}
	stranger := client(abroad, chrome)
	f := p.signIn(ada, stranger)
	if f.Status != mfa.StatusChallenge || f.Risk.Level == mfa.RiskLow || f.Risk.Level == mfa.RiskUnknown {
		t.Fatalf("a stranger: %s, %s %v", f.Status, f.Risk.Level, f.Risk.Reasons)
	}
	var text string
	for _, r := range f.Risk.Reasons {
		text += r.String() + "\n"
	}
	t.Logf("%s, %.1f:\n%s", f.Risk.Level, f.Risk.Score, text)
	p.clock.Advance(12 * time.Hour)
	_, stranger = p.enter(ada, stranger)
	p.clock.Advance(time.Hour)
	if f := p.signIn(ada, stranger); f.Status != mfa.StatusPassed {
		t.Errorf("abroad again: %s, %s %v", f.Status, f.Risk.Level, f.Risk.Reasons)
	}
}

// What one process has learned of a user, another knows at once; what it has learned
// of all users, after the next exchange.
func TestLearnedHereKnownThere(t *testing.T) {
	f := newFleet(t)
	a, b := f.process(), f.process()
	ada, browser := a.settled("ada")
	if got := b.signIn(ada, browser); got.Status != mfa.StatusPassed || got.Risk.Level != mfa.RiskLow {
		t.Errorf("the owner, at another process: %s, %s %v", got.Status, got.Risk.Level, got.Risk.Reasons)
	}
	here, there := a.signIn(ada, client(abroad, chrome)), b.signIn(ada, client(abroad, chrome))
	if here.Risk.Level != there.Risk.Level || fmt.Sprint(codes(here.Risk)) != fmt.Sprint(codes(there.Risk)) {
		t.Errorf("here %s %v, there %s %v", here.Risk.Level, codes(here.Risk), there.Risk.Level, codes(there.Risk))
	}
	for _, p := range []*process{a, b, a} {
		if err := p.scorer.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if here, there := a.scorer.Thresholds(), b.scorer.Thresholds(); here != there || here.Votes == 0 {
		t.Errorf("here %+v, there %+v", here, there)
	}
}

// D-06: a stranger with the password who fails the challenge a thousand times has
// taught the scorer nothing: neither of the owner nor of everybody.
func TestD06_FailuresTeachNothing(t *testing.T) {
	p := newFleet(t).process()
	ada, browser := p.settled("ada")
	stranger := client(abroad, chrome)
	first, before := p.signIn(ada, stranger), p.scorer.Thresholds()
	for range 1000 {
		f := p.signIn(ada, stranger)
		wrong := "000000"
		if wrong == ada.app.Code() {
			wrong = "000001"
		}
		if _, err := p.Verify(t.Context(), f.Token, mfa.Answer{Option: ada.id, Code: wrong}, stranger); err == nil {
			t.Fatal("a wrong code is right")
		}
		p.clock.Advance(time.Minute)
	}
	p.clock.Advance(24*time.Hour - 1000*time.Minute) // the same time of day; the failures themselves are forgotten
	last := p.signIn(ada, stranger)
	if fmt.Sprint(codes(last.Risk)) != fmt.Sprint(codes(first.Risk)) || last.Risk.Score < first.Risk.Score-0.5 {
		t.Errorf("at first %s %.2f %v, at last %s %.2f %v", first.Risk.Level, first.Risk.Score, codes(first.Risk), last.Risk.Level, last.Risk.Score, codes(last.Risk))
	}
	if now := p.scorer.Thresholds(); now != before {
		t.Errorf("the thresholds were %+v and are %+v", before, now)
	}
	if f := p.signIn(ada, browser); f.Status != mfa.StatusPassed || f.Risk.Level != mfa.RiskLow {
		t.Errorf("the owner: %s, %s %.2f %v", f.Status, f.Risk.Level, f.Risk.Score, f.Risk.Reasons)
	}
}

// D-06: while addresses cannot be looked up everybody is asked, the owner too.
func TestD06_ASourceThatFailsAsks(t *testing.T) {
	p := newFleet(t).process()
	ada, browser := p.settled("ada")
	p.places.err = errors.New("the disk is gone")
	f, browser := p.enter(ada, browser)
	if f.Risk.Level != mfa.RiskUnknown || len(f.Authentication.Proofs) != 2 {
		t.Errorf("%s, %d proofs", f.Risk.Level, len(f.Authentication.Proofs))
	}
	p.places.err = nil
	if f, _ := p.enter(ada, browser); f.Risk.Level != mfa.RiskLow || len(f.Authentication.Proofs) != 1 {
		t.Errorf("afterwards %s, %d proofs", f.Risk.Level, len(f.Authentication.Proofs))
	}
}

// "This was not me": the stranger who got past the challenge once is a stranger again.
func TestDisputeUndoesWhatWasLearned(t *testing.T) {
	p := newFleet(t).process()
	ada, browser := p.settled("ada")
	thief := client(abroad, chrome)
	before := p.signIn(ada, thief)
	p.clock.Advance(12 * time.Hour)
	_, thief = p.enter(ada, thief) // with a code that was read out on the telephone
	list, err := p.Activity(t.Context(), ada.user.ID)
	if err != nil || list[0].IP != thief.IP || list[0].Risk == nil {
		t.Fatalf("%+v, %v", list[0], err)
	}
	id := list[0].ID
	p.clock.Advance(12 * time.Hour)
	f, browser := p.enter(ada, browser)
	if err := p.Feedback(t.Context(), mfa.Caller{User: ada.user, Authentication: f.Authentication, Client: browser}, id, mfa.NotMe); err != nil {
		t.Fatal(err)
	}
	p.clock.Advance(24 * time.Hour)
	after := p.signIn(ada, thief)
	if after.Status != mfa.StatusChallenge || fmt.Sprint(codes(after.Risk)) != fmt.Sprint(codes(before.Risk)) {
		t.Errorf("before %s %v, after %s %s %v", before.Risk.Level, codes(before.Risk), after.Status, after.Risk.Level, codes(after.Risk))
	}
	if f, _ := p.enter(ada, browser); len(f.Authentication.Proofs) != 2 {
		t.Error("the owner was not asked after it")
	}
}
