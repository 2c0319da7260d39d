package migrate

import (
	"encoding/json"
	"errors"
	"time"
)

// Fortify is Laravel Fortify: its columns in the table of users.
//
// Facts (github.com/laravel/fortify, src): two_factor_secret and
// two_factor_recovery_codes are sealed with the application's key; the first is the
// secret in base32, the second a JSON list of codes such as "aB3dE6gH9k-Lm2nP5qR8t",
// kept as they are (Actions/EnableTwoFactorAuthentication.php, RecoveryCode.php).
// two_factor_confirmed_at is null until a code has confirmed the secret
// (TwoFactorAuthenticatable.php). The last step is in a cache, not in the table
// (TwoFactorAuthenticationProvider.php). Codes are those of pragmarx/google2fa:
// SHA-1, six digits, 30 seconds.
//
// Secrets have 16 letters unless the option secret-length says otherwise
// (Actions/EnableTwoFactorAuthentication.php): 80 bits, which totp.Config takes with
// InsecureShortSecrets alone. A dry run shows how many there are.
type Fortify struct {
	// Keys are the application's key and those that it had before (APP_KEY,
	// APP_PREVIOUS_KEYS), in the order in which to try them.
	Keys []LaravelKey

	// Decrypt is used instead of Keys where the columns are sealed otherwise. It
	// returns the string that was sealed.
	Decrypt func(sealed string) (string, error)

	// InsecureUnconfirmed takes a secret without two_factor_confirmed_at, as Fortify
	// itself does where its confirm option is off. It is insecure in that whoever
	// enrolled may never have had the app, and is locked out.
	InsecureUnconfirmed bool

	Now func() time.Time // nil: time.Now
}

// A FortifyUser is a row of users.
type FortifyUser struct {
	ID            ID     `json:"id"`
	Secret        Secret `json:"two_factor_secret"`
	RecoveryCodes Secret `json:"two_factor_recovery_codes"`
	ConfirmedAt   Time   `json:"two_factor_confirmed_at"`
}

// Record turns a row into what can come along.
func (f Fortify) Record(u FortifyUser) Record {
	b := build("fortify", u.ID, f.Now)
	switch {
	case u.Secret == "":
	case u.ConfirmedAt.IsZero() && !f.InsecureUnconfirmed:
		b.left("totp", methodTOTP, ReasonUnconfirmed)
	default:
		secret, err := f.open(u.Secret)
		if err != nil {
			b.left("totp", methodTOTP, ReasonSealed)
			break
		}
		b.totp(holding{id: "totp", created: u.ConfirmedAt}, totpState{Secret: secret})
	}
	if u.RecoveryCodes != "" {
		b.fortifyCodes(f, u)
	}
	return b.record()
}

func (b *builder) fortifyCodes(f Fortify, u FortifyUser) {
	const id = "recovery"
	list, err := f.open(u.RecoveryCodes)
	if err != nil {
		b.left(id, methodRecovery, ReasonSealed)
		return
	}
	var codes []Secret
	if json.Unmarshal([]byte(list), &codes) != nil {
		b.left(id, methodRecovery, ReasonMalformed)
		return
	}
	b.codes(holding{id: id, created: u.ConfirmedAt}, codes, anyForm)
}

func (f Fortify) open(sealed Secret) (string, error) {
	if f.Decrypt != nil {
		return f.Decrypt(string(sealed))
	}
	for _, k := range f.Keys {
		if text, err := k.Decrypt(string(sealed)); err == nil {
			return text, nil
		}
	}
	return "", errors.New("migrate: no key opens it")
}
