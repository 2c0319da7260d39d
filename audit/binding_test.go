package audit_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/audit"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

// C22: what binds and what ends, of all types of the engine.
func TestC22_WhatBindsAndWhatEnds(t *testing.T) {
	want := map[mfa.EventType]audit.Binding{
		mfa.EventEnrolled: audit.Binds, mfa.EventImported: audit.Binds, mfa.EventReplaced: audit.Replaces, mfa.EventRecoveryCodes: audit.Replaces,
		mfa.EventRemoved: audit.Unbinds, mfa.EventDisabled: audit.Unbinds,
		mfa.EventReset: audit.UnbindsAll, mfa.EventUndone: audit.UnbindsAll, mfa.EventErased: audit.UnbindsAll,
	}
	for kind, notice := range eventTypes(t) {
		got := audit.BindingOf(mfa.Event{Type: kind, Notice: notice})
		if got != want[kind] {
			t.Errorf("%s: %d, want %d", kind, got, want[kind])
		}
		if got != audit.Nothing && !notice && kind != mfa.EventErased {
			t.Errorf("%s may be lost: it is no notice", kind)
		}
		// One that is new about enrollments is decided on here, and in the table.
		indifferent := []mfa.EventType{mfa.EventRenamed, mfa.EventSkipped}
		if strings.HasPrefix(string(kind), "enrollment.") && got == audit.Nothing && !slices.Contains(indifferent, kind) {
			t.Errorf("%s: does it bind?", kind)
		}
	}
	if audit.BindingOf(mfa.Event{Type: "key.lost", Notice: true}) != audit.Nothing {
		t.Error("a type that nobody knows binds")
	}
}

// C22: the record that the package's example keeps, over a life with every way in
// and out, and with every notice told twice.
func TestC22_ARecordOfAllThatWasBound(t *testing.T) {
	var kept table
	l := newLife(t, []mfa.Observer{&kept})
	ctx := t.Context()
	ada := mfa.User{ID: "u7", Name: "ada"}
	client := func(last byte) mfa.Client { return mfa.Client{IP: netip.AddrFrom4([4]byte{192, 0, 2, last})} }
	session := mfa.Caller{User: ada}
	var app *mfatest.Authenticator
	add := func(last byte, replaces string) (id string) {
		t.Helper()
		session.Client = client(last)
		begun, err := l.Enroll(ctx, session, mfa.Enroll{Method: "totp", Replaces: replaces})
		l.must(err)
		phone, err := mfatest.NewAuthenticator(begun.Challenge.(*totp.Challenge).URI, l.Clock.Now)
		l.must(err)
		_, err = l.Activate(ctx, session, begun.ID, mfa.Answer{Code: phone.Code()})
		l.must(err)
		app = phone
		return begun.ID
	}
	tick := func(types ...mfa.EventType) {
		t.Helper()
		l.saw(types...)
		l.Clock.Advance(30 * time.Second)
		if app != nil {
			session.Authentication = l.proves(ada, app, client(9))
		}
	}
	session.Authentication = l.signIn(ada, client(1)).Authentication
	l.saw(mfa.EventFlowStarted, mfa.EventFlowPassed)
	first := add(1, "")
	tick(mfa.EventEnrolled, mfa.EventRecoveryCodes)
	second := add(2, first)
	tick(mfa.EventReplaced)
	_, err := l.RecoveryCodes(ctx, session)
	l.must(err)
	tick(mfa.EventRecoveryCodes)
	session.Client = client(3)
	session.Authentication, err = l.Remove(ctx, session, second)
	l.must(err)
	app = nil
	tick(mfa.EventRemoved)
	l.Clock.Advance(30 * time.Second)
	session.Authentication = l.signIn(ada, client(4)).Authentication
	l.saw(mfa.EventFlowStarted, mfa.EventFlowPassed)
	add(4, "")
	tick(mfa.EventEnrolled, mfa.EventRecoveryCodes)
	app = nil
	for range 2 {
		l.must(l.Reset(ctx, mfa.Reset{User: ada, Actor: "carol", Client: client(5)}))
		tick(mfa.EventReset)
	}
	l.must(l.Erase(ctx, ada.ID))
	tick(mfa.EventErased)
	for _, e := range l.Events.Events() { // an acknowledgement that was lost, and a table that remembers IDs
		l.must(kept.Observe(ctx, e))
	}

	want := []string{
		"totp 12:00 192.0.2.1 until 12:01 192.0.2.2",
		"recovery 12:00 192.0.2.1 until 12:02 192.0.2.2",
		"totp 12:01 192.0.2.2 until 12:03 192.0.2.3",
		"recovery 12:02 192.0.2.2 until 12:03 192.0.2.3",
		"totp 12:04 192.0.2.4 until 12:05 192.0.2.5 by carol",
		"recovery 12:04 192.0.2.4 until 12:05 192.0.2.5 by carol",
	}
	var got []string
	for _, r := range kept.rows {
		got = append(got, strings.TrimPrefix(fmt.Sprint(r), "u7 "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
