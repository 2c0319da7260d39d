package sim

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"github.com/mfakit/mfa"
)

// A key is a security key, which its factor trusts to be what it says. It stands for
// those of package webauthn: what is bound to an origin, takes one answer for each
// challenge, is one user's alone and can sign in by itself.
type key struct {
	ID     string `json:"id"`
	Secret []byte `json:"secret"` // where a real one has a public key
}

func newKey() *key {
	k := &key{ID: rand.Text(), Secret: make([]byte, 16)}
	rand.Read(k.Secret)
	return k
}

// An assertion is what a key says to a challenge.
type assertion struct {
	ID        string `json:"id"`
	Challenge []byte `json:"challenge"`
	Secret    []byte `json:"secret,omitempty"` // of a new one
	Mac       []byte `json:"mac"`
}

func (k *key) mac(purpose mfa.Purpose, challenge []byte) []byte {
	m := hmac.New(sha256.New, k.Secret)
	_, _ = m.Write(append([]byte(purpose), challenge...)) // a hash takes all that is written
	return m.Sum(nil)
}

// answer signs a challenge, given as the factor shows it.
func (k *key) answer(purpose mfa.Purpose, c mfa.Challenge) []byte {
	asked, _ := c.(*keyChallenge)
	if asked == nil {
		return []byte("{}")
	}
	a := assertion{ID: k.ID, Challenge: asked.random, Mac: k.mac(purpose, asked.random)}
	if purpose == mfa.ForEnrollment {
		a.Secret = k.Secret
	}
	out, _ := json.Marshal(a) // of bytes and text it cannot fail
	return out
}

type keyChallenge struct{ random []byte }

func (*keyChallenge) Method() string { return "key" }

// keyFactor is the factor of keys.
type keyFactor struct{}

var _ mfa.Discoverer = keyFactor{}

func (keyFactor) Method() mfa.Method {
	return mfa.Method{Name: "key", Label: "Key", Kind: mfa.Have, PhishingResistant: true, Together: true, OneShot: true}
}

func (keyFactor) step() (mfa.Step, error) {
	random := make([]byte, 16)
	rand.Read(random)
	return mfa.Step{Challenge: &keyChallenge{random}, Pending: random}, nil
}

func (f keyFactor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, mfa.ErrBadInput
	}
	return f.step()
}

func (f keyFactor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return f.step()
}

func (f keyFactor) Discover(context.Context, mfa.DiscoverRequest) (mfa.Step, error) { return f.step() }

func (keyFactor) Find(pending []byte, a mfa.Answer) ([]string, error) {
	var said assertion
	if json.Unmarshal(a.Credential, &said) != nil {
		return nil, mfa.ErrBadInput
	}
	if !hmac.Equal(said.Challenge, pending) {
		return nil, &mfa.NotValidError{}
	}
	return []string{said.ID}, nil
}

func (keyFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	var said assertion
	if json.Unmarshal(r.Answer.Credential, &said) != nil {
		return mfa.Verified{}, mfa.ErrBadInput
	}
	if r.Pending == nil || !hmac.Equal(said.Challenge, r.Pending) {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	v := mfa.Verified{AMR: []string{"hwk"}, UserVerified: true}
	if r.Purpose == mfa.ForEnrollment {
		k := key{said.ID, said.Secret}
		if !hmac.Equal(said.Mac, k.mac(r.Purpose, said.Challenge)) {
			return mfa.Verified{}, &mfa.NotValidError{}
		}
		v.State, _ = json.Marshal(k)
		v.Claims = []string{k.ID}
		return v, nil
	}
	for _, e := range r.Enrollments {
		var k key
		if err := json.Unmarshal(e.State, &k); err != nil {
			return mfa.Verified{}, errors.New("sim: the state of a key does not parse")
		}
		if k.ID == said.ID && hmac.Equal(said.Mac, k.mac(r.Purpose, said.Challenge)) {
			v.EnrollmentID, v.State = e.ID, e.State
			return v, nil
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

// quickPaper are recovery codes without the slow digest.
type quickPaper struct{}

func (quickPaper) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Label: "Recovery codes", Kind: mfa.Have, Together: true, Recovery: true}
}

func (quickPaper) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, mfa.ErrBadInput
	}
	var codes, kept []string
	for range 5 {
		codes = append(codes, rand.Text())
		kept = append(kept, digest(codes[len(codes)-1]))
	}
	state, err := json.Marshal(kept)
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: state, Remaining: len(codes)}}, err
}

func digest(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

func (quickPaper) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (quickPaper) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	for _, e := range r.Enrollments {
		var kept []string
		if err := json.Unmarshal(e.State, &kept); err != nil {
			return mfa.Verified{}, errors.New("sim: the state of recovery codes does not parse")
		}
		if i := slices.Index(kept, digest(r.Answer.Code)); i >= 0 {
			kept = slices.Delete(kept, i, i+1)
			state, err := json.Marshal(kept)
			return mfa.Verified{EnrollmentID: e.ID, State: state, Remaining: len(kept), AMR: []string{"pin"}}, err
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}
