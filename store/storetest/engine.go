package storetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/mfakit/mfa"
)

// counter is a factor whose codes are the numbers from 1 on, each good once and
// in its turn. What is spent, and what is not, is then plain to see.
type counter struct{}

func (counter) Method() mfa.Method {
	return mfa.Method{Name: "counter", Label: "Counter", Kind: mfa.Have}
}

func (counter) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Pending: []byte("begun")}, nil
}

func (counter) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{}, nil
}

// Verify takes the number after the last one that was accepted.
func (counter) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	got, err := strconv.Atoi(r.Answer.Code)
	if err != nil {
		return mfa.Verified{}, mfa.ErrBadInput
	}
	v, last := mfa.Verified{State: []byte(r.Answer.Code), AMR: []string{"otp"}}, 0
	if r.Purpose == mfa.ForAuthentication {
		v.EnrollmentID = r.Enrollments[0].ID
		if last, err = strconv.Atoi(string(r.Enrollments[0].State)); err != nil {
			return mfa.Verified{}, err
		}
	}
	if got != last+1 {
		return mfa.Verified{}, &mfa.NotValidError{}
	}
	return v, nil
}

// newEngines makes one engine over each store. They share keys, as processes of
// one deployment do. Their clock stands still, so that no delay ends.
func newEngines(stores ...mfa.Store) ([]*mfa.Engine, error) {
	keys, err := mfa.NewKeyRing()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var engines []*mfa.Engine
	for _, s := range stores {
		e, err := mfa.New(mfa.Config{
			Store: s, Keys: keys, Factors: []mfa.Factor{counter{}},
			Now:    func() time.Time { return now },
			Wait:   waitBriefly,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return nil, err
		}
		engines = append(engines, e)
	}
	return engines, nil
}

// waitBriefly pauses between tries for less than the engine asks: what makes it
// pause here is over at once.
func waitBriefly(ctx context.Context, d time.Duration) error {
	return until(ctx, time.Now().Add(min(d, 5*time.Millisecond)))
}

// A person has a counter enrolled, whose next code is next.
type person struct {
	user mfa.User
	next int
}

func (p *person) code() string { return strconv.Itoa(p.next) }

// newPerson signs somebody in who has nothing enrolled, and enrolls a counter.
func newPerson(ctx context.Context, e *mfa.Engine, id string) (*person, error) {
	p := &person{user: mfa.User{ID: id, Name: id}, next: 1}
	f, err := e.SignIn(ctx, mfa.SignIn{User: p.user, First: mfa.Password})
	if err != nil {
		return nil, fmt.Errorf("the engine's sign-in of a new user: %w", err)
	}
	c := mfa.Caller{User: p.user, Authentication: f.Authentication}
	begun, err := e.Enroll(ctx, c, mfa.Enroll{Method: "counter"})
	if err == nil {
		_, err = e.Activate(ctx, c, begun.ID, mfa.Answer{Code: p.code()})
	}
	switch {
	case errors.Is(err, mfa.ErrNoEnrollment) || errors.Is(err, mfa.ErrRequirement):
		return nil, fmt.Errorf("the engine's enrolment: %w: a Save that was acknowledged is not there", err)
	case err != nil:
		return nil, fmt.Errorf("the engine's enrolment: %w", err)
	}
	p.next++
	return p, nil
}

// What an engine does over a store that has lost what it acknowledged. The worst
// is the first: a Load that calls an enrolled user absent lets in whoever has
// the password.
var (
	errUnasked = errors.New("an enrolled user was let in unasked: a Save that was acknowledged is not there, or Load calls the user absent")
	errGone    = errors.New("a flow is gone a moment after it was begun: a Save that was acknowledged is not there")
	errTwice   = errors.New("one code was accepted a second time: a Save that was acknowledged is not there")
)

// begin signs the person in up to the question for a code.
func (p *person) begin(ctx context.Context, e *mfa.Engine) (mfa.Flow, error) {
	f, err := e.SignIn(ctx, mfa.SignIn{User: p.user, First: mfa.Password})
	switch {
	case err != nil:
		return f, fmt.Errorf("the engine's sign-in: %w", err)
	case f.Status == mfa.StatusPassed:
		return f, errUnasked
	case f.Status != mfa.StatusChallenge:
		return f, fmt.Errorf("the engine's sign-in: status %q", f.Status)
	}
	return f, nil
}

// answer gives a code to a flow.
func answer(ctx context.Context, e *mfa.Engine, f mfa.Flow, code string) error {
	if len(f.Options) == 0 {
		return errors.New("the engine's flow has no option")
	}
	out, err := e.Verify(ctx, f.Token, mfa.Answer{Option: f.Options[0].ID, Code: code}, mfa.Client{})
	if errors.Is(err, mfa.ErrFlowExpired) || errors.Is(err, mfa.ErrNoFlow) {
		return errGone
	}
	if err == nil && out.Status != mfa.StatusPassed {
		return fmt.Errorf("the engine has accepted a code, and the flow's status is %q", out.Status)
	}
	return err
}

// unknown says whether the engine could not tell how an operation went.
func unknown(err error) bool {
	return errors.Is(err, mfa.ErrStore) || errors.Is(err, mfa.ErrBusy) || errors.Is(err, context.DeadlineExceeded)
}
