package main

import "net/http"

// wayRoutes are the ways in besides the password, see account_http.go, and the
// passkey, see package mfahttp. Each ends in signIn, as none is more than a first
// factor. A mailed link opens a page with a button, and changes nothing by itself:
// scanners of mail open links.
func (a *app) wayRoutes(mux *http.ServeMux) {
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /magic":        a.linkPage(toSignIn),
		"POST /magic":       a.askMail(toSignIn),
		"POST /magic/enter": a.enterByLink,

		"GET /forgot":  a.forgotPage,
		"POST /forgot": a.askMail(toResetPassword),
		"GET /reset":   a.linkPage(toResetPassword),
		"POST /reset":  a.resetPassword,

		"POST /verify":         a.askToVerify,
		"GET /verify":          a.linkPage(toVerifyAddress),
		"POST /verify/confirm": a.verifyAddress,

		"GET /invite":  a.linkPage(toJoin),
		"POST /invite": a.join,
	} {
		if a.senders.mail != nil {
			mux.Handle(pattern, a.serve(h))
		}
	}
	if a.provider != nil {
		mux.Handle("GET /oauth/start", a.serve(a.oauthStart))
		mux.Handle("GET /oauth/callback", a.serve(a.oauthCallback))
	}
}

// An otherWay in is a link, with the id of its message.
type otherWay struct{ URL, Text string }

// otherWays are links to them for the page that asks for the password.
func (a *app) otherWays() []otherWay {
	var out []otherWay
	if a.senders.mail != nil {
		out = append(out, otherWay{"/magic", "host.magic.ask"}, otherWay{"/forgot", "host.forgot.title"})
	}
	if a.provider != nil {
		out = append(out, otherWay{"/oauth/start", "host.provider"})
	}
	return out
}

// A mailForm asks for an address to mail a link to. Title and text are ids of messages.
type mailForm struct {
	Title, Text, Action, Email string
}

func formFor(p purpose) mailForm {
	if p == toResetPassword {
		return mailForm{Title: "host.forgot.title", Text: "host.forgot.text", Action: "/forgot"}
	}
	return mailForm{Title: "host.magic.title", Text: "host.magic.text", Action: "/magic"}
}

func (a *app) mailFormPage(w http.ResponseWriter, r *http.Request, p purpose, email string, wrong error) error {
	f := formFor(p)
	f.Email = email
	return a.renderForm(w, r, "askmail", view{Title: f.Title, Data: f}, wrong)
}

func (a *app) forgotPage(w http.ResponseWriter, r *http.Request) error {
	return a.mailFormPage(w, r, toResetPassword, "", nil)
}

// askMail mails a link to an address, if there is an account with it. A link to sign in
// is bound to this browser, so that nobody signs another one in to an account of
// theirs. A link to choose a password is not: people read mail on another device, and
// whoever opens it chooses a password of their own.
func (a *app) askMail(p purpose) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Email string `json:"email"`
		}
		if err := read(w, r, &in); err != nil {
			return err
		}
		var browser string
		if p == toSignIn {
			browser = a.bind(w, p)
		}
		err := a.mailTo(w, r, p, in.Email, browser)
		if err != nil && wantsPage(r) {
			return a.mailFormPage(w, r, p, in.Email, err)
		}
		if err != nil {
			return err
		}
		return a.done(w, r, formFor(p).Action+"?said=mailed")
	}
}

// linkPage is what a mailed link opens. It looks nothing up.
func (a *app) linkPage(p purpose) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		token := r.URL.Query().Get("token")
		switch {
		case token == "" && p == toSignIn:
			return a.mailFormPage(w, r, p, "", nil)
		case len(token) > maxToken || token == "":
			return errLink
		case p == toResetPassword || p == toJoin:
			return a.newPasswordPage(w, r, p, token, nil)
		}
		return a.pressPage(w, r, p, token)
	}
}

func (a *app) pressPage(w http.ResponseWriter, r *http.Request, p purpose, token string) error {
	data := struct{ Text, Action, Token, Button string }{"host.press", "/magic/enter", token, "page.sign_in"}
	v := view{Title: "host.magic.title"}
	if p == toVerifyAddress {
		v.Title, data.Action, data.Button = "host.verify.title", "/verify/confirm", "page.setup.confirm"
	}
	v.Data = data
	return a.render(w, r, http.StatusOK, "press", v)
}

// newPasswordPage asks for the password that goes with a link.
func (a *app) newPasswordPage(w http.ResponseWriter, r *http.Request, p purpose, token string, wrong error) error {
	v, action := view{Title: "host.reset.title"}, "/reset"
	if p == toJoin {
		v.Title, action = "host.invite.title", "/invite"
	}
	v.Data = struct {
		Action, Token string
		Min, Max      int
	}{action, token, minPassword, maxPassword}
	return a.renderForm(w, r, "newpassword", v, wrong)
}

// A pressed link is the form of a page that linkPage shows.
type pressed struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

// newPassword is the hash of the password that was chosen with a link, which is
// not spent on one that cannot be.
func (a *app) newPassword(r *http.Request, in pressed) (hash string, err error) {
	if err := checkNewPassword(in.Password); err != nil {
		return "", onField("password", err)
	}
	return a.hashPassword(r.Context(), in.Password)
}

// again shows the page for a password again, where another password helps.
func (a *app) again(w http.ResponseWriter, r *http.Request, p purpose, in pressed, err error) error {
	if fieldOf(err) == "password" && wantsPage(r) {
		return a.newPasswordPage(w, r, p, in.Token, err)
	}
	return err
}
