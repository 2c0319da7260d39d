package migrate

import (
	"encoding/json"
	"time"
)

// Columns is a program's own tables, one object for each user.
type Columns struct {
	// Source names the tables, "users"; it must stay the same over runs, as what
	// was brought is known by it. Empty: "columns".
	Source string

	Now func() time.Time // nil: time.Now
}

// A ColumnsUser is one user with all that they have. Of each thing, what nobody has
// confirmed stays behind; the zero value is not confirmed.
type ColumnsUser struct {
	User     ID              `json:"user"`
	TOTP     []ColumnsTOTP   `json:"totp,omitempty"`
	Phones   []ColumnsPhone  `json:"phones,omitempty"`
	Emails   []ColumnsEmail  `json:"emails,omitempty"`
	WebAuthn []ColumnsKey    `json:"webauthn,omitempty"`
	Recovery ColumnsRecovery `json:"recovery,omitzero"`
}

// A ColumnsTOTP is an authenticator app: a secret with its parameters, or the
// otpauth link that the app was set up with, as pquerna/otp's Key has it.
type ColumnsTOTP struct {
	ID        ID     `json:"id"`     // among the user's apps; may be empty where there is one
	Secret    Secret `json:"secret"` // base32
	URI       Secret `json:"uri"`    // instead of the secret and the next three
	Algorithm string `json:"algorithm"`
	Digits    int    `json:"digits"`
	Period    int    `json:"period"`    // seconds
	LastStep  int64  `json:"last_step"` // of the last code that was accepted: Unix time divided by period; 0: not kept
	Confirmed Bool   `json:"confirmed"`
	Label     string `json:"label"`
	Created   Time   `json:"created"`
	Used      Time   `json:"used"`
}

// A ColumnsPhone is a number that takes codes by text message.
type ColumnsPhone struct {
	ID        ID     `json:"id"`
	Number    Secret `json:"number"`
	Confirmed Bool   `json:"confirmed"`
	Label     string `json:"label"`
	Created   Time   `json:"created"`
	Used      Time   `json:"used"`
}

// A ColumnsEmail is an address that takes codes by mail.
type ColumnsEmail struct {
	ID        ID     `json:"id"`
	Address   Secret `json:"address"`
	Confirmed Bool   `json:"confirmed"`
	Label     string `json:"label"`
	Created   Time   `json:"created"`
	Used      Time   `json:"used"`
}

// A ColumnsKey is a WebAuthn credential. A credential is confirmed by its registration.
type ColumnsKey struct {
	ID         ID         `json:"id"`
	Credential SecretJSON `json:"credential"` // the JSON of a webauthn.State, or of go-webauthn's Credential
	Label      string     `json:"label"`
	Created    Time       `json:"created"`
	Used       Time       `json:"used"`
}

// ColumnsRecovery are recovery codes that are left: in the clear, or as bcrypt hashes.
type ColumnsRecovery struct {
	Codes  []Secret `json:"codes"`
	Bcrypt []Secret `json:"bcrypt"`

	// Form is how they are written, as recovery.State.Form has it: needed for
	// hashes ("xxxxx-xxxxx"), and for codes if empty "*".
	Form string `json:"form"`

	Created Time `json:"created"`
}

// Record turns a row into what can come along.
func (c Columns) Record(u ColumnsUser) Record {
	source := c.Source
	if source == "" {
		source = "columns"
	}
	b := build(source, u.User, c.Now)
	for _, t := range u.TOTP {
		b.columnsTOTP(t)
	}
	for _, p := range u.Phones {
		h := holding{id: named("sms", p.ID), label: p.Label, created: p.Created, used: p.Used}
		if !p.Confirmed {
			b.left(h.id, methodSMS, ReasonUnconfirmed)
			continue
		}
		b.sms(h, p.Number)
	}
	for _, e := range u.Emails {
		h := holding{id: named("email", e.ID), label: e.Label, created: e.Created, used: e.Used}
		if !e.Confirmed {
			b.left(h.id, methodEmail, ReasonUnconfirmed)
			continue
		}
		b.email(h, e.Address)
	}
	for _, k := range u.WebAuthn {
		h := holding{id: named("webauthn", k.ID), label: k.Label, created: k.Created, used: k.Used}
		if len(k.Credential) == 0 {
			b.left(h.id, methodWebAuthn, ReasonMalformed)
			continue
		}
		b.add(methodWebAuthn, h, json.RawMessage(k.Credential))
	}
	r := u.Recovery
	h := holding{id: "recovery", created: r.Created}
	if len(r.Bcrypt) > 0 {
		b.hashes(h, texts(r.Bcrypt), r.Form)
	} else {
		if r.Form == "" {
			r.Form = anyForm
		}
		b.codes(h, r.Codes, r.Form)
	}
	return b.record()
}

func (b *builder) columnsTOTP(t ColumnsTOTP) {
	h := holding{id: named("totp", t.ID), label: t.Label, created: t.Created, used: t.Used}
	if !t.Confirmed {
		b.left(h.id, methodTOTP, ReasonUnconfirmed)
		return
	}
	s := totpState{Secret: string(t.Secret), Algorithm: algorithm(t.Algorithm), Digits: t.Digits, Period: t.Period}
	if t.URI != "" {
		var why Reason
		if s, why = readURI(t.URI); why != "" {
			b.left(h.id, methodTOTP, why)
			return
		}
	}
	s.LastStep = t.LastStep
	b.totp(h, s)
}

// named is what an item is called that may be the only one of its kind.
func named(kind string, id ID) string {
	if id == "" {
		return kind
	}
	return kind + "/" + string(id)
}
