package mfahttp_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
	"github.com/mfakit/mfa/mfatest"
)

// letterFactor sends codes by post, with a link that does as well. It stands for
// the methods that send something, and is their sender and reporter too.
type letterFactor struct {
	mfatest.Inbox
	anywhere bool // links may be opened in any browser
	again    bool // after a wrong code a new one is sent
}

type letter struct {
	mfa.Message
	code, link string // the link is its query
}

type letterChallenge struct {
	Destination string `json:"destination"`
}

func (letterChallenge) Method() string { return "letter" }

func (f *letterFactor) Method() mfa.Method {
	return mfa.Method{Name: "letter", Kind: mfa.Have, Channel: "post", Guessable: true}
}

// letters are all that were sent, the newest last.
func (f *letterFactor) letters() (all []letter) {
	for _, m := range f.Messages() {
		code, link, _ := strings.Cut(m.Text, " ")
		all = append(all, letter{m, code, link})
	}
	return all
}

func (f *letterFactor) newest() letter {
	all := f.letters()
	return all[len(all)-1]
}

func (f *letterFactor) last() string { return f.newest().code }

func (f *letterFactor) step(option, flow string) mfa.Step {
	code, token := rand.Text(), rand.Text()
	link := url.Values{"option": {option}, "token": {token}}
	if flow != "" {
		link.Set("flow", flow)
	}
	return mfa.Step{Challenge: letterChallenge{"A••• Street"}, Pending: []byte(code + " " + token), Hint: "A••• Street",
		Delivery: &mfa.Delivery{Sender: f, Message: mfa.Message{Channel: "post", Text: code + " " + link.Encode()}}}
}

func (f *letterFactor) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	switch {
	case r.Implicit:
		return mfa.Step{}, mfa.ErrBadInput
	case r.Params.Phone != "":
		return mfa.Step{}, &mfa.RefusedError{Reason: "not_an_address", Detail: "that is a number"}
	}
	return f.step("none", ""), nil
}

func (f *letterFactor) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	if r.Purpose == mfa.ForEnrollment {
		return f.step("none", ""), nil
	}
	flow := ""
	if f.anywhere {
		var err error
		if flow, err = r.Elsewhere(); err != nil {
			return mfa.Step{}, err
		}
	}
	return f.step(r.Enrollments[0].ID, flow), nil
}

func (f *letterFactor) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if r.Answer.Code == "malformed" {
		return mfa.Verified{}, mfa.ErrBadInput
	}
	code, token, _ := strings.Cut(string(r.Pending), " ")
	if len(r.Pending) == 0 || r.Answer.Code != code && r.Answer.Code != token {
		return mfa.Verified{}, &mfa.NotValidError{Resend: f.again}
	}
	v := mfa.Verified{State: []byte("{}"), AMR: []string{"otp"}}
	if r.Purpose == mfa.ForAuthentication {
		v.EnrollmentID = r.Enrollments[0].ID
	}
	return v, nil
}

// postmark is what this carrier signs its reports with.
const postmark = "stamped"

var _ mfahttp.Reporter = (*letterFactor)(nil)

func (f *letterFactor) Report(r *http.Request) (mfa.Report, error) {
	if err := r.ParseForm(); err != nil {
		return mfa.Report{}, errors.New("not a report")
	}
	if r.Form.Get("sign") != postmark {
		return mfa.Report{}, errors.New("not stamped")
	}
	return mfa.Report{Token: r.Form.Get("m"), State: mfa.DeliveryState(r.Form.Get("state"))}, nil
}
