package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/totp"
)

// A hand is by what somebody changes things: a session, or a flow that asks to enrol.
type hand struct {
	of  *account
	s   *session
	p   *passage
	b   *browser
	app string // other than the session's, to try
}

func (h hand) caller() mfa.Caller {
	if h.p != nil {
		return mfa.Caller{FlowToken: h.p.token, Client: h.p.b.client("", "")}
	}
	c := h.b.client("", "")
	if h.app != "" {
		c.App = h.app
	}
	return mfa.Caller{User: h.of.user, Authentication: h.s.auth, Client: c}
}

func (h hand) says() string {
	if h.p != nil {
		return fmt.Sprintf("in flow %d of %s", h.p.n, h.of.name())
	}
	return fmt.Sprintf("in a session of %s for %s", h.s.who, h.of.name())
}

// allowed holds a change that was made to the evidence it was made with. Had is whether
// the account surely had something enrolled. w.mu is held.
func (w *world) allowed(h hand, o outcome, what string, had bool, age time.Duration) {
	if h.p != nil {
		if h.p.of != h.of {
			w.broke(foreign, "%s of %s by a flow of %s", what, h.of.name(), h.p.of.name())
		}
		if between(h.of.kills, h.p.began.end, o.start) || o.low.After(h.p.began.high.Add(flowLifetime+time.Second)) {
			w.broke(flowOver, "%s by a flow of %s that was over", what, h.of.name())
		}
		return
	}
	s := h.s
	if s.of != h.of {
		w.broke(foreign, "%s of %s by evidence of %s", what, h.of.name(), s.of.name())
	}
	if h.app != "" && h.app != s.app {
		w.broke(evidenceBound, "%s of %s by evidence that was given in another app", what, h.of.name())
	}
	if between(h.of.voids, s.at, o.start) && !o.stale {
		w.broke(evidenceVoid, "%s of %s by evidence from before", what, h.of.name())
	}
	if age == 0 {
		return
	}
	fresh := false
	for _, p := range s.auth.Proofs {
		fresh = fresh || (p.Enrollment != "" || !had) && !p.Time.Before(o.low.Add(-age))
	}
	if !fresh {
		w.broke(freshEvidence, "%s of %s without recent evidence", what, h.of.name())
	}
}

const changeMaxAge, pendingLifetime = 10 * time.Minute, 10 * time.Minute // limits.go

// enroll begins to set something up.
func (v *visit) enroll(h hand, method string, replaces *thing, k *key) *pendingThing {
	w := v.w
	pt := &pendingThing{thing: &thing{of: h.of, method: method, tried: map[int64]int{}}, replaces: replaces, by: h.s, in: h.p}
	r := mfa.Enroll{Method: method}
	w.mu.Lock()
	switch method {
	case "sms":
		pt.to = w.number(h.of)
		r.Params.Phone = pt.to
	case "key":
		if pt.key = k; k == nil {
			pt.key = newKey()
		}
	}
	w.mu.Unlock()
	what := fmt.Sprintf("enrol: %s %s", method, h.says())
	if replaces != nil {
		r.Replaces = replaces.id
		what += ", in the place of " + replaces.name()
	}
	_, o := ask(v, what, nil, func(ctx context.Context, in *instance) (mfa.Enrolling, error) { return in.Enroll(ctx, h.caller(), r) },
		func(e mfa.Enrolling, o outcome) string {
			if l := w.mail[o.call]; l != nil {
				pt.codes = append(pt.codes, &sentCode{l, o})
			}
			if !o.ok() && !(o.heard && errors.Is(o.err, mfa.ErrDelivery)) {
				return ""
			}
			w.allowed(h, o, "enrolling", h.of.surely(o.start), changeMaxAge)
			pt.id, pt.asked = e.ID, e.Challenge
			pt.n = len(h.of.pendings) + 1
			h.of.pendings = append(h.of.pendings, pt)
			if c, ok := e.Challenge.(*totp.Challenge); ok {
				pt.app, _ = mfatest.NewAuthenticator(c.URI, time.Now)
				w.secret(c.Secret)
			}
			return pt.name()
		})
	if pt.id == "" || !o.heard {
		return nil
	}
	return pt
}

// resend repeats the message of an enrolment.
func (v *visit) resend(h hand, pt *pendingThing) {
	ask(v, "resend: "+pt.name()+" "+h.says(), nil, func(ctx context.Context, in *instance) (mfa.Asked, error) { return in.Resend(ctx, h.caller(), pt.id) },
		func(_ mfa.Asked, o outcome) string {
			if l := v.w.mail[o.call]; l != nil {
				pt.codes = append(pt.codes, &sentCode{l, o})
			}
			return ""
		})
}

// confirmation is the right answer to an enrolment.
func (v *visit) confirmation(pt *pendingThing) attempt {
	a := attempt{t: pt.thing, method: pt.method, says: "what confirms it"}
	switch {
	case pt.app != nil:
		a.step = time.Now().Unix() / 30
		a.answer.Code, a.key = pt.app.Code(), fmt.Sprintf("%s %d", pt.id, a.step)
	case pt.key != nil:
		a.answer.Credential, a.key = pt.key.answer(mfa.ForEnrollment, pt.asked), "confirm "+pt.id
	case len(pt.codes) > 0:
		s := pt.codes[len(pt.codes)-1]
		a.answer.Code, a.key, a.code = s.code, fmt.Sprintf("%p", s.letter), s
	default:
		a.answer.Code, a.wrong = "000000", true
	}
	return a
}

// activate confirms an enrolment.
func (v *visit) activate(h hand, pt *pendingThing, a attempt) *mfa.Flow {
	w := v.w
	had, began := false, time.Time{}
	known := h.caller().Client.DeviceToken != ""
	var flow *mfa.Flow
	ask(v, fmt.Sprintf("activate: %s %s with %s", pt.name(), h.says(), a.says), func(c *call) {
		began = c.start
		if a.wrong {
			return
		}
		pt.tried[a.step]++
		if h.p != nil {
			h.p.earned[pt.id] = true
			w.learned[h.p.sign] = may
		}
		if pt.replaces != nil {
			pt.replaces.threats++
		}
	}, func(ctx context.Context, in *instance) (mfa.Activated, error) {
		return in.Activate(ctx, h.caller(), pt.id, a.answer)
	},
		func(done mfa.Activated, o outcome) string {
			had = h.of.surely(began)
			return w.activated(h, pt, a, done, o, had, known, &flow)
		})
	return flow
}

// activated judges a confirmation. w.mu is held.
func (w *world) activated(h hand, pt *pendingThing, a attempt, done mfa.Activated, o outcome, had, known bool, flow **mfa.Flow) string {
	if errors.Is(o.err, mfa.ErrNotValid) && o.heard && guessable(a.method) {
		w.budget(h.of, o, known)
	}
	if a.wrong {
		if o.ok() {
			w.broke(wrongRefused, "%s confirmed %s", a.says, pt.name())
		}
		return ""
	}
	if !o.ok() {
		if pt.replaces != nil && o.sure() {
			pt.replaces.threats--
		}
		if !o.sure() && o.call.in != nil {
			pt.fate = unknown
			h.of.things = append(h.of.things, pt.thing)
		}
		return ""
	}
	w.allowed(h, o, "setting up", had, changeMaxAge+pendingLifetime)
	w.holdFirst(h, had)
	if w.once[a.key]++; w.once[a.key] > 1 {
		w.broke(codeOnce, "%s confirmed twice", pt.name())
	}
	pt.fate, pt.added, pt.began = present, o.end, o.start
	for _, x := range h.of.wipes {
		if x.end.IsZero() || x.end.After(o.start) {
			pt.fate = unknown // nobody knows which came first
		}
	}
	h.of.things = append(h.of.things, pt.thing)
	here := span{o.start, o.end}
	h.of.rises = append(h.of.rises, here)
	kind := mfa.EventEnrolled
	if pt.replaces != nil {
		pt.replaces.fate, pt.replaces.ended, kind = gone, o.end, mfa.EventReplaced
		h.of.voids = append(h.of.voids, here)
	}
	h.of.owe(o, kind, pt.id)
	w.papers(h.of, done.RecoveryCodes, o)
	if h.s != nil {
		h.s.auth, h.s.at = done.Authentication, o.end
		h.of.rose = max(h.of.rose, done.Authentication.Generation)
		return ""
	}
	if done.Flow != nil {
		*flow = done.Flow
		return w.stands(h.p, *done.Flow, o, true)
	}
	return ""
}

// holdFirst asks whether the first enrolment of an account, by somebody who has proved
// nothing else, asked for the mailbox. w.mu is held.
func (w *world) holdFirst(h hand, had bool) {
	if !w.plan.set.rules.firstEmail || had || len(h.of.things) > 0 {
		return
	}
	proved := h.p != nil && (h.p.earned["by email"] || h.p.claimed) || h.s != nil && proven(h.s.auth)
	if !proved {
		w.broke(firstAsks, "the first enrolment of %s took a password alone", h.of.name())
	}
}

// papers takes a new set of recovery codes. w.mu is held.
func (w *world) papers(a *account, codes []string, o outcome) {
	if len(codes) == 0 {
		return
	}
	set := 1
	for _, p := range a.papers {
		if set = max(set, p.set+1); p.dead.IsZero() && p.issued.Before(o.start) {
			p.dead = o.end
		}
	}
	for _, c := range codes {
		a.papers = append(a.papers, &paper{code: c, set: set, issued: o.end})
		w.secret(c)
	}
	a.rises = append(a.rises, span{o.start, o.end})
	a.owe(o, mfa.EventRecoveryCodes, "")
}
