package migrate_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/migrate"
	"github.com/mfakit/mfa/webauthn"
)

const origin = "https://www.example.com"

// A key is an ES256 credential of a browser.
type key struct {
	private *ecdsa.PrivateKey
	id      []byte
	flags   byte // of its registration
	rpID    string
	after   []byte // behind the public key
	counter uint32
}

func newKey(t testing.TB) *key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key{private: private, id: []byte("0123456789abcdef"), flags: 0x5d, rpID: "example.com", counter: 3} // present, verified, eligible, backed up, attested
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (k *key) authData(t testing.TB, flags byte, counter uint32) []byte {
	t.Helper()
	hash := sha256.Sum256([]byte(k.rpID))
	data := append(hash[:], flags)
	data = binary.BigEndian.AppendUint32(data, counter)
	if flags&0x40 == 0 {
		return data
	}
	point, err := k.private.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	cose, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	public, err := cose.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, "sixteen bytes..."...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(append(data, k.id...), public...)
	return append(data, k.after...)
}

// registered is what allauth keeps of its registration, in the column data.
func (k *key) registered(t testing.TB) string {
	t.Helper()
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	object, err := mode.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": k.authData(t, k.flags, k.counter)})
	if err != nil {
		t.Fatal(err)
	}
	return k.answered(object)
}

func (k *key) answered(object []byte) string {
	client := []byte(`{"type":"webauthn.create","challenge":"AAAA","origin":"` + origin + `"}`)
	return `{"name":"My key","credential":{"id":"` + b64(k.id) + `","rawId":"` + b64(k.id) + `","type":"public-key","authenticatorAttachment":"platform",
		"clientExtensionResults":{"credProps":{"rk":true}},
		"response":{"clientDataJSON":"` + b64(client) + `","attestationObject":"` + b64(object) + `","transports":["internal","hybrid"]}}}`
}

// assert signs what a challenge asks for, as the passkey of a user handle.
func (k *key) assert(t testing.TB, c mfa.Challenge, handle string) []byte {
	t.Helper()
	shown, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(shown, &asked); err != nil || asked.PublicKey.Challenge == "" {
		t.Fatalf("no challenge in %s", shown)
	}
	client := []byte(`{"type":"webauthn.get","challenge":"` + asked.PublicKey.Challenge + `","origin":"` + origin + `"}`)
	k.counter++
	auth := k.authData(t, 0x1d, k.counter)
	digest := sha256.Sum256(client)
	digest = sha256.Sum256(append(bytes.Clone(auth), digest[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return []byte(`{"id":"` + b64(k.id) + `","rawId":"` + b64(k.id) + `","type":"public-key","clientExtensionResults":{},
		"response":{"clientDataJSON":"` + b64(client) + `","authenticatorData":"` + b64(auth) + `","signature":"` + b64(signature) + `","userHandle":"` + b64([]byte(handle)) + `"}}`)
}

// withKeys is an engine with keys of example.com beside the rest.
func withKeys(t testing.TB) *mfatest.Engine {
	t.Helper()
	return mfatest.NewEngine(t, func(c *mfa.Config) {
		f, err := webauthn.New(webauthn.Config{RP: webauthn.RelyingParty{ID: "example.com", Name: "Example", Origins: []string{origin}}})
		if err != nil {
			t.Fatal(err)
		}
		c.Factors = append(c.Factors, f)
		c.Users = func(ctx context.Context, id string) (mfa.User, uint64, error) {
			u, err := anyone(ctx, id)
			return u, 0, err
		}
	})
}

// TestAllauth_KeySignsInHere: what was registered there signs in here, by the user
// handle that the authenticator has.
func TestAllauth_KeySignsInHere(t *testing.T) {
	for user, handle := range map[string]string{
		"1234": "ya", "0": "0", "007": "007", "ada": "ada",
		"123E4567-e89b-12d3-a456-426614174000": "123e4567e89b12d3a456426614174000",
	} {
		m, k := withKeys(t), newKey(t)
		row := parse[migrate.AllauthUser](t, `{"user_id":"`+user+`","authenticators":[{"id":5,"type":"webauthn","data":`+k.registered(t)+`,"created_at":"2025-03-01T10:00:00Z"}]}`)
		r := bring(t, m, nil, migrate.Allauth{RPID: "example.com", Now: m.Clock.Now}.Record(row))
		if r.Brought != 1 {
			t.Fatalf("%s: %+v", user, r)
		}
		list, err := m.Enrollments(bg, user)
		if err != nil || len(list) != 1 || list[0].Label != "My key" || list[0].CreatedAt.Year() != 2025 {
			t.Fatalf("%s: %v, %v", user, list, err)
		}
		f := signIn(t, m, user)
		asked, err := m.Challenge(bg, f.Token, f.Options[0].ID, mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		f, err = m.Verify(bg, f.Token, mfa.Answer{Option: f.Options[0].ID, Credential: k.assert(t, asked.Challenge, handle)}, mfa.Client{})
		if err != nil || f.Status != mfa.StatusPassed {
			t.Errorf("%s: as the second factor: %v", user, err)
			continue
		}
		p, err := m.BeginPasskey(bg, mfa.Client{})
		if err != nil {
			t.Fatal(err)
		}
		f, err = m.FinishPasskey(bg, p.Token, mfa.Answer{Credential: k.assert(t, p.Challenge, handle)}, mfa.Client{})
		if err != nil || f.Status != mfa.StatusPassed || f.Authentication.User != user {
			t.Errorf("%s: as a passkey: %v", user, err)
		}
	}
}

func TestAllauth_Keys(t *testing.T) {
	object := func(change func(*key)) string {
		k := newKey(t)
		change(k)
		return k.registered(t)
	}
	raw := func(b []byte) string { return newKey(t).answered(b) }
	for name, c := range map[string]struct {
		data, rpID string
		want       migrate.Reason
	}{
		"its site":           {object(func(*key) {}), "example.com", ""},
		"site not looked at": {object(func(*key) {}), "", ""},
		"another site":       {object(func(k *key) { k.rpID = "example.org" }), "example.com", migrate.ReasonOtherSite},
		"no credential":      {object(func(k *key) { k.flags = 0x05 }), "example.com", migrate.ReasonMalformed},
		"empty identifier":   {object(func(k *key) { k.id = nil }), "example.com", migrate.ReasonMalformed},
		"something after":    {object(func(k *key) { k.after = []byte{0xa0} }), "example.com", migrate.ReasonMalformed},
		"extensions":         {object(func(k *key) { k.flags |= 0x80; k.after = []byte{0xa0} }), "example.com", ""},
		"not CBOR":           {raw([]byte("x")), "", migrate.ReasonMalformed},
		"empty":              {raw(nil), "", migrate.ReasonMalformed},
		"a bomb":             {raw([]byte("\xa1\x68authData\x9b\x00\x00\x00\x7f\xff\xff\xff\xff")), "", migrate.ReasonMalformed},
		"short":              {raw([]byte("\xa1\x68authData\x41\x00")), "", migrate.ReasonMalformed},
		"no answer":          {`{"name":"x"}`, "", migrate.ReasonMalformed},
		"not base64":         {`{"credential":{"response":{"attestationObject":"!"}}}`, "", migrate.ReasonMalformed},
	} {
		row := parse[migrate.AllauthUser](t, `{"user_id":7,"authenticators":[{"id":5,"type":"webauthn","data":`+c.data+`}]}`)
		r := migrate.Allauth{RPID: c.rpID, Now: atNoon}.Record(row)
		switch {
		case c.want == "" && (len(r.Items) != 1 || len(r.Left) != 0):
			t.Errorf("%s: %v", name, r.Left)
		case c.want != "" && (len(r.Items) != 0 || len(r.Left) != 1 || r.Left[0].Reason != c.want):
			t.Errorf("%s: %v", name, r.Left)
		}
	}
	own := migrate.Allauth{UserHandle: func(user string) []byte { return []byte("handle of " + user) }}
	r := own.Record(parse[migrate.AllauthUser](t, `{"user_id":7,"authenticators":[{"id":5,"type":"webauthn","data":`+newKey(t).registered(t)+`}]}`))
	if !strings.Contains(string(r.Items[0].State), `"userHandle":"`+b64([]byte("handle of 7"))+`"`) {
		t.Error("the host's user handle is not in the state")
	}
}

// TestColumns_GoWebauthnCredential: a Credential as go-webauthn stores it is taken as it is.
func TestColumns_GoWebauthnCredential(t *testing.T) {
	m, k := withKeys(t), newKey(t)
	row := migrate.Allauth{RPID: "example.com"}.Record(parse[migrate.AllauthUser](t, `{"user_id":7,"authenticators":[{"id":5,"type":"webauthn","data":`+k.registered(t)+`}]}`))
	var state map[string]any
	if err := json.Unmarshal(row.Items[0].State, &state); err != nil {
		t.Fatal(err)
	}
	delete(state, "rpId")
	delete(state, "userHandle")
	credential, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	r := bring(t, m, nil, migrate.Columns{}.Record(migrate.ColumnsUser{User: "ada", WebAuthn: []migrate.ColumnsKey{{Credential: migrate.SecretJSON(credential)}}}))
	if r.Brought != 1 || holds(t, m, "ada") != "webauthn" {
		t.Errorf("%+v", r)
	}
	// Of somebody else's credential nothing comes, and their other things do.
	record := migrate.Columns{Now: m.Clock.Now}.Record(migrate.ColumnsUser{User: "eve", WebAuthn: []migrate.ColumnsKey{{Credential: migrate.SecretJSON(credential)}}, TOTP: []migrate.ColumnsTOTP{{Secret: secret, Confirmed: true}}})
	if r := bring(t, m, nil, record); r.Brought != 1 || r.Left != 1 || holds(t, m, "eve") != "totp" {
		t.Errorf("%+v", r)
	}
}
