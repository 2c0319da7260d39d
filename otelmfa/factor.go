package otelmfa

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mfakit/mfa"
	"go.opentelemetry.io/otel/trace"
)

// factor measures one of the host's factors, and what it has sent. The optional interfaces
// of a factor are all there, as one that is not answers with nothing; but for
// [mfa.Discoverer], of which the engine takes the first that there is.
type factor struct {
	mfa.Factor
	t       *Telemetry
	name    string
	channel string // of what it sends; empty: it sends nothing that is known
}

var (
	_ mfa.Signaler   = (*factor)(nil)
	_ mfa.Teller     = (*factor)(nil)
	_ mfa.Scoper     = (*factor)(nil)
	_ mfa.Discoverer = (*discoverer)(nil)
)

func (t *Telemetry) factor(f mfa.Factor) mfa.Factor {
	if f == nil {
		return f
	}
	m := f.Method()
	out := &factor{f, t, m.Name, channels.of(m.Channel)}
	if d, is := f.(mfa.Discoverer); is {
		return &discoverer{out, d}
	}
	return out
}

// step measures a step.
func (f *factor) step(ctx context.Context, name string, do func(context.Context) error) {
	method := keyMethod.String(f.name)
	ctx, span := f.t.begin(ctx, "mfa.factor."+name, trace.SpanKindInternal, method)
	begun := time.Now()
	outcome, fault := outcomeOf(do(ctx))
	f.t.m.factor.Record(ctx, time.Since(begun).Seconds(), with(method, keyStep.String(name), keyOutcome.String(outcome)))
	end(span, outcome, fault)
}

func (f *factor) Enroll(ctx context.Context, r mfa.EnrollRequest) (s mfa.Step, err error) {
	f.step(ctx, "enroll", func(ctx context.Context) error {
		s, err = f.Factor.Enroll(ctx, r)
		return err
	})
	return f.sending(s), err
}

func (f *factor) Challenge(ctx context.Context, r mfa.ChallengeRequest) (s mfa.Step, err error) {
	f.step(ctx, "challenge", func(ctx context.Context) error {
		s, err = f.Factor.Challenge(ctx, r)
		return err
	})
	return f.sending(s), err
}

func (f *factor) Verify(ctx context.Context, r mfa.VerifyRequest) (v mfa.Verified, err error) {
	f.step(ctx, "verify", func(ctx context.Context) error {
		v, err = f.Factor.Verify(ctx, r)
		return err
	})
	if err == nil && f.channel != "" {
		f.note(r, v)
	}
	return v, err
}

// sending puts the measuring sender into a step.
func (f *factor) sending(s mfa.Step) mfa.Step {
	if s.Delivery != nil {
		d := *s.Delivery
		d.Sender = f.t.Sender(d.Sender)
		s.Delivery = &d
	}
	return s
}

// note keeps where the message went whose code was right, for when that is saved.
func (f *factor) note(r mfa.VerifyRequest, v mfa.Verified) {
	id, state := v.EnrollmentID, v.State
	if r.Purpose == mfa.ForEnrollment {
		id = r.ID
	}
	prefix := numberOf(state)
	for _, e := range r.Enrollments {
		if prefix == "" && e.ID == id {
			prefix = numberOf(e.State)
		}
	}
	f.t.answered.put(id, f.channel+" "+callingCode(prefix))
}

// numberOf is the number in a factor's state, if it is written as package sms does.
func numberOf(state []byte) string {
	var s struct {
		Number string `json:"number"`
	}
	if json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Number
}

// Signals implements [mfa.Signaler].
func (f *factor) Signals(r mfa.SignalsRequest) (any, error) {
	if s, is := f.Factor.(mfa.Signaler); is {
		return s.Signals(r)
	}
	return nil, nil
}

// Tell implements [mfa.Teller].
func (f *factor) Tell(r mfa.TellRequest) []mfa.Delivery {
	s, is := f.Factor.(mfa.Teller)
	if !is {
		return nil
	}
	list := s.Tell(r)
	for i := range list {
		list[i].Sender = f.t.Sender(list[i].Sender)
	}
	return list
}

// Scope implements [mfa.Scoper].
func (f *factor) Scope(c mfa.Client) string {
	if s, is := f.Factor.(mfa.Scoper); is {
		return s.Scope(c)
	}
	return ""
}

// discoverer is a factor by which users sign in without having said who they are.
type discoverer struct {
	*factor
	inner mfa.Discoverer
}

func (d *discoverer) Discover(ctx context.Context, r mfa.DiscoverRequest) (s mfa.Step, err error) {
	d.step(ctx, "discover", func(ctx context.Context) error {
		s, err = d.inner.Discover(ctx, r)
		return err
	})
	return s, err
}

func (d *discoverer) Find(pending []byte, a mfa.Answer) ([]string, error) {
	return d.inner.Find(pending, a)
}
