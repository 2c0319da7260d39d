package mfa_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mfakit/mfa"
)

// told says what the carrier of the nth message says of it.
func (w *textWorld) told(n int, s mfa.DeliveryState) error {
	return w.Reported(bg, mfa.Report{Token: w.tower.all()[n].Report, State: s})
}

// What a carrier says of a message is shown, until it is final.
func TestDeliveryReportsAreShown(t *testing.T) {
	for name, states := range map[string][][2]mfa.DeliveryState{ // what is said, what is shown
		"delivered": {{mfa.DeliveryOnItsWay, mfa.DeliveryOnItsWay}, {mfa.DeliveryOnItsWay, mfa.DeliveryOnItsWay}, {mfa.DeliveryDelivered, mfa.DeliveryDelivered},
			{mfa.DeliveryOnItsWay, mfa.DeliveryDelivered}, {mfa.DeliveryFailed, mfa.DeliveryDelivered}},
		"failed": {{mfa.DeliveryFailed, mfa.DeliveryFailed}, {mfa.DeliveryOnItsWay, mfa.DeliveryFailed},
			{mfa.DeliveryDelivered, mfa.DeliveryDelivered}}, // another carrier took over from the one that failed
	} {
		t.Run(name, func(t *testing.T) {
			w := newTextWorld(t, nil)
			u := person("u")
			id := w.withNumber(u, fresh())
			f := w.signIn(u, mfa.Client{})
			if o := w.shown(f); o.Sent || o.Delivery != mfa.DeliveryUnknown {
				t.Errorf("before: %+v", o)
			}
			is(t, second(w.ask(f)), nil)
			for _, s := range states {
				is(t, w.process().Reported(bg, mfa.Report{Token: w.tower.all()[0].Report, State: s[0]}), nil)
				if o := w.shown(f); !o.Sent || o.Delivery != s[1] {
					t.Errorf("said %q: shown %v %q", s[0], o.Sent, o.Delivery)
				}
			}
			out, err := w.verify(f, id, w.tower.code(), mfa.Client{}) // whatever its carrier says
			w.want(out, err, mfa.StatusPassed)
		})
	}
}

// A report about what is over changes nothing, and is no error.
func TestReportsOfWhatIsOver(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	id := w.withNumber(u, fresh())
	f, g := w.signIn(u, mfa.Client{}), w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	w.clock.Advance(time.Minute)
	is(t, second(w.ask(f)), nil)
	same := func(what string, n int, s mfa.DeliveryState) {
		t.Helper()
		was := value(t, w.store, "u").Version
		is(t, w.told(n, s), nil)
		if value(t, w.store, "u").Version != was {
			t.Errorf("%s: something was saved", what)
		}
	}
	same("replaced", 0, mfa.DeliveryDelivered)
	if o := w.shown(f); o.Delivery != mfa.DeliveryUnknown {
		t.Errorf("%+v", o)
	}
	is(t, w.told(1, mfa.DeliveryOnItsWay), nil)
	if o := w.shown(g); o.Sent || o.Delivery != mfa.DeliveryUnknown {
		t.Errorf("of another flow: %+v", o)
	}
	out, err := w.verify(f, id, w.tower.code(), mfa.Client{})
	w.want(out, err, mfa.StatusPassed)
	same("answered", 1, mfa.DeliveryDelivered)
	w.clock.Advance(2 * time.Minute)
	is(t, second(w.ask(g)), nil)
	w.clock.Advance(11 * time.Minute)
	same("expired", 2, mfa.DeliveryDelivered)
	c := w.password(person("v"))
	p, err := w.Enroll(bg, c, mfa.Enroll{Method: "sms", Params: mfa.EnrollParams{Phone: fresh()}})
	is(t, err, nil)
	is(t, w.told(3, mfa.DeliveryOnItsWay), nil)
	is(t, w.told(3, mfa.DeliveryFailed), nil)
	is(t, second(w.Activate(bg, c, p.ID, mfa.Answer{Code: w.tower.code()})), nil)
	is(t, w.told(3, mfa.DeliveryFailed), nil)
	is(t, w.Erase(bg, "u"), nil)
	same("erased", 1, mfa.DeliveryDelivered)
}

// What is no report of ours is refused, and touches nothing.
func TestReportsThatAreNone(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	w.withNumber(u, fresh())
	f := w.signIn(u, mfa.Client{})
	is(t, second(w.ask(f)), nil)
	m := w.tower.all()[0]
	was := value(t, w.store, "u").Version
	flip := func(s string, i int) string {
		c := "A"
		if s[i] == 'A' {
			c = "B"
		}
		return s[:i] + c + s[i+1:]
	}
	for what, token := range map[string]string{
		"empty": "", "no base64": "!!", "short": "AAAA", "16 bytes": strings.Repeat("A", 22), "long": strings.Repeat("A", 4096),
		"flow's token": f.Token, "edited nonce": flip(m.Report, 0), "edited": flip(m.Report, 40), "cut": m.Report[:len(m.Report)-4],
		"longer": m.Report + "AAAA", "padded": m.Report + "=", "message's id": m.ID,
	} {
		if err := w.Reported(bg, mfa.Report{Token: token, State: mfa.DeliveryDelivered}); !errors.Is(err, mfa.ErrNoFlow) {
			t.Errorf("%s: %v", what, err)
		}
	}
	is(t, w.told(0, mfa.DeliveryUnknown), nil) // a carrier that says nothing of use
	for _, s := range []mfa.DeliveryState{"lost", "DELIVERED", mfa.DeliveryState(strings.Repeat("x", 9000))} {
		is(t, w.told(0, s), mfa.ErrBadInput)
	}
	ring, _ := mfa.NewKeyRing()
	for what, option := range map[string]func(*mfa.Config){
		"another deployment": func(c *mfa.Config) { c.Deployment = "other" },
		"other keys":         func(c *mfa.Config) { c.Keys = ring },
	} {
		if err := w.process(option).Reported(bg, mfa.Report{Token: m.Report, State: mfa.DeliveryDelivered}); !errors.Is(err, mfa.ErrNoFlow) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := w.Flow(bg, m.Report) // nor is it a flow's token
	is(t, err, mfa.ErrNoFlow)
	if value(t, w.store, "u").Version != was {
		t.Error("something was saved")
	}
}

// Reports that come all at once, and beside the answer, cost the person nothing.
func TestReportsAtOnce(t *testing.T) {
	w := newTextWorld(t, nil, silent)
	u := person("u")
	id := w.withNumber(u, fresh())
	for round := range 5 {
		f := w.signIn(u, mfa.Client{})
		is(t, second(w.ask(f)), nil)
		two := []*textWorld{w, w.process()}
		errs := parallel(40, func(i int) error {
			if i == 20 {
				return second(two[1].verify(f, id, w.tower.code(), mfa.Client{}))
			}
			s := []mfa.DeliveryState{mfa.DeliveryOnItsWay, mfa.DeliveryDelivered, mfa.DeliveryFailed}[i%3]
			return two[i%2].told(round, s)
		})
		if n := tallyOf(errs, nil, mfa.ErrBusy); n[0] < 30 || n[2] != 0 || errs[20] != nil {
			t.Errorf("%v, the answer %v", n, errs[20])
		}
		w.clock.Advance(time.Hour)
	}
}
