package webauthn_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/webauthn"
)

// The engine calls the factor; a host only makes it, and hands its challenges to
// the browser.
func ExampleNew() {
	keys, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{
		ID:      "example.com",
		Name:    "Example",
		Origins: []string{"https://www.example.com", "https://example.com"},
	}})
	if err != nil {
		panic(err)
	}
	step, err := keys.Enroll(context.Background(), mfa.EnrollRequest{User: mfa.User{ID: "7", Name: "alice@example.com"}, Now: time.Now()})
	if err != nil {
		panic(err)
	}
	data, err := json.Marshal(step.Challenge)
	if err != nil {
		panic(err)
	}
	var sent struct {
		PublicKey struct {
			RP   struct{ ID, Name string }
			User struct{ Name string }
		}
	}
	if err := json.Unmarshal(data, &sent); err != nil {
		panic(err)
	}
	fmt.Printf("%s asks for a key of %s\n", sent.PublicKey.RP.Name, sent.PublicKey.User.Name)
	// Output:
	// Example asks for a key of alice@example.com
}

// Two brands have keys of their own, by the app that a client comes from.
func ExampleNew_severalBrands() {
	keys, err := webauthn.New(webauthn.Config{
		RP:   webauthn.RelyingParty{ID: "example.com", Origins: []string{"https://www.example.com"}},
		Apps: map[string]webauthn.RelyingParty{"shop": {ID: "shop.test", Origins: []string{"https://shop.test"}}},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(keys.Scope(mfa.Client{App: "web"}), keys.Scope(mfa.Client{App: "shop"}))
	// Output:
	// example.com shop.test
}

// One set of keys for domains that have nothing in common: browsers ask the
// relying party's own domain which they are.
func ExampleWellKnown() {
	rp := webauthn.RelyingParty{
		ID:      "example.com",
		Origins: []string{"https://www.example.com", "https://example.co.uk"},
	}
	mux := http.NewServeMux()
	mux.Handle("/.well-known/webauthn", webauthn.WellKnown(rp))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://example.com/.well-known/webauthn", nil))
	fmt.Println(w.Body)
	// Output:
	// {"origins":["https://www.example.com","https://example.co.uk"]}
}

// A company that hands out keys accepts their make alone.
func ExampleConfig_attestation() {
	model, err := webauthn.ParseAAGUID("ee882879-721c-4913-9775-3dfcce97072a")
	if err != nil {
		panic(err)
	}
	_, err = webauthn.New(webauthn.Config{
		RP: webauthn.RelyingParty{ID: "example.com", Origins: []string{"https://example.com"}},
		Attestation: webauthn.Attestation{
			Metadata: webauthn.MetadataFile("blob.jwt", nil), // read when a key is registered
			Demand:   true,
		},
		Allow: []webauthn.AAGUID{model},
	})
	fmt.Println(model.Name(), err)
	// Output:
	// YubiKey 5 <nil>
}
