//go:build !race

package pages_test

import (
	"context"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

func init() { states = append(append(states, setups...), settings...) }

// setups are the pages by which something is set up.
var setups = []state{
	{name: "choose in a sign-in", reach: func(v *visitor) *answer {
		v.demand()
		v.policy.Grace = mfa.Grace{Skip: true, Left: 2, Until: v.Clock.Now().Add(14 * 24 * time.Hour)}
		return v.login("eve")
	}},
	{name: "skipped too often", reach: func(v *visitor) *answer {
		v.demand()
		v.policy.Grace = mfa.Grace{Skip: true, Left: 2}
		a := v.login("eve")
		v.policy.Grace = mfa.Grace{}
		return a.submit("skip")
	}},
	{name: "choose", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup")
	}},
	{name: "app in a sign-in", reach: func(v *visitor) *answer {
		v.demand()
		v.login("eve")
		return v.get("/account/setup/app")
	}},
	{name: "app with a name too long", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/app").submit("/account/setup", "label", strings.Repeat("x", 65))
	}},
	{name: "scan", reach: func(v *visitor) *answer { return v.scan("eve") }},
	{name: "scan in a sign-in", set: longApp, reach: func(v *visitor) *answer {
		v.demand()
		v.login(longName)
		return v.get("/account/setup/app").submit("/account/setup")
	}},
	{name: "scan wrong", reach: func(v *visitor) *answer { return v.scan("eve").submit("/account/setup/confirm", "code", "000000") }},
	{name: "app for another app", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.get(v.owned("ada", "totp") + "/change")
	}},
	{name: "codes", reach: func(v *visitor) *answer { return v.codes() }},
	{name: "codes without scripts", plain: true, reach: func(v *visitor) *answer { return v.codes() }},
	{name: "more", reach: func(v *visitor) *answer { return v.get(v.codes().link("/setup/more")) }},
	{name: "key", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/key")
	}},
	{name: "key without scripts", plain: true, reach: func(v *visitor) *answer {
		v.demand()
		v.login("eve")
		return v.get("/account/setup/key")
	}},
	{name: "key wrong", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/key").submit("key-form", "label", longLabel)
	}},
	{name: "number", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/sms")
	}},
	{name: "number refused", reach: func(v *visitor) *answer {
		v.demand()
		v.login("eve")
		return v.get("/account/setup/sms").submit("phone-form", "phone", "+1 555")
	}},
	{name: "number of another country", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/sms").submit("phone-form", "phone", "+447400123456")
	}},
	{name: "number sent to", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/sms").submit("onfile-form")
	}},
	{name: "number wrong code", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/sms").submit("onfile-form").submit("code-form", "code", "000000")
	}},
	{name: "number too soon", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/sms").submit("onfile-form").submit("resend-form")
	}},
	{name: "number unsent", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		v.texts.Fail(&mfa.SendError{Reason: mfa.SendUnreachable, Retry: true})
		return v.get("/account/setup/sms").submit("phone-form", "phone", "+4791234590")
	}},
	{name: "number for another number", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "sms")
		v.signedIn("ada")
		return v.get(v.owned("ada", "sms") + "/change")
	}},
	{name: "address in a sign-in", reach: func(v *visitor) *answer {
		v.demand()
		v.login(longName)
		return v.get("/account/setup/email")
	}},
	{name: "address missing", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/setup/email").submit("email-form")
	}},
	{name: "address sent to", reach: func(v *visitor) *answer {
		v.signedIn(longName)
		return v.get("/account/setup/email").submit("onfile-form")
	}},
}

// settings are the pages of somebody who is signed in.
var settings = []state{
	{name: "settings, nothing set up", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/settings")
	}},
	{name: "settings, keys later, without scripts", plain: true, reach: func(v *visitor) *answer {
		v.policy.NotFirst = []string{"webauthn"}
		v.signedIn("eve")
		return v.get("/account/settings?said=removed")
	}},
	{name: "settings, one way", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.get("/account/settings?said=added")
	}},
	{name: "settings, all there is", set: longApp, reach: func(v *visitor) *answer {
		v.policy.Nudge = 8
		v.has(longName, "totp", "sms", "email", "webauthn")
		v.rename(longName, "totp", longLabel)
		v.rename(longName, "webauthn", "The blue one on my ring of keys, next to the one for the bicycle")
		v.signedIn(longName)
		return v.get("/account/settings")
	}},
	{name: "settings, a reset waits", reach: func(v *visitor) *answer {
		v.waits()
		return v.get("/account/settings")
	}},
	{name: "reset", reach: func(v *visitor) *answer {
		v.waits()
		return v.get("/account/settings/reset")
	}},
	{name: "enrollment app", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.get(v.owned("ada", "totp"))
	}},
	{name: "enrollment number long name", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "sms")
		v.rename("ada", "sms", longLabel)
		v.signedIn("ada")
		return v.get(v.owned("ada", "sms"))
	}},
	{name: "enrollment key", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "webauthn")
		v.signedIn("ada")
		return v.get(v.owned("ada", "webauthn"))
	}},
	{name: "enrollment without a name", reach: func(v *visitor) *answer {
		v.has("ada", "totp", "email")
		v.signedIn("ada")
		return v.get(v.owned("ada", "email")).submit("rename", "label", " ")
	}},
	{name: "enrollment that has to stay", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		v.policy.Require, v.policy.AtLeast, v.policy.Closed = mfa.Requirement{SecondFactor: true}, 1, true
		return v.get(v.owned("ada", "totp")).submit("remove")
	}},
	{name: "new codes", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		v.signedIn("ada")
		return v.get("/account/settings/recovery-codes")
	}},
	{name: "new codes, nothing set up", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/settings/recovery-codes").submit("/account/settings/recovery-codes")
	}},
	{name: "devices, none", reach: func(v *visitor) *answer {
		v.has("ada", "totp")
		_, evidence := v.caller("ada")
		v.sessions["s"] = session{"id-ada", evidence.Authentication}
		v.cookies["session"] = "s"
		return v.get("/account/settings/devices")
	}},
	{name: "devices", reach: func(v *visitor) *answer {
		v.browsers()
		return v.get("/account/settings/devices?said=forgotten")
	}},
	{name: "activity, little", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.get("/account/settings/activity")
	}},
	{name: "activity", set: setting{scored: true}, reach: func(v *visitor) *answer {
		v.browsers()
		v.scorer.says = mfa.Assessment{Level: mfa.RiskHigh, Reasons: risky}
		v.login("ada").submit("code-form", "code", "000000")
		v.scorer.says = mfa.Assessment{Level: mfa.RiskElevated, Reasons: risky[:1]}
		v.signedIn("ada")
		v.rename("ada", "totp", longLabel)
		return v.get("/account/settings/activity")
	}},
	{name: "not me", reach: func(v *visitor) *answer {
		v.browsers()
		a := v.get("/account/settings/activity")
		return v.post(a.link("/dispute"))
	}},
	{name: "signed out everywhere", reach: func(v *visitor) *answer {
		v.signedIn("eve")
		return v.post("/account/settings/sign-out-everywhere")
	}},
}

// demand has everybody prove something more, and says where help is.
func (v *visitor) demand() {
	v.policy.Require, v.policy.Support = mfa.Requirement{SecondFactor: true}, "https://help.example/second-step"
}

// scan is the page with a secret.
func (v *visitor) scan(name string) *answer {
	v.t.Helper()
	v.signedIn(name)
	return v.get("/account/setup/app").submit("/account/setup")
}

// codes are the recovery codes that come with the first method.
func (v *visitor) codes() *answer {
	v.t.Helper()
	v.signedIn("eve")
	a := v.get("/account/setup/sms").submit("onfile-form")
	return a.submit("code-form", "code", v.sent("sms"))
}

// owned is the page of a user's enrollment.
func (v *visitor) owned(name, method string) string {
	v.t.Helper()
	list, err := v.Enrollments(context.Background(), "id-"+name)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, e := range list {
		if e.Method == method {
			return "/account/settings/enrollments/" + e.ID
		}
	}
	v.t.Fatalf("%s has no %s", name, method)
	return ""
}

// browsers are several in which ada has signed in.
func (v *visitor) browsers() {
	v.t.Helper()
	v.policy.Remember = mfa.Remember{For: 30 * 24 * time.Hour}
	v.has("ada", "totp")
	for _, agent := range []string{iphone, "SomethingElse/1.0", desktop} {
		v.agent, v.cookies = agent, map[string]string{}
		v.login("ada").submit("code-form", "code", v.phone.Code(), "remember", "yes")
		v.Clock.Advance(26 * time.Hour)
	}
	v.cookies = map[string]string{}
	v.login("ada").submit("code-form", "code", v.phone.Code(), "remember", "yes")
	v.Clock.Advance(time.Minute)
}

// waits is ada's session while somebody else has asked for a reset.
func (v *visitor) waits() {
	v.t.Helper()
	v.policy.DelayedReset = 72 * time.Hour
	v.has("ada", "totp")
	v.signedIn("ada")
	thief := &visitor{host: v.host, language: v.language, cookies: map[string]string{}, agent: iphone}
	thief.login("ada")
	thief.get("/account/lost").submit("lost-form")
}
