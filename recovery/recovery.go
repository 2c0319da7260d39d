// Package recovery is the factor of recovery codes: ten codes that a user
// keeps on paper, each of which stands in once for a lost phone or key.
//
//	codes, err := recovery.New(recovery.Config{})
//	m, err := mfa.New(mfa.Config{Store: store, Keys: keys, Factors: []mfa.Factor{apps, codes}})
//
// The engine makes the set when the user's first other factor is activated,
// and ends it with the last one; a user does not choose it.
//
// # Codes
//
// A code is 80 random bits, sixteen symbols of Crockford's base32 in lower case
// (digits and letters without i, l, o, u), shown in four groups:
//
//	7k3q-x9bd-m2ch-w5te
//
// What a user types is normalised once, and that one value is all that is
// looked at: case, ASCII spaces and hyphens do not matter, and the letters that
// the alphabet leaves out for looking like a digit are read as that digit (o as
// 0; i and l as 1). Anything else is no code, and is refused as malformed.
//
// # What is stored
//
// [State]: a random salt of the set's own, and one Argon2id digest for each
// code that is left. 80 bits are beyond guessing online, and with the digest
// beyond guessing from a stolen copy too. Because the set has one salt, a guess
// costs one digest (about 20 ms and 19 MiB), not one for each code.
//
// # Codes from elsewhere
//
// Sets that another program made can be imported, with codes of its form. Those
// that it kept in the clear are digested as ours are. Of those that it kept as
// bcrypt hashes nobody knows the codes, and each hash has its own salt: a guess
// then costs a bcrypt for each code that is left, up to a bound (see
// State.Bcrypt), once per request, in one place of the engine's bound on slow
// digests, and within the budget of recovery codes: at most ten wrong guesses an
// hour and account. A used code is gone; the others stay in bcrypt until their
// user makes new codes, which a host should suggest when one was used.
//
// Short codes are weaker than ours: eight digits have 27 bits. Nobody gets to try
// many of them here, but they are only as good as long as what is stored is kept.
//
// # What is promised
//
// A code works once, for its owner, in the set that it was made in: a new set
// ends the old one. The codes are not kept and cannot be shown again. Whether a
// code that two requests race for is accepted once is decided by the engine's
// save; see [mfa.Store].
//
// A recovery code counts as something that one has (NIST SP 800-63B-4 calls it
// a look-up secret), so together with a password it reaches AAL2. It does not
// resist phishing.
package recovery

import (
	"context"
	"fmt"

	"github.com/mfakit/mfa"
)

// Name is the method's name.
const Name = "recovery"

// Config is empty: the number of codes, their strength and the cost of a guess
// are not choices that a host has to make.
type Config struct{}

// A Factor makes and checks recovery codes. It is safe for use by any number
// of goroutines.
type Factor struct {
	cost Argon2id // of new sets
}

// New makes the factor. It returns an error for a configuration that cannot
// work, which there is none of so far.
func New(Config) (*Factor, error) { return &Factor{cost: owasp}, nil }

// Method says that recovery codes are look-up secrets, which the user has, and
// which stand in for a lost factor.
//
// They are not guessable: with 80 bits, the budget that short codes share would
// only let a thief of passwords take the owner's way back.
func (f *Factor) Method() mfa.Method {
	return mfa.Method{Name: Name, Label: "Recovery codes", Kind: mfa.Have, Together: true, Recovery: true}
}

// Enroll makes a new set. It needs no confirmation: the step is done, and its
// Codes are to be shown once. The set stands by itself: that an older one of
// the same user ends is up to the engine, which drops it.
//
// All that is random is drawn within r.Slow, so that calls for one request
// return one set.
//
// With r.Params.Import, which only the host's own code can set, a [State] of
// elsewhere or codes as [Plain] are taken over instead, and there are no codes to
// show; what is neither, or would cost too much, gives an error that wraps
// mfa.ErrBadInput. Codes cannot be had implicitly: that is an mfa.RefusedError.
func (f *Factor) Enroll(ctx context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit", Detail: "Recovery codes have to be seen by their owner."}
	}
	if r.Params.Import != nil {
		return f.enrollImport(ctx, r)
	}
	set, err := f.drawOnce(ctx, r.Slow, r.ID)
	if err != nil {
		return mfa.Step{}, err
	}
	return mfa.Step{
		Codes: set.shown(),
		Done:  &mfa.Verified{State: set.State.encode(), Remaining: len(set.State.Hashes)},
	}, nil
}

// Challenge returns the zero step: the user has the codes already.
func (f *Factor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

// Verify checks a code against the user's set, and returns the set without it.
// A wrong code and a spent one are the same [mfa.NotValidError]; what cannot be
// a code is an [mfa.ErrBadInput], and costs nothing. A guess costs one digest,
// right or wrong; in a set of bcrypt hashes from elsewhere one for each hash.
func (f *Factor) Verify(ctx context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if r.Purpose != mfa.ForAuthentication {
		return mfa.Verified{}, fmt.Errorf("%w: recovery codes are not confirmed", mfa.ErrBadInput)
	}
	// More than one set would make a guess cost more than one digest, and leave old codes alive.
	if len(r.Enrollments) != 1 {
		return mfa.Verified{}, fmt.Errorf("recovery: %d sets where a user has one", len(r.Enrollments))
	}
	s, err := parseState(r.Enrollments[0].State)
	if err != nil {
		return mfa.Verified{}, err
	}
	c, err := s.parse(r.Answer.Code)
	if err != nil {
		return mfa.Verified{}, err
	}
	i, err := s.findOnce(ctx, r.Slow, c)
	if err != nil {
		return mfa.Verified{}, err
	}
	if i < 0 {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	left := s.without(i)
	return mfa.Verified{
		EnrollmentID: r.Enrollments[0].ID,
		State:        left.encode(),
		Remaining:    left.left(),
		AMR:          []string{amr},
	}, nil
}

// amr is the nearest of the registered values: RFC 8176 section 2 has none for
// look-up secrets, and a recovery code is a password that works one time.
const amr = "otp"
