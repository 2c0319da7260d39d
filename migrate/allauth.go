package migrate

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Allauth is django-allauth's MFA: the rows of mfa_authenticator.
//
// Facts (github.com/pennersr/django-allauth, allauth/mfa): a row has a type and a JSON
// column; texts in it that are secret went through the adapter's encrypt, which does
// nothing unless the program overrides it (adapter.py). A row of type totp has the
// secret in base32; codes are of SHA-1, with digits and period by settings; a used
// code is in a cache, not in the row (totp/internal/auth.py). A row of type
// recovery_codes has either migrated_codes, or a seed and a mask of what is used;
// codes are digits of the running HMAC-SHA-1, under the seed, of "  0,", "  1,", and
// so on (recovery_codes/internal/auth.py). A row of type webauthn has the whole
// answer of the registration, as browsers give it in JSON (webauthn/internal/auth.py).
// Rows are made once their owner has confirmed them.
type Allauth struct {
	// Decrypt is the adapter's decrypt; nil: the adapter has none of its own.
	Decrypt func(text string) (string, error)

	TOTPDigits         int // MFA_TOTP_DIGITS; 0: 6
	TOTPPeriod         int // MFA_TOTP_PERIOD, in seconds; 0: 30
	RecoveryCodeCount  int // MFA_RECOVERY_CODE_COUNT, at most 32; 0: 10
	RecoveryCodeDigits int // MFA_RECOVERY_CODE_DIGITS, 6 to 18; 0: 8

	// RPID is the relying party's ID, a host name without port, as allauth took it
	// from the address of its site. Keys of another one stay behind. Empty: it is not
	// looked at, and the factor takes its own.
	RPID string

	// UserHandle is what authenticators were told that the user is called. Nil: as the
	// adapter has it by default: integers in base 36, UUIDs without hyphens, anything else
	// as it is.
	UserHandle func(user string) []byte

	Now func() time.Time // nil: time.Now
}

// An AllauthUser is one user with their rows.
type AllauthUser struct {
	UserID         ID                     `json:"user_id"`
	Authenticators []AllauthAuthenticator `json:"authenticators"`
}

// An AllauthAuthenticator is a row of mfa_authenticator.
type AllauthAuthenticator struct {
	ID         ID         `json:"id"`
	Type       string     `json:"type"`
	Data       SecretJSON `json:"data"`
	CreatedAt  Time       `json:"created_at"`
	LastUsedAt Time       `json:"last_used_at"`
}

// Record turns a row into what can come along.
func (a Allauth) Record(u AllauthUser) Record {
	b := build("allauth", u.UserID, a.Now)
	for _, r := range u.Authenticators {
		h := holding{id: named("authenticator", r.ID), created: r.CreatedAt, used: r.LastUsedAt}
		switch r.Type {
		case "totp":
			b.allauthTOTP(a, h, r.Data)
		case "recovery_codes":
			b.allauthCodes(a, h, r.Data)
		case "webauthn":
			b.allauthKey(a, h, string(u.UserID), r.Data)
		default:
			b.left(h.id, "", ReasonUnknown)
		}
	}
	return b.record()
}

func (b *builder) allauthTOTP(a Allauth, h holding, data []byte) {
	var d struct {
		Secret Secret `json:"secret"`
	}
	if json.Unmarshal(data, &d) != nil {
		b.left(h.id, methodTOTP, ReasonMalformed)
		return
	}
	secret, err := a.open(d.Secret)
	if err != nil {
		b.left(h.id, methodTOTP, ReasonSealed)
		return
	}
	b.totp(h, totpState{Secret: string(secret), Digits: a.TOTPDigits, Period: a.TOTPPeriod})
}

func (b *builder) allauthCodes(a Allauth, h holding, data []byte) {
	var d struct {
		Migrated []Secret `json:"migrated_codes"`
		Seed     Secret   `json:"seed"`
		Used     big.Int  `json:"used_mask"`
	}
	if json.Unmarshal(data, &d) != nil || d.Seed == "" && d.Migrated == nil {
		b.left(h.id, methodRecovery, ReasonMalformed)
		return
	}
	if d.Migrated != nil {
		var codes []Secret
		for _, sealed := range d.Migrated {
			c, err := a.open(sealed)
			if err != nil {
				b.left(h.id, methodRecovery, ReasonSealed)
				return
			}
			codes = append(codes, c)
		}
		b.codes(h, codes, anyForm)
		return
	}
	seed, err := a.open(d.Seed)
	if err != nil {
		b.left(h.id, methodRecovery, ReasonSealed)
		return
	}
	codes, err := a.generate(string(seed), &d.Used)
	if err != nil {
		b.left(h.id, methodRecovery, ReasonMalformed)
		return
	}
	b.codes(h, codes, anyForm)
}

// generate makes the codes of a seed that are not used.
func (a Allauth) generate(seed string, used *big.Int) ([]Secret, error) {
	count, digits := a.RecoveryCodeCount, a.RecoveryCodeDigits
	if count == 0 {
		count = 10
	}
	if digits == 0 {
		digits = 8
	}
	if count < 0 || count > 32 || digits < 6 || digits > 18 || used.Sign() < 0 {
		return nil, errors.New("migrate: settings of recovery codes are out of bounds")
	}
	running := hmac.New(sha1.New, []byte(seed))
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	var codes []Secret
	for i := range count {
		_, _ = fmt.Fprintf(running, "%3d,", i) // a hash never fails
		value := new(big.Int).SetBytes(running.Sum(nil)[:min(digits/2, sha1.Size)])
		if used.Bit(i) == 0 {
			codes = append(codes, Secret(fmt.Sprintf("%0*d", digits, value.Mod(value, power))))
		}
	}
	return codes, nil
}

func (a Allauth) open(sealed Secret) (Secret, error) {
	if a.Decrypt == nil {
		return sealed, nil
	}
	text, err := a.Decrypt(string(sealed))
	return Secret(text), err
}

// handle is the user handle of a user's keys.
func (a Allauth) handle(user string) []byte {
	if a.UserHandle != nil {
		return a.UserHandle(user)
	}
	if n, err := strconv.ParseUint(user, 10, 64); err == nil && strconv.FormatUint(n, 10) == user {
		return []byte(strconv.FormatUint(n, 36))
	}
	if len(user) == 36 {
		bare := strings.ReplaceAll(strings.ToLower(user), "-", "")
		if len(bare) == 32 && strings.Trim(bare, "0123456789abcdef") == "" {
			return []byte(bare)
		}
	}
	return []byte(user)
}
