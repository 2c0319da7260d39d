package main

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/emailcode"
	"github.com/mfakit/mfa/sms"
)

// subject is the account that staff work on.
func (a *app) subject(r *http.Request) (account, error) {
	return a.accounts.byID(r.Context(), r.PathValue("id"))
}

func (a *app) userPage(w http.ResponseWriter, r *http.Request, v visit) error {
	return a.renderUser(w, r, v, nil)
}

func (a *app) renderUser(w http.ResponseWriter, r *http.Request, v visit, wrong error) error {
	acc, err := a.subject(r)
	if err != nil {
		return err
	}
	line, list, history, err := a.look(r.Context(), acc)
	if err != nil {
		return err
	}
	data := struct {
		row
		List     []mfa.Enrollment
		Sent     []mfa.Enrollment // whose number or address can be changed
		Activity []activityLine
		SignIns  []activityLine // the same, those that were scored
		Oneself  bool
		Beyond   bool // of a rank that this one of the staff may not touch
		Two      bool // a reset takes two admins
		Judges   bool // may say whose a sign-in was
	}{row: line, List: list, Oneself: acc.ID == v.Account.ID}
	data.Two = line.Rank == admin && v.rank == admin
	data.Beyond = line.Rank.atLeast(v.rank) && !data.Two
	data.Judges = !data.Oneself && !line.Rank.atLeast(v.rank)
	for _, e := range list {
		if sends(e.Method) {
			data.Sent = append(data.Sent, e)
		}
	}
	for _, h := range history {
		line := toLine(a.words.Pick("en"), h)
		data.Activity = append(data.Activity, line)
		if line.Level != "" {
			data.SignIns = append(data.SignIns, line)
		}
	}
	return a.renderForm(w, r, "adminuser", view{Title: acc.Email, Email: v.Account.Email, Data: data}, wrong)
}

// A favour is what the forms of an account's page carry.
type favour struct {
	Reason     string `json:"reason"`
	Hours      string `json:"hours"`      // of a code
	Enrollment string `json:"enrollment"` // whose number or address is changed
	To         string `json:"to"`
	ID         string `json:"id"` // of the change that is under way
	Code       string `json:"code"`
	Activity   string `json:"activity"` // of which a verdict is
	Verdict    string `json:"verdict"`
}

// errReason: what staff do has a reason, for whoever reads the trail.
var errReason = errors.New("webapp: no reason")

// errNothing is a code for an account of which nothing is asked.
var errNothing = errors.New("webapp: nothing is enrolled")

func (a *app) favour(w http.ResponseWriter, r *http.Request) (account, favour, error) {
	var in favour
	if err := read(w, r, &in); err != nil {
		return account{}, favour{}, err
	}
	acc, err := a.subject(r)
	if err != nil {
		return account{}, favour{}, err
	}
	if in.Reason = strings.TrimSpace(in.Reason); in.Reason == "" || len(in.Reason) > 200 {
		return acc, in, onField("reason", errReason)
	}
	return acc, in, nil
}

// answerFavour shows what staff may not do, or has typed wrongly, on the account's page.
func (a *app) answerFavour(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	switch {
	case err == nil:
		return nil
	case wantsPage(r) && (errors.Is(err, errReason) || errors.Is(err, mfa.ErrSupport) || errors.Is(err, mfa.ErrBadInput) ||
		errors.Is(err, errNothing) || errors.Is(err, mfa.ErrRefused) || a.isOfSending(err)):
		return a.renderUser(w, r, v, err)
	}
	return err
}

// supportReset removes all that an account has enrolled, once the person is known to
// be its owner: that is for people to find out (NIST SP 800-63B-4 section 4.2). For
// an admin another admin has to agree.
func (a *app) supportReset(w http.ResponseWriter, r *http.Request, v visit) error {
	acc, in, err := a.favour(w, r)
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	rank, err := a.desk.rankOf(r.Context(), acc)
	if err != nil {
		return err
	}
	if v.rank == admin && rank == admin && acc.ID != v.Account.ID {
		err := a.desk.askSecond(r.Context(), second{ID: rand.Text(), Account: acc.ID, AskedBy: v.Account.ID, Reason: in.Reason})
		if err != nil {
			return err
		}
		return a.done(w, r, "/admin?said=second")
	}
	if err := a.reset(r, acc, v.Account.ID, in.Reason); err != nil {
		return a.answerFavour(w, r, v, err)
	}
	return a.done(w, r, userURL(acc.ID)+"?said=reset")
}

// reset ends what is enrolled, and whoever is signed in.
func (a *app) reset(r *http.Request, acc account, actor, reason string) error {
	err := a.engine.Reset(r.Context(), mfa.Reset{User: acc.user(), Actor: actor, Reason: reason, Client: a.mfa.Client(r)})
	if err != nil {
		return err
	}
	return a.sessions.endAll(r.Context(), acc.ID)
}

// agreeToReset is the second admin's word, upon which it is done.
func (a *app) agreeToReset(w http.ResponseWriter, r *http.Request, v visit) error {
	s, err := a.desk.agree(r.Context(), r.PathValue("second"), v.Account.ID)
	if err != nil {
		return err
	}
	acc, err := a.accounts.byID(r.Context(), s.Account)
	if err != nil {
		return err
	}
	if err := a.reset(r, acc, s.AskedBy, s.Reason+" (agreed: "+v.Account.ID+")"); err != nil {
		return err
	}
	return a.done(w, r, userURL(acc.ID)+"?said=reset")
}

// supportCode gives out a code for one sign-in. It is shown once.
func (a *app) supportCode(w http.ResponseWriter, r *http.Request, v visit) error {
	acc, in, err := a.favour(w, r)
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	life, ok := map[string]time.Duration{"": time.Hour, "1": time.Hour, "4": 4 * time.Hour, "24": 24 * time.Hour}[in.Hours]
	if !ok {
		return badRequest(`"hours" is none of 1, 4 and 24`)
	}
	code, until, err := a.engine.IssueBypass(r.Context(), mfa.Bypass{User: acc.user(), Actor: v.Account.ID, Reason: in.Reason, Client: a.mfa.Client(r), Lifetime: life})
	if errors.Is(err, mfa.ErrEnrollmentRequired) {
		err = errNothing
	}
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	if !wantsPage(r) {
		return writeJSON(w, map[string]any{"code": code, "expires_at": until})
	}
	return a.render(w, r, http.StatusOK, "admincode", view{Title: "A code for " + acc.Email, Email: v.Account.Email, Data: struct {
		Code  string
		Until time.Time
		Back  string
	}{code, until, userURL(acc.ID)}})
}

// isOfSending says whether an error is about a code that could not go out.
func (a *app) isOfSending(err error) bool {
	for _, known := range []error{mfa.ErrTooSoon, mfa.ErrSendLimit, mfa.ErrDelivery, mfa.ErrLocked} {
		if errors.Is(err, known) {
			return true
		}
	}
	return a.statusOf(err) == http.StatusServiceUnavailable
}

// maskedTo is where a code went, as the factor says it.
func maskedTo(c mfa.Challenge) string {
	switch c := c.(type) {
	case *sms.Challenge:
		return c.Destination
	case *emailcode.Challenge:
		return c.Destination
	}
	return ""
}

// supportCaller acts for the owner, in the staff's name.
func (a *app) supportCaller(r *http.Request, acc account, v visit, reason string) mfa.Caller {
	return mfa.Caller{User: acc.user(), Actor: v.Account.ID, Reason: reason, Client: a.mfa.Client(r)}
}

// supportChange sends a code to the new number or address, which its owner reads back
// on the telephone. The old one stays until then.
func (a *app) supportChange(w http.ResponseWriter, r *http.Request, v visit) error {
	acc, in, err := a.favour(w, r)
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	list, err := a.engine.Enrollments(r.Context(), acc.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(list, func(e mfa.Enrollment) bool { return e.ID == in.Enrollment && sends(e.Method) })
	if at < 0 {
		return mfa.ErrNoEnrollment
	}
	to := strings.TrimSpace(in.To)
	if to == "" { // the engine would take the one on file
		return a.answerFavour(w, r, v, onField("to", mfa.ErrBadInput))
	}
	params := mfa.EnrollParams{Phone: to}
	if list[at].Method == emailcode.Name {
		params = mfa.EnrollParams{Email: to}
	}
	begun, err := a.engine.Enroll(r.Context(), a.supportCaller(r, acc, v, in.Reason),
		mfa.Enroll{Method: list[at].Method, Label: list[at].Label, Replaces: list[at].ID, Params: params})
	if err != nil {
		return a.answerFavour(w, r, v, onField("to", err))
	}
	in.ID, in.To = begun.ID, maskedTo(begun.Challenge)
	return a.renderReadBack(w, r, v, acc, in, nil)
}

func (a *app) renderReadBack(w http.ResponseWriter, r *http.Request, v visit, acc account, in favour, wrong error) error {
	return a.renderForm(w, r, "adminchange", view{Title: "Ask for the code", Email: v.Account.Email, Data: struct {
		favour
		Account string
		Action  string
		Back    string
	}{in, acc.Email, userURL(acc.ID) + "/change/confirm", userURL(acc.ID)}}, wrong)
}

func (a *app) supportConfirm(w http.ResponseWriter, r *http.Request, v visit) error {
	acc, in, err := a.favour(w, r)
	if err != nil {
		return a.answerFavour(w, r, v, err)
	}
	if in.Code == "" {
		return a.renderReadBack(w, r, v, acc, in, mfa.ErrBadInput)
	}
	_, err = a.engine.Activate(r.Context(), a.supportCaller(r, acc, v, in.Reason), in.ID, mfa.Answer{Code: in.Code})
	switch {
	case errors.Is(err, mfa.ErrNotValid), errors.Is(err, mfa.ErrBadInput):
		return a.renderReadBack(w, r, v, acc, in, err)
	case err != nil:
		return a.answerFavour(w, r, v, err)
	}
	if err := a.sessions.endAll(r.Context(), acc.ID); err != nil {
		return err
	}
	return a.done(w, r, userURL(acc.ID)+"?said=changed")
}
