package pages

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mfakit/mfa"
)

// A destination is a kind of place that codes are sent to.
type destination struct {
	method string
	field  string // of the form, and its id
}

var (
	texts = destination{methodText, "phone"}
	mails = destination{methodMail, "email"}
)

func destinationOf(method string) (destination, bool) {
	for _, d := range []destination{texts, mails} {
		if d.method == method {
			return d, true
		}
	}
	return destination{}, false
}

// A sending is what the forms of a set-up carry.
type sending struct {
	Phone    string
	Email    string
	OnFile   bool // the one on file
	Label    string
	Replaces string // the enrollment whose place it takes

	// Once a code was sent:
	ID string
	To string // masked, for the page
}

// maxLabel is the engine's bound on a name, in characters.
const maxLabel = 64

// maxMasked bounds what a form may say of where a code went.
const maxMasked = 254

func (v *visit) sending() sending {
	in := sending{
		Phone: strings.TrimSpace(v.form.get("phone")), Email: strings.TrimSpace(v.form.get("email")), OnFile: v.form.get("on_file") == "yes",
		Label: strings.TrimSpace(v.form.get("label")), Replaces: v.form.get("replaces"), ID: v.form.get("id"), To: v.form.get("to"),
	}
	if len(in.To) > maxMasked {
		in.To = ""
	}
	return in
}

type destinationData struct {
	sending
	Step      string
	Method    string
	Field     string
	Form      string // where it goes
	File      string // what there is on file, masked
	Countries string // where text messages go, in words
	Required  bool
	Return    string
	Others    bool   // would do as well
	Choose    string // where they are
	Instead   []way  // what is open after a refusal
}

// askDestination asks where codes are to go, with what was wrong about the last answer.
func (v *visit) askDestination(s *setup, d destination, in sending, wrong error) error {
	if in.Replaces == "" && !slices.Contains(s.Methods, d.method) {
		return mfa.ErrMethodNotAllowed
	}
	data := destinationData{sending: in, Method: d.method, Field: d.field, Form: v.path(setupPages[d.method]), File: s.Phone,
		Required: !s.signedIn(), Return: s.back, Choose: v.link(s, "/setup")}
	if d == mails {
		data.File = s.Email
	} else if v.config.Countries != nil {
		data.Countries = v.config.Countries(v.words)
	}
	title := "page.sending.title." + d.method
	if in.Replaces != "" {
		title = "page.change." + d.method
	} else {
		data.Step, data.Others = v.step(s, 2), len(v.others(s, s.Methods, d.method)) > 0
	}
	if refused := (*mfa.RefusedError)(nil); errors.As(wrong, &refused) {
		data.Instead = v.others(s, refused.Methods, d.method)
	}
	return v.renderForm("destination", view{Title: v.text(title), Aside: v.asideFor(s), Public: !s.signedIn(), Data: data}, wrong)
}

// page is where the set-up of a number or an address begins.
func (d destination) page(v *visit, s *setup) error { return v.askDestination(s, d, sending{}, nil) }

// start is the same page with what has ended the last try.
func (d destination) start(v *visit, s *setup, wrong error) error {
	return v.askDestination(s, d, sending{Replaces: s.replaced(v.form.get("replaces"))}, wrong)
}

// again is the address of the page at which a set-up begins.
func (d destination) again(v *visit, s *setup, replaces string) string {
	if replaces != "" {
		return v.changePath(replaces)
	}
	return v.link(s, setupPages[d.method])
}

// begin sends the first code.
func (d destination) begin(v *visit, s *setup) error {
	in := v.sending()
	params := mfa.EnrollParams{Phone: in.Phone, Email: in.Email}
	if d == mails {
		params.Phone = ""
	} else {
		params.Email = ""
	}
	switch {
	case in.OnFile:
		params = mfa.EnrollParams{}
	case params.Phone+params.Email == "":
		return v.askDestination(s, d, in, onField(d.field, d.missing()))
	}
	begun, err := v.engine.Enroll(v.r.Context(), s.caller, mfa.Enroll{Method: d.method, Label: in.Label, Replaces: in.Replaces, Params: params})
	sent := sending{ID: begun.ID, To: maskedTo(begun.Challenge), Replaces: in.Replaces}
	var failed *mfa.DeliveryError
	switch {
	case err == nil:
		return v.showSent(s, d, sent, begun.ResendAt, nil)
	case errors.As(err, &failed) && failed.Retry && begun.ID != "":
		return v.showSent(s, d, sent, begun.ResendAt, err)
	case errors.Is(err, mfa.ErrBadInput) && utf8.RuneCountInString(in.Label) > maxLabel:
		return v.askDestination(s, d, in, onField("label", errLabel))
	case errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge), v.isOfSending(err):
		return v.askDestination(s, d, in, onField(d.field, err))
	}
	return v.unproved(err, d.again(v, s, in.Replaces))
}

// missing is a form without a number or an address.
func (d destination) missing() error {
	reason := "number_missing"
	if d == mails {
		reason = "address_missing"
	}
	return &mfa.RefusedError{Reason: reason}
}

// maskedTo is where a code went, as the factor says it.
func maskedTo(c mfa.Challenge) string {
	var said struct{ Destination string }
	raw, err := json.Marshal(c)
	if err != nil || json.Unmarshal(raw, &said) != nil {
		return ""
	}
	return said.Destination
}

// sentData is the page that asks for the code that was sent.
type sentData struct {
	sending
	Step    string
	Sent    *sent
	Arrives bool   // one was, and may be typed
	Confirm string // where the form goes
	Back    string // to another number
	Return  string
}

// showSent asks for the code that was sent.
func (v *visit) showSent(s *setup, d destination, in sending, resend time.Time, wrong error) error {
	path := v.path(setupPages[d.method])
	data := sentData{sending: in, Sent: v.sentNow(d.method, in.To, resend), Arrives: wrong == nil || mayBeOut(wrong),
		Confirm: path + "/confirm", Back: d.again(v, s, in.Replaces), Return: s.back}
	if in.Replaces == "" {
		data.Step = v.step(s, 2)
	}
	data.Sent.Again = path + "/resend"
	data.Sent.Fields = []hidden{{"id", in.ID}, {"to", in.To}, {"replaces", in.Replaces}, {"return", s.back}}
	return v.renderForm("sentcode", view{Title: v.text("page.sentcode.title"), Aside: v.asideFor(s), Public: !s.signedIn(), Data: data}, wrong)
}

// resend sends another code.
func (d destination) resend(v *visit, s *setup) error {
	in := v.sending()
	asked, err := v.engine.Resend(v.r.Context(), s.caller, in.ID)
	wait := (*mfa.WaitError)(nil)
	switch {
	case err == nil:
		return v.showSent(s, d, in, asked.ResendAt, nil)
	case errors.As(err, &wait):
		return v.showSent(s, d, in, wait.Until, onField("", err))
	case v.isOfSending(err):
		return v.showSent(s, d, in, time.Time{}, onField("", err))
	}
	return v.unproved(err, d.again(v, s, in.Replaces))
}

// finish confirms by the code that was sent.
func (d destination) finish(v *visit, s *setup) error {
	in := v.sending()
	done, err := v.activate(s, in.ID)
	switch {
	case err == nil:
		return v.confirmed(s, done)
	case isAnswered(err), v.isOfSending(err):
		return v.showSent(s, d, in, resendAt(v.form.get("resend"), v.config.Now()), &answerError{error: err, method: d.method, sent: true})
	}
	return v.unproved(err, d.again(v, s, in.Replaces))
}
