package webauthn

import (
	"bytes"
	"crypto/subtle"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
)

// readClientData reads the client data (WebAuthn Level 3 §5.8.1) exactly. Unknown
// members are ignored, since browsers add them on purpose; so is tokenBinding,
// which Level 3 has removed and nobody can check.
func readClientData(raw []byte) (protocol.CollectedClientData, error) {
	var c protocol.CollectedClientData
	// §7.1 step 5, "UTF-8 decode", drops a byte order mark. What is hashed keeps it.
	members, err := readObject(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	if err != nil {
		return c, err
	}
	kind, err := text(value(members, "type"))
	if err != nil {
		return c, err
	}
	c.Type = protocol.CeremonyType(kind)
	if c.Challenge, err = text(value(members, "challenge")); err != nil {
		return c, err
	}
	if c.Origin, err = text(value(members, "origin")); err != nil {
		return c, err
	}
	switch string(value(members, "crossOrigin")) {
	case "true":
		c.CrossOrigin = true
	case "false", "":
	default:
		return c, errJSON
	}
	if v := value(members, "topOrigin"); v != nil {
		// An empty one would look like none later on.
		if c.TopOrigin, err = text(v); err != nil || c.TopOrigin == "" {
			return c, errJSON
		}
	}
	return c, nil
}

// fromHere says whether client data is of the ceremony and of a page that rp
// expects (§7.1 steps 7 to 11, §7.2 steps 10 to 14). Origins are compared as the
// browser wrote them: no path, no folding of case or of ports.
func (rp *RelyingParty) fromHere(c *protocol.CollectedClientData, kind protocol.CeremonyType, session *session) bool {
	if c.Type != kind || subtle.ConstantTimeCompare([]byte(c.Challenge), []byte(session.Challenge)) != 1 {
		return false
	}
	if !slices.Contains(rp.Origins, c.Origin) || session.Origin != "" && session.Origin != c.Origin {
		return false
	}
	if c.TopOrigin != "" {
		return c.CrossOrigin && slices.Contains(rp.TopOrigins, c.TopOrigin)
	}
	return !c.CrossOrigin || len(rp.TopOrigins) > 0
}
