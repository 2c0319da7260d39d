package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A sending is what the forms of a set-up carry.
type sending struct {
	Phone    string `json:"phone"`
	Email    string `json:"email"`
	OnFile   string `json:"on_file"` // "yes": the one on file
	Label    string `json:"label"`
	Replaces string `json:"replaces"` // the enrollment whose place it takes

	// Once a code was sent:
	ID     string `json:"id"`
	To     string `json:"to"` // masked, for the page
	Resend string `json:"resend"`
	Code   string `json:"code"`
}

// destinationPage is where a number or an address for codes is set up.
func (a *app) destinationPage(d destination) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := a.mfa.Caller(r)
		if err != nil {
			return err
		}
		if caller.FlowToken != "" {
			return a.askDestination(w, r, caller, d, sending{}, nil)
		}
		return a.changing(w, r, func(s session) error {
			own, err := a.enrolled(r, s)
			if err != nil {
				return err
			}
			if !slices.Contains(a.addable(r, s, own).methods(), d.method) {
				return mfa.ErrMethodNotAllowed
			}
			return a.askDestination(w, r, caller, d, sending{}, nil)
		})
	}
}

// changeDestinationPage is where another number takes the place of one.
func (a *app) changeDestinationPage(w http.ResponseWriter, r *http.Request) error {
	return a.changing(w, r, func(s session) error {
		own, err := a.enrolled(r, s)
		if err != nil {
			return err
		}
		e, err := own.find(r.PathValue("id"))
		if err != nil {
			return err
		}
		d, err := destinationOf(e.Method)
		if err != nil {
			return err
		}
		return a.askDestination(w, r, a.callerOf(r, s), d, sending{Replaces: e.ID}, nil)
	})
}

type destinationData struct {
	sending
	Method    string
	Field     string
	OnFile    string // what there is on file, masked
	Countries string // where text messages go, in words
	Required  bool
	Ways      []otherWay // that are open instead
	Back      string
}

// askDestination asks where codes are to go, with what was wrong about the last answer.
func (a *app) askDestination(w http.ResponseWriter, r *http.Request, caller mfa.Caller, d destination, in sending, wrong error) error {
	onFile, err := a.offered(r, caller, d)
	if err != nil {
		return err
	}
	asks, err := a.asks(r, caller)
	if err != nil {
		return err
	}
	methods := asks.Methods
	data := destinationData{sending: in, Method: d.method, Field: d.field, OnFile: onFile, Countries: countryList(), Required: caller.User.ID == "", Back: "/settings"}
	if refused := (*mfa.RefusedError)(nil); errors.As(wrong, &refused) {
		methods = refused.Methods
	}
	data.Ways = a.setupLinks(r, slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == d.method }))
	v := view{Title: d.title, Email: caller.User.Email, Data: data, Aside: asideOf(asks)}
	if in.Replaces != "" {
		v.Title = d.change
	}
	if wrong != nil {
		wrong = onField(d.field, wrong)
	}
	return a.renderForm(w, r, "destination", v, wrong)
}

// again is the page at which a set-up begins.
func (d destination) again(replaces string) string {
	if replaces == "" {
		return "/setup/" + d.method
	}
	return "/settings/enrollments/" + url.PathEscape(replaces) + "/change"
}

// beginDestination sends the first code.
func (a *app) beginDestination(d destination) func(http.ResponseWriter, *http.Request) error {
	return a.withSending(d, func(w http.ResponseWriter, r *http.Request, caller mfa.Caller, in sending) error {
		if in.Phone == "" && in.Email == "" && in.OnFile == "" {
			return a.askDestination(w, r, caller, d, in, mfa.ErrBadInput)
		}
		begun, err := a.engine.Enroll(r.Context(), caller, mfa.Enroll{
			Method: d.method, Label: strings.TrimSpace(in.Label), Replaces: in.Replaces,
			Params: mfa.EnrollParams{Phone: strings.TrimSpace(in.Phone), Email: strings.TrimSpace(in.Email)},
		})
		var failed *mfa.DeliveryError
		switch {
		case errors.As(err, &failed) && failed.Retry:
			return a.renderSent(w, r, caller, d, sending{ID: begun.ID, To: maskedTo(begun.Challenge), Replaces: in.Replaces}, begun.ResendAt, &sentError{error: err})
		case errors.Is(err, mfa.ErrBadInput), errors.Is(err, mfa.ErrTooMany), errors.Is(err, mfa.ErrTooLarge), err != nil && sendProblem(err):
			return a.askDestination(w, r, caller, d, in, err)
		case err != nil:
			return err
		}
		return a.renderSent(w, r, caller, d, sending{ID: begun.ID, To: maskedTo(begun.Challenge), Replaces: in.Replaces}, begun.ResendAt, nil)
	})
}

// renderSent asks for the code that was sent.
func (a *app) renderSent(w http.ResponseWriter, r *http.Request, caller mfa.Caller, d destination, in sending, resend time.Time, wrong error) error {
	s := a.sentNow(d.method, in.To, resend)
	s.Again = "/setup/" + d.method + "/resend"
	s.Fields = []hidden{{"id", in.ID}, {"to", in.To}, {"replaces", in.Replaces}}
	return a.renderForm(w, r, "sentcode", view{Title: "Enter the code", Email: caller.User.Email, Data: struct {
		sending
		Sent    *sent
		Arrives bool
		Confirm string
		Back    string // to another number
	}{in, s, wrong == nil || mayBeOut(wrong), "/setup/" + d.method + "/confirm", d.again(in.Replaces)}}, wrong)
}

// resendDestination sends another code.
func (a *app) resendDestination(d destination) func(http.ResponseWriter, *http.Request) error {
	return a.withSending(d, func(w http.ResponseWriter, r *http.Request, caller mfa.Caller, in sending) error {
		asked, err := a.engine.Resend(r.Context(), caller, in.ID)
		wait := (*mfa.WaitError)(nil)
		switch {
		case errors.As(err, &wait):
			return a.renderSent(w, r, caller, d, in, wait.Until, &sentError{error: err})
		case err != nil && sendProblem(err):
			return a.renderSent(w, r, caller, d, in, time.Time{}, &sentError{error: err})
		case err != nil:
			return err
		}
		return a.renderSent(w, r, caller, d, in, asked.ResendAt, nil)
	})
}

// finishDestination confirms by the code that was sent.
func (a *app) finishDestination(d destination) func(http.ResponseWriter, *http.Request) error {
	return a.withSending(d, func(w http.ResponseWriter, r *http.Request, caller mfa.Caller, in sending) error {
		done, err := a.activate(r, caller, in.ID, in.Code)
		if errors.Is(err, mfa.ErrNotValid) || errors.Is(err, mfa.ErrBadInput) || err != nil && sendProblem(err) {
			return a.renderSent(w, r, caller, d, in, resendAt(in.Resend, a.clock.Now()), &sentError{error: err})
		}
		if err != nil {
			return err
		}
		return a.wasSetUp(w, r, caller, done)
	})
}

// withSending reads who asks and what for, and tells what ends a set-up where it begins.
func (a *app) withSending(d destination, next func(http.ResponseWriter, *http.Request, mfa.Caller, sending) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		caller, err := a.mfa.Caller(r)
		if err != nil {
			return err
		}
		var in sending
		if err := read(w, r, &in); err != nil {
			return err
		}
		err = next(w, r, caller, in)
		switch {
		case errors.Is(err, mfa.ErrRequirement):
			toConfirm(w, r, d.again(in.Replaces))
			return nil
		case errors.Is(err, mfa.ErrEnrollmentExpired), errors.Is(err, mfa.ErrNoEnrollment):
			return a.askDestination(w, r, caller, d, sending{Replaces: in.Replaces}, mfa.ErrEnrollmentExpired)
		}
		return err
	}
}
