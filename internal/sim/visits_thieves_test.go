package sim

import (
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// guesser has the password and tries codes: in parallel, over new flows, with new
// messages, over all methods.
func (v *visit) guesser() {
	a, b := v.victim(), v.stolen()
	if v.d.odds(150) {
		v.guessConfirmation(a)
		return
	}
	p := v.signIn(a, "a thief", b, mfa.Password)
	if p == nil {
		return
	}
	for range 6 + v.d.n(20) {
		if p == nil || p.flow.Status != mfa.StatusChallenge {
			return
		}
		list := slices.DeleteFunc(v.answerable(p), func(t *thing) bool { return t.key != nil })
		t := pick(v.d, list)
		if t == nil {
			return
		}
		switch n := v.d.n(100); {
		case n < 15 && t.app == nil:
			v.challenge(p, t)
		case n < 20:
			if q := v.signIn(a, "a thief", b, mfa.Password); q != nil {
				p = q
			}
		case n < 40:
			g, h := v.guess(p, t), v.guess(p, t)
			v.twice(func(v *visit) { v.verify(p, g) }, func(v *visit) { v.verify(p, h) })
		default:
			v.verify(p, v.guess(p, t))
		}
		if v.d.odds(100) {
			v.pause(v.d.between(time.Second, 90*time.Second))
		}
	}
}

// guessConfirmation goes around the limit by what is being set up, if that is a way.
func (v *visit) guessConfirmation(a *account) {
	b := v.own(a)
	s := v.enterBy(a, b, "its owner", false)
	if s == nil {
		return
	}
	h := hand{of: a, s: s, b: b}
	for range 3 {
		pt := v.enroll(h, "totp", nil, nil)
		if pt == nil {
			return
		}
		for range 9 {
			v.activate(h, pt, v.misconfirmed(pt))
		}
		if v.d.odds(500) {
			v.pause(v.d.between(10*time.Minute, 40*time.Minute))
			h = v.raise(h)
		}
	}
}

// patient guesses until nothing is left to guess at.
func (v *visit) patient() {
	a, b := v.w.ada, v.stolen()
	for n := range 62 {
		p := v.signIn(a, "a patient thief", b, mfa.Password)
		if p == nil || p.flow.Status != mfa.StatusChallenge {
			return
		}
		t := pick(v.d, slices.DeleteFunc(v.answerable(p), func(t *thing) bool { return t.app == nil }))
		if t == nil {
			return
		}
		v.verify(p, v.guess(p, t))
		if n >= 4 {
			v.pause(v.d.between(61*time.Minute, 75*time.Minute))
		}
	}
}

// replayer gives again what was accepted before: over a shoulder, from a log.
func (v *visit) replayer() {
	a := v.victim()
	p := v.signIn(a, "its owner", v.own(a), mfa.Password)
	if p == nil || p.flow.Status != mfa.StatusChallenge {
		return
	}
	t := pick(v.d, v.answerable(p))
	if t == nil {
		return
	}
	q := v.signIn(a, "a thief", v.stolen(), mfa.Password)
	switch {
	case t.app != nil:
		v.replayApp(p, q, t)
	case t.key != nil:
		v.challenge(p, t)
		touch, ok := v.touch(p, t)
		if !ok {
			return
		}
		v.verify(p, touch)
		v.verify(p, touch)
		if q != nil {
			elsewhere := touch
			elsewhere.answer.Option, elsewhere.wrong = q.option(t), true
			elsewhere.says += " in another flow"
			v.verify(q, elsewhere)
		}
	default:
		v.challenge(p, t)
		v.pause(v.d.between(35*time.Second, 3*time.Minute))
		if q != nil && v.d.odds(500) {
			v.challenge(q, t)
		}
		if q != nil {
			if code, ok := v.foreignCode(p, q, t); ok {
				v.verify(q, code)
			}
		}
		if code, ok := v.sentAnswer(p, t, 0); ok {
			v.verify(p, code)
			v.verify(p, code)
		}
	}
	v.look(p)
}

// replayApp gives a code that was accepted, in its own flow and in another, and the one before.
func (v *visit) replayApp(p, q *passage, t *thing) {
	code := v.freshCode(p, t)
	v.verify(p, code)
	v.verify(p, code)
	if v.d.odds(500) {
		v.pause(31 * time.Second)
		next := v.freshCode(p, t)
		v.verify(p, next) // a flow that is over takes no other code either
	}
	if q == nil {
		return
	}
	code.answer.Option = q.option(t)
	v.verify(q, code)
	before := v.appCode(q, t, 1)
	v.w.mu.Lock()
	spent := t.tried[code.step] > 0 && before.step < code.step && before.answer.Code != t.app.CodeAt(time.Now())
	v.w.mu.Unlock()
	if spent {
		v.verify(q, before)
	}
}

// cookieThief has a copy of what the owner's browser keeps, and the password.
func (v *visit) cookieThief() {
	a := v.victim()
	from := v.own(a)
	v.w.mu.Lock()
	b := v.w.browser(110+v.d.n(3), "web")
	b.token, b.line = from.token, from.line
	v.w.mu.Unlock()
	if b.token == "" {
		return
	}
	if v.d.odds(500) { // the owner notices, or not
		v.pause(v.d.between(time.Minute, 8*24*time.Hour))
	}
	p := v.signIn(a, "a thief with a cookie", b, mfa.Password)
	if p == nil {
		return
	}
	if s := v.session(p); s != nil {
		h := hand{of: a, s: s, b: b}
		switch v.d.n(4) {
		case 0:
			v.enroll(h, "totp", nil, nil)
		case 1:
			v.newCodes(h)
		case 2:
			v.removeAll(h)
		default:
			v.w.mu.Lock()
			t := pick(v.d, a.have())
			v.w.mu.Unlock()
			if t != nil {
				v.remove(h, t)
			}
		}
		return
	}
	for range v.d.n(9) {
		if t := pick(v.d, v.answerable(p)); t != nil && t.key == nil && p.flow.Status == mfa.StatusChallenge {
			v.verify(p, v.guess(p, t))
		}
	}
}

// flowThief has the token of a flow that somebody else has begun.
func (v *visit) flowThief() {
	a := v.victim()
	p := v.signIn(a, "its owner", v.own(a), mfa.Password)
	if p == nil {
		return
	}
	if v.d.odds(500) {
		v.goOn(p, false)
	}
	if v.d.odds(200) {
		v.pause(v.d.between(9*time.Minute, 12*time.Minute))
	}
	h := hand{of: a, p: p}
	switch v.d.n(4) {
	case 0:
		if p.flow.Status != mfa.StatusEnroll {
			v.enroll(h, "totp", nil, nil)
		}
	case 1:
		v.w.mu.Lock()
		t := pick(v.d, a.have())
		v.w.mu.Unlock()
		if t != nil {
			v.removeBy(h, t)
		}
	case 2:
		if p.flow.Status != mfa.StatusEnroll {
			v.skip(p)
		}
	default:
		v.look(p)
	}
	for range 1 + v.d.n(2) {
		if t := pick(v.d, v.answerable(p)); t != nil && t.app != nil {
			v.verify(p, v.freshCode(p, t)) // whoever has the phone, too: the flow may be over
		}
	}
}

// removeBy removes by a flow, which is not for that.
func (v *visit) removeBy(h hand, t *thing) {
	h.s = &session{of: h.of}
	v.remove(h, t)
}

// otherUser has an account of their own, and tries somebody else's identifiers with it.
func (v *visit) otherUser() {
	a, mal := v.victim(), v.w.mal
	b := mal.browsers[0]
	s := v.enterBy(mal, b, "mal", false)
	if s == nil {
		return
	}
	own := hand{of: mal, s: s, b: b}
	theirs := hand{of: a, s: s, b: b}
	v.w.mu.Lock()
	t := pick(v.d, a.have())
	pending := pick(v.d, a.pendings)
	p := pick(v.d, a.passages)
	v.w.mu.Unlock()
	for range 2 {
		switch v.d.n(8) {
		case 0:
			if t != nil {
				v.remove(own, t)
			}
		case 1:
			if t != nil {
				v.rename(own, t, "mine")
			}
		case 2:
			if pending != nil && pending.app != nil {
				a := v.confirmation(pending)
				a.wrong, a.says = true, "what confirms somebody else's"
				v.activate(own, pending, a)
			}
		case 3:
			v.enroll(theirs, "totp", nil, nil)
		case 4:
			v.newCodes(theirs)
		case 5:
			v.probe(theirs, mfa.Requirement{})
		case 6:
			if t != nil && t.key != nil {
				v.claim(own, t)
			}
		default:
			if p != nil && p.flow.Status == mfa.StatusChallenge {
				v.ownCode(p, mal)
			}
		}
	}
}

// ownCode answers somebody's flow with one's own app.
func (v *visit) ownCode(p *passage, mal *account) {
	for _, t := range mal.have() {
		if t.app == nil {
			continue
		}
		option := t.id
		for _, theirs := range v.answerable(p) {
			if v.d.odds(500) && theirs.app != nil && !coincides(theirs, t) {
				option = theirs.id
			}
		}
		v.verify(p, attempt{answer: mfa.Answer{Option: option, Code: t.app.Code()}, says: "mal's own code", method: "totp", wrong: true})
		return
	}
}

// coincides says whether one app happens to show what another does, about now.
func coincides(a, b *thing) bool {
	code := b.app.Code()
	return slices.ContainsFunc(nearby, func(k int) bool { return a.app.CodeAt(time.Now().Add(time.Duration(k)*30*time.Second)) == code })
}

// claim sets up a key that is somebody else's already.
func (v *visit) claim(h hand, of *thing) {
	pt := v.enroll(h, "key", nil, of.key)
	if pt != nil {
		v.activate(h, pt, v.confirmation(pt))
	}
}

// firstEnroller has the password of an account that has nothing enrolled yet.
func (v *visit) firstEnroller() {
	a := v.victim()
	p := v.signIn(a, "a thief", v.stolen(), mfa.Password)
	if p == nil {
		return
	}
	v.w.mu.Lock()
	had := len(a.things) > 0
	v.w.mu.Unlock()
	h := hand{of: a, p: p}
	if s := v.session(p); s != nil {
		h = hand{of: a, s: s, b: p.b}
	}
	pt := v.setUpOne(h, "totp", nil)
	if pt != nil && !had && v.d.odds(700) {
		v.pause(v.d.between(time.Minute, 80*time.Hour))
		v.repudiate(a, mfa.EventEnrolled)
	}
}

// flooder has messages sent, as many as go.
func (v *visit) flooder() {
	a, b := v.victim(), v.stolen()
	for range 9 {
		p := v.signIn(a, "a flooder", b, mfa.Password)
		if p == nil || p.flow.Status != mfa.StatusChallenge {
			return
		}
		t := pick(v.d, slices.DeleteFunc(v.answerable(p), func(t *thing) bool { return t.app != nil || t.key != nil }))
		if t == nil {
			return
		}
		v.challenge(p, t)
		v.pause(v.d.between(time.Minute, 6*time.Minute))
		v.challenge(p, t)
		v.pause(v.d.between(time.Second, 2*time.Minute))
	}
}
