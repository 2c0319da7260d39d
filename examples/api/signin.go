package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A flow is a sign-in or a step-up under way.
type flow struct {
	Status   string   `json:"status"`
	Options  []option `json:"options"`
	Methods  []string `json:"methods"`
	Remember struct {
		Days int `json:"days"`
	} `json:"remember"`
	Skip *struct {
		Left  int       `json:"left"`
		Until time.Time `json:"until"`
	} `json:"skip"`
	Risk *struct {
		Reasons []struct {
			Text string `json:"text"`
		} `json:"reasons"`
	} `json:"risk"`
	Reason      string `json:"reason"`
	Support     string `json:"support"`
	Token       string `json:"token"`
	DeviceToken string `json:"device_token"`
}

// An option is one way to answer it.
type option struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Label  string `json:"label"`
	Hint   string `json:"hint"`
	Sent   bool   `json:"sent"`
}

func (o option) String() string {
	if o.Hint == "" || o.Hint == o.Label {
		return o.Label
	}
	return o.Label + " (" + o.Hint + ")"
}

// login signs in. Whoever was signed in here before is signed out: their session beside
// somebody else's flow would be refused.
func (a *app) login(ctx context.Context) (err error) {
	email := a.email
	if email == "" {
		if email, err = a.ask("E-mail"); err != nil {
			return err
		}
	}
	password, err := a.askSecret("Password")
	if err != nil {
		return err
	}
	if err := a.forget(ctx); err != nil {
		return err
	}
	var f flow
	if err := a.call(ctx, "POST", "/api/token", map[string]string{"email": email, "password": password}, &f); err != nil {
		return err
	}
	if err := a.pass(ctx, f); err != nil {
		return err
	}
	return a.whoami(ctx)
}

// pass goes on with a flow until it has passed.
func (a *app) pass(ctx context.Context, f flow) error {
	defer func() { a.flow = "" }()
	for {
		if err := a.keep(f); err != nil {
			return err
		}
		var err error
		switch f.Status {
		case "passed":
			return nil
		case "challenge":
			f, err = a.answer(ctx, f)
		case "enroll":
			f, err = a.enrollFirst(ctx, f)
		case "denied":
			return errors.New(denied(f))
		default:
			return fmt.Errorf("the server asks for %q, which this program does not know", f.Status)
		}
		if err != nil {
			return err
		}
	}
}

// keep takes the tokens that come with a flow.
func (a *app) keep(f flow) error {
	if f.Token != "" {
		a.flow = f.Token
	}
	return a.saved.setDevice(f.DeviceToken)
}

// answer has one of the options chosen and answered, another one if the person wants.
func (a *app) answer(ctx context.Context, f flow) (flow, error) {
	for _, why := range reasons(f) {
		a.say("This sign-in is unusual: %s.", why)
	}
	// A terminal has no keys; whoever has nothing else is told so.
	options := slices.DeleteFunc(slices.Clone(f.Options), func(o option) bool { return o.Method == "webauthn" })
	if len(options) == 0 {
		return flow{}, errors.New("your account asks for a security key or passkey, which works in browsers alone")
	}
	for {
		chosen, err := a.pick(options)
		if err != nil {
			return flow{}, err
		}
		next, err := a.answerBy(ctx, chosen, f.Remember.Days > 0 && a.remember, len(options) > 1)
		if err == nil || len(options) == 1 || !errors.Is(err, errOther) && !a.told(err, closing...) {
			return next, err
		}
	}
}

// closing are the problems that end one option, and not the flow.
var closing = []string{"locked", "send_limit", "delivery_failed", "destination_refused", "no_option", "method_not_allowed"}

// errOther says that the person wants another option.
var errOther = errors.New("another way")

func (a *app) pick(options []option) (option, error) {
	if len(options) == 1 {
		return options[0], nil
	}
	var list []string
	for _, o := range options {
		list = append(list, o.String())
	}
	i, err := a.choose("Which one", list)
	if err != nil {
		return option{}, err
	}
	return options[i], nil
}

// answerBy asks for codes of one option until one is right.
func (a *app) answerBy(ctx context.Context, o option, remember, others bool) (flow, error) {
	sends, err := a.begin(ctx, o)
	if err != nil {
		return flow{}, err
	}
	question := "Code"
	if sends {
		question += ", or “again” for a new one"
	}
	if others {
		question += ", or “other” for another way"
	}
	for {
		code, err := a.askSecret(question)
		if err != nil {
			return flow{}, err
		}
		switch code = strings.TrimSpace(code); {
		case code == "":
			continue
		case code == "other" && others:
			return flow{}, errOther
		case code == "again" && sends:
			if _, err := a.begin(ctx, o); err != nil {
				return flow{}, err
			}
			continue
		}
		var next flow
		err = a.call(ctx, "POST", "/api/mfa/flow/verify", map[string]any{"option": o.ID, "code": code, "remember": remember}, &next)
		if err == nil || !a.told(err, "code_not_valid", "bad_request", "busy") {
			return next, err
		}
	}
}

// begin has the message sent, or sent again, where the option is one that sends.
func (a *app) begin(ctx context.Context, o option) (sends bool, err error) {
	var asked struct {
		Destination string `json:"destination"`
	}
	err = a.call(ctx, "POST", "/api/mfa/flow/challenge", map[string]string{"option": o.ID}, &asked)
	switch {
	case a.told(err, "too_soon"): // the one that went out a moment ago is as good
		return true, nil
	case err != nil:
		return false, err
	case asked.Destination != "":
		a.say("A code is on its way to %s.", asked.Destination)
		return true, nil
	}
	a.say("%s", o)
	return false, nil
}

// told says what is wrong, if it is one of these, and whether it was.
func (a *app) told(err error, codes ...string) bool {
	if !slices.ContainsFunc(codes, func(code string) bool { return is(err, code) }) {
		return false
	}
	a.say("%s", sentence(err))
	return true
}

func reasons(f flow) (list []string) {
	if f.Risk != nil {
		for _, r := range f.Risk.Reasons {
			list = append(list, r.Text)
		}
	}
	return list
}
