package mfa

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// asks says whether a sign-in of this level has to prove more than its first
// factor, if its user can.
func (l RiskLevel) asks() bool {
	switch l {
	case "", RiskLow:
		return false
	}
	return true
}

// Asks says whether the assessment, if it decides anything, wants more than the first
// factor: an adaptive policy lets nobody in without being asked where it does.
func (a Assessment) Asks() bool { return a.acting().asks() }

// acting is the level as far as it decides anything.
func (a Assessment) acting() RiskLevel {
	if a.Shadow {
		return ""
	}
	return a.Level
}

// assessed is what events say of the flow's risk; nil: nobody has scored it.
func (b *flowBody) assessed() *Assessment {
	if b.Risk.Level == "" {
		return nil
	}
	a := b.Risk
	return &a
}

// attempt is the current sign-in as a scorer sees it.
func (e *Engine) attempt(st *state, in entering, c Client, here *device) Attempt {
	a := Attempt{User: in.body.User, Client: c, First: First(in.body.Proofs[0].Method), Now: st.now,
		Known: here != nil && here.known(&st.head, st.now), WrongPasswords: max(0, in.wrongPasswords)}
	a.User.Attributes, a.Client.DeviceToken = maps.Clone(a.User.Attributes), ""
	since := st.now.Add(-budgetHour).Unix()
	for _, t := range []*tally{&st.head.Guesses, &st.head.Recoveries} {
		for _, at := range t.Times {
			if at > since {
				a.AccountFailures++
			}
		}
	}
	a.NetworkFailures, a.SystemAlarm = e.failuresSeen(e.network(c), st.now)
	return a
}

// failuresSeen is what this process knows of failures: from a network within this
// hour and the last, and whether the system has many.
func (e *Engine) failuresSeen(network string, now time.Time) (n int, alarm bool) {
	e.meters.mu.Lock()
	defer e.meters.mu.Unlock()
	if m := e.meters.networks[network]; m != nil && network != "" {
		hour := hourOf(now)
		n = m.count.in(hour) + m.count.in(hour-1) + m.pending
	}
	return n, e.meters.alarmed(now)
}

// assess asks the scorer. One that fails, panics, takes too long or says what it may
// not leaves the sign-in unknown: that is asked, and never let through.
func (e *Engine) assess(ctx context.Context, st *state, a Attempt) (Assessment, []byte) {
	if e.scorer == nil {
		return Assessment{}, nil
	}
	said, seen, err := e.score(ctx, a, st.raw[secRisk])
	if err == nil {
		err = said.check(seen)
	}
	if err != nil {
		e.log.Warn("mfa: a sign-in could not be assessed", "error", err)
		watcher, ok := e.scorer.(interface{ Watching(now time.Time) bool })
		return Assessment{Level: RiskUnknown, Shadow: said.Shadow || ok && watcher.Watching(a.Now)}, nil
	}
	return said.bounded(), seen
}

// score calls the scorer on a goroutine of its own, because it may be the host's and
// wait for something, and the user's other requests wait for this one.
func (e *Engine) score(ctx context.Context, a Attempt, history []byte) (Assessment, []byte, error) {
	type answer struct {
		said Assessment
		seen []byte
		err  error
	}
	ctx, cancel := context.WithTimeout(ctx, riskTimeout)
	defer cancel()
	select {
	case e.scoring <- struct{}{}:
	case <-ctx.Done():
		return Assessment{}, nil, ctx.Err()
	}
	done := make(chan answer, 1)
	go func() {
		var r answer
		r.err = guarded(func() (err error) {
			r.said, r.seen, err = e.scorer.Score(ctx, a, history)
			return err
		})
		<-e.scoring
		done <- r
	}()
	select {
	case r := <-done:
		return r.said, r.seen, r.err
	case <-ctx.Done():
		return Assessment{}, nil, ctx.Err()
	}
}

// check refuses what could not be kept, or means nothing.
func (a Assessment) check(seen []byte) error {
	switch a.Level {
	case RiskLow, RiskUnknown, RiskElevated, RiskHigh, RiskSevere:
	default:
		return fmt.Errorf("mfa: the scorer's level is %q", cut(string(a.Level), maxApp))
	}
	if math.IsNaN(a.Score) || math.IsInf(a.Score, 0) {
		return fmt.Errorf("mfa: the scorer's score is %g", a.Score)
	}
	if len(seen) > maxObservation {
		return fmt.Errorf("mfa: the scorer's observation has %d bytes, at most %d", len(seen), maxObservation)
	}
	return nil
}

// bounded is the assessment cut to what is kept with a flow.
func (a Assessment) bounded() Assessment {
	reasons := make([]RiskReason, 0, min(len(a.Reasons), maxReasons))
	for _, r := range a.Reasons[:min(len(a.Reasons), maxReasons)] {
		if math.IsNaN(r.Weight) || math.IsInf(r.Weight, 0) {
			r.Weight = 0
		}
		r.Code, r.Text, r.Usual = cut(r.Code, maxReasonCode), cut(r.Text, maxReasonText), cut(r.Usual, maxReasonText)
		r.With, r.UsualWith = boundedWith(r.With), boundedWith(r.UsualWith)
		reasons = append(reasons, r)
	}
	a.Reasons, a.Place = reasons, cut(a.Place, maxText/2)
	return a
}

// boundedWith is a reason's variables cut to what is kept with a flow.
func boundedWith(given map[string]string) map[string]string {
	var kept map[string]string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if len(kept) == maxReasonWith {
			break
		}
		if kept == nil {
			kept = make(map[string]string, min(len(given), maxReasonWith))
		}
		kept[cut(name, maxReasonName)] = cut(given[name], maxReasonValue)
	}
	return kept
}

// raise makes the current flow ask for what its risk asks for, as far as its user has
// it: risk never lets anybody in, and never makes anybody enrol, which would be
// the very thing that a stranger with a password wants. What is disabled is asked for all
// the same, and denied: else whoever guesses long enough would not be asked any more.
func (e *Engine) raise(st *state, b *flowBody, level RiskLevel) {
	if !level.asks() {
		return
	}
	r := b.Require
	if r.SecondFactor = true; e.reachable(st, b, r) || st.disabled(b.Implicit) {
		b.Require = r
	}
	if level == RiskHigh || level == RiskSevere {
		r = b.Require
		if r.PhishingResistant = true; e.reachable(st, b, r) {
			b.Require = r
		}
		b.Remember = Remember{}
	}
}

// reachable says whether the user satisfies a requirement, or can with what they have.
func (e *Engine) reachable(st *state, b *flowBody, r Requirement) bool {
	proofs := e.counted(st, b)
	return len(r.missing(proofs, st.now)) == 0 || len(useful(r, proofs, e.candidates(st, b), st.now)) > 0
}

// trusts says whether a browser that is remembered passes without being asked at
// this level.
func (l RiskLevel) trusts() bool { return l == "" || l == RiskLow || l == RiskElevated }

// learn lets the scorer learn from the current flow, which passes, under the
// activity that says so.
func (e *Engine) learn(st *state, b *flowBody, activity string) {
	if e.scorer == nil || len(b.Seen) == 0 {
		return
	}
	e.relearn(st, func(history []byte) ([]byte, []byte, error) { return e.scorer.Learn(history, b.Seen, activity) })
}

// unlearn takes back what was learned under an activity.
func (e *Engine) unlearn(st *state, activity string) {
	if e.scorer == nil || len(st.raw[secRisk]) == 0 {
		return
	}
	e.relearn(st, func(history []byte) ([]byte, []byte, error) { return e.scorer.Unlearn(history, activity) })
}

// relearn puts another history in the place of the user's. A scorer that fails or
// panics changes nothing.
func (e *Engine) relearn(st *state, f func(history []byte) (changed, delta []byte, err error)) {
	var history, delta []byte
	err := guarded(func() (err error) {
		history, delta, err = f(st.raw[secRisk])
		return err
	})
	if err == nil && len(history) > maxRiskHistory {
		err = fmt.Errorf("mfa: the scorer's history has %d bytes, at most %d", len(history), maxRiskHistory)
	}
	if err != nil {
		e.log.Warn("mfa: the scorer learned nothing", "error", err)
		return
	}
	st.raw[secRisk] = history
	st.touch(secRisk)
	if len(delta) > 0 {
		st.deltas = append(st.deltas, delta)
	}
}

// count tells the scorer what was learned, once it is saved.
func (e *Engine) count(deltas [][]byte) {
	for _, d := range deltas {
		if err := guarded(func() error { e.scorer.Count(d); return nil }); err != nil {
			e.log.Warn("mfa: the scorer counted nothing", "error", err)
		}
	}
}

// guarded makes a panic of the scorer's an error: it may be the host's.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("mfa: the scorer panicked with a %T", p)
		}
	}()
	return f()
}
