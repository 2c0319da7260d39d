package send_test

import (
	"errors"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/internal/testserver"
)

// What the gateway reports is shown: first that it has the message, then that
// the phone does.
func TestDeliveryIsShown(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	flow := kim.signIn()
	if o := optionOf(t, flow, "sms"); o.Sent || o.Delivery != mfa.DeliveryUnknown {
		t.Errorf("before anything was sent: %+v", o)
	}
	kim.mustAsk(flow, "sms")
	testserver.Until(t, "the delivery report", func() bool {
		return kim.view(flow, "sms").Delivery == mfa.DeliveryDelivered
	})
	if o := kim.view(flow, "sms"); !o.Sent {
		t.Errorf("delivered, and not sent: %+v", o)
	}
}

// A gateway that takes a message and gets rid of it nowhere: the person is not
// told that it arrived, may try again, and all arrives once it can.
func TestTakenAndNotPassedOn(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	s.kannel.StopCentre()
	flow := kim.signIn()
	option := kim.mustAsk(flow, "sms")
	if o := kim.view(flow, "sms"); !o.Sent || o.Delivery == mfa.DeliveryDelivered {
		t.Errorf("while nothing is passed on: %+v", o)
	}
	s.clock.Advance(time.Minute)
	kim.mustAsk(flow, "sms")
	s.kannel.StartCentre()
	_, first := s.kannel.Await("+447400123456", 1, codeInText)
	_, second := s.kannel.Await("+447400123456", 2, codeInText)
	accepted := 0 // what waited may come in any order
	for _, code := range []string{first[1], second[1]} {
		switch _, err := s.Verify(t.Context(), flow.Token, mfa.Answer{Option: option, Code: code}, client()); {
		case err == nil:
			accepted++
		case !errors.Is(err, mfa.ErrNotValid) && !errors.Is(err, mfa.ErrFlowExpired):
			t.Error(err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d of the two codes were accepted, want 1", accepted)
	}
}

// failsToSend asks for a code by text and expects the reason why none goes out,
// the others' being open, and that the fault starts no pause.
func (p *person) failsToSend(flow mfa.Flow, reason string, retry bool) {
	p.t.Helper()
	for range 2 {
		_, _, err := p.ask(flow, "sms")
		failed := (*mfa.DeliveryError)(nil)
		if !errors.As(err, &failed) || failed.Reason != reason || failed.Retry != retry {
			p.t.Errorf("the code by text: %#v, want %s, retry %v", err, reason, retry)
		}
	}
	if e := p.told.event(p.t, mfa.EventChallengeUnsent); e.Reason != reason || e.Method != "sms" {
		p.t.Errorf("the event: %+v", e)
	}
	option := p.mustAsk(flow, "email")
	p.passes(flow, option, find(p.t, codeInMail, p.letter("kim", 1, codeSubject).Text))
}

func TestWrongPasswordOfTheGateway(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true, parts: func(p *parts) { p.Password, p.Implicit = "a wrong one", true }})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	kim.failsToSend(kim.signIn(), mfa.SendUnauthorized, true)
	s.kannel.WantSent(0)
}

func TestGatewayIsDown(t *testing.T) {
	s := newSite(t, want{kannel: true, smtp: true, parts: func(p *parts) { p.Implicit = true }})
	kim := s.person("kim")
	kim.importNumber("+447400123456")
	s.kannel.Stop()
	flow := kim.signIn()
	kim.failsToSend(flow, mfa.SendUnreachable, true)

	s.kannel.Start()
	flow = kim.signIn()
	option := kim.mustAsk(flow, "sms")
	_, code := s.kannel.Await("+447400123456", 1, codeInText)
	kim.passes(flow, option, code[1])
	s.kannel.WantSent(1)
}
