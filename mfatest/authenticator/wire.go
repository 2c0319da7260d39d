package authenticator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// The members that count here, of what PublicKeyCredential's
// parseCreationOptionsFromJSON and parseRequestOptionsFromJSON take (W3C Level 3,
// 5.1.8 and 5.1.9). Pointers are members that a browser insists on.
type (
	creationOptions struct {
		RP struct {
			ID   string  `json:"id"`
			Name *string `json:"name"`
		} `json:"rp"`
		User struct {
			ID          *base64URL `json:"id"`
			Name        *string    `json:"name"`
			DisplayName *string    `json:"displayName"`
		} `json:"user"`
		Challenge        *base64URL    `json:"challenge"`
		PubKeyCredParams *[]parameter  `json:"pubKeyCredParams"`
		Exclude          []descriptor  `json:"excludeCredentials"`
		Selection        selection     `json:"authenticatorSelection"`
		Attestation      string        `json:"attestation"`
		Extensions       extensionsFor `json:"extensions"`
	}

	requestOptions struct {
		Challenge        *base64URL   `json:"challenge"`
		RPID             string       `json:"rpId"`
		Allow            []descriptor `json:"allowCredentials"`
		UserVerification string       `json:"userVerification"`
	}

	selection struct {
		Attachment         string `json:"authenticatorAttachment"`
		ResidentKey        string `json:"residentKey"`
		RequireResidentKey bool   `json:"requireResidentKey"`
		UserVerification   string `json:"userVerification"`
	}

	parameter struct {
		Type string `json:"type"`
		Alg  int64  `json:"alg"`
	}

	descriptor struct {
		Type string    `json:"type"`
		ID   base64URL `json:"id"`
	}

	extensionsFor struct {
		CredProps bool `json:"credProps"`
	}
)

// What PublicKeyCredential's toJSON gives: RegistrationResponseJSON and
// AuthenticationResponseJSON.
type (
	credentialJSON struct {
		ID         base64URL      `json:"id"`
		RawID      base64URL      `json:"rawId"`
		Type       string         `json:"type"`
		Attachment string         `json:"authenticatorAttachment"`
		Extensions map[string]any `json:"clientExtensionResults"`
		Response   any            `json:"response"`
	}

	attestationJSON struct {
		ClientData        base64URL `json:"clientDataJSON"`
		AuthenticatorData base64URL `json:"authenticatorData"`
		Transports        []string  `json:"transports"`
		PublicKey         base64URL `json:"publicKey"`
		Algorithm         int64     `json:"publicKeyAlgorithm"`
		AttestationObject base64URL `json:"attestationObject"`
	}

	assertionJSON struct {
		ClientData        base64URL `json:"clientDataJSON"`
		AuthenticatorData base64URL `json:"authenticatorData"`
		Signature         base64URL `json:"signature"`
		UserHandle        base64URL `json:"userHandle,omitempty"`
	}
)

// clientData is what the browser says of a ceremony, in the order of W3C Level
// 3, 5.8.1.1.
type clientData struct {
	Type        string    `json:"type"`
	Challenge   base64URL `json:"challenge"`
	Origin      string    `json:"origin"`
	CrossOrigin bool      `json:"crossOrigin"`
	TopOrigin   string    `json:"topOrigin,omitempty"`
}

// base64URL is bytes that stand in JSON as base64url without padding.
type base64URL []byte

// MarshalJSON never fails.
func (b base64URL) MarshalJSON() ([]byte, error) {
	return json.Marshal(base64.RawURLEncoding.EncodeToString(b))
}

// UnmarshalJSON takes no other alphabet and no padding.
func (b *base64URL) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	decoded, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return errors.New("not base64url without padding")
	}
	*b = decoded
	return nil
}

// unmarshal reads options: the object that is called publicKey, or one that has
// it as a member, which a server's whole answer is.
func unmarshal(text json.RawMessage, into any) error {
	var whole struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if json.Unmarshal(text, &whole) == nil && len(whole.PublicKey) > 0 && !bytes.Equal(whole.PublicKey, []byte("null")) {
		text = whole.PublicKey
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("authenticator: the options do not parse: %w", err)
	}
	return nil
}

func missing(member string) error {
	return fmt.Errorf("authenticator: TypeError: the options have no %s", member)
}

func parseCreation(text json.RawMessage) (creationOptions, error) {
	var o creationOptions
	if err := unmarshal(text, &o); err != nil {
		return o, err
	}
	switch {
	case o.RP.Name == nil:
		return o, missing("rp.name")
	case o.User.ID == nil:
		return o, missing("user.id")
	case o.User.Name == nil:
		return o, missing("user.name")
	case o.User.DisplayName == nil:
		return o, missing("user.displayName")
	case o.Challenge == nil || len(*o.Challenge) == 0:
		return o, missing("challenge")
	case o.PubKeyCredParams == nil:
		return o, missing("pubKeyCredParams")
	}
	if n := len(*o.User.ID); n < 1 || n > 64 {
		return o, fmt.Errorf("authenticator: TypeError: user.id has %d bytes, not 1 to 64", n)
	}
	return o, nil
}

func parseRequest(text json.RawMessage) (requestOptions, error) {
	var o requestOptions
	if err := unmarshal(text, &o); err != nil {
		return o, err
	}
	if o.Challenge == nil || len(*o.Challenge) == 0 {
		return o, missing("challenge")
	}
	return o, nil
}

// algorithms are what the server takes, in its order of preference; none: what
// W3C Level 3, 5.1.3 step 10 has instead.
func (o creationOptions) algorithms() []int64 {
	if len(*o.PubKeyCredParams) == 0 {
		return []int64{es256, rs256}
	}
	var known []int64
	for _, p := range *o.PubKeyCredParams {
		if p.Type == "public-key" {
			known = append(known, p.Alg)
		}
	}
	return known
}

// residentKey is the requirement, with the older member where the newer is not.
func (s selection) residentKey() string {
	switch {
	case s.ResidentKey != "":
		return s.ResidentKey
	case s.RequireResidentKey:
		return "required"
	}
	return "discouraged"
}

// client writes the client data of a ceremony.
func (o Options) client(kind string, challenge base64URL) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // 5.8.1.1 escapes quotes, backslashes and controls alone
	err := e.Encode(clientData{
		Type: kind, Challenge: challenge, Origin: o.Origin,
		CrossOrigin: o.TopOrigin != "", TopOrigin: o.TopOrigin,
	})
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// write makes the JSON of a credential.
func (o Options) write(id []byte, response any, extensions map[string]any) (json.RawMessage, error) {
	if extensions == nil {
		extensions = map[string]any{}
	}
	return json.Marshal(credentialJSON{
		ID: id, RawID: id, Type: "public-key", Attachment: o.attachment(),
		Extensions: extensions, Response: response,
	})
}
