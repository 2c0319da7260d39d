package emailcode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
)

// amr: RFC 8176 has no word for it, so the method's name stands.
var amr = []string{"email"}

// Enroll sends a code to the address in r.Params.Email or, where that is empty,
// to the one on file. Where r.Implicit says so the address on file counts as it
// is, if the host has verified it. Params.Import takes the JSON of [State] and
// asks for no code: only the host's own code can give it. An address that is not
// accepted is an [*mfa.RefusedError].
func (f *Factor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		address, err := parse(r.User.Email)
		if err != nil || !r.User.EmailVerified {
			return mfa.Step{}, fmt.Errorf("%w: emailcode: there is no verified address on file", mfa.ErrBadInput)
		}
		return done(State{Address: address, Implicit: true})
	}
	text := r.Params.Email
	if r.Params.Import != nil {
		s, err := parseState(r.Params.Import)
		if err != nil {
			return mfa.Step{}, fmt.Errorf("%w: emailcode: the imported state is not the JSON of a State", mfa.ErrBadInput)
		}
		text = s.Address
	} else if text == "" {
		text = r.User.Email
	}
	address, err := parse(text)
	if err == nil {
		err = fresh(address, r.Existing)
	}
	if err != nil {
		return mfa.Step{}, err
	}
	if r.Params.Import != nil {
		return done(State{Address: address})
	}
	return f.ask(asking{user: r.User, client: r.Client, to: address, use: mfa.ForEnrollment, flow: r.ID, now: r.Now})
}

// done is an enrollment that needs no code.
func done(s State) (mfa.Step, error) {
	state, err := json.Marshal(s)
	v := &mfa.Verified{State: state, Hint: mask(s.Address), AMR: amr, Address: s.Address}
	return mfa.Step{Hint: v.Hint, Done: v}, err
}

// fresh refuses an address that the user has already. One that merely counts gives
// way to the user's own.
func fresh(address string, existing []mfa.Enrolled) error {
	for _, e := range existing {
		if s, err := parseState(e.State); err == nil && !s.Implicit && strings.EqualFold(s.Address, address) {
			return refused(ReasonEnrolled, "You have this address already.")
		}
	}
	return nil
}

// Challenge sends a new code; one that was sent before in the same flow is dead.
func (f *Factor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	a := asking{user: r.User, client: r.Client, use: r.Purpose, flow: r.Flow, now: r.Now}
	if r.Purpose == mfa.ForEnrollment {
		p, err := onetime.Parse(r.Previous)
		if err != nil {
			return mfa.Step{}, err
		}
		if a.to, err = parse(p.To); err != nil {
			return mfa.Step{}, err
		}
		return f.ask(a)
	}
	s, e, err := only(r.Enrollments)
	if err != nil {
		return mfa.Step{}, err
	}
	a.to, a.option, a.known = s.Address, e.ID, true
	if f.config.InsecureLinkAnywhere && r.Elsewhere != nil {
		if a.anywhere, err = r.Elsewhere(); err != nil {
			return mfa.Step{}, err
		}
	}
	return f.ask(a)
}

// asking is for whom a code is, and what for.
type asking struct {
	user     mfa.User
	client   mfa.Client
	to       string
	use      mfa.Purpose
	flow     string
	option   string // of the flow; empty: an enrolment, which is confirmed where it was begun and has no link
	anywhere string // lets the link answer from another browser; empty: it does not
	known    bool   // the address was confirmed before
	now      time.Time
}

// ask makes a code and the mail that carries it.
func (f *Factor) ask(a asking) (mfa.Step, error) {
	purpose := onetime.Purpose{Use: string(a.use), Flow: a.flow, To: a.to}
	code, pending, err := f.codes.New(purpose, a.now)
	if err != nil {
		return mfa.Step{}, err
	}
	data := f.data(a, code)
	if a.option == "" {
		pending.To = a.to
	} else if f.link != nil {
		var token string
		token, pending = pending.WithLink(purpose)
		data.Link, data.Anywhere = f.linkTo(a, token), a.anywhere != ""
	}
	state, err := pending.Marshal()
	if err != nil {
		return mfa.Step{}, err
	}
	m, err := f.templates.message(data)
	if err != nil { // they were tried, but a template can have conditions
		return mfa.Step{}, errors.New("emailcode: a template of Config.Templates cannot be used")
	}
	m.Channel, m.To = mfa.ChannelEmail, a.to
	return mfa.Step{
		Challenge: &Challenge{Destination: mask(a.to), Digits: f.codes.Digits},
		Pending:   state, Expires: time.Unix(pending.Expires, 0).UTC(), Hint: mask(a.to),
		Delivery: &mfa.Delivery{Sender: f.config.Sender, Message: m, Budgets: f.limits.budgets(a.to), Known: a.known},
	}, nil
}

func (f *Factor) linkTo(a asking, token string) string {
	q := url.Values{"option": {a.option}, "token": {token}}
	if a.anywhere != "" {
		q.Set("flow", a.anywhere)
	}
	link := *f.link
	link.RawQuery = q.Encode()
	return link.String()
}

// Verify checks a code, or the token of the mail's link.
func (f *Factor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	pending, err := onetime.Parse(r.Pending)
	if err != nil {
		return mfa.Verified{}, err
	}
	v := mfa.Verified{AMR: amr}
	to := pending.To
	if r.Purpose != mfa.ForEnrollment {
		s, e, err := only(r.Enrollments)
		if err != nil {
			return mfa.Verified{}, err
		}
		to, v.EnrollmentID, v.State = s.Address, e.ID, e.State
	}
	switch err := f.codes.Check(pending, onetime.Purpose{Use: string(r.Purpose), Flow: r.Flow, To: to}, r.Answer.Code, r.Now); {
	case errors.Is(err, onetime.ErrMalformed):
		return mfa.Verified{}, fmt.Errorf("%w: emailcode: a code has %d digits", mfa.ErrBadInput, f.codes.Digits)
	case err != nil:
		return mfa.Verified{}, &mfa.NotValidError{Resend: f.config.ResendWrong}
	}
	if r.Purpose != mfa.ForEnrollment {
		return v, nil
	}
	if err := fresh(to, r.Enrollments); err != nil { // it was enrolled since
		return mfa.Verified{}, err
	}
	v.Address = to
	v.State, err = json.Marshal(State{Address: to})
	return v, err
}

// only is the one address that an option is for.
func only(list []mfa.Enrolled) (State, mfa.Enrolled, error) {
	if len(list) != 1 {
		return State{}, mfa.Enrolled{}, errors.New("emailcode: an option is for one address")
	}
	s, err := parseState(list[0].State)
	return s, list[0], err
}

func parseState(raw []byte) (s State, err error) {
	if err := json.Unmarshal(raw, &s); err != nil || s.Address == "" {
		return State{}, errors.New("emailcode: stored state is not the JSON of a State") // the cause might quote it
	}
	return s, nil
}
