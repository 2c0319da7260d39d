package totp

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// Verify checks a code against the window around r.Now: of the pending
// [State] with mfa.ForEnrollment, of each of r.Enrollments with
// mfa.ForAuthentication. Verified.State then has the step that was spent.
//
// What cannot be a code gives an error that wraps mfa.ErrBadInput, before any
// secret is looked at. A wrong code, and one whose step or a later one was
// spent, gives an *mfa.NotValidError, which are told apart by nothing. Its
// Hint is mfa.HintClockSkew if the code is of an unspent step up to 10 minutes
// before the window, or, while enrolling, after it.
func (f *Factor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	typed, err := normalize(r.Answer.Code)
	if err != nil {
		return mfa.Verified{}, err
	}
	apps, err := candidates(r, len(typed))
	if err != nil {
		return mfa.Verified{}, err
	}
	for i := range apps {
		if step, ok := apps[i].accept(typed, f.skew); ok {
			return apps[i].verified(step), nil
		}
	}
	for i := range apps {
		if apps[i].clockIsOff(typed, f.skew, r.Purpose) {
			return mfa.Verified{}, &mfa.NotValidError{Hint: mfa.HintClockSkew}
		}
	}
	return mfa.Verified{}, &mfa.NotValidError{}
}

// An app is one state that an answer may be of.
type app struct {
	id    string // empty while enrolling
	state State
	codes *generator
	now   int64 // the step that it is in
}

// candidates lists the apps whose codes have as many digits as the answer.
func candidates(r mfa.VerifyRequest, digits int) ([]app, error) {
	var list []mfa.Enrolled
	switch r.Purpose {
	case mfa.ForEnrollment:
		list = []mfa.Enrolled{{State: r.Pending}}
	case mfa.ForAuthentication:
		list = r.Enrollments
	default:
		return nil, fmt.Errorf("totp: unknown purpose %q", r.Purpose)
	}
	apps := make([]app, 0, len(list))
	for _, e := range list {
		s, err := decodeState(e.State)
		if err != nil {
			return nil, err
		}
		if s.Digits != digits {
			continue
		}
		a := app{id: e.ID, state: s}
		if a.now, err = stepAt(r.Now, s.Period); err != nil {
			return nil, err
		}
		if a.codes, err = newGenerator(s); err != nil {
			return nil, err
		}
		apps = append(apps, a)
	}
	if len(apps) == 0 {
		return nil, errNotDigits
	}
	return apps, nil
}

// accept finds the step of the window that the answer is the code of, unless
// that step or a later one was spent (RFC 6238 §5.2).
func (a *app) accept(typed string, skew int) (step int64, ok bool) {
	step, ok = a.codes.matchIn(a.now-int64(skew), a.now+int64(skew), typed)
	return step, ok && step > a.state.LastStep
}

// clockIsOff says whether the answer would have been right at another time
// near this one. At a sign-in only the past counts: that a code will be valid
// in five minutes is just what a guesser would like to be told. Spent steps do
// not count, since a replay is no sign of a wrong clock.
func (a *app) clockIsOff(typed string, skew int, purpose mfa.Purpose) bool {
	reach := int64(hintReach / (time.Duration(a.state.Period) * time.Second))
	before, after := a.now-int64(skew)-1, a.now+int64(skew)+1
	if step, ok := a.codes.matchIn(a.now-reach, before, typed); ok && step > a.state.LastStep {
		return true
	}
	if purpose != mfa.ForEnrollment {
		return false
	}
	_, ok := a.codes.matchIn(after, a.now+reach, typed)
	return ok
}

// verified is the outcome of a code that spends step.
func (a *app) verified(step int64) mfa.Verified {
	a.state.LastStep = step
	return mfa.Verified{EnrollmentID: a.id, State: a.state.encode(), AMR: []string{"otp"}} // RFC 8176 §2
}
