package authenticator_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

func selecting(s protocol.AuthenticatorSelection) webauthn.RegistrationOption {
	return webauthn.WithAuthenticatorSelection(s)
}

func TestServerTakesWhatIsCreated(t *testing.T) {
	passkeys := selecting(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired})
	discouraged := selecting(protocol.AuthenticatorSelection{UserVerification: protocol.VerificationDiscouraged})
	cases := []struct {
		name                     string
		options                  authenticator.Options
		ask                      webauthn.RegistrationOption
		verified, synced, passes bool // user verified, backup flags, a passkey
		attachment               protocol.AuthenticatorAttachment
		transports               []protocol.AuthenticatorTransport
	}{
		{
			name: "security key", verified: true,
			attachment: protocol.CrossPlatform, transports: []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB},
		},
		{
			name: "security key, user verification discouraged", ask: discouraged,
			attachment: protocol.CrossPlatform, transports: []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB},
		},
		{
			name: "security key without a PIN", options: authenticator.Options{NoUserVerification: true},
			attachment: protocol.CrossPlatform, transports: []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB},
		},
		{
			name: "passkey on a security key", ask: passkeys, verified: true, passes: true,
			attachment: protocol.CrossPlatform, transports: []protocol.AuthenticatorTransport{protocol.NFC, protocol.USB},
		},
		{
			name: "this device", options: authenticator.Options{Platform: true}, ask: discouraged, verified: true,
			attachment: protocol.Platform, transports: []protocol.AuthenticatorTransport{protocol.Internal},
		},
		{
			name: "synced", options: authenticator.Options{Synced: true}, verified: true, synced: true, passes: true,
			attachment: protocol.Platform, transports: []protocol.AuthenticatorTransport{protocol.Hybrid, protocol.Internal},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.options.Origin = page
			key := authenticator.New(c.options)
			ask := []webauthn.RegistrationOption{webauthn.WithExtensions(webauthn.WithExtensionCredProps())}
			if c.ask != nil {
				ask = append(ask, c.ask)
			}
			got, err := newServer(t).register(t, newAccount("ada"), key, ask...)
			must(t, err)
			if f := got.Flags; !f.UserPresent || f.UserVerified != c.verified || f.BackupEligible != c.synced || f.BackupState != c.synced {
				t.Errorf("flags %+v", f)
			}
			if got.Authenticator.Attachment != c.attachment || !slices.Equal(got.Transport, c.transports) {
				t.Errorf("attachment %q, transports %q", got.Authenticator.Attachment, got.Transport)
			}
			if got.AttestationFormat != "none" || got.Authenticator.SignCount != 0 {
				t.Errorf("attestation %q, counter %d", got.AttestationFormat, got.Authenticator.SignCount)
			}
			if all := key.Credentials(); len(all) != 1 || all[0].Passkey != c.passes || all[0].RPID != site {
				t.Errorf("stored %+v", all)
			}
		})
	}
}

func TestAlgorithmIsTheServersFirstChoice(t *testing.T) {
	with := func(algorithms ...webauthncose.COSEAlgorithmIdentifier) webauthn.RegistrationOption {
		var list []protocol.CredentialParameter
		for _, a := range algorithms {
			list = append(list, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: a})
		}
		return webauthn.WithCredentialParameters(list)
	}
	s, key := newServer(t), authenticator.New(authenticator.Options{Origin: page})
	for _, c := range []struct {
		first, want webauthncose.COSEAlgorithmIdentifier
	}{
		{webauthncose.AlgRS256, webauthncose.AlgRS256},
		{webauthncose.AlgEdDSA, webauthncose.AlgES256}, // not known here: the next
	} {
		u := newAccount("ada")
		got, err := s.register(t, u, key, with(c.first, webauthncose.AlgES256))
		must(t, err)
		parsed, err := webauthncose.ParsePublicKey(got.PublicKey)
		must(t, err)
		var alg int64
		switch k := parsed.(type) {
		case webauthncose.EC2PublicKeyData:
			alg = k.Algorithm
		case webauthncose.RSAPublicKeyData:
			alg = k.Algorithm
		}
		if alg != int64(c.want) {
			t.Errorf("asked for %d: got %d", c.first, alg)
		}
		if _, err := s.signIn(t, u, key); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.register(t, newAccount("bob"), key, with(webauthncose.AlgEdDSA)); !errors.Is(err, authenticator.ErrNotSupported) {
		t.Errorf("EdDSA alone: %v", err)
	}
}

func TestAttestationNamesTheModel(t *testing.T) {
	maker, err := authenticator.NewMaker()
	must(t, err)
	stranger, err := authenticator.NewMaker()
	must(t, err)
	model := [16]byte{1, 2, 3}
	key := authenticator.New(authenticator.Options{Origin: page, AAGUID: model, Maker: maker})
	s := newServer(t)

	got, err := s.register(t, newAccount("ada"), key, webauthn.WithConveyancePreference(protocol.PreferDirectAttestation))
	must(t, err)
	if got.AttestationFormat != "packed" || string(got.Authenticator.AAGUID) != string(model[:]) {
		t.Fatalf("format %q, AAGUID %x", got.AttestationFormat, got.Authenticator.AAGUID)
	}
	var object protocol.AttestationObject
	must(t, object.UnmarshalCBOR(got.Attestation.Object))
	leaf, err := x509.ParseCertificate(object.AttStatement["x5c"].([]any)[0].([]byte))
	must(t, err)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: maker.Roots()}); err != nil {
		t.Errorf("under its maker's root: %v", err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: stranger.Roots()}); err == nil {
		t.Error("another maker's root takes it too")
	}

	got, err = s.register(t, newAccount("bob"), key)
	must(t, err)
	if got.AttestationFormat != "none" {
		t.Errorf("nobody asked for the attestation, and it is %q", got.AttestationFormat)
	}
}

func TestCreateRefusesAsABrowserDoes(t *testing.T) {
	require := protocol.AuthenticatorSelection{UserVerification: protocol.VerificationRequired}
	cases := []struct {
		name    string
		options authenticator.Options
		ask     protocol.AuthenticatorSelection
		want    error
	}{
		{"no user verification", authenticator.Options{Origin: page, NoUserVerification: true}, require, authenticator.ErrNotAllowed},
		{"no memory", authenticator.Options{Origin: page, NoPasskeys: true},
			protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired}, authenticator.ErrNotAllowed},
		{"no memory, in the older member", authenticator.Options{Origin: page, NoPasskeys: true},
			protocol.AuthenticatorSelection{RequireResidentKey: protocol.ResidentKeyRequired()}, authenticator.ErrNotAllowed},
		{"another attachment", authenticator.Options{Origin: page},
			protocol.AuthenticatorSelection{AuthenticatorAttachment: protocol.Platform}, authenticator.ErrNotAllowed},
		{"another site", authenticator.Options{Origin: other}, require, authenticator.ErrSecurity},
		{"a look-alike", authenticator.Options{Origin: "https://notexample.com"}, require, authenticator.ErrSecurity},
		{"the domain above", authenticator.Options{Origin: "https://com"}, require, authenticator.ErrSecurity},
		{"no origin", authenticator.Options{}, require, authenticator.ErrSecurity},
		{"not secure", authenticator.Options{Origin: "http://www.example.com"}, require, authenticator.ErrSecurity},
		{"a page, not an origin", authenticator.Options{Origin: page + "/"}, require, authenticator.ErrSecurity},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			key := authenticator.New(c.options)
			if _, err := newServer(t).register(t, newAccount("ada"), key, selecting(c.ask)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n := len(key.Credentials()); n != 0 {
				t.Errorf("and yet it stored %d", n)
			}
		})
	}
}

func TestCreateRefusesTheExcluded(t *testing.T) {
	s, u, key := newServer(t), newAccount("ada"), authenticator.New(authenticator.Options{Origin: page})
	_, err := s.register(t, u, key)
	must(t, err)
	exclude := webauthn.WithExclusions(webauthn.Credentials(u.credentials).CredentialDescriptors())
	if _, err := s.register(t, u, key, exclude); !errors.Is(err, authenticator.ErrExcluded) {
		t.Errorf("the same key: %v", err)
	}
	if _, err := s.register(t, u, authenticator.New(authenticator.Options{Origin: page}), exclude); err != nil {
		t.Errorf("another key: %v", err)
	}
}

func TestCreateWantsWhatABrowserInsistsOn(t *testing.T) {
	const sound = `{"rp":{"name":"Example"},"user":{"id":"AQ","name":"ada","displayName":"Ada"},"challenge":"AAAA","pubKeyCredParams":[]}`
	key := authenticator.New(authenticator.Options{Origin: page})
	if _, err := key.Create(json.RawMessage(sound)); err != nil {
		t.Fatal(err)
	}
	if got := key.Credentials()[0].RPID; got != "www.example.com" {
		t.Errorf("without an RP ID it is %q", got)
	}
	top := strings.Replace(sound, `"rp":{`, `"rp":{"id":"com",`, 1)
	if _, err := key.Create(json.RawMessage(top)); !errors.Is(err, authenticator.ErrSecurity) {
		t.Errorf("for all of .com: %v", err)
	}
	if _, err := key.At("https://127.0.0.1").Create(json.RawMessage(sound)); !errors.Is(err, authenticator.ErrSecurity) {
		t.Errorf("on an address: %v", err)
	}
	edit := func(f func(o, user map[string]any)) json.RawMessage {
		var o map[string]any
		must(t, json.Unmarshal([]byte(sound), &o))
		f(o, o["user"].(map[string]any))
		return marshal(t, o)
	}
	cases := map[string]json.RawMessage{
		"nothing":          nil,
		"not JSON":         json.RawMessage(`{`),
		"null":             json.RawMessage(`{"publicKey":null}`),
		"no rp":            edit(func(o, _ map[string]any) { delete(o, "rp") }),
		"no user.id":       edit(func(_, u map[string]any) { delete(u, "id") }),
		"an empty user.id": edit(func(_, u map[string]any) { u["id"] = "" }),
		"a long user.id":   edit(func(_, u map[string]any) { u["id"] = strings.Repeat("A", 88) }),
		"padding":          edit(func(_, u map[string]any) { u["id"] = "AQ==" }),
		"no user.name":     edit(func(_, u map[string]any) { delete(u, "name") }),
		"no displayName":   edit(func(_, u map[string]any) { delete(u, "displayName") }),
		"no challenge":     edit(func(o, _ map[string]any) { delete(o, "challenge") }),
		"base64":           edit(func(o, _ map[string]any) { o["challenge"] = "+/+/" }),
		"no parameters":    edit(func(o, _ map[string]any) { delete(o, "pubKeyCredParams") }),
	}
	for name, options := range cases {
		if _, err := key.Create(options); err == nil {
			t.Errorf("%s: created", name)
		}
	}
}
