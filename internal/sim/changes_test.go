package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mfakit/mfa"
)

// A wiping ends all that an account has, and says what is known of that.
type wiping struct {
	w      *world
	a      *account
	what   *span
	things []*thing // that were there, or may have been
}

// wipe begins one. w.mu is held.
func (w *world) wipe(a *account, c *call) *wiping {
	x := &wiping{w, a, &span{start: c.start}, slices.Clone(a.things)}
	a.wipes = append(a.wipes, x.what)
	for _, t := range x.things {
		t.threats++
	}
	a.forgive(c.start)
	return x
}

// forgive gives the account's budget back. w.mu is held.
func (a *account) forgive(at time.Time) { a.wrong, a.forgiven = nil, later(a.forgiven, at) }

// ended takes what came of it. w.mu is held.
func (x *wiping) ended(o outcome) {
	if o.call.in == nil || o.sure() && o.err != nil { // nothing has happened
		x.what.end = x.what.start
		for _, t := range x.things {
			t.threats--
		}
		return
	}
	x.what.end = o.end.Add(landing)
	x.a.forgive(x.what.end)
	if !o.ok() {
		return
	}
	for _, t := range x.a.things {
		switch {
		case t.fate != present:
		case t.added.Before(o.start):
			t.fate, t.ended = gone, o.end
		default:
			t.fate = unknown // nobody knows which came first
		}
	}
	x.w.end(x.a, o)
}

// end notes that all evidence and all flows of an account have ended. w.mu is held.
func (w *world) end(a *account, o outcome) {
	s := span{o.start, o.end}
	a.voids, a.kills, a.rises, a.cancels = append(a.voids, s), append(a.kills, s), append(a.rises, s), append(a.cancels, s)
}

// remove ends one thing.
func (v *visit) remove(h hand, t *thing) bool {
	w := v.w
	had := false
	_, o := ask(v, fmt.Sprintf("remove: %s %s", t.name(), h.says()), func(*call) { t.threats++ },
		func(ctx context.Context, in *instance) (mfa.Authentication, error) {
			return in.Remove(ctx, h.caller(), t.id)
		},
		func(auth mfa.Authentication, o outcome) string {
			switch {
			case o.ok():
				if t.of != h.of {
					w.broke(foreign, "%s was removed by %s", t.name(), h.of.name())
				}
				had = t.fate == present && t.added.Before(o.start)
				w.allowed(h, o, "removing", had, changeMaxAge)
				t.fate, t.ended = gone, o.end
				w.end(h.of, o)
				h.of.owe(o, mfa.EventRemoved, t.id)
				h.s.auth, h.s.at = auth, o.end
				h.of.rose = max(h.of.rose, auth.Generation)
			case o.sure():
				t.threats--
			}
			return ""
		})
	return o.ok()
}

// removeAll ends all that the session's user has.
func (v *visit) removeAll(h hand) {
	w := v.w
	var x *wiping
	ask(v, "remove all: "+h.says(), func(c *call) { x = w.wipe(h.of, c) },
		func(ctx context.Context, in *instance) (mfa.Flow, error) { return in.RemoveAll(ctx, h.caller()) },
		func(f mfa.Flow, o outcome) string {
			x.ended(o)
			if !o.ok() {
				return ""
			}
			w.allowed(h, o, "removing all", false, changeMaxAge)
			h.of.owe(o, mfa.EventReset, "")
			h.s.auth, h.s.at = f.Authentication, o.end
			return string(f.Status)
		})
}

// reset is support's: it ends all that a user has.
func (v *visit) reset(a *account, actor string) {
	w := v.w
	var x *wiping
	ask(v, fmt.Sprintf("reset: of %s by %s", a.name(), actor), func(c *call) { x = w.wipe(a, c) },
		func(ctx context.Context, in *instance) (struct{}, error) {
			return struct{}{}, in.Reset(ctx, mfa.Reset{User: a.user, Actor: actor, Reason: "ticket"})
		}, func(_ struct{}, o outcome) string {
			x.ended(o)
			w.byDesk(actor, o)
			if o.ok() {
				a.owe(o, mfa.EventReset, "")
			}
			return ""
		})
}

// byDesk holds what support does to what it may. w.mu is held.
func (w *world) byDesk(actor string, o outcome) {
	if o.ok() && actor != "desk" {
		w.broke(supportOnly, "%s did: %s", actor, o.what)
	}
}

// bypass has support give out a code.
func (v *visit) bypass(a *account, actor string) {
	w := v.w
	type given struct {
		code  string
		until time.Time
	}
	ask(v, fmt.Sprintf("bypass: for %s by %s", a.name(), actor), nil, func(ctx context.Context, in *instance) (given, error) {
		code, until, err := in.IssueBypass(ctx, mfa.Bypass{User: a.user, Actor: actor, Reason: "ticket"})
		return given{code, until}, err
	}, func(g given, o outcome) string {
		w.byDesk(actor, o)
		if o.ok() {
			w.secret(g.code)
			a.bypasses = append(a.bypasses, &bypass{code: g.code, until: o.high.Add(time.Hour + time.Second), issued: span{o.start, o.end}})
			a.rises = append(a.rises, span{o.start, o.end})
			a.owe(o, mfa.EventBypassIssued, "")
		}
		return ""
	})
}

// newCodes makes new recovery codes.
func (v *visit) newCodes(h hand) {
	w := v.w
	ask(v, "recovery codes: "+h.says(), nil, func(ctx context.Context, in *instance) ([]string, error) { return in.RecoveryCodes(ctx, h.caller()) },
		func(codes []string, o outcome) string {
			if o.ok() {
				w.allowed(h, o, "making recovery codes", h.of.surely(o.start), changeMaxAge)
				w.papers(h.of, codes, o)
			}
			return ""
		})
}

// rename gives a thing another label.
func (v *visit) rename(h hand, t *thing, label string) {
	w := v.w
	ask(v, fmt.Sprintf("rename: %s %s", t.name(), h.says()), func(*call) { t.renames++ },
		func(ctx context.Context, in *instance) (mfa.Enrollment, error) {
			return in.Rename(ctx, h.caller(), t.id, label)
		},
		func(_ mfa.Enrollment, o outcome) string {
			switch {
			case o.ok():
				if t.of != h.of {
					w.broke(foreign, "%s was renamed by %s", t.name(), h.of.name())
				}
				w.allowed(h, o, "renaming", t.sure(o.start), changeMaxAge)
				if t.renames == 1 {
					t.label = label
				}
				t.renames--
			case o.sure():
				t.renames--
			default:
				t.label = "" // nobody knows
			}
			return ""
		})
}

// forget ends the trust in all of a user's browsers, or in one.
func (v *visit) forget(h hand, all bool) {
	w := v.w
	id := ""
	if !all {
		ask(v, "devices: "+h.says(), nil, func(ctx context.Context, in *instance) ([]mfa.Device, error) { return in.Devices(ctx, h.caller()) },
			func(list []mfa.Device, o outcome) string {
				if len(list) > 0 {
					id = list[0].ID
				}
				if len(list) == 1 {
					all = true // it is the same, then
				}
				return fmt.Sprint(len(list))
			})
		if id == "" {
			return
		}
	}
	what := "forget all devices: "
	if id != "" {
		what = "forget a device: "
	}
	ask(v, what+h.says(), nil, func(ctx context.Context, in *instance) (struct{}, error) {
		if id == "" {
			return struct{}{}, in.ForgetDevices(ctx, h.caller())
		}
		return struct{}{}, in.ForgetDevice(ctx, h.caller(), id)
	}, func(_ struct{}, o outcome) string {
		if o.ok() {
			w.allowed(h, o, "forgetting devices", h.of.surely(o.start), changeMaxAge)
			if id == "" {
				h.of.rises = append(h.of.rises, span{o.start, o.end})
			}
		}
		return ""
	})
}

// signOut ends all sessions, flows and trust.
func (v *visit) signOut(a *account) {
	ask(v, "sign out everywhere: "+a.name(), nil, func(ctx context.Context, in *instance) (struct{}, error) {
		return struct{}{}, in.SignOutEverywhere(ctx, a.user, mfa.Client{})
	}, func(_ struct{}, o outcome) string {
		if o.ok() {
			v.w.end(a, o)
		}
		return ""
	})
}

// password is a new one, which the host has stored.
func (v *visit) password(h hand) {
	w, a := v.w, h.of
	c := mfa.Caller{User: a.user}
	if h.s != nil {
		c = h.caller()
	}
	ask(v, "new password: "+a.name(), func(c *call) { a.forgive(c.start) }, func(ctx context.Context, in *instance) (mfa.Authentication, error) {
		return in.PasswordChanged(ctx, c)
	}, func(auth mfa.Authentication, o outcome) string {
		if o.ok() || !o.sure() {
			a.forgive(o.end.Add(landing))
		}
		if !o.ok() {
			return ""
		}
		if h.s != nil && between(a.voids, h.s.at, o.start) && auth.User != "" && !o.stale {
			w.broke(evidenceVoid, "evidence of %s from before was renewed with a new password", a.name())
		}
		w.end(a, o)
		a.owe(o, mfa.EventPasswordChanged, "")
		if h.s != nil && auth.User != "" {
			h.s.auth, h.s.at = auth, o.end
		}
		return ""
	})
}

// notMe disowns one of the account's last sign-ins.
func (v *visit) notMe(h hand) {
	w, a := v.w, h.of
	id := ""
	ask(v, "activity: of "+a.name(), nil, func(ctx context.Context, in *instance) ([]mfa.Activity, error) { return in.Activity(ctx, a.user.ID) },
		func(list []mfa.Activity, _ outcome) string {
			for _, n := range list {
				if n.Type == mfa.EventFlowPassed && n.Verdict == "" {
					id = n.ID
					break
				}
			}
			return ""
		})
	if id == "" {
		return
	}
	first, key := false, a.name()+" verdict "+id
	ask(v, "feedback: not me "+h.says(), func(*call) { w.once[key]++; first = w.once[key] == 1 }, func(ctx context.Context, in *instance) (struct{}, error) {
		return struct{}{}, in.Feedback(ctx, h.caller(), id, mfa.NotMe)
	}, func(_ struct{}, o outcome) string {
		if o.ok() {
			w.allowed(h, o, "disowning a sign-in", false, 0)
			if first { // a second verdict of the same changes nothing
				w.end(a, o)
				a.owe(o, mfa.EventVerdict, "")
			}
		}
		return ""
	})
}

// probe asks whether evidence still holds.
func (v *visit) probe(h hand, r mfa.Requirement) {
	w := v.w
	what := "satisfies: " + h.says()
	if h.app != "" {
		what += " from another app"
	}
	ask(v, what, nil, func(ctx context.Context, in *instance) (struct{}, error) {
		return struct{}{}, in.Satisfies(ctx, h.caller(), r)
	},
		func(_ struct{}, o outcome) string {
			if o.ok() && !o.stale {
				w.allowed(h, o, "satisfying", false, 0)
			}
			return ""
		})
}
