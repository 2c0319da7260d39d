package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
)

// stepUp asks for more evidence in a session, or for the approval of an action.
func (v *visit) stepUp(s *session, b *browser, action *approval, require mfa.Requirement) *passage {
	w, a := v.w, s.of
	p := &passage{of: a, who: s.who, b: b, app: b.app, known: b.token != "", base: s, require: require, action: action, earned: map[string]bool{}, sent: map[string][]*sentCode{}, keyed: map[string]mfa.Challenge{}}
	r := mfa.StepUp{User: a.user, Authentication: s.auth, Require: require, Client: b.client("", "")}
	what := "step up: " + a.name()
	if action != nil {
		r.Action = &mfa.Action{ID: action.id, Text: "Pay " + action.id}
		what += " for an action"
	}
	_, o := ask(v, what, nil, func(ctx context.Context, in *instance) (mfa.Flow, error) { return in.StepUp(ctx, r) },
		func(f mfa.Flow, o outcome) string {
			if !o.ok() {
				return ""
			}
			if s.app != b.app {
				w.broke(evidenceBound, "a step-up of %s began with evidence that was given in another app", a.name())
			}
			if between(a.voids, s.at, o.start) && !o.stale {
				w.broke(evidenceVoid, "a step-up of %s began with evidence from before", a.name())
			}
			if f.Status == mfa.StatusPassed && action != nil {
				w.broke(approvalOnce, "an action of %s was approved by nobody", a.name())
			}
			return w.begun(p, f, o)
		})
	if !o.ok() {
		return nil
	}
	return p
}

// recently is what a step-up asks for by itself.
var recently = mfa.Requirement{SecondFactor: true, MaxAge: time.Minute}

// raise brings a session to what a change asks for, where its owner can.
func (v *visit) raise(h hand) hand {
	r, o := ask(v, "what a change asks: "+h.says(), nil, func(ctx context.Context, in *instance) (mfa.Requirement, error) {
		return in.ChangeRequirement(ctx, h.caller())
	}, nil)
	if !o.ok() {
		return h
	}
	s := *h.s
	if r.Password { // which the host has just checked again
		s.auth = o.in.Reauthenticated(s.auth, mfa.Password)
	}
	if !r.SecondFactor && len(r.Methods) == 0 {
		h.s = &s
		return h
	}
	p := v.stepUp(&s, h.b, nil, r)
	if p == nil {
		return h
	}
	v.goOn(p, false)
	if s := v.session(p); s != nil {
		h.s = s
	}
	return h
}

// redeem takes an approval.
func (v *visit) redeem(s *session, b *browser, action *approval) {
	w := v.w
	ask(v, "redeem: for "+s.of.name(), nil, func(ctx context.Context, in *instance) (mfa.Authentication, error) {
		return in.Redeem(ctx, mfa.Caller{User: s.of.user, Authentication: s.auth, Client: b.client("", "")}, action.id)
	}, func(_ mfa.Authentication, o outcome) string {
		if o.ok() {
			if action.redeemed++; action.redeemed > action.passes {
				w.broke(approvalOnce, "an action of %s was redeemed %d times, after %d approvals", s.of.name(), action.redeemed, action.passes)
			}
			w.count("redeemed")
		}
		return ""
	})
}

// look asks where a flow stands.
func (v *visit) look(p *passage) {
	ask(v, fmt.Sprintf("look: flow %d of %s", p.n, p.of.name()), nil, func(ctx context.Context, in *instance) (mfa.Flow, error) { return in.Flow(ctx, p.token) },
		func(f mfa.Flow, o outcome) string {
			if f.Status == mfa.StatusPassed || proven(f.Authentication) {
				v.w.broke(flowOver, "a look at flow %d of %s yields evidence", p.n, p.of.name())
			}
			return string(f.Status)
		})
}

// skip puts an enrolment off.
func (v *visit) skip(p *passage) mfa.Flow {
	w := v.w
	f, _ := ask(v, fmt.Sprintf("skip: flow %d of %s", p.n, p.of.name()), func(*call) {
		w.learned[p.sign] = may
	}, func(ctx context.Context, in *instance) (mfa.Flow, error) {
		return in.Skip(ctx, p.token, p.b.client(p.sign, "low"))
	},
		func(f mfa.Flow, o outcome) string {
			if !o.ok() {
				return ""
			}
			p.skipped = true
			if p.of.skips++; p.of.skips > w.plan.set.rules.skips {
				w.broke(skipsCount, "%s put an enrolment off %d times, the policy lets them %d times", p.of.name(), p.of.skips, w.plan.set.rules.skips)
			}
			if p.of.surely(p.began.start) {
				w.broke(secondFactor, "%s has something enrolled, and put off proving it", p.of.name())
			}
			return w.stands(p, f, o, false)
		})
	return f
}

// passkey signs in with a key alone. An answer can be given twice.
func (v *visit) passkey(a *account, t *thing, b *browser, again bool) *passage {
	w := v.w
	var begun mfa.Passkey
	_, o := ask(v, "passkey begin: "+a.name(), nil, func(ctx context.Context, in *instance) (mfa.Passkey, error) {
		return in.BeginPasskey(ctx, b.client("", ""))
	}, func(k mfa.Passkey, o outcome) string {
		begun = k
		w.secret(k.Token)
		return ""
	})
	if !o.ok() {
		return nil
	}
	v.think()
	answer := mfa.Answer{Credential: t.key.answer(mfa.ForDiscovery, begun.Challenge)}
	var out *passage
	finish := func(v *visit) {
		sign := fmt.Sprintf("%d.%d", v.plan.id, v.calls+1)
		p := &passage{of: a, who: "passkey", b: b, app: b.app, known: b.token != "", sign: sign, line: b.line, earned: map[string]bool{t.id: true}, sent: map[string][]*sentCode{}, keyed: map[string]mfa.Challenge{}}
		kept := false
		_, f := ask(v, fmt.Sprintf("passkey finish: %s with %s", a.name(), t.name()), func(*call) { kept = a.suspended; t.endRow(time.Now()) },
			func(ctx context.Context, in *instance) (mfa.Flow, error) {
				return in.FinishPasskey(ctx, begun.Token, answer, b.client(sign, "low"))
			}, func(f mfa.Flow, o outcome) string {
				if !o.ok() {
					return ""
				}
				if kept {
					w.broke(keptOut, "%s may not sign in, and did by passkey", a.name())
				}
				if f.User != t.of.user.ID { // its confirmation was never heard of, and it is somebody else's by now
					if t.sure(o.start) {
						w.broke(foreign, "the key of %s signs in %s", t.of.name(), f.User)
					}
					return "as " + f.User
				}
				if o.low.After(begun.Expires.Add(time.Second)) {
					w.broke(flowOver, "a passkey's challenge was answered after its time")
				}
				key := "passkey " + begun.Token
				if w.once[key]++; w.once[key] > 1 {
					w.broke(codeOnce, "one answer of a passkey was accepted %d times", w.once[key])
				}
				if t.fate == gone && t.ended.Before(o.start) {
					w.broke(evidenceVoid, "%s signs in and is gone", t.name())
				}
				w.count("accepted: passkey")
				line := w.begun(p, f, o)
				if f.Status == mfa.StatusPassed {
					w.cameIn(p, f, o)
				}
				return line
			})
		if f.ok() {
			out = p
		}
	}
	if again {
		v.twice(finish, finish)
	} else {
		finish(v)
	}
	return out
}

// requestReset asks for a delayed reset.
func (v *visit) requestReset(p *passage) *reset {
	w := v.w
	var r *reset
	ask(v, fmt.Sprintf("request reset: flow %d of %s", p.n, p.of.name()), nil, func(ctx context.Context, in *instance) (mfa.ResetRequest, error) {
		return in.RequestReset(ctx, p.token, p.b.client(p.sign, "low"))
	}, func(q mfa.ResetRequest, o outcome) string {
		if o.ok() && q.Ticket != "" {
			w.secret(q.Ticket)
			r = &reset{ticket: q.Ticket, asked: o}
			p.of.resets = append(p.of.resets, r)
			p.of.owe(o, mfa.EventResetRequested, "")
		}
		return ""
	})
	return r
}

// link is what the mail about a reset that is ready leads to; empty: there is none yet.
func (v *visit) link(a *account, kind mfa.EventType) string {
	in := v.instance()
	v.w.mu.Lock()
	var newest mfa.Event
	for _, ev := range v.w.told {
		if ev.Type == kind && ev.User == a.user.ID && ev.Time.After(newest.Time) {
			newest = ev
		}
	}
	v.w.mu.Unlock()
	if newest.ID == "" {
		return ""
	}
	token, err := in.LinkToken(newest)
	if err != nil {
		return ""
	}
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	v.w.secret(token)
	return token
}

// claimReset takes a delayed reset.
func (v *visit) claimReset(p *passage, r *reset, link string) *passage {
	w, a := v.w, p.of
	var x *wiping
	next := &passage{of: a, who: p.who, b: p.b, app: p.app, known: p.known, earned: map[string]bool{}, sent: map[string][]*sentCode{}, keyed: map[string]mfa.Challenge{}, claimed: true}
	_, o := ask(v, fmt.Sprintf("claim reset: flow %d of %s", p.n, a.name()), func(c *call) { x = w.wipe(a, c) },
		func(ctx context.Context, in *instance) (mfa.Flow, error) {
			return in.ClaimReset(ctx, p.token, link, r.ticket, p.b.client(p.sign, "low"))
		}, func(f mfa.Flow, o outcome) string {
			x.ended(o)
			if !o.ok() {
				return ""
			}
			switch waited := o.high.Sub(r.asked.low); {
			case waited < w.plan.set.rules.wait || waited < 24*time.Hour:
				w.broke(resetWaits, "a reset of %s was claimed after %v", a.name(), waited)
			case between(a.cancels, r.asked.end, o.start):
				w.broke(resetWaits, "a reset of %s was claimed, and had been cancelled", a.name())
			}
			key := "reset " + r.ticket
			if w.once[key]++; w.once[key] > 1 {
				w.broke(codeOnce, "one delayed reset of %s was claimed %d times", a.name(), w.once[key])
			}
			w.count("reset claimed")
			a.owe(o, mfa.EventReset, "")
			return w.begun(next, f, o)
		})
	if !o.ok() {
		return nil
	}
	return next
}

// cancelReset ends a delayed reset, on behalf of a session.
func (v *visit) cancelReset(h hand) {
	ask(v, "cancel reset: "+h.says(), nil, func(ctx context.Context, in *instance) (struct{}, error) {
		return struct{}{}, in.CancelReset(ctx, h.caller())
	},
		func(_ struct{}, o outcome) string {
			if o.ok() {
				v.w.allowed(h, o, "cancelling a reset", false, 0)
				h.of.cancels = append(h.of.cancels, span{o.start, o.end})
			}
			return ""
		})
}

// repudiate follows the link in a mail, now and then more than once.
func (v *visit) repudiate(a *account, kind mfa.EventType) {
	link := v.link(a, kind)
	if link == "" {
		return
	}
	follow := func(v *visit) { v.follow(a, kind, link) }
	if v.d.odds(500) {
		v.twice(follow, follow)
		return
	}
	follow(v)
}

func (v *visit) follow(a *account, kind mfa.EventType, link string) {
	w := v.w
	var x *wiping
	ask(v, fmt.Sprintf("repudiate: %s of %s", kind, a.name()), func(c *call) {
		if kind == mfa.EventEnrolled {
			x = w.wipe(a, c)
		}
	}, func(ctx context.Context, in *instance) (string, error) { return in.Repudiate(ctx, link, mfa.Client{}) },
		func(_ string, o outcome) string {
			if x != nil {
				x.ended(o)
			}
			if !o.ok() {
				return ""
			}
			if w.once[link]++; w.once[link] > 1 {
				w.broke(codeOnce, "one link to %s was taken %d times", a.name(), w.once[link])
			}
			a.cancels = append(a.cancels, span{o.start, o.end})
			if kind == mfa.EventEnrolled {
				a.owe(o, mfa.EventUndone, "")
			}
			return ""
		})
}
