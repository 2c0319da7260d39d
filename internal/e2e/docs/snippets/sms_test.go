package snippets

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/mfakit/mfa"
	"github.com/mfakit/mfa/mfatest"
	"github.com/mfakit/mfa/sms"
)

func TestSMSWithACarrier(t *testing.T) {
	texts, carrier, err := guarded("AC0123456789abcdef0123456789abcdef", "token", nil)
	if err != nil {
		t.Fatal(err)
	}
	engine := mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = append(c.Factors, texts) })
	if _, err := reported(engine.Engine, &site{}, carrier); err != nil {
		t.Error(err)
	}
}

// A pump has the numbers of a range sent texts, each by an account and a network of its
// own, and answers none.
type pump struct {
	*mfatest.Engine
	inbox *mfatest.Inbox
	n     int
}

func newPump(t *testing.T, limits sms.Limits) *pump {
	t.Helper()
	p := &pump{inbox: &mfatest.Inbox{}}
	texts, err := sms.New(sms.Config{AppName: "Example", Countries: sms.Countries("NO"), Sender: p.inbox, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	p.Engine = mfatest.NewEngine(t, func(c *mfa.Config) { c.Factors = append(c.Factors, texts) })
	return p
}

// tries asks for so many texts to numbers that begin with some digits.
func (p *pump) tries(t *testing.T, prefix string, times int) {
	t.Helper()
	for range times {
		p.n++
		u := mfa.User{ID: fmt.Sprint("pump-", p.n)}
		c := mfa.Client{IP: netip.AddrFrom4([4]byte{100, byte(p.n >> 8), byte(p.n), 1})}
		flow, err := p.SignIn(t.Context(), mfa.SignIn{User: u, First: mfa.Password, Client: c})
		if err != nil {
			t.Fatal(err)
		}
		caller := mfa.Caller{User: u, Authentication: flow.Authentication, Client: c}
		_, _ = p.Enroll(t.Context(), caller, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fmt.Sprintf("+47%s%05d", prefix, p.n)}})
	}
}

func (p *pump) sent() int { return len(p.inbox.Messages()) }

// What the page says that strangers can cause.
func TestSMSCostsNoMoreThanThePageSays(t *testing.T) {
	t.Run("one prefix, an hour", func(t *testing.T) {
		p := newPump(t, sms.Limits{})
		p.tries(t, "412", 300)
		if n := p.sent(); n < 35 || n > 45 {
			t.Errorf("%d texts", n)
		}
	})
	t.Run("one prefix, a day", func(t *testing.T) {
		p := newPump(t, sms.Limits{})
		for range 24 {
			p.tries(t, "412", 60)
			p.Clock.Advance(time.Hour)
		}
		if n := p.sent(); n > 700 || n < 100 {
			t.Errorf("%d texts", n)
		}
	})
	t.Run("everywhere", func(t *testing.T) {
		p := newPump(t, sms.Limits{System: sms.Rate{Hour: 50, Day: 100}})
		for i := range 6 {
			p.tries(t, fmt.Sprint(410+i), 20)
			p.Clock.Advance(time.Hour)
		}
		if n := p.sent(); n > 70 || n < 60 {
			t.Errorf("%d texts, where strangers have 70 %% of 100", n)
		}
	})
}
