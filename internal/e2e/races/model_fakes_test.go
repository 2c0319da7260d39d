package races_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mfakit/mfa"
)

// papers is a factor of recovery codes that costs nothing to check: the real
// one's digests would leave time for little else.
type papers struct{}

func (papers) Method() mfa.Method {
	return mfa.Method{Name: "recovery", Kind: mfa.Have, Together: true, Recovery: true}
}

func (papers) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	var codes, digests []string
	for range 4 {
		codes = append(codes, rand.Text())
		digests = append(digests, paper(codes[len(codes)-1]))
	}
	state, err := json.Marshal(digests)
	return mfa.Step{Codes: codes, Done: &mfa.Verified{State: state, Remaining: len(codes)}}, err
}

func (papers) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

func (papers) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	for _, e := range r.Enrollments {
		var digests []string
		if err := json.Unmarshal(e.State, &digests); err != nil {
			return mfa.Verified{}, err
		}
		if i := slices.Index(digests, paper(r.Answer.Code)); i >= 0 {
			digests = slices.Delete(digests, i, i+1)
			state, err := json.Marshal(digests)
			return mfa.Verified{EnrollmentID: e.ID, State: state, Remaining: len(digests), AMR: []string{"pin"}}, err
		}
	}
	return mfa.Verified{}, mfa.ErrNotValid
}

func paper(code string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(code))) }

// A flaky store conflicts for no reason, fails before and after it has saved,
// and answers a save that did happen with a conflict; not twice in a row. The
// engine also saves behind a request, so that the faults are shared out.
type flaky struct {
	mfa.Store
	mu     sync.Mutex
	faults []fault // from the first, and again
	n      int
}

func (f *flaky) next() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if f.n%3 != 0 {
		return noFault
	}
	return f.faults[f.n/3%len(f.faults)]
}

type fault int

const (
	noFault fault = iota
	conflictUnsaved
	conflictSaved
	failUnsaved
	failSaved
)

var errLine = errors.New("the line is dead")

func (f *flaky) Save(ctx context.Context, key string, old int64, item mfa.Item) error {
	what := noFault
	if strings.HasPrefix(key, "user/") {
		what = f.next()
	}
	var err error
	if what != conflictUnsaved && what != failUnsaved {
		err = f.Store.Save(ctx, key, old, item)
	}
	switch {
	case err != nil:
		return err
	case what == conflictUnsaved, what == conflictSaved:
		return mfa.ErrConflict
	case what == failUnsaved, what == failSaved:
		return errLine
	}
	return nil
}
