package pages_test

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
type keyFactor struct{}

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

func (*keyFactor) Method() mfa.Method {
	return mfa.Method{Name: "webauthn", Label: "Security key", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
}

func (*keyFactor) step(now time.Time) mfa.Step {
	var c keyChallenge
	c.PublicKey.Challenge = rand.Text()
	return mfa.Step{Challenge: c, Pending: []byte(c.PublicKey.Challenge), Expires: now.Add(5 * time.Minute)}
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

func (*keyFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	var k keyAnswer
	if err := json.Unmarshal(r.Answer.Credential, &k); err != nil || k.Challenge == "" || k.Challenge != string(r.Pending) || k.Signature != "good" {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	v := mfa.Verified{State: []byte(k.ID), AMR: []string{"hwk", "user"}, UserVerified: true}
	if r.Purpose == mfa.ForEnrollment {
		v.Claims = []string{"credential:" + k.ID}
		return v, nil
	}
	for _, e := range r.Enrollments {
		if string(e.State) == k.ID {
			v.EnrollmentID = e.ID
			return v, nil
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

// signed is the credential with which the key of that id answers what it was asked.
func signed(t *testing.T, id string, asked any) string {
	t.Helper()
	raw, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var c keyChallenge
	if err := json.Unmarshal(raw, &c); err != nil || c.PublicKey.Challenge == "" {
		t.Fatalf("nothing is asked of a key: %s", raw)
	}
	out, err := json.Marshal(keyAnswer{ID: id, Challenge: c.PublicKey.Challenge, Signature: "good"})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// pressed is what the script of a page's key form does when its button is pressed: it
// begins the ceremony, and returns the page's answer to what the key of that id has said.
func (p *page) pressed(id string, fields ...string) *page {
	p.b.t.Helper()
	f := p.form("key-form")
	asked := map[string]any{}
	for name := range strings.FieldsSeq(f.attr["data-send"]) {
		if value := f.fields().Get(name); value != "" {
			asked[name] = value
		}
	}
	body, err := json.Marshal(asked)
	if err != nil {
		p.b.t.Fatal(err)
	}
	api := p.id("mfa").attr["data-api"]
	begun := p.b.send("POST", api+"/"+f.attr["data-begin"], string(body), "Content-Type", "application/json")
	if begun.status >= 400 {
		p.b.t.Fatalf("%s: %d %s", f.attr["data-begin"], begun.status, begun.body)
	}
	var answer map[string]any
	if err := json.Unmarshal([]byte(begun.body), &answer); err != nil {
		p.b.t.Fatal(err)
	}
	fields = append(fields, "credential", signed(p.b.t, id, answer))
	if begunID, _ := answer["id"].(string); begunID != "" {
		fields = append(fields, "id", begunID)
	}
	return p.submit("key-form", fields...)
}
