package webauthn

import (
	"encoding/base64"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
)

// errWrong is any answer that is not right. It says no more on purpose, and
// becomes an mfa.NotValidError.
var errWrong = errors.New("webauthn: the answer is not valid")

var rawURL = base64.RawURLEncoding.Strict()

// decode reads base64url without padding, as the one text that its bytes have.
func decode(value []byte, most int) ([]byte, error) {
	s, err := text(value)
	if err != nil || len(s) > rawURL.EncodedLen(most) {
		return nil, errJSON
	}
	out, err := rawURL.DecodeString(s)
	if err != nil || rawURL.EncodedLen(len(out)) != len(s) { // the decoder drops line ends
		return nil, errJSON
	}
	return out, nil
}

// An answer is what a browser gave back, the JSON of PublicKeyCredential.toJSON
// (WebAuthn Level 3 §5.1.1). What an assertion does not have stays empty in one.
type answer struct {
	id         []byte
	idText     string
	attachment protocol.AuthenticatorAttachment

	clientJSON []byte // as it was hashed
	client     protocol.CollectedClientData

	authRaw    []byte // of an assertion
	signature  []byte
	userHandle []byte

	attestation []byte // of a registration
	transports  []string
	rk          *bool // credProps says whether the credential is discoverable; nil: it does not say
}

// readCredential reads what both kinds of answer have, and returns the response's members too.
func readCredential(data []byte) (a answer, response, all []member, err error) {
	if len(data) > maxAnswerBytes {
		return a, nil, nil, errJSON
	}
	if all, err = readObject(data); err != nil {
		return a, nil, nil, err
	}
	if kind, err := text(value(all, "type")); err != nil || kind != "public-key" {
		return a, nil, nil, errJSON
	}
	if a.id, err = decode(value(all, "id"), maxCredentialIDBytes); err != nil || len(a.id) == 0 {
		return a, nil, nil, errJSON
	}
	if a.idText, err = text(value(all, "id")); err != nil {
		return a, nil, nil, err
	}
	if raw, err := text(value(all, "rawId")); err != nil || raw != a.idText {
		return a, nil, nil, errJSON
	}
	if v := value(all, "authenticatorAttachment"); v != nil && !isNull(v) {
		s, err := text(v)
		if err != nil {
			return a, nil, nil, err
		}
		switch kind := protocol.AuthenticatorAttachment(s); kind {
		case protocol.Platform, protocol.CrossPlatform:
			a.attachment = kind
		}
	}
	if v := value(all, "clientExtensionResults"); v != nil && v[0] != '{' {
		return a, nil, nil, errJSON
	}
	if response, err = readObject(value(all, "response")); err != nil {
		return a, nil, nil, err
	}
	if a.clientJSON, err = decode(value(response, "clientDataJSON"), maxClientDataBytes); err != nil {
		return a, nil, nil, err
	}
	a.client, err = readClientData(a.clientJSON)
	return a, response, all, err
}

// readAssertion reads an AuthenticationResponseJSON.
func readAssertion(data []byte) (answer, error) {
	a, response, _, err := readCredential(data)
	if err != nil {
		return a, err
	}
	if a.authRaw, err = decode(value(response, "authenticatorData"), maxAuthDataBytes); err != nil {
		return a, err
	}
	if a.signature, err = decode(value(response, "signature"), maxSignatureBytes); err != nil {
		return a, err
	}
	if v := value(response, "userHandle"); v != nil && !isNull(v) {
		a.userHandle, err = decode(v, maxUserHandleBytes)
	}
	return a, err
}

// readRegistration reads a RegistrationResponseJSON. Its members
// authenticatorData, publicKey and publicKeyAlgorithm repeat what the
// attestation object says, for those who cannot read CBOR, and are ignored.
func readRegistration(data []byte) (answer, error) {
	a, response, all, err := readCredential(data)
	if err != nil {
		return a, err
	}
	if a.attestation, err = decode(value(response, "attestationObject"), maxAttestationBytes); err != nil {
		return a, err
	}
	if v := value(response, "transports"); v != nil && !isNull(v) {
		if a.transports, err = texts(v, maxTransports); err != nil {
			return a, err
		}
		for _, t := range a.transports {
			if len(t) > maxTransportBytes {
				return a, errJSON
			}
		}
	}
	a.rk = readRK(value(all, "clientExtensionResults"))
	return a, nil
}

// readRK finds credProps.rk (§10.1.3). It only chooses a name for the
// credential, so that whatever else stands there is no reason to refuse one.
func readRK(results []byte) *bool {
	extensions, err := readObject(results)
	if err != nil {
		return nil
	}
	properties, err := readObject(value(extensions, "credProps"))
	if err != nil {
		return nil
	}
	switch string(value(properties, "rk")) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	return nil
}
