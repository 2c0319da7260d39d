package bench_test

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"github.com/mfakit/mfa"
)

// papers are recovery codes that nobody uses, of the size of the real ones, whose
// digests would take half a second for each user.
type papers struct{}

func (papers) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Kind: mfa.Have, Together: true, Recovery: true}
}

func (papers) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	digests := make([][]byte, 10)
	for i := range digests {
		digests[i] = make([]byte, 32)
		_, _ = rand.Read(digests[i]) // never fails
	}
	state, err := json.Marshal(map[string]any{"salt": digests[0], "codes": digests})
	return mfa.Step{Codes: []string{"none"}, Done: &mfa.Verified{State: state, Remaining: len(digests)}}, err
}

func (papers) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (papers) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrNotValid
}
