package webauthn

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	lib "github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa"
)

func fullState(t testing.TB) State {
	t.Helper()
	k := &testKey{private: newPrivate(t)}
	return State{
		Credential: lib.Credential{
			ID: []byte("0123456789abcdef"), PublicKey: k.public(t), AttestationType: "basic_full", AttestationFormat: "packed",
			Transport:     []protocol.AuthenticatorTransport{"usb", "nfc"},
			Flags:         lib.NewCredentialFlags(0x0d),
			Authenticator: lib.Authenticator{AAGUID: make([]byte, 16), SignCount: 7, Attachment: protocol.CrossPlatform},
			Extensions:    lib.CredentialExtensions{RK: new(true)},
		},
		RPID: "example.com", UserHandle: []byte("handle"), Attested: true,
	}
}

func TestStateGoesThroughJSON(t *testing.T) {
	s := fullState(t)
	var got State
	if err := json.Unmarshal(toJSON(t, s), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, s) {
		t.Errorf("%+v, want %+v", got, s)
	}
	var c lib.Credential
	if err := json.Unmarshal(toJSON(t, s), &c); err != nil || !slices.Equal(c.ID, s.Credential.ID) || c.Flags.BackupEligible != true || c.Authenticator.SignCount != 7 {
		t.Errorf("go-webauthn reads %+v, %v", c, err)
	}
	if strings.Contains(string(toJSON(t, s)), "attestation\"") {
		t.Error("an empty attestation is stored")
	}
	s.Credential.Attestation.Object = []byte{1}
	if err := json.Unmarshal(toJSON(t, s), &got); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("with an attestation: %+v, %v", got, err)
	}
}

// TestStateKeepsEveryField: a field that go-webauthn adds must be kept too.
func TestStateKeepsEveryField(t *testing.T) {
	s := fullState(t)
	s.Credential.Attestation = lib.CredentialAttestation{Object: []byte{1}, ClientDataJSON: []byte{2}, ClientDataHash: []byte{3}, AuthenticatorData: []byte{4}, PublicKeyAlgorithm: -7}
	var ours, theirs map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(toJSON(t, s), &ours), json.Unmarshal(toJSON(t, s.Credential), &theirs)); err != nil {
		t.Fatal(err)
	}
	for name, value := range theirs {
		if string(ours[name]) != string(value) {
			t.Errorf("%s is %s, and %s in go-webauthn's", name, ours[name], value)
		}
	}
	if want := reflect.TypeFor[flagsJSON]().NumField() + 1; reflect.TypeFor[lib.CredentialFlags]().NumField() != want {
		t.Error("go-webauthn has other flags than before")
	}
}

func TestA79_BareRecordsAreStates(t *testing.T) {
	s := fullState(t)
	var got State
	if err := json.Unmarshal(toJSON(t, s.Credential), &got); err != nil {
		t.Fatal(err)
	}
	want := State{Credential: s.Credential}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	// As releases before the flags wrote it, without names in tags.
	old := `{"ID":"AQID","PublicKey":"` + string(toJSON(t, s.Credential.PublicKey))[1:] + `,"AttestationType":"packed","Authenticator":{"AAGUID":"","SignCount":3,"CloneWarning":false}}`
	if err := json.Unmarshal([]byte(old), &got); err != nil {
		t.Fatal(err)
	}
	if !got.unknownBE || got.Credential.Authenticator.SignCount != 3 || got.Credential.AttestationFormat != "packed" || got.Credential.AttestationType != "" {
		t.Errorf("%+v", got)
	}
	var again State
	if err := json.Unmarshal(toJSON(t, got), &again); err != nil || !again.unknownBE {
		t.Errorf("what is unknown does not stay so: %v", err)
	}
}

func TestStatesThatAreNone(t *testing.T) {
	for _, in := range []string{``, `{}`, `null`, `[]`, `{"id":""}`, `{"id":"AQ==","publicKey":""}`, `{"id":1}`, `{"id":"AQ==","publicKey":"AQ==","userHandle":"#"}`, `{"id":"AQ==","publicKey":"AQ==","flags":1}`} {
		if _, err := decodeState([]byte(in)); !errors.Is(err, errState) || errors.Is(err, mfa.ErrNotValid) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestUserState(t *testing.T) {
	handle := random(userHandleBytes)
	data, err := encodeUserState(handle)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := handleOf(data); err != nil || !slices.Equal(got, handle) {
		t.Errorf("%x, %v", got, err)
	}
	if got, err := handleOf(nil); err != nil || got != nil {
		t.Errorf("%x, %v", got, err)
	}
	for _, in := range []string{`x`, `{"user_handle":"#"}`, `{"user_handle":"` + strings.Repeat("A", 100) + `"}`} {
		if _, err := handleOf([]byte(in)); err == nil {
			t.Errorf("%q is a user's state", in)
		}
	}
}

func enrollImport(t testing.TB, f *Factor, data []byte, user []byte) (*mfa.Verified, error) {
	t.Helper()
	step, err := f.Enroll(context.Background(), mfa.EnrollRequest{
		User: mfa.User{ID: "7"}, Params: mfa.EnrollParams{Import: data}, UserState: user, Now: noon,
	})
	return step.Done, err
}

func TestImport(t *testing.T) {
	f := newFactor(t, nil)
	k := newKey(t, f)
	v, err := enrollImport(t, f, k.state, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"credential:" + b64(k.id), "user:" + b64(k.handle)}
	if !slices.Equal(v.Claims, want) || v.Scope != "example.com" || v.AMR != nil || v.UserVerified || v.DeviceBound {
		t.Errorf("%+v", v)
	}
	if h, err := handleOf(v.UserState); err != nil || !slices.Equal(h, k.handle) {
		t.Errorf("the user's handle is %x, %v", h, err)
	}
	k.state, k.user = v.State, v.UserState
	if _, err := k.signIn(t, f); err != nil {
		t.Errorf("the imported key does not sign in: %v", err)
	}
	if v, err := enrollImport(t, f, k.state, k.user); err != nil || v.UserState != nil {
		t.Errorf("a user's handle is replaced: %v", err)
	}
}

// TestA79_ImportedRecordIsMended: what nobody noted of a key is taken from its
// first sign-in, and holds from then on.
func TestA79_ImportedRecordIsMended(t *testing.T) {
	for _, flags := range []byte{0x05, 0x0d, 0x1d} {
		f := newFactor(t, nil)
		k := newKey(t, f)
		k.flags = flags
		var record map[string]any
		if err := json.Unmarshal(k.state, &record); err != nil {
			t.Fatal(err)
		}
		delete(record, "flags")
		v, err := enrollImport(t, f, toJSON(t, record), nil)
		if err != nil {
			t.Fatal(err)
		}
		k.state = v.State
		if _, err := k.signIn(t, f); err != nil {
			t.Fatalf("flags %x: locked out: %v", flags, err)
		}
		k.flags ^= 0x18
		if flags&0x10 == 0 {
			k.flags = flags ^ 0x08
		}
		_, err = k.signIn(t, f)
		wantNotValid(t, err)
	}
}

func TestImportsThatAreNone(t *testing.T) {
	f := newFactor(t, nil)
	change := func(change func(*State)) []byte {
		s := fullState(t)
		change(&s)
		return toJSON(t, s)
	}
	if _, err := enrollImport(t, f, change(func(*State) {}), nil); err != nil {
		t.Fatalf("the control is refused: %v", err)
	}
	for name, data := range map[string][]byte{
		"empty":          {},
		"no JSON":        []byte("CANARY"),
		"no identifier":  change(func(s *State) { s.Credential.ID = nil }),
		"long one":       change(func(s *State) { s.Credential.ID = make([]byte, 1024) }),
		"no key":         change(func(s *State) { s.Credential.PublicKey = nil }),
		"key off curve":  change(func(s *State) { s.Credential.PublicKey[30] ^= 1 }),
		"key with more":  change(func(s *State) { s.Credential.PublicKey = append(s.Credential.PublicKey, 0) }),
		"another's":      change(func(s *State) { s.RPID = "evil.test" }),
		"half an AAGUID": change(func(s *State) { s.Credential.Authenticator.AAGUID = make([]byte, 8) }),
		"backup flags":   change(func(s *State) { s.Credential.Flags = lib.NewCredentialFlags(0x15) }),
		"long handle":    change(func(s *State) { s.UserHandle = make([]byte, 65) }),
		"huge":           change(func(s *State) { s.Credential.Attestation.Object = make([]byte, maxImportBytes) }),
	} {
		if _, err := enrollImport(t, f, data, nil); !errors.Is(err, mfa.ErrBadInput) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImportIsNotBelievedToBeAttested: only its attestation would show that.
func TestImportIsNotBelievedToBeAttested(t *testing.T) {
	v, err := enrollImport(t, newFactor(t, nil), toJSON(t, fullState(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var s State
	if err := json.Unmarshal(v.State, &s); err != nil || s.Attested || v.DeviceBound {
		t.Errorf("attested %v, device-bound %v, %v", s.Attested, v.DeviceBound, err)
	}
}

func TestEnrollImplicitly(t *testing.T) {
	_, err := newFactor(t, nil).Enroll(context.Background(), mfa.EnrollRequest{Implicit: true, Now: noon})
	if !errors.Is(err, mfa.ErrBadInput) {
		t.Errorf("error %v", err)
	}
}

func TestEnrollAgainKeepsTheHandle(t *testing.T) {
	f := newFactor(t, nil)
	ctx := context.Background()
	first, err := f.Enroll(ctx, mfa.EnrollRequest{User: mfa.User{ID: "7", Name: "alice"}, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.Challenge(ctx, mfa.ChallengeRequest{User: mfa.User{ID: "7"}, Purpose: mfa.ForEnrollment, Previous: first.Pending, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	a, b := first.Challenge.(*RegistrationChallenge).PublicKey, again.Challenge.(*RegistrationChallenge).PublicKey
	if !reflect.DeepEqual(a.User.ID, b.User.ID) || slices.Equal(a.Challenge, b.Challenge) {
		t.Error("the second challenge has another user, or the same challenge")
	}
	if b.User.Name != "account" {
		t.Errorf("a user without a name is called %q", b.User.Name)
	}
}

func TestAccountName(t *testing.T) {
	long := strings.Repeat("é", 100)
	for _, c := range []struct {
		u    mfa.User
		want string
	}{
		{mfa.User{ID: "7", Name: "alice", Email: "a@example.com"}, "alice"},
		{mfa.User{ID: "7", Email: "a@example.com"}, "a@example.com"},
		{mfa.User{ID: "7"}, "account"},
		{mfa.User{Name: "al\xffice\r\n\x00bob"}, "alicebob"},
		{mfa.User{Name: long}, long[:60] + "…"},
	} {
		if got := accountName(c.u); got != c.want || len(got) > maxNameBytes {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestLabels(t *testing.T) {
	f := newFactor(t, nil)
	yubikey, err := ParseAAGUID("ee882879-721c-4913-9775-3dfcce97072a")
	if err != nil {
		t.Fatal(err)
	}
	for want, k := range map[string]*testKey{
		"":          {private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05},
		"Passkey":   {private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x1d},
		"YubiKey 5": {private: newPrivate(t), id: []byte("0123456789abcdef"), flags: 0x05, aaguid: yubikey},
	} {
		if v, err := k.register(t, f); err != nil || v.Label != want {
			t.Errorf("%q, %v; want %q", v.Label, err, want)
		}
	}
}
