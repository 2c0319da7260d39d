package webauthn

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

// repend changes a pending state.
func repend(t testing.TB, pending []byte, change func(*lib.SessionData)) []byte {
	t.Helper()
	var s lib.SessionData
	if err := json.Unmarshal(pending, &s); err != nil {
		t.Fatal(err)
	}
	change(&s)
	return toJSON(t, s)
}

// TestWhatIsPendingDecides: the same right answer, to other questions.
func TestWhatIsPendingDecides(t *testing.T) {
	f := newFactor(t, func(c *Config) {
		c.Apps = map[string]RelyingParty{"shop": {ID: "shop.test", Origins: []string{"https://shop.test"}}}
	})
	k := newKey(t, f)
	k.flags = 0x01
	challenge, pending := k.ask(t, f)
	for name, c := range map[string]struct {
		change func(*lib.SessionData)
		ok     bool
	}{
		"as it was asked":                 {func(*lib.SessionData) {}, true},
		"bare":                            {func(s *lib.SessionData) { *s = lib.SessionData{Challenge: s.Challenge} }, true},
		"at this origin":                  {func(s *lib.SessionData) { s.Origin = testOrigin }, true},
		"at another origin":               {func(s *lib.SessionData) { s.Origin = "https://example.com" }, false},
		"for another relying party":       {func(s *lib.SessionData) { s.RelyingPartyID = "shop.test" }, false},
		"with user verification":          {func(s *lib.SessionData) { s.UserVerification = protocol.VerificationRequired }, false},
		"of another key":                  {func(s *lib.SessionData) { s.AllowedCredentialIDs = [][]byte{{1}} }, false},
		"earlier":                         {func(s *lib.SessionData) { s.Expires = noon }, false},
		"another challenge":               {func(s *lib.SessionData) { s.Challenge = b64(random(32)) }, false},
		"no challenge":                    {func(s *lib.SessionData) { s.Challenge = "" }, false},
		"a challenge that can be guessed": {func(s *lib.SessionData) { s.Challenge = "AAAA" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Verify(context.Background(), mfa.VerifyRequest{
				Purpose: mfa.ForAuthentication, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}}, UserState: k.user,
				Pending: repend(t, pending, c.change), Answer: mfa.Answer{Credential: k.assert(t, challenge, k.handle)}, Now: noon,
			})
			if c.ok && err != nil {
				t.Error(err)
			} else if !c.ok {
				wantNotValid(t, err)
			}
		})
	}
}

func TestNothingPending(t *testing.T) {
	f := newFactor(t, nil)
	k := newKey(t, f)
	challenge, pending := k.ask(t, f)
	answer := mfa.Answer{Credential: k.assert(t, challenge, k.handle)}
	r := mfa.VerifyRequest{Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}}, UserState: k.user, Answer: answer, Now: noon}
	for _, r.Purpose = range []mfa.Purpose{mfa.ForEnrollment, mfa.ForAuthentication, mfa.ForDiscovery} {
		for _, r.Pending = range [][]byte{nil, {}} {
			_, err := f.Verify(context.Background(), r)
			wantNotValid(t, err)
			_, err = f.Find(r.Pending, answer)
			wantNotValid(t, err)
		}
		r.Pending = []byte("{")
		if _, err := f.Verify(context.Background(), r); !errors.Is(err, errPending) || errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("a pending state that does not read: %v", err)
		}
	}
	r.Purpose, r.Pending = "another", pending
	if _, err := f.Verify(context.Background(), r); err == nil || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("an unknown purpose: %v", err)
	}
	r.Purpose, r.Answer = mfa.ForAuthentication, mfa.Answer{Code: "123456"}
	if _, err := f.Verify(context.Background(), r); !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("a code: %v", err)
	}
	if _, err := f.Find(pending, r.Answer); !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("a code: %v", err)
	}
}

// TestW08_DiscoveryAlwaysVerifiesTheUser, whoever made the pending state.
func TestW08_DiscoveryAlwaysVerifiesTheUser(t *testing.T) {
	f := newFactor(t, nil)
	k := newKey(t, f)
	step, err := f.Discover(context.Background(), mfa.DiscoverRequest{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	pending := repend(t, step.Pending, func(s *lib.SessionData) { s.UserVerification = "" })
	challenge := step.Challenge.(*AssertionChallenge).PublicKey.Challenge.String()
	for flags, ok := range map[byte]bool{0x05: true, 0x01: false} {
		k.flags = flags
		_, err := f.Verify(context.Background(), mfa.VerifyRequest{
			Purpose: mfa.ForDiscovery, Enrollments: []mfa.Enrolled{{ID: "key", State: k.state}}, UserState: k.user,
			Pending: pending, Answer: mfa.Answer{Credential: k.assert(t, challenge, k.handle)}, Now: noon,
		})
		if ok && err != nil {
			t.Error(err)
		} else if !ok {
			wantNotValid(t, err)
		}
	}
}

// TestFind: by what the authenticator has kept of its user first, then by the
// credential itself; and only from an answer to what was asked.
func TestFind(t *testing.T) {
	f := newFactor(t, nil)
	k := newKey(t, f)
	challenge, pending := k.ask(t, f)
	find := func(challenge string, handle []byte) ([]string, error) {
		return f.Find(pending, mfa.Answer{Credential: k.assert(t, challenge, handle)})
	}
	for _, want := range [][]string{{"user:" + b64(k.handle), "credential:" + b64(k.id)}, {"credential:" + b64(k.id)}} {
		handle := k.handle
		if len(want) == 1 {
			handle = nil
		}
		if got, err := find(challenge, handle); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	_, err := find(b64(random(32)), k.handle)
	wantNotValid(t, err)
	k.ceremony = "webauthn.create"
	_, err = find(challenge, k.handle)
	wantNotValid(t, err)
}

// TestA73_NobodysHandle: a user of whom no handle is known has no key that could
// name one.
func TestA73_NobodysHandle(t *testing.T) {
	f := newFactor(t, nil)
	k := newKey(t, f)
	var s State
	if err := json.Unmarshal(k.state, &s); err != nil {
		t.Fatal(err)
	}
	s.UserHandle = nil
	k.state, k.user = toJSON(t, s), nil
	known := k.handle
	for _, handle := range [][]byte{nil, known} {
		k.handle = handle
		if _, err := k.signIn(t, f); (err == nil) != (handle == nil) {
			t.Errorf("with a handle of %d bytes: %v", len(handle), err)
		}
	}
}

// confirm answers a registration whose pending state was changed.
func (k *testKey) confirm(t testing.TB, f *Factor, change func(*lib.SessionData)) (mfa.Verified, error) {
	t.Helper()
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{User: mfa.User{ID: "7", Name: "alice"}, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	challenge := step.Challenge.(*RegistrationChallenge).PublicKey.Challenge.String()
	return f.Verify(context.Background(), mfa.VerifyRequest{
		Purpose: mfa.ForEnrollment, Pending: repend(t, step.Pending, change), Answer: mfa.Answer{Credential: k.create(t, challenge)}, Now: noon,
	})
}

// TestW07_RegistrationInPassing: a browser may make a passkey without a touch,
// where that was asked for (WebAuthn Level 3 §7.1 step 15).
func TestW07_RegistrationInPassing(t *testing.T) {
	f := newFactor(t, nil)
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x18}
	v, err := k.confirm(t, f, func(s *lib.SessionData) { s.Mediation = protocol.MediationConditional })
	if err != nil || len(v.AMR) != 1 || v.AMR[0] != "swk" || v.UserVerified {
		t.Errorf("%v, %v", v.AMR, err)
	}
	_, err = k.confirm(t, f, func(*lib.SessionData) {})
	wantNotValid(t, err)
}

// TestW24_PropertiesThatWereNotAskedFor name nothing.
func TestW24_PropertiesThatWereNotAskedFor(t *testing.T) {
	f := newFactor(t, nil)
	k := &testKey{private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05}
	k.results = map[string]any{"credProps": map[string]any{"rk": true}}
	for want, change := range map[string]func(*lib.SessionData){
		"Passkey": func(*lib.SessionData) {},
		"":        func(s *lib.SessionData) { s.Extensions.Requested = nil },
	} {
		if v, err := k.confirm(t, f, change); err != nil || v.Label != want {
			t.Errorf("%q, %v; want %q", v.Label, err, want)
		}
	}
}
