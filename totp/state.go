package totp

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // RFC 4648 §6

var noPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

var errState = errors.New("totp: stored state is not valid")

// decodeState reads what this package has stored. That it does not read is not
// the user's doing, so the error is of no kind that is told or counted.
func decodeState(data []byte) (State, error) {
	s, ok := decodeUsual(data)
	if !ok && (len(data) > maxStateBytes || json.Unmarshal(data, &s) != nil) {
		return State{}, errState // the cause might quote the secret
	}
	if s.Secret == "" || s.LastStep < 0 || checkParameters(s.Algorithm, s.Digits, s.Period) != nil {
		return State{}, errState
	}
	return s, nil
}

// The JSON of a valid state, as package json writes it.
const (
	jsonSecret    = `{"secret":"`
	jsonAlgorithm = `","algorithm":"`
	jsonDigits    = `","digits":`
	jsonPeriod    = `,"period":`
	jsonLastStep  = `,"last_step":`
)

// encode writes a state that is valid.
func (s State) encode() []byte {
	out := make([]byte, 0, 128+len(s.Secret))
	out = append(append(out, jsonSecret...), s.Secret...)
	out = append(append(out, jsonAlgorithm...), s.Algorithm...)
	out = strconv.AppendInt(append(out, jsonDigits...), int64(s.Digits), 10)
	out = strconv.AppendInt(append(out, jsonPeriod...), int64(s.Period), 10)
	if s.LastStep != 0 {
		out = strconv.AppendInt(append(out, jsonLastStep...), s.LastStep, 10)
	}
	return append(out, '}')
}

// decodeUsual reads what encode writes of a state that has spent a step, as nearly
// all have, and says false to anything else. Package json takes longer for it than
// the three codes do that it is read for.
func decodeUsual(data []byte) (s State, ok bool) {
	text := string(data)
	secret, rest, _ := strings.Cut(strings.TrimPrefix(text, jsonSecret), jsonAlgorithm)
	algorithm, rest, _ := strings.Cut(rest, jsonDigits)
	digits, rest, _ := strings.Cut(rest, jsonPeriod)
	period, step, _ := strings.Cut(rest, jsonLastStep)
	s = State{Secret: secret, Algorithm: Algorithm(algorithm)}
	s.Digits, _ = strconv.Atoi(digits)
	s.Period, _ = strconv.Atoi(period)
	s.LastStep, _ = strconv.ParseInt(strings.TrimSuffix(step, "}"), 10, 64)
	if checkParameters(s.Algorithm, s.Digits, s.Period) != nil || strings.Trim(secret, base32Digits) != "" {
		return State{}, false
	}
	if again := string(s.encode()); again != text { // whatever there is to JSON besides is package json's to read
		return State{}, false
	}
	return s, true
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
