package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// An attempt is an answer, and what is known of it beforehand.
type attempt struct {
	answer mfa.Answer
	says   string // for the story
	key    string // what may be accepted once; empty: it is not right
	wrong  bool   // it cannot be right
	t      *thing // what it is of; nil: recovery codes, codes from support
	method string
	step   int64 // of an app's code
	code   *sentCode
	paper  *paper
	bypass *bypass
	dead   string // why it may not be accepted although it was right once; empty: it may
}

// option finds an option of a flow for a thing.
func (p *passage) option(t *thing) string {
	for _, o := range p.options {
		if o.ID == t.id || t.key != nil && o.Method == "key" {
			return o.ID
		}
	}
	return ""
}

func (p *passage) by(method string) string {
	for _, o := range p.options {
		if o.Method == method {
			return o.ID
		}
	}
	return ""
}

// verify answers a flow.
func (v *visit) verify(p *passage, t attempt) (mfa.Flow, outcome) {
	c := p.b.client(p.sign, "low")
	v.w.mu.Lock()
	if t.answer.Remember && p.b.line != nil {
		p.b.line.asked = true
	}
	v.w.mu.Unlock()
	return ask(v, fmt.Sprintf("verify: flow %d of %s, %s", p.n, p.of.name(), t.says), func(c *call) { v.w.tried(p, t) },
		func(ctx context.Context, in *instance) (mfa.Flow, error) { return in.Verify(ctx, p.token, t.answer, c) },
		func(f mfa.Flow, o outcome) string { return v.w.verified(p, t, f, o) })
}

// tried notes what is about to be answered. w.mu is held.
func (w *world) tried(p *passage, t attempt) {
	if t.wrong {
		return
	}
	if p.sign != "" {
		w.learned[p.sign] = may
	}
	p.earned["by "+t.method] = true
	if t.t == nil {
		p.earned[t.method] = true // codes have no enrollment that anybody sees
	} else {
		p.earned[t.t.id] = true
		t.t.endRow(time.Now()) // a right answer may end it
		if t.t.app != nil {
			t.t.tried[t.step]++
		}
	}
}

// endRow forgets the wrong answers in a row: it begins anew after a moment.
func (t *thing) endRow(at time.Time) { t.wrong, t.failed, t.anew = nil, 0, later(t.anew, at) }

// verified judges what came of an answer. w.mu is held.
func (w *world) verified(p *passage, t attempt, f mfa.Flow, o outcome) string {
	if t.t != nil && !t.wrong && (o.ok() || !o.sure()) {
		t.t.endRow(o.end.Add(landing))
	}
	switch {
	case o.ok():
		w.accepted(p.of, t, o)
		if t.answer.Remember && p.b.line == nil {
			p.b.line = &lineage{of: p.of, asked: true}
		}
		return w.stands(p, f, o, true)
	case !o.sure():
		if !t.wrong {
			w.mayPass(p, o)
		}
	case errors.Is(o.err, mfa.ErrNotValid):
		w.refused(p.of, t, o, p.known)
	}
	return ""
}

// accepted judges an answer that was accepted. w.mu is held.
func (w *world) accepted(a *account, t attempt, o outcome) {
	w.count("accepted: " + t.method)
	switch {
	case t.wrong:
		w.broke(wrongRefused, "%s was accepted", t.says)
	case t.dead != "":
		w.broke(codeBound, "%s was accepted: %s", t.says, t.dead)
	case t.code != nil && o.low.After(t.code.asked.high.Add(codeLifetime+time.Second)):
		w.broke(codeBound, "%s was accepted after its time", t.says)
	case t.bypass != nil && o.low.After(t.bypass.until):
		w.broke(codeBound, "%s was accepted after its time", t.says)
	case t.paper != nil && !t.paper.dead.IsZero() && t.paper.dead.Before(o.start):
		w.broke(codeBound, "%s was accepted, of a set that was replaced", t.says)
	}
	if w.once[t.key]++; w.once[t.key] > 1 {
		w.broke(codeOnce, "%s was accepted %d times", t.says, w.once[t.key])
	}
	if t.t != nil {
		if t.t.fate == gone && t.t.ended.Before(o.start) {
			w.broke(evidenceVoid, "%s was accepted, of what was removed", t.says)
		}
		if t.t.of != a {
			w.broke(foreign, "%s was accepted for %s", t.says, a.name())
		}
	}
	if t.paper != nil || t.bypass != nil {
		a.rises = append(a.rises, span{o.start, o.end})
		a.owe(o, map[bool]mfa.EventType{true: mfa.EventRecoveryUsed, false: mfa.EventBypassUsed}[t.paper != nil], "")
	}
}

// landing is how long a save may take to land when nobody waits for it any more.
const landing = 100 * time.Millisecond

const codeLifetime = 5 * time.Minute // onetime.DefaultLifetime

// refused judges an answer that was told to be wrong. w.mu is held.
func (w *world) refused(a *account, t attempt, o outcome, known bool) {
	w.count("refused: " + t.method)
	if w.certain(t, o) {
		w.broke(rightAccepted, "%s was right, and is called wrong", t.says)
	}
	if !guessable(t.method) {
		return
	}
	w.budget(a, o, known)
	if t.t != nil && t.wrong && t.t.fate == present && o.start.After(t.t.anew) {
		w.lane(t, o, known)
	}
}

func guessable(method string) bool { return method == "totp" || method == "sms" || method == "email" }

// certain says whether an answer by an app had to be accepted. w.mu is held.
func (w *world) certain(t attempt, o outcome) bool {
	if t.wrong || t.dead != "" || t.t == nil || t.t.app == nil || t.key == "" || !t.t.sure(o.start) || o.stale || t.t.tried[t.step] != 1 {
		return false
	}
	for step := range t.t.tried {
		if step > t.step {
			return false
		}
	}
	return abs(o.low.Unix()/30-t.step) <= 1 && abs(o.high.Unix()/30-t.step) <= 1
}

func abs(n int64) int64 { return max(n, -n) }

// budget holds an account to its limit of wrong answers: 20 in an hour and 100 in 30
// days, of which 5 and 25 are kept for known browsers. w.mu is held.
func (w *world) budget(a *account, o outcome, known bool) {
	if o.start.Before(a.forgiven) {
		return
	}
	hour, month := 15, 75
	if known {
		hour, month = 20, 100
	}
	inHour, inMonth := 0, 0
	for _, x := range a.wrong {
		if x.known && x.end.After(o.start) {
			continue // it may have been counted after this one, whose limit is lower
		}
		if x.low.After(w.highest.Add(-time.Hour)) {
			inHour++
		}
		if x.low.After(w.highest.Add(-30 * 24 * time.Hour)) {
			inMonth++
		}
	}
	if inHour >= hour || inMonth >= month {
		w.broke(guessLimit, "%s: a wrong answer was told after %d others within an hour and %d within a month", a.name(), inHour, inMonth)
	}
	a.wrong = append(a.wrong, wrong{span{o.start, o.end}, o.low, o.high, known})
}

// delays are those of limits.go.
var delays = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

// lane holds one enrollment to its pauses after wrong answers in a row. w.mu is held.
func (w *world) lane(t attempt, o outcome, known bool) {
	row := &t.t.wrong
	if t.t.failed++; t.t.failed > 50 {
		w.broke(laneDelay, "%s: %d wrong answers in a row were told", t.t.name(), t.t.failed)
	}
	if known {
		return
	}
	if n := len(*row); n >= 5 {
		// Which of those that overlap was counted first is not known, nor by whose clock.
		last, low, high := (*row)[n-1], (*row)[n-1].low, o.high
		for _, x := range *row {
			if x.end.After(last.start) && x.low.Before(low) {
				low = x.low
			}
			if x.end.After(o.start) {
				high = later(high, x.high)
			}
		}
		if last.end.After(o.start) && o.low.Before(low) {
			low = o.low
		}
		if pause := delays[min(n-5, len(delays)-1)]; high.Before(low.Add(pause)) {
			w.broke(laneDelay, "%s: wrong answer %d in a row was told %v after the one before", t.t.name(), n+1, high.Sub(low))
		}
	}
	*row = append(*row, wrong{span{o.start, o.end}, o.low, o.high, known})
}

// owe expects a notice. w.mu is held.
func (a *account) owe(o outcome, kind mfa.EventType, enrollment string) {
	a.expect = append(a.expect, expectation{kind, enrollment, o.call.name()})
}

// wrongCode is none of an app's, at any time that could matter.
func wrongCode(t *thing, sent []*letter, d draw) string {
	for n := d.n(900000); ; n++ {
		code := fmt.Sprintf("%06d", n%1000000)
		if t.app != nil && slices.ContainsFunc(nearby, func(k int) bool { return t.app.CodeAt(time.Now().Add(time.Duration(k)*30*time.Second)) == code }) {
			continue
		}
		if slices.ContainsFunc(sent, func(l *letter) bool { return l.code == code }) {
			continue
		}
		return code
	}
}

// nearby are steps that some instance's clock may be in.
var nearby = func() (list []int) {
	for k := -26; k <= 26; k++ {
		list = append(list, k)
	}
	return list
}()
