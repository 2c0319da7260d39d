package pages_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfahttp/pages"
	"github.com/mfakit/mfa/words"
	"net/netip"
)

// A scorer says the same of every sign-in.
type scorer struct{ said mfa.Assessment }

func (s *scorer) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	return s.said, nil, nil
}
func (*scorer) Learn(h, _ []byte, _ string) ([]byte, []byte, error) { return h, nil, nil }
func (*scorer) Unlearn(h []byte, _ string) ([]byte, []byte, error)  { return h, nil, nil }
func (*scorer) Count([]byte)                                        {}

// placed is a host that knows a place for every address, and scores.
func placed(place string, said mfa.Assessment) change {
	return change{
		engine: func(c *mfa.Config) { c.Risk = &scorer{said} },
		api:    func(c *mfahttp.Config) { c.Place = func(netip.Addr) string { return place } },
	}
}

func TestActivityIsToldInWords(t *testing.T) {
	risky := mfa.Assessment{Level: mfa.RiskHigh, Score: 5, Reasons: []mfa.RiskReason{
		{Code: "tor", Text: "through the Tor network", Weight: 3},
		{Code: "of_the_host", Text: "on a <b>borrowed</b> bicycle", Usual: "you usually walk", Weight: 2},
		{Code: "known_device", Text: "on a remembered device", Weight: -2},
	}}
	h := newHost(t, placed("Oslo, Norway", risky))
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	p := b.get(b.get("/account/settings").link("Show all activity")).want(200, "Your activity")
	for _, want := range []string{"Signed in", "Firefox on Linux", "Oslo, Norway, 192.0.2.7", "Very unusual", "Through the Tor network.",
		"On a <b>borrowed</b> bicycle", "You usually walk.", "Authenticator app added", "12:00 UTC"} {
		p.says("activity", want)
	}
	if got := p.id("activity").words(); strings.Contains(got, "emembered device") {
		t.Errorf("what speaks for its owner is told as a reason: %s", got)
	}
	p.without("<b>borrowed")
	if got := p.class("badge"); len(got) == 0 || got[0] != "Very unusual" {
		t.Errorf("the badges: %q", got)
	}
}

// What a scorer says that decides nothing yet is support's to read.
func TestShadowIsNotTold(t *testing.T) {
	h := newHost(t, placed("", mfa.Assessment{Level: mfa.RiskHigh, Shadow: true, Reasons: []mfa.RiskReason{{Code: "tor", Text: "through the Tor network", Weight: 3}}}))
	h.as("ada", h.member("ada")).get("/account/settings/activity").without("Very unusual", "Tor network")
}

// A host that knows more of browsers names them.
func TestHostNamesBrowsers(t *testing.T) {
	h := newHost(t, change{pages: func(c *pages.Config) {
		c.Devices = func(agent string) string { return "a fox, version " + agent[len(agent)-5:] }
	}})
	b := h.signedIn("ada", h.member("ada"))
	b.get("/account/settings/activity").says("activity", "a fox, version 128.0")
	b.get("/account/settings/devices").says("devices", "a fox, version 128.0")
}

// Places, agents and labels are somebody else's words.
func TestHostileActivityIsText(t *testing.T) {
	for _, text := range hostile {
		t.Run("", func(t *testing.T) {
			h := newHost(t, placed(text, mfa.Assessment{Level: mfa.RiskHigh, Reasons: []mfa.RiskReason{{Code: "x", Text: text, Usual: text, Weight: 1}}}),
				change{pages: func(c *pages.Config) { c.Devices = func(agent string) string { return agent } }})
			phone := h.member("ada")
			b := h.browser()
			b.header.Set("User-Agent", text)
			b.login("ada").submit("/account/challenge", "code", h.code(phone))
			for _, path := range []string{"/account/settings/activity", "/account/settings/devices", "/account/settings"} {
				p := b.get(path).want(200, "")
				if strings.ContainsAny(text, `<"`) {
					p.without(text)
				}
				for _, n := range p.root.all(named("script", "img", "svg", "title")) {
					if n.name == "img" || n.name == "script" && n.attr["src"] == "" || n.attr["onload"] != "" || n.name == "title" && strings.Contains(n.words(), "alert") {
						t.Errorf("%s: <%s>:\n%s", path, n.name, p.body)
					}
				}
			}
		})
	}
}

func TestSignInIsDisputed(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b, stranger := h.signedIn("ada", phone), h.signedIn("ada", phone)
	p := b.get("/account/settings/activity")
	form := p.root.first(func(n *node) bool { return n.name == "form" && strings.HasSuffix(n.attr["action"], "/dispute") })
	if form == nil || !strings.Contains(form.words(), "Everybody is signed out, you too") {
		t.Fatalf("its consequences are not told:\n%s", p.body)
	}
	done := p.submit(form.attr["action"]).want(200, "Everybody is signed out")
	if got := done.link("Sign in"); got != "/login" {
		t.Errorf("it leads to %s", got)
	}
	if len(h.told) != 1 || h.told[0] != "id-ada" {
		t.Errorf("the host was told of %v", h.told)
	}
	for _, who := range []*browser{b, stranger} {
		if p := who.get("/account/settings"); !strings.HasPrefix(p.path, "/login") {
			t.Errorf("still signed in: %s", p.path)
		}
	}
	again := h.signedIn("ada", phone).get("/account/settings/activity")
	again.says("activity", "Not you")
	again.b.post(form.attr["action"]).want(200, "")
	if len(h.told) != 1 {
		t.Errorf("the host was told %d times", len(h.told))
	}
}

// Another's sign-in, or none, cannot be disputed.
func TestA35_AnothersSignInIsLikeNone(t *testing.T) {
	h := newHost(t)
	adas := h.signedIn("ada", h.member("ada")).get("/account/settings/activity")
	path := adas.root.first(func(n *node) bool { return n.name == "form" && strings.HasSuffix(n.attr["action"], "/dispute") }).attr["action"]
	eve := h.as("eve", h.member("eve"))
	eve.post(path).want(404, "That did not work")
	eve.post("/account/settings/activity/none/dispute").want(404, "That did not work")
	eve.get("/account/settings").want(200, "Security settings")
	if len(h.told) != 0 {
		t.Errorf("the host was told of %v", h.told)
	}
}

func TestBrowsersAreListedAndForgotten(t *testing.T) {
	d := required()
	d.Remember = mfa.Remember{For: 30 * day}
	h := newHost(t, under(d), placed("Oslo, Norway", mfa.Assessment{}))
	phone := h.member("ada")
	b := h.browser()
	b.login("ada").submit("/account/challenge", "code", h.code(phone), "remember", "yes")
	other := h.signedIn("ada", phone)
	p := b.get("/account/settings/devices").want(200, "Your browsers")
	for _, want := range []string{"Firefox on Linux", "This browser", "Not asked until", "Oslo, Norway, 192.0.2.7", "Asked at each sign-in", "First seen 1 January 2026"} {
		p.says("devices", want)
	}
	here := p.root.all(func(n *node) bool { return n.name == "li" && strings.Contains(n.words(), "This browser") })
	if len(here) != 1 || !strings.Contains(here[0].words(), "Not asked until") {
		t.Errorf("the wrong one is this browser:\n%s", p.body)
	}
	forms := p.root.all(func(n *node) bool { return n.name == "form" && strings.HasSuffix(n.attr["action"], "/forget") })
	if len(forms) < 2 {
		t.Fatalf("%d browsers can be forgotten", len(forms))
	}
	// Another's is like one that is gone already.
	eve := h.signedIn("eve", h.member("eve"))
	eve.post(forms[0].attr["action"]).want(200, "Your browsers")
	if got := b.get("/account/settings/devices").root.all(func(n *node) bool { return strings.HasSuffix(n.attr["action"], "/forget") }); len(got) != len(forms) {
		t.Error("somebody else has forgotten it")
	}
	p = p.submit(forms[0].attr["action"]).want(200, "Your browsers")
	if got := p.class("notice"); len(got) != 1 || !strings.HasPrefix(got[0], "Forgotten") {
		t.Errorf("the notice: %q", got)
	}
	p.submit("/account/settings/devices/forget-all").want(200, "Your browsers").says("devices", "None.")
	// The history knows it by an identifier, which says nothing to anybody.
	id := strings.Split(here[0].first(named("form")).attr["action"], "/")[4]
	b.get("/account/settings/activity").says("activity", "Browser remembered").without(id[:6])
	other.get("/account/settings").want(200, "") // forgotten, and signed in
}

func TestEverybodyIsSignedOut(t *testing.T) {
	h := newHost(t)
	phone := h.member("ada")
	b, other := h.signedIn("ada", phone), h.signedIn("ada", phone)
	h.Clock.Advance(time.Hour) // it asks for no fresh proof
	h2 := b.copy()
	done := b.post("/account/settings/sign-out-everywhere").want(200, "You are signed out everywhere")
	if got := done.link("Sign in"); got != "/login" {
		t.Errorf("it leads to %s", got)
	}
	if b.cookies["session"] != "" {
		t.Error("the session goes on")
	}
	for _, who := range []*browser{b, other, h2} {
		if p := who.get("/account/settings"); !strings.HasPrefix(p.path, "/login") {
			t.Errorf("still signed in: %s", p.path)
		}
	}
}

func TestResetIsCancelled(t *testing.T) {
	h := newHost(t, under(&mfa.Decision{Require: mfa.Requirement{SecondFactor: true}, DelayedReset: 72 * time.Hour}))
	phone := h.member("ada")
	b := h.signedIn("ada", phone)
	if p := b.get("/account/settings"); p.id("reset") != nil {
		t.Fatalf("a reset, of which nobody knows:\n%s", p.body)
	}
	thief := h.browser()
	thief.login("ada")
	if p := thief.send("POST", "/mfa/recovery", "", "Content-Type", "application/json"); p.status != 202 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	p := b.get("/account/settings").says("reset", "Somebody has asked for a reset")
	done := b.get(p.link("Cancel the reset")).want(200, "Somebody has asked for a reset").submit("keep").at("/account/settings")
	if got := done.class("notice"); len(got) != 1 || !strings.Contains(got[0], "cancelled") || done.id("reset") != nil {
		t.Errorf("%q:\n%s", got, done.body)
	}
	b.post("/account/settings/reset/cancel").at("/account/settings") // there is none any more
}

// Each event that a history may hold has words, and each method its own where it is said.
func TestEveryEventHasWords(t *testing.T) {
	l := words.Default().Pick("en")
	for _, e := range []mfa.EventType{
		mfa.EventFlowStarted, mfa.EventFlowPassed, mfa.EventFlowDenied, mfa.EventChallengeSent, mfa.EventChallengeUnsent, mfa.EventVerified, mfa.EventFailed,
		mfa.EventLocked, mfa.EventManyFailures, mfa.EventDisabled, mfa.EventEnrolled, mfa.EventReplaced, mfa.EventRenamed, mfa.EventRemoved,
		mfa.EventRecoveryCodes, mfa.EventRecoveryUsed, mfa.EventReset, mfa.EventErased, mfa.EventPasswordChanged, mfa.EventRollbackSuspected, mfa.EventNewDevice,
		mfa.EventDeviceRemembered, mfa.EventDeviceForgotten, mfa.EventDeviceReused, mfa.EventSignedOut, mfa.EventSkipped, mfa.EventImported,
		mfa.EventServiceInteractive, mfa.EventApproved, mfa.EventResetRequested, mfa.EventResetCanceled, mfa.EventResetReady, mfa.EventBypassIssued,
		mfa.EventBypassUsed, mfa.EventUndone, mfa.EventVerdict, mfa.EventCloneSuspected, mfa.EventSendLimit,
	} {
		if !l.Has("page.activity." + string(e)) {
			t.Errorf("%s has no words", e)
		}
	}
	for _, level := range []mfa.RiskLevel{mfa.RiskLow, mfa.RiskUnknown, mfa.RiskElevated, mfa.RiskHigh, mfa.RiskSevere} {
		if !l.Has("page.risk." + string(level)) {
			t.Errorf("%s has no words", level)
		}
	}
}
