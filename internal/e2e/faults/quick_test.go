package faults_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/mfakit/mfa"
)

// quickRecovery are recovery codes without the slow digest, which would leave the
// database idle.
type quickRecovery struct{}

func (quickRecovery) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Label: "Recovery codes", Kind: mfa.Have, Together: true, Recovery: true}
}

func (quickRecovery) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_implicit"}
	}
	var codes, kept []string
	for range allCodes {
		code := rand.Text()
		codes, kept = append(codes, code), append(kept, digest(code))
	}
	state, err := json.Marshal(kept)
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: state, Remaining: len(codes)}}, err
}

// allCodes is how many codes a set has.
const allCodes = 10

func digest(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

func (quickRecovery) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (quickRecovery) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	var kept []string
	if err := json.Unmarshal(r.Enrollments[0].State, &kept); err != nil {
		return mfa.Verified{}, err
	}
	i := slices.Index(kept, digest(r.Answer.Code))
	if i < 0 {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	kept = slices.Delete(kept, i, i+1)
	state, err := json.Marshal(kept)
	return mfa.Verified{EnrollmentID: r.Enrollments[0].ID, State: state, Remaining: len(kept), AMR: []string{"otp"}}, err
}
