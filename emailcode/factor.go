package emailcode

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/onetime"
	"github.com/mfakit/mfa/internal/sentcode"
)

// amr: RFC 8176 has no word for it, so the method's name stands.
var amr = []string{"email"}

// Enroll sends a code to the address in r.Params.Email or, where that is empty,
// to the one on file. Where r.Implicit says so the address on file counts as it
// is, if the host has verified it.
//
// With Params.Import, which only the host's own code can set, the address of a
// [State] from elsewhere is active at once (Step.Done): the host vouches that the
// user confirmed it there. It is held to what is asked of any other address, and
// proves nothing about who is asking, so Done has no AMR. What is not the JSON
// of a State gives an error that wraps mfa.ErrBadInput.
//
// An address that is not accepted is an [*mfa.RefusedError].
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
		s, err := readImport(r.Params.Import)
		if err != nil {
			return mfa.Step{}, err
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
	v := &mfa.Verified{State: state, Hint: mask(s.Address), Address: s.Address}
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
	to, of, err := f.sent().To(r)
	if err != nil {
		return mfa.Step{}, err
	}
	a := asking{user: r.User, client: r.Client, to: to, use: r.Purpose, flow: r.Flow, now: r.Now}
	if r.Purpose == mfa.ForEnrollment {
		if a.to, err = parse(to); err != nil {
			return mfa.Step{}, err
		}
		return f.ask(a)
	}
	a.option, a.known, a.action = of.ID, true, r.Action
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
	action   string // what the answer approves; empty: nothing by name
	now      time.Time
}

// ask makes a code and the mail that carries it.
func (f *Factor) ask(a asking) (mfa.Step, error) {
	purpose := onetime.Purpose{Use: string(a.use), Flow: a.flow, To: a.to}
	code, pending, err := f.codes.New(purpose, a.now)
	if err != nil {
		return mfa.Step{}, err
	}
	said := f.tell(a, code)
	if a.action != "" && said.action == "" {
		return mfa.Step{}, errors.New("emailcode: what is to be approved has no text that can be seen")
	}
	if a.option == "" {
		pending.To = a.to
	} else if f.link != nil {
		var token string
		token, pending = pending.WithLink(purpose)
		said.link, said.anywhere = f.linkTo(a, token), a.anywhere != ""
	}
	state, err := pending.Marshal()
	if err != nil {
		return mfa.Step{}, err
	}
	l := f.language(a)
	m, err := f.templates.message(l, said.say(l, f.config.AppName))
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
	v.Address = to
	v.State, err = json.Marshal(State{Address: to})
	return v, err
}

// sent is what this factor has in common with others whose codes are sent.
func (f *Factor) sent() sentcode.Factor {
	return sentcode.Factor{Name: "emailcode", Codes: f.codes, Resend: f.config.ResendWrong, Address: func(state []byte) (string, error) {
		s, err := parseState(state)
		return s.Address, err
	}}
}

func parseState(raw []byte) (s State, err error) {
	if err := json.Unmarshal(raw, &s); err != nil || s.Address == "" {
		return State{}, errors.New("emailcode: stored state is not the JSON of a State") // the cause might quote it
	}
	return s, nil
}

// readImport reads a State from elsewhere, and nothing besides: what it does not
// know could be what made the address unfit. Its error quotes nothing of what it read.
func readImport(raw []byte) (s State, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if len(raw) > maxImport || d.Decode(&s) != nil || s.Address == "" {
		return State{}, fmt.Errorf("%w: emailcode: the imported state is not the JSON of a State", mfa.ErrBadInput)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return State{}, fmt.Errorf("%w: emailcode: there is something after the imported state", mfa.ErrBadInput)
	}
	return s, nil
}

const maxImport = 1024 // bytes
