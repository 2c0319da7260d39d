package mfahttp_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// A seer is a scorer that says what it is told to, and keeps what it was shown.
type seer struct {
	mu   sync.Mutex
	says mfa.Assessment
	err  error
	seen []mfa.Attempt
}

func (s *seer) Score(_ context.Context, a mfa.Attempt, _ []byte) (mfa.Assessment, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, a)
	return s.says, nil, s.err
}

func (*seer) Learn(history, _ []byte, _ string) ([]byte, []byte, error) { return history, nil, nil }
func (*seer) Unlearn(history []byte, _ string) ([]byte, []byte, error)  { return history, nil, nil }
func (*seer) Count([]byte)                                              {}

// say changes what it says from now on.
func (s *seer) say(a mfa.Assessment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says, s.err = a, err
}

// last is the client of the sign-in that was shown last.
func (s *seer) last(t *testing.T) mfa.Client {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 {
		t.Fatal("nothing was scored")
	}
	return s.seen[len(s.seen)-1].Client
}

func scored(s *seer) func(*mfa.Config) { return func(c *mfa.Config) { c.Risk = s } }

// abroad is an assessment whose every part can be found again.
func abroad(level mfa.RiskLevel) mfa.Assessment {
	return mfa.Assessment{Level: level, Score: 7.25, Place: "Cluj, Romania", Reasons: []mfa.RiskReason{
		{Code: "new_country", Text: "first time from Romania", Usual: "you usually sign in from Norway", Weight: 5.5},
		{Code: "usual_time", Text: "at an hour at which you often sign in", Usual: "you usually sign in at noon", Weight: -1.125},
		{Code: "new_device", Text: "a browser that was not seen before", Usual: "you usually have Firefox", Weight: 2.875},
	}}
}

// seenAbroad is abroad as a flow says it.
var seenAbroad = []any{
	map[string]any{"code": "new_country", "text": "first time from Romania"},
	map[string]any{"code": "new_device", "text": "a browser that was not seen before"},
}

// risk is what a flow says of it.
func (r reply) risk(t *testing.T) (level string, reasons []any) {
	t.Helper()
	risk, ok := r.json["risk"].(map[string]any)
	if !ok {
		t.Fatalf("no risk: %s", r.Body)
	}
	for name := range maps.Keys(risk) {
		if name != "level" && name != "reasons" {
			t.Errorf("%s in %s", name, r.Body)
		}
	}
	level, _ = risk["level"].(string)
	if reasons, ok = risk["reasons"].([]any); !ok {
		t.Errorf("reasons are no list: %s", r.Body)
	}
	return level, reasons
}

func same(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !maps.Equal(a[i].(map[string]any), b[i].(map[string]any)) {
			return false
		}
	}
	return true
}

// Whoever is signing in may be a stranger with the password.
func TestD06_WhoeverSignsInIsNotToldWhatIsUsual(t *testing.T) {
	s, d := &seer{}, &mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
	site := newSite(t, under(d), scored(s), withKeys(&keyFactor{}))
	b, n := site.browser(), site.native()
	check := func(r reply, status string) {
		t.Helper()
		if level, reasons := r.risk(t); level != "elevated" || !same(reasons, seenAbroad) || r.text("status") != status {
			t.Errorf("%s", r.Body)
		}
	}
	s.say(abroad(mfa.RiskElevated), nil)
	check(b.login(t, "ada"), "enroll")
	check(b.send(t, "GET", "/mfa/flow", ""), "enroll")
	begun := b.send(t, "POST", "/mfa/enrollments", `{"method":"webauthn"}`).want(t, 201, "")
	done := b.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", begun.answerTo(t, "key", "good")).want(t, 200, "")
	check(reply{done.ResponseRecorder, done.json["flow"].(map[string]any)}, "passed")

	began := n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native")
	check(began, "challenge")
	n.header.Set("Authorization", "Bearer "+began.text("token"))
	check(n.send(t, "GET", "/mfa/flow", ""), "challenge")
	option := began.option(t, "webauthn")
	asked := n.send(t, "POST", "/mfa/flow/challenge", `{"option":"`+option+`"}`).want(t, 200, "")
	check(n.send(t, "POST", "/mfa/flow/continue", ""), "challenge")
	answer := `{"option":"` + option + `",` + asked.answerTo(t, "key", "good")[1:]
	check(n.send(t, "POST", "/mfa/flow/verify", answer).want(t, 200, ""), "passed")

	p := site.browser()
	check(p.finishPasskey(t, p.beginPasskey(t).answerTo(t, "key", "good")).want(t, 200, ""), "passed")

	s.say(abroad(mfa.RiskSevere), nil)
	d.DenySevere = true
	denied := p.login(t, "ada")
	if level, reasons := denied.risk(t); level != "severe" || !same(reasons, seenAbroad) || denied.text("status") != "denied" || denied.text("reason") != "risk" {
		t.Errorf("%s", denied.Body)
	}
	p.send(t, "GET", "/mfa/flow", "").risk(t)

	for name, c := range map[string]*client{"browser": b, "native": n, "passkey": p} {
		for _, secret := range []string{"usual", "Norway", "noon", "Firefox", "7.25", "5.5", "2.875", "1.125", "often", "score", "weight"} {
			if strings.Contains(c.all.String(), secret) {
				t.Errorf("%s is told %q", name, secret)
			}
		}
	}
}

func TestWhichRiskAFlowSays(t *testing.T) {
	s := &seer{}
	site := newSite(t, scored(s))
	b := site.browser()
	for _, c := range []struct {
		name    string
		says    mfa.Assessment
		err     error
		level   string // empty: nothing is said
		reasons []any
	}{
		{"low, without what spoke for the user", abroad(mfa.RiskLow), nil, "low", nil},
		{"elevated", abroad(mfa.RiskElevated), nil, "elevated", seenAbroad},
		{"high", abroad(mfa.RiskHigh), nil, "high", seenAbroad},
		{"severe, where the policy does not deny it", abroad(mfa.RiskSevere), nil, "severe", seenAbroad},
		{"a scorer that fails", mfa.Assessment{}, errors.New("no data"), "unknown", nil},
		{"one that decides nothing", mfa.Assessment{Level: mfa.RiskHigh, Shadow: true, Reasons: abroad("").Reasons}, nil, "", nil},
		{"one that decides nothing, and fails", mfa.Assessment{Shadow: true}, errors.New("no data"), "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.say(c.says, c.err)
			r := b.login(t, "ada")
			if c.level == "" {
				if r.json["risk"] != nil {
					t.Errorf("%s", r.Body)
				}
				return
			}
			if level, reasons := r.risk(t); level != c.level || !same(reasons, c.reasons) {
				t.Errorf("%s", r.Body)
			}
		})
	}
	// A step-up is scored by nobody.
	s.say(abroad(mfa.RiskElevated), nil)
	if r := b.send(t, "POST", "/mfa/stepup", "").want(t, 200, ""); r.json["risk"] != nil {
		t.Errorf("%s", r.Body)
	}
	if r := another(t).browser().login(t, "ada"); r.json["risk"] != nil {
		t.Errorf("without a scorer: %s", r.Body)
	}
}

// What a client says of its own address changes nothing of what is scored.
func TestD06_SpoofedForwardedForIsNotScored(t *testing.T) {
	s := &seer{}
	site := newSite(t, scored(s))
	spoofed := []string{
		"X-Forwarded-For", "198.51.100.7", "Forwarded", "for=198.51.100.7", "X-Real-Ip", "198.51.100.7", "Cf-Connecting-Ip", "198.51.100.7",
		"True-Client-Ip", "198.51.100.7", "X-Client-Ip", "198.51.100.7", "X-Forwarded", "for=198.51.100.7", "X-Original-Forwarded-For", "198.51.100.7",
	}
	login := func(headers ...string) string {
		t.Helper()
		site.browser().send(t, "POST", "/login", `{"name":"ada"}`, headers...).want(t, 200, "")
		return s.last(t).IP.String()
	}
	// Requests of a test come from 192.0.2.1.
	if ip := login(spoofed...); ip != "192.0.2.1" {
		t.Errorf("nothing is trusted, and %s was scored", ip)
	}
	for name, c := range map[string]struct{ proxies, forwarded, want string }{
		"the peer is no proxy of ours":       {"10.0.0.0/8", "198.51.100.7", "192.0.2.1"},
		"the peer is one":                    {"192.0.2.0/24", "198.51.100.7", "198.51.100.7"},
		"the client's invention stands left": {"192.0.2.0/24", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		"our hops stand right":               {"192.0.2.0/24", "203.0.113.9, 198.51.100.7, 192.0.2.8", "198.51.100.7"},
		"the client names our hops":          {"192.0.2.0/24", "192.0.2.8, 192.0.2.9, 198.51.100.7", "198.51.100.7"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := mfahttp.New(mfahttp.Config{
				Engine: site.Engine.Engine, Host: site, Origin: origin, Now: site.Clock.Now, TrustedProxies: []netip.Prefix{netip.MustParsePrefix(c.proxies)},
			})
			if err != nil {
				t.Fatal(err)
			}
			site.h = h
			if ip := login(append(spoofed, "X-Forwarded-For", c.forwarded)...); ip != c.want {
				t.Errorf("%s was scored, want %s", ip, c.want)
			}
		})
	}
}

func TestTheScorerSeesTheHints(t *testing.T) {
	s := &seer{}
	site := newSite(t, scored(s), withKeys(&keyFactor{}))
	key := site.holder(t, "ada")
	hinted := []string{"Sec-CH-UA", `"Chromium";v="140", "Not=A?Brand";v="24"`, "Sec-CH-UA-Mobile", "?0", "Sec-CH-UA-Platform", `"Linux"`}
	want := mfa.Hints{Brands: hinted[1], Mobile: hinted[3], Platform: hinted[5]}
	b := site.browser()
	b.send(t, "POST", "/login", `{"name":"ada"}`, hinted...).want(t, 200, "")
	if got := s.last(t).Hints; got != want {
		t.Errorf("%+v", got)
	}
	b.login(t, "ada")
	if got := s.last(t).Hints; got != (mfa.Hints{}) {
		t.Errorf("of a browser that sends none: %+v", got)
	}
	b.finishPasskey(t, b.beginPasskey(t).answerTo(t, key, "good"), hinted...).want(t, 200, "")
	if got := s.last(t).Hints; got != want {
		t.Errorf("by passkey: %+v", got)
	}
	b.send(t, "POST", "/login", `{"name":"ada"}`, "Sec-CH-UA", strings.Repeat("x", 5000)).want(t, http.StatusOK, "")
	if got := s.last(t).Hints.Brands; len(got) > 256 || got == "" {
		t.Errorf("%d bytes", len(got))
	}
}
