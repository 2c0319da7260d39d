package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// levels are what the scorer says; empty: it fails.
var levels = []weight[string]{{80, "low"}, {8, "elevated"}, {6, "high"}, {3, ""}, {3, "severe"}}

// client is how a browser looks to the host. Sign names the sign-in for the scorer.
func (b *browser) client(sign, level string) mfa.Client {
	return mfa.Client{App: b.app, IP: b.ip, UserAgent: "Sim/" + sign + " " + level, DeviceToken: b.token}
}

// signIn is by a password that was right, whoever has it.
func (v *visit) signIn(a *account, who string, b *browser, first mfa.First) *passage {
	sign, level := fmt.Sprintf("%d.%d", v.plan.id, v.calls+1), weighted(v.d, levels)
	c := b.client(sign, level)
	p := &passage{of: a, who: who, b: b, app: b.app, known: b.token != "", sign: sign, line: b.line, earned: map[string]bool{}, sent: map[string][]*sentCode{}, keyed: map[string]mfa.Challenge{}}
	what := fmt.Sprintf("sign in: %s as %s by %s", who, a.name(), first)
	if p.known {
		what += " with a device token"
	}
	_, o := ask(v, what, nil, func(ctx context.Context, in *instance) (mfa.Flow, error) {
		return in.SignIn(ctx, mfa.SignIn{User: a.user, First: first, Client: c})
	}, func(f mfa.Flow, o outcome) string { return v.w.begun(p, f, o) })
	if !o.ok() {
		return nil
	}
	return p
}

// begun takes a flow that was just begun. w.mu is held.
func (w *world) begun(p *passage, f mfa.Flow, o outcome) string {
	if !o.ok() {
		return ""
	}
	p.n, p.began, p.token = len(p.of.passages)+1, o, f.Token
	p.of.passages = append(p.of.passages, p)
	w.secret(f.Token)
	if f.DeviceToken != "" {
		p.b.token = f.DeviceToken
		w.secret(f.DeviceToken)
		if f.Status == mfa.StatusPassed && p.b.line == nil {
			p.b.line = &lineage{of: p.of, proved: o.end}
		}
	}
	if f.Status != mfa.StatusPassed && p.sign != "" {
		w.learned[p.sign] = mustNot
	}
	return fmt.Sprintf("flow %d ", p.n) + w.stands(p, f, o, false)
}

// stands takes what a call says of a flow. w.mu is held.
func (w *world) stands(p *passage, f mfa.Flow, o outcome, proved bool) string {
	if p.flow = f; len(f.Options) > 0 {
		p.options = f.Options
	}
	p.of.rose = max(p.of.rose, f.Generation)
	w.count("flow: " + string(f.Status))
	switch f.Status {
	case mfa.StatusPassed:
		w.passed(p, f, o, proved)
		return "passed with " + proofs(f.Authentication)
	case mfa.StatusDenied:
		p.over = true
		return "denied: " + f.Reason
	}
	return string(f.Status)
}

func proofs(a mfa.Authentication) string {
	text := ""
	for i, p := range a.Proofs {
		if i > 0 {
			text += "+"
		}
		text += p.Method
	}
	if a.Remembered != "" {
		text += ", remembered"
	}
	return text
}

// passed holds a flow that passed to what it has to rest on. w.mu is held.
func (w *world) passed(p *passage, f mfa.Flow, o outcome, proved bool) {
	auth, a := f.Authentication, p.of
	switch {
	case p.over:
		w.broke(flowOver, "flow %d of %s passed twice, or after it was denied", p.n, a.name())
	case o.low.After(p.began.high.Add(flowLifetime + time.Second)):
		w.broke(flowOver, "flow %d of %s passed %v after it began", p.n, a.name(), o.low.Sub(p.began.high))
	case between(a.kills, p.began.end, o.start):
		w.broke(flowOver, "flow %d of %s passed, and had been ended", p.n, a.name())
	case auth.User != a.user.ID || auth.App != p.app:
		w.broke(evidenceBound, "flow %d of %s in %s yields evidence of %s in %s", p.n, a.name(), p.app, auth.User, auth.App)
	}
	p.over = true
	if p.sign != "" {
		w.learned[p.sign] = may
	}
	if proved {
		w.cameIn(p, f, o)
	}
	if p.action != nil {
		if p.action.passes++; len(p.earned) == 0 {
			w.broke(secondFactor, "an action of %s was approved by nobody", a.name())
		}
		return // it raises no evidence
	}
	w.holdProofs(p, auth, o)
	w.holdRequirement(p, auth, o)
	a.sessions = append(a.sessions, &session{of: a, auth: auth, app: p.app, who: p.who, at: o.end, b: p.b})
}

// cameIn notes the browser in which a flow passed with a second proof. w.mu is held.
func (w *world) cameIn(p *passage, f mfa.Flow, o outcome) {
	asked := p.b.line != nil && p.b.line.asked
	if f.DeviceToken != "" || p.b.line == nil {
		p.b.line = &lineage{of: p.of, asked: asked}
		if f.DeviceToken != "" {
			p.b.token = f.DeviceToken
			w.secret(f.DeviceToken)
		}
	}
	if slices.ContainsFunc(f.Authentication.Proofs, func(one mfa.Proof) bool { return p.of.thing(one.Enrollment) != nil && p.earned[one.Enrollment] }) {
		p.of.cancels = append(p.of.cancels, span{o.start, o.end}) // the owner is here
	}
	p.b.line.proved = o.end
	if p.b.line.asked {
		p.b.line.granted = o.high
	}
}

// holdProofs asks where each proof comes from. w.mu is held.
func (w *world) holdProofs(p *passage, auth mfa.Authentication, o outcome) {
	for _, one := range auth.Proofs {
		if one.Enrollment == "" {
			continue
		}
		if !p.earned[one.Enrollment] && !p.earned[one.Method] && (p.base == nil || !p.base.has(one)) {
			w.broke(evidenceEarned, "flow %d of %s has a proof by %s that nobody gave", p.n, p.of.name(), one.Method)
		}
		if t := p.of.thing(one.Enrollment); t != nil && t.fate == gone && t.ended.Before(o.start) && !o.stale {
			w.broke(evidenceVoid, "flow %d of %s rests on %s, which is gone", p.n, p.of.name(), t.name())
		}
	}
}

func (s *session) has(p mfa.Proof) bool {
	for _, o := range s.auth.Proofs {
		if o.Enrollment == p.Enrollment && o.Time.Equal(p.Time) {
			return true
		}
	}
	return false
}

// proven says whether evidence has more than a first factor.
func proven(auth mfa.Authentication) bool {
	for _, p := range auth.Proofs {
		if p.Enrollment != "" {
			return true
		}
	}
	return false
}

// holdRequirement asks whether a flow may pass with what it has. w.mu is held.
func (w *world) holdRequirement(p *passage, auth mfa.Authentication, o outcome) {
	a, rules := p.of, w.plan.set.rules
	if a.user.Kind == mfa.Service {
		if len(auth.Proofs) > 0 && auth.Proofs[0].Method != string(mfa.ClientCredentials) {
			w.broke(keptOut, "%s, a program, is let in by %s", a.name(), auth.Proofs[0].Method)
		}
		return
	}
	if p.base != nil {
		if p.require.SecondFactor && !o.stale && !slices.ContainsFunc(auth.Proofs, func(one mfa.Proof) bool {
			return one.Enrollment != "" && (p.require.MaxAge == 0 || !one.Time.Before(o.low.Add(-p.require.MaxAge)))
		}) {
			w.broke(secondFactor, "a step-up of %s passed with %s", a.name(), proofs(auth))
		}
		return
	}
	if !proven(auth) && !p.skipped && (rules.required || a.surely(p.began.start)) {
		w.holdSpared(p, auth)
	}
}

// holdSpared asks why a flow that owed a second proof was spared it. w.mu is held.
func (w *world) holdSpared(p *passage, auth mfa.Authentication) {
	a, rules := p.of, w.plan.set.rules
	remembered := auth.Remembered != "" && rules.remember
	switch {
	case p.line == nil || !remembered && !rules.adaptive:
		w.broke(secondFactor, "flow %d of %s, by %s, passed with %s alone", p.n, a.name(), p.who, proofs(auth))
	case between(a.rises, p.line.proved, p.began.start):
		w.broke(deviceRevoked, "flow %d of %s was spared in a browser that had been revoked", p.n, a.name())
	case remembered && p.line.granted.IsZero():
		w.broke(deviceRevoked, "flow %d of %s was spared in a browser that nobody asked to remember", p.n, a.name())
	case remembered && p.began.low.After(p.line.granted.Add(rememberedFor+time.Second)),
		!remembered && p.began.low.After(p.line.proved.Add(knownFor+2*maxSkew)):
		w.broke(deviceLimit, "flow %d of %s was spared in a browser of too long ago", p.n, a.name())
	}
	w.count("spared")
}

const (
	flowLifetime = 10 * time.Minute    // limits.go
	knownFor     = 30 * 24 * time.Hour // rememberMax
)

// between says whether something that was acknowledged happened wholly between two moments.
func between(list []span, from, to time.Time) bool {
	for _, s := range list {
		if s.start.After(from) && s.end.Before(to) {
			return true
		}
	}
	return false
}

// mayPass notes that a flow may have passed, though nobody heard of it. w.mu is held.
func (w *world) mayPass(p *passage, o outcome) {
	w.learned[p.sign] = may
	if p.b.line != nil {
		p.b.line.proved = later(p.b.line.proved, o.end)
		if p.b.line.asked {
			p.b.line.granted = later(p.b.line.granted, o.high)
		}
	}
	if p.action != nil {
		p.action.passes++
	}
}
