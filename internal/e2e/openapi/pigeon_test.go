package openapi

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfakit/mfa"
)

// A pigeon is a factor that sends its codes, and that may lose them. It is its own
// sender, and reports on the way.
type pigeon struct {
	last   string // code
	link   string // the query of the link that came with it
	report string // what its reports have to bring back

	lost     bool
	fat      bool // its state is too large to be kept
	refused  bool // just before it flies
	again    bool // after a wrong code it flies with a new one
	anywhere bool // its links may be opened in any browser
}

type message struct {
	Destination string `json:"destination"`
}

func (message) Method() string { return "pigeon" }

func (p *pigeon) Method() mfa.Method {
	return mfa.Method{Name: "pigeon", Kind: mfa.Have, Channel: "air", Guessable: true}
}

func (p *pigeon) Send(_ context.Context, m mfa.Message) (string, error) {
	p.last, p.link, _ = strings.Cut(m.Text, " ")
	p.report = m.Report
	if p.lost {
		return "", &mfa.SendError{Reason: "hawk", Retry: true}
	}
	return "", nil
}

func (p *pigeon) Report(r *http.Request) (mfa.Report, error) {
	if r.FormValue("ring") != "ours" {
		return mfa.Report{}, errors.New("a stray pigeon")
	}
	return mfa.Report{Token: r.FormValue("m"), State: mfa.DeliveryDelivered}, nil
}

func (p *pigeon) before(context.Context) error {
	if p.refused {
		return &mfa.RefusedError{Reason: "weather", Detail: "no pigeon flies in this"}
	}
	return nil
}

func (p *pigeon) step(option, flow string) mfa.Step {
	code := rand.Text()
	link := url.Values{"option": {option}, "token": {code}}
	if flow != "" {
		link.Set("flow", flow)
	}
	return mfa.Step{Challenge: message{"the loft"}, Pending: []byte(code), Hint: "the loft", Delivery: &mfa.Delivery{
		Sender: p, Message: mfa.Message{Channel: "air", Text: code + " " + link.Encode()}, Before: p.before,
	}}
}

func (p *pigeon) Enroll(_ context.Context, r mfa.EnrollRequest) (mfa.Step, error) {
	if r.Params.Email != "" {
		return mfa.Step{}, &mfa.RefusedError{Reason: "wrong_medium", Detail: "pigeons do not do that"}
	}
	return p.step("none", ""), nil
}

func (p *pigeon) Challenge(_ context.Context, r mfa.ChallengeRequest) (mfa.Step, error) {
	if r.Purpose == mfa.ForEnrollment {
		return p.step("none", ""), nil
	}
	flow := ""
	if p.anywhere {
		var err error
		if flow, err = r.Elsewhere(); err != nil {
			return mfa.Step{}, err
		}
	}
	return p.step(r.Enrollments[0].ID, flow), nil
}

func (p *pigeon) Verify(_ context.Context, r mfa.VerifyRequest) (mfa.Verified, error) {
	if len(r.Pending) == 0 || r.Answer.Code != string(r.Pending) {
		return mfa.Verified{}, &mfa.NotValidError{Resend: p.again}
	}
	v := mfa.Verified{State: []byte("{}"), AMR: []string{"otp"}}
	if p.fat {
		v.State = make([]byte, 1<<20)
	}
	if r.Purpose == mfa.ForAuthentication {
		v.EnrollmentID = r.Enrollments[0].ID
	}
	return v, nil
}
