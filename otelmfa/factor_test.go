package otelmfa_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// A plainFactor has nothing that is optional.
type plainFactor struct{ delivery *mfa.Delivery }

func (plainFactor) Method() mfa.Method { return mfa.Method{Name: "plain", Kind: mfa.Have} }
func (f plainFactor) Enroll(context.Context, mfa.EnrollRequest) (mfa.Step, error) {
	return mfa.Step{Delivery: f.delivery}, nil
}
func (f plainFactor) Challenge(context.Context, mfa.ChallengeRequest) (mfa.Step, error) {
	return mfa.Step{Delivery: f.delivery}, nil
}
func (plainFactor) Verify(context.Context, mfa.VerifyRequest) (mfa.Verified, error) {
	return mfa.Verified{}, mfa.ErrNotValid
}

// A fullFactor has all of it.
type fullFactor struct{ plainFactor }

func (fullFactor) Discover(context.Context, mfa.DiscoverRequest) (mfa.Step, error) {
	return mfa.Step{Hint: "discovered"}, nil
}
func (fullFactor) Find([]byte, mfa.Answer) ([]string, error) { return []string{"found"}, nil }
func (fullFactor) Signals(mfa.SignalsRequest) (any, error)   { return "signals", nil }
func (fullFactor) Scope(mfa.Client) string                   { return "scope" }
func (f fullFactor) Tell(r mfa.TellRequest) []mfa.Delivery   { return []mfa.Delivery{*f.delivery} }
func (fullFactor) Watching(time.Time) bool                   { return true }
func (fullFactor) Describe(history []byte) (any, error)      { return string(history), nil }

func TestMeasuredFactorCanDoWhatItCould(t *testing.T) {
	b := measured(t)
	sent := &mfa.Delivery{Sender: b.inbox, Message: mfa.Message{Channel: mfa.ChannelSMS, To: "+4791234567"}}
	config := b.telemetry.Instrument(mfa.Config{Factors: []mfa.Factor{plainFactor{sent}, fullFactor{plainFactor{sent}}, nil}})
	plain, full := config.Factors[0], config.Factors[1]
	if config.Factors[2] != nil {
		t.Error("nil is a factor: mfa.New would not name it")
	}
	if _, is := plain.(mfa.Discoverer); is {
		t.Error("a factor became a Discoverer")
	}
	if v, err := plain.(mfa.Signaler).Signals(mfa.SignalsRequest{}); v != nil || err != nil {
		t.Error(v, err)
	}
	if list, scope := plain.(mfa.Teller).Tell(mfa.TellRequest{}), plain.(mfa.Scoper).Scope(mfa.Client{}); list != nil || scope != "" {
		t.Error(list, scope)
	}
	d := full.(mfa.Discoverer)
	if s, err := d.Discover(t.Context(), mfa.DiscoverRequest{}); s.Hint != "discovered" || err != nil {
		t.Error(s, err)
	}
	if found, err := d.Find(nil, mfa.Answer{}); !reflect.DeepEqual(found, []string{"found"}) || err != nil {
		t.Error(found, err)
	}
	if v, err := full.(mfa.Signaler).Signals(mfa.SignalsRequest{}); v != "signals" || err != nil {
		t.Error(v, err)
	}
	if scope := full.(mfa.Scoper).Scope(mfa.Client{}); scope != "scope" {
		t.Error(scope)
	}
	for _, s := range []mfa.Step{
		must[mfa.Step](t)(plain.Enroll(t.Context(), mfa.EnrollRequest{})), must[mfa.Step](t)(full.Challenge(t.Context(), mfa.ChallengeRequest{})),
		{Delivery: &full.(mfa.Teller).Tell(mfa.TellRequest{})[0]},
	} {
		must[string](t)(s.Delivery.Sender.Send(t.Context(), s.Delivery.Message))
	}
	if sent.Sender != mfa.Sender(b.inbox) {
		t.Error("the factor's own delivery was changed")
	}
	if again := b.telemetry.Sender(b.telemetry.Sender(b.inbox)); again != b.telemetry.Sender(again) {
		t.Error("a sender is measured twice")
	}
	_, _ = full.Verify(t.Context(), mfa.VerifyRequest{})
	all := b.points(t)
	wantOnly(t, all, "mfa.message.sends", map[string]int64{"channel=sms outcome=ok prefix=+47": 3})
	wantOnly(t, all, "mfa.factor.duration", map[string]int64{
		"factor.step=enroll method=plain outcome=ok": 1, "factor.step=challenge method=plain outcome=ok": 1,
		"factor.step=discover method=plain outcome=ok": 1, "factor.step=verify method=plain outcome=not_valid": 1,
	})
}

func TestMeasuredScorerCanDoWhatItCould(t *testing.T) {
	type optional interface {
		Watching(time.Time) bool
		Describe([]byte) (any, error)
	}
	b := measured(t)
	plain := b.telemetry.Instrument(mfa.Config{Risk: scored{}}).Risk.(optional)
	if v, err := plain.Describe([]byte("h")); plain.Watching(time.Time{}) || v != nil || err != nil {
		t.Error(v, err)
	}
	full := b.telemetry.Instrument(mfa.Config{Risk: struct {
		scored
		fullFactor
	}{}}).Risk.(optional)
	if v, err := full.Describe([]byte("h")); !full.Watching(time.Time{}) || v != "h" || err != nil {
		t.Error(v, err)
	}
	if b.telemetry.Instrument(mfa.Config{}).Risk != nil {
		t.Error("no scorer became one")
	}
}

// Whoever has put it among the observers already has it there once.
func TestInstrumentObservesOnce(t *testing.T) {
	b := measured(t)
	given := mfa.Config{Observers: []mfa.Observer{b.telemetry}}
	if got := b.telemetry.Instrument(given).Observers; len(got) != 1 || got[0] != mfa.Observer(b.telemetry) || len(given.Observers) != 1 {
		t.Errorf("%v", got)
	}
}
