package authenticator_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/mfakit/mfa/mfatest/authenticator"
)

// decoded is a credential's JSON with its response apart.
func decoded(t *testing.T, credential json.RawMessage) (whole, response map[string]any) {
	t.Helper()
	must(t, json.Unmarshal(credential, &whole))
	return whole, whole["response"].(map[string]any)
}

func unbase64(t *testing.T, text any) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text.(string))
	must(t, err)
	return decoded
}

func members(m map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// W3C Level 3, 5.1: what toJSON has to have, and no member beside it.
func TestJSONIsWhatToJSONGives(t *testing.T) {
	s, u := newServer(t), newAccount("ada")
	key := authenticator.New(authenticator.Options{Origin: page, Synced: true})
	options, session, err := s.BeginRegistration(u, webauthn.WithExtensions(webauthn.WithExtensionCredProps()))
	must(t, err)
	created, err := key.Create(marshal(t, options.Response)) // publicKey itself, not what holds it
	must(t, err)
	whole, response := decoded(t, created)
	if got := members(whole); got != "authenticatorAttachment clientExtensionResults id rawId response type" {
		t.Errorf("a registration has %s", got)
	}
	if got := members(response); got != "attestationObject authenticatorData clientDataJSON publicKey publicKeyAlgorithm transports" {
		t.Errorf("its response has %s", got)
	}
	if got := string(marshal(t, whole["clientExtensionResults"])); got != `{"credProps":{"rk":true}}` {
		t.Errorf("extensions: %s", got)
	}
	wantClient := `{"type":"webauthn.create","challenge":"` + session.Challenge + `","origin":"` + page + `","crossOrigin":false}`
	if got := string(unbase64(t, response["clientDataJSON"])); got != wantClient {
		t.Errorf("client data: %s", got)
	}
	if _, err := x509.ParsePKIXPublicKey(unbase64(t, response["publicKey"])); err != nil {
		t.Error(err)
	}

	request, _, err := s.BeginDiscoverableLogin()
	must(t, err)
	signed, err := key.Get(marshal(t, request.Response))
	must(t, err)
	whole, response = decoded(t, signed)
	if got := members(whole); got != "authenticatorAttachment clientExtensionResults id rawId response type" {
		t.Errorf("an assertion has %s", got)
	}
	if got := members(response); got != "authenticatorData clientDataJSON signature userHandle" {
		t.Errorf("its response has %s", got)
	}
	if got := unbase64(t, response["userHandle"]); string(got) != string(u.handle) {
		t.Errorf("user handle %q", got)
	}
}

// CTAP2 canonical CBOR: encoding again what was decoded gives the same bytes. A
// key with a zero at the front of a coordinate keeps it: over this many keys
// there are several.
func TestCBORIsCanonical(t *testing.T) {
	maker, err := authenticator.NewMaker()
	must(t, err)
	s := newServer(t)
	for range 600 {
		key := authenticator.New(authenticator.Options{Origin: page})
		checkCBOR(t, s, key, protocol.PreferNoAttestation)
	}
	checkCBOR(t, s, authenticator.New(authenticator.Options{Origin: page, Maker: maker}), protocol.PreferDirectAttestation)
}

func checkCBOR(t *testing.T, s server, key *authenticator.Authenticator, conveyance protocol.ConveyancePreference) {
	t.Helper()
	got, err := s.register(t, newAccount("ada"), key, webauthn.WithConveyancePreference(conveyance))
	must(t, err)
	mode, err := cbor.CTAP2EncOptions().EncMode()
	must(t, err)
	for name, item := range map[string][]byte{"attestation object": got.Attestation.Object, "public key": got.PublicKey} {
		var v any
		must(t, cbor.Unmarshal(item, &v))
		again, err := mode.Marshal(v)
		must(t, err)
		if string(again) != string(item) {
			t.Errorf("%s %x is not canonical, that is %x", name, item, again)
		}
	}
	var ec struct {
		X []byte `cbor:"-2,keyasint"`
		Y []byte `cbor:"-3,keyasint"`
	}
	must(t, cbor.Unmarshal(got.PublicKey, &ec))
	if len(ec.X) != 32 || len(ec.Y) != 32 {
		t.Errorf("coordinates of %d and %d bytes", len(ec.X), len(ec.Y))
	}
}

func TestFrameNamesThePageAroundIt(t *testing.T) {
	const shop = "https://shop.example"
	allowing := newServer(t, func(c *webauthn.Config) { c.RPAllowCrossOrigin, c.RPTopOrigins = true, []string{shop} })
	framed := authenticator.New(authenticator.Options{Origin: page, TopOrigin: shop})
	u := newAccount("ada")
	if _, err := allowing.register(t, u, framed); err != nil {
		t.Error(err)
	}
	if _, err := allowing.signIn(t, u, framed); err != nil {
		t.Error(err)
	}
	if _, err := newServer(t).register(t, newAccount("bob"), framed); err == nil {
		t.Error("a server that allows no frames took it")
	}
}

func TestRelatedOriginsAreAskedFor(t *testing.T) {
	const brand = "https://example.net"
	serve := func(status int, kind, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Host != site || r.URL.Path != "/.well-known/webauthn" || r.Method != http.MethodGet {
				t.Errorf("asked for %s %s%s", r.Method, r.Host, r.URL.Path)
			}
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			w.Write([]byte(body))
		})
	}
	const list = `{"origins":["https://example.org","` + brand + `"]}`
	s := newServer(t, func(c *webauthn.Config) { c.RPOrigins = []string{page, brand} })
	for name, c := range map[string]struct {
		well http.Handler
		want error
	}{
		"listed":         {serve(200, "application/json; charset=utf-8", list), nil},
		"not listed":     {serve(200, "application/json", `{"origins":["https://example.org"]}`), authenticator.ErrSecurity},
		"not found":      {serve(404, "application/json", list), authenticator.ErrSecurity},
		"another type":   {serve(200, "text/plain", list), authenticator.ErrSecurity},
		"not JSON":       {serve(200, "application/json", `[`), authenticator.ErrSecurity},
		"nobody answers": {nil, authenticator.ErrSecurity},
	} {
		key := authenticator.New(authenticator.Options{Origin: brand, WellKnown: c.well})
		if _, err := s.register(t, newAccount("ada"), key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocalhostNeedsNoTLS(t *testing.T) {
	const origin = "http://localhost:8080"
	s := newServer(t, func(c *webauthn.Config) { c.RPID, c.RPOrigins = "localhost", []string{origin} })
	u, key := newAccount("ada"), authenticator.New(authenticator.Options{Origin: origin})
	if _, err := s.register(t, u, key); err != nil {
		t.Fatal(err)
	}
	if _, err := s.signIn(t, u, key); err != nil {
		t.Error(err)
	}
}
