package sim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mfakit/mfa"
)

// A visit is somebody's dealings with the site: calls, one after the other.
type visit struct {
	w     *world
	plan  planned
	d     draw
	calls int
}

func (w *world) visit(p planned) *visit {
	return &visit{w: w, plan: p, d: drawFor(w.plan.seed, "visit "+itoa(p.id))}
}

// think is the time between two calls of a person.
func (v *visit) think() {
	d := weighted(v.d, []weight[time.Duration]{{5, 5 * time.Millisecond}, {3, 4 * time.Second}, {2, 35 * time.Second}, {1, 2 * time.Minute}})
	v.pause(d/2 + v.d.between(1, d))
}

// pause lets time pass. One goroutine runs at a time, and what it does is seen by those
// that run later: the lock tells the race detector so.
func (v *visit) pause(d time.Duration) {
	v.w.settled()
	_ = nap(context.Background(), d)
	v.w.settled()
}

func (w *world) settled() {
	w.mu.Lock()
	defer w.mu.Unlock()
}

// A call is one call of the engine.
type call struct {
	v        *visit
	n        int
	d        draw
	in       *instance
	what     string
	start    time.Time
	uses     int
	troubles []string
	stale    bool // it was shown what is stale
	late     bool // a save of its may land when it is over
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func (c *call) name() string { return fmt.Sprintf("%d.%d", c.v.plan.id, c.n) }

// An outcome is what is known of a call once it has ended.
type outcome struct {
	*call
	err       error
	heard     bool // an answer came, and somebody was there to hear it
	end       time.Time
	low, high time.Time // what the instance's clock can have shown
}

func (o outcome) ok() bool { return o.heard && o.err == nil }

// sure says whether it is known what the call has changed: all that it should have
// after ok, and nothing but a counted failure otherwise.
func (o outcome) sure() bool {
	if !o.heard || o.err != nil && (o.stale || o.late) { // what it was refused for may not be so
		return false
	}
	for _, e := range []error{mfa.ErrStore, mfa.ErrBusy, mfa.ErrDelivery, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(o.err, e) {
			return false
		}
	}
	return true
}

// instance is one that is up, as a load balancer picks it.
func (v *visit) instance() *instance {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	return pick(v.d, v.w.fleet)
}

// ask makes one call of the engine, and tells of it. Before is for what is known as
// soon as it begins, after for what is known once it has ended; both hold w.mu.
func ask[T any](v *visit, what string, before func(*call), f func(context.Context, *instance) (T, error), after func(T, outcome) string) (T, outcome) {
	w := v.w
	if v.calls >= v.plan.limit {
		var zero T
		return zero, outcome{call: &call{v: v}}
	}
	// What an answer leaves behind goes first: else it would be chance who does.
	v.pause(v.d.between(10*time.Microsecond, 300*time.Microsecond))
	v.calls++
	c := &call{v: v, n: v.calls, what: what, in: v.instance(), start: time.Now()}
	c.d = drawFor(w.plan.seed, "call "+c.name())
	ctx, leave := context.WithCancel(context.WithValue(context.Background(), callKey{}, c))
	defer leave()
	if weather := w.weather(); weather.leaves > 0 && c.d.odds(weather.leaves) && !w.plan.muted[c.name()+" leaves"] {
		w.mu.Lock()
		w.faults = append(w.faults, c.name()+" leaves")
		c.troubles = append(c.troubles, "the client goes away")
		w.count("fault: the client goes away")
		w.mu.Unlock()
		defer time.AfterFunc(c.d.between(time.Millisecond, 20*time.Millisecond), leave).Stop()
	}
	w.mu.Lock()
	if before != nil {
		before(c)
	}
	w.mu.Unlock()
	value, err := f(ctx, c.in)
	w.mu.Lock()
	defer w.mu.Unlock()
	o := outcome{call: c, err: err, end: time.Now()}
	o.heard = !c.in.isDead() && ctx.Err() == nil
	o.low, o.high = w.reading(c.in.slot, c.start, o.end)
	w.calls++
	w.highest = later(w.highest, o.high)
	if !o.heard {
		var zero T
		value = zero
	}
	verb, _, _ := strings.Cut(what, ":")
	w.tally["call: "+verb]++
	w.known(o)
	at := len(w.story)
	w.story = append(w.story, "")
	said := ""
	if after != nil {
		said = after(value, o)
	}
	w.story[at] = o.line(said)
	return value, o
}

// line tells of a call.
func (o outcome) line(said string) string {
	w := o.v.w
	answer := "ok"
	switch {
	case !o.heard && o.in.isDead():
		answer = "no answer, the process is dead"
	case !o.heard:
		answer = "nobody waits for the answer"
	case o.err != nil:
		answer = errorName(o.err)
	}
	w.count("answer: " + answer)
	if said != "" {
		answer += ", " + said
	}
	trouble := ""
	if len(o.troubles) > 0 {
		trouble = " {" + strings.Join(o.troubles, "; ") + "}"
	}
	return fmt.Sprintf("%s  %s %s on %d, took %v: %s -> %s%s", clockFace(o.start.Sub(w.began)), o.call.name(), o.v.plan.kind, o.in.slot+1,
		o.end.Sub(o.start).Round(100*time.Microsecond), o.what, answer, trouble)
}

// expected are all errors that somebody who calls the engine has to reckon with here.
var expected = []struct {
	err  error
	name string
}{
	{mfa.ErrBadInput, "bad input"}, {mfa.ErrNotValid, "not valid"}, {mfa.ErrLocked, "locked"}, {mfa.ErrTooSoon, "too soon"}, {mfa.ErrSendLimit, "send limit"},
	{mfa.ErrNoFlow, "no flow"}, {mfa.ErrFlowExpired, "flow expired"}, {mfa.ErrNoOption, "no option"}, {mfa.ErrNoEnrollment, "no enrollment"},
	{mfa.ErrNoDevice, "no device"}, {mfa.ErrNoActivity, "no activity"}, {mfa.ErrSupport, "support may not"}, {mfa.ErrEnrollmentExpired, "enrolment expired"},
	{mfa.ErrEnrollmentRequired, "enrollment required"}, {mfa.ErrMethodNotAllowed, "method not allowed"}, {mfa.ErrTooMany, "too many"},
	{mfa.ErrRefused, "refused"}, {mfa.ErrRequirement, "not enough evidence"}, {mfa.ErrCaller, "wrong caller"}, {mfa.ErrBusy, "busy"},
	{mfa.ErrDelivery, "not sent"}, {mfa.ErrStore, "store failed"}, {mfa.ErrClosed, "closed"},
	{context.DeadlineExceeded, "took too long"}, {context.Canceled, "canceled"}, {errDead, "dead"},
}

func errorName(err error) string {
	for _, e := range expected {
		if errors.Is(err, e.err) {
			return e.name
		}
	}
	return "AN ERROR THAT NOBODY EXPECTS: " + err.Error()
}

// known notes what was said, and holds it to the errors that there are. w.mu is held.
func (w *world) known(o outcome) {
	if o.err == nil {
		return
	}
	w.said[o.err.Error()] = true
	if strings.HasPrefix(errorName(o.err), "AN ERROR") {
		w.broke(errorsKnown, "%s: %v", o.what, o.err)
	}
}
