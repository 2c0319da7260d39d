package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// setUp enrols something more, and may get the confirmation wrong.
func (v *visit) setUp() {
	a := v.victim()
	b := v.own(a)
	s := v.enterBy(a, b, "its owner", false)
	if s == nil {
		return
	}
	h := hand{of: a, s: s, b: b}
	if v.d.odds(700) {
		h = v.raise(h)
	}
	pt := v.enroll(h, pick(v.d, []string{"totp", "totp", "sms", "email", "key"}), nil, nil)
	if pt == nil {
		return
	}
	for range v.d.n(3) {
		v.think()
		if pt.key == nil && v.d.odds(600) {
			v.activate(h, pt, v.misconfirmed(pt))
		} else {
			v.resend(h, pt)
		}
	}
	v.think()
	if v.d.odds(300) {
		v.pause(v.d.between(5*time.Minute, 12*time.Minute))
	}
	right := v.confirmation(pt)
	if v.d.odds(300) {
		v.twice(func(v *visit) { v.activate(h, pt, right) }, func(v *visit) { v.activate(h, pt, right) })
		return
	}
	v.activate(h, pt, right)
}

// misconfirmed is a wrong confirmation.
func (v *visit) misconfirmed(pt *pendingThing) attempt {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	sent := slices.Clone(pt.of.letters)
	return attempt{answer: mfa.Answer{Code: wrongCode(pt.thing, sent, v.d)}, says: "a wrong code", t: pt.thing, method: pt.method, wrong: true}
}

// tidy changes one thing or two in the settings.
func (v *visit) tidy() {
	a := v.victim()
	b := v.own(a)
	s := v.enterBy(a, b, "its owner", v.d.odds(300))
	if s == nil {
		return
	}
	h := hand{of: a, s: s, b: b}
	if v.d.odds(200) {
		v.pause(v.d.between(8*time.Minute, 25*time.Minute)) // a telephone call
	}
	if v.d.odds(500) {
		h = v.raise(h)
	}
	for range 1 + v.d.n(2) {
		v.think()
		v.w.mu.Lock()
		t := pick(v.d, a.have())
		v.w.mu.Unlock()
		switch n := v.d.n(100); {
		case t != nil && n < 25:
			v.remove(h, t)
		case t != nil && n < 40:
			v.setUpOne(h, t.method, t)
		case t != nil && n < 50:
			v.rename(h, t, "label "+itoa(v.plan.id))
		case n < 62:
			v.newCodes(h)
		case n < 75:
			v.forget(h, v.d.odds(600))
			v.think()
			v.signIn(a, "its owner", b, mfa.Password)
		case n < 80:
			v.removeAll(h)
		case n < 88:
			v.notMe(h)
		case n < 95:
			v.password(h)
		default:
			v.signOut(a)
		}
	}
}

// lost is the owner who has lost what they had.
func (v *visit) lost() {
	a := v.victim()
	b := v.own(a)
	if v.w.plan.set.rules.wait > 0 && v.d.odds(600) {
		v.delayed(a, b, "its owner", true)
		return
	}
	support := v.d.odds(400)
	if support {
		v.bypass(a, "desk")
		v.think()
	}
	p := v.signIn(a, "its owner", b, mfa.Password)
	if p == nil {
		return
	}
	t, ok := v.fromPaper(p, false)
	if support {
		t, ok = v.fromSupport(p, false)
	}
	if !ok || t.answer.Option == "" {
		return
	}
	v.think()
	if v.d.odds(400) {
		v.twice(func(v *visit) { v.verify(p, t) }, func(v *visit) { v.verify(p, t) })
	} else {
		v.verify(p, t)
	}
	if s := v.session(p); s != nil {
		v.think()
		v.setUpOne(hand{of: a, s: s, b: b}, "totp", nil)
	}
	if again := v.signIn(a, "somebody with the paper", v.stolen(), mfa.Password); again != nil {
		used, ok := v.fromPaper(again, true)
		if support {
			used, ok = v.fromSupport(again, true)
		}
		if ok && used.answer.Option != "" {
			v.verify(again, used)
		}
	}
}

// delayed asks for a delayed reset, waits, and claims it, perhaps too early.
func (v *visit) delayed(a *account, b *browser, who string, patient bool) {
	p := v.signIn(a, who, b, mfa.Password)
	if p == nil || p.flow.Reset == nil {
		return
	}
	r := v.requestReset(p)
	if r == nil {
		return
	}
	if v.d.odds(300) {
		v.pause(v.d.between(time.Minute, 5*time.Hour))
		v.repudiate(a, mfa.EventResetRequested)
	}
	if v.d.odds(350) { // the owner still has it
		v.pause(v.d.between(time.Minute, time.Hour))
		if p := v.signIn(a, "its owner", v.own(a), mfa.Password); p != nil {
			if list := v.answerable(p); len(list) > 0 {
				v.prove(p, list[0], false)
			}
		}
	}
	wait := v.w.plan.set.rules.wait
	if patient && v.d.odds(800) {
		v.pause(wait + v.d.between(time.Minute, 20*time.Hour))
	} else {
		v.pause(v.d.between(time.Minute, wait))
	}
	if p = v.signIn(a, who, b, mfa.Password); p == nil || p.flow.Status == mfa.StatusPassed {
		return
	}
	v.requestReset(p)
	v.pause(v.d.between(time.Second, time.Minute))
	link := v.link(a, mfa.EventResetReady)
	if link == "" {
		return
	}
	var next *passage
	if v.d.odds(300) {
		v.twice(func(v *visit) { next = v.claimReset(p, r, link) }, func(v *visit) { v.claimReset(p, r, link) })
	} else {
		next = v.claimReset(p, r, link)
	}
	if next != nil {
		v.goOn(next, false)
	}
}

// pay approves an action and has it done, once or more than once.
func (v *visit) pay() {
	a := v.victim()
	b := v.own(a)
	s := v.enterBy(a, b, "its owner", false)
	if s == nil {
		return
	}
	v.think()
	var action *approval
	if v.d.odds(600) {
		action = &approval{id: fmt.Sprintf("%s %d.%d", a.name(), v.plan.id, v.calls)}
	}
	p := v.stepUp(s, b, action, recently)
	if p == nil {
		return
	}
	if action != nil && v.d.odds(200) {
		v.redeem(s, b, action) // not yet
	}
	if t := pick(v.d, v.answerable(p)); t != nil && p.flow.Status == mfa.StatusChallenge {
		v.prove(p, t, false)
	}
	if action == nil {
		return
	}
	v.twice(func(v *visit) { v.redeem(s, b, action) }, func(v *visit) { v.redeem(s, b, action) })
	if v.d.odds(300) {
		v.think()
		v.redeem(s, b, action)
	}
}

// withPasskey signs in with a key and no name.
func (v *visit) withPasskey() {
	a := v.victim()
	v.w.mu.Lock()
	var keys []*thing
	for _, t := range a.things {
		if t.key != nil {
			keys = append(keys, t) // those that are gone, too
		}
	}
	v.w.mu.Unlock()
	if len(keys) == 0 {
		v.setUpKey(a)
		return
	}
	if v.d.odds(100) {
		v.w.mu.Lock()
		a.suspended = !a.suspended
		v.w.mu.Unlock()
	}
	v.passkey(a, pick(v.d, keys), v.own(a), v.d.odds(500))
}

// setUpKey gives somebody a key.
func (v *visit) setUpKey(a *account) {
	b := v.own(a)
	if s := v.enterBy(a, b, "its owner", false); s != nil {
		v.setUpOne(v.raise(hand{of: a, s: s, b: b}), "key", nil)
	}
}
