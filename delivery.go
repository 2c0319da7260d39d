package mfa

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mfakit/mfa/internal/codec"
	"github.com/mfakit/mfa/internal/quota"
)

// asking is what was asked, and what has to be sent for it once that is saved.
type asking struct {
	Asked
	delivery *Delivery
	message  *message
	user     User
	client   Client
}

// A message is one on its way: made once per request, however often that is tried.
type message struct {
	id     string
	user   string
	flow   []byte // of the flow whose option it is; nil: a pending enrolment's
	option string // or the pending enrolment's identifier
	charge *charge
}

// prepare sets what a challenge's step says into the pending record p, and has
// the message that it sends charged before the value is saved.
func (e *Engine) prepare(st *state, p *pending, step Step, out *asking) error {
	if len(step.Pending) > maxFactorState {
		return ErrTooLarge
	}
	p.Until, p.Message, p.Delivery, p.Breakers = 0, "", "", nil
	if !step.Expires.IsZero() && step.Expires.Before(out.Expires) {
		p.Until, out.Expires = step.Expires.Unix(), step.Expires
	}
	d, m := step.Delivery, out.message
	if d == nil {
		return nil
	}
	// Also where the message is charged already: another process may have sent to
	// this user since.
	if until := st.head.Sent.Until(st.now, quota.Limit{Hour: sendsPerHour, Day: sendsPerDay}); !until.IsZero() {
		return &WaitError{Until: until, Limit: true}
	}
	// A second try may be for another destination than the first, if another
	// request has changed it: that one is charged, too.
	if c := e.newCharge(d, p.Method, out.client, st.user); m.charge == nil || !slices.Equal(c.keys, m.charge.keys) {
		e.settle(m)
		m.charge = c
	}
	st.head.Sent.Add(st.now, 1)
	st.paying = m.charge
	st.touch(secHead)
	p.Message, p.Breakers = m.id, m.charge.breakers()
	return nil
}

// deliverMessage hands a message over once it is saved, on a context that
// outlives the request: a client that goes away must not lose a code that is counted.
func (e *Engine) deliverMessage(ctx context.Context, a asking, m *message, err error) (Asked, error) {
	if err != nil || a.delivery == nil {
		return a.Asked, err
	}
	ctx = context.WithoutCancel(ctx)
	text := a.delivery.Message
	text.ID = m.id
	if text.Report, err = e.reportToken(m); err != nil {
		return Asked{}, err
	}
	err = handOver(ctx, a.delivery.Sender, text)
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout) // a new time, however long the sender took: the pause has to be kept
	defer cancel()
	ev := Event{ID: newID(), Type: EventChallengeSent, Time: e.now(), User: a.user.ID, Method: a.Method, App: a.client.App, IP: a.client.IP}
	failed := &DeliveryError{Reason: "failed", Retry: true}
	if err != nil {
		if why := (*SendError)(nil); errors.As(err, &why) {
			failed.Reason, failed.Retry = why.Reason, why.Retry || why.Elsewhere || why.Reason == SendTimeout || why.Reason == SendBadAnswer
		} else if errors.Is(err, context.DeadlineExceeded) {
			failed.Reason = SendTimeout
		}
		ev.Type, ev.Reason = EventChallengeUnsent, failed.Reason
		if failed.Reason != SendTimeout && failed.Reason != SendBadAnswer { // else it may have gone out
			if err := e.Reported(ctx, Report{Token: text.Report, State: DeliveryFailed}); err != nil {
				e.log.Warn("mfa: a failed message is shown as sent", "user", a.user.ID, "error", err)
			}
		}
	}
	if len(e.observers) > 0 {
		e.later(func(ctx context.Context) { e.deliver(ctx, a.user.ID, []Event{ev}) })
	}
	if err != nil {
		e.log.Warn("mfa: message could not be sent", "method", a.Method, "user", a.user.ID, "reason", failed.Reason)
		return a.Asked, failed
	}
	a.Asked.ResendAt = e.handedOver(ctx, m.charge, e.now())
	return a.Asked, nil
}

// handOver sends, and does not wait for a sender that keeps to no time.
func handOver(ctx context.Context, s Sender, m Message) error {
	return inTime(ctx, deliveryTimeout, func(ctx context.Context) error {
		_, err := s.Send(ctx, m)
		return err
	})
}

// inTime calls what is not the engine's own, on a context that ends in time, and
// leaves it behind if it does not keep to that. Its panics are the caller's.
func inTime(ctx context.Context, most time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	type outcome struct {
		err   error
		panic any
	}
	done := make(chan outcome, 1)
	go func() {
		out := outcome{err: &SendError{Reason: SendBadAnswer}} // of one that ends its goroutine
		defer func() {
			out.panic = recover()
			done <- out
		}()
		out.err = f(ctx)
	}()
	select {
	case out := <-done:
		if out.panic != nil {
			panic(out.panic)
		}
		return out.err
	case <-ctx.Done():
		return &SendError{Reason: SendTimeout}
	}
}

// report is what a delivery report's token carries, sealed: which message of
// whose it is about.
type report struct {
	User    string `cbor:"1,keyasint"`
	Flow    []byte `cbor:"2,keyasint,omitempty"`
	Option  string `cbor:"3,keyasint"`
	Message string `cbor:"4,keyasint"`
}

func (e *Engine) reportToken(m *message) (string, error) {
	plain, err := codec.Marshal(report{m.user, m.flow, m.option, m.id})
	if err != nil {
		return "", err
	}
	return e.sealedToken(sealReport, plain)
}

// Reported takes what a carrier says of a message later, so that the person can
// be told whether to wait; see Option.Delivery. Reports of messages that are
// answered, replaced or expired are of no use, and no error. [ErrNoFlow] for a
// token that is none of this deployment.
func (e *Engine) Reported(ctx context.Context, r Report) error {
	plain, err := e.openedToken(sealReport, r.Token, maxToken)
	if err != nil {
		return ErrNoFlow
	}
	var of report
	if err := codec.Unmarshal(plain, &of); err != nil {
		return ErrNoFlow
	}
	switch r.State {
	case DeliveryOnItsWay, DeliveryDelivered, DeliveryFailed:
	case DeliveryUnknown:
		return nil
	default:
		return badInput("delivery state")
	}
	_, err = commit(ctx, e, of.User, func(st *state) (struct{}, error) {
		p, keep, err := st.messageOf(of)
		if err != nil || p == nil || p.Message != of.Message || !p.Delivery.before(r.State) {
			return struct{}{}, err
		}
		p.Delivery = r.State
		keep()
		return struct{}{}, nil
	})
	return err
}

// before says whether later is news. Of several carriers that tried one after the
// other the first may say late that it failed: what arrived has arrived.
func (s DeliveryState) before(later DeliveryState) bool {
	rank := map[DeliveryState]int{DeliveryUnknown: 0, DeliveryOnItsWay: 1, DeliveryFailed: 2, DeliveryDelivered: 3}
	return rank[s] < rank[later]
}

// messageOf finds what a message was sent for; nil: it is over.
func (st *state) messageOf(of report) (*pending, func(), error) {
	if err := errors.Join(st.openAll(), st.openPending()); err != nil {
		return nil, nil, err
	}
	if of.Flow == nil {
		for i := range st.pending {
			if st.pending[i].ID == of.Option && st.pending[i].Expires > st.now.Unix() {
				return &st.pending[i], func() { st.touch(secPending) }, nil
			}
		}
		return nil, nil, nil
	}
	if err := st.findFlow(of.Flow); err != nil {
		return nil, nil, nil //nolint:nilerr // it is over
	}
	p, ok := st.body.Asked[of.Option]
	if !ok {
		return nil, nil, nil
	}
	return &p, func() { st.body.Asked[of.Option] = p; st.touch(secFlows) }, nil
}
