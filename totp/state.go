package totp

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
)

// A State is what is stored of one authenticator app, as JSON:
//
//	{"secret":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP","algorithm":"SHA1","digits":6,"period":30,"last_step":58912345}
//
// It is also the form in which enrollments come from elsewhere, in
// EnrollParams.Import. There secret alone is needed: lower case, spaces and
// padding are fine in it, and what is left out is as in otpauth links (SHA1, 6
// digits, 30 seconds). A system that kept the last step that it had accepted
// hands it over in last_step, so that the code is not good for a second time here.
//
// A State holds the secret in the clear. It prints and logs itself without it.
type State struct {
	Secret    string    `json:"secret"`              // base32 (RFC 4648 §6) in upper case, without padding
	Algorithm Algorithm `json:"algorithm"`           //
	Digits    int       `json:"digits"`              // 6 or 8
	Period    int       `json:"period"`              // seconds, 10 to 120
	LastStep  int64     `json:"last_step,omitempty"` // Unix time divided by Period, of the last code accepted; 0: none yet
}

// An Algorithm is the hash under the codes' HMAC.
type Algorithm string

// The algorithms of RFC 6238 §1.2.
const (
	SHA1   Algorithm = "SHA1"
	SHA256 Algorithm = "SHA256"
	SHA512 Algorithm = "SHA512"
)

var noPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

var errState = errors.New("totp: stored state is not valid")

// decodeState reads what this package has stored. That it does not read is not
// the user's doing, so the error is of no kind that is told or counted.
func decodeState(data []byte) (State, error) {
	var s State
	if len(data) > maxStateBytes || json.Unmarshal(data, &s) != nil {
		return State{}, errState // the cause might quote the secret
	}
	if s.Secret == "" || s.LastStep < 0 || checkParameters(s.Algorithm, s.Digits, s.Period) != nil {
		return State{}, errState
	}
	return s, nil
}

// checkParameters says what is wrong with the parameters of codes.
func checkParameters(a Algorithm, digits, period int) error {
	switch {
	case a != SHA1 && a != SHA256 && a != SHA512:
		return errors.New("algorithm must be SHA1, SHA256 or SHA512")
	case digits != 6 && digits != 8:
		return errors.New("digits must be 6 or 8")
	case period < minPeriod || period > maxPeriod:
		return fmt.Errorf("period must be %d to %d seconds", minPeriod, maxPeriod)
	}
	return nil
}
