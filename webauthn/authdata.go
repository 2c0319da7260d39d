package webauthn

import (
	"encoding/binary"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
)

var errAuthData = errors.New("webauthn: not the authenticator data that it should be")

// readAuthData reads authenticator data (WebAuthn Level 3 §6.1) to its last
// byte. What it returns shares the bytes of raw. Extension outputs are only held
// to their form: none is asked for, and those that come unasked are ignored (§7.1
// step 28, §7.2 step 23).
func readAuthData(raw []byte) (protocol.AuthenticatorData, error) {
	var a protocol.AuthenticatorData
	if len(raw) < 37 || len(raw) > maxAuthDataBytes {
		return a, errAuthData
	}
	a.RPIDHash = raw[:32]
	a.Flags = protocol.AuthenticatorFlags(raw[32])
	a.Counter = binary.BigEndian.Uint32(raw[33:])
	rest := raw[37:]
	if a.Flags.HasAttestedCredentialData() {
		if len(rest) < 18 {
			return a, errAuthData
		}
		a.AttData.AAGUID = rest[:16]
		n := int(binary.BigEndian.Uint16(rest[16:]))
		rest = rest[18:]
		if n == 0 || n > maxCredentialIDBytes || n > len(rest) {
			return a, errAuthData
		}
		a.AttData.CredentialID, rest = rest[:n], rest[n:]
		n, _, err := readMap(rest)
		if err != nil {
			return a, err
		}
		a.AttData.CredentialPublicKey, rest = rest[:n], rest[n:]
	}
	if a.Flags.HasExtensions() {
		n, _, err := readMap(rest)
		if err != nil {
			return a, err
		}
		a.ExtData, rest = rest[:n], rest[n:]
	}
	if len(rest) != 0 {
		return a, errAuthData
	}
	return a, nil
}
