package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// appCode is what the owner's phone shows, or has shown some steps ago.
func (v *visit) appCode(p *passage, t *thing, back int) attempt {
	at := time.Now().Add(time.Duration(-back) * 30 * time.Second)
	step := at.Unix() / 30
	return attempt{answer: mfa.Answer{Option: p.option(t), Code: t.app.CodeAt(at)}, says: fmt.Sprintf("the code of %s for step %d", t.name(), step),
		key: fmt.Sprintf("%s %d", t.id, step), t: t, method: t.method, step: step}
}

// freshCode waits, as people do, until the phone shows a code that was not used.
func (v *visit) freshCode(p *passage, t *thing) attempt {
	for {
		a := v.appCode(p, t, 0)
		v.w.mu.Lock()
		used := t.tried[a.step] > 0
		v.w.mu.Unlock()
		if !used {
			return a
		}
		v.pause(v.d.between(20*time.Second, 31*time.Second))
	}
}

// guess is a wrong code.
func (v *visit) guess(p *passage, t *thing) attempt {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	return attempt{answer: mfa.Answer{Option: p.option(t), Code: wrongCode(t, t.of.letters, v.d)}, says: "a guess at " + t.name(), t: t, method: t.method, wrong: true}
}

// challenge has a code sent, or a key asked.
func (v *visit) challenge(p *passage, t *thing) outcome {
	option, c := p.option(t), p.b.client(p.sign, "low")
	_, o := ask(v, fmt.Sprintf("challenge: flow %d of %s, %s", p.n, p.of.name(), t.name()), nil,
		func(ctx context.Context, in *instance) (mfa.Asked, error) {
			return in.Challenge(ctx, p.token, option, c)
		},
		func(a mfa.Asked, o outcome) string {
			if o.ok() && a.Challenge != nil && t.key != nil {
				p.keyed[option] = a.Challenge
			}
			if l := v.w.mail[o.call]; l != nil {
				p.sent[option] = append(p.sent[option], &sentCode{l, o})
			}
			return ""
		})
	return o
}

// sentAnswer is a code that was sent in a flow: the how manieth from the end.
func (v *visit) sentAnswer(p *passage, t *thing, back int) (attempt, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	option := p.option(t)
	list := p.sent[option]
	if len(list) <= back {
		return attempt{}, false
	}
	s := list[len(list)-1-back]
	a := attempt{answer: mfa.Answer{Option: option, Code: s.code}, says: "the code that " + t.name() + " got " + []string{"last", "before that"}[back], t: t, method: t.method,
		key: fmt.Sprintf("%p", s.letter), code: s}
	for _, later := range list[len(list)-back:] {
		if later.code == s.code {
			return attempt{}, false // by chance
		}
		if later.asked.ok() && later.asked.start.After(s.asked.end) {
			a.dead = "a later one was sent"
		}
	}
	return a, true
}

// foreignCode is a code that was sent in one flow, given in another.
func (v *visit) foreignCode(from, to *passage, t *thing) (attempt, bool) {
	a, ok := v.sentAnswer(from, t, 0)
	if !ok || from == to {
		return a, false
	}
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, s := range to.sent[to.option(t)] {
		if s.code == a.answer.Code {
			return a, false // by chance
		}
	}
	a.answer.Option, a.dead, a.wrong = to.option(t), "it was sent in another flow", true
	a.says += " in another flow"
	return a, true
}

// touch is a key's answer to what the flow asked last.
func (v *visit) touch(p *passage, t *thing) (attempt, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	option := p.option(t)
	c := p.keyed[option]
	if c == nil {
		return attempt{}, false
	}
	return attempt{answer: mfa.Answer{Option: option, Credential: t.key.answer(mfa.ForAuthentication, c)}, says: "a touch of " + t.name(), t: t, method: "key",
		key: fmt.Sprintf("%p", c)}, true
}

// fromPaper is a recovery code, unused as its owner believes, or used.
func (v *visit) fromPaper(p *passage, used bool) (attempt, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for i, paper := range p.of.papers {
		if paper.used == used && (used || paper.dead.IsZero()) {
			paper.used = true
			return attempt{answer: mfa.Answer{Option: p.by("recovery"), Code: paper.code}, says: fmt.Sprintf("recovery code %d", i+1), method: "recovery", key: paper.code, paper: paper}, true
		}
	}
	return attempt{}, false
}

// fromSupport is a code that support gave out.
func (v *visit) fromSupport(p *passage, used bool) (attempt, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	for _, b := range p.of.bypasses {
		if b.used != used {
			continue
		}
		b.used = true
		option := p.by("bypass")
		if option == "" {
			option = b.option
		}
		b.option = option
		return attempt{answer: mfa.Answer{Option: option, Code: b.code}, says: "a code from support", method: "bypass", key: b.code, bypass: b}, true
	}
	return attempt{}, false
}

// prove answers a flow rightly by a thing, if it can.
func (v *visit) prove(p *passage, t *thing, remember bool) (mfa.Flow, outcome, bool) {
	var a attempt
	ok := true
	switch {
	case p.option(t) == "":
		return mfa.Flow{}, outcome{}, false
	case t.app != nil:
		a = v.freshCode(p, t)
	case t.key != nil:
		v.challenge(p, t)
		v.think()
		a, ok = v.touch(p, t)
	default:
		v.challenge(p, t)
		v.think()
		a, ok = v.sentAnswer(p, t, 0)
	}
	if !ok {
		return mfa.Flow{}, outcome{}, false
	}
	a.answer.Remember = remember
	f, o := v.verify(p, a)
	return f, o, true
}

// twice does a thing two times at once, as a double click does.
func (v *visit) twice(f, g func(*visit)) {
	other := &visit{w: v.w, plan: v.plan, d: drawFor(v.w.plan.seed, fmt.Sprint("twice ", v.plan.id, v.calls)), calls: v.calls + 100}
	done := make(chan struct{})
	go func() {
		defer close(done)
		other.pause(other.d.between(1, 5*time.Millisecond))
		g(other)
	}()
	f(v)
	<-done
	v.calls = max(v.calls, other.calls)
}
