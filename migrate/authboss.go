package migrate

import (
	"strings"
	"time"
)

// Authboss is the two-factor modules of authboss, version 2 or 3. The program that
// uses them chooses the columns; they are named here as the interfaces
// totp2fa.User, sms2fa.User and twofactor.User name them.
//
// Facts (github.com/aarondl/authboss, earlier volatiletech/authboss): a secret is
// saved when a code has confirmed it (otp/twofactor/totp2fa/totp.go, PostConfirm),
// made by pquerna/otp with its defaults: SHA-1, six digits, 30 seconds. The last code
// is kept without its time, and is kept whether it was right or wrong, so that it
// tells no last step. Recovery codes are "abcde-12345" in lower case, hashed one
// by one with bcrypt at its default cost, and joined by commas
// (otp/twofactor/twofactor_recover.go).
type Authboss struct {
	Now func() time.Time // nil: time.Now
}

// An AuthbossUser is one user.
type AuthbossUser struct {
	PID            ID     `json:"pid"`
	TOTPSecretKey  Secret `json:"totp_secret_key"`
	SMSPhoneNumber Secret `json:"sms_phone_number"`
	RecoveryCodes  Secret `json:"recovery_codes"`
}

// authbossForm is how authboss writes recovery codes.
const authbossForm = "xxxxx-xxxxx"

// Record turns a row into what can come along.
func (a Authboss) Record(u AuthbossUser) Record {
	b := build("authboss", u.PID, a.Now)
	if u.TOTPSecretKey != "" {
		b.totp(holding{id: "totp"}, totpState{Secret: string(u.TOTPSecretKey)})
	}
	if u.SMSPhoneNumber != "" {
		b.sms(holding{id: "sms"}, u.SMSPhoneNumber)
	}
	if u.RecoveryCodes != "" { // splitting nothing would leave one empty hash
		b.hashes(holding{id: "recovery"}, strings.Split(string(u.RecoveryCodes), ","), authbossForm)
	}
	return b.record()
}
