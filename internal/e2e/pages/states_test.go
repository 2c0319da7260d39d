//go:build !race

package pages_test

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A state is a page as people may see it.
type state struct {
	name  string
	set   setting
	plain bool // shown to a browser without JavaScript
	reach func(v *visitor) *answer
}

// states are all pages, each in what makes it look different.
var states = []state{
	// The question of a sign-in.
	{name: "challenge app", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		return v.login("ada")
	}},
	{name: "challenge app wrong", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		return v.login("ada").submit("code-form", "code", "000000")
	}},
	{name: "challenge app locked", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		a := v.login("ada")
		for range 12 {
			a = a.submit("code-form", "code", "000000")
		}
		return a
	}},
	{name: "challenge with all there is beside it", set: setting{scored: true}, reach: func(v *visitor) *answer {
		v.policy.Support, v.policy.Remember, v.policy.DelayedReset = "https://help.example/second-step", mfa.Remember{For: 30 * 24 * time.Hour}, 72*time.Hour
		v.has("ada", "totp", "sms", "email", "webauthn")
		v.scorer.says = mfa.Assessment{Level: mfa.RiskElevated, Reasons: risky}
		return v.login("ada").other("totp")
	}},
	{name: "challenge support in words", reach: func(v *visitor) *answer {
		v.policy.Support = "Call the help desk in building 7, weekdays from 8 to 17, at extension 4711."
		v.has("ada", "totp")
		return v.login("ada")
	}},
	{name: "challenge long names", set: longApp, reach: func(v *visitor) *answer {
		v.has(longName, "totp", "email")
		v.rename(longName, "totp", longLabel)
		return v.login(longName)
	}},
	{name: "challenge key", reach: func(v *visitor) *answer {
		v.policy.Remember = mfa.Remember{For: 30 * 24 * time.Hour}
		v.has("ada", "totp", "webauthn")
		return v.login("ada").other("webauthn")
	}},
	{name: "challenge key without scripts", plain: true, reach: func(v *visitor) *answer {
		v.has("ada", "totp", "webauthn")
		return v.login("ada").other("webauthn")
	}},
	{name: "challenge key wrong", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "webauthn")
		return v.login("ada").other("webauthn").submit("key-form", "credential", "{}")
	}},
	{name: "challenge recovery code", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		return v.login("ada").other("recovery")
	}},
	{name: "challenge recovery code wrong", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		return v.login("ada").other("recovery").submit("code-form", "code", "0000-0000-0000-0000")
	}},
	{name: "challenge support’s code", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.bypass("ada")
		return v.login("ada").other("bypass")
	}},

	{name: "passkey on the host’s page", reach: func(v *visitor) *answer { return v.get("/welcome") }},
	{name: "passkey on the host’s page without scripts", plain: true, reach: func(v *visitor) *answer { return v.get("/welcome") }},

	// Codes that are sent.
	{name: "send sms", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "sms")
		return v.login("ada").other("sms")
	}},
	{name: "sent sms", reach: func(v *visitor) *answer {
		v.has("ada", "sms")
		return v.login("ada")
	}},
	{name: "sent sms without scripts", plain: true, reach: func(v *visitor) *answer {
		v.has("ada", "sms")
		return v.login("ada")
	}},
	{name: "sent sms wrong", reach: func(v *visitor) *answer {
		v.has("ada", "sms")
		return v.login("ada").submit("code-form", "code", "000000")
	}},
	{name: "sent sms too soon", reach: func(v *visitor) *answer {
		v.has("ada", "sms")
		return v.login("ada").submit("resend-form")
	}},
	{name: "sent sms failed", reach: func(v *visitor) *answer {
		v.has("ada", "sms", "email")
		v.texts.Fail(&mfa.SendError{Reason: mfa.SendUnreachable})
		return v.login("ada")
	}},
	{name: "sent email", reach: func(v *visitor) *answer {
		v.policy.Remember = mfa.Remember{For: 30 * 24 * time.Hour}
		v.has("ada", "email")
		return v.login("ada")
	}},
	{name: "sent email long address", reach: func(v *visitor) *answer {
		v.has(longName, "email")
		return v.login(longName)
	}},
	{name: "link in a mail", reach: func(v *visitor) *answer {
		v.has("ada", "email")
		v.login("ada")
		return v.get(strings.TrimPrefix(v.mails.Link(userNamed("ada").Email), v.origin))
	}},
	{name: "approved elsewhere", set: setting{anywhere: true}, reach: func(v *visitor) *answer {
		v.has("ada", "email")
		v.login("ada")
		link := v.mails.Link(userNamed("ada").Email)
		elsewhere := &visitor{host: v.host, language: v.language, cookies: map[string]string{}, agent: iphone}
		elsewhere.get(strings.TrimPrefix(link, v.origin)).submit("/mfa/link")
		return v.get("/account/challenge")
	}},

	// What ends, or cannot be.
	{name: "denied", set: setting{scored: true}, reach: func(v *visitor) *answer {
		*v.policy = mfa.Decision{DenySevere: true, Support: "https://help.example/"}
		v.scorer.says = mfa.Assessment{Level: mfa.RiskSevere, Reasons: risky}
		return v.login("ada")
	}},
	{name: "over", reach: func(v *visitor) *answer {
		v.cookies["mfa-flow"] = "x"
		return v.get("/account/challenge")
	}},
	{name: "no such page", reach: func(v *visitor) *answer { return v.get("/account/nothing") }},
	{name: "failed", reach: func(v *visitor) *answer {
		return v.send(http.MethodPost, "/account/challenge", "%zz", "application/x-www-form-urlencoded")
	}},
	{name: "lost", reach: func(v *visitor) *answer {
		v.policy.DelayedReset, v.policy.Support = 72*time.Hour, "https://help.example/"
		v.has("ada", "totp")
		v.login("ada")
		return v.get("/account/lost")
	}},
	{name: "lost, asked for", reach: func(v *visitor) *answer {
		v.policy.DelayedReset = 72 * time.Hour
		v.has("ada", "totp")
		v.login("ada")
		return v.get("/account/lost").submit("lost-form")
	}},
	{name: "lost, ready", reach: func(v *visitor) *answer {
		v.policy.DelayedReset = 72 * time.Hour
		v.has("ada", "totp")
		v.login("ada")
		v.get("/account/lost").submit("lost-form")
		v.Clock.Advance(73 * time.Hour)
		v.login("ada")
		return v.get("/account/lost")
	}},
	{name: "lost, no way", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.login("ada")
		return v.get("/account/lost")
	}},

	// Confirming, and approving.
	{name: "confirm", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "sms", "webauthn")
		v.signedIn("ada")
		v.Clock.Advance(2 * time.Hour)
		return v.get("/admin")
	}},
	{name: "confirm by a code", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		v.Clock.Advance(2 * time.Hour)
		return v.get("/admin").submit("confirm-form")
	}},
	{name: "confirm by password", reach: func(v *visitor) *answer { return v.asksPassword() }},
	{name: "confirm by password wrong", reach: func(v *visitor) *answer {
		return v.asksPassword().submit("password-form", "password", "wrong")
	}},
	{name: "approve", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.post("/pay")
	}},
	{name: "confirm, no way", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.get("/account/confirm?aal=3").submit("confirm-form")
	}},
	{name: "confirm, nothing set up", reach: func(v *visitor) *answer {
		v.signedIn("ada")
		return v.get("/admin")
	}},
}

// longApp is an application whose name does not fit on one line.
var longApp = setting{app: "The Example Company’s Portal for Partners and Suppliers"}

// risky is what speaks against a sign-in.
var risky = []mfa.RiskReason{
	{Code: "new_country", With: map[string]string{"country": "RO"}, UsualWith: map[string]string{"country": "NO"}, Text: "first time from Romania", Usual: "you usually sign in from Norway", Weight: 5},
	{Code: "new_device", Text: "on a device that is not remembered", Usual: "you usually sign in on a remembered device", Weight: 2},
}

// other is the page of another of the flow's options, by its method.
func (a *answer) other(method string) *answer {
	a.v.t.Helper()
	flow, err := a.v.Flow(context.Background(), a.v.cookies["mfa-flow"])
	if err != nil {
		a.v.t.Fatal(err)
	}
	for _, o := range flow.Options {
		if o.Method == method {
			return a.v.get("/account/challenge?option=" + o.ID)
		}
	}
	a.v.t.Fatalf("there is no %s: %v", method, flow.Options)
	return nil
}

// rename gives a user's enrollment another name.
func (v *visitor) rename(name, method, label string) {
	v.t.Helper()
	_, caller := v.caller(name)
	own, err := v.Enrollments(context.Background(), "id-"+name)
	for _, e := range own {
		if e.Method == method && err == nil {
			_, err = v.Rename(context.Background(), caller, e.ID, label)
		}
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

// bypass has support give out a code.
func (v *visitor) bypass(name string) {
	v.t.Helper()
	if _, _, err := v.IssueBypass(context.Background(), mfa.Bypass{User: userNamed(name), Actor: "support", Reason: "lost"}); err != nil {
		v.t.Fatal(err)
	}
}

// asksPassword is the page that asks for the password again.
func (v *visitor) asksPassword() *answer {
	v.t.Helper()
	v.policy.Change = mfa.Requirement{Password: true, MaxAge: 10 * time.Minute}
	v.has("ada", "totp")
	v.signedIn("ada")
	v.Clock.Advance(2 * time.Hour)
	return v.get("/account/confirm?return=/admin")
}
