package mfa_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// C-20: tokens, credentials, claims and what is kept of keys are in no error,
// event, history or log, however these are printed.
func TestC20_PasskeysGiveNothingAway(t *testing.T) {
	logger, logs := captured()
	var mu sync.Mutex
	var told []mfa.Event
	k := newKeyWorld(t, func(c *mfa.Config) {
		c.Logger = logger
		c.Observers = []mfa.Observer{observer(func(_ context.Context, e mfa.Event) error {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e)
			return errors.New("refused")
		})}
	})
	var canaries []string
	secret := func(list ...string) {
		canaries = append(canaries, slices.DeleteFunc(list, func(s string) bool { return len(s) < 6 })...)
	}
	var printed []any
	show := func(v ...any) { printed = append(printed, v...) }

	u := person("u")
	b := newFob()
	b.counts, b.Attachment, b.Claims = true, "canary-attachment", []string{"canary-claim"}
	client := from(1)
	client.DeviceToken = "canary-device"
	secret(b.ID, b.Key, "canary-attachment", "canary-claim", "canary-device")
	done := k.register(k.caller(u), b, mfa.Enroll{})
	show(done)
	secret(b.Handle)
	secret(done.RecoveryCodes...)
	for key := range dump(t, k.spy.Store) {
		if len(key) > len("claim/pass/") && key[:6] == "claim/" {
			secret(key[len("claim/pass/"):])
		}
	}
	k.clock.Advance(time.Minute)
	p := k.begin(client)
	show(p, &p, []mfa.Passkey{p}, struct{ P mfa.Passkey }{p})
	challenge := p.Challenge.(passAsked).Challenge
	secret(p.Token, challenge)
	finish := func(token string, edits ...func(*assertion)) mfa.Flow {
		answer := b.sign(p.Challenge, edits...)
		secret(string(answer.Credential))
		f, err := k.FinishPasskey(bg, token, answer, client)
		show(answer, f, err)
		return f
	}
	finish(p.Token[:len(p.Token)-1])
	finish(p.Token, wrongKey)
	finish(p.Token, func(a *assertion) { a.ID = "canary-unknown" })
	finish(p.Token, func(a *assertion) { a.Handle = "canary-handle" })
	finish(p.Token, isRefused)
	secret("canary-unknown", "canary-handle")
	for _, what := range []string{"load claim", "load user", "save spent", "save user"} {
		k.spy.only(what, func(int, func() error) error { return errWire })
		finish(p.Token)
		k.spy.reset()
		p = k.begin(client)
		secret(p.Token, p.Challenge.(passAsked).Challenge)
	}
	k.users.err = errWire
	finish(p.Token)
	k.users.err = nil
	f := finish(p.Token)
	k.want(f, nil, mfa.StatusPassed)
	secret(f.Token, f.DeviceToken)
	finish(p.Token)
	p = k.begin(client)
	secret(p.Token)
	finish(p.Token, func(a *assertion) { a.Count = 1 }) // a copy
	c := mfa.Caller{User: u, Authentication: f.Authentication, Client: client}
	show(c)
	// Somebody else's credential, one with too much, one whose claim cannot be read.
	x := k.past()
	other := x.caller(person("v"))
	_, err := k.confirm(other, k.pending(other, mfa.Enroll{}), b2(b))
	taken(t, err)
	show(err)
	large := newFob()
	large.Large = 1 << 20
	secret(large.ID, large.Key)
	_, err = k.confirm(other, k.pending(other, mfa.Enroll{}), large)
	is(t, err, mfa.ErrTooLarge)
	show(err)
	k.spy.only("save claim", func(int, func() error) error { return errWire })
	_, err = k.confirm(other, k.pending(other, mfa.Enroll{}), large, func(a *assertion) { a.Large = 0 })
	is(t, err, mfa.ErrStore)
	show(err)
	k.spy.reset()
	for _, key := range k.keysOf("claim") {
		item, err := k.spy.Store.Load(bg, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := k.spy.Store.Save(bg, key, item.Version, mfa.Item{Value: item.Value[:20], Version: item.Version + 1}); err != nil {
			t.Fatal(err)
		}
	}
	p = k.begin(client)
	finish(p.Token)
	signals, err := k.Signals(bg, c)
	if err != nil || signals["pass"] == nil {
		t.Fatal(err)
	}
	// A delete that fails is logged.
	k.spy.only("delete claim", func(int, func() error) error { return errWire })
	is(t, k.Reset(bg, mfa.Reset{User: u, Actor: "x"}), nil)
	k.spy.reset()
	state := []byte("canary-state")
	secret("canary-state", fmt.Sprint(state), fmt.Sprintf("%x", state))
	show(mfa.Verified{State: state, UserState: state, Claims: []string{"canary-claim"}, Attachment: state},
		mfa.SignalsRequest{User: u, UserState: state, Enrollments: []mfa.Enrolled{{State: state}}},
		mfa.VerifyRequest{User: u, Purpose: mfa.ForDiscovery, Pending: state, UserState: state, Enrollments: []mfa.Enrolled{{State: state}}},
		mfa.EnrollRequest{User: u, Client: client, UserState: state, Existing: []mfa.Enrolled{{State: state}}},
		mfa.ChallengeRequest{User: u, UserState: state, Previous: state, UserVerification: true},
		mfa.NotValidError{Alarm: mfa.EventCloneSuspected, Enrollment: "1"})
	for _, r := range k.pass.discovered {
		show(r)
	}
	history, err := k.Activity(bg, "u")
	if err != nil || len(history) == 0 {
		t.Fatal(err)
	}
	text, err := json.Marshal(history)
	if err != nil {
		t.Fatal(err)
	}
	show(history, string(text))
	k.drain()
	if len(told) < 12 || logs.Len() == 0 {
		t.Fatalf("%d events, %d bytes of log: too little to prove anything", len(told), logs.Len())
	}
	for _, e := range told {
		type whole mfa.Event
		show(e, whole(e))
	}
	for _, v := range printed {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(logs, verb+"\n", v)
		}
		logger.Info("canary", "value", v)
	}
	out := logs.Bytes()
	for _, c := range canaries {
		for _, form := range []string{c, fmt.Sprintf("%x", c), fmt.Sprintf("%X", c)} {
			if i := indexOf(out, form); i >= 0 {
				t.Errorf("%q is shown: …%s…", c, out[max(0, i-120):min(len(out), i+60)])
			}
		}
	}
	t.Logf("%d canaries in %d bytes of output", len(canaries), len(out))
}
