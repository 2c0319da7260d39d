package webauthn_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// TestW01_AnswersInTime: also where the challenge has travelled through the
// client, and nobody else remembers when it was made.
func TestW01_AnswersInTime(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	c, enrolling := s.begin()
	q, asking := s.ask(nil)
	p, discovering := s.discover()
	for name, end := range map[string]func() (mfa.Verified, error){
		"registration": func() (mfa.Verified, error) {
			return s.finish(enrolling.Pending, s.registration(c, newKey(t, es256)).answer(t))
		},
		"second factor": func() (mfa.Verified, error) {
			return s.verify(mfa.ForAuthentication, asking.Pending, s.assertion(q, k).answer(t), nil)
		},
		"passkey": func() (mfa.Verified, error) {
			return s.verify(mfa.ForDiscovery, discovering.Pending, s.assertion(p, k).answer(t), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.now = noon.Add(5*time.Minute - time.Second)
			if _, err := end(); err != nil {
				t.Errorf("in time: %v", err)
			}
			s.now = noon.Add(5 * time.Minute)
			v, err := end()
			wantNotValid(t, v, err)
		})
	}
}

// TestW25_AnswersAreBase64URL: each bytes have one text, so that two answers
// that look different are.
func TestW25_AnswersAreBase64URL(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	forms := map[string]func(string) string{
		"padded":          func(t string) string { return t + "==="[:max(1, (4-len(t)%4)%4)] },
		"with a line end": func(t string) string { return t[:4] + "\n" + t[4:] },
		"with a space":    func(t string) string { return " " + t },
		"with a slash":    func(t string) string { return t[:4] + "/" + t[5:] },
		"with more after": func(t string) string { return t + "A" },
	}
	for name, form := range forms {
		for _, member := range []string{"clientDataJSON", "attestationObject"} {
			t.Run("registration, "+member+" "+name, func(t *testing.T) {
				c, step := s.begin()
				r := s.registration(c, newKey(t, es256))
				r.JSON = func(m map[string]any) { reform(m["response"], member, form) }
				v, err := s.finish(step.Pending, r.answer(t))
				wantNotValid(t, v, err)
			})
		}
		for _, member := range []string{"clientDataJSON", "authenticatorData", "signature", "userHandle"} {
			t.Run("assertion, "+member+" "+name, func(t *testing.T) {
				v, err := s.signIn(k, func(a *assertion) {
					a.JSON = func(m map[string]any) { reform(m["response"], member, form) }
				})
				wantNotValid(t, v, err)
			})
		}
	}
	t.Run("spare bits", func(t *testing.T) { // 37 bytes are 50 letters, of which the last has four bits to spare
		v, err := s.signIn(k, func(a *assertion) {
			a.JSON = func(m map[string]any) {
				reform(m["response"], "authenticatorData", func(t string) string {
					const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
					return t[:len(t)-1] + string(letters[strings.IndexByte(letters, t[len(t)-1])+1])
				})
			}
		})
		wantNotValid(t, v, err)
	})
	for name, edit := range map[string]func(string) string{
		"two responses":   func(s string) string { return strings.Replace(s, `"response":`, `"response":{},"response":`, 1) },
		"two signatures":  func(s string) string { return strings.Replace(s, `"signature":`, `"signature":"AAAA","signature":`, 1) },
		"another case":    func(s string) string { return strings.Replace(s, `"signature":`, `"Signature":`, 1) },
		"more after it":   func(s string) string { return s + "{}" },
		"a mark before":   func(s string) string { return "\ufeff" + s },
		"cut short":       func(s string) string { return s[:len(s)-1] },
		"beyond 64 KiB":   func(s string) string { return s + strings.Repeat(" ", 64<<10) },
		"a list of it":    func(s string) string { return "[" + s + "]" },
		"as a string":     func(s string) string { return fmt.Sprintf("%q", s) },
		"bytes as a list": func(s string) string { return strings.Replace(s, `"signature":"`, `"signature":[1],"x":"`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			q, step := s.ask(nil)
			answer := s.assertion(q, k).answer(t)
			if _, err := s.verify(mfa.ForAuthentication, step.Pending, answer, nil); err != nil {
				t.Fatalf("the control is refused: %v", err)
			}
			v, err := s.verify(mfa.ForAuthentication, step.Pending, []byte(edit(string(answer))), nil)
			wantNotValid(t, v, err)
		})
	}
}

func reform(response any, member string, form func(string) string) {
	m := response.(map[string]any)
	m[member] = form(m[member].(string))
}

// brands is a host with two domains that share nothing.
func brands(c *webauthn.Config) {
	c.Apps = map[string]webauthn.RelyingParty{"brand": {ID: "brand.test", Origins: []string{"https://brand.test"}}}
}

// TestW06_W14_Brands: a key of the one domain is nothing on the other, and so
// is a challenge.
func TestW06_W14_Brands(t *testing.T) {
	s := newSite(t, brands)
	ours := s.register(es256, nil)
	c, step := s.begin()
	answer := s.registration(c, newKey(t, es256)).answer(t)
	q, asking := s.ask(nil)
	s.client.App = "brand"
	t.Run("a registration of the other's", func(t *testing.T) {
		v, err := s.finish(step.Pending, answer)
		wantNotValid(t, v, err)
	})
	t.Run("an assertion of the other's", func(t *testing.T) {
		v, err := s.verify(mfa.ForAuthentication, asking.Pending, s.assertion(q, ours).answer(t), nil)
		wantNotValid(t, v, err)
	})
	t.Run("no key of this one's", func(t *testing.T) {
		_, err := s.Factor.Challenge(t.Context(), mfa.ChallengeRequest{User: s.user, Client: s.client, Purpose: mfa.ForAuthentication, Enrollments: s.enrolled, Now: s.now})
		if !errors.Is(err, mfa.ErrBadInput) {
			t.Errorf("error %v: an empty list would ask for anybody's key", err)
		}
	})
	here := func(c *clientData) { c.Origin = "https://brand.test" }
	theirs := s.register(es256, func(r *registration) { here(&r.Client) })
	if s.Scope(s.client) != "brand.test" || s.Scope(mfa.Client{}) != rpID || s.Scope(mfa.Client{App: "unheard of"}) != rpID {
		t.Errorf("scopes %q and %q", s.Scope(s.client), s.Scope(mfa.Client{}))
	}
	if _, err := s.signIn(theirs, func(a *assertion) { here(&a.Client) }); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
	t.Run("a key of the other's that signs for this one", func(t *testing.T) {
		for _, how := range []func(token, func(*assertion)) (mfa.Verified, error){s.signIn, s.discovered} {
			v, err := how(ours, func(a *assertion) { here(&a.Client) })
			wantNotValid(t, v, err)
		}
	})
	t.Run("an origin of the other's", func(t *testing.T) {
		v, err := s.signIn(theirs, nil)
		wantNotValid(t, v, err)
	})
	if q, _ := s.ask(nil); len(q.AllowCredentials) != 1 || q.AllowCredentials[0].ID != b64(theirs.id) || q.RPID != "brand.test" {
		t.Errorf("asked for: %+v", q)
	}
}

// TestW06_ChallengeOfAnotherID: two relying parties may share an origin, and
// do not share a challenge.
func TestW06_ChallengeOfAnotherID(t *testing.T) {
	s := newSite(t, func(c *webauthn.Config) {
		c.Apps = map[string]webauthn.RelyingParty{"narrow": {ID: "www.example.com", Origins: []string{origin}}}
	})
	c, step := s.begin()
	p, discovering := s.discover()
	s.client.App = "narrow"
	k := s.register(es256, nil)
	r := s.registration(c, newKey(t, es256))
	r.Auth.RPID = "www.example.com"
	v, err := s.finish(step.Pending, r.answer(t))
	wantNotValid(t, v, err)
	p.RPID = "www.example.com"
	v, err = s.verify(mfa.ForDiscovery, discovering.Pending, s.assertion(p, k).answer(t), nil)
	wantNotValid(t, v, err)
	for _, how := range []func(token, func(*assertion)) (mfa.Verified, error){s.signIn, s.discovered} {
		if _, err := how(k, nil); err != nil {
			t.Errorf("the control is refused: %v", err)
		}
	}
}

// TestW21_TwoFirstKeysAtOnce: two registrations that began before either ended
// have two handles, and both keys can be found by theirs.
func TestW21_TwoFirstKeysAtOnce(t *testing.T) {
	s := newSite(t, nil)
	c, step := s.begin()
	first := s.register(es256, nil)
	k := newKey(t, es256)
	r := s.registration(c, k)
	v, err := s.finish(step.Pending, r.answer(t))
	if err != nil {
		t.Fatal(err)
	}
	s.enrolled = append(s.enrolled, mfa.Enrolled{ID: "key1", State: v.State})
	if v.UserState != nil {
		s.userState = v.UserState
	}
	second := token{k, r.Auth.CredentialID, unb64(t, c.User.ID), 1, up | uv, r.Auth.Counter}
	for _, k := range []token{first, second} {
		for _, how := range []func(token, func(*assertion)) (mfa.Verified, error){s.signIn, s.discovered} {
			if v, err := how(k, nil); err != nil || v.EnrollmentID != s.enrolled[k.index].ID {
				t.Errorf("key %d: %v, %q", k.index, err, v.EnrollmentID)
			}
		}
	}
	v, err = s.discovered(first, func(a *assertion) { a.UserHandle = second.handle })
	wantNotValid(t, v, err)
}

func TestW03_Localhost(t *testing.T) {
	at := "http://localhost:8080"
	s := newSite(t, func(c *webauthn.Config) { c.RP = webauthn.RelyingParty{ID: "localhost", Origins: []string{at}} })
	k := s.register(es256, func(r *registration) { r.Client.Origin = at })
	if _, err := s.signIn(k, func(a *assertion) { a.Client.Origin = at }); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
	for _, o := range []string{"http://localhost", "https://localhost:8080", "http://127.0.0.1:8080", "http://localhost:8081", "http://evil.localhost:8080"} {
		v, err := s.signIn(k, func(a *assertion) { a.Client.Origin = o })
		wantNotValid(t, v, err)
	}
}

// TestErrorsAndStatesTellNothing: no challenge, handle or identifier is in what
// might be logged.
func TestErrorsAndStatesTellNothing(t *testing.T) {
	s := newSite(t, nil)
	k := s.register(es256, nil)
	q, step := s.ask(nil)
	a := s.assertion(q, k)
	a.Client.Origin = "https://evil.test"
	v, err := s.verify(mfa.ForAuthentication, step.Pending, a.answer(t), nil)
	wantNotValid(t, v, err)
	right, err := s.verify(mfa.ForAuthentication, step.Pending, s.assertion(q, k).answer(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	said := []byte(fmt.Sprintf("%v %+v %#v", right, right, right) + fmt.Sprintf("%v %+v %#v", step, step, step))
	for _, secret := range []string{q.Challenge, b64(k.handle), b64(k.id)} {
		if bytes.Contains(said, []byte(secret)) {
			t.Errorf("%q is told", secret)
		}
	}
	for _, damaged := range []string{`{"id":"secret"`, `{"id":7}`, `[]`, `{}`, ``} {
		_, err := s.verify(mfa.ForAuthentication, step.Pending, a.answer(t), func(r *mfa.VerifyRequest) {
			r.Enrollments = []mfa.Enrolled{{ID: "key0", State: []byte(damaged)}}
		})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v", damaged, err)
		}
	}
}
