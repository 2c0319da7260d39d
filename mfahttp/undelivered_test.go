package mfahttp_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// begunMembers are what the 502 of POST /mfa/enrollments has beside what every
// problem may have, as the document says.
func begunMembers(t *testing.T) []string {
	t.Helper()
	_, post, found := strings.Cut(mfahttp.OpenAPI(), "\n  /mfa/enrollments:\n")
	post, _, ended := strings.Cut(post, "\n    delete:\n")
	_, answer, documented := strings.Cut(post, "\n        '502':\n")
	if !found || !ended || !documented {
		t.Fatal("the document says nothing of it")
	}
	if next := regexp.MustCompile(`(?m)^        '`).FindStringIndex(answer); next != nil {
		answer = answer[:next[0]]
	}
	_, properties, _ := strings.Cut(answer, " properties:\n")
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^ +([a-z_]+): \{`).FindAllStringSubmatch(properties, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return out
}

// fickle is letters by a carrier that may say, of those that it has, that they
// did not go out.
type fickle struct {
	*letterFactor
	lost   error
	before func(context.Context) error
}

func (*fickle) Method() mfa.Method {
	return mfa.Method{Name: "fickle", Kind: mfa.Have, Channel: "post", Guessable: true}
}

func (f *fickle) Send(ctx context.Context, m mfa.Message) (string, error) {
	ref, err := f.letterFactor.Send(ctx, m)
	if f.lost != nil {
		return "", f.lost
	}
	return ref, err
}

func (f *fickle) Enroll(ctx context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	return f.by(f.letterFactor.Enroll(ctx, r))
}

func (f *fickle) Challenge(ctx context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	return f.by(f.letterFactor.Challenge(ctx, r))
}

func (f *fickle) by(s mfa.Step, err error) (mfa.Step, error) {
	if err == nil {
		s.Delivery.Sender, s.Delivery.Before = f, f.before
	}
	return s, err
}

// someRequired is a policy under which one user needs a second factor.
type someRequired struct{}

func (someRequired) Decide(s mfa.Subject) mfa.Decision {
	if s.User.ID == userNamed("required").ID {
		return mfa.Decision{Require: mfa.Requirement{SecondFactor: true}}
	}
	return mfa.AskEnrolled(s)
}

func newFickleSite(t *testing.T) (*site, *fickle) {
	f := &fickle{letterFactor: &letterFactor{}}
	return newSite(t, func(c *mfa.Config) { c.Factors, c.Policy = append(c.Factors, f), someRequired{} }), f
}

// begin begins an enrolment whose letter is lost.
func (f *fickle) begin(t *testing.T, c *client, lost error) reply {
	t.Helper()
	f.lost = lost
	defer func() { f.lost = nil }()
	return c.send(t, "POST", "/mfa/enrollments", `{"method":"fickle","label":"Home"}`).want(t, 502, "delivery_failed")
}

// An enrolment whose message could not be sent stands: the answer says which it
// is and how long it waits, and it can be sent again.
func TestAnEnrolmentWhoseMessageWasLostStands(t *testing.T) {
	unreachable := &mfa.SendError{Reason: mfa.SendUnreachable, Retry: true}
	for name, enter := range map[string]func(t *testing.T, s *site) *client{
		"session of a browser": func(t *testing.T, s *site) *client {
			b := s.browser()
			b.login(t, "ada")
			return b
		},
		"session of a native client": func(t *testing.T, s *site) *client {
			n := s.native()
			n.header.Set("X-Session", n.send(t, "POST", "/login", `{"name":"ada"}`, "Mfa-Client", "native").want(t, 200, "").Header().Get("X-Session"))
			return n
		},
		"sign-in of a browser": func(t *testing.T, s *site) *client {
			b := s.browser()
			if flow := b.login(t, "required"); flow.text("status") != "enroll" {
				t.Fatalf("%s", flow.Body)
			}
			return b
		},
		"sign-in of a native client": func(t *testing.T, s *site) *client {
			n := s.native()
			flow := n.send(t, "POST", "/login", `{"name":"required"}`, "Mfa-Client", "native").want(t, 200, "")
			n.header.Set("Authorization", "Bearer "+flow.text("token"))
			return n
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, post := newFickleSite(t)
			c := enter(t, s)
			r := post.begin(t, c, unreachable)
			id, path := r.text("id"), "/mfa/enrollments/"+r.text("id")
			until, err := time.Parse(time.RFC3339, r.text("expires_at"))
			if id == "" || r.text("method") != "fickle" || err != nil || !until.Equal(s.Clock.Now().Add(10*time.Minute)) {
				t.Fatalf("%s", r.Body)
			}
			if r.text("reason") != mfa.SendUnreachable || r.json["retry"] != true || r.json["resend_at"] != nil {
				t.Errorf("%s", r.Body)
			}
			dead := post.last()

			stranger := s.browser()
			stranger.login(t, "eve")
			stranger.send(t, "POST", path+"/challenge", "").want(t, 404, "no_enrollment")

			post.lost = unreachable
			again := c.send(t, "POST", path+"/challenge", "").want(t, 502, "delivery_failed")
			post.lost = nil
			maps.DeleteFunc(r.json, func(member string, _ any) bool { _, ordinary := again.json[member]; return ordinary })
			if more := slices.Sorted(maps.Keys(r.json)); !slices.Equal(more, begunMembers(t)) {
				t.Errorf("members %v, documented are %v", more, begunMembers(t))
			}
			sent := c.send(t, "POST", path+"/challenge", "").want(t, 200, "")
			if sent.text("method") != "fickle" || sent.text("destination") == "" || sent.text("resend_at") == "" || sent.text("expires_at") != until.Format(time.RFC3339) {
				t.Errorf("%s", sent.Body)
			}
			c.send(t, "POST", path+"/activate", `{"code":"`+dead+`"}`).want(t, 401, "code_not_valid")
			done := c.send(t, "POST", path+"/activate", `{"code":"`+post.last()+`"}`).want(t, 200, "")
			if e, _ := done.json["enrollment"].(map[string]any); e["id"] != id || e["label"] != "Home" {
				t.Errorf("%s", done.Body)
			}
			if n := len(post.letters()); n != 3 {
				t.Errorf("%d letters", n)
			}
			for _, l := range post.letters() {
				if strings.Contains(c.all.String(), l.code) || strings.Contains(c.all.String(), l.Report) {
					t.Error("a code or a report's token was answered")
				}
			}
		})
	}
}

// A message of which it is not known whether it went out may arrive, until the
// enrolment expires.
func TestALostMessageMayArrive(t *testing.T) {
	s, post := newFickleSite(t)
	b := s.browser()
	b.login(t, "ada")
	r := post.begin(t, b, &mfa.SendError{Reason: mfa.SendTimeout})
	if r.text("reason") != mfa.SendTimeout || r.json["retry"] != true {
		t.Errorf("%s", r.Body)
	}
	b.send(t, "POST", "/mfa/enrollments/"+r.text("id")+"/activate", `{"code":"`+post.last()+`"}`).want(t, 200, "")

	b = s.browser()
	b.login(t, "bob")
	r = post.begin(t, b, &mfa.SendError{Reason: mfa.SendTimeout})
	s.Clock.Advance(10 * time.Minute)
	for call, body := range map[string]string{"challenge": "", "activate": `{"code":"` + post.last() + `"}`} {
		b.send(t, "POST", "/mfa/enrollments/"+r.text("id")+"/"+call, body).want(t, 410, "enrollment_expired")
	}
}

// Where nothing has begun, as the question before the message was not answered in
// time, the answer names nothing that could be sent again.
func TestAMessageThatWasNotMadeNamesNoEnrolment(t *testing.T) {
	s, post := newFickleSite(t)
	b := s.browser()
	b.login(t, "ada")
	post.before = func(context.Context) error { return &mfa.SendError{Reason: mfa.SendTimeout} }
	r := b.send(t, "POST", "/mfa/enrollments", `{"method":"fickle"}`).want(t, 502, "delivery_failed")
	if r.text("reason") != mfa.SendTimeout || r.json["retry"] != true {
		t.Errorf("%s", r.Body)
	}
	members := begunMembers(t)
	for _, member := range members {
		if r.json[member] != nil {
			t.Errorf("%s: %v", member, r.json[member])
		}
	}
	if len(members) != 3 || len(post.letters()) != 0 {
		t.Errorf("documented: %v; %d sent", members, len(post.letters()))
	}
}
