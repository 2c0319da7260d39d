package pages

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mfakit/mfa"
)

// The methods that a page treats in a way of its own. A factor of the host's is asked
// as sends says.
const (
	methodApp      = "totp"
	methodKey      = "webauthn"
	methodText     = "sms"
	methodMail     = "email"
	methodRecovery = "recovery"
	methodBypass   = "bypass" // support has given a code out
)

// A turn is where somebody is in a flow, as far as a page has to know.
type turn struct {
	token  string
	option string    // empty: the best one
	back   string    // where the flow leads once it has passed
	resend time.Time // when another code can be sent, as far as is known
	typed  bool      // nothing has to be sent first, although it seemed so
}

// turn is what the address or the form says. Somebody could have changed all of
// it: the engine knows the options of the flow, and when it sends again.
func (v *visit) turn() turn {
	return turn{
		token: v.api.FlowToken(v.r), option: v.r.FormValue("option"), back: v.back(),
		resend: resendAt(v.r.FormValue("resend"), v.config.Now()), typed: v.r.FormValue("typed") != "",
	}
}

// challengePage asks for a code or a key. It neither sends nor consumes anything, and
// shows nothing of an account but what the flow says.
func (v *visit) challengePage() error { return v.ask(v.turn(), nil) }

// ask shows the flow's option of that id, or its best one, with what was wrong about
// the last answer.
func (v *visit) ask(t turn, wrong error) error {
	flow, err := v.engine.Flow(v.r.Context(), t.token)
	if err != nil {
		return err
	}
	switch {
	case flow.Status == mfa.StatusDenied:
		return v.deniedPage(flow, t.back)
	case flow.Approved:
		return v.approvedPage(flow, t.back)
	case flow.Status != mfa.StatusChallenge || len(flow.Options) == 0:
		return v.redirect(v.nextPage(flow, t.back))
	}
	current := pick(flow.Options, t.option)
	if wrong == nil && current.LockedUntil.After(v.config.Now()) {
		wrong = &mfa.LockedError{Until: current.LockedUntil}
	}
	what, name := v.question(flow, current, t, wrong)
	return v.renderForm(name, what, aboutAnswer(current, wrong))
}

// question is the page for an option, and what it shows.
func (v *visit) question(flow mfa.Flow, current mfa.Option, t turn, wrong error) (what view, name string) {
	data := challenge{Current: current, Label: v.words.Label(current.Label), StepUp: flow.Purpose == mfa.SteppingUp, Next: t.back}
	for _, o := range flow.Options {
		if o.ID != current.ID {
			data.Others = append(data.Others, v.otherWay(o, t.back))
		}
	}
	what, name = view{Aside: v.asideOf(flow, t.back), Public: !data.StepUp}, "challenge"
	title := "page.challenge.title"
	switch {
	case current.Method == methodRecovery, current.Method == methodBypass:
		data.Words, title = true, "page.challenge.title."+current.Method
	case current.Method == methodKey:
		data.Key, title, name = v.useKey(t.back), "page.key.title", "usekey"
		if wrong != nil {
			what.Field = "key"
		}
	case sends(current) && !t.typed:
		name = "sendcode"
		data.Arrives = current.Sent && (wrong == nil || mayBeOut(wrong))
		data.Sent = v.sentNow(current.Method, current.Hint, t.resend)
		data.Sent.flow(v, current, t.back)
		if !data.Arrives {
			title = "page.send.title"
		}
	}
	what.Title, what.Data = v.text(title), data
	if data.StepUp {
		what.Title = v.text("page.confirm.title")
		if flow.Action != nil {
			what.Title = v.text("page.approve.title")
		}
	}
	return what, name
}

// A challenge is what the pages of a flow show that waits for an answer.
type challenge struct {
	Current mfa.Option
	Label   string // what its user calls it
	Others  []link
	Words   bool   // the code is of letters too
	StepUp  bool   //
	Next    string // where the flow leads

	Key *ceremony // of a key

	Sent    *sent // of a code that is sent
	Arrives bool  // one was, and may be typed
}

// A link leads to another page.
type link struct{ URL, Text string }

func pick(options []mfa.Option, id string) mfa.Option {
	for _, o := range options {
		if o.ID == id {
			return o
		}
	}
	return options[0]
}

// otherWay leads to another option of the flow. Of keys and recovery codes one option
// covers all, so they have no name.
func (v *visit) otherWay(o mfa.Option, back string) link {
	id := "page.way." + o.Method
	if !v.words.Has(id) {
		id = "page.way.other"
	}
	q := url.Values{"option": {o.ID}, "return": {back}}
	return link{v.path("/challenge") + "?" + q.Encode(), v.text(id, "label", v.words.Label(o.Label), "hint", o.Hint)}
}

// answerChallenge checks a code, or what a key has answered. A wrong one leaves the flow as
// it is.
func (v *visit) answerChallenge() error {
	t := v.turn()
	answer := mfa.Answer{Option: t.option, Code: v.form.get("code"), Remember: v.form.get("remember") == "yes"}
	if credential := v.form.get("credential"); credential != "" {
		answer.Code, answer.Credential = "", []byte(credential)
	}
	flow, err := v.verify(t.token, answer)
	switch {
	case errors.Is(err, mfa.ErrNoOption):
		t.option = ""
		return v.ask(t, err)
	case errors.Is(err, mfa.ErrNoFlow), errors.Is(err, mfa.ErrFlowExpired):
		return err
	case isAnswered(err):
		return v.ask(t, err)
	case err != nil:
		return err
	}
	return v.proceed(flow, t.back)
}

func (v *visit) verify(token string, answer mfa.Answer) (mfa.Flow, error) {
	if answer.Code == "" && answer.Credential == nil {
		return mfa.Flow{}, mfa.ErrBadInput // an empty code must not meet an empty record
	}
	return v.engine.Verify(v.r.Context(), token, answer, v.api.Client(v.r))
}

// isAnswered says whether an error is one that the page with the question tells, so that it
// can be answered again.
func isAnswered(err error) bool {
	for _, known := range []error{mfa.ErrNotValid, mfa.ErrLocked, mfa.ErrBadInput, mfa.ErrBusy} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// approvedPage is for a flow whose mailed link was opened in another browser.
func (v *visit) approvedPage(flow mfa.Flow, back string) error {
	return v.render(http.StatusOK, "approved", view{Title: v.text("page.approved.title"), Public: flow.Purpose != mfa.SteppingUp, Aside: v.asideOf(flow, back), Data: back})
}
