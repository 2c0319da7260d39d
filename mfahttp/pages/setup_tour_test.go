package pages_test

import (
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// tourSetup goes past the pages of set-ups and settings that need something to have
// happened, and what each of them looks like with something wrong.
func (h *host) tourSetup(languages string, look func(string, *page) *page) {
	h.t.Helper()
	as := func(name string) *browser {
		b := h.as(name, nil)
		b.header.Set("Accept-Language", languages)
		return b
	}
	b := as("fay")
	look("nothing is set up", b.get("/account/settings"))
	look("the name is too long", b.get("/account/setup/app").submit("/account/setup", "label", strings.Repeat("x", 65)))
	scan := look("scan", b.get("/account/setup/app").submit("/account/setup"))
	phone := scan.phoneOf()
	look("wrong", scan.submit("/account/setup/confirm", "code", wrong(phone)))
	look("malformed", scan.submit("/account/setup/confirm", "code", "?"))
	codes := look("codes", scan.submit("/account/setup/confirm", "code", phone.Code()))
	look("more", b.get(codes.root.first(func(n *node) bool {
		return strings.HasPrefix(n.attr["href"], "/account/setup/more")
	}).attr["href"]))
	look("codes made before", as("guy").post("/account/settings/recovery-codes"))

	b = as("guy")
	for method, field := range map[string]string{"sms": "phone", "email": "email"} {
		page := b.get("/account/setup/" + method)
		look(method+" refused", page.submit(field+"-form", field, "?"))
		look(method+" missing", page.submit(field+"-form", field, ""))
		sent := look(method+" sent", page.submit("onfile-form"))
		look(method+" too soon", sent.submit("resend-form"))
		look(method+" wrong", sent.submit("code-form", "code", "000000"))
		look(method+" malformed", sent.submit("code-form", "code", "?"))
		h.Clock.Advance(11 * time.Minute)
		look(method+" too late", sent.submit("code-form", "code", "000000"))
		b = as("guy")
	}
	look("key without a script", b.get("/account/setup/key").submit("key-form"))
	h.texts.Fail(&mfa.SendError{Reason: mfa.SendUnreachable, Retry: true})
	look("unsent", b.get("/account/setup/sms").submit("phone-form", "phone", "+4791234590"))
	h.texts.Fail(nil)

	// What there is, beside what was done with it.
	h.enroll("hal", "sms", mfa.EnrollParams{})
	hal := func() *browser {
		h.Clock.Advance(2 * time.Hour) // a number gets few messages in one
		b := h.browser()
		b.header.Set("Accept-Language", languages)
		b.login("hal").submit("code-form", "code", h.lastCode(h.texts))
		return b
	}
	b = hal()
	for _, path := range []string{"/settings", "/settings/activity", "/settings/devices", "/settings/recovery-codes", "/settings/reset", "/setup/more"} {
		look(path, b.get("/account"+path))
	}
	own := b.get("/account/settings/enrollments/" + h.owned("hal")[0].ID)
	look("own", own)
	look("no name", own.submit("rename", "label", " "))
	look("renamed", own.submit("rename", "label", "Example"))
	look("forgotten", b.post("/account/settings/devices/forget-all"))
	look("no such one", b.get("/account/settings/enrollments/x"))
	look("no such sign-in", b.post("/account/settings/activity/x/dispute"))
	b = hal()
	look("everywhere", b.copy().post("/account/settings/sign-out-everywhere"))
	b = hal()
	activity := b.get("/account/settings/activity")
	look("disputed", activity.submit(activity.root.first(func(n *node) bool {
		return n.name == "form" && strings.HasSuffix(n.attr["action"], "/dispute")
	}).attr["action"]))
	look("the last one", hal().get("/account/settings/enrollments/"+h.owned("hal")[0].ID).submit("remove"))
}
