package rollout_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/store/memory"
)

// levels are those that a scorer can say, in the order of what they ask for: a
// remembered browser passes at "elevated", and not at "unknown".
var levels = []mfa.RiskLevel{mfa.RiskLow, mfa.RiskElevated, mfa.RiskUnknown, mfa.RiskHigh, mfa.RiskSevere}

// An oracle is a scorer that says what it is told, and learns nothing. The zero value
// fails.
type oracle struct {
	said atomic.Pointer[mfa.Assessment]
}

func (o *oracle) tell(a mfa.Assessment) { o.said.Store(&a) }

// fail makes it fail from now on.
func (o *oracle) fail() { o.said.Store(nil) }

func (o *oracle) Score(context.Context, mfa.Attempt, []byte) (mfa.Assessment, []byte, error) {
	a := o.said.Load()
	if a == nil {
		return mfa.Assessment{}, nil, errors.New("nobody has told")
	}
	return *a, nil, nil
}

func (*oracle) Learn(history, _ []byte, _ string) (learned, delta []byte, err error) {
	return history, nil, nil
}

func (*oracle) Unlearn(history []byte, _ string) (left, delta []byte, err error) {
	return history, nil, nil
}

func (*oracle) Count([]byte) {}

// A ruling is a policy that can be replaced by any other.
type ruling struct {
	decide atomic.Pointer[func(mfa.Subject) mfa.Decision]
}

func (r *ruling) Decide(s mfa.Subject) mfa.Decision { return (*r.decide.Load())(s) }

func (r *ruling) become(decide func(mfa.Subject) mfa.Decision) { r.decide.Store(&decide) }

// A paper is a store that can be taken back to where it was.
type paper struct{ now atomic.Pointer[memory.Store] }

func (p *paper) Load(ctx context.Context, key string) (mfa.Item, error) {
	return p.now.Load().Load(ctx, key)
}

func (p *paper) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	return p.now.Load().Save(ctx, key, old, item)
}

func (p *paper) Delete(ctx context.Context, key string, old int64) error {
	return p.now.Load().Delete(ctx, key, old)
}

func (p *paper) copy() *memory.Store {
	out := memory.New()
	err := p.now.Load().Scan(bg, "", "", func(key string, item mfa.Item) error { return out.Save(bg, key, 0, item) })
	if err != nil {
		panic(err) // a store in memory has no way to fail
	}
	return out
}

// back goes on from what is in a store, which stays as it is.
func (p *paper) back(to *memory.Store) {
	p.now.Store(to)
	p.now.Store(p.copy())
}

// A word is a factor whose right answer is its own name.
type word struct{ method mfa.Method }

func (w word) Method() mfa.Method { return w.method }

func (w word) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	done := &mfa.Verified{State: []byte("{}")}
	switch {
	case w.method.Recovery:
		done.Remaining = 9
		return mfa.Step{Codes: []string{"x"}, Done: done}, nil
	case w.method.Channel != "" && !r.User.EmailVerified:
		return mfa.Step{}, mfa.ErrNotValid
	}
	return mfa.Step{Done: done}, nil
}

func (word) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (w word) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if r.Answer.Code != w.method.Name {
		return mfa.Verified{}, mfa.ErrNotValid
	}
	return mfa.Verified{EnrollmentID: r.Enrollments[0].ID, State: []byte("{}"), AMR: []string{"otp"}, Remaining: 9}, nil
}
