package totp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// Enroll begins the set-up of an app: Step.Challenge is a [*Challenge] with a
// new secret of 160 random bits, and Step.Pending the [State] that a code has to confirm.
//
// With Params.Import, which only the host's own code can set, the enrollment
// is active at once (Step.Done): the host vouches that the user confirmed it
// where it comes from. It proves nothing about who is asking, so Done has no
// AMR. An import that is not a valid [State], or whose secret is too short,
// gives an error that wraps mfa.ErrBadInput.
//
// An app cannot be enrolled implicitly: that is an mfa.RefusedError.
func (f *Factor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit", Detail: "An authenticator app has to be set up by its owner."}
	}
	if r.Params.Import != nil {
		return f.enrollImport(r.Params.Import, r.Now)
	}
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails: the program ends instead
	s := State{Secret: noPadding.EncodeToString(secret), Algorithm: f.algorithm, Digits: f.digits, Period: f.period}
	account := accountName(r.User)
	return mfa.Step{
		Challenge: &Challenge{Secret: s.Secret, URI: uri(f.issuer, account, s), Issuer: f.issuer, Account: account},
		Pending:   s.encode(),
	}, nil
}

func (f *Factor) enrollImport(data []byte, now time.Time) (mfa.Step, error) {
	s, err := f.readImport(data, now)
	if err != nil {
		return mfa.Step{}, fmt.Errorf("totp: import: %w: %w", mfa.ErrBadInput, err)
	}
	return mfa.Step{Done: &mfa.Verified{State: s.encode()}}, nil
}

// readImport reads a State strictly, fills in what may be left out, and brings
// the secret into its one form. Its errors quote nothing of what it read.
func (f *Factor) readImport(data []byte, now time.Time) (State, error) {
	s, err := decodeStrict(data)
	if err != nil {
		return State{}, err
	}
	if s.Algorithm == "" {
		s.Algorithm = SHA1
	}
	if s.Digits == 0 {
		s.Digits = defaultDigits
	}
	if s.Period == 0 {
		s.Period = defaultPeriod
	}
	if err := checkParameters(s.Algorithm, s.Digits, s.Period); err != nil {
		return State{}, err
	}
	if s.Secret, err = f.canonicalSecret(s.Secret); err != nil {
		return State{}, err
	}
	current, err := stepAt(now, s.Period)
	if err != nil {
		return State{}, err
	}
	// A last step that is yet to come would lock the user out until then. It is
	// most likely not a step but a time.
	if s.LastStep < 0 || s.LastStep > current+defaultSkew {
		return State{}, errors.New("last_step is not a past step")
	}
	return s, nil
}

func decodeStrict(data []byte) (State, error) {
	var s State
	if len(data) > maxStateBytes {
		return s, fmt.Errorf("more than %d bytes", maxStateBytes)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(&s) != nil {
		return s, errors.New("not the JSON of a State") // the cause might quote the secret
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, errors.New("data after the JSON of a State")
	}
	return s, nil
}

// canonicalSecret reads base32 as people and other systems write it.
func (f *Factor) canonicalSecret(s string) (string, error) {
	s = strings.TrimRight(strings.ReplaceAll(s, " ", ""), "=")
	secret, err := noPadding.DecodeString(asciiUpper(s))
	switch {
	case err != nil || noPadding.EncodedLen(len(secret)) != len(s): // the decoder drops line ends and odd letters
		return "", errors.New("secret is not base32")
	case len(secret) < f.minSecret:
		return "", fmt.Errorf("secret has %d bits, and %d at least are needed", 8*len(secret), 8*f.minSecret)
	case len(secret) > maxSecretBytes:
		return "", fmt.Errorf("secret has more than %d bytes", maxSecretBytes)
	}
	return noPadding.EncodeToString(secret), nil
}

// asciiUpper does not map the letters outside of ASCII whose upper case is in
// it (ı, ſ), so that no other spelling becomes base32.
func asciiUpper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
}
