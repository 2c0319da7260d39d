package sim

import (
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// A visitKind is what somebody comes for.
type visitKind string

// A kind of visit, and how it goes.
type kindOfVisit struct {
	name visitKind
	do   func(*visit)
}

var kinds []weight[visitKind]

// visitsDo says how each goes.
var visitsDo = map[visitKind]func(*visit){}

func init() {
	for _, k := range []weight[kindOfVisit]{
		{16, kindOfVisit{"login", (*visit).login}},
		{8, kindOfVisit{"double click", (*visit).doubleClick}},
		{8, kindOfVisit{"forgetful", (*visit).forgetful}},
		{10, kindOfVisit{"set up", (*visit).setUp}},
		{12, kindOfVisit{"tidy", (*visit).tidy}},
		{6, kindOfVisit{"lost", (*visit).lost}},
		{7, kindOfVisit{"pay", (*visit).pay}},
		{6, kindOfVisit{"passkey", (*visit).withPasskey}},
		{4, kindOfVisit{"locked out", (*visit).lockedOut}},
		{12, kindOfVisit{"guesser", (*visit).guesser}},
		{8, kindOfVisit{"replayer", (*visit).replayer}},
		{6, kindOfVisit{"cookie thief", (*visit).cookieThief}},
		{6, kindOfVisit{"flow thief", (*visit).flowThief}},
		{7, kindOfVisit{"other user", (*visit).otherUser}},
		{4, kindOfVisit{"first enroller", (*visit).firstEnroller}},
		{3, kindOfVisit{"program", (*visit).program}},
		{6, kindOfVisit{"support", (*visit).support}},
		{6, kindOfVisit{"host", (*visit).host}},
		{8, kindOfVisit{"old session", (*visit).oldSession}},
		{1, kindOfVisit{"patient guesser", (*visit).patient}},
		{3, kindOfVisit{"flooder", (*visit).flooder}},
	} {
		kinds = append(kinds, weight[visitKind]{k.n, k.what.name})
		visitsDo[k.what.name] = k.what.do
	}
}

// victim is whom this visit is about.
func (v *visit) victim() *account {
	if v.d.odds(750) {
		return v.w.ada
	}
	return v.w.bob
}

// own is one of somebody's browsers.
func (v *visit) own(a *account) *browser { return pick(v.d, a.browsers) }

// stolen is a browser of somebody who is not the owner.
func (v *visit) stolen() *browser {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	return v.w.browser(100+v.d.n(3), "web")
}

// settle sets up what somebody has from the beginning.
func (v *visit) settle(a *account) {
	for _, m := range [][]string{{"totp", "totp", "totp", "sms", "key", ""}, {"totp", "sms", "key", "", "", ""}} {
		method := pick(v.d, m)
		if method == "" {
			return
		}
		b := a.browsers[0]
		s := v.enterBy(a, b, "its owner", false)
		if s == nil {
			return
		}
		v.w.mu.Lock()
		done := len(a.things)
		v.w.mu.Unlock()
		if done < 2 {
			v.setUpOne(v.raise(hand{of: a, s: s, b: b}), method, nil)
		}
	}
}

// enterBy signs in with what is asked, as somebody who has it all.
func (v *visit) enterBy(a *account, b *browser, who string, remember bool) *session {
	p := v.signIn(a, who, b, mfa.Password)
	if p == nil {
		return nil
	}
	v.goOn(p, remember)
	return v.session(p)
}

// session is what a flow led to; nil: to nothing.
func (v *visit) session(p *passage) *session {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	if p.flow.Status != mfa.StatusPassed || len(p.of.sessions) == 0 {
		return nil
	}
	for _, s := range slices.Backward(p.of.sessions) {
		if s.b == p.b && s.who == p.who {
			return s
		}
	}
	return nil
}

// goOn does what a flow asks for, until it passes or cannot.
func (v *visit) goOn(p *passage, remember bool) {
	for range 4 {
		v.think()
		switch p.flow.Status {
		case mfa.StatusChallenge:
			if !v.answerAny(p, remember) {
				return
			}
		case mfa.StatusEnroll:
			if p.flow.Grace.Skip && v.d.odds(400) {
				v.skip(p)
				continue
			}
			if len(p.flow.Methods) == 0 {
				return
			}
			h := hand{of: p.of, p: p}
			method := pick(v.d, p.flow.Methods)
			if v.d.odds(500) {
				method = "totp"
			}
			v.setUpOne(h, method, nil)
		default:
			return
		}
	}
}

// answerAny answers with something that the owner has.
func (v *visit) answerAny(p *passage, remember bool) bool {
	v.w.mu.Lock()
	var list []*thing
	for _, t := range p.of.have() {
		if p.option(t) != "" {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		if option := p.by("email"); option != "" { // the address on file
			list = append(list, p.of.mailbox(option))
		}
	}
	v.w.mu.Unlock()
	if len(list) == 0 {
		return false
	}
	_, o, ok := v.prove(p, pick(v.d, list), remember)
	return ok && o.ok()
}

// mailbox is the address on file, where it is asked for.
func (a *account) mailbox(option string) *thing {
	if t := a.thing(option); t != nil {
		return t
	}
	return &thing{of: a, id: option, method: "email", to: a.user.Email, tried: map[int64]int{}}
}

// setUpOne enrols and confirms.
func (v *visit) setUpOne(h hand, method string, replaces *thing) *pendingThing {
	pt := v.enroll(h, method, replaces, nil)
	if pt == nil {
		return nil
	}
	v.think()
	v.activate(h, pt, v.confirmation(pt))
	return pt
}

// login is the owner's, who may stay for a change.
func (v *visit) login() {
	a := v.victim()
	v.enterBy(a, v.own(a), "its owner", v.d.odds(500))
}

// doubleClick answers twice at once: by the same code, or with two browsers.
func (v *visit) doubleClick() {
	a := v.victim()
	b := v.own(a)
	p := v.signIn(a, "its owner", b, mfa.Password)
	if p == nil || p.flow.Status != mfa.StatusChallenge {
		return
	}
	q := p
	if v.d.odds(400) {
		if q = v.signIn(a, "its owner", v.own(a), mfa.Password); q == nil || q.flow.Status != mfa.StatusChallenge {
			return
		}
	}
	t := pick(v.d, v.answerable(p))
	if t == nil {
		return
	}
	switch {
	case t.app != nil:
		code := v.freshCode(p, t)
		second := code
		second.answer.Option = q.option(t)
		v.twice(func(v *visit) { v.verify(p, code) }, func(v *visit) { v.verify(q, second) })
	case t.key != nil:
		v.challenge(p, t)
		if touch, ok := v.touch(p, t); ok {
			v.twice(func(v *visit) { v.verify(p, touch) }, func(v *visit) { v.verify(p, touch) })
		}
	default:
		v.twice(func(v *visit) { v.challenge(p, t) }, func(v *visit) { v.challenge(p, t) })
		v.think()
		if code, ok := v.sentAnswer(p, t, 0); ok {
			v.twice(func(v *visit) { v.verify(p, code) }, func(v *visit) { v.verify(p, code) })
		}
	}
}

// answerable are the owner's things that a flow has as options.
func (v *visit) answerable(p *passage) (list []*thing) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, t := range p.of.have() {
		if p.option(t) != "" {
			list = append(list, t)
		}
	}
	return list
}

// forgetful gives old and wrong codes, asks again, and may find the right one.
func (v *visit) forgetful() {
	a := v.victim()
	p := v.signIn(a, "its owner", v.own(a), mfa.Password)
	if p == nil {
		return
	}
	t := pick(v.d, v.answerable(p))
	if t == nil {
		v.goOn(p, false)
		return
	}
	if t.app == nil {
		v.challenge(p, t)
	}
	for range v.d.n(6) {
		v.think()
		switch {
		case t.app == nil && v.d.odds(400):
			v.challenge(p, t)
		case t.app == nil && t.key == nil && v.d.odds(400):
			if old, ok := v.sentAnswer(p, t, 1); ok {
				v.verify(p, old)
			}
		case t.key == nil:
			v.verify(p, v.guess(p, t))
		default:
			v.look(p)
		}
	}
	v.prove(p, t, false)
}

// lockedOut waits for its code too long, or answers a flow that has ended.
func (v *visit) lockedOut() {
	a := v.victim()
	p := v.signIn(a, "its owner", v.own(a), mfa.Password)
	if p == nil {
		return
	}
	t := pick(v.d, v.answerable(p))
	if t == nil {
		return
	}
	if t.app == nil {
		v.challenge(p, t)
	}
	v.pause(v.d.between(4*time.Minute, 14*time.Minute))
	switch {
	case t.app != nil:
		v.verify(p, v.freshCode(p, t))
	case t.key != nil:
		if touch, ok := v.touch(p, t); ok {
			v.verify(p, touch)
		}
	default:
		if code, ok := v.sentAnswer(p, t, 0); ok {
			v.verify(p, code)
		}
	}
	v.look(p)
}
