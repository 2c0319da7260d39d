package migrate

import (
	"strconv"
	"time"
)

// Auth0 is a file in the form of Auth0's bulk user import, with mfa_factors.
//
// Facts (Auth0's documentation, "Bulk User Import Schema and Examples"): a file is an
// array of users; mfa_factors has up to ten objects with one member each: totp with a
// secret in base32 without padding, phone with a number of E.164, or email with an
// address. There is nothing on parameters, last steps, keys or recovery codes.
//
// What Auth0's support hands out of a tenant ("Export Password Hashes and MFA
// Secrets") is a file whose fields are not documented: it has to be brought into this
// form, and its factors be known to be confirmed. A factor of an import file counts
// as confirmed, as it does there. Codes are taken to be what apps make unless told
// otherwise: SHA-1, six digits, 30 seconds.
type Auth0 struct {
	Now func() time.Time // nil: time.Now
}

// An Auth0User is one user.
type Auth0User struct {
	UserID     ID            `json:"user_id"` // in exports with the connection before it: "auth0|…"
	MFAFactors []Auth0Factor `json:"mfa_factors"`
}

// An Auth0Factor has one of these.
type Auth0Factor struct {
	TOTP  Auth0TOTP    `json:"totp,omitzero"`
	Phone Auth0Address `json:"phone,omitzero"`
	Email Auth0Address `json:"email,omitzero"`
}

// An Auth0TOTP is an authenticator app.
type Auth0TOTP struct {
	Secret Secret `json:"secret"`
}

// An Auth0Address is a number or an e-mail address.
type Auth0Address struct {
	Value Secret `json:"value"`
}

// Record turns a row into what can come along. Factors have no names, and are known by
// their place among those of their kind.
func (a Auth0) Record(u Auth0User) Record {
	b := build("auth0", u.UserID, a.Now)
	seen := map[string]int{}
	name := func(kind string) holding {
		seen[kind]++
		return holding{id: kind + "/" + strconv.Itoa(seen[kind])}
	}
	for _, f := range u.MFAFactors {
		if f.TOTP.Secret != "" {
			b.totp(name("totp"), totpState{Secret: string(f.TOTP.Secret)})
		}
		if f.Phone.Value != "" {
			b.sms(name("phone"), f.Phone.Value)
		}
		if f.Email.Value != "" {
			b.email(name("email"), f.Email.Value)
		}
		if f == (Auth0Factor{}) {
			b.left(name("factor").id, "", ReasonUnknown)
		}
	}
	return b.record()
}
