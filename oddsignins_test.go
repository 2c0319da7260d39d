package mfa_test

import (
	"slices"
	"testing"

	"github.com/mfakit/mfa"
)

// What an operator watches for (OWASP ASVS 6.3.5): each sign-in of this kind can be
// told from the events alone.
func TestD07_EventsTellOfOddSignIns(t *testing.T) {
	w := newWorld(t, withPolicy(required))
	u := person("ada")
	a := w.withApp(u)
	home := w.browser(u, 1)
	home.Place = "Oslo, Norway"
	home.enter(a, false)

	away := from(2)
	away.Place, away.UserAgent = "Lima, Peru", "Other/1"
	half := w.signIn(u, away) // the password was right, and that is all
	_, err := w.verify(half, a.id, w.wrong(a), away)
	is(t, err, mfa.ErrNotValid)
	f := w.signIn(u, away)
	_, err = w.verify(f, a.id, w.wrong(a), away)
	is(t, err, mfa.ErrNotValid)
	out, err := w.verify(f, a.id, a.Code(), away)
	w.want(out, err, mfa.StatusPassed)
	w.drain()

	begun, failed := w.events.ByType(mfa.EventFlowStarted), w.events.ByType(mfa.EventFailed)
	passed, strange := w.events.ByType(mfa.EventFlowPassed), w.events.ByType(mfa.EventNewDevice)
	if len(begun) != 4 || len(passed) != 3 { // one was never finished
		t.Errorf("%d begun, %d passed", len(begun), len(passed))
	}
	if len(failed) != 2 || failed[0].IP != away.IP || failed[0].Place != "Lima, Peru" {
		t.Errorf("failures %+v", failed)
	}
	from := func(list []mfa.Event) []mfa.Event { // events come in no order
		return slices.DeleteFunc(list, func(e mfa.Event) bool { return e.IP != away.IP || e.Place != "Lima, Peru" })
	}
	if got := from(passed); len(got) != 1 || got[0].Time.Before(failed[1].Time) {
		t.Errorf("a success after them: %+v", got)
	}
	if got := from(strange); len(got) != 1 || !got[0].Notice {
		t.Errorf("new browsers: %+v", got)
	}
	list, err := w.Activity(bg, u.ID)
	if err != nil || len(list) == 0 || list[0].Place != "Lima, Peru" {
		t.Errorf("%v, %v", list, err)
	}
}
