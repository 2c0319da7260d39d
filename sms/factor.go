package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
	"github.com/mfakit/mfa/internal/sentcode"
)

// amr is what RFC 8176 calls it.
var amr = []string{"sms"}

// Enroll sends a code to the number in r.Params.Phone or, where that is empty, to
// the one on file.
//
// With Params.Import, which only the host's own code can set, the number of a
// [State] from elsewhere is active at once (Step.Done): the host vouches that the
// user confirmed it there. It is held to what is asked of any other number, and
// proves nothing about who is asking, so Done has no AMR. What is not the JSON
// of a State gives an error that wraps mfa.ErrBadInput.
//
// A number that is not accepted is an [*mfa.RefusedError].
func (f *Factor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Implicit {
		return mfa.Step{}, fmt.Errorf("%w: sms: a number is not enrolled without a code", mfa.ErrBadInput)
	}
	text := r.Params.Phone
	if r.Params.Import != nil {
		s, err := readImport(r.Params.Import)
		if err != nil {
			return mfa.Step{}, err
		}
		text = s.Number
	} else if text == "" {
		text = r.User.Phone
	}
	n, err := f.parse(text, false)
	if err == nil {
		err = fresh(n.e164, r.Existing)
	}
	if err != nil {
		return mfa.Step{}, err
	}
	if r.Params.Import != nil {
		state, err := json.Marshal(State{n.e164})
		return mfa.Step{Hint: n.mask(), Done: &mfa.Verified{State: state, Hint: n.mask()}}, err
	}
	return f.ask(asking{user: r.User, client: r.Client, number: n, use: mfa.ForEnrollment, flow: r.ID, now: r.Now})
}

// fresh refuses a number that the user has already.
func fresh(e164 string, existing []mfa.Enrolled) error {
	for _, e := range existing {
		if s, err := parseState(e.State); err == nil && s.Number == e164 {
			return refused(ReasonEnrolled, "You have this number already.")
		}
	}
	return nil
}

// Challenge sends a new code; one that was sent before in the same flow is dead.
// It refuses a number in a country that is no longer listed.
func (f *Factor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	to, _, err := f.sent().To(r)
	if err != nil {
		return mfa.Step{}, err
	}
	a := asking{user: r.User, client: r.Client, use: r.Purpose, flow: r.Flow, known: r.Purpose == mfa.ForAuthentication, action: r.Action, now: r.Now}
	if a.number, err = f.parse(to, a.known); err != nil {
		return mfa.Step{}, err
	}
	return f.ask(a)
}

// asking is for whom a code is, and what for.
type asking struct {
	user   mfa.User
	client mfa.Client
	number number
	use    mfa.Purpose
	flow   string
	known  bool   // the number was confirmed before
	action string // what the code approves; empty: nothing by name
	now    time.Time
}

// ask makes a code and the message that carries it.
func (f *Factor) ask(a asking) (mfa.Step, error) {
	to := a.number.e164
	code, pending, err := f.codes.New(onetime.Purpose{Use: string(a.use), Flow: a.flow, To: to}, a.now)
	if err != nil {
		return mfa.Step{}, err
	}
	if a.use == mfa.ForEnrollment {
		pending.To = to
	}
	state, err := pending.Marshal()
	if err != nil {
		return mfa.Step{}, err
	}
	text, err := f.texts.text(a, code, time.Duration(f.codes.Minutes())*time.Minute)
	if err != nil {
		return mfa.Step{}, err
	}
	return mfa.Step{
		Challenge: &Challenge{Destination: a.number.mask(), Digits: f.codes.Digits},
		Pending:   state, Expires: time.Unix(pending.Expires, 0).UTC(), Hint: a.number.mask(),
		Delivery: &mfa.Delivery{
			Sender:  f.config.Sender,
			Message: mfa.Message{Channel: mfa.ChannelSMS, To: to, Text: text},
			Budgets: f.limits.budgets(a.number), Known: a.known, Before: f.before(a),
		},
	}, nil
}

// before asks the host about a number. What it cannot tell is no yes.
func (f *Factor) before(a asking) func(context.Context) error {
	if f.config.Before == nil {
		return nil
	}
	to := Destination{User: a.user, Client: a.client, Number: a.number.e164, Country: a.number.country, Known: a.known}
	return func(ctx context.Context) error {
		err := f.config.Before(ctx, to)
		if err == nil || errors.Is(err, mfa.ErrRefused) {
			return err
		}
		return fmt.Errorf("%w: %w", refused(ReasonUnchecked, "Text messages cannot be sent to this number just now. Please choose another method."), err)
	}
}

// Verify checks a code.
func (f *Factor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	v, to, err := f.sent().Verify(r)
	if err != nil {
		return mfa.Verified{}, err
	}
	v.AMR = amr
	if r.Purpose != mfa.ForEnrollment {
		return v, nil
	}
	if err := fresh(to, r.Enrollments); err != nil { // it was enrolled since
		return mfa.Verified{}, err
	}
	v.State, err = json.Marshal(State{to})
	return v, err
}

// sent is what this factor has in common with others whose codes are sent.
func (f *Factor) sent() sentcode.Factor {
	return sentcode.Factor{Name: Name, Codes: f.codes, Resend: f.config.ResendWrong, Address: func(state []byte) (string, error) {
		s, err := parseState(state)
		return s.Number, err
	}}
}

func parseState(raw []byte) (s State, err error) {
	if err := json.Unmarshal(raw, &s); err != nil || s.Number == "" {
		return State{}, errors.New("sms: stored state is not the JSON of a State") // the cause might quote it
	}
	return s, nil
}

// readImport reads a State from elsewhere, and nothing besides: what it does not
// know could be what made the number unfit. Its error quotes nothing of what it read.
func readImport(raw []byte) (s State, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if len(raw) > maxImport || d.Decode(&s) != nil || s.Number == "" {
		return State{}, fmt.Errorf("%w: sms: the imported state is not the JSON of a State", mfa.ErrBadInput)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return State{}, fmt.Errorf("%w: sms: there is something after the imported state", mfa.ErrBadInput)
	}
	return s, nil
}

const maxImport = 1024 // bytes
