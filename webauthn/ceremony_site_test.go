package webauthn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

var noon = time.Date(2026, 11, 21, 12, 0, 15, 0, time.UTC)

const (
	rpID      = "example.com"
	origin    = "https://www.example.com"
	appOrigin = "android:apk-key-hash:kYiKTOk-rCyEDzhUS-GBJPYEWzG8dVdOPEIxYLIcsSs"
)

// A site is a relying party with one user, and keys the rules of a ceremony
// can be tried on.
type site struct {
	t testing.TB
	*webauthn.Factor
	user      mfa.User
	client    mfa.Client
	enrolled  []mfa.Enrolled
	userState []byte
	now       time.Time
}

func newSite(t testing.TB, edit func(*webauthn.Config)) *site {
	t.Helper()
	c := webauthn.Config{RP: webauthn.RelyingParty{ID: rpID, Name: "Example", Origins: []string{origin}}}
	if edit != nil {
		edit(&c)
	}
	f, err := webauthn.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, Factor: f, user: mfa.User{ID: "u-1", Name: "ada@example.com", Email: "ada@example.com"}, now: noon}
}

type descriptor struct {
	Type, ID   string
	Transports []string
}

// creation is PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3 §5.1.3).
type creation struct {
	RP               struct{ ID, Name string }
	User             struct{ ID, Name, DisplayName string }
	Challenge        string
	PubKeyCredParams []struct {
		Type string
		Alg  int64
	}
	Timeout                int64
	ExcludeCredentials     []descriptor
	AuthenticatorSelection struct{ AuthenticatorAttachment, ResidentKey, UserVerification string }
	Attestation            string
}

// request is PublicKeyCredentialRequestOptionsJSON (§5.1.10).
type request struct {
	Challenge        string
	Timeout          int64
	RPID             string
	AllowCredentials []descriptor
	UserVerification string
}

// options reads a challenge as a browser gets it.
func options[T any](t testing.TB, c mfa.Challenge) (o T) {
	t.Helper()
	var m struct{ PublicKey T }
	if err := json.Unmarshal(encode(t, c), &m); err != nil {
		t.Fatal(err)
	}
	return m.PublicKey
}

// begin begins an enrolment.
func (s *site) begin() (creation, mfa.Step) {
	s.t.Helper()
	step, err := s.Enroll(context.Background(), mfa.EnrollRequest{
		User: s.user, Client: s.client, ID: "new", Existing: s.enrolled, UserState: s.userState, Now: s.now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return options[creation](s.t, step.Challenge), step
}

// registration is a right answer to begin, by a key without attestation.
func (s *site) registration(c creation, k privateKey) registration {
	s.t.Helper()
	return registration{
		Client: clientData{Type: "webauthn.create", Challenge: c.Challenge, Origin: origin, Members: `,"crossOrigin":false`},
		Auth: authData{
			RPID: c.RP.ID, Flags: up | uv | at, Counter: 7, AAGUID: [16]byte{1, 2, 3, 4},
			CredentialID: bytes.Repeat([]byte{byte(len(s.enrolled) + 1), 0x5a}, 16), Public: k.cose(s.t),
		},
		Key: k, Attest: attestNone,
	}
}

// finish confirms an enrolment.
func (s *site) finish(pending, answer []byte) (mfa.Verified, error) {
	return s.Verify(context.Background(), mfa.VerifyRequest{
		User: s.user, Client: s.client, Purpose: mfa.ForEnrollment, Enrollments: s.enrolled, ID: "new",
		Pending: pending, UserState: s.userState, Answer: mfa.Answer{Credential: answer}, Now: s.now,
	})
}

// A token is an enrolled authenticator.
type token struct {
	privateKey
	id, handle []byte
	index      int // among the site's enrollments
	flags      byte
	counter    uint32
}

// register enrols an authenticator that may differ from the usual.
func (s *site) register(alg int64, edit func(*registration)) token {
	s.t.Helper()
	k := newKey(s.t, alg)
	c, step := s.begin()
	r := s.registration(c, k)
	if edit != nil {
		edit(&r)
	}
	v, err := s.finish(step.Pending, r.answer(s.t))
	if err != nil {
		s.t.Fatalf("a right registration is refused: %v", err)
	}
	s.enrolled = append(s.enrolled, mfa.Enrolled{ID: fmt.Sprint("key", len(s.enrolled)), State: v.State})
	if v.UserState != nil {
		s.userState = v.UserState
	}
	return token{k, r.Auth.CredentialID, unb64(s.t, c.User.ID), len(s.enrolled) - 1, r.Auth.Flags &^ (at | ed), r.Auth.Counter}
}

// ask begins a sign-in as a second factor.
func (s *site) ask(edit func(*mfa.ChallengeRequest)) (request, mfa.Step) {
	s.t.Helper()
	r := mfa.ChallengeRequest{
		User: s.user, Client: s.client, Purpose: mfa.ForAuthentication, Flow: "flow",
		Enrollments: s.enrolled, UserState: s.userState, Now: s.now,
	}
	if edit != nil {
		edit(&r)
	}
	step, err := s.Factor.Challenge(context.Background(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return options[request](s.t, step.Challenge), step
}

// discover begins a sign-in by a passkey alone.
func (s *site) discover() (request, mfa.Step) {
	s.t.Helper()
	step, err := s.Discover(context.Background(), mfa.DiscoverRequest{Client: s.client, Now: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	return options[request](s.t, step.Challenge), step
}

// assertion is a right answer by a token, with a counter one up where it counts.
func (s *site) assertion(q request, k token) assertion {
	a := assertion{
		Client: clientData{Type: "webauthn.get", Challenge: q.Challenge, Origin: origin, Members: `,"crossOrigin":false`},
		Auth:   authData{RPID: q.RPID, Flags: k.flags, CredentialID: k.id},
		Key:    k.privateKey, UserHandle: k.handle,
	}
	if k.counter > 0 {
		a.Auth.Counter = k.counter + 1
	}
	return a
}

// verify ends a sign-in; edit may change what the engine asks.
func (s *site) verify(purpose mfa.Purpose, pending, answer []byte, edit func(*mfa.VerifyRequest)) (mfa.Verified, error) {
	r := mfa.VerifyRequest{
		User: s.user, Client: s.client, Purpose: purpose, Flow: "flow", Enrollments: s.enrolled,
		Pending: pending, UserState: s.userState, Answer: mfa.Answer{Credential: answer}, Now: s.now,
	}
	if edit != nil {
		edit(&r)
	}
	return s.Verify(context.Background(), r)
}

// signIn answers a fresh challenge.
func (s *site) signIn(k token, edit func(*assertion)) (mfa.Verified, error) {
	s.t.Helper()
	q, step := s.ask(nil)
	a := s.assertion(q, k)
	if edit != nil {
		edit(&a)
	}
	return s.verify(mfa.ForAuthentication, step.Pending, a.answer(s.t), nil)
}

// discovered answers a fresh challenge without having said who one is.
func (s *site) discovered(k token, edit func(*assertion)) (mfa.Verified, error) {
	s.t.Helper()
	q, step := s.discover()
	a := s.assertion(q, k)
	if edit != nil {
		edit(&a)
	}
	answer := a.answer(s.t)
	if _, err := s.Find(step.Pending, mfa.Answer{Credential: answer}); err != nil {
		return mfa.Verified{}, err
	}
	return s.verify(mfa.ForDiscovery, step.Pending, answer, nil)
}

// keep keeps what a sign-in changed, as the engine would.
func (s *site) keep(k *token, v mfa.Verified) {
	s.t.Helper()
	if v.EnrollmentID != s.enrolled[k.index].ID {
		s.t.Fatalf("enrollment %q has answered, want %q", v.EnrollmentID, s.enrolled[k.index].ID)
	}
	s.enrolled = slices.Clone(s.enrolled)
	s.enrolled[k.index].State = v.State
}

// wantNotValid checks that an answer is refused as wrong, and that nothing says
// why or is left to be kept.
func wantNotValid(t testing.TB, v mfa.Verified, err error) {
	t.Helper()
	if !errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) || errors.Is(err, mfa.ErrRefused) {
		t.Errorf("error %v, want ErrNotValid", err)
		return
	}
	if err.Error() != mfa.ErrNotValid.Error() {
		t.Errorf("the error tells more than that: %q", err)
	}
	var n *mfa.NotValidError
	if errors.As(err, &n) && (n.Hint != "" || n.Alarm != "") {
		t.Errorf("hint %q, alarm %q, want none", n.Hint, n.Alarm)
	}
	wantNothing(t, v)
}

// wantNothing checks that a refusal comes with nothing to be kept.
func wantNothing(t testing.TB, v mfa.Verified) {
	t.Helper()
	if v.EnrollmentID != "" || v.State != nil || v.UserState != nil || v.UserVerified || v.Claims != nil || v.AMR != nil {
		t.Errorf("a refusal comes with enrollment %q, state %q, user state %q, claims %q, amr %q", v.EnrollmentID, v.State, v.UserState, v.Claims, v.AMR)
	}
}

func wantRefused(t testing.TB, v mfa.Verified, err error, reason string) {
	t.Helper()
	var r *mfa.RefusedError
	if !errors.As(err, &r) || errors.Is(err, mfa.ErrNotValid) {
		t.Errorf("error %v, want a RefusedError", err)
	} else if r.Subject != "authenticator" || r.Reason != reason || r.Detail == "" {
		t.Errorf("%+v, want the reason %q and words for people", *r, reason)
	}
	wantNothing(t, v)
}
