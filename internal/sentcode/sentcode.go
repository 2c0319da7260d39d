// Package sentcode is what factors have in common whose codes are sent to somebody:
// where a code goes, and how the answer to it is checked.
package sentcode

import (
	"errors"
	"fmt"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
)

// A Factor is one of them.
type Factor struct {
	Name   string // of the method, for errors
	Codes  onetime.Settings
	Resend bool // whether a wrong answer has a new code sent

	// Address reads where an enrollment's codes go from its state.
	Address func(state []byte) (string, error)
}

// To is where the code of a challenge goes: to the one enrollment that the option
// covers or, for an enrolment, where the code before it went.
func (f Factor) To(r mfa.ChallengeRequest) (to string, of mfa.Enrolled, err error) {
	return f.to(r.Purpose, r.Previous, r.Enrollments)
}

func (f Factor) to(use mfa.Purpose, pending []byte, list []mfa.Enrolled) (to string, of mfa.Enrolled, err error) {
	if use == mfa.ForEnrollment {
		p, err := onetime.Parse(pending)
		return p.To, of, err
	}
	if len(list) != 1 {
		return "", of, errors.New(f.Name + ": an option is for one enrollment")
	}
	to, err = f.Address(list[0].State)
	return to, list[0], err
}

// Verify checks an answer. For an authentication what it returns is complete but
// for AMR; for an enrolment the state is left to be made of to.
func (f Factor) Verify(r mfa.VerifyRequest) (v mfa.Verified, to string, err error) {
	pending, err := onetime.Parse(r.Pending)
	if err != nil {
		return v, "", err
	}
	to, of, err := f.to(r.Purpose, r.Pending, r.Enrollments)
	if err != nil {
		return v, "", err
	}
	switch err := f.Codes.Check(pending, onetime.Purpose{Use: string(r.Purpose), Flow: r.Flow, To: to}, r.Answer.Code, r.Now); {
	case errors.Is(err, onetime.ErrMalformed):
		return v, "", fmt.Errorf("%w: %s: a code has %d digits", mfa.ErrBadInput, f.Name, f.Codes.Digits)
	case err != nil:
		return v, "", &mfa.NotValidError{Resend: f.Resend}
	}
	if r.Purpose != mfa.ForEnrollment {
		v.EnrollmentID, v.State = of.ID, of.State
	}
	return v, to, nil
}
