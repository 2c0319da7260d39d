package attack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// Authenticator data flags (W3C Level 3, 6.1).
const (
	userPresent    = 1 << 0
	userVerified   = 1 << 2
	backupEligible = 1 << 3
	backedUp       = 1 << 4
	attested       = 1 << 6
)

// A key is a security key that lies where it is told to.
type key struct {
	origin string
	id     []byte
	handle []byte
	count  uint32
	secret *ecdsa.PrivateKey
}

// newKey is one in a browser that shows the demo.
func (x *Trial) newKey() *key {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fail("%v", err)
	}
	return &key{origin: x.url, id: []byte(rand.Text()), secret: secret}
}

// A ceremony is what is going to be said and signed. What is changed in it is the lie.
type ceremony struct {
	kind, challenge, origin string
	crossOrigin             bool
	client                  string // the client data as they stand; empty: made of the above
	rp                      string
	flags                   byte
	count                   uint32
	id, handle              []byte
	cose                    []byte // the public key
	object                  []byte // the attestation object as it stands; nil: made of the above
	data                    []byte // the authenticator data, likewise
	signer                  *ecdsa.PrivateKey
	signature               []byte // nil: a right one
}

// asked are the options of a ceremony, in an answer.
type asked struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
		RP        struct{ ID string }
		User      struct{ ID string }
		Allow     []struct{ ID string } `json:"allowCredentials"`
	}
}

func (k *key) ceremony(kind string, options reply, lie func(*ceremony)) *ceremony {
	var o asked
	options.into(&o)
	c := &ceremony{kind: kind, challenge: o.PublicKey.Challenge, origin: k.origin, rp: o.PublicKey.RPID + o.PublicKey.RP.ID,
		flags: userPresent | userVerified, count: k.count, id: k.id, handle: k.handle, signer: k.secret, cose: cose(&k.secret.PublicKey, 0x26)}
	if lie != nil {
		lie(c)
	}
	if c.client == "" {
		text, err := json.Marshal(map[string]any{"type": c.kind, "challenge": c.challenge, "origin": c.origin, "crossOrigin": c.crossOrigin})
		if err != nil {
			fail("%v", err)
		}
		c.client = string(text)
	}
	return c
}

// create answers a set-up. The statement is none, as with most keys.
func (k *key) create(options reply, lie func(*ceremony)) json.RawMessage {
	var o asked
	options.into(&o)
	handle, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		fail("%v", err)
	}
	k.handle = handle
	c := k.ceremony("webauthn.create", options, lie)
	if c.data == nil {
		c.data = c.head(attested)
		c.data = append(c.data, make([]byte, 16)...) // no model
		c.data = binary.BigEndian.AppendUint16(c.data, uint16(len(c.id)))
		c.data = slices.Concat(c.data, c.id, c.cose)
	}
	if c.object == nil {
		c.object = slices.Concat([]byte{0xa3}, text3("fmt"), text3("none"), text3("attStmt"), []byte{0xa0}, text3("authData"), bytesOf(c.data))
	}
	return c.credential(map[string]any{"attestationObject": b64(c.object), "transports": []string{"usb"}})
}

// get answers a challenge.
func (k *key) get(options reply, lie func(*ceremony)) json.RawMessage {
	k.count++
	c := k.ceremony("webauthn.get", options, lie)
	if c.data == nil {
		c.data = c.head(0)
	}
	if c.signature == nil {
		client := sha256.Sum256([]byte(c.client))
		sum := sha256.Sum256(slices.Concat(c.data, client[:]))
		var err error
		if c.signature, err = ecdsa.SignASN1(rand.Reader, c.signer, sum[:]); err != nil {
			fail("%v", err)
		}
	}
	return c.credential(map[string]any{"authenticatorData": b64(c.data), "signature": b64(c.signature), "userHandle": b64(c.handle)})
}

// head is how authenticator data begin.
func (c *ceremony) head(flags byte) []byte {
	rp := sha256.Sum256([]byte(c.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], c.flags|flags), c.count)
}

func (c *ceremony) credential(response map[string]any) json.RawMessage {
	response["clientDataJSON"] = b64([]byte(c.client))
	out, err := json.Marshal(map[string]any{"id": b64(c.id), "rawId": b64(c.id), "type": "public-key",
		"clientExtensionResults": map[string]any{}, "response": response})
	if err != nil {
		fail("%v", err)
	}
	return out
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// text3 is a short text in CBOR.
func text3(s string) []byte { return append([]byte{0x60 + byte(len(s))}, s...) }

// bytesOf is a byte string in canonical CBOR.
func bytesOf(b []byte) []byte {
	if len(b) < 24 {
		return append([]byte{0x40 + byte(len(b))}, b...)
	}
	if len(b) < 256 {
		return append([]byte{0x58, byte(len(b))}, b...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{0x59}, uint16(len(b))), b...)
}

// cose is a public key on P-256, whose algorithm is given as it is encoded (RFC 9053).
func cose(p *ecdsa.PublicKey, algorithm ...byte) []byte {
	point, err := p.Bytes()
	if err != nil {
		fail("%v", err)
	}
	out := slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03}, algorithm, []byte{0x20, 0x01, 0x21, 0x58, 32}, point[1:33], []byte{0x22, 0x58, 32})
	return append(out, point[33:]...)
}

// enroll sets the key up in a session, and is the enrollment.
func (k *key) enroll(b *browser) (id string) {
	options := b.post("/mfa/enrollments", js{"method": "webauthn"}).want(http.StatusCreated)
	var e begun
	options.into(&e)
	b.post(fmt.Sprintf("/mfa/enrollments/%s/activate", e.ID), js{"credential": k.create(options, nil)}).want(http.StatusOK)
	return e.ID
}
