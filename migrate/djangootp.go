package migrate

import (
	"encoding/base32"
	"encoding/hex"
	"time"
)

// DjangoOTP is django-otp: its TOTP, static and e-mail devices.
//
// Facts (github.com/django-otp/django-otp, src/django_otp): a key is hexadecimal,
// its codes are of SHA-1; last_t is the counter of the last code that was accepted,
// drift included, or -1; drift is by how many steps the app is off
// (plugins/otp_totp/models.py, oath.py). Static tokens are kept as they are, at most
// 16 characters, and deleted when used (plugins/otp_static/models.py). An e-mail
// device without an address uses the account's (plugins/otp_email/models.py).
// confirmed is false while a device is being set up (models.py).
type DjangoOTP struct {
	Now func() time.Time // nil: time.Now
}

// A DjangoOTPUser is one user with the rows of all tables.
type DjangoOTPUser struct {
	UserID ID                `json:"user_id"`
	TOTP   []DjangoOTPTOTP   `json:"totp,omitempty"`
	Static []DjangoOTPStatic `json:"static,omitempty"`
	Email  []DjangoOTPEmail  `json:"email,omitempty"`
	HOTP   []DjangoOTPDevice `json:"hotp,omitempty"` // to be reported: there is no HOTP here
}

// A DjangoOTPDevice is what all devices have.
type DjangoOTPDevice struct {
	ID         ID     `json:"id"`
	Name       string `json:"name"`
	Confirmed  Bool   `json:"confirmed"`
	CreatedAt  Time   `json:"created_at"`   // since django-otp 1.4; else none
	LastUsedAt Time   `json:"last_used_at"` // likewise
}

// A DjangoOTPTOTP is a row of otp_totp_totpdevice.
type DjangoOTPTOTP struct {
	DjangoOTPDevice
	Key    Secret `json:"key"`
	Step   int    `json:"step"`
	T0     int64  `json:"t0"`
	Digits int    `json:"digits"`
	Drift  int    `json:"drift"`
	LastT  int64  `json:"last_t"`
}

// A DjangoOTPStatic is a row of otp_static_staticdevice, with the tokens of
// otp_static_statictoken that are its.
type DjangoOTPStatic struct {
	DjangoOTPDevice
	Tokens []Secret `json:"tokens"`
}

// A DjangoOTPEmail is a row of otp_email_emaildevice.
type DjangoOTPEmail struct {
	DjangoOTPDevice
	Email Secret `json:"email"`
}

// Record turns a row into what can come along. All static tokens become one set of
// recovery codes.
func (d DjangoOTP) Record(u DjangoOTPUser) Record {
	b := build("django-otp", u.UserID, d.Now)
	for _, t := range u.TOTP {
		b.djangoTOTP(t)
	}
	for _, e := range u.Email {
		h := e.holding("emaildevice")
		switch {
		case !bool(e.Confirmed):
			b.left(h.id, methodEmail, ReasonUnconfirmed)
		case e.Email == "":
			b.left(h.id, methodEmail, ReasonNoAddress)
		default:
			b.email(h, e.Email)
		}
	}
	for _, o := range u.HOTP {
		b.left(o.holding("hotpdevice").id, "", ReasonCounter)
	}
	set := holding{id: "statictoken"}
	var tokens []Secret
	for _, s := range u.Static {
		if !s.Confirmed {
			b.left(s.holding("staticdevice").id, methodRecovery, ReasonUnconfirmed)
			continue
		}
		tokens = append(tokens, s.Tokens...)
		set.created = s.CreatedAt
	}
	b.codes(set, tokens, anyForm)
	return b.record()
}

func (d DjangoOTPDevice) holding(kind string) holding {
	return holding{id: named(kind, d.ID), label: d.Name, created: d.CreatedAt, used: d.LastUsedAt}
}

func (b *builder) djangoTOTP(t DjangoOTPTOTP) {
	h := t.holding("totpdevice")
	key, err := hex.DecodeString(string(t.Key))
	switch {
	case !bool(t.Confirmed):
		b.left(h.id, methodTOTP, ReasonUnconfirmed)
		return
	case err != nil || t.Step <= 0 || t.Digits <= 0:
		b.left(h.id, methodTOTP, ReasonMalformed)
		return
	case t.T0 != 0:
		b.left(h.id, methodTOTP, ReasonStart)
		return
	}
	if t.Drift < -1 || t.Drift > 1 {
		b.note(h.id, NoteDrift)
	}
	b.totp(h, totpState{Secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key),
		Digits: t.Digits, Period: t.Step, LastStep: t.LastT})
}
