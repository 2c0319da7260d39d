package mfahttp_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// keyFactor stands for security keys: an answer names its credential and the
// challenge, and says whether it is signed.
type keyFactor struct {
	padding int // bytes by which what is pending is longer
	refuse  error
}

// keyLifetime is how long a key may be asked for.
const keyLifetime = 5 * time.Minute

type keyChallenge struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
	} `json:"publicKey"`
}

func (keyChallenge) Method() string { return "webauthn" }

type keyAnswer struct {
	ID        string `json:"id"`
	Challenge string `json:"challenge"`
	Signature string `json:"signature"`
}

func (f *keyFactor) Method() mfa.Method {
	return mfa.Method{Name: "webauthn", Label: "Security key", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
}

func (f *keyFactor) step(now time.Time) mfa.Step {
	var c keyChallenge
	c.PublicKey.Challenge = rand.Text()
	return mfa.Step{Challenge: c, Pending: []byte(c.PublicKey.Challenge + strings.Repeat(" ", f.padding)), Expires: now.Add(keyLifetime)}
}

func (f *keyFactor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, mfa.ErrBadInput
	}
	return f.step(r.Now), nil
}

func (f *keyFactor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	return f.step(r.Now), nil
}

func (f *keyFactor) Discover(_ context.Context, r mfa.DiscoverRequest) (mfa.Step, error) {
	return f.step(r.Now), nil
}

// read returns the answer, if it is one to what is pending.
func (f *keyFactor) read(pending []byte, a mfa.Answer) (keyAnswer, error) {
	var k keyAnswer
	if err := json.Unmarshal(a.Credential, &k); err != nil || k.Challenge == "" || k.Challenge != strings.TrimSpace(string(pending)) {
		return keyAnswer{}, &mfa.NotValidError{}
	}
	return k, nil
}

func (f *keyFactor) Find(pending []byte, a mfa.Answer) ([]string, error) {
	k, err := f.read(pending, a)
	return []string{"credential:" + k.ID}, err
}

func (f *keyFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	k, err := f.read(r.Pending, r.Answer)
	if err != nil || k.Signature != "good" {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	v := mfa.Verified{State: []byte(k.ID), AMR: []string{"hwk", "user"}, UserVerified: true}
	if r.Purpose == mfa.ForEnrollment {
		v.Claims = []string{"credential:" + k.ID}
		return v, f.refuse
	}
	for _, e := range r.Enrollments {
		if string(e.State) == k.ID {
			v.EnrollmentID = e.ID
			return v, nil
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

// withKeys is a site whose users may have keys.
func withKeys(f *keyFactor) func(*mfa.Config) {
	return func(c *mfa.Config) {
		c.Factors = append(c.Factors, f)
		c.Users = func(_ context.Context, id string) (mfa.User, uint64, error) {
			return userNamed(strings.TrimPrefix(id, "id-")), 0, nil
		}
	}
}

// answerTo is a key's answer to what was asked of it, as a body.
func (r reply) answerTo(t *testing.T, id, signature string) string {
	t.Helper()
	asked, _ := r.json["publicKey"].(map[string]any)
	challenge, _ := asked["challenge"].(string)
	if challenge == "" {
		t.Fatalf("nothing is asked: %s", r.Body)
	}
	return `{"credential":{"id":"` + id + `","challenge":"` + challenge + `","signature":"` + signature + `"}}`
}

// enrollKey registers a key for a signed-in client.
func (c *client) enrollKey(t *testing.T, id string) (enrollment string) {
	t.Helper()
	begun := c.send(t, "POST", "/mfa/enrollments", `{"method":"webauthn"}`).want(t, 201, "")
	c.send(t, "POST", "/mfa/enrollments/"+begun.text("id")+"/activate", begun.answerTo(t, id, "good")).want(t, 200, "")
	return begun.text("id")
}

// holder is a user with a key, and no browser yet.
func (s *site) holder(t *testing.T, name string) (key string) {
	t.Helper()
	b := s.browser()
	b.login(t, name)
	key = "key-of-" + name
	b.enrollKey(t, key)
	return key
}

func (c *client) beginPasskey(t *testing.T, headers ...string) reply {
	t.Helper()
	return c.send(t, "POST", "/mfa/passkey/begin", "", headers...).want(t, 200, "")
}

func (c *client) finishPasskey(t *testing.T, body string, headers ...string) reply {
	t.Helper()
	return c.send(t, "POST", "/mfa/passkey/finish", body, headers...)
}
