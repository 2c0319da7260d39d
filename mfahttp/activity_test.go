package mfahttp_test

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// history is a client's activity of one type, newest first.
func (c *client) history(t *testing.T, kind mfa.EventType) (list []map[string]any) {
	t.Helper()
	r := c.send(t, "GET", "/mfa/activity", "").want(t, 200, "")
	for _, e := range r.json["activity"].([]any) {
		if e := e.(map[string]any); e["type"] == string(kind) {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		t.Fatalf("no %s in %s", kind, r.Body)
	}
	return list
}

func (c *client) dispute(t *testing.T, id, body string, headers ...string) reply {
	t.Helper()
	return c.send(t, "POST", "/mfa/activity/"+id+"/dispute", body, headers...)
}

func TestTheOwnersHistoryHasAllOfIt(t *testing.T) {
	s := &seer{}
	site := newSite(t, scored(s))
	b := site.browser()
	s.say(abroad(mfa.RiskElevated), nil)
	b.login(t, "ada")
	e := b.history(t, mfa.EventFlowPassed)[0]
	risk, _ := e["risk"].(map[string]any)
	if e["id"] == "" || e["place"] != "Cluj, Romania" || risk["level"] != "elevated" || risk["score"] != 7.25 || risk["shadow"] != nil || e["verdict"] != nil {
		t.Errorf("%v", e)
	}
	want := []any{
		map[string]any{"code": "new_country", "text": "first time from Romania", "usual": "you usually sign in from Norway", "weight": 5.5},
		map[string]any{"code": "usual_time", "text": "at an hour at which you often sign in", "usual": "you usually sign in at noon", "weight": -1.125},
		map[string]any{"code": "new_device", "text": "a browser that was not seen before", "usual": "you usually have Firefox", "weight": 2.875},
	}
	if reasons, _ := risk["reasons"].([]any); !same(reasons, want) {
		t.Errorf("%v", e)
	}

	shadow := abroad(mfa.RiskHigh)
	shadow.Shadow = true
	s.say(shadow, nil)
	b.login(t, "ada")
	e = b.history(t, mfa.EventFlowPassed)[0]
	if risk, _ := e["risk"].(map[string]any); risk["level"] != "high" || risk["shadow"] != true {
		t.Errorf("%v", e)
	}
	o := another(t).browser()
	o.login(t, "ada")
	if e := o.history(t, mfa.EventFlowPassed)[0]; e["risk"] != nil || e["id"] == "" {
		t.Errorf("without a scorer: %v", e)
	}
}

func TestADisputeSignsEverybodyOut(t *testing.T) {
	s := newSite(t)
	phone, _, _ := s.member(t, "ada")
	b, thief := s.browser(), s.browser()
	b.signIn(t, "ada", phone)
	thief.signIn(t, "ada", phone)
	half := s.browser()
	half.login(t, "ada")
	id := b.history(t, mfa.EventFlowPassed)[0]["id"].(string)
	r := b.dispute(t, id, "{}").want(t, 204, "")
	if r.Body.Len() != 0 || r.Header().Get("Cache-Control") != "no-store" || b.cookies["session"] != "" {
		t.Errorf("%v %s, cookies %v", r.Header(), r.Body, b.cookies)
	}
	if !slices.Equal(s.told, []string{"id-ada"}) || len(s.sessions) != 0 {
		t.Errorf("the host was told of %v, and has %d sessions", s.told, len(s.sessions))
	}
	b.dispute(t, id, "").want(t, 401, "unauthenticated")
	thief.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
	half.send(t, "GET", "/mfa/flow", "").want(t, 410, "flow_expired")

	// Said again it changes nothing, and nobody is signed out for it.
	b.signIn(t, "ada", phone)
	if e := b.history(t, mfa.EventFlowPassed); !slices.ContainsFunc(e, func(e map[string]any) bool { return e["id"] == id && e["verdict"] == "not_me" }) {
		t.Errorf("%v", e)
	}
	b.dispute(t, id, "").want(t, 204, "")
	b.send(t, "GET", "/account", "").want(t, http.StatusTeapot, "")
	if len(s.told) != 1 {
		t.Errorf("the host was told of %v", s.told)
	}
}

func TestWhoMayDisputeWhat(t *testing.T) {
	s := newSite(t)
	b, bob := s.browser(), s.browser()
	b.login(t, "ada")
	b.enrollApp(t)
	bob.login(t, "bob")
	mine := b.history(t, mfa.EventFlowPassed)[0]["id"].(string)
	bobs := bob.history(t, mfa.EventFlowPassed)[0]["id"].(string)
	change := b.history(t, mfa.EventEnrolled)[0]["id"].(string)

	first := b.dispute(t, "nosuchthing", "").want(t, 404, "no_activity")
	for _, id := range []string{bobs, change, strings.Repeat("x", 3000), mine + "x", mine[1:]} {
		if r := b.dispute(t, id, "").want(t, 404, "no_activity"); r.Body.String() != first.Body.String() {
			t.Errorf("%s: %s, but %s", id, r.Body, first.Body)
		}
	}
	s.browser().dispute(t, mine, "").want(t, 401, "unauthenticated")
	half := s.browser()
	half.login(t, "ada")
	half.dispute(t, mine, "").want(t, 401, "unauthenticated")
	for _, bad := range []string{`{"user":"id-ada"}`, `{"verdict":"was_me"}`, `[]`, `null`} {
		b.dispute(t, mine, bad).want(t, 400, "bad_request")
	}
	for _, from := range [][]string{
		{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, {"Origin", "https://a.app.example", "Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example", "Sec-Fetch-Site", ""},
	} {
		b.dispute(t, mine, "", from...).want(t, 403, "cross_origin")
	}
	b.send(t, "GET", "/mfa/activity/"+mine+"/dispute", "").want(t, 405, "http_method_not_allowed")
	// All of that has changed nothing.
	if e := b.history(t, mfa.EventFlowPassed)[0]; e["id"] != mine || e["verdict"] != nil || len(s.told) != 0 {
		t.Errorf("%v, told %v", e, s.told)
	}
	// A client that is no browser has a session too.
	n := s.native()
	n.header.Set("X-Session", b.cookies["session"])
	n.dispute(t, mine, "").want(t, 204, "")
}

// unrenewing is a host that cannot end the session.
type unrenewing struct{ *site }

func (unrenewing) Renewed(http.ResponseWriter, *http.Request, mfa.Authentication) error {
	return errTest
}

func TestADisputeReachesEveryHost(t *testing.T) {
	s := newSite(t)
	under := func(prefix string, host mfahttp.Host) {
		t.Helper()
		h, err := mfahttp.New(mfahttp.Config{Engine: s.Engine.Engine, Host: host, Origin: origin, Prefix: prefix, App: "web", Now: s.Clock.Now, Logger: slog.New(slog.NewTextHandler(&s.log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		s.mux.Handle(prefix+"/", h)
	}
	under("/plain", struct{ mfahttp.Host }{s})
	under("/failing", unrenewing{s})
	under("/deaf", struct{ mfahttp.Host }{unrenewing{s}})
	dispute := func(prefix string) (*client, reply) {
		t.Helper()
		b := s.browser()
		b.login(t, "ada")
		id := b.history(t, mfa.EventFlowPassed)[0]["id"].(string)
		return b, b.send(t, "POST", prefix+"/activity/"+id+"/dispute", "")
	}
	// One that is no Repudiator ends the session all the same.
	b, r := dispute("/plain")
	if r.want(t, 204, ""); b.cookies["session"] != "" || len(s.told) != 0 {
		t.Errorf("cookies %v, told %v", b.cookies, s.told)
	}
	// What fails is not told, and does not keep the rest from being done.
	b, r = dispute("/failing")
	if r.want(t, 500, "internal"); !slices.Equal(s.told, []string{"id-ada"}) || strings.Contains(r.Body.String(), errTest.Error()) {
		t.Errorf("%s, told %v", r.Body, s.told)
	}
	b.send(t, "GET", "/account", "").want(t, 401, "unauthenticated")
	if !strings.Contains(s.log.String(), errTest.Error()) {
		t.Error("nobody learns of it")
	}
	// The evidence is void whatever the host does.
	b, r = dispute("/deaf")
	r.want(t, 500, "internal")
	b.send(t, "GET", "/account", "").want(t, 403, "requirement")
}
