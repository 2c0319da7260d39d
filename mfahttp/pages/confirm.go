package pages

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfahttp"
)

// lacks says what the session's evidence lacks for a change, and for what is asked for
// beyond that; nothing, if it is enough. mfahttp.ErrNoSession if the evidence is void.
func (v *visit) lacks(caller mfa.Caller, raise mfa.Requirement) ([]string, error) {
	need, err := v.engine.ChangeRequirement(v.r.Context(), caller)
	if err != nil {
		return nil, err
	}
	var lack *mfa.RequirementError
	err = v.engine.Satisfies(v.r.Context(), caller, need.And(raise))
	switch {
	case err == nil:
		return nil, nil
	case !errors.As(err, &lack):
		return nil, err
	case slices.Contains(lack.Missing, mfa.MissingSignIn):
		return nil, mfahttp.ErrNoSession
	}
	return lack.Missing, nil
}

// changing wraps the page at which a change begins: whoever lacks evidence is asked
// first, and not after the work is done.
func (v *visit) changing(page func(mfa.Caller) error) error {
	caller, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	missing, err := v.lacks(caller, mfa.Requirement{})
	if err != nil {
		return err
	}
	if missing != nil {
		return v.redirect(v.returning("/confirm", mfahttp.LocalPath(v.r.URL.RequestURI())))
	}
	return page(caller)
}

// confirmPage asks for what a change asks for, and for what the address names beyond
// that: see mfahttp.RequirementOf. Asking for less would send the browser to and fro
// between here and a route behind Require.
func (v *visit) confirmPage() error {
	caller, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	raise, err := mfahttp.RequirementOf(v.r)
	if err != nil {
		return err
	}
	missing, err := v.lacks(caller, raise)
	switch {
	case err != nil:
		return err
	case missing == nil:
		return v.redirect(v.back())
	}
	own, err := v.engine.Enrollments(v.r.Context(), caller.User.ID)
	switch {
	case err != nil:
		return err
	case !slices.Equal(missing, []string{mfa.MissingPassword}) && !slices.ContainsFunc(own, isWay):
		return v.noWay(mfa.ReasonNoMethod, v.back())
	case slices.Contains(missing, mfa.MissingPassword):
		return v.askFirst(caller, nil)
	}
	return v.render(http.StatusOK, "confirm", view{Title: v.text("page.confirm.title"), Data: confirm{Ready: v.ready(own), Next: v.back()}})
}

// A confirm is what the page before a step-up shows.
type confirm struct {
	Password string   // where the form with the password goes; empty: a second factor is asked for
	Name     string   // of the user, for password managers
	Ready    []string // what to have at hand for a second factor
	Next     string
}

// askFirst asks for the first factor again: for the password if the session began with
// one, and else for a sign-in as before.
func (v *visit) askFirst(caller mfa.Caller, wrong error) error {
	if v.config.Password == "" || !hasPassword(caller.Authentication) {
		return v.render(http.StatusOK, "message", view{Title: v.text("page.again.title"),
			Data: message{Text: v.text("page.again.text"), URL: v.signIn(v.back()), Link: v.text("page.sign_in")}})
	}
	return v.renderForm("confirm", view{Title: v.text("page.confirm.title"),
		Data: confirm{Password: v.config.Password, Name: caller.User.Name, Next: v.back()}}, onField("password", wrong))
}

// hasPassword says whether a session's evidence holds a password: then its user has one.
func hasPassword(a mfa.Authentication) bool {
	return slices.ContainsFunc(a.Proofs, func(p mfa.Proof) bool {
		return p.First && slices.Contains([]mfa.First{mfa.Password, mfa.EmailReset, mfa.SMSReset}, mfa.First(p.Method))
	})
}

// AskPassword shows the page that asks for the password again, with what was wrong about the
// last one: for the handler at [Config.Password]. The error is a *[mfahttp.Problem] of
// the host's, such as invalid_credentials with status 401, whose code the catalogue has a
// message for (error.CODE); nil: it is asked for the first time. Whoever is not signed in is
// led to [Config.SignIn].
func (p *Pages) AskPassword(w http.ResponseWriter, r *http.Request, err error) {
	v := p.visit(w, r)
	caller, missing := v.api.SessionCaller(r)
	if missing == nil {
		missing = v.askFirst(caller, err)
	}
	if missing != nil {
		v.fail(missing)
	}
}

// beginStepUp asks for a code or a key: the flow's page does.
func (v *visit) beginStepUp() error {
	raise, err := mfahttp.RequirementOf(v.r)
	if err != nil {
		return err
	}
	flow, err := v.api.StepUp(v.r, raise)
	if errors.Is(err, mfa.ErrRequirement) { // the password became too old on the way
		again := v.r.URL.Query()
		again.Set("return", v.back())
		return v.redirect(v.path("/confirm") + "?" + again.Encode())
	}
	if err != nil {
		return err
	}
	return v.proceed(flow, v.back())
}

// ready is what to have at hand to confirm that it is you. A mailbox is taken only
// where there is nothing better.
func (v *visit) ready(own []mfa.Enrollment) []string {
	var out []string
	add := func(method string) {
		has := slices.ContainsFunc(own, func(e mfa.Enrollment) bool {
			return e.Method == method && !e.Disabled && (method != methodRecovery || e.Remaining > 0)
		})
		if has {
			out = append(out, v.text("page.ready."+method))
		}
	}
	for _, method := range []string{methodApp, methodKey, methodText} {
		add(method)
	}
	if len(out) == 0 {
		add(methodMail)
	}
	add(methodRecovery)
	if len(out) == 0 {
		out = append(out, v.text("page.ready.other"))
	}
	return out
}

// isWay says whether an enrollment is more than a stand-in for a lost one.
func isWay(e mfa.Enrollment) bool { return e.Method != methodRecovery }

// noWay says that what is asked for cannot be proved with what is set up.
func (v *visit) noWay(reason, back string) error {
	caller, err := v.api.SessionCaller(v.r)
	if err != nil {
		return err
	}
	own, err := v.engine.Enrollments(v.r.Context(), caller.User.ID)
	if err != nil {
		return err
	}
	what := view{Title: v.text("page.no_way.title")}
	said := message{URL: v.path("/settings"), Link: v.text("page.settings.title")}
	switch {
	case reason == mfa.ReasonDisabled:
		said.Text = v.text("error.denied.disabled")
	case slices.ContainsFunc(own, isWay):
		said.Text = v.text("page.no_way.text")
	default:
		what.Title, said.Text = v.text("page.no_way.none.title"), v.text("page.no_way.none")
		said.URL, said.Link = v.returning("/setup", back), v.text("page.no_way.set_up")
	}
	what.Data = said
	return v.render(http.StatusForbidden, "message", what)
}

// signIn is the host's page to sign in at, which may lead back then.
func (v *visit) signIn(back string) string {
	if back == v.config.Home {
		return v.config.SignIn
	}
	u, err := url.Parse(v.config.SignIn)
	if err != nil {
		return v.config.SignIn
	}
	q := u.Query()
	q.Set("return", back)
	u.RawQuery = q.Encode()
	return u.String()
}
