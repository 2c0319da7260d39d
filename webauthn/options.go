package webauthn

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

// Challenge begins a ceremony over r.Enrollments: Step.Challenge is an
// [*AssertionChallenge], or with mfa.ForEnrollment a [*RegistrationChallenge]
// that goes on with the user handle of r.Previous. Step.Pending is
// go-webauthn's SessionData as JSON. A user with no credential for this client's relying
// party gives an error that wraps mfa.ErrBadInput.
func (f *Factor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	uv := f.uv
	if r.UserVerification {
		uv = protocol.VerificationRequired
	}
	states, err := f.states(r.Enrollments)
	if err != nil {
		return mfa.Step{}, err
	}
	switch r.Purpose {
	case mfa.ForEnrollment:
		handle, err := f.handle(r.Previous, r.UserState, states)
		if err != nil {
			return mfa.Step{}, err
		}
		return f.creation(f.party(r.Client), r.User, handle, states, uv, r.Now)
	case mfa.ForAuthentication:
		return f.request(f.party(r.Client), states, r.UserState, uv, r.Now)
	}
	return mfa.Step{}, fmt.Errorf("webauthn: unknown purpose %q", r.Purpose)
}

// Discover begins a sign-in by a passkey alone: it lists no credentials, and
// requires user verification, without which a found key would be enough.
//
// With r.Decoy, where a name was typed, it lists the credentials of its owner, or
// one that is made up.
func (f *Factor) Discover(_ context.Context, r mfa.DiscoverRequest) (mfa.Step, error) {
	rp := f.party(r.Client)
	var allowed []protocol.CredentialDescriptor
	if r.Decoy != nil {
		states, err := f.states(r.Enrollments)
		if err != nil {
			return mfa.Step{}, err
		}
		allowed = within(f.allowed(rp, states), maxDiscoverIDs)
		if len(allowed) == 0 {
			allowed = decoys(r.Decoy)
		}
	}
	return asking(rp, allowed, nil, protocol.VerificationRequired, r.Now)
}

// within are the first of a list, the most recently used, whose identifiers
// together have at most so many bytes: the list travels in a cookie.
func within(list []protocol.CredentialDescriptor, most int) []protocol.CredentialDescriptor {
	var out []protocol.CredentialDescriptor
	for _, c := range list {
		if most -= len(c.CredentialID); most < 0 {
			break
		}
		out = append(out, c)
	}
	return out
}

// decoys are credentials that do not exist: mostly one, as people have, sometimes
// two or three.
func decoys(seed []byte) []protocol.CredentialDescriptor {
	n := int(derived(seed, "count")[0]) % 16
	list := make([]protocol.CredentialDescriptor, 1+n/11+n/15)
	for i := range list {
		list[i] = decoy(derived(seed, strconv.Itoa(i)))
	}
	return list
}

func derived(seed []byte, name string) []byte {
	m := hmac.New(sha256.New, seed)
	m.Write([]byte(name))
	return m.Sum(nil)
}

// decoy is a credential that does not exist, as one that does could look.
func decoy(seed []byte) protocol.CredentialDescriptor {
	part := func(name string) []byte { return derived(seed, name) }
	sizes := []int{16, 20, 32, 48, 64} // of common authenticators' identifiers
	transports := [][]protocol.AuthenticatorTransport{
		{protocol.Internal, protocol.Hybrid}, {protocol.Internal}, {protocol.USB}, {protocol.NFC, protocol.USB},
	}
	pick := part("shape")
	id := slices.Concat(part("id"), part("more"))
	return protocol.CredentialDescriptor{
		Type: protocol.PublicKeyCredentialType, CredentialID: id[:sizes[int(pick[0])%len(sizes)]],
		Transport: transports[int(pick[1])%len(transports)],
	}
}

// allowed are the credentials that can be used with rp.
func (f *Factor) allowed(rp *RelyingParty, known []State) []protocol.CredentialDescriptor {
	var out []protocol.CredentialDescriptor
	for i := range known {
		if f.scope(&known[i]) == rp.ID {
			out = append(out, known[i].Credential.Descriptor())
		}
	}
	return out
}

func (f *Factor) states(list []mfa.Enrolled) ([]State, error) {
	states := make([]State, len(list))
	for i, e := range list {
		var err error
		if states[i], err = decodeState(e.State); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// handle is the user handle for a registration: of the ceremony that it
// replaces, else the user's, else that of a credential which came from
// elsewhere, else a new one.
func (f *Factor) handle(previous, user []byte, states []State) ([]byte, error) {
	if len(previous) > 0 {
		s, err := readSession(previous)
		if err != nil {
			return nil, errPending
		}
		if len(s.UserID) > 0 {
			return s.UserID, nil
		}
	}
	handle, err := handleOf(user)
	if err != nil || len(handle) > 0 {
		return handle, err
	}
	for i := range states {
		if len(states[i].UserHandle) > 0 {
			return states[i].UserHandle, nil
		}
	}
	return random(userHandleBytes), nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: the program ends instead
	return b
}

// creation asks for a new credential (WebAuthn Level 3 §5.4). One that can be found
// without a user name is preferred, so that a key can become a passkey where it has room.
func (f *Factor) creation(rp *RelyingParty, u mfa.User, handle []byte, known []State, uv protocol.UserVerificationRequirement, now time.Time) (mfa.Step, error) {
	name := accountName(u)
	o := protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{CredentialEntity: protocol.CredentialEntity{Name: rp.Name}, ID: rp.ID},
		User: protocol.UserEntity{
			CredentialEntity: protocol.CredentialEntity{Name: name}, DisplayName: name, ID: protocol.URLEncodedBase64(handle),
		},
		Challenge:  random(challengeBytes),
		Parameters: slices.Clone(f.params),
		Timeout:    int(ceremonyTime.Milliseconds()),
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyNotRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementPreferred,
			UserVerification:   uv,
		},
		Attestation: protocol.PreferNoAttestation,
		Extensions:  protocol.AuthenticationExtensions{CredProps: true},
	}
	if f.discoverable {
		o.AuthenticatorSelection.RequireResidentKey = protocol.ResidentKeyRequired()
		o.AuthenticatorSelection.ResidentKey = protocol.ResidentKeyRequirementRequired
	}
	if a := f.attestation; a.Demand || a.Roots != nil || a.Metadata != nil {
		o.Attestation = protocol.PreferDirectAttestation
	}
	for i := range known {
		o.CredentialExcludeList = append(o.CredentialExcludeList, known[i].Credential.Descriptor())
	}
	s := session{lib.SessionData{
		Challenge:        o.Challenge.String(),
		RelyingPartyID:   rp.ID,
		UserID:           handle,
		Expires:          now.Add(ceremonyTime),
		UserVerification: uv,
		Extensions:       o.Extensions.Session(),
		CredParams:       o.Parameters,
	}}
	pending, err := s.encode()
	if err != nil {
		return mfa.Step{}, err
	}
	return mfa.Step{Challenge: &RegistrationChallenge{o}, Pending: pending, Expires: s.Expires}, nil
}

// request asks for an assertion by one of the credentials that can be used with rp.
func (f *Factor) request(rp *RelyingParty, known []State, user []byte, uv protocol.UserVerificationRequirement, now time.Time) (mfa.Step, error) {
	allowed := f.allowed(rp, known)
	if len(allowed) == 0 { // an empty list would ask for anybody's
		return mfa.Step{}, fmt.Errorf("webauthn: %w: no key is registered for this site", mfa.ErrBadInput)
	}
	handle, err := handleOf(user)
	if err != nil {
		return mfa.Step{}, err
	}
	return asking(rp, allowed, handle, uv, now)
}

func asking(rp *RelyingParty, allowed []protocol.CredentialDescriptor, handle []byte, uv protocol.UserVerificationRequirement, now time.Time) (mfa.Step, error) {
	o := protocol.PublicKeyCredentialRequestOptions{
		Challenge:          random(challengeBytes),
		Timeout:            int(ceremonyTime.Milliseconds()),
		RelyingPartyID:     rp.ID,
		AllowedCredentials: allowed,
		UserVerification:   uv,
	}
	s := session{lib.SessionData{
		Challenge:        o.Challenge.String(),
		RelyingPartyID:   rp.ID,
		UserID:           handle,
		Expires:          now.Add(ceremonyTime),
		UserVerification: uv,
	}}
	for _, c := range allowed {
		s.AllowedCredentialIDs = append(s.AllowedCredentialIDs, c.CredentialID)
	}
	pending, err := s.encode()
	if err != nil {
		return mfa.Step{}, err
	}
	return mfa.Step{Challenge: &AssertionChallenge{o}, Pending: pending, Expires: s.Expires}, nil
}

// accountName is what authenticators show for the user, on one line and of a
// length that they keep.
func accountName(u mfa.User) string {
	for _, s := range []string{u.Name, u.Email} {
		s = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == utf8.RuneError {
				return -1
			}
			return r
		}, s))
		if s != "" {
			return shorten(s)
		}
	}
	return "account"
}

// shorten cuts s between two characters, and shows that it did.
func shorten(s string) string {
	const more = "…"
	if len(s) <= maxNameBytes {
		return s
	}
	end := maxNameBytes - len(more)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + more
}
